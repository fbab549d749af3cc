"""Initial tables and items: what `--init` makes before the cluster says that it is ready.

A file is JSON, of one of two forms; a directory stands for its `*.json`, in the order of their names:

    {"TableName": …, …}                                    one CreateTable request
    {"tables": [CREATE TABLE REQUEST, …],                  any number of them, and items in DynamoDB's JSON
     "items": {"TABLE": [{"name": {"S": "value"}}, …]}}

A CreateTable request may also have a TimeToLiveSpecification, which is UpdateTimeToLive's and is set by that.

1. All files are read before anything is made, and items are for tables that one of the files describes.
2. A table that is there already, in a data directory, is left as it is and gets no items: what a user has changed since
   the first start is not changed back. So a start that was killed while it put items leaves them incomplete.
3. Everything goes through the same operations as a user's requests, and is refused in the same words.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from trinamo.gateway.http.protocol import DEFAULT_ACCOUNT, DYNAMODB, ApiRequest
from trinamo.model.errors import ApiError
from trinamo.model.limits import BATCH_WRITES_MAX
from trinamo.world import Clock

Perform = Callable[[ApiRequest], Awaitable[bytes | ApiError]]
"""Performs a request: `trinamo.node.cluster.Cluster.handle`."""

TABLE_WAIT_S: Final = 30.0  # for a table to be ACTIVE, and for items that were not processed; tables take ms
POLL_INTERVAL_S: Final = 0.02

_EXISTS: Final = "ResourceInUseException"
_TIME_TO_LIVE: Final = "TimeToLiveSpecification"


@attrs.frozen
class InitialTable:
    """A table to be made, the items that it begins with, and the file that says so."""

    source: Path
    name: str
    creation: dict[str, Any]
    items: Sequence[dict[str, Any]]
    time_to_live: Any = None


def read_initial(path: Path) -> list[InitialTable]:
    """Return what a file or a directory of files describes. Raises `ValueError` with one line, which names the file."""
    tables: dict[str, InitialTable] = {}
    items: dict[str, tuple[Path, list[Any]]] = {}
    for source in _sources(path):
        creations, more_items = _parts(source, _tree(source))
        for creation in creations:
            name = _table_name(source, creation)
            if name in tables:
                raise ValueError(f"{source}: table {name} is already in {tables[name].source}")
            time_to_live = creation.pop(_TIME_TO_LIVE, None)
            tables[name] = InitialTable(source, name, creation, (), time_to_live)
        for name, rows in more_items.items():
            items.setdefault(name, (source, []))[1].extend(_items(source, name, rows))
    for name, (source, found) in items.items():
        if name not in tables:
            raise ValueError(f"{source}: items for table {name}, which is not among the tables")
        tables[name] = attrs.evolve(tables[name], items=found)
    return list(tables.values())


# Reading.


def _sources(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.json"))
    if not found:
        raise ValueError(f"{path}: no .json file in this directory")
    return found


def _tree(source: Path) -> dict[str, Any]:
    try:
        tree = orjson.loads(source.read_bytes())
    except OSError as error:
        raise ValueError(f"{source}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{source}: not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise ValueError(f"{source}: not a JSON object")
    return tree


def _parts(source: Path, tree: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the table requests and the items by table of a file of either form."""
    if "TableName" in tree:
        return [tree], {}
    strangers = tree.keys() - {"tables", "items"}
    if strangers or not tree:
        what = f"{min(strangers)!r} is" if strangers else "an empty object is"
        raise ValueError(f'{source}: {what} neither a CreateTable request nor "tables" or "items"')
    tables, items = tree.get("tables", []), tree.get("items", {})
    if not isinstance(tables, list):
        raise ValueError(f'{source}: "tables" is not a list of CreateTable requests')
    if not isinstance(items, dict):
        raise ValueError(f'{source}: "items" is not an object of lists by table')
    return tables, items


def _table_name(source: Path, creation: Any) -> str:
    name = creation.get("TableName") if isinstance(creation, dict) else None
    if not isinstance(name, str):
        raise ValueError(f'{source}: a CreateTable request in "tables" has no TableName')
    return name


def _items(source: Path, name: str, rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{source}: the items of table {name} are not a list of objects")
    return rows


# Making.


@attrs.frozen(eq=False)
class Founder:
    """Makes initial tables, in the default account and in `region`."""

    perform: Perform
    clock: Clock
    region: str

    async def make(self, tables: Sequence[InitialTable]) -> None:
        """Make them all, and return when they serve their items. Raises `ValueError` with one line."""
        for table in tables:
            try:
                if await self._create(table):
                    await self._fill(table)
                    await self._set_time_to_live(table)
            except ApiError as error:
                reason = " ".join(str(error).split())
                raise ValueError(f"{table.source}: table {table.name}: {reason}") from error

    async def _create(self, table: InitialTable) -> bool:
        """Return whether the table was made now, and is ACTIVE."""
        try:
            await self._ask("CreateTable", table.creation)
        except ApiError as error:
            if error.code == _EXISTS:
                return False
            raise
        deadline = self.clock.monotonic() + TABLE_WAIT_S
        while not await self._is_active(table.name):
            await self._pause(deadline, f"{table.source}: table {table.name} does not become ACTIVE")
        return True

    async def _is_active(self, name: str) -> bool:
        described = await self._ask("DescribeTable", {"TableName": name})
        return bool(described["Table"]["TableStatus"] == "ACTIVE")

    async def _set_time_to_live(self, table: InitialTable) -> None:
        if table.time_to_live is not None:
            await self._ask("UpdateTimeToLive", {"TableName": table.name, _TIME_TO_LIVE: table.time_to_live})

    async def _fill(self, table: InitialTable) -> None:
        for writes in _batches(table.items):
            deadline = self.clock.monotonic() + TABLE_WAIT_S
            while writes := await self._write(table.name, writes):
                await self._pause(deadline, f"{table.source}: table {table.name} does not take its items")

    async def _write(self, name: str, writes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the writes that were not done."""
        answer = await self._ask("BatchWriteItem", {"RequestItems": {name: writes}})
        left: list[dict[str, Any]] = answer["UnprocessedItems"].get(name, [])
        return left

    async def _pause(self, deadline: float, failure: str) -> None:
        now = self.clock.monotonic()
        if now >= deadline:
            raise ValueError(failure)
        await self.clock.sleep_until(now + POLL_INTERVAL_S)

    async def _ask(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        request = ApiRequest(operation, DYNAMODB, parameters, DEFAULT_ACCOUNT, self.region)
        answer = await self.perform(request)
        if isinstance(answer, ApiError):
            raise answer
        tree: dict[str, Any] = orjson.loads(answer)
        return tree


def _batches(items: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(items), BATCH_WRITES_MAX):
        yield [{"PutRequest": {"Item": item}} for item in items[start : start + BATCH_WRITES_MAX]]
