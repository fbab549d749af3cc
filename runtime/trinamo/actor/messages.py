"""What actors say to each other, beside what they say about their own affairs."""

from typing import Generic, TypeVar

from trinamo.wire import Message

R = TypeVar("R", bound=Message)


class Request(Message, Generic[R]):
    """A message that wants an answer of type R."""

    __slots__ = ()
