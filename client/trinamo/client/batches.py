"""Any number of gets or writes as BatchGetItem and BatchWriteItem take them, until nothing is left unprocessed.

Invariants:

1. What the service left unprocessed goes first into the next request, after a pause that grows while nothing is done.
2. Requests follow one another: a table that cannot keep up is not pressed from several sides.
3. Whoever gets `Unprocessed` knows what has certainly not been done; all else has.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from trinamo.client.errors import Throttled, Unprocessed

if TYPE_CHECKING:
    from trinamo.client.client import Client

GETS_MAX: Final = 100  # DynamoDB: keys of one BatchGetItem
WRITES_MAX: Final = 25  # and writes of one BatchWriteItem


async def get_all(
    client: "Client", table: str, keys: Sequence[dict[str, Any]], how: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the items of all keys. `how` is what else is said of the table. Raises `Unprocessed`."""
    found: list[dict[str, Any]] = []
    waiting = list(keys)
    tries = 0
    while waiting:
        asked, waiting = waiting[:GETS_MAX], waiting[GETS_MAX:]
        request = {"RequestItems": {table: {**how, "Keys": asked}}}
        try:
            answer = await client.call("BatchGetItem", request)
        except Throttled as error:  # how the service says that it took none
            raise Unprocessed(table, asked + waiting) from error
        for items in answer["Responses"].values():
            found += items
        left = [key for part in answer["UnprocessedKeys"].values() for key in part["Keys"]]
        waiting = left + waiting
        tries = await _rest(client, table, left, len(asked), tries, waiting)
    return found


async def write_all(client: "Client", table: str, writes: Sequence[dict[str, Any]]) -> None:
    """Have all writes done. Raises `Unprocessed`."""
    waiting = list(writes)
    tries = 0
    while waiting:
        asked, waiting = waiting[:WRITES_MAX], waiting[WRITES_MAX:]
        try:
            answer = await client.call("BatchWriteItem", {"RequestItems": {table: asked}})
        except Throttled as error:
            raise Unprocessed(table, asked + waiting) from error
        left = [write for part in answer["UnprocessedItems"].values() for write in part]
        waiting = left + waiting
        tries = await _rest(client, table, left, len(asked), tries, waiting)


async def _rest(
    client: "Client",
    table: str,
    left: Sequence[dict[str, Any]],
    asked: int,
    tries: int,
    waiting: Sequence[dict[str, Any]],
) -> int:
    """Pause if something was left; return how often in a row nothing was done."""
    if not left:
        return 0
    # Half a batch that is done is progress, and still a sign to be slower.
    tries = tries + 1 if len(left) == asked else 1
    environment = client.environment
    pause = client.retries.pause(tries, environment.dice)
    if pause is None:
        raise Unprocessed(table, waiting)
    await environment.sleep(pause)
    return tries
