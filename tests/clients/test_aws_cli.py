"""The AWS CLI, called as a shell calls it: by words and files, with JSON or text for an answer, and an exit status."""

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from clients.trouble import Trouble

AWS = Path(sysconfig.get_path("scripts")) / "aws"
CALL_SECONDS_MAX = 60.0  # it takes half a second, most of it to start
SERVICE_REFUSED = 255
BY_SEATS = (
    "IndexName=by-seats,Projection={ProjectionType=INCLUDE,NonKeyAttributes=[ship]},"
    "KeySchema=[{AttributeName=route,KeyType=HASH},{AttributeName=seats,KeyType=RANGE}]"
)
KEYS = ("AttributeName=route,KeyType=HASH", "AttributeName=departure,KeyType=RANGE")
TYPES = (
    "AttributeName=route,AttributeType=S",
    "AttributeName=departure,AttributeType=N",
    "AttributeName=seats,AttributeType=N",
)

Item = dict[str, Any]


def call(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(AWS), "dynamodb", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=CALL_SECONDS_MAX, check=False)


def aws(*words: str) -> Any:
    """Return what a command prints, which is JSON or nothing."""
    ended = call(*words)
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout) if ended.stdout else None


def refusal(*words: str) -> str:
    """Return the last line of what a command says when the service refuses."""
    ended = call(*words)
    assert (ended.returncode, ended.stdout) == (SERVICE_REFUSED, "")
    return ended.stderr.strip().splitlines()[-1]


def sailing(departure: int, seats: int) -> Item:
    return {
        "route": {"S": "Rosslare-Cherbourg"},
        "departure": {"N": str(departure)},
        "seats": {"N": str(seats)},
    }


def key(departure: int) -> str:
    return json.dumps({name: sailing(departure, 0)[name] for name in ("route", "departure")})


@pytest.fixture
def table(name: str) -> str:
    """A table without a wait: operations wait for it."""
    aws(
        "create-table", "--table-name", name, "--key-schema", *KEYS, "--attribute-definitions", *TYPES,
        "--billing-mode", "PAY_PER_REQUEST", "--local-secondary-indexes", BY_SEATS,
    )  # fmt: skip
    return name


def test_a_table_is_made_filled_read_changed_and_deleted(table: str, tmp_path: Path) -> None:
    on = ("--table-name", table)
    assert aws("wait", "table-exists", *on) is None
    assert (
        call("describe-table", *on, "--query", "Table.TableStatus", "--output", "text").stdout == "ACTIVE\n"
    )

    (tmp_path / "item.json").write_text(json.dumps(sailing(6, 40)))
    fresh = ("--condition-expression", "attribute_not_exists(route)")
    put = ("put-item", *on, "--item", f"file://{tmp_path}/item.json", *fresh)
    assert aws(*put) is None
    assert refusal(*put) == (
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation:"
        " The conditional request failed"
    )

    writes = {table: [{"PutRequest": {"Item": sailing(hour, hour)}} for hour in range(7, 16)]}
    (tmp_path / "writes.json").write_text(json.dumps(writes))
    batch = aws("batch-write-item", "--request-items", f"file://{tmp_path}/writes.json")
    assert batch["UnprocessedItems"] == {}

    changed = aws(
        "update-item", *on, "--key", key(6), "--update-expression", "SET seats = seats - :n ADD boarded :n",
        "--expression-attribute-values", '{":n": {"N": "15"}}',
        "--return-values", "ALL_NEW", "--return-consumed-capacity", "INDEXES",
    )  # fmt: skip
    assert changed["Attributes"] == {**sailing(6, 25), "boarded": {"N": "15"}}
    assert changed["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": 3.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"by-seats": {"CapacityUnits": 2.0}},  # one entry goes, one comes
    }

    got = aws(
        "get-item", *on, "--key", key(6), "--consistent-read",
        "--projection-expression", "#s, boarded", "--expression-attribute-names", '{"#s": "seats"}',
    )  # fmt: skip
    assert got["Item"] == {"seats": {"N": "25"}, "boarded": {"N": "15"}}

    deleted = aws("delete-item", *on, "--key", key(15), "--return-values", "ALL_OLD")
    assert deleted["Attributes"] == sailing(15, 15)
    assert aws("get-item", *on, "--key", key(15)) is None

    assert aws("delete-table", *on)["TableDescription"]["TableStatus"] == "DELETING"
    assert aws("wait", "table-not-exists", *on) is None


def test_the_cli_pages_on_its_own_and_by_tokens(table: str) -> None:
    on = ("--table-name", table)
    writes = {table: [{"PutRequest": {"Item": sailing(hour, hour)}} for hour in range(9)]}
    aws("batch-write-item", "--request-items", json.dumps(writes))

    route = (
        "--key-condition-expression", "route = :r AND departure < :before",
        "--expression-attribute-values", '{":r": {"S": "Rosslare-Cherbourg"}, ":before": {"N": "7"}}',
    )  # fmt: skip
    few = (
        "--key-condition-expression", "route = :r AND seats > :few",
        "--expression-attribute-values", '{":r": {"S": "Rosslare-Cherbourg"}, ":few": {"N": "4"}}',
    )  # fmt: skip
    found = aws("query", *on, *route, "--no-scan-index-forward", "--page-size", "2")
    assert [each["departure"]["N"] for each in found["Items"]] == ["6", "5", "4", "3", "2", "1", "0"]
    first = aws("query", *on, *route, "--max-items", "5")
    rest = aws("query", *on, *route, "--starting-token", first["NextToken"])
    assert [int(each["departure"]["N"]) for each in first["Items"] + rest["Items"]] == list(range(7))

    fullest = aws("query", *on, "--index-name", "by-seats", *few, "--max-items", "2")
    assert [each["seats"]["N"] for each in fullest["Items"]] == ["5", "6"]

    even = ("--filter-expression", "seats > :few", "--expression-attribute-values", '{":few": {"N": "3"}}')
    counted = aws("scan", *on, *even, "--select", "COUNT", "--page-size", "4")
    assert (counted["Count"], counted["ScannedCount"]) == (5, 9)

    keys = {table: {"Keys": [json.loads(key(hour)) for hour in (2, 8, 20)]}}
    answered = aws("batch-get-item", "--request-items", json.dumps(keys))["Responses"][table]
    assert sorted(each["departure"]["N"] for each in answered) == ["2", "8"]
    assert table in aws("list-tables", "--page-size", "1")["TableNames"]


def test_a_table_is_changed_tagged_and_given_a_time_to_live(table: str) -> None:
    on = ("--table-name", table)
    changed = aws("update-table", *on, "--deletion-protection-enabled")["TableDescription"]
    assert (changed["TableName"], changed["DeletionProtectionEnabled"]) == (table, True)
    assert refusal("delete-table", *on).endswith(
        "Resource cannot be deleted as it is currently protected against deletion."
        " Disable deletion protection first."
    )

    of = ("--resource-arn", changed["TableArn"])
    assert aws("tag-resource", *of, "--tags", "Key=team,Value=ferries", "Key=cost,Value=low") is None
    assert aws("untag-resource", *of, "--tag-keys", "cost") is None
    assert aws("list-tags-of-resource", *of)["Tags"] == [{"Key": "team", "Value": "ferries"}]

    lives = ("--time-to-live-specification", "Enabled=true,AttributeName=expires")
    assert aws("update-time-to-live", *on, *lives)["TimeToLiveSpecification"]["Enabled"] is True
    described = aws("describe-time-to-live", *on)["TimeToLiveDescription"]
    assert described["AttributeName"] == "expires"


def test_statements_insert_select_and_delete(table: str) -> None:
    insert = f"INSERT INTO \"{table}\" VALUE {{'route': ?, 'departure': 7, 'seats': 70}}"
    parameters = ("--parameters", '[{"S": "Rosslare-Cherbourg"}]')
    assert aws("execute-statement", "--statement", insert, *parameters)["Items"] == []
    assert "(DuplicateItemException)" in refusal("execute-statement", "--statement", insert, *parameters)
    select = f'SELECT seats FROM "{table}" WHERE route = ? AND departure < 8'
    found = aws("execute-statement", "--statement", select, *parameters, "--consistent-read")
    assert found["Items"] == [{"seats": {"N": "70"}}]


def test_a_refusal_names_its_exception_and_operation() -> None:
    assert refusal("describe-table", "--table-name", "nowhere") == (
        "An error occurred (ResourceNotFoundException) when calling the DescribeTable operation:"
        " Requested resource not found: Table: nowhere not found"
    )


def test_what_may_pass_is_asked_again(table: str, trouble: Trouble) -> None:
    for verb in ("throttle", "fail_before", "drop_reply"):
        trouble.comes(verb, operation="PutItem", count=1)
    assert aws("put-item", "--table-name", table, "--item", json.dumps(sailing(6, 40))) is None
    assert trouble.happened() == 3
