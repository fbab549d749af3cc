"""What a node has to talk about for the partitions that are led here: conversations, each about one partition and one consumer of its feed.

They come and go with leadership and with the catalog. One that fails begins again after a while.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

import attrs
import structlog
import trio

from trinamo.actor import Actor, System
from trinamo.base import OperatingError, PartitionId
from trinamo.cluster.view import CatalogView
from trinamo.partition import Host, Replica
from trinamo.partition.consumers import Consumers
from trinamo.world import Clock

_log = structlog.get_logger("trinamo.cluster")

Id = TypeVar("Id")


@attrs.frozen
class Key(Generic[Id]):
    """What a conversation is about: a partition, and who consumes its feed."""

    partition: PartitionId
    consumer: Id


class Conversation(ABC, Generic[Id]):
    """One conversation."""

    def __init__(self, key: Key[Id]) -> None:
        self.key = key
        self.scope = trio.CancelScope()
        self._bell = trio.Event()
        self._consumers: Consumers | None = None

    def ring(self) -> None:
        """Something has changed."""
        self._bell.set()

    def hush(self) -> None:
        """From now on nothing has changed."""
        self._bell = trio.Event()

    async def rung(self) -> None:
        """Return when something has changed."""
        await self._bell.wait()

    def listen(self, replica: Replica) -> Consumers:
        """Have the bell ring when the feed of a replica grows, and no other's."""
        if replica.consumers is not self._consumers:
            self.leave()
            self._consumers = replica.consumers
            self._consumers.listen(self.ring)
        return replica.consumers

    def leave(self) -> None:
        """Listen no more."""
        if self._consumers is not None:
            self._consumers.forget(self.ring)
            self._consumers = None

    @abstractmethod
    async def run(self) -> None:
        """Go on until there is nothing to talk about. Raises operating errors."""


class Conversations(Actor, Generic[Id]):
    """All conversations of a kind of a node. It takes no messages."""

    def __init__(
        self, name: str, clock: Clock, system: System, host: Host, view: CatalogView, *, retry_s: float
    ) -> None:
        super().__init__(name)
        self.clock = clock
        self._system = system
        self._host = host
        self._view = view
        self._retry_s = retry_s
        self._woken = trio.Event()
        self._conversations: dict[Key[Id], Conversation[Id]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._system.node} {len(self._conversations)} conversations>"

    def wake(self) -> None:
        """Look again at what is led here."""
        self._woken.set()
        for conversation in self._conversations.values():
            conversation.ring()

    async def run(self) -> None:
        """Have a conversation about everything that is wanted, until cancelled."""
        self._conversations.clear()  # of a run that failed
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            while True:
                self._woken = trio.Event()
                wanted = self._wanted()
                for key, conversation in self._conversations.items():
                    if key not in wanted:
                        conversation.scope.cancel()
                for key in wanted:
                    if key not in self._conversations:
                        self._conversations[key] = self._begin(key)
                        nursery.start_soon(self._converse, self._conversations[key])
                await self._woken.wait()

    async def _watch(self) -> None:
        while True:
            await self._view.wait_change()
            self.wake()

    async def _converse(self, conversation: Conversation[Id]) -> None:
        with conversation.scope:
            while not self._system.stopped:
                try:
                    await conversation.run()
                except OperatingError as error:
                    key, node = conversation.key, self._system.node
                    _log.info(
                        f"{self.name} waits",
                        node=node,
                        partition=key.partition,
                        consumer=key.consumer,
                        reason=str(error),
                    )
                finally:
                    conversation.leave()
                await self.clock.sleep_until(self.clock.monotonic() + self._retry_s)
        del self._conversations[conversation.key]
        self._woken.set()  # perhaps it is led here again

    def leader(self, partition: PartitionId) -> Replica | None:
        """Return the replica of a partition that is led here."""
        replica = self._host.replicas.get(partition)
        return replica if replica is not None and replica.core.leads else None

    @abstractmethod
    def _wanted(self) -> Mapping[Key[Id], None]:
        """What there is to talk about here, in order."""

    @abstractmethod
    def _begin(self, key: Key[Id]) -> Conversation[Id]:
        """Make a conversation."""
