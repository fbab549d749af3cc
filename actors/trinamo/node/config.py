"""What a cluster in one process is told: how many nodes, where their data is, how they talk, how strict time is.

A `Config` that exists is right: every combination that makes no sense is refused when it is made, by a `ValueError`
of one line in the words of the command's flags.
"""

import re
from pathlib import Path
from typing import Final, Literal

import attrs

from trinamo.base import NodeId
from trinamo.node.triggers import SCHEMES, TriggerSpec
from trinamo.world import Durability

Transport = Literal["memory", "tcp"]
Mode = Literal["settled", "realistic"]
Wording = Literal["older", "newer"]

NODES_MAX: Final = 16
"""Nodes of one process. Each costs a store and an event loop's attention; what more of them could show, 16 do."""

PARTITIONS_MAX: Final = 1_000
"""Initial partitions of a table: a table of 40,000 write units, DynamoDB's quota, has 40."""

_REGION: Final = re.compile(
    r"[A-Za-z0-9_-]{1,64}"
)  # what a signature may name (trinamo.gateway.http.protocol)


def _durability(config: "Config") -> Durability:
    return Durability.MEMORY if config.data is None else Durability.OS


@attrs.frozen(kw_only=True)
class Config:
    """A cluster to be started.

    `partitions` are the initial ones of each table. `shared` makes one namespace of all accounts and regions. `data`
    is the directory under which each node has its own, None keeps everything in memory. `region` is what
    a request without a region means. `auth` is the file of those who may sign (`trinamo.node.credentials`); None takes
    everybody's signature unread. `wording` is the generation of some texts of errors (`trinamo.model.errors`).
    `shard_hours` is how long a shard of a stream is open; `stream_bytes` bounds what streams and indexes that lag keep, all
    copies together.
    `kinesis_endpoint` is the URL where the data streams are that tables have as destinations.
    `triggers` are those that are there from the start.
    """

    nodes: int = 3
    partitions: int = 1
    spread_leaders: bool = False
    shared: bool = False
    data: Path | None = None
    durability: Durability = attrs.field(default=attrs.Factory(_durability, takes_self=True))
    transport: Transport = "memory"
    mode: Mode = "settled"
    region: str = "us-east-1"
    seed: int | None = None
    auth: Path | None = None
    wording: Wording = "older"
    shard_hours: float = 4.0
    stream_bytes: int = 256 << 20
    kinesis_endpoint: str | None = None
    triggers: tuple[TriggerSpec, ...] = ()

    def __attrs_post_init__(self) -> None:
        _check_count("--nodes", self.nodes, NODES_MAX)
        _check_count("--partitions", self.partitions, PARTITIONS_MAX)
        if not self.shard_hours > 0:
            raise ValueError(f"--shard-hours is more than 0, not {self.shard_hours:g}")
        if self.stream_bytes < 1:
            raise ValueError(f"--stream-bytes is 1 or more, not {self.stream_bytes}")
        if self.kinesis_endpoint is not None and not self.kinesis_endpoint.startswith(SCHEMES):
            raise ValueError(
                f"--kinesis-endpoint is a URL that begins with http, not {self.kinesis_endpoint!r}"
            )
        _check_choice("--transport", self.transport, ("memory", "tcp"))
        _check_choice("--mode", self.mode, ("settled", "realistic"))
        _check_choice("--wording", self.wording, ("older", "newer"))
        if self.data is None and self.durability is not Durability.MEMORY:
            raise ValueError(f"--durability {self.durability.value} needs a directory: --data DIR")
        if self.data is not None and self.durability is Durability.MEMORY:
            raise ValueError("--durability with --data is os or fsync")
        if not _REGION.fullmatch(self.region):
            raise ValueError(f"{self.region!r} is not the name of a region")

    @property
    def node_ids(self) -> tuple[NodeId, ...]:
        """The nodes by name: n1, n2, …"""
        return tuple(NodeId(f"n{number}") for number in range(1, self.nodes + 1))

    @property
    def summary(self) -> str:
        """The cluster in the words of the ready line: `3 nodes, in memory`."""
        nodes = "1 node" if self.nodes == 1 else f"{self.nodes} nodes"
        if self.data is None:
            return f"{nodes}, in memory"
        return f"{nodes}, in {self.data}, {self.durability.value}"


def _check_count(flag: str, count: int, count_max: int) -> None:
    if not 1 <= count <= count_max:
        raise ValueError(f"{flag} is from 1 to {count_max}, not {count}")


def _check_choice(flag: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{flag} is {' or '.join(allowed)}, not {value!r}")
