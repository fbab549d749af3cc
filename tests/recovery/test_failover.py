"""Any one node crashes under writers: the door stays open, writes work again, nothing acknowledged is lost.

One cluster serves the whole module; every test leaves it with three nodes that have caught up.
"""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from dynamodb.clients import connect, create_table
from dynamodb.server import Server, serving, wait_until
from recovery.cluster_view import alive, leaders, stragglers
from recovery.writers import History, broken_promises, writing

NODES = ("n1", "n2", "n3")
# An election takes under a second; the rest is for a machine whose processors are shared.
OUTAGE_SECONDS_MAX = 2.0
CATCH_UP_SECONDS_MAX = 10.0
WARM_SECONDS_MAX = 10.0
WRITERS = 4
WRITES_BEFORE, WRITES_AFTER = 20, 40

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def spread() -> Iterator[Server]:
    """Every node leads some of a table's partitions."""
    with serving("--spread-leaders", "--partitions", "6") as server:
        yield server
        assert server.stop() == 0, server.complaints()


@pytest.fixture(scope="module")
def together() -> Iterator[Server]:
    """As by default: one node, the gateway's, leads everything."""
    with serving() as server:
        yield server
        assert server.stop() == 0, server.complaints()


def _histories() -> list[History]:
    return [History(f"writer {next(_numbers)}") for _ in range(WRITERS)]


def _wait_for_writes(histories: list[History], count: int, seconds: float) -> None:
    begin = [len(history.acknowledged_at) for history in histories]
    wait_until(
        lambda: all(
            len(history.acknowledged_at) >= before + count
            for history, before in zip(histories, begin, strict=True)
        ),
        f"every writer has {count} more acknowledged writes; failures: {[h.failures[-1:] for h in histories]}",
        seconds,
    )


def _longest_outage(history: History, since: float) -> float:
    """The longest wait between acknowledgements around and behind a moment."""
    moments = [
        max(m for m in history.acknowledged_at if m <= since),
        *(m for m in history.acknowledged_at if m > since),
    ]
    return max(after - before for before, after in itertools.pairwise(moments))


def _crash_and_return(server: Server, node: str, table: str) -> None:
    client = connect(server.url)
    create_table(client, table, sort_type="N")
    histories = _histories()
    with writing(server.url, table, histories):
        _wait_for_writes(histories, WRITES_BEFORE, WARM_SECONDS_MAX)
        crashed = time.monotonic()
        server.change("faults", verb="crash", node=node)
        assert server.view("health")  # the door is open
        assert alive(server) == {each: each != node for each in NODES}
        _wait_for_writes(histories, WRITES_AFTER, WARM_SECONDS_MAX)
        assert node not in leaders(server)
    outages = [_longest_outage(history, crashed) for history in histories]
    assert max(outages) < OUTAGE_SECONDS_MAX, outages
    assert broken_promises(client, table, histories) == []

    server.change("faults", verb="restart", node=node)
    with writing(server.url, table, histories):
        _wait_for_writes(histories, WRITES_BEFORE, WARM_SECONDS_MAX)
    wait_until(lambda: all(alive(server).values()), f"{node} is back", CATCH_UP_SECONDS_MAX)
    wait_until(lambda: not stragglers(server), f"{node} has caught up", CATCH_UP_SECONDS_MAX)
    assert broken_promises(client, table, histories) == []
    client.delete_table(TableName=table)


@pytest.mark.parametrize("node", NODES)
def test_any_node_of_a_spread_cluster_may_crash_under_load(spread: Server, node: str) -> None:
    _crash_and_return(spread, node, f"spread.{node}")


def test_every_node_of_a_spread_cluster_leads_something(spread: Server) -> None:
    """The hash ring says who leads; that thirty partitions miss one node of three has odds of 1 in 60,000."""
    client = connect(spread.url)
    names = [f"led.{number}" for number in range(5)]
    for name in names:
        create_table(client, name, sort_type="N")
        client.scan(TableName=name, ConsistentRead=True)
    wait_until(lambda: leaders(spread) == set(NODES), "all nodes lead", CATCH_UP_SECONDS_MAX)
    for name in names:
        client.delete_table(TableName=name)


def test_the_node_that_leads_everything_may_crash_under_load(together: Server) -> None:
    _crash_and_return(together, "n1", "together")


def test_each_node_may_crash_in_turn_and_all_that_was_acknowledged_stays(together: Server) -> None:
    """Every replica is lost once: what is there at the end has been handed from node to node."""
    client = connect(together.url)
    create_table(client, "turns", sort_type="N")
    histories = _histories()
    for node in NODES:
        with writing(together.url, "turns", histories):
            _wait_for_writes(histories, WRITES_BEFORE, WARM_SECONDS_MAX)
            together.change("faults", verb="crash", node=node)
            _wait_for_writes(histories, WRITES_BEFORE, WARM_SECONDS_MAX)
            together.change("faults", verb="restart", node=node)
            _wait_for_writes(histories, WRITES_BEFORE, WARM_SECONDS_MAX)
        wait_until(lambda: not stragglers(together), f"{node} has caught up", CATCH_UP_SECONDS_MAX)
    assert broken_promises(client, "turns", histories) == []
    client.delete_table(TableName="turns")


def test_tables_are_created_and_deleted_while_a_node_is_down(together: Server) -> None:
    client = connect(together.url)
    together.change("faults", verb="crash", node="n3")
    create_table(client, "born.without", sort_type="N")
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    client.put_item(TableName="born.without", Item=key)
    together.change("faults", verb="restart", node="n3")
    wait_until(lambda: all(alive(together).values()), "n3 is back", CATCH_UP_SECONDS_MAX)
    wait_until(lambda: not stragglers(together), "n3 has caught up", CATCH_UP_SECONDS_MAX)
    together.change("faults", verb="crash", node="n1")
    assert client.get_item(TableName="born.without", Key=key, ConsistentRead=True)["Item"] == key
    together.change("faults", verb="restart", node="n1")
    wait_until(lambda: not stragglers(together), "n1 has caught up", CATCH_UP_SECONDS_MAX)
    client.delete_table(TableName="born.without")


def test_a_fault_that_makes_no_sense_is_refused(together: Server) -> None:
    for body in ({"verb": "crash", "node": "n9"}, {"verb": "vanish", "node": "n1"}, {}):
        assert together.try_change("faults", **body)[0] == 400
    assert all(alive(together).values())


def test_who_asked_the_gateway_of_a_node_that_crashes_is_answered_at_once(together: Server) -> None:
    """Its outcome is unknown (PROTOCOLS 4): a 500, and not after the time that others wait for a leader."""
    client = connect(together.url)
    create_table(client, "asked.in.vain", sort=None)
    stop, slowest, codes = threading.Event(), [0.0], set[str]()

    def ask() -> None:
        asker = connect(together.url)
        while not stop.is_set():
            begin = time.monotonic()
            try:
                asker.get_item(TableName="asked.in.vain", Key={"pk": {"S": "a"}}, ConsistentRead=True)
            except ClientError as error:
                codes.add(error.response["Error"]["Code"])
            slowest[0] = max(slowest[0], time.monotonic() - begin)

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    try:
        for node in ("n2", "n1", "n1"):
            together.change("faults", verb="pause", node="n2", seconds=0.2)  # so that some wait for a leader
            together.change("faults", verb="crash", node=node)
            together.change("faults", verb="restart", node=node)
            wait_until(lambda: not stragglers(together), f"{node} has caught up", CATCH_UP_SECONDS_MAX)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert codes <= {"InternalServerError"}
    assert slowest[0] < OUTAGE_SECONDS_MAX
    client.delete_table(TableName="asked.in.vain")
