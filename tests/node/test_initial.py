"""Claims about `--init`, over the in-memory database that operations are tested with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from gateway.operations.memory import MemoryDatabase
from trinamo.gateway.http import ApiRequest
from trinamo.gateway.operations import perform
from trinamo.model.tables import TableAddress, Tag
from trinamo.node import initial
from trinamo.node.initial import Founder, read_initial

REGION = "eu-west-3"


class TrioClock:
    def monotonic(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return trio.current_time()

    async def sleep_until(self, deadline: float) -> None:
        await trio.sleep_until(deadline)


class Site:
    """A database, the operations before it, and what was asked of them."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.asked: list[str] = []
        self.alter: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _, answer: answer

    async def handle(self, request: ApiRequest) -> bytes:
        self.asked.append(request.operation)
        answer = await perform(
            self.database, request.operation, request.account, request.region, request.parameters
        )
        return json.dumps(self.alter(request.operation, json.loads(answer))).encode()

    async def found(self, path: Path) -> None:
        await Founder(self.handle, TrioClock(), REGION).make(read_initial(path))

    async def count(self, table: str, region: str = REGION) -> int:
        scanned = await perform(self.database, "Scan", "000000000000", region, {"TableName": table})
        count: int = json.loads(scanned)["Count"]
        return count


def creation(name: str) -> dict[str, Any]:
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def items(count: int) -> list[dict[str, Any]]:
    return [{"k": {"N": str(number)}} for number in range(count)]


def write(path: Path, tree: Any) -> Path:
    path.write_text(json.dumps(tree))
    return path


async def test_tables_and_all_their_items_are_made(tmp_path: Path) -> None:
    site = Site()
    tree = {"tables": [creation("full"), creation("empty")], "items": {"full": items(51)}}
    await site.found(write(tmp_path / "a.json", tree))
    assert await site.count("full") == 51
    assert await site.count("empty") == 0
    assert site.asked.count("BatchWriteItem") == 3


async def test_a_file_may_be_one_create_table_request(tmp_path: Path) -> None:
    site = Site()
    await site.found(write(tmp_path / "table.json", creation("one")))
    assert await site.count("one") == 0


async def test_a_table_may_begin_with_tags_a_stream_and_a_time_to_live(tmp_path: Path) -> None:
    site = Site()
    table = {
        **creation("settings"),
        "Tags": [{"Key": "k", "Value": "v"}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "k"},
    }
    await site.found(write(tmp_path / "a.json", {"tables": [table]}))
    made = await site.database.describe_table(TableAddress("000000000000", REGION, "settings"))
    assert (made.spec.tags, made.spec.stream_view, made.spec.time_to_live) == (
        (Tag("k", "v"),),
        "NEW_IMAGE",
        "k",
    )


async def test_a_directory_is_its_json_files(tmp_path: Path) -> None:
    site = Site()
    write(tmp_path / "1-items.json", {"items": {"apart": items(2)}})
    write(tmp_path / "2-tables.json", {"tables": [creation("apart")]})
    write(tmp_path / "3-more.json", {"items": {"apart": [{"k": {"N": "7"}}]}})
    (tmp_path / "README.md").write_text("not read")
    await site.found(tmp_path)
    assert await site.count("apart") == 3


async def test_a_table_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    site = Site()
    path = write(tmp_path / "a.json", {"tables": [creation("kept")], "items": {"kept": items(3)}})
    await site.found(path)
    key = {"TableName": "kept", "Key": {"k": {"N": "1"}}}
    await perform(site.database, "DeleteItem", "000000000000", REGION, key)
    await site.found(path)
    assert await site.count("kept") == 2


async def test_items_that_were_not_processed_are_sent_again(tmp_path: Path, autojump_clock: object) -> None:
    site = Site()
    refused = [{"PutRequest": {"Item": item}} for item in items(2)]

    def refuse_once(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        if operation == "BatchWriteItem" and site.asked.count(operation) == 1:
            answer["UnprocessedItems"] = {"slow": refused}
        return answer

    site.alter = refuse_once
    path = write(tmp_path / "a.json", {"tables": [creation("slow")], "items": {"slow": items(5)}})
    await site.found(path)
    assert site.asked.count("BatchWriteItem") == 2


async def test_a_table_that_stays_creating_ends_the_wait(tmp_path: Path, autojump_clock: object) -> None:
    site = Site()

    def stay(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeTable":
            answer["Table"]["TableStatus"] = "CREATING"
        return answer

    site.alter = stay
    began = trio.current_time()
    with pytest.raises(ValueError, match="table never does not become ACTIVE"):
        await site.found(write(tmp_path / "a.json", creation("never")))
    assert initial.TABLE_WAIT_S <= trio.current_time() - began < initial.TABLE_WAIT_S + 1


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ([], "{path}: not a JSON object"),
        ({}, '{path}: an empty object is neither a CreateTable request nor "tables" or "items"'),
        ({"table": []}, '{path}: \'table\' is neither a CreateTable request nor "tables" or "items"'),
        ({"tables": {}}, '{path}: "tables" is not a list of CreateTable requests'),
        ({"items": []}, '{path}: "items" is not an object of lists by table'),
        ({"tables": [{}]}, '{path}: a CreateTable request in "tables" has no TableName'),
        ({"tables": [creation("a")] * 2}, "{path}: table a is already in {path}"),
        ({"items": {"a": []}}, "{path}: items for table a, which is not among the tables"),
        ({"items": {"a": [1]}}, "{path}: the items of table a are not a list of objects"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_it(tmp_path: Path, tree: Any, why: str) -> None:
    path = write(tmp_path / "wrong.json", tree)
    with pytest.raises(ValueError) as refusal:
        read_initial(path)
    assert str(refusal.value) == why.format(path=path)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"wrong\.json: not JSON: ") as refusal:
        read_initial(path)
    assert "\n" not in str(refusal.value)
    with pytest.raises(ValueError, match=r"absent\.json: No such file"):
        read_initial(tmp_path / "absent.json")


def test_a_directory_without_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.json file in this directory"):
        read_initial(tmp_path)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ({"TableName": "a"}, "table a: ValidationException: "),
        (
            {**creation("abc"), "TimeToLiveSpecification": {"Enabled": True}},
            "table abc: ValidationException: ",
        ),
        (
            {"tables": [creation("abc")], "items": {"abc": [{"k": {"S": "1"}}]}},
            "table abc: ValidationException: ",
        ),
        (
            {"tables": [creation("abc")], "items": {"abc": [{"k": 1}]}},
            "table abc: SerializationException: ",
        ),
    ],
)
async def test_what_the_service_refuses_is_refused_in_its_words(tmp_path: Path, tree: Any, why: str) -> None:
    with pytest.raises(ValueError) as refusal:
        await Site().found(write(tmp_path / "wrong.json", tree))
    assert str(refusal.value).startswith(f"{tmp_path / 'wrong.json'}: {why}")
    assert "\n" not in str(refusal.value)
