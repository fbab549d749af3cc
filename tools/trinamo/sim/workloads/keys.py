"""The keys that clients use, which are replaced when too little is known of them, or too much done to them."""

from typing import Final

import attrs

UNKNOWN_MAX: Final = 3


@attrs.define(eq=False)
class Keys:
    """A few names in use. One with `UNKNOWN_MAX` writes of unknown outcome is retired."""

    _prefix: str
    _count: int
    used: list[str] = attrs.field(init=False)
    """Those in use."""
    ever: list[str] = attrs.field(init=False)
    """All that were in use at some time."""
    _unknown: dict[str, int] = attrs.field(init=False, factory=dict)
    _retired: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.used = [f"{self._prefix}{number}" for number in range(self._count)]
        self.ever = list(self.used)

    def doubt(self, key: str) -> None:
        """Count a write of unknown outcome."""
        count = self._unknown[key] = self._unknown.get(key, 0) + 1
        if count >= UNKNOWN_MAX:
            self.retire(key)

    def retire(self, key: str) -> None:
        """Have another in its place."""
        if key in self.used:
            self._retired += 1
            name = f"{key.partition('.')[0]}.{self._retired}"
            self.used[self.used.index(key)] = name
            self.ever.append(name)
