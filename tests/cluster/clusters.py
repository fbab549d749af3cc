"""A cluster in memory and in this process, in the time of the jumping clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from trinamo.base import NodeId, PartitionId
from trinamo.cluster import SYSTEM_PARTITION
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.tables import BillingMode, TableAddress, TableSpec
from trinamo.node.cluster import Cluster
from trinamo.node.config import Config, Mode
from trinamo.node.node import Node
from trinamo.partition import Replica
from trinamo.partition.bounds import Bounds

LIMIT_S = 60.0  # of virtual time
LOOK_S = 0.01
KEYS = KeySchema(KeyAttribute("pk", "S"))
HERE = TableAddress("000000000000", "us-east-1", "tab")


def spec(name: str = "tab") -> TableSpec:
    return TableSpec(name, KEYS.attributes, KEYS, BillingMode.PAY_PER_REQUEST)


@asynccontextmanager
async def running(
    *,
    nodes: int = 3,
    partitions: int = 1,
    mode: Mode = "settled",
    shared: bool = False,
    bounds: Bounds = Bounds(),
) -> AsyncIterator[Cluster]:
    """Needs the autojump clock."""
    cluster = Cluster(Config(nodes=nodes, partitions=partitions, mode=mode, shared=shared))
    cluster.node_config = attrs.evolve(cluster.node_config, bounds=bounds)
    async with trio.open_nursery() as nursery:
        await nursery.start(cluster.run)
        yield cluster
        nursery.cancel_scope.cancel()


async def until(cluster: Cluster, holds: Callable[[], bool]) -> None:
    """Let virtual time pass until `holds`."""
    with trio.fail_after(LIMIT_S):
        while not holds():
            await cluster.clock.sleep_until(cluster.clock.monotonic() + LOOK_S)


def node(cluster: Cluster, name: str) -> Node:
    return next(one for one in cluster.nodes if one.id == NodeId(name))


def replica(cluster: Cluster, name: str, partition: PartitionId = SYSTEM_PARTITION) -> Replica:
    return node(cluster, name).host.replicas[partition]


def leads(cluster: Cluster, name: str, partition: PartitionId = SYSTEM_PARTITION) -> bool:
    """Whether the node lives, and leads with an entry of its own term applied."""
    for one in cluster.nodes:
        if one.id == name and partition in one.host.replicas:
            return one.host.replicas[partition].core.settled
    return False


async def crash(cluster: Cluster, name: str) -> None:
    await cluster.fault({"verb": "crash", "node": name})


async def restart(cluster: Cluster, name: str) -> None:
    await cluster.fault({"verb": "restart", "node": name})
