"""Calls: how a program asks a service over one stream of frames, many at once, each answered when it is done.

    caller                                   service
    Hello(version, key, region, token)   →
                                         ←   Challenge(nonce)          where keys are checked
    Proof(digest)                        →
                                         ←   Welcome(version)
    Call(1, operation, body)             →
    Call(2, operation, body)             →
                                         ←   Answer(2, body)
                                         ←   Refusal(1, status, body)
                                         ←   Farewell(reason)          and the stream ends

The payload of a frame is a CBOR array of messages: whatever waits is sent as one frame. Bodies are bytes to which
nobody here gives a meaning.

1. No two unanswered calls of a stream have the same id. Answers come in the order in which they are ready.
2. A call that is unanswered at the `Farewell` was not taken. One that is unanswered when the stream ends without it may
   or may not have been performed. `Lost` says that of one call.
3. What is not exactly this is a `WireError`: who receives it says `Farewell` if it can, and ends the stream.
"""

import hmac
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs
import cbor2

from trinamo.base import WireError
from trinamo.wire.frame import FRAME_SIZE_MAX, FrameDecoder, encode_frame
from trinamo.wire.message import Message, from_wire, to_wire

CALLS_VERSION: Final = 1
GREETING_SIZE_MAX: Final = 8_192
"""Of a frame before the welcome: a stranger gets no more of our memory. Session tokens have some 1,000 characters."""
FRAME_SIZE: Final = 262_144
"""A frame is ended when it holds this much, so that a long answer does not keep short ones waiting."""


@attrs.frozen
class Hello(Message):
    """Who calls. `region` and `key` are whose tables are meant; an empty region is the service's own."""

    WIRE = "call.hello"
    version: int
    key: str
    region: str
    token: str | None = None


@attrs.frozen
class Challenge(Message):
    """Show that you know the secret of your key, by `proof`."""

    WIRE = "call.challenge"
    nonce: bytes


@attrs.frozen
class Proof(Message):
    """The answer to a challenge."""

    WIRE = "call.proof"
    digest: bytes


@attrs.frozen
class Welcome(Message):
    """Calls may come."""

    WIRE = "call.welcome"
    version: int


@attrs.frozen
class Call(Message):
    """A request."""

    WIRE = "call.call"
    id: int
    operation: str
    body: bytes


@attrs.frozen
class Answer(Message):
    """It was done."""

    WIRE = "call.answer"
    id: int
    body: bytes


@attrs.frozen
class Refusal(Message):
    """It was not done, or (status 500) nobody knows whether it was."""

    WIRE = "call.refusal"
    id: int
    status: int
    body: bytes


@attrs.frozen
class Lost(Message):
    """No answer will come, and nobody says whether it was done."""

    WIRE = "call.lost"
    id: int


@attrs.frozen
class Farewell(Message):
    """The last message of a service, with a reason for a person."""

    WIRE = "call.farewell"
    reason: str


_OWN: Final = frozenset({Hello, Challenge, Proof, Welcome, Call, Answer, Refusal, Lost, Farewell})


def proof(secret: str, hello: Hello, nonce: bytes) -> bytes:
    """Return the digest that shows knowledge of `secret`, good for this greeting and this nonce only."""
    return hmac.digest(secret.encode(), b"trinamo call " + cbor2.dumps([nonce, *to_wire(hello)]), "sha256")


def encode_messages(messages: Iterable[Message]) -> bytes:
    """Return the frames that carry `messages`, in order. Raises `WireError` for one that fits no frame."""
    return b"".join([encode_frame(cbor2.dumps(batch)) for batch in _batches(messages)])


def _batches(messages: Iterable[Message]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for message in messages:
        batch.append(to_wire(message))
        if type(message) is Answer or type(message) is Call or type(message) is Refusal:
            size += len(message.body)
        if size > FRAME_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class MessageReader:
    """Cuts a stream into messages: `feed` bytes as they come, get back the messages now complete.

    `size_max` bounds the payload of the frames to come.
    """

    __slots__ = ("_frames",)

    def __init__(self, size_max: int = FRAME_SIZE_MAX) -> None:
        self._frames = FrameDecoder(size_max)

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._frames.pending > 0

    def admit(self, size_max: int) -> None:
        """Let frames from now on have so many bytes."""
        self._frames.size_max = size_max

    def feed(self, data: bytes) -> list[Message]:
        """Add `data`; return every message that is now complete, in order. Raises `WireError`."""
        messages: list[Message] = []
        for payload in self._frames.feed(data):
            messages += _messages(payload)
        return messages


def _messages(payload: bytes) -> list[Message]:
    try:
        trees = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError, RecursionError) as error:
        raise WireError(f"payload is not CBOR: {error}") from None
    if type(trees) is not list:
        raise WireError("payload is not an array of messages")
    messages = [from_wire(tree) for tree in trees]
    for message in messages:
        if type(message) not in _OWN:
            raise WireError(f"{type(message).__name__} has no place in calls")
    return messages
