"""Breaking a cluster on purpose: the verbs, as methods.

    fault = cluster.faults.throttle(table="orders", probability=0.3, seed=1)
    ...
    print(fault.fired, "of", fault.matched)
    cluster.faults.remove(fault.id)

Over HTTP the same is `POST /_trinamo/faults {"verb": "throttle", "table": "orders", ...}`: both come to `ask` and `add`,
and take the same fields. Selectors: `table`, `index`, `operation` ("PutItem"), `key` (DynamoDB JSON), `node`, `from_`
(in JSON `from`), `to`, `groups`. How often: `probability` with a `seed`, or `count`. How much: `ms`, `lag_ms`, `items` or
`bytes`, `error`, `reason`; `seconds` ends a fault by itself. The same requests in the same order meet the same faults.
"""

from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import trio

from trinamo.base import NodeId, OperatingError
from trinamo.faults import BadFault, Fault, Faults, Kind
from trinamo.faults.target import Part, selects_part
from trinamo.faults.verbs import NETWORK_DELAY, read_verb
from trinamo.gateway.faulty import check_words, perform_under_faults
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.model.keys import item_key
from trinamo.model.reading import read_attributes
from trinamo.model.tables import TableAddress
from trinamo.node.node import Node
from trinamo.node.weather import FaultyWeather
from trinamo.world import seeded_random

if TYPE_CHECKING:
    from trinamo.node.cluster import Cluster, Seat

LOOK_S: Final = 0.05  # how often faults with `seconds` are looked at
TRANSFER_S: Final = 5.0  # how long a leader may take to come where it shall be


class Often(TypedDict, total=False):
    """How often a fault happens to what it selects: always; by the dice; so many times."""

    probability: float
    seed: int
    count: int
    seconds: float
    """After which it ends by itself."""


class Select(Often, total=False):
    """Which requests: all that are about items, or those of a table, an index, an operation, an item."""

    table: str
    index: str
    operation: str
    key: dict[str, Any]


class Frames(Often, total=False):
    """Which frames: all between nodes, those from one, to one, or from and to one."""

    node: str
    from_: str
    to: str


class ClusterFaults:
    """What is broken in a cluster of this process."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._faults = Faults(cluster.clock.monotonic, seeded_random, lambda: cluster.random.getrandbits(32))
        self.weather = FaultyWeather(self._faults)
        self.any = False  # whether any may happen to a request: asked for each
        self._added = trio.Event()

    def __repr__(self) -> str:
        return f"<ClusterFaults {self._faults!r}>"

    def show(self) -> list[dict[str, Any]]:
        """Return every fault that lasts, with how often it has happened."""
        return [fault.show() for fault in self._faults]

    # -- requests ---------------------------------------------------------------------------------------------

    async def handle(self, node: Node, request: ApiRequest) -> bytes:
        """Perform a request as the faults will have it. Raises `ApiError`, `ReplyDropped`."""
        if self.weather.rough:
            await self.weather.wait_awake(node.id)
        if not self._faults.on_requests:
            return await node.handle(request)
        return await perform_under_faults(self._faults, node.world.clock, node.database, request)

    # -- asking -----------------------------------------------------------------------------------------------

    async def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Do what a request for a fault asks for. Raises `BadFault`."""
        verb, fields = read_verb(body)
        if verb.kind is not Kind.ACT:
            return {"id": self.add(verb.name, **fields).id}
        match verb.name:
            case "crash":
                return await self.crash(fields["node"])
            case "restart":
                return await self.restart(fields["node"])
            case "transfer":
                return await self.transfer(**fields)
            case _:
                return {"removed": self.repair()}

    def add(self, verb: str, **fields: Any) -> Fault:
        """Let a fault last. Raises `BadFault`."""
        fields = {name.rstrip("_"): value for name, value in fields.items() if value is not None}
        read, fields = read_verb({"verb": verb, **fields})
        check_words(read.name, fields)
        names = [fields[name] for name in ("node", "from", "to") if name in fields]
        for name in [*names, *(each for group in fields.get("groups", ()) for each in group)]:
            self._cluster.seat(name)
        fault = self._faults.add(read, fields)
        self._update()
        return fault

    def remove(self, id_: str) -> str:
        """End a fault. Raises `BadFault` for one that is not there."""
        fault = self._faults.remove(id_)
        self._update()
        return fault.id

    def clear(self) -> list[str]:
        """End all faults; nodes that were crashed stay so."""
        return self._clear(None)

    def repair(self) -> list[str]:
        """End all faults between nodes."""
        return self._clear(Kind.NETWORK)

    def _clear(self, kind: Kind | None) -> list[str]:
        ended = [fault.id for fault in self._faults.clear(kind)]
        self._update()
        return ended

    def _update(self) -> None:
        self.weather.update()
        self.any = self._faults.on_requests or self.weather.rough
        for node in self._cluster.nodes:
            self.prepare(node)
        added, self._added = self._added, trio.Event()
        added.set()

    def prepare(self, node: Node) -> None:
        """Have a node's replicas keep as much of their past as stale reads will ask for, and its indexer be late."""
        node.indexer.lag(self._index_lag_s)
        node.database.lags = lambda table, index: bool(self._index_lags(table, index))
        lags = [fault.fields["lag_ms"] / 1000 for fault in self._faults if fault.name == "stale_reads"]
        node.host.past_s = max(lags, default=0.0)

    def _index_lags(self, table: TableAddress, index: str) -> list[Fault]:
        part = Part(table.name, index)
        return [fault for fault in self._faults.of_kind(Kind.INDEX) if selects_part(fault.fields, part)]

    def _index_lag_s(self, table: TableAddress, index: str) -> float:
        lags = [fault for fault in self._index_lags(table, index) if fault.fires()]
        return max((fault.fields["lag_ms"] / 1000 for fault in lags), default=0.0)

    async def run(self) -> None:
        """End faults whose time is over, until cancelled."""
        clock = self._cluster.clock
        while True:
            if any(fault.ends is not None for fault in self._faults):
                await clock.sleep_until(clock.monotonic() + LOOK_S)
                if self._faults.expire():
                    self._update()
            else:
                await self._added.wait()

    # -- faults of requests -----------------------------------------------------------------------------------

    def throttle(
        self, *, error: str | None = None, reason: str | None = None, **select: Unpack[Select]
    ) -> Fault:
        """Refuse for want of capacity, before anything is done; in batches, single items stay unprocessed.

        `error` is ProvisionedThroughputExceededException, ThrottlingException (the default for tables on demand) or
        RequestLimitExceeded; `reason` one of the service's, with or without `TableRead` and the like before it.
        """
        return self.add("throttle", error=error, reason=reason, **select)

    def fail_before(self, *, error: str | None = None, **select: Unpack[Select]) -> Fault:
        """Answer with a 500 (or `error="ServiceUnavailable"`, a 503), and do nothing."""
        return self.add("fail_before", error=error, **select)

    def fail_after(self, *, error: str | None = None, **select: Unpack[Select]) -> Fault:
        """Do it, and answer with a 500 (or `error="ServiceUnavailable"`, a 503)."""
        return self.add("fail_after", error=error, **select)

    def drop_reply(self, **select: Unpack[Select]) -> Fault:
        """Do it, and close the connection without an answer."""
        return self.add("drop_reply", **select)

    def conflict(self, **select: Unpack[Select]) -> Fault:
        """Refuse writes as if a transaction held the item."""
        return self.add("conflict", **select)

    def unprocessed(self, *, items: int | None = None, **select: Unpack[Select]) -> Fault:
        """Leave items of batches unprocessed: each by the dice, or the last `items` of a batch."""
        return self.add("unprocessed", items=items, **select)

    def small_pages(
        self, *, items: int | None = None, bytes: int | None = None, **select: Unpack[Select]
    ) -> Fault:
        """End pages of Query and Scan after `items` items, or with the item that brings them above `bytes`."""
        return self.add("small_pages", items=items, bytes=bytes, **select)

    def stale_reads(self, *, lag_ms: float, **select: Unpack[Select]) -> Fault:
        """Let eventually consistent reads see what was there `lag_ms` ago."""
        return self.add("stale_reads", lag_ms=lag_ms, **select)

    def index_lag(
        self,
        *,
        lag_ms: float,
        table: str | None = None,
        index: str | None = None,
        seconds: float | None = None,
    ) -> Fault:
        """Let global indexes learn of writes `lag_ms` later; reads of them do not wait for it."""
        return self.add("index_lag", lag_ms=lag_ms, table=table, index=index, seconds=seconds)

    def delay(self, *, ms: float, **select: Unpack[Select]) -> Fault:
        """Hold requests for `ms`."""
        return self.add("delay", ms=ms, **select)

    # -- faults between nodes ---------------------------------------------------------------------------------

    def delay_frames(self, *, ms: float, **frames: Unpack[Frames]) -> Fault:
        """Hold frames between nodes for `ms`."""
        return self.add(NETWORK_DELAY, ms=ms, **frames)

    def drop(self, **frames: Unpack[Frames]) -> Fault:
        """Lose frames between nodes."""
        return self.add("drop", **frames)

    def partition(self, *groups: list[str], seconds: float | None = None) -> Fault:
        """Part the groups of nodes from each other."""
        return self.add("partition", groups=[list(group) for group in groups], seconds=seconds)

    def isolate(self, node: str, *, seconds: float | None = None) -> Fault:
        """Part one node from all others. Its gateway still answers."""
        return self.add("isolate", node=node, seconds=seconds)

    def pause(self, node: str, *, seconds: float | None = None) -> Fault:
        """Stop a node, as a long collection of garbage would: requests that come to its gateway wait."""
        return self.add("pause", node=node, seconds=seconds)

    # -- acts -------------------------------------------------------------------------------------------------

    async def crash(self, node: str) -> dict[str, Any]:
        """End a node at once; what its storage holds stays. Its gateway's requests go to another."""
        seat = self._cluster.seat(node)
        if seat.node is None or not seat.node.alive:
            raise BadFault(f"{seat.id} is not alive")
        seat.node.crash()
        await seat.node.ended.wait()  # its last task is over: nothing of it touches the store any more
        return _alive(seat)

    async def restart(self, node: str) -> dict[str, Any]:
        """Begin another life of a crashed node."""
        seat = self._cluster.seat(node)
        if seat.node is not None and seat.node.alive:
            raise BadFault(f"{seat.id} is alive")
        await self._cluster.begin(seat)
        return _alive(seat)

    async def transfer(self, table: str, to: str, key: dict[str, Any] | None = None) -> dict[str, Any]:
        """Have `to` lead the partitions of a table, or the one that holds `key`; return when it does.

        Leaders at home elsewhere return there after a while, unless the cluster spreads them.
        """
        target = self._cluster.seat(to).id
        moved: list[int] = []
        for node in self._cluster.nodes:
            for record in node.view.tables.values():
                if record.spec.name != table or not record.shown:
                    continue
                routes = record.partitions
                if key is not None:
                    attributes = read_attributes(dict(key)).tree
                    routes = (node.view.routes[record.table_id].of(item_key(record.spec.keys, attributes)),)
                for route in routes:
                    if target not in route.replicas:
                        raise BadFault(f"{to} has no replica of partition {route.partition}")
                    await self._move(route.partition, target)
                    moved.append(route.partition)
            break
        if not moved:
            raise BadFault(f"there is no table {table!r}")
        return {"partitions": moved, "leader": target}

    async def _move(self, partition: int, target: NodeId) -> None:
        clock = self._cluster.clock
        deadline = clock.monotonic() + TRANSFER_S
        while clock.monotonic() < deadline:
            for node in self._cluster.nodes:
                replica = node.host.replicas.get(partition)  # type: ignore[call-overload]  # an id, as an int
                if replica is not None and replica.core.settled:
                    if node.id == target:
                        return
                    try:
                        replica.transfer(target)
                    except OperatingError:
                        continue
            await clock.sleep_until(clock.monotonic() + LOOK_S)
        raise BadFault(f"{target} does not come to lead partition {partition}")


def _alive(seat: "Seat") -> dict[str, Any]:
    return {"node": seat.id, "alive": seat.node is not None and seat.node.alive}
