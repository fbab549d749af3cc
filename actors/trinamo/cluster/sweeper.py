"""The sweeper of a node: deletes what has expired in the partitions led here.

Each of these has a sweep, if its items expire at all. A sweep learns what expires next (`trinamo.partition.expiry`), sleeps
until then, and asks the leader to delete what has expired: a bounded number of items at once, each of which the leader
judges by itself. Where things are settled items go `GRACE_S` after they expired, else some minutes, by the dice.

1. Moments are those of the wall clock, so sweeps move as that is advanced; they look at it again after `LOOK_S`.
2. A sweep remembers nothing that matters: one that fails, or goes to another node, reads the partition anew. So two nodes
   that both believe to lead do no harm.
3. Tables that are being filled from a copy are not swept before they are shown.
"""

from typing import Final

import structlog
import trio

from trinamo.actor import Actor, System
from trinamo.base import OperatingError, PartitionId
from trinamo.cluster.records import PartitionRecord
from trinamo.cluster.router import Router
from trinamo.cluster.view import CatalogView
from trinamo.model.tables import TableStatus
from trinamo.partition import Host, Replica
from trinamo.partition.expiry import Expiries
from trinamo.partition.messages import Expire, PassOn
from trinamo.world import Clock, Random

SWEEPER: Final = "sweeper"
GRACE_S: Final = 1  # so that whoever writes what has expired may still see it
LATE_MIN_S: Final = 60
LATE_MAX_S: Final = 600
"""How late items go where things are realistic: less than the days of AWS, but long enough to be met."""
KEYS_AT_ONCE: Final = 50  # PROTOCOLS 3: deleting one costs about 15 µs, and more with indexes
READ_PAUSE_S: Final = 0.001  # between slices of a hundred items: a million are read in some fifteen seconds
LOOK_S: Final = 60.0  # the machine's wall clock may have stepped
RETRY_S: Final = 0.1  # when the router has given up

_log = structlog.get_logger("trinamo.cluster")


class Sweeper(Actor):
    """All sweeps of a node. It takes no messages."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        system: System,
        host: Host,
        router: Router,
        view: CatalogView,
        *,
        settled: bool,
    ) -> None:
        super().__init__(SWEEPER)
        self.clock = clock
        self.router = router
        self._random = random
        self._system = system
        self._host = host
        self._view = view
        self._settled = settled
        self._woken = trio.Event()
        self._sweeps: dict[PartitionId, _Sweep] = {}

    def __repr__(self) -> str:
        return f"<Sweeper {self._system.node} {len(self._sweeps)} sweeps>"

    def wake(self) -> None:
        """Look again at what is led here."""
        self._woken.set()
        for sweep in self._sweeps.values():
            sweep.ring()

    async def sweep(self, partition: PartitionId) -> bool:
        """Return when what has expired of a partition is deleted; False if it is not led here, or not to the end."""
        sweep = self._sweeps.get(partition)
        return sweep is not None and await sweep.hurry()

    async def run(self) -> None:
        """Have a sweep for every partition led here whose items expire, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            while True:
                self._woken = trio.Event()
                wanted = self._wanted()
                for partition, sweep in self._sweeps.items():
                    if partition not in wanted:
                        sweep.scope.cancel()
                for partition in wanted:
                    if partition not in self._sweeps:
                        self._sweeps[partition] = _Sweep(self, partition)
                        nursery.start_soon(self._keep_sweeping, self._sweeps[partition])
                await self._woken.wait()

    async def _watch(self) -> None:
        while True:
            await self._view.wait_change()
            self.wake()

    def _wanted(self) -> dict[PartitionId, None]:
        return {
            route.partition: None
            for record in self._view.tables.values()
            if (record.expiry is not None or record.coming.time_to_live is not None)
            and record.status is not TableStatus.DELETING
            and record.shown
            for route in record.partitions
            if self._leader(route.partition) is not None
        }

    def _leader(self, partition: PartitionId) -> Replica | None:
        replica = self._host.replicas.get(partition)
        return replica if replica is not None and replica.core.leads else None

    async def _keep_sweeping(self, sweep: "_Sweep") -> None:
        node, partition = self._system.node, sweep.partition
        try:
            with sweep.scope:
                while not self._system.stopped:
                    try:
                        await sweep.run()
                    except OperatingError as error:
                        _log.info("sweep waits", node=node, partition=partition, reason=str(error))
                    await self.clock.sleep_until(self.clock.monotonic() + RETRY_S)
        finally:
            sweep.end_hurries(swept=False)
            del self._sweeps[partition]
        self._woken.set()  # perhaps it is led here again

    # -- what sweeps ask of it --------------------------------------------------------------------------------

    def find(self, partition: PartitionId) -> tuple[Replica, PartitionRecord] | None:
        """Return a partition's replica and record, if it is still there and led here."""
        replica, route = self._leader(partition), self._view.partitions.get(partition)
        return None if replica is None or route is None else (replica, route)

    def late_s(self) -> int:
        """Draw by how much later than it could an item shall be deleted."""
        return 0 if self._settled else self._random.randrange(LATE_MIN_S, LATE_MAX_S + 1)


class _Hurry:
    """Somebody waits for a sweep."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.swept = False


class _Sweep:
    """One partition, for as long as it is led here."""

    def __init__(self, sweeper: Sweeper, partition: PartitionId) -> None:
        self.partition = partition
        self.scope = trio.CancelScope()
        self._sweeper = sweeper
        self._bell = trio.Event()
        self._unread: bytes | None = b""  # where reading goes on
        self._kept: list[bytes] = []  # keys of what had not expired after all
        self._hurries: list[_Hurry] = []

    def ring(self) -> None:
        """Something has changed."""
        self._bell.set()

    async def hurry(self) -> bool:
        """Return when all that has expired by now is deleted; False if the sweep ends before."""
        hurry = _Hurry()
        self._hurries.append(hurry)
        self.ring()
        await hurry.over.wait()
        return hurry.swept

    async def run(self) -> None:
        """Go on until the partition is not led here any more. Raises operating errors."""
        replica: Replica | None = None
        try:
            while (found := self._sweeper.find(self.partition)) is not None:
                self._bell = trio.Event()
                replica, route = found
                attribute = replica.settings.expiry
                if attribute is None:
                    replica.expiries = None
                    self.end_hurries(swept=True)
                    await self._bell.wait()
                    continue
                expiries = replica.expiries
                if expiries is None or expiries.attribute != attribute:
                    expiries = replica.expiries = Expiries(attribute, self._sweeper.late_s)
                    expiries.earlier = self.ring
                    self._read_anew(expiries)
                await self._go_on(replica, route, expiries)
        finally:
            if replica is not None:
                replica.expiries = None

    def _read_anew(self, expiries: Expiries) -> None:
        expiries.begin()
        self._unread = b""
        self._kept.clear()

    def end_hurries(self, *, swept: bool) -> None:
        """Tell those who wait that they need not any more."""
        hurries, self._hurries = self._hurries, []
        for hurry in hurries:
            hurry.swept = swept
            hurry.over.set()

    async def _go_on(self, replica: Replica, route: PartitionRecord, expiries: Expiries) -> None:
        """Do the next bit, or wait until there is one."""
        if self._unread is not None:
            self._unread = replica.read_expiries(self._unread)
        now = self._sweeper.clock.wall()
        up_to = int(now) if self._hurries else int(now - 1 - GRACE_S)
        keys = expiries.take(up_to, KEYS_AT_ONCE)
        if keys:
            await self._expire(replica, route, keys)
        elif self._unread is not None:
            await self._pause()
        elif expiries.horizon is not None and expiries.horizon <= up_to:
            self._read_anew(expiries)
        elif self._hurries:
            self.end_hurries(swept=True)
        elif self._kept:
            kept, self._kept = self._kept[:KEYS_AT_ONCE], self._kept[KEYS_AT_ONCE:]
            for key in kept:
                replica.note_expiry(key)
        else:
            await self._wait_until(LOOK_S if expiries.next is None else expiries.next + 1 + GRACE_S - now)

    async def _expire(self, replica: Replica, route: PartitionRecord, keys: list[bytes]) -> None:
        router = self._sweeper.router
        answer = await router.call(route, Expire(route.epoch, tuple(keys)))
        if answer.behind is None:
            self._kept += answer.kept
            return
        await router.call(route, PassOn(route.epoch, answer.behind))
        for key in answer.kept:
            replica.note_expiry(key)

    async def _pause(self) -> None:
        clock = self._sweeper.clock
        await clock.sleep_until(clock.monotonic() + (0 if self._hurries else READ_PAUSE_S))

    async def _wait_until(self, seconds: float) -> None:
        """Return after so long, or when the bell rings."""
        clock = self._sweeper.clock
        async with trio.open_nursery() as nursery:

            async def end_at_bell() -> None:
                await self._bell.wait()
                nursery.cancel_scope.cancel()

            nursery.start_soon(end_at_bell)
            await clock.sleep_until(clock.monotonic() + max(READ_PAUSE_S, min(seconds, LOOK_S)))
            nursery.cancel_scope.cancel()
