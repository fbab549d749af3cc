"""Placeholders that are made, not given: for expressions that are translated from something else."""

import attrs

from trinamo.expressions.syntax import Path, Value
from trinamo.model.values import AttributeValue, Item


@attrs.define
class Placeholders:
    """Names and values in order, as `#0`, `#1`, … and `:0`, `:1`, …; so that equal forms give equal texts."""

    names: dict[str, str] = attrs.field(factory=dict)
    values: Item = attrs.field(factory=dict)

    def path(self, name: str) -> Path:
        """Return the path to a top-level attribute, whatever its name."""
        placeholder = f"#{len(self.names)}"
        self.names[placeholder] = name
        return Path((placeholder,))

    def value(self, value: AttributeValue) -> Value:
        """Return what stands for a value."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return Value(placeholder)
