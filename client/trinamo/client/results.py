"""What Query and Scan find: items one after the other, or page by page, with tokens to go on from another day.

A token is where each segment of a read stands: base64 of JSON, `[position, ...]` with one position for each segment:
null before its beginning, true behind its end, else the key of the last item that was read. It is good for the same read
of the same table only, and holds keys of items in readable form.

Invariants:

1. `Page.token` stands behind the last item of its page: neither an item of the page nor one before it comes again.
2. Between two pages nothing is held open: who stops in the middle need close nothing.
3. A round asks each unfinished segment for one page, at the same time.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Generic, Literal, TypeVar

import anyio
import attrs
import orjson

T = TypeVar("T")

Position = dict[str, Any] | Literal[True] | None
"""Where a segment stands: an item's key in DynamoDB's JSON, None before the first, True behind the last."""

SEGMENTS_MAX: Final = 1_000_000  # DynamoDB's TotalSegments


@attrs.frozen
class Portion:
    """One answer: items in DynamoDB's JSON, and where it ended."""

    items: list[dict[str, Any]]
    at: Position
    count: int
    scanned: int


@attrs.frozen
class Page(Generic[T]):
    """Some items, and where to go on.

    `scanned` counts what was looked at before the filter. `token` is None at the end of everything.
    """

    items: list[T]
    token: str | None
    count: int
    scanned: int


@attrs.frozen(kw_only=True)
class Reading(Generic[T]):
    """How to read: `fetch(position, segment, limit)` asks once, `make` turns an item of JSON into what users get.

    `exact` means that no more items are found than are looked at by `limit`: there is no filter. `key_of` returns the
    position behind an item; None where keys are not among what is asked for.
    """

    fetch: Callable[[dict[str, Any] | None, int, int | None], Awaitable[Portion]]
    make: Callable[[dict[str, Any]], T]
    segments: int = 1
    limit: int | None = None
    page_size: int | None = None
    exact: bool = True
    key_of: Callable[[dict[str, Any], Position], Awaitable[dict[str, Any]]] | None = None


class Results(Generic[T]):
    """What a query or a scan finds. Iterate over it, or over its `pages`; each iteration begins anew."""

    def __init__(self, reading: Reading[T], counting: Reading[Any], start: str | None) -> None:
        self._reading = reading
        self._counting = counting
        self._start = [None] * reading.segments if start is None else decode_token(start, reading.segments)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.pages())

    def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over pages, empty ones included."""
        return _Pages(self._reading, list(self._start))

    async def all(self) -> list[T]:
        """Return all items at once."""
        return [item async for item in self]

    async def first(self) -> T | None:
        """Return the first item, or None."""
        async for item in self:
            return item
        return None

    async def count(self) -> int:
        """Count what there is, without fetching it; a `limit` does not count here."""
        return sum([page.count async for page in _Pages(self._counting, list(self._start))])


class _Items(Generic[T]):
    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        self._pages = pages
        self._items: list[T] = []  # the next one last

    def __aiter__(self) -> "_Items[T]":
        return self

    async def __anext__(self) -> T:
        while not self._items:
            self._items = (await anext(self._pages)).items[::-1]
        return self._items.pop()


class _Pages(Generic[T]):
    def __init__(self, reading: Reading[T], at: list[Position]) -> None:
        self._reading = reading
        self._at = at
        self._left = reading.limit
        self._ended = reading.limit == 0

    def __aiter__(self) -> "_Pages[T]":
        return self

    async def __anext__(self) -> Page[T]:
        if self._ended or all(at is True for at in self._at):
            raise StopAsyncIteration
        portions = await self._round()
        items = [item for portion in portions for item in portion.items]
        if self._left is not None:
            self._left -= len(items)
            self._ended = self._left == 0
        done = all(at is True for at in self._at)
        return Page(
            [self._reading.make(item) for item in items],
            None if done else encode_token(self._at),
            sum(portion.count for portion in portions),
            sum(portion.scanned for portion in portions),
        )

    async def _round(self) -> list[Portion]:
        """Ask every unfinished segment once, all at the same time."""
        segments = [segment for segment, at in enumerate(self._at) if at is not True]
        if len(segments) == 1:
            return [await self._ask(segments[0])]
        portions: dict[int, Portion] = {}
        failures: list[Exception] = []

        async def ask(segment: int) -> None:
            try:
                portions[segment] = await self._ask(segment)
            except Exception as error:  # noqa: BLE001 - raised below: users expect an error, not a group of them
                failures.append(error)
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for segment in segments:
                tasks.start_soon(ask, segment)
        if failures:
            raise failures[0]
        return [portions[segment] for segment in segments]

    async def _ask(self, segment: int) -> Portion:
        reading, at = self._reading, self._at[segment]
        assert at is not True
        limit = reading.page_size
        if self._left is not None and (reading.exact or reading.key_of is None):
            limit = min(self._left, limit or self._left)  # no more is found than is looked at
        portion = await reading.fetch(at, segment, limit)
        if self._left is not None and len(portion.items) > self._left:
            assert reading.key_of is not None
            kept = portion.items[: self._left]
            behind = await reading.key_of(kept[-1], portion.at)
            portion = attrs.evolve(portion, items=kept, count=len(kept), at=behind)
        self._at[segment] = portion.at
        return portion


def encode_token(at: list[Position]) -> str:
    """Return a token that stands for these positions."""
    return base64.urlsafe_b64encode(orjson.dumps(at)).decode()


def decode_token(token: str, segments: int) -> list[Position]:
    """Return the positions of a token. Raises `ValueError` for what is none, or one of another number of segments."""
    try:
        at = orjson.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        raise ValueError("that is no token of a page") from None
    if type(at) is not list or not all(one is None or one is True or type(one) is dict for one in at):
        raise ValueError("that is no token of a page")
    if len(at) != segments:
        raise ValueError(f"the token is of a read in {len(at)} segments, not in {segments}")
    return at
