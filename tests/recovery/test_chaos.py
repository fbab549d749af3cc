"""Nodes crash and networks part, again and again, under constant load over HTTP. Figures go to the test's output."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb.clients import connect, create_table, every_item
from dynamodb.server import Server, serving, wait_until
from recovery.cluster_view import alive, stragglers

NODES = ("n1", "n2", "n3")
USERS = 4
CATCH_UP_SECONDS_MAX = 20.0
UNDISTURBED_SECONDS = 0.4
PAUSE_SECONDS = 0.02  # behind a failure


@attrs.define
class User:
    """One who counts: writes the next number under its key, and reads it back strongly."""

    name: str
    acknowledged: int = 0
    sent: int = 0
    acknowledged_at: list[float] = attrs.field(factory=list)
    stale: list[str] = attrs.field(factory=list)
    failures: int = 0

    def count(self, url: str, stop: threading.Event) -> None:
        client = connect(url, read_seconds=10.0)
        key = {"pk": {"S": self.name}, "sk": {"N": "0"}}
        while not stop.is_set():
            self.sent += 1
            number = {"N": str(self.sent)}
            try:
                client.put_item(TableName="counts", Item={**key, "number": number})
                client.put_item(
                    TableName="counts", Item={"pk": {"S": self.name}, "sk": number, "number": number}
                )
                self.acknowledged = self.sent
                self.acknowledged_at.append(time.monotonic())
                before = self.acknowledged
                read = client.get_item(TableName="counts", Key=key, ConsistentRead=True)["Item"]["number"][
                    "N"
                ]
                if int(read) < before:
                    self.stale.append(f"{self.name} read {read} after {before} was acknowledged")
            except (BotoCoreError, ClientError):
                self.failures += 1
                time.sleep(PAUSE_SECONDS)


@contextmanager
def counting(server: Server) -> Iterator[list[User]]:
    users = [User(f"user {number}") for number in range(USERS)]
    stop = threading.Event()
    threads = [threading.Thread(target=user.count, args=(server.url, stop)) for user in users]
    for thread in threads:
        thread.start()
    try:
        yield users
    finally:
        stop.set()
        for thread in threads:
            thread.join(60.0)


def progress(users: list[User]) -> None:
    """Wait until every user has one more write acknowledged."""
    seen = [user.acknowledged for user in users]
    wait_until(
        lambda: all(user.acknowledged > before for user, before in zip(users, seen, strict=True)),
        "every user goes on",
        CATCH_UP_SECONDS_MAX,
    )


def judge(server: Server, users: list[User], acted_at: list[float], what: str) -> None:
    """Nothing acknowledged is lost, no strong read was stale, and every replica ends equal."""
    wait_until(lambda: not stragglers(server), "replicas are equal", CATCH_UP_SECONDS_MAX)
    client = connect(server.url)
    for user in users:
        found = {
            int(each["sk"]["N"])
            for each in every_item(
                client.query,
                TableName="counts",
                KeyConditionExpression="pk = :name",
                ExpressionAttributeValues={":name": {"S": user.name}},
                ConsistentRead=True,
            )
        }
        assert user.stale == []
        assert set(range(1, user.sent + 1)) >= found - {0}
        assert user.acknowledged in found
    outages = sorted(max(outage(user, acted) for user in users) for acted in acted_at)
    writes, failures = sum(len(user.acknowledged_at) for user in users), sum(user.failures for user in users)
    print(
        f"\n{what}: {len(acted_at)} times, {writes} writes acknowledged, {failures} failed; until everybody's next write"
        f" was acknowledged: median {outages[len(outages) // 2]:.2f} s, longest {outages[-1]:.2f} s"
    )


def outage(user: User, acted: float) -> float:
    """How long after `acted` the user's next write was acknowledged."""
    return next((after for after in user.acknowledged_at if after > acted), acted) - acted


def chaos(
    times: int, act: Callable[[Server, random.Random, list[User], list[float]], None], what: str
) -> None:
    dice = random.Random(what)
    acted_at: list[float] = []
    with serving("--spread-leaders", "--partitions", "4") as server:
        create_table(connect(server.url), "counts", sort_type="N")
        with counting(server) as users:
            progress(users)
            for _ in range(times):
                act(server, dice, users, acted_at)
        judge(server, users, acted_at, what)
        assert server.stop() == 0, server.complaints()


def crash_and_restart(server: Server, dice: random.Random, users: list[User], acted_at: list[float]) -> None:
    node = dice.choice(NODES)
    acted_at.append(time.monotonic())
    server.change("faults", verb="crash", node=node)
    progress(users)
    time.sleep(UNDISTURBED_SECONDS * dice.random())
    server.change("faults", verb="restart", node=node)
    wait_until(lambda: all(alive(server).values()), f"{node} is back", CATCH_UP_SECONDS_MAX)
    wait_until(lambda: len(stragglers(server)) < 5, f"{node} catches up", CATCH_UP_SECONDS_MAX)
    progress(users)


def part_and_mend(server: Server, dice: random.Random, users: list[User], acted_at: list[float]) -> None:
    node = dice.choice(NODES)
    others = [other for other in NODES if other != node]
    acted_at.append(time.monotonic())
    server.change("faults", verb="partition", groups=[[node], others])
    progress(users)
    time.sleep(UNDISTURBED_SECONDS * dice.random())
    server.change("faults", verb="repair")
    progress(users)


def test_nodes_crash_a_few_times_under_load() -> None:
    chaos(3, crash_and_restart, "crashes")


def test_the_network_parts_a_few_times_under_load() -> None:
    chaos(3, part_and_mend, "partitions")


@pytest.mark.soak
def test_nodes_crash_again_and_again_under_load() -> None:
    chaos(50, crash_and_restart, "crashes and restarts")


@pytest.mark.soak
def test_the_network_parts_again_and_again_under_load() -> None:
    chaos(20, part_and_mend, "network partitions")
