"""Triggers of a running cluster: what functions are called with, what failures do, and what crashes do not."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trinamo.testing
from trinamo.testing import TrioCluster
from trinamo.testing.inprocess import BadMapping

Event = dict[str, Any]


def table(name: str = "orders", **more: Any) -> dict[str, Any]:
    return {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        **more,
    }


async def put(cluster: TrioCluster, *ids: str, name: str = "orders", **attributes: Any) -> None:
    for each in ids:
        await cluster.request("PutItem", {"TableName": name, "Item": {"id": {"S": each}, **attributes}})


def ids(records: Sequence[Any]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


class Recorder:
    """A function that remembers its events, and fails for some ids, so many times."""

    def __init__(self, failing: Callable[[list[str]], bool] = lambda _: False) -> None:
        self.calls: list[list[str]] = []
        self.events: list[Event] = []
        self.taken: list[str] = []
        self._failing = failing

    async def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.calls.append(ids(event["Records"]))
        if self._failing(self.calls[-1]):
            raise ValueError("no")
        self.taken += self.calls[-1]


async def test_a_function_is_called_with_lambdas_event() -> None:
    async with trinamo.testing.cluster() as cluster:
        created = await cluster.request("CreateTable", table())
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder)
        await put(cluster, "a", n={"N": "1"}, b={"B": "AAE="})
        await cluster.request("DeleteItem", {"TableName": "orders", "Key": {"id": {"S": "a"}}})
        await trigger.caught_up()
        records = [record for event in recorder.events for record in event["Records"]]
        assert [record["eventName"] for record in records] == ["INSERT", "REMOVE"]
        first = records[0]
        assert first["eventSourceARN"] == created["TableDescription"]["LatestStreamArn"]
        assert first["eventSource"] == "aws:dynamodb"
        assert first["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "1"}, "b": {"B": "AAE="}}
        assert isinstance(first["dynamodb"]["ApproximateCreationDateTime"], int)
        assert (trigger.statistics.records, trigger.statistics.failures) == (2, 0)


async def test_batches_are_as_large_as_asked_for() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, *"abcdefg")
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, batch_size=3)
        await trigger.caught_up()
        assert recorder.calls == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


async def test_a_trigger_from_the_latest_sees_what_comes() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, "old")
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, starting_position="LATEST")
        await put(cluster, "new")
        await trigger.caught_up()
        assert recorder.taken == ["new"]


async def test_a_trigger_waits_for_its_table_and_for_streams_one_after_the_other() -> None:
    async with trinamo.testing.cluster() as cluster:
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, starting_position="LATEST")
        await trigger.caught_up()
        await cluster.request("CreateTable", table())
        await put(cluster, "a")
        await trigger.caught_up()
        for enabled in (False, True):
            specification = {"StreamEnabled": enabled, **({"StreamViewType": "KEYS_ONLY"} if enabled else {})}
            request = {"TableName": "orders", "StreamSpecification": specification}
            await cluster.request("UpdateTable", request)
            await put(cluster, f"enabled {enabled}")
        await trigger.caught_up()
        await cluster.request("DeleteTable", {"TableName": "orders"})
        await cluster.request("CreateTable", table())
        await put(cluster, "b")
        await trigger.caught_up()
        assert recorder.taken == ["a", "enabled True", "b"]


async def test_records_that_no_filter_matches_are_passed_over() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        recorder = Recorder()
        filters: list[dict[str, Any] | str] = [
            {"dynamodb": {"NewImage": {"state": {"S": [{"prefix": "pa"}]}}}},
            {"eventName": ["REMOVE"]},
        ]
        trigger = await cluster.trigger("orders", recorder, filters=filters)
        for state in ("open", "paid", "packed"):
            await put(cluster, state, state={"S": state})
        await cluster.request("DeleteItem", {"TableName": "orders", "Key": {"id": {"S": "open"}}})
        await trigger.caught_up()
        assert recorder.taken == ["paid", "packed", "open"]


async def test_a_failing_batch_comes_again_in_order_until_it_is_taken() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, *"abc")
        left = Counter({"b": 2})

        def fails(batch: list[str]) -> bool:
            if "b" in batch and left["b"]:
                left["b"] -= 1
                return True
            return False

        recorder = Recorder(fails)
        trigger = await cluster.trigger("orders", recorder, batch_size=2)
        await trigger.caught_up()
        assert recorder.calls == [["a", "b"], ["a", "b"], ["a", "b"], ["c"]]
        assert recorder.taken == ["a", "b", "c"]
        assert trigger.statistics.failures == 2


async def test_what_is_given_up_goes_to_the_destination() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, *"abcd")
        notes: list[Event] = []
        recorder = Recorder(lambda batch: "c" in batch)
        trigger = await cluster.trigger(
            "orders", recorder, retries=1, bisect_on_error=True, on_failure=notes.append
        )
        await trigger.caught_up()
        assert recorder.taken == ["a", "b", "d"]
        [note] = notes
        assert note["requestContext"]["condition"] == "RetryAttemptsExhausted"
        assert note["DDBStreamBatchInfo"]["batchSize"] == 1
        [given_up] = trigger.discarded
        assert ids(given_up.records) == ["c"]
        assert given_up.error == "ValueError: no"


async def test_a_reply_may_report_failures() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, *"abc")
        calls: list[list[str]] = []

        async def function(event: Event) -> Any:
            calls.append(ids(event["Records"]))
            if calls[-1] == ["a", "b", "c"]:
                number = event["Records"][1]["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
            return None

        trigger = await cluster.trigger("orders", function, report_failures=True)
        await trigger.caught_up()
        assert calls == [["a", "b", "c"], ["b", "c"]]


async def test_records_that_grow_too_old_are_given_up() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, "a")
        await cluster.clock.advance("2m")
        await put(cluster, "b")
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, record_age=60)
        await trigger.caught_up()
        assert recorder.taken == ["b"]
        assert trigger.discarded[0].note["requestContext"]["condition"] == "RecordAgeExceeded"


async def test_parents_are_read_before_their_children(autojump_clock: MockClock) -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        for number in range(4):
            await put(cluster, f"{number}", f"{number}'")
            await cluster.clock.advance("4h1m")
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder)
        await trigger.caught_up()
        assert recorder.taken == [f"{number}{mark}" for number in range(4) for mark in ("", "'")]


async def test_a_window_gathers_records(autojump_clock: MockClock) -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, batching_window=20)
        begin = trio.current_time()
        for each in "abc":
            await put(cluster, each)
            await trio.sleep(5)
        await trigger.caught_up()
        assert recorder.calls == [["a", "b", "c"]]
        assert 19 < trio.current_time() - begin < 21


async def test_crashes_lose_no_record_and_keep_their_order() -> None:
    async with trinamo.testing.cluster(partitions=2) as cluster:
        await cluster.request("CreateTable", table())
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder, batch_size=5)
        written: list[str] = []
        for node in ("n1", "n2", "n3"):
            for version in range(20):
                await put(cluster, "a", "b", "c", v={"S": f"{node}.{version}"})
                written.append(f"{node}.{version}")
                if version == 7:
                    await cluster.faults.crash(node)
            await cluster.faults.restart(node)
        await trigger.caught_up()
        for id_ in "abc":
            seen = [
                record["dynamodb"]["NewImage"]["v"]["S"]
                for event in recorder.events
                for record in event["Records"]
                if record["dynamodb"]["Keys"]["id"]["S"] == id_
            ]
            assert seen == written


async def test_throttled_reads_of_the_stream_delay_a_trigger_only() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        await put(cluster, "a")
        fault = cluster.faults.fail_before(operation="GetRecords", count=2)
        recorder = Recorder()
        trigger = await cluster.trigger("orders", recorder)
        await trigger.caught_up()
        assert recorder.taken == ["a"]
        assert fault.fired == 2


async def test_names_and_settings_are_checked() -> None:
    async with trinamo.testing.cluster() as cluster:
        recorder = Recorder()
        await cluster.trigger("orders", recorder, name="totals")
        with pytest.raises(BadMapping, match="there is a trigger totals already"):
            await cluster.trigger("orders", recorder, name="totals")
        with pytest.raises(BadMapping, match="batch size lies between 1 and 10000"):
            await cluster.trigger("orders", recorder, batch_size=0)
        with pytest.raises(BadMapping, match="starting position is one of TRIM_HORIZON, LATEST"):
            await cluster.trigger("orders", recorder, starting_position="FIRST")


async def test_a_reset_ends_triggers() -> None:
    async with trinamo.testing.cluster() as cluster:
        await cluster.request("CreateTable", table())
        recorder = Recorder()
        await cluster.trigger("orders", recorder, name="totals")
        await cluster.reset()
        await cluster.request("CreateTable", table())
        await put(cluster, "a")
        another = Recorder()
        trigger = await cluster.trigger("orders", another, name="totals")
        await trigger.caught_up()
        assert (recorder.taken, another.taken) == ([], ["a"])


def test_a_plain_function_may_block_and_ask_the_cluster() -> None:
    with trinamo.testing.cluster_in_thread() as cluster:
        cluster.request("CreateTable", table())
        cluster.request("CreateTable", table("totals"))
        threads: set[str] = set()

        def count(event: Event, context: Any) -> None:
            assert context.function_name == "count"
            assert context.aws_request_id
            threads.add(threading.current_thread().name)
            for each in ids(event["Records"]):
                request = {
                    "TableName": "totals",
                    "Key": {"id": {"S": each}},
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
                cluster.request("UpdateItem", request)

        trigger = cluster.trigger("orders", count)
        for version in range(3):
            item = {"id": {"S": "a"}, "v": {"N": str(version)}}
            cluster.request("PutItem", {"TableName": "orders", "Item": item})
        trigger.caught_up()
        answer = cluster.request(
            "GetItem", {"TableName": "totals", "Key": {"id": {"S": "a"}}, "ConsistentRead": True}
        )
        assert answer["Item"]["n"] == {"N": "3"}
        assert threads
        assert "trinamo" not in threads
        trigger.remove()
        cluster.request("PutItem", {"TableName": "orders", "Item": {"id": {"S": "b"}}})
        assert trigger.statistics.records == 3
