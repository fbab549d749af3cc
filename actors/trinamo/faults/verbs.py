"""The verbs, and which fields each takes.

Four kinds. A *request* fault lasts, and happens to requests that it selects. An *index* fault lasts, and lies between
tables and their global indexes. A *network* fault lasts, and lies between nodes. An *act* happens once, at once.
Faults that last end by themselves after `seconds`, if that is given.
"""

import enum
from collections.abc import Mapping
from typing import Any, Final

import attrs

from trinamo.faults.fields import BadFault, check_field


class Kind(enum.Enum):
    """How a fault happens."""

    REQUEST = "request"
    INDEX = "index"
    NETWORK = "network"
    ACT = "act"


@attrs.frozen
class Verb:
    """What one verb takes. `one_of`: exactly one of these must be given; `needs`: all of these."""

    name: str
    kind: Kind
    fields: tuple[str, ...]
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


_REQUESTS: Final = ("table", "index", "operation", "key")
_OFTEN: Final = ("probability", "seed", "count")
_LINKS: Final = ("node", "from", "to")
NETWORK_DELAY: Final = "delay of frames"

_EVERY: Final = (
    Verb("throttle", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds", "error", "reason")),
    Verb("fail_before", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds", "error")),
    Verb("fail_after", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds", "error")),
    Verb("drop_reply", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds")),
    Verb("conflict", Kind.REQUEST, ("table", "operation", "key", *_OFTEN, "seconds")),
    Verb("unprocessed", Kind.REQUEST, ("table", "operation", "key", *_OFTEN, "seconds", "items")),
    Verb(
        "small_pages",
        Kind.REQUEST,
        ("table", "index", "operation", *_OFTEN, "seconds", "items", "bytes"),
        one_of=("items", "bytes"),
    ),
    Verb("stale_reads", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds", "lag_ms"), needs=("lag_ms",)),
    Verb("index_lag", Kind.INDEX, ("table", "index", "seconds", "lag_ms"), needs=("lag_ms",)),
    Verb("delay", Kind.REQUEST, (*_REQUESTS, *_OFTEN, "seconds", "ms"), needs=("ms",)),
    Verb(NETWORK_DELAY, Kind.NETWORK, (*_LINKS, *_OFTEN, "seconds", "ms"), needs=("ms",)),
    Verb("drop", Kind.NETWORK, (*_LINKS, *_OFTEN, "seconds")),
    Verb("partition", Kind.NETWORK, ("groups", "seconds"), needs=("groups",)),
    Verb("isolate", Kind.NETWORK, ("node", "seconds"), needs=("node",)),
    Verb("pause", Kind.NETWORK, ("node", "seconds"), needs=("node",)),
    Verb("crash", Kind.ACT, ("node",), needs=("node",)),
    Verb("restart", Kind.ACT, ("node",), needs=("node",)),
    Verb("repair", Kind.ACT, ()),
    Verb("transfer", Kind.ACT, ("table", "key", "to"), needs=("table", "to")),
)
VERBS: Final[Mapping[str, Verb]] = {verb.name: verb for verb in _EVERY}
KNOWN: Final = tuple(name for name in VERBS if name != NETWORK_DELAY)


def read_verb(body: Mapping[str, Any]) -> tuple[Verb, dict[str, Any]]:
    """Return the verb of a request for a fault, and its fields. Raises `BadFault`."""
    name = body.get("verb")
    if name == NETWORK_DELAY:
        name = "delay"
    if not isinstance(name, str) or name not in KNOWN:
        raise BadFault(f"unknown verb {name!r}; known are {', '.join(KNOWN)}")
    fields = {field: value for field, value in body.items() if field != "verb" and value is not None}
    verb = VERBS[name]
    if body["verb"] == NETWORK_DELAY or (name == "delay" and any(field in fields for field in _LINKS)):
        verb = VERBS[NETWORK_DELAY]
    for field, value in fields.items():
        if field not in verb.fields:
            taken = ", ".join(verb.fields) or "nothing"
            raise BadFault(f"{name} takes {taken}, not {field!r}")
        check_field(name, field, value)
    for field in verb.needs:
        if field not in fields:
            raise BadFault(f"{name} needs {field}")
    if verb.one_of and sum(field in fields for field in verb.one_of) != 1:
        raise BadFault(f"{name} needs {' or '.join(verb.one_of)}")
    if "seed" in fields and "probability" not in fields:
        raise BadFault(f"seed of {name} is for a probability")
    return verb, fields
