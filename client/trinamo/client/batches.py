"""Any number of gets or writes as BatchGetItem and BatchWriteItem take them, until nothing is left unprocessed.

Invariants:

1. What the service left unprocessed is asked for again before anything that comes behind it, after a pause that grows
   while nothing is done. So of two puts of one key in different requests the later one stays.
2. Requests follow one another: a table that cannot keep up is not pressed from several sides.
3. Whoever gets `Unprocessed` knows what has certainly not been done; all else has.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trinamo.client.errors import Throttled, Unprocessed

if TYPE_CHECKING:
    from trinamo.client.client import Client

_Ask = Callable[[Sequence[dict[str, Any]]], Awaitable[list[dict[str, Any]]]]

GETS_MAX: Final = 100  # DynamoDB: keys of one BatchGetItem
WRITES_MAX: Final = 25  # and writes of one BatchWriteItem


async def get_all(
    client: "Client", table: str, keys: Sequence[dict[str, Any]], how: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the items of all keys. `how` is what else is said of the table. Raises `Unprocessed`."""
    found: list[dict[str, Any]] = []

    async def ask(some: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        request = {"RequestItems": {table: {**how, "Keys": some}}}
        answer = await client.call("BatchGetItem", request)
        for items in answer.get("Responses", {}).values():
            found.extend(items)
        return [key for part in answer.get("UnprocessedKeys", {}).values() for key in part["Keys"]]

    await _ask_for_all(client, table, keys, GETS_MAX, ask)
    return found


async def write_all(client: "Client", table: str, writes: Sequence[dict[str, Any]]) -> None:
    """Have all writes done. Raises `Unprocessed`."""

    async def ask(some: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = await client.call("BatchWriteItem", {"RequestItems": {table: some}})
        return [write for part in answer.get("UnprocessedItems", {}).values() for write in part]

    await _ask_for_all(client, table, writes, WRITES_MAX, ask)


async def _ask_for_all(
    client: "Client", table: str, wanted: Sequence[dict[str, Any]], count_max: int, ask: _Ask
) -> None:
    """Ask for all that is wanted, some at a time; `ask` returns what is left of those. Raises `Unprocessed`."""
    for start in range(0, len(wanted), count_max):
        some = wanted[start : start + count_max]
        behind = wanted[start + count_max :]
        tries = 0
        while some:
            try:
                left = await ask(some)
            except Throttled as error:  # how the service says that it took none
                raise Unprocessed(table, [*some, *behind]) from error
            if left:
                # Half a batch that is done is progress, and still a sign to be slower.
                tries = tries + 1 if len(left) == len(some) else 1
                pause = client.retries.pause(tries, client.environment.dice)
                if pause is None:
                    raise Unprocessed(table, [*left, *behind])
                await client.environment.sleep(pause)
            some = left
