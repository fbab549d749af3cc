"""A table: items as Python has them, conditions and updates as expressions, and the table itself.

Items are mappings of names to str, bytes, bool, None, int, Decimal, list, dict, set and frozenset. `into=` makes objects of
a class of them (`trinamo.client.mapping`), and whatever is put may be such an object.

A condition is an expression of `Key` and `Attr`, or `Raw` text. All expressions of a request share their placeholders.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, overload

import attrs

from trinamo.client.batches import get_all, write_all
from trinamo.client.errors import ResourceNotFound
from trinamo.client.expressions import Change, Condition, Names
from trinamo.client.mapping import dump, load
from trinamo.client.results import SEGMENTS_MAX, Portion, Position, Reading, Results
from trinamo.client.streams import POLL_S, Stream
from trinamo.client.values import from_item, to_item

if TYPE_CHECKING:
    from trinamo.client.client import Client

T = TypeVar("T")
Item = dict[str, Any]
"""An item as Python has it."""

KeyType = Literal["S", "N", "B"]
Returning = Literal["new", "old", "updated_new", "updated_old"]
Projection = Literal["all", "keys"] | Sequence[str]
StreamView = Literal["new_and_old", "new", "old", "keys"]

_RETURN_VALUES: Final = {
    "new": "ALL_NEW",
    "old": "ALL_OLD",
    "updated_new": "UPDATED_NEW",
    "updated_old": "UPDATED_OLD",
}
_STREAM_VIEWS: Final = {
    "new_and_old": "NEW_AND_OLD_IMAGES",
    "new": "NEW_IMAGE",
    "old": "OLD_IMAGE",
    "keys": "KEYS_ONLY",
}
_POLL_S: Final = 0.02
_POLL_S_MAX: Final = 2.0


@attrs.frozen
class Index:
    """A secondary index of a table to be created. `key` names one or two attributes with their types.

    It is global unless `local`; a local one shares its table's first key.
    """

    name: str
    key: Mapping[str, KeyType]
    projection: Projection = "all"
    local: bool = False


class Table:
    """One table of a client, whether or not it exists."""

    def __init__(self, client: "Client", name: str, *, floats: bool = False) -> None:
        self.client = client
        self.name = name
        self._floats = floats
        self._key_names: dict[str | None, list[str]] = {}

    def __repr__(self) -> str:
        return f"<Table {self.name}>"

    # -- one item ---------------------------------------------------------------------------------------------

    @overload
    async def get(
        self, key: Mapping[str, Any], *, consistent: bool = ..., attributes: Sequence[str] | None = ...
    ) -> Item | None: ...

    @overload
    async def get(
        self,
        key: Mapping[str, Any],
        *,
        consistent: bool = ...,
        attributes: Sequence[str] | None = ...,
        into: type[T],
    ) -> T | None: ...

    async def get(
        self,
        key: Mapping[str, Any],
        *,
        consistent: bool = False,
        attributes: Sequence[str] | None = None,
        into: type[Any] | None = None,
    ) -> Any:
        """Return the item of a key, or None. `attributes` are paths: what else there is, is left out."""
        request = self._request(key=key, consistent=consistent, attributes=attributes)
        answer = await self.client.call("GetItem", request)
        return self._maker(into)(answer["Item"]) if "Item" in answer else None

    async def put(
        self, item: Any, *, condition: Condition | str | None = None, returning: Literal["old"] | None = None
    ) -> Item | None:
        """Put an item, in place of the one that is there. Returns that one, if `returning="old"`."""
        request = self._request(condition=condition, returning=returning)
        request["Item"] = self._item(item)
        return self._attributes(await self.client.call("PutItem", request))

    async def update(
        self,
        key: Mapping[str, Any],
        *changes: Change | str,
        condition: Condition | str | None = None,
        returning: Returning | None = "new",
    ) -> Item:
        """Change an item, which need not exist. Returns it as it is then, or what else `returning` asks for.

        What is not there, or was not asked for, is an empty item.
        """
        request = self._request(key=key, condition=condition, returning=returning, changes=changes)
        return self._attributes(await self.client.call("UpdateItem", request)) or {}

    async def delete(
        self,
        key: Mapping[str, Any],
        *,
        condition: Condition | str | None = None,
        returning: Literal["old"] | None = None,
    ) -> Item | None:
        """Delete an item, if it is there. Returns it, if `returning="old"`."""
        request = self._request(key=key, condition=condition, returning=returning)
        return self._attributes(await self.client.call("DeleteItem", request))

    # -- many items -------------------------------------------------------------------------------------------

    @overload
    def query(
        self,
        key: Condition | str,
        *,
        filter: Condition | str | None = ...,
        index: str | None = ...,
        attributes: Sequence[str] | None = ...,
        descending: bool = ...,
        consistent: bool = ...,
        limit: int | None = ...,
        page_size: int | None = ...,
        start: str | None = ...,
    ) -> Results[Item]: ...

    @overload
    def query(
        self,
        key: Condition | str,
        *,
        filter: Condition | str | None = ...,
        index: str | None = ...,
        attributes: Sequence[str] | None = ...,
        descending: bool = ...,
        consistent: bool = ...,
        limit: int | None = ...,
        page_size: int | None = ...,
        start: str | None = ...,
        into: type[T],
    ) -> Results[T]: ...

    def query(
        self,
        key: Condition | str,
        *,
        filter: Condition | str | None = None,
        index: str | None = None,
        attributes: Sequence[str] | None = None,
        descending: bool = False,
        consistent: bool = False,
        limit: int | None = None,
        page_size: int | None = None,
        start: str | None = None,
        into: type[Any] | None = None,
    ) -> Results[Any]:
        """Find the items of one partition key, in the order of their sort keys.

        `limit` bounds what is found, `page_size` what is looked at in one request. `start` is the token of a page.
        """
        request = self._request(
            consistent=consistent, attributes=attributes, key_condition=key, filter=filter, index=index
        )
        counted = self._request(consistent=consistent, key_condition=key, filter=filter, index=index)
        if descending:
            request["ScanIndexForward"] = False
            counted["ScanIndexForward"] = False
        return self._read("Query", request, counted, limit, page_size, start, 1, into)

    @overload
    def scan(
        self,
        *,
        filter: Condition | str | None = ...,
        index: str | None = ...,
        attributes: Sequence[str] | None = ...,
        consistent: bool = ...,
        limit: int | None = ...,
        page_size: int | None = ...,
        start: str | None = ...,
        segments: int = ...,
    ) -> Results[Item]: ...

    @overload
    def scan(
        self,
        *,
        filter: Condition | str | None = ...,
        index: str | None = ...,
        attributes: Sequence[str] | None = ...,
        consistent: bool = ...,
        limit: int | None = ...,
        page_size: int | None = ...,
        start: str | None = ...,
        segments: int = ...,
        into: type[T],
    ) -> Results[T]: ...

    def scan(
        self,
        *,
        filter: Condition | str | None = None,
        index: str | None = None,
        attributes: Sequence[str] | None = None,
        consistent: bool = False,
        limit: int | None = None,
        page_size: int | None = None,
        start: str | None = None,
        segments: int = 1,
        into: type[Any] | None = None,
    ) -> Results[Any]:
        """Find all items. `segments` are read at the same time: each page then holds some of every segment."""
        if segments > 1 and limit is not None:
            raise ValueError("a limit is for one segment: which items of several it would leave is chance")
        request = self._request(consistent=consistent, attributes=attributes, filter=filter, index=index)
        counted = self._request(consistent=consistent, filter=filter, index=index)
        return self._read("Scan", request, counted, limit, page_size, start, segments, into)

    @overload
    async def batch_get(
        self,
        keys: Iterable[Mapping[str, Any]],
        *,
        consistent: bool = ...,
        attributes: Sequence[str] | None = ...,
    ) -> list[Item]: ...

    @overload
    async def batch_get(
        self,
        keys: Iterable[Mapping[str, Any]],
        *,
        consistent: bool = ...,
        attributes: Sequence[str] | None = ...,
        into: type[T],
    ) -> list[T]: ...

    async def batch_get(
        self,
        keys: Iterable[Mapping[str, Any]],
        *,
        consistent: bool = False,
        attributes: Sequence[str] | None = None,
        into: type[Any] | None = None,
    ) -> list[Any]:
        """Return the items of any number of keys, in no order. Keys without an item have none."""
        how = self._request(consistent=consistent, attributes=attributes)
        del how["TableName"]
        found = await get_all(self.client, self.name, [self._item(key) for key in keys], how)
        make = self._maker(into)
        return [make(item) for item in found]

    async def batch_put(self, items: Iterable[Any]) -> None:
        """Put any number of items, each by itself. Raises `Unprocessed` with those that the service would not take."""
        await write_all(
            self.client, self.name, [{"PutRequest": {"Item": self._item(item)}} for item in items]
        )

    async def batch_delete(self, keys: Iterable[Mapping[str, Any]]) -> None:
        """Delete the items of any number of keys, each by itself. Raises `Unprocessed`."""
        await write_all(self.client, self.name, [{"DeleteRequest": {"Key": self._item(key)}} for key in keys])

    def stream(self, *, start: str = "latest", poll_s: float = POLL_S) -> Stream:
        """Return the changes of the table, from now on, from the "oldest" that is kept, or from a checkpoint.

        `poll_s` is how long to wait where nothing was found.
        """
        return Stream(self.client, self.name, start, poll_s)

    # -- the table itself -------------------------------------------------------------------------------------

    async def create(
        self,
        key: Mapping[str, KeyType],
        *,
        indexes: Sequence[Index] = (),
        stream: StreamView | None = None,
        wait: bool = True,
        **parameters: Any,
    ) -> None:
        """Create the table, billed on demand. `key` is one attribute or two, with their types: `{"user": "S"}`.

        `parameters` are further ones of CreateTable, or others instead of these.
        """
        types = dict(key)
        request: dict[str, Any] = {"TableName": self.name, "KeySchema": _key_schema(key)}
        for index in indexes:
            types.update(index.key)
            kind = "LocalSecondaryIndexes" if index.local else "GlobalSecondaryIndexes"
            request.setdefault(kind, []).append(
                {
                    "IndexName": index.name,
                    "KeySchema": _key_schema(index.key),
                    "Projection": _projection(index.projection),
                }
            )
        request["AttributeDefinitions"] = [
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ]
        if stream is not None:
            if stream not in _STREAM_VIEWS:
                raise ValueError(f"stream is one of {', '.join(_STREAM_VIEWS)}, not {stream!r}")
            request["StreamSpecification"] = {
                "StreamEnabled": True,
                "StreamViewType": _STREAM_VIEWS[stream],
            }
        if "ProvisionedThroughput" not in parameters:
            request["BillingMode"] = "PAY_PER_REQUEST"
        await self.client.call("CreateTable", {**request, **parameters})
        if wait:
            await self.wait_until_active()

    async def describe(self) -> dict[str, Any]:
        """Return the API's TableDescription. Raises `ResourceNotFound`."""
        answer = await self.client.call("DescribeTable", {"TableName": self.name})
        description: dict[str, Any] = answer["Table"]
        return description

    async def exists(self) -> bool:
        """Whether there is such a table, be it active or not."""
        try:
            await self.describe()
        except ResourceNotFound:
            return False
        return True

    async def alter(self, *, wait: bool = True, **parameters: Any) -> None:
        """Change the table by the parameters of UpdateTable."""
        await self.client.call("UpdateTable", {"TableName": self.name, **parameters})
        if wait:
            await self.wait_until_active()

    async def drop(self, *, wait: bool = True) -> None:
        """Delete the table with all of its items. Raises `ResourceNotFound`."""
        await self.client.call("DeleteTable", {"TableName": self.name})
        if wait:
            await self.wait_until_gone()

    async def wait_until_active(self) -> None:
        """Return when the table and its indexes are ACTIVE. How long that may take is the caller's to say.

        A table that is not there yet is waited for.
        """
        await self._poll(_is_active)

    async def wait_until_gone(self) -> None:
        """Return when there is no such table."""
        await self._poll(lambda description: description is None)

    async def _poll(self, satisfied: Callable[[dict[str, Any] | None], bool]) -> None:
        pause = _POLL_S
        while True:
            try:
                description = await self.describe()
            except ResourceNotFound:
                description = None
            if satisfied(description):
                return
            environment = self.client.environment
            await environment.sleep(pause * (0.5 + environment.dice.random() / 2))
            pause = min(pause * 2, _POLL_S_MAX)

    # -- requests and answers ---------------------------------------------------------------------------------

    def _request(
        self,
        *,
        key: Mapping[str, Any] | None = None,
        consistent: bool = False,
        attributes: Sequence[str] | None = None,
        condition: Condition | str | None = None,
        key_condition: Condition | str | None = None,
        filter: Condition | str | None = None,
        changes: Sequence[Change | str] = (),
        index: str | None = None,
        returning: Returning | None = None,
    ) -> dict[str, Any]:
        """Return the parameters of a request, with one set of placeholders for all of its expressions."""
        names = Names(floats=self._floats)
        request: dict[str, Any] = {"TableName": self.name}
        if key is not None:
            request["Key"] = self._item(key)
        if consistent:
            request["ConsistentRead"] = True
        if index is not None:
            request["IndexName"] = index
        if returning is not None:
            request["ReturnValues"] = _RETURN_VALUES[returning]
        if attributes is not None:
            request["ProjectionExpression"] = names.projection(attributes)
        if key_condition is not None:
            request["KeyConditionExpression"] = names.condition(key_condition)
        if filter is not None:
            request["FilterExpression"] = names.condition(filter)
        if condition is not None:
            request["ConditionExpression"] = names.condition(condition)
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"  # for `ConditionalCheckFailed.item`
        if changes:
            request["UpdateExpression"] = names.update(changes)
        request.update(names.parameters())
        return request

    def _item(self, item: Any) -> dict[str, Any]:
        """Return an item, or a key, in DynamoDB's JSON."""
        return to_item(item if isinstance(item, Mapping) else dump(item), floats=self._floats)

    def _attributes(self, answer: Mapping[str, Any]) -> Item | None:
        return from_item(answer["Attributes"]) if "Attributes" in answer else None

    def _maker(self, into: type[Any] | None) -> Callable[[dict[str, Any]], Any]:
        """Return what makes of an item in JSON what users get."""
        return from_item if into is None else lambda item: load(into, from_item(item))

    def _read(
        self,
        operation: Literal["Query", "Scan"],
        request: dict[str, Any],
        counted: dict[str, Any],
        limit: int | None,
        page_size: int | None,
        start: str | None,
        segments: int,
        into: type[Any] | None,
    ) -> Results[Any]:
        """Return what `request` finds; `counted` is the same without a projection, which counting does not admit."""
        _check_bounds(limit, page_size, segments)

        async def ask(
            asked: dict[str, Any], at: dict[str, Any] | None, segment: int, count: int | None
        ) -> Portion:
            if at is not None:
                asked["ExclusiveStartKey"] = at
            if count is not None:
                asked["Limit"] = count
            if segments > 1:
                asked["Segment"], asked["TotalSegments"] = segment, segments
            answer = await self.client.call(operation, asked)
            return Portion(
                answer.get("Items", []),
                answer.get("LastEvaluatedKey", True),
                answer["Count"],
                answer["ScannedCount"],
            )

        async def fetch(at: dict[str, Any] | None, segment: int, count: int | None) -> Portion:
            return await ask(dict(request), at, segment, count)

        async def fetch_count(at: dict[str, Any] | None, segment: int, count: int | None) -> Portion:
            return await ask({**counted, "Select": "COUNT"}, at, segment, count)

        async def behind(item: dict[str, Any], at: Position) -> dict[str, Any]:
            names = list(at) if isinstance(at, dict) else await self._keys(request.get("IndexName"))
            return {name: item[name] for name in names}

        reading = Reading(
            fetch=fetch,
            make=self._maker(into),
            segments=segments,
            limit=limit,
            page_size=page_size,
            exact="FilterExpression" not in request,
            key_of=None if "ProjectionExpression" in request else behind,
        )
        counting: Reading[Item] = Reading(fetch=fetch_count, make=from_item, segments=segments)
        return Results(reading, counting, start)

    async def _keys(self, index: str | None) -> list[str]:
        """Return the names of the key attributes of the table, and of an index of it."""
        if index not in self._key_names:
            description = await self.describe()
            schemas = [description["KeySchema"]]
            for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
                schemas += [
                    one["KeySchema"] for one in description.get(kind, ()) if one["IndexName"] == index
                ]
            names = [part["AttributeName"] for schema in schemas for part in schema]
            self._key_names[index] = list(dict.fromkeys(names))
        return self._key_names[index]


def _check_bounds(limit: int | None, page_size: int | None, segments: int) -> None:
    if limit is not None and limit < 0:
        raise ValueError(f"a limit is 0 or more, not {limit}")
    if page_size is not None and page_size < 1:
        raise ValueError(f"a page has 1 item or more, not {page_size}")
    if not 1 <= segments <= SEGMENTS_MAX:
        raise ValueError(f"there are 1 to {SEGMENTS_MAX} segments, not {segments}")


def _key_schema(key: Mapping[str, KeyType]) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    if not 1 <= len(key) <= len(kinds):
        raise ValueError(f"a key has one attribute or two, not {len(key)}")
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, kinds, strict=False)]


def _projection(projection: Projection) -> dict[str, Any]:
    if projection == "all":
        return {"ProjectionType": "ALL"}
    if projection == "keys":
        return {"ProjectionType": "KEYS_ONLY"}
    if isinstance(projection, str):
        raise ValueError(f"a projection is 'all', 'keys', or a list of attributes, not {projection!r}")
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(projection)}


def _is_active(description: dict[str, Any] | None) -> bool:
    if description is None or description["TableStatus"] != "ACTIVE":
        return False
    return all(
        index.get("IndexStatus", "ACTIVE") == "ACTIVE"
        for index in description.get("GlobalSecondaryIndexes", ())
    )
