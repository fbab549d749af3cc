"""The trace of a run: what happened, in order, as one hash.

Two runs of a seed are the same run exactly when their traces are. Whatever depends on hashing, addresses or
the machine's clock shows here as a difference.
"""

import hashlib
import zlib
from collections import deque
from typing import TextIO

LINES_KEPT = 200  # what one looks at after a failure


class Trace:
    """Events folded into a hash, the last of them kept as text."""

    def __init__(self, written: TextIO | None = None) -> None:
        """`written` takes all events, a line each; what counts for the hash alone stands there as its checksum."""
        self._written = written
        self._hash = hashlib.blake2b(digest_size=16)
        self.recent: deque[str] = deque(maxlen=LINES_KEPT)
        self.events = 0

    def __repr__(self) -> str:
        return f"<Trace {self.events} events {self.digest()}>"

    def note(self, event: str, content: bytes = b"") -> None:
        """Add an event; `content` counts for the hash alone."""
        self.events += 1
        self._hash.update(event.encode())
        self._hash.update(b"\x00")
        self._hash.update(len(content).to_bytes(4, "big"))
        self._hash.update(content)
        self.recent.append(event)
        if self._written is not None:
            checksum = f" #{zlib.crc32(content):08x}" if content else ""
            self._written.write(f"{event}{checksum}\n")

    def digest(self) -> str:
        """The hash of all events so far."""
        return self._hash.hexdigest()
