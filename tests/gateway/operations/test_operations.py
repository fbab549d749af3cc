"""Operations from JSON to JSON, over a database in memory."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.operations.memory import MemoryDatabase
from trinamo.gateway.operations import OPERATIONS, perform
from trinamo.gateway.operations.database import Database, Delete, Put, Stored, Table, Written
from trinamo.model.errors import ApiError, internal_server_error, service_unavailable, throttled
from trinamo.model.jsontext import dump_json

TABLE = {
    "TableName": "tab",
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


class Client:
    """Sends JSON, receives JSON."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def call(self, operation: str, **members: Any) -> Any:
        parameters = orjson.loads(dump_json(members))
        return orjson.loads(await perform(self._database, operation, "0" * 12, "us-east-1", parameters))

    async def refusal(self, operation: str, **members: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            await self.call(operation, **members)
        return caught.value


@pytest.fixture
def client() -> Client:
    return Client(MemoryDatabase())


@pytest.fixture
async def tab(client: Client) -> Client:
    await client.call("CreateTable", **TABLE)
    return client


def _item(sk: int, **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"N": str(sk)}, **attributes}


async def _fill(client: Client, count: int, **attributes: Any) -> list[dict[str, Any]]:
    items = [_item(sk, **attributes) for sk in range(count)]
    for item in items:
        await client.call("PutItem", TableName="tab", Item=item)
    return items


async def test_what_this_version_lacks_is_named(client: Client) -> None:
    refusal = await client.refusal("TransactWriteItems")
    assert refusal.code == "UnknownOperationException"
    assert refusal.message == "TransactWriteItems is not in this version of Trinamo"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ResourcePolicy", "{}"),
    ],
)
async def test_tables_with_what_this_version_lacks_are_refused_not_created(
    client: Client, name: str, value: Any
) -> None:
    refusal = await client.refusal("CreateTable", **{**TABLE, name: value})
    assert refusal.code == "UnknownOperationException"
    assert refusal.message == f"{name} of CreateTable is not in this version of Trinamo"
    assert await client.call("ListTables") == {"TableNames": []}


async def test_a_table_is_created_described_and_deleted(client: Client) -> None:
    created = await client.call("CreateTable", **TABLE)
    assert created["TableDescription"]["TableStatus"] == "CREATING"
    described = await client.call("DescribeTable", TableName="tab")
    assert described["Table"]["TableStatus"] == "ACTIVE"
    assert described["Table"]["KeySchema"] == TABLE["KeySchema"]
    arn = described["Table"]["TableArn"]
    assert await client.call("DescribeTable", TableName=arn) == described
    deleted = await client.call("DeleteTable", TableName="tab")
    assert deleted["TableDescription"]["TableStatus"] == "DELETING"
    refusal = await client.refusal("DescribeTable", TableName="tab")
    assert refusal.message == "Requested resource not found: Table: tab not found"


@pytest.mark.parametrize("operation", ["DescribeTable", "DeleteTable"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (None, "The parameter 'TableName' is required but was not present in the request"),
        ("ab", "TableName must be at least 3 characters long and at most 255 characters long"),
        ("", "TableName must be at least 3 characters long and at most 255 characters long"),
        ("a" * 256, "TableName must be at least 3 characters long and at most 255 characters long"),
        (
            "abc!",
            (
                "1 validation error detected: Value 'abc!' at 'tableName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            ),
        ),
    ],
)
async def test_control_operations_have_texts_of_their_own_for_names(
    client: Client, operation: str, name: str | None, text: str
) -> None:
    refusal = await client.refusal(operation, TableName=name)
    assert (refusal.code, refusal.message) == ("ValidationException", text)


async def test_tables_are_listed_a_page_at_a_time(client: Client) -> None:
    for name in ("ccc", "aaa", "bbb"):
        await client.call("CreateTable", **{**TABLE, "TableName": name})
    first = await client.call("ListTables", Limit=2)
    assert first == {"TableNames": ["aaa", "bbb"], "LastEvaluatedTableName": "bbb"}
    assert await client.call("ListTables", Limit=2, ExclusiveStartTableName="bbb") == {"TableNames": ["ccc"]}


async def test_an_item_is_put_read_replaced_and_deleted(tab: Client) -> None:
    item = _item(1, b={"B": b"\xff"}, n={"N": "1.50"})
    stored = _item(1, b={"B": "/w=="}, n={"N": "1.5"})
    key = {"TableName": "tab", "Key": _item(1)}
    assert await tab.call("GetItem", **key) == {}
    assert await tab.call("PutItem", TableName="tab", Item=item, ReturnValues="ALL_OLD") == {}
    assert await tab.call("GetItem", **key, ConsistentRead=True) == {"Item": stored}
    replaced = await tab.call("PutItem", TableName="tab", Item=_item(1), ReturnValues="ALL_OLD")
    assert replaced == {"Attributes": stored}
    assert await tab.call("DeleteItem", **key, ReturnValues="ALL_OLD") == {"Attributes": _item(1)}
    assert await tab.call("DeleteItem", **key, ReturnValues="ALL_OLD") == {}


async def test_reads_are_projected(tab: Client) -> None:
    await tab.call("PutItem", TableName="tab", Item=_item(1, a={"M": {"b": {"S": "x"}}}))
    key = {"TableName": "tab", "Key": _item(1)}
    found = await tab.call(
        "GetItem", **key, ProjectionExpression="#a.b", ExpressionAttributeNames={"#a": "a"}
    )
    assert found == {"Item": {"a": {"M": {"b": {"S": "x"}}}}}
    assert await tab.call("GetItem", **key, AttributesToGet=["sk", "none"]) == {"Item": {"sk": {"N": "1"}}}
    assert await tab.call("GetItem", **key, ProjectionExpression="zzz") == {"Item": {}}


async def test_a_false_condition_refuses_and_may_show_the_item(tab: Client) -> None:
    put = {"TableName": "tab", "Item": _item(1), "ConditionExpression": "attribute_not_exists(pk)"}
    await tab.call("PutItem", **put)
    refusal = await tab.refusal("PutItem", **put, ReturnValues="ALL_OLD")
    assert (refusal.code, refusal.members) == ("ConditionalCheckFailedException", None)
    refusal = await tab.refusal("PutItem", **put, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert refusal.members == {"Item": _item(1)}


@pytest.mark.parametrize(
    ("what", "attributes"),
    [
        ("ALL_OLD", _item(1, m={"M": {"x": {"N": "1"}, "y": {"N": "5"}}}, gone={"S": "g"})),
        ("ALL_NEW", _item(1, m={"M": {"x": {"N": "2"}, "y": {"N": "5"}}}, new={"S": "n"})),
        ("UPDATED_OLD", {"m": {"M": {"x": {"N": "1"}}}, "gone": {"S": "g"}}),
        ("UPDATED_NEW", {"m": {"M": {"x": {"N": "2"}}}, "new": {"S": "n"}}),
    ],
)
async def test_an_update_returns_what_was_asked_for(tab: Client, what: str, attributes: Any) -> None:
    item = _item(1, m={"M": {"x": {"N": "1"}, "y": {"N": "5"}}}, gone={"S": "g"})
    await tab.call("PutItem", TableName="tab", Item=item)
    updated = await tab.call(
        "UpdateItem",
        TableName="tab",
        Key=_item(1),
        UpdateExpression="SET m.x = m.x + :one, #n = :n REMOVE gone",
        ExpressionAttributeNames={"#n": "new"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":n": {"S": "n"}},
        ReturnValues=what,
    )
    assert updated == {"Attributes": attributes}


async def test_updates_of_keys_are_refused_and_an_update_without_action_creates(tab: Client) -> None:
    refusal = await tab.refusal(
        "UpdateItem",
        TableName="tab",
        Key=_item(1),
        UpdateExpression="SET sk = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )
    assert refusal.message == (
        "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key"
    )
    assert await tab.call("UpdateItem", TableName="tab", Key=_item(1)) == {}
    assert await tab.call("GetItem", TableName="tab", Key=_item(1)) == {"Item": _item(1)}


async def test_capacity_is_told_in_units_of_one_and_four_kilobytes(tab: Client) -> None:
    item = _item(1, x={"S": "x" * 5000})
    put = await tab.call("PutItem", TableName="tab", Item=item, ReturnConsumedCapacity="TOTAL")
    assert put == {"ConsumedCapacity": {"TableName": "tab", "CapacityUnits": 5.0}}
    smaller = await tab.call("PutItem", TableName="tab", Item=_item(1), ReturnConsumedCapacity="INDEXES")
    assert smaller["ConsumedCapacity"] == {
        "TableName": "tab",
        "CapacityUnits": 5.0,
        "Table": {"CapacityUnits": 5.0},
    }
    key = {"TableName": "tab", "Key": _item(2), "ReturnConsumedCapacity": "TOTAL"}
    assert (await tab.call("GetItem", **key))["ConsumedCapacity"]["CapacityUnits"] == 0.5
    assert (await tab.call("GetItem", **key, ConsistentRead=True))["ConsumedCapacity"]["CapacityUnits"] == 1.0


QUERY: dict[str, Any] = {
    "TableName": "tab",
    "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
    "ExpressionAttributeValues": {":pk": {"S": "a"}, ":low": {"N": "2"}, ":high": {"N": "8"}},
}


async def test_a_query_reads_a_range_in_both_directions(tab: Client) -> None:
    items = await _fill(tab, 10)
    answer = await tab.call("Query", **QUERY)
    assert answer == {"Items": items[2:9], "Count": 7, "ScannedCount": 7}
    answer = await tab.call("Query", **QUERY, ScanIndexForward=False)
    assert answer["Items"] == items[2:9][::-1]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 4, 7, 100])
async def test_pages_put_together_are_the_whole(tab: Client, limit: int, forward: bool) -> None:
    items = await _fill(tab, 10)
    read: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = await tab.call("Query", **QUERY, **more, Limit=limit, ScanIndexForward=forward)
        assert page["ScannedCount"] <= limit
        read += page["Items"]
        if "LastEvaluatedKey" not in page:
            break
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert read == (items[2:9] if forward else items[2:9][::-1])


async def test_a_limit_that_is_just_met_leaves_a_key_behind(tab: Client) -> None:
    await _fill(tab, 3)
    page = await tab.call("Scan", TableName="tab", Limit=3)
    assert page["LastEvaluatedKey"] == _item(2)
    rest = await tab.call("Scan", TableName="tab", Limit=3, ExclusiveStartKey=_item(2))
    assert rest == {"Items": [], "Count": 0, "ScannedCount": 0}


async def test_a_page_ends_behind_the_item_that_crosses_one_megabyte(tab: Client) -> None:
    await _fill(tab, 4, x={"S": "x" * 400_000})
    page = await tab.call("Scan", TableName="tab")
    assert page["Count"] == 3
    assert page["LastEvaluatedKey"] == _item(2)


async def test_filters_count_what_they_pass_and_what_was_read(tab: Client) -> None:
    for sk in range(6):
        await tab.call("PutItem", TableName="tab", Item=_item(sk, even={"BOOL": sk % 2 == 0}))
    request: dict[str, Any] = {
        "TableName": "tab",
        "FilterExpression": "even = :yes",
        "ExpressionAttributeValues": {":yes": {"BOOL": True}},
        "ProjectionExpression": "sk",
    }
    answer = await tab.call("Scan", **request)
    assert answer == {"Items": [{"sk": {"N": str(sk)}} for sk in (0, 2, 4)], "Count": 3, "ScannedCount": 6}
    del request["ProjectionExpression"]
    assert await tab.call("Scan", **request, Select="COUNT") == {"Count": 3, "ScannedCount": 6}
    assert await tab.call("Scan", TableName="tab", Select="COUNT") == {"Count": 6, "ScannedCount": 6}


async def test_segments_of_a_scan_are_disjoint_and_complete(tab: Client) -> None:
    for pk in range(20):
        await tab.call("PutItem", TableName="tab", Item={"pk": {"S": str(pk)}, "sk": {"N": "1"}})
    found = []
    for segment in range(4):
        answer = await tab.call("Scan", TableName="tab", Segment=segment, TotalSegments=4)
        found += [item["pk"]["S"] for item in answer["Items"]]
    assert sorted(found, key=int) == [str(pk) for pk in range(20)]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"IndexName": "idx"}, "The table does not have the specified index: idx"),
        (
            {
                "FilterExpression": "sk = :low",
            },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            {"ProjectionExpression": "pk.x"},
            (
                "Key attributes must be scalars;"
                " list random access '[]' and map lookup '.' are not allowed: Key: pk"
            ),
        ),
        ({"ExclusiveStartKey": {"pk": {"S": "a"}}}, "The provided starting key is invalid"),
    ],
)
async def test_a_query_that_does_not_fit_its_table_is_refused(
    tab: Client, members: dict[str, Any], text: str
) -> None:
    refusal = await tab.refusal("Query", **QUERY, **members)
    assert (refusal.code, refusal.message) == ("ValidationException", text)


async def test_batches_write_and_read_across_tables(tab: Client) -> None:
    await tab.call("CreateTable", **{**TABLE, "TableName": "other"})
    await _fill(tab, 1)
    written = await tab.call(
        "BatchWriteItem",
        RequestItems={
            "tab": [{"PutRequest": {"Item": _item(1)}}, {"DeleteRequest": {"Key": _item(0)}}],
            "other": [{"PutRequest": {"Item": _item(7, x={"B": b"a"})}}],
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert written == {
        "UnprocessedItems": {},
        "ConsumedCapacity": [
            {"TableName": "tab", "CapacityUnits": 2.0},
            {"TableName": "other", "CapacityUnits": 1.0},
        ],
    }
    read = await tab.call(
        "BatchGetItem",
        RequestItems={
            "tab": {"Keys": [_item(0), _item(1)]},
            "other": {"Keys": [_item(7)], "ProjectionExpression": "x", "ConsistentRead": True},
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert read == {
        "Responses": {"tab": [_item(1)], "other": [{"x": {"B": "YQ=="}}]},
        "UnprocessedKeys": {},
        "ConsumedCapacity": [
            {"TableName": "tab", "CapacityUnits": 1.0},
            {"TableName": "other", "CapacityUnits": 1.0},
        ],
    }


async def test_a_batch_answers_sixteen_megabytes_and_leaves_the_rest_unprocessed(tab: Client) -> None:
    await _fill(tab, 50, x={"S": "x" * 400_000})
    keys = [_item(sk) for sk in range(50)]
    wanted = {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "sk"}
    answer = await tab.call("BatchGetItem", RequestItems={"tab": wanted})
    assert answer["Responses"]["tab"] == [{"sk": {"N": str(sk)}} for sk in range(41)]
    assert answer["UnprocessedKeys"] == {"tab": {**wanted, "Keys": keys[41:]}}


@pytest.mark.parametrize(
    ("operation", "asked", "text"),
    [
        (
            "BatchWriteItem",
            [
                {"PutRequest": {"Item": _item(1)}},
                {"DeleteRequest": {"Key": {**_item(1), "sk": {"N": "1.0"}}}},
            ],
            "Provided list of item keys contains duplicates",
        ),
        (
            "BatchWriteItem",
            [{"PutRequest": {"Item": {"pk": {"N": "1"}, "sk": {"N": "1"}}}}],
            "The provided key element does not match the schema",
        ),
        ("BatchGetItem", {"Keys": [_item(1), _item(1)]}, "Provided list of item keys contains duplicates"),
        (
            "BatchGetItem",
            {"Keys": [{"pk": {"S": "a"}}]},
            "The provided key element does not match the schema",
        ),
    ],
)
async def test_a_batch_with_a_faulty_key_fails_whole(
    tab: Client, operation: str, asked: Any, text: str
) -> None:
    refusal = await tab.refusal(operation, RequestItems={"tab": asked})
    assert (refusal.code, refusal.message) == ("ValidationException", text)
    refusal = await tab.refusal(operation, RequestItems={"tab": asked, "missing": asked})
    assert (await tab.call("Scan", TableName="tab"))["Count"] == 0


@pytest.mark.parametrize("operation", ["PutItem", "GetItem", "DeleteItem", "UpdateItem", "Query", "Scan"])
async def test_operations_on_items_do_not_name_the_missing_table(client: Client, operation: str) -> None:
    members: dict[str, Any] = {"Item": _item(1), "Key": _item(1), **QUERY}
    if operation != "Query":
        del members["ExpressionAttributeValues"]
    refusal = await client.refusal(operation, **members)
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Requested resource not found")


def test_the_operations_of_this_version_are_named_after_themselves() -> None:
    assert all(name == operation.name for name, operation in OPERATIONS.items())
    assert len(OPERATIONS) == 30


class PartlyAway(MemoryDatabase):
    """Some tables take no writes, and say why."""

    def __init__(self) -> None:
        super().__init__()
        self.away: dict[str, ApiError] = {}

    async def write_many(self, table: Table, writes: Sequence[Put | Delete]) -> Sequence[Written | None]:
        if table.spec.name in self.away:
            raise self.away[table.spec.name]
        return await super().write_many(table, writes)

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | None]:
        if table.spec.name in self.away:
            raise self.away[table.spec.name]
        return await super().get_many(table, keys, consistent=consistent)


THROTTLED = throttled("ThrottlingException", "TableWriteKeyRangeThroughputExceeded", "arn")


@pytest.mark.parametrize("error", [service_unavailable(), THROTTLED], ids=["unavailable", "throttled"])
@pytest.mark.parametrize("away", ["tab", "other"])
async def test_what_one_table_took_is_not_denied_for_the_sake_of_another(error: ApiError, away: str) -> None:
    database = PartlyAway()
    client = Client(database)
    for name in ("tab", "other"):
        await client.call("CreateTable", **{**TABLE, "TableName": name})
    database.away[away] = error
    writes = [{"PutRequest": {"Item": _item(1)}}]
    answer = await client.call("BatchWriteItem", RequestItems={"tab": writes, "other": writes})
    assert answer["UnprocessedItems"] == {away: writes}
    database.away = {"tab": error, "other": error}
    refusal = await client.refusal("BatchWriteItem", RequestItems={"tab": writes, "other": writes})
    assert refusal.code == error.code


async def test_a_batch_of_unknown_outcome_is_of_unknown_outcome() -> None:
    database = PartlyAway()
    client = Client(database)
    for name in ("tab", "other"):
        await client.call("CreateTable", **{**TABLE, "TableName": name})
    database.away["other"] = internal_server_error()
    writes = [{"PutRequest": {"Item": _item(1)}}]
    refusal = await client.refusal("BatchWriteItem", RequestItems={"tab": writes, "other": writes})
    assert refusal.code == "InternalServerError"


@pytest.mark.parametrize("error", [service_unavailable(), THROTTLED], ids=["unavailable", "throttled"])
async def test_what_one_table_does_not_tell_is_left_of_a_read(error: ApiError) -> None:
    database = PartlyAway()
    client = Client(database)
    for name in ("tab", "other"):
        await client.call("CreateTable", **{**TABLE, "TableName": name})
        await client.call("PutItem", TableName=name, Item=_item(1))
    wanted = {"Keys": [_item(1)], "ConsistentRead": True}
    database.away["other"] = error
    answer = await client.call("BatchGetItem", RequestItems={"tab": wanted, "other": wanted})
    assert answer["Responses"] == {"tab": [_item(1)], "other": []}
    assert answer["UnprocessedKeys"] == {"other": wanted}
    database.away["tab"] = error
    refusal = await client.refusal("BatchGetItem", RequestItems={"tab": wanted, "other": wanted})
    assert refusal.code == error.code
