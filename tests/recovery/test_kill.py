"""kill -9 at random moments under load: on the same directory everything acknowledged is there again, nothing in halves.

The moments come from a seed, which stands in the failure: `SEED` below, plus the durability.
"""

import random
import threading
from pathlib import Path

import pytest

from dynamodb.clients import connect, create_table
from dynamodb.server import serving, wait_until
from recovery.cluster_view import stragglers
from recovery.writers import History, broken_promises, writing

SEED = 20260101
WRITERS = 4
LOAD_SECONDS_MIN, LOAD_SECONDS_MAX = 0.05, 0.6
FIRST_WRITE_SECONDS_MAX = 10.0
SETTLE_SECONDS_MAX = 10.0
TABLE = "killed"


def _kill_and_return(directory: Path, durability: str, kills: int) -> None:
    flags = ("--data", str(directory / "data"), "--durability", durability)
    dice = random.Random(f"{SEED} {durability}")
    histories = [History(f"writer {number}") for number in range(WRITERS)]
    for kill in range(kills):
        with serving(*flags) as server:
            client = connect(server.url)
            if kill == 0:
                create_table(client, TABLE, sort_type="N")
            lost = broken_promises(client, TABLE, histories)
            assert lost == [], f"after kill {kill} of seed {SEED}, {durability}"
            before = sum(len(history.acknowledged_at) for history in histories)
            with writing(server.url, TABLE, histories, read_seconds=2.0):
                wait_until(
                    lambda: sum(len(history.acknowledged_at) for history in histories) > before,  # noqa: B023 - this round's
                    "a write is acknowledged",
                    FIRST_WRITE_SECONDS_MAX,
                )
                threading.Event().wait(dice.uniform(LOAD_SECONDS_MIN, LOAD_SECONDS_MAX))
                server.kill()
    with serving(*flags) as server:
        lost = broken_promises(connect(server.url), TABLE, histories)
        assert lost == [], f"after kill {kills} of seed {SEED}, {durability}"
        assert sum(len(history.stored) for history in histories) > kills
        wait_until(lambda: not stragglers(server), "all replicas are equal", SETTLE_SECONDS_MAX)
        assert server.stop() == 0, server.complaints()


@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_two_kills_lose_nothing_that_was_acknowledged(tmp_path: Path, durability: str) -> None:
    _kill_and_return(tmp_path, durability, kills=2)


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["os", "fsync"])
def test_twenty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path, durability: str) -> None:
    _kill_and_return(tmp_path, durability, kills=20)


def test_a_table_deleted_or_created_before_a_kill_is_so_behind_it(tmp_path: Path) -> None:
    flags = ("--data", str(tmp_path / "data"))
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    with serving(*flags) as server:
        client = connect(server.url)
        for name in ("stays", "goes", "again"):
            create_table(client, name, sort_type="N")
            client.put_item(TableName=name, Item=key)
        for name in ("goes", "again"):
            client.delete_table(TableName=name)
            client.get_waiter("table_not_exists").wait(
                TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
            )
        create_table(client, "again", sort_type="N")
        described = client.describe_table(TableName="stays")["Table"]
        server.kill()
    with serving(*flags) as server:
        client = connect(server.url)
        assert client.list_tables()["TableNames"] == ["again", "stays"]
        assert client.scan(TableName="again", ConsistentRead=True)["Items"] == []
        assert client.scan(TableName="stays", ConsistentRead=True)["Items"] == [key]
        assert client.describe_table(TableName="stays")["Table"]["TableId"] == described["TableId"]
        assert server.stop() == 0, server.complaints()


def test_what_a_proper_stop_leaves_is_there_again(tmp_path: Path) -> None:
    flags = ("--data", str(tmp_path / "data"), "--durability", "fsync")
    histories = [History("writer")]
    with serving(*flags) as server:
        create_table(connect(server.url), TABLE, sort_type="N")
        with writing(server.url, TABLE, histories):
            wait_until(
                lambda: len(histories[0].acknowledged_at) > 100,
                "a hundred writes",
                FIRST_WRITE_SECONDS_MAX,
            )
        assert server.stop() == 0, server.complaints()
    with serving(*flags) as server:
        assert broken_promises(connect(server.url), TABLE, histories) == []
        assert server.stop() == 0, server.complaints()


def test_a_directory_serves_one_process_at_a_time(tmp_path: Path) -> None:
    flags = ("--data", str(tmp_path / "data"))
    with serving(*flags) as server:
        with pytest.raises(AssertionError, match="not a ready line"), serving(*flags):
            pass
        assert server.view("health")
