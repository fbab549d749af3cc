"""What is public, and that a user's program has its types."""

import subprocess
import sys
from pathlib import Path

import pytest

import trinamo.client
from client import program
from client.stage import Stage, everywhere
from trinamo.client.operations import OPERATIONS, Operations, snake_case
from trinamo.model.operations import SERVICES

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = """
    Add Attr CannotLoad Change Client ClientError Condition ConditionalCheckFailed Credentials Delete DynamoError Environment
    Index Key NoCredentials NotAnAttribute OutcomeUnknown Page Policy Raw Remove ResourceInUse ResourceNotFound Results Set Stream
    SystemEnvironment Table Throttled TransactionCanceled TransactionConflict Unprocessed Unreachable ValidationError connect
"""
CLIENT = "call environment retries table tables"
TABLE = """
    alter batch_delete batch_get batch_put client create delete describe drop exists get name put query scan stream update
    wait_until_active wait_until_gone
"""


def public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_the_public_names_are_these() -> None:
    assert trinamo.client.__all__ == sorted(trinamo.client.__all__) == PUBLIC.split()


@everywhere
async def test_clients_and_tables_have_these(stage: Stage) -> None:
    assert public(stage.db) == {*CLIENT.split(), *OPERATIONS}
    assert public(stage.db.table("orders")) == set(TABLE.split())


def test_every_operation_of_the_api_has_its_name() -> None:
    assert set(Operations.__annotations__) == set(map(snake_case, SERVICES))
    assert OPERATIONS["update_table_replica_auto_scaling"] == "UpdateTableReplicaAutoScaling"
    assert OPERATIONS["list_tags_of_resource"] == "ListTagsOfResource"


@everywhere
async def test_a_users_program_runs(stage: Stage) -> None:
    assert await program.main(stage.target) == [
        "Order(user='ann', at=1, total=Decimal('9.95'), tags=frozenset({'new'}))",
        "False",
        "1",
        "2",
        "4",
        "insert",
        "ACTIVE",
    ]


WRONG = """
from trinamo.client import Attr, Client, Key, connect

async def main(db: Client) -> None:
    await db.get_items(TableName="t")
    orders = db.table("orders")
    await orders.put({}, returning="new")
    await orders.create({"id": "string"})
    first: int = await orders.get({"id": "a"})
    orders.query(Attr("a"))
    async for item in orders.scan(into=str):
        item.no_such_method()
"""


@pytest.mark.parametrize(
    ("source", "faults"),
    [(Path(program.__file__).read_text(), []), (WRONG, [5, 7, 8, 9, 10, 12])],
    ids=["right", "wrong"],
)
def test_mypy_knows_a_right_program_from_a_wrong_one(source: str, faults: list[int], tmp_path: Path) -> None:
    (tmp_path / "users.py").write_text(source)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file",
        "",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    ended = subprocess.run(
        [*command, "users.py"], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    found = [int(line.split(":")[1]) for line in ended.stdout.splitlines() if ": error:" in line]
    assert found == faults, ended.stdout + ended.stderr
