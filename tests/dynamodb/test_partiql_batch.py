"""BatchExecuteStatement: members succeed and fail alone; the batch is refused as a whole for what is wrong with it."""

from typing import Any

import pytest

from dynamodb.calls import VE, E, call, fault, item, refusal
from dynamodb.clients import create_table, load
from dynamodb.facts import fact
from dynamodb.statements import request, stored

WF = "Statement wasn't well formed, can't be processed: "
ONE = "SELECT * FROM TABLE WHERE pk = 'a' AND sk = 1"


def batch(client: Any, table: str, *texts: str, **more: Any) -> dict[str, Any]:
    return call(
        client, "BatchExecuteStatement", {"Statements": [request(text, table) for text in texts], **more}
    )


def whole_refusal(client: Any, table: str, *texts: str) -> tuple[str, str]:
    statements = [request(text, table) for text in texts]
    return fault(refusal(client, "BatchExecuteStatement", {"Statements": statements}))


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        pytest.param(
            (),
            f"{E}Value '[]' at 'statements' failed to satisfy constraint: Member must have length greater than or equal to 1",
            marks=fact("partiql.93"),
        ),
        pytest.param(
            (ONE, "DELETE FROM TABLE WHERE pk = 'a' AND sk = 2"),
            "Read and write requests together in the same batch is not supported.",
            marks=fact("partiql.95"),
        ),
        pytest.param((ONE, f"{ONE} AND x = 1"), "Provided list of item keys contains duplicates", marks=fact("partiql.96")),
        pytest.param(
            ("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1}", "DELETE FROM TABLE WHERE pk = 'a' AND sk = 1.0"),
            "Provided list of item keys contains duplicates",
            marks=fact("partiql.96"),
        ),
    ],
)  # fmt: skip
def test_a_batch_is_refused(client: Any, standing: str, texts: tuple[str, ...], error: str) -> None:
    assert whole_refusal(client, standing, *texts) == (VE, error)


@fact("partiql.94")
def test_a_batch_over_twenty_five_is_refused(client: Any, standing: str) -> None:
    texts = [f"SELECT * FROM TABLE WHERE pk = 'a' AND sk = {sk}" for sk in range(26)]
    assert [len(batch(client, standing, *texts[:25])["Responses"])] == [25]
    code, text = whole_refusal(client, standing, *texts)
    assert code == VE
    assert text.startswith(f"{E}Value '[")
    assert text.endswith(
        "' at 'statements' failed to satisfy constraint: Member must have length less than or equal to 25"
    )


def error(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, **more}


@fact("partiql.97", "partiql.98", "partiql.99", "partiql.100", "partiql.101", "partiql.102")
def test_reads_succeed_and_fail_alone(client: Any, filled: str) -> None:
    answer = batch(
        client,
        filled,
        "SELECT even FROM TABLE WHERE sk = 2 AND pk = 'a'",
        "SELECT * FROM TABLE WHERE pk = 'a'",
        "SELECT * FROM TABLE WHERE pk = 'a' AND sk = 99",
        "SELECT * FROM TABLE WHERE pk = 'a' AND sk = 3 AND even = TRUE",
        "SELECT no way",
        "SELECT * FROM nowhere WHERE pk = 'a' AND sk = 4",
        "SELECT * FROM TABLE.idx WHERE pk = 'a' AND sk = 5",
        "SELECT * FROM TABLE WHERE pk = 'a' AND sk = 'x'",
        "SELECT nothing FROM TABLE WHERE pk = 'a' AND sk = 6",
    )
    unfixed = (
        "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
    )
    assert answer["Responses"] == [
        {"TableName": filled, "Item": {"even": {"BOOL": True}}},
        error("ValidationError", unfixed),
        {"TableName": filled},
        {"TableName": filled},
        error("ValidationError", f"{WF}Unexpected keyword at 1:8:2"),
        error("ResourceNotFound", "Requested resource not found", TableName="nowhere"),
        error("ValidationError", unfixed),
        error("ValidationError", "The provided key element does not match the schema"),
        {"TableName": filled, "Item": {}},
    ]


@fact("partiql.97", "partiql.98", "partiql.99", "partiql.103", "partiql.104")
def test_writes_succeed_and_fail_alone(client: Any, filled: str) -> None:
    texts = [
        "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1}",
        "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 10}",
        "UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk = 2 RETURNING MODIFIED NEW *",
        "UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk = 3 AND even = TRUE",
        "UPDATE TABLE SET n = m + 1 WHERE pk = 'a' AND sk = 4",
        "DELETE FROM TABLE WHERE pk = 'a' AND sk = 5 RETURNING ALL OLD *",
        "DELETE FROM TABLE WHERE pk = 'a' AND sk = 99 RETURNING ALL OLD *",
        "DELETE FROM TABLE WHERE pk = 'a'",
        "INSERT INTO TABLE VALUE {'pk': 'a'}",
    ]
    statements = [request(text, filled, ReturnValuesOnConditionCheckFailure="ALL_OLD") for text in texts]
    answer = call(client, "BatchExecuteStatement", {"Statements": statements})
    assert answer["Responses"] == [
        error("DuplicateItem", "Duplicate primary key exists in table", TableName=filled),
        {"TableName": filled},
        {"TableName": filled, "Item": {"n": {"N": "1"}}},
        error("ConditionalCheckFailed", "The conditional request failed", TableName=filled),
        error(
            "ValidationError",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        {"TableName": filled, "Item": item(5, even={"BOOL": False})},
        {"TableName": filled},
        error("ValidationError", "Where clause does not contain a mandatory equality on all key attributes"),
        error("ValidationError", "One or more parameter values were invalid: Missing the key sk in the item"),
    ]
    found = [stored(client, filled, sk) for sk in (10, 2, 3, 5)]
    even = {"BOOL": True}
    assert found == [item(10), item(2, even=even, n={"N": "1"}), item(3, even={"BOOL": False}), None]


@fact("partiql.97")
def test_what_is_not_well_formed_mixes_with_anything(client: Any, filled: str) -> None:
    answer = batch(client, filled, "EXISTS(SELECT * FROM TABLE)", ONE, "DELETE TABLE")
    assert [response.get("Item") for response in answer["Responses"]] == [
        None,
        item(1, even={"BOOL": False}),
        None,
    ]


@fact("partiql.105", "partiql.106", "partiql.107")
def test_capacity_is_told_of_tables_with_success(client: Any, name: str) -> None:
    one, other = f"{name}.one", f"{name}.other"
    for each in (one, other):
        create_table(client, each, sort_type="N")
        load(client, each, [item(sk, w={"S": "x" * 5000}) for sk in range(2)])
    insert = "INSERT INTO \"{}\" VALUE {{'pk': 'a', 'sk': {}, 'w': '{}'}}"
    texts = [
        insert.format(one, 1, "y" * 6000),
        insert.format(one, 2, "y" * 2000),
        insert.format(other, 1, "y"),
        f"UPDATE \"{other}\" SET w = 'y' WHERE pk = 'a' AND sk = 0 AND w = 'z'",
    ]
    answer = batch(client, name, *texts, ReturnConsumedCapacity="TOTAL")
    assert ["Error" in response for response in answer["Responses"]] == [True, False, True, True]
    assert answer["ConsumedCapacity"] == [{"TableName": one, "CapacityUnits": 6.0 + 2.0}]
    answer = batch(client, name, *texts, ReturnConsumedCapacity="TOTAL")
    assert "ConsumedCapacity" not in answer
    reads = [
        f"SELECT * FROM \"{each}\" WHERE pk = 'a' AND sk = {sk}" for each in (one, other) for sk in (0, 9)
    ]
    for text in reads[:2]:
        assert "ConsumedCapacity" not in batch(client, name, text)
    assert batch(client, name, *reads, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"] == [
        {"TableName": each, "CapacityUnits": 1.5, "Table": {"CapacityUnits": 1.5}} for each in (one, other)
    ]
    for each in (one, other):
        client.delete_table(TableName=each)
