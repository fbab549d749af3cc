"""The fixtures, as a suite of somebody's has them: in a pytest of its own, without an import."""

import subprocess
import sys
from pathlib import Path

SUITE = """
import asyncio

import boto3
import pytest

TABLE = {
    "TableName": "orders",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"},
}


@pytest.mark.dynamodb(tables=[TABLE])
@pytest.mark.parametrize("number", range(3))
def test_every_test_finds_empty_tables(dynamodb_url, number):
    db = boto3.client("dynamodb")
    assert db.meta.endpoint_url == dynamodb_url
    assert db.scan(TableName="orders")["Items"] == []
    db.put_item(TableName="orders", Item={"id": {"S": "a"}})
    assert db.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_without_a_mark_there_is_no_table(dynamodb_url):
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []


def test_faults_do_not_outlive_a_test(dynamodb_cluster, dynamodb_faults):
    assert dynamodb_faults.show() == []
    dynamodb_faults.throttle()
    dynamodb_faults.crash("n1")


def test_faults_did_not_outlive_a_test(dynamodb_cluster, dynamodb_faults):
    assert dynamodb_faults.show() == []
    assert all(node["alive"] for node in dynamodb_cluster.describe()["nodes"])


@pytest.mark.dynamodb(mode="realistic")
def test_realistic_tables_take_their_time(dynamodb_url):
    db = boto3.client("dynamodb")
    creation = {name: value for name, value in TABLE.items() if name != "TimeToLiveSpecification"}
    db.create_table(**creation)
    assert db.describe_table(TableName="orders")["Table"]["TableStatus"] == "CREATING"


@pytest.mark.dynamodb(tables=[TABLE])
async def test_the_client_is_for_trio(dynamodb):
    orders = dynamodb.table("orders")
    await orders.put({"id": "a", "n": 1})
    assert await orders.get({"id": "a"}) == {"id": "a", "n": 1}


@pytest.mark.dynamodb(tables=[TABLE])
def test_the_client_is_for_asyncio_and_for_one_loop_after_the_other(dynamodb, dynamodb_faults):
    fault = dynamodb_faults.throttle(operation="PutItem", count=1)
    orders = dynamodb.table("orders")
    asyncio.run(orders.put({"id": "a"}))
    assert asyncio.run(orders.scan().all()) == [{"id": "a"}]
    assert fault.fired == 1


def test_that_fails(dynamodb_url):
    assert False, "so that the seed is told"
"""


def test_a_suite_of_somebodys(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    ended = subprocess.run(
        [*command, "-o", "trio_mode=true", "-W", "error", "--dynamodb-seed", "12345", "test_suite.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "9 passed" in ended.stdout, ended.stdout + ended.stderr
    assert "1 failed" in ended.stdout
    assert "the same dice again: --dynamodb-seed=12345" in ended.stdout


def test_the_plugin_costs_nothing_where_nobody_uses_it() -> None:
    code = "import sys, trinamo.testing.plugin; print([m for m in sys.modules if m in ('trio', 'trinamo.node', 'rocksdict')])"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "[]"
