"""One program, every way to run the cluster: the bytes between nodes travel in memory or over TCP, to disk or not."""

from pathlib import Path
from typing import Any

import pytest

from dynamodb.clients import connect, create_table, every_item, load
from dynamodb.server import Server, serving, wait_until
from recovery.cluster_view import alive, stragglers

CATCH_UP_SECONDS_MAX = 10.0
TABLE = "program"


def basic_program(client: Any) -> None:
    """What a first boto3 program does."""
    create_table(client, TABLE, sort_type="N")
    items = [{"pk": {"S": str(n % 7)}, "sk": {"N": str(n)}, "x": {"S": "x" * n}} for n in range(500)]
    load(client, TABLE, items)
    for consistent in (True, False):
        found = every_item(client.scan, TableName=TABLE, ConsistentRead=consistent, Limit=90)
        assert sorted(found, key=lambda item: int(item["sk"]["N"])) == items
    found = every_item(
        client.query,
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND sk > :sk",
        ExpressionAttributeValues={":pk": {"S": "3"}, ":sk": {"N": "250"}},
        ScanIndexForward=False,
    )
    assert found == [item for item in items[::-1] if item["pk"]["S"] == "3" and int(item["sk"]["N"]) > 250]
    key = {"pk": {"S": "3"}, "sk": {"N": "3"}}
    client.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET y = :y",
        ExpressionAttributeValues={":y": {"BOOL": True}},
    )
    assert client.get_item(TableName=TABLE, Key=key)["Item"] == {**items[3], "y": {"BOOL": True}}
    client.delete_item(TableName=TABLE, Key=key)
    assert "Item" not in client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)


def _serves_the_program(server: Server) -> None:
    client = connect(server.url)
    basic_program(client)
    assert alive(server) == {"n1": True, "n2": True, "n3": True}
    wait_until(lambda: not stragglers(server), "all replicas are equal", CATCH_UP_SECONDS_MAX)
    server.change("faults", verb="crash", node="n1")
    key = {"pk": {"S": "new"}, "sk": {"N": "1"}}
    client.put_item(TableName=TABLE, Item=key)
    assert client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"] == key
    server.change("faults", verb="restart", node="n1")
    wait_until(lambda: not stragglers(server), "n1 has caught up", CATCH_UP_SECONDS_MAX)
    assert server.stop() == 0, server.complaints()


@pytest.mark.parametrize("transport", ["memory", "tcp"])
def test_every_transport_serves_the_program_and_survives_a_crash(transport: str) -> None:
    with serving("--transport", transport, "--spread-leaders", "--partitions", "3") as server:
        assert "3 nodes" in server.ready_line
        _serves_the_program(server)


def test_a_cluster_over_tcp_keeps_what_it_stored(tmp_path: Path) -> None:
    flags = ("--transport", "tcp", "--data", str(tmp_path / "data"))
    with serving(*flags) as server:
        basic_program(connect(server.url))
        server.kill()
    with serving(*flags) as server:
        found = every_item(connect(server.url).scan, TableName=TABLE, ConsistentRead=True)
        assert len(found) == 499
        assert server.stop() == 0, server.complaints()


@pytest.mark.parametrize("nodes", [1, 5])
def test_clusters_of_other_sizes_serve_the_program(nodes: int) -> None:
    with serving("--nodes", str(nodes)) as server:
        basic_program(connect(server.url))
        assert alive(server) == {f"n{number}": True for number in range(1, nodes + 1)}
        assert server.stop() == 0, server.complaints()
