"""The networks that the contract is tried on."""

from typing import Protocol

from trinamo.base import NodeId
from trinamo.world import MemoryHub, Network, TcpNetwork


class MortalNetwork(Network, Protocol):
    """A network that can be taken from its node."""

    def sever(self) -> None: ...


class Neighbourhood(Protocol):
    """Some nodes that can reach each other. Nothing is lost, delayed or reordered between them."""

    async def join(self, node: NodeId) -> MortalNetwork:
        """Return a new network for `node`, ready to serve."""

    def close(self) -> None:
        """Sever all that joined."""


class MemoryNeighbourhood:
    def __init__(self) -> None:
        self._hub = MemoryHub()
        self._joined: list[MortalNetwork] = []

    async def join(self, node: NodeId) -> MortalNetwork:
        network = self._hub.network(node)
        self._joined.append(network)
        return network

    def close(self) -> None:
        for network in self._joined:
            network.sever()


class TcpNeighbourhood:
    def __init__(self) -> None:
        self._addresses: dict[NodeId, tuple[str, int]] = {}
        self._joined: list[MortalNetwork] = []

    async def join(self, node: NodeId) -> MortalNetwork:
        self._addresses[node] = ("127.0.0.1", 0)
        network = TcpNetwork(node, self._addresses)
        await network.bind()
        self._joined.append(network)
        return network

    def close(self) -> None:
        for network in self._joined:
            network.sever()


NEIGHBOURHOODS: dict[str, type[Neighbourhood]] = {"memory": MemoryNeighbourhood, "tcp": TcpNeighbourhood}
