"""JSON text of answers: the tree goes to orjson as it is; only binary values need a word, and become base64."""

from binascii import b2a_base64
from typing import Any

import orjson


def dump_json(tree: object) -> bytes:
    """Return the JSON of a tree of JSON's types and bytes."""
    return orjson.dumps(tree, default=json_default)


def json_default(value: Any) -> str:
    """Return the base64 text of a binary value; orjson calls this for what JSON does not know."""
    if type(value) is bytes:
        return b2a_base64(value, newline=False).decode()
    raise TypeError(f"{type(value).__name__} has no JSON")
