"""Transports: how an operation gets to a service and its answer back. What to do about failures is decided above."""

import base64
from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson

BODY_SIZE_MAX: Final = 16 * 1024 * 1024  # DynamoDB: of a request


class Transport(Protocol):
    """A way to a service, shared by any number of tasks."""

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Perform an operation once: the API's JSON in and out; bytes among the parameters become base64 text.

        Raises an error of `trinamo.client.errors` for what the service refuses, `Unsent` and `Lost`.
        """


class Unsent(Exception):
    """The request has certainly not been performed: it was never taken."""


class Lost(Exception):
    """The request went out and no answer came back: it may have been performed."""


def dump(parameters: Mapping[str, Any]) -> bytes:
    """Return the JSON of a request. Raises `TypeError` for what JSON does not have."""
    return orjson.dumps(parameters, default=_plain)


def load(body: bytes) -> dict[str, Any]:
    """Return an answer. Raises `Lost` for what is none: something between here and the service is broken."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Lost(f"the answer is not JSON: {error}") from None
    if type(tree) is not dict:
        raise Lost("the answer is not an object")
    return tree


def _plain(value: object) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"the API has no {type(value).__name__}")
