"""The cluster as the operations' database (`trinamo.gateway.operations.database`).

Outcomes (PROTOCOLS 4): what nobody took within the wait is a 503; what was handed over and not answered is a 500,
since nobody knows its outcome. A table's identity is (account, region, name); `shared` ignores the first two.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from typing import Final, TypeVar

import attrs
import structlog
import trio

from trinamo.actor import Request
from trinamo.base import OperatingError
from trinamo.cluster import (
    Catalog,
    IndexRecord,
    PartitionRecord,
    Router,
    Routes,
    TableRecord,
    Tables,
)
from trinamo.gateway.operations.database import (
    ChangeSettings,
    Counted,
    Delete,
    Expression,
    IndexState,
    Put,
    Row,
    Slice,
    Stored,
    Table,
    Unread,
    Update,
    Written,
)
from trinamo.gateway.operations.paging import KeyRange
from trinamo.gateway.outcomes import carry_out
from trinamo.gateway.streams import ClusterStreams
from trinamo.model.alteration import Alter
from trinamo.model.errors import (
    ApiError,
    deletion_protected,
    index_in_use,
    internal_server_error,
    operations_exceeded,
    resource_not_found,
    service_unavailable,
    table_exists,
    table_in_use,
    table_not_found,
    tables_exceeded,
    throttled,
)
from trinamo.model.limits import CONTROL_OPERATIONS_MAX, TABLES_MAX
from trinamo.model.tables import BillingMode, TableAddress, TableSpec, TableStatus
from trinamo.model.values import Item, encode_item
from trinamo.partition.messages import (
    ExpressionText,
    Found,
    Get,
    ItemWrite,
    PassOn,
    Read,
    Tally,
    Write,
    WriteKind,
    WriteResult,
)
from trinamo.partition.replica import INDEX_BEHIND
from trinamo.partition.stored import item_of, size_of
from trinamo.wire import Message
from trinamo.world import Clock

R = TypeVar("R", bound=Message)
T = TypeVar("T")
A = TypeVar("A")

SHARED: Final = ("000000000000", "us-east-1")
STATUS_WAIT_MAX_S: Final = 10.0  # how long settled operations wait for a table to be created or gone
# How long settled DescribeTable waits for the same: an SDK's waiter that finds it undone looks again after 20 s.
DESCRIBE_WAIT_MAX_S: Final = 2.0
INDEX_WAIT_MAX_S: Final = 2.0  # PROTOCOLS 6: how long a settled read waits for a global index
SLICE_ROWS: Final = 100

_SERVED: Final = (TableStatus.ACTIVE, TableStatus.UPDATING)
_BEING: Final = {
    TableStatus.CREATING: "created",
    TableStatus.UPDATING: "updated",
    TableStatus.DELETING: "deleted",
}

_log = structlog.get_logger("trinamo.gateway")


@attrs.define
class IndexReads:
    """How many settled reads of global indexes went ahead of what was written, for waiting took too long."""

    ahead: int = 0


class ClusterDatabase:
    """One node's gateway to all partitions."""

    def __init__(
        self, clock: Clock, catalog: Catalog, router: Router, *, settled: bool = True, shared: bool = False
    ) -> None:
        self._clock = clock
        self._catalog = catalog
        self._view = catalog.view
        self._router = router
        self._settled = settled
        self._shared = shared
        self._tables: dict[TableAddress, Table] = {}
        self._tables_version = -2
        self._misses: set[TableAddress] = set()
        self.lags: Callable[[TableAddress, str], bool] = lambda _table, _index: False
        """Whether a global index is behind on purpose, so that reads shall not wait for it."""
        self.index_reads = IndexReads()
        self.streams = ClusterStreams(
            clock, catalog, router, self._own, self._wait_until_at_rest, settled=settled
        )
        self._lag_s = 0.0  # by how much eventually consistent reads are behind, on purpose

    def __repr__(self) -> str:
        return f"<ClusterDatabase {self._catalog!r}>"

    # -- tables -----------------------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        return self._settled

    async def create_table(self, address: TableAddress, spec: TableSpec) -> Table:
        address = self._own(address)

        def admit(tables: Tables) -> None:
            existing = tables.get(address)
            if existing is not None:
                passing = existing.status is TableStatus.DELETING
                raise _InTheWay(table_exists(address.name), passing=passing)
            beside = _beside(address, tables)
            if len(beside) >= TABLES_MAX:
                raise tables_exceeded()
            self._check_operations(beside)

        return await self._change(lambda now: self._catalog.create_table(address, spec, now, admit))

    async def update_table(self, address: TableAddress, alter: Alter) -> Table:
        def begin(record: TableRecord, now: float) -> TableRecord:
            _check_idle(record)
            spec, next_spec = alter(record.spec, now)
            status = TableStatus.ACTIVE if next_spec is None else TableStatus.UPDATING
            altered = attrs.evolve(record, spec=spec, next_spec=next_spec, status=status)
            return altered.with_streams(now)

        table = await self._alter(address, begin)
        record = self._view.tables.get(self._own(address))
        if self._settled and record is not None and record.changes_stream:
            await self._wait_until_at_rest(self._own(address))  # what is written from now on is in the stream
        return table

    async def change_settings(self, address: TableAddress, change: ChangeSettings) -> Table:
        def both(record: TableRecord, now: float) -> TableRecord:
            if record.status is not TableStatus.UPDATING:
                _check_idle(record)
            spec = change(record.spec, now)
            next_spec = None if record.next_spec is None else change(record.next_spec, now)
            return attrs.evolve(record, spec=spec, next_spec=next_spec)

        table = await self._alter(address, both)
        if self._settled and table.expiry != table.spec.time_to_live:
            await self._wait_until_expiring(self._own(address), table.spec.time_to_live)
        if self._settled:
            await self._wait_until_delivering(self._own(address))
        return table

    async def delete_table(self, address: TableAddress) -> Table:
        def delete(record: TableRecord, now: float) -> TableRecord:
            if record.status is TableStatus.DELETING:
                return record
            _check_idle(record)
            if record.spec.deletion_protection:
                raise deletion_protected()
            return attrs.evolve(record, status=TableStatus.DELETING).with_streams(now)

        return await self._alter(address, delete)

    async def describe_table(self, address: TableAddress) -> Table:
        await carry_out(self._catalog.refresh())
        record = self._view.tables.get(self._own(address))
        if record is not None and not _is_at_rest(record) and self._settled:
            record = await self._wait_until_at_rest(self._own(address))
        if record is None:
            raise table_not_found(address.name)
        return await self._counted(_table(record, self._now()))

    async def find_table(self, address: TableAddress) -> Table | None:
        await carry_out(self._catalog.refresh())
        record = self._view.tables.get(self._own(address))
        return None if record is None else _table(record, self._now())

    async def list_tables(
        self, account: str, region: str, after: str | None, count_max: int
    ) -> Sequence[str]:
        await carry_out(self._catalog.refresh())
        owner = SHARED if self._shared else (account, region)
        names = sorted(a.name for a in self._view.tables if (a.account, a.region) == owner)
        return [name for name in names if after is None or name > after][:count_max]

    async def table(self, address: TableAddress) -> Table:
        view = self._view
        if self._tables_version != view.version:
            self._tables = {a: _table(r) for a, r in view.tables.items() if r.status in _SERVED}
            self._tables_version = view.version
        found = self._tables.get(address)
        if found is not None:
            return found
        own = self._own(address)
        record = await self._find(own)
        if record is not None and record.status is TableStatus.CREATING and self._settled:
            record = await self._wait_until_created(own)
        if record is None or record.status not in _SERVED:
            self._note_miss(own)
            raise resource_not_found()
        return _table(record)

    def declared(self, address: TableAddress) -> TableSpec | None:
        """Return what this node knows of a table, in any status; for words, not for decisions."""
        record = self._view.tables.get(self._own(address))
        return None if record is None else record.spec

    async def _counted(self, table: Table) -> Table:
        """Return the table with what its partitions hold; only one that takes requests has partitions to ask."""
        routes = self._view.routes.get(table.table_id)
        if routes is None or table.status not in _SERVED:
            return table
        local = () if table.indexes is None else table.indexes.local
        sums = [0] * (2 * (1 + len(local)))
        for route in routes.record.partitions:
            answer = await self._read(table, route, Tally(route.epoch), False)
            sums = [a + b for a, b in zip_longest(sums, answer.tallies, fillvalue=0)]
        counts = zip(local, sums[2::2], sums[3::2], strict=False)
        sizes = {index.name: Counted(entries, size) for index, entries, size in counts}
        for each in routes.record.indexes:
            tallied = [await self._read(table, route, Tally(route.epoch), False) for route in each.partitions]
            sizes[each.name] = Counted(
                sum(one.tallies[0] for one in tallied), sum(one.tallies[1] for one in tallied)
            )
        return attrs.evolve(table, item_count=sums[0], size_bytes=sums[1], index_sizes=sizes)

    async def _alter(
        self, address: TableAddress, alter: Callable[[TableRecord, float], TableRecord]
    ) -> Table:
        """Change a table that is there."""
        own = self._own(address)

        def attempt(now: float) -> Awaitable[TableRecord]:
            def alter_own(tables: Tables) -> TableRecord:
                record = tables.get(own)
                if record is None:
                    raise table_not_found(address.name)
                altered = alter(record, now)
                if altered.status is not record.status:
                    self._check_operations(_beside(own, tables))
                return altered

            return self._catalog.alter_table(alter_own)

        return await self._change(attempt)

    async def _change(self, attempt: Callable[[float], Awaitable[TableRecord]]) -> Table:
        """Change the catalog; where things are settled, once nothing is in the way that only passes."""
        deadline = self._clock.monotonic() + STATUS_WAIT_MAX_S
        while True:
            now = self._now()
            try:
                return _table(await carry_out(attempt(now)), now)
            except _InTheWay as error:
                if not (error.passing and self._settled) or self._clock.monotonic() >= deadline:
                    raise error.refusal from None
            await self._wait_for_change(deadline)

    def _check_operations(self, tables: Sequence[TableRecord]) -> None:
        """Raise the error of too many changes at once; where things are settled they take no time worth counting."""
        passing = sum(record.status is not TableStatus.ACTIVE for record in tables)
        if not self._settled and passing >= CONTROL_OPERATIONS_MAX:
            raise operations_exceeded()

    def _now(self) -> float:
        return round(self._clock.wall(), 3)  # DynamoDB: moments of the control plane have milliseconds

    def _own(self, address: TableAddress) -> TableAddress:
        return TableAddress(*SHARED, address.name) if self._shared else address

    async def _find(self, address: TableAddress) -> TableRecord | None:
        """Look in the catalog itself when the view has nothing final."""
        address = self._own(address)
        record = self._view.tables.get(address)
        if record is None or record.status is not TableStatus.ACTIVE:
            await carry_out(self._catalog.refresh())
            record = self._view.tables.get(address)
        return record

    async def _wait_until_created(self, address: TableAddress) -> TableRecord | None:
        deadline = self._clock.monotonic() + STATUS_WAIT_MAX_S
        while True:
            record = self._view.tables.get(address)
            if record is None or record.status is not TableStatus.CREATING:
                return record
            if self._clock.monotonic() >= deadline:
                raise service_unavailable()
            await self._wait_for_change(deadline)

    async def _wait_until_at_rest(self, address: TableAddress) -> TableRecord | None:
        """Give a change of status a moment to end, and return what the table is then."""
        deadline = self._clock.monotonic() + DESCRIBE_WAIT_MAX_S
        while True:
            record = self._view.tables.get(address)
            changing = record is not None and not _is_at_rest(record)
            if not changing or self._clock.monotonic() >= deadline:
                return record
            await self._wait_for_change(deadline)

    async def _wait_until_expiring(self, address: TableAddress, attribute: str | None) -> None:
        """Give a change of the time to live a moment to be in force."""
        deadline = self._clock.monotonic() + STATUS_WAIT_MAX_S
        while self._clock.monotonic() < deadline:
            record = self._view.tables.get(address)
            if record is None or record.expiry == attribute or record.coming.time_to_live != attribute:
                return
            await self._wait_for_change(deadline)

    async def _wait_until_delivering(self, address: TableAddress) -> None:
        """Give a change of Kinesis destinations a moment to be in force."""
        deadline = self._clock.monotonic() + STATUS_WAIT_MAX_S
        while self._clock.monotonic() < deadline:
            record = self._view.tables.get(address)
            if record is None or not record.changes_destinations:
                return
            await self._wait_for_change(deadline)

    async def _wait_for_change(self, deadline: float) -> None:
        """Wait for the view to change; now and then look into the catalog, should the news be lost."""
        version = self._view.version
        await self._view.wait_change_until(self._clock, min(deadline, self._clock.monotonic() + 0.25))
        if self._view.version == version:
            await carry_out(self._catalog.refresh())

    def _note_miss(self, address: TableAddress) -> None:
        if address in self._misses or len(self._misses) > 1000:
            return
        elsewhere = [
            each.address
            for each in self._view.tables.values()
            if each.shown and each.spec.name == address.name and each.address != address
        ]
        if elsewhere:
            self._misses.add(address)
            _log.warning("table is in another namespace", asked=address, found=elsewhere[0])

    async def wait_for_index(self, table: Table, index: str) -> Table:
        deadline = self._clock.monotonic() + STATUS_WAIT_MAX_S
        address = self._own(table.address)
        while True:
            record = self._view.tables.get(address)
            if record is None:
                raise resource_not_found()
            known = record.index(index)
            filling = known is not None and known.status is TableStatus.CREATING
            if not (filling and self._settled) or self._clock.monotonic() >= deadline:
                return _table(record)
            await self._wait_for_change(deadline)

    # -- items ------------------------------------------------------------------------------------------------

    async def catch_up(self, table: Table, index: str) -> None:
        if not self._settled or self._lag_s or self.lags(table.address, index):
            return
        record = self._routes(table).record
        known = record.index(index)
        if known is None:
            return  # the read finds out
        request = [(route, PassOn(route.epoch, known.index_id)) for route in record.partitions]
        slow = [(route, ask) for route, ask in request if self._router.answer_now(route, ask) is None]
        if slow and not await self._pass_on(slow):
            self.index_reads.ahead += 1

    async def _pass_on(self, asks: Sequence[tuple[PartitionRecord, PassOn]]) -> bool:
        """Wait until an index has taken what is committed now; False if that takes too long, or nobody can say."""
        passed: list[bool] = []

        async def ask(route: PartitionRecord, request: PassOn) -> None:
            try:
                passed.append((await self._router.call(route, request)).in_time)
            except OperatingError:
                passed.append(False)

        async with trio.open_nursery() as nursery:

            async def ring() -> None:
                await self._clock.sleep_until(self._clock.monotonic() + INDEX_WAIT_MAX_S)
                nursery.cancel_scope.cancel()

            nursery.start_soon(ring)
            await _all_at_once(ask, asks)
            nursery.cancel_scope.cancel()
        return len(passed) == len(asks) and all(passed)

    async def get(self, table: Table, key: bytes, *, consistent: bool) -> Stored | None:
        route = self._routes(table).of(key)
        request = Get(route.epoch, (key,))
        strong = consistent or (self._settled and not self._lag_s)
        found = self._router.answer_now(route, request) if strong else None
        if found is None:
            found = await self._read(table, route, request, consistent)
        assert isinstance(found, Found)
        value = found.values[0]
        return None if value is None else Stored(item_of(value), size_of(value))

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | Unread | None]:
        found: dict[bytes, Stored | None] = {}

        async def read(route: PartitionRecord, some: list[bytes]) -> None:
            answer = await self._read(table, route, Get(route.epoch, tuple(some)), consistent)
            for key, value in zip(some, answer.values, strict=True):
                found[key] = None if value is None else Stored(item_of(value), size_of(value))

        await _all_at_once(read, self._by_partition(table, keys))
        return [found[key] for key in keys]

    async def write(self, table: Table, write: Put | Delete | Update) -> Written:
        route = self._routes(table).of(write.key)
        answer = await self._call(route, Write(route.epoch, (_item_write(write),)))
        return self._written(table, answer.results[0])

    async def write_many(self, table: Table, writes: Sequence[Put | Delete]) -> Sequence[Written | None]:
        by_key = {write.key: write for write in writes}
        done: dict[bytes, Written] = {}
        behind: list[str] = []

        async def put(route: PartitionRecord, keys: list[bytes]) -> None:
            request = Write(route.epoch, tuple(_item_write(by_key[key]) for key in keys))
            try:
                answer = await self._router.call(route, request)
            except OperatingError as error:
                if error.retryable:
                    return  # surely not done: the caller hears that these are unprocessed
                raise internal_server_error() from None
            for key, result in zip(keys, answer.results, strict=True):
                if result.fault is not None and result.fault.code == INDEX_BEHIND:
                    behind.append(result.fault.text)
                else:
                    done[key] = self._written(table, result)

        await _all_at_once(put, self._by_partition(table, [write.key for write in writes]))
        if writes and not done:
            raise self._throttled(table, behind[0]) if behind else service_unavailable()
        return [done.get(write.key) for write in writes]

    async def read(
        self,
        table: Table,
        keys: KeyRange,
        *,
        count_max: int | None,
        size_max: int,
        forward: bool,
        consistent: bool,
        index: str | None = None,
        whole: bool = False,
    ) -> Slice:
        record = self._routes(table).record
        known = None if index is None else record.index(index)
        partitions = record.partitions if known is None else known.partitions
        inside = [p for p in partitions if _overlaps(p, keys)]
        if not inside:
            return Slice((), None)
        route = inside[0] if forward else inside[-1]
        start = max(keys.start, route.start)
        end = _least_end(keys.end, route.end)
        limit = SLICE_ROWS if count_max is None else min(count_max, SLICE_ROWS)
        number = 0 if index is None or known is not None else _index_number(table, index)
        request = Read(route.epoch, start, end, limit, size_max, forward, index=number, whole=whole)
        answer = await self._read(table, route, request, consistent)
        rows: list[Row]
        if whole:
            rows = [
                Row(key, size, item_of(value), size_of(value))
                for (key, value), size in zip(answer.rows, answer.sizes, strict=True)
            ]
        else:
            rows = [Row(key, size_of(value), item_of(value)) for key, value in answer.rows]
        if not answer.done:
            return Slice(rows, keys.after(rows[-1].key, forward=forward))
        if len(inside) == 1:
            return Slice(rows, None)
        rest = KeyRange(route.end, keys.end) if forward else KeyRange(keys.start, route.start)
        return Slice(rows, rest)

    def _written(self, table: Table, result: WriteResult) -> Written:
        fault = result.fault
        if fault is None:
            return Written(
                result.condition_met, result.old_size, result.new_size, result.old, result.collection_size
            )
        if fault.code == INDEX_BEHIND:
            raise self._throttled(table, fault.text)
        raise ApiError(fault.code, fault.text)

    def _throttled(self, table: Table, index_id: str) -> ApiError:
        """Return the error of a write for which a global index is too far behind."""
        known = self._view.indexes.get(index_id)
        resource = table.address.arn if known is None else f"{table.address.arn}/index/{known[1].name}"
        on_demand = table.spec.billing_mode is BillingMode.PAY_PER_REQUEST
        code = "ThrottlingException" if on_demand else "ProvisionedThroughputExceededException"
        kind = "KeyRangeThroughputExceeded" if on_demand else "ProvisionedThroughputExceeded"
        return throttled(code, f"IndexWrite{kind}", resource)

    def _routes(self, table: Table) -> Routes:
        routes = self._view.routes.get(table.table_id)
        if routes is not None:
            return routes
        if (
            table.address in self._view.tables
        ):  # another has its name now: restored, in the middle of a request
            raise internal_server_error()
        raise resource_not_found()

    def _by_partition(self, table: Table, keys: Sequence[bytes]) -> list[tuple[PartitionRecord, list[bytes]]]:
        routes = self._routes(table)
        groups: dict[int, tuple[PartitionRecord, list[bytes]]] = {}
        for key in keys:
            route = routes.of(key)
            groups.setdefault(route.partition, (route, []))[1].append(key)
        return list(groups.values())

    async def _read(self, table: Table, route: PartitionRecord, request: Request[R], consistent: bool) -> R:
        if consistent or (self._settled and not self._lag_s):
            return await self._call(route, request)
        assert isinstance(request, Get | Read | Tally)
        if self._lag_s and not isinstance(request, Tally):
            behind: Request[R] = attrs.evolve(request, lag_s=self._lag_s)  # type: ignore[assignment]  # same class
            return await self._call(route, behind)
        lax: Request[R] = attrs.evolve(request, strong=False)  # type: ignore[assignment]  # of the same class
        return await carry_out(self._router.call_any(route, lax))

    async def _call(self, route: PartitionRecord, request: Request[R]) -> R:
        return await carry_out(self._router.call(route, request))


async def _all_at_once(
    work: Callable[[PartitionRecord, A], Awaitable[None]], parts: Sequence[tuple[PartitionRecord, A]]
) -> None:
    """Work on every partition at the same time. Raises one of the `ApiError`s that came."""
    if len(parts) == 1:
        await work(*parts[0])
        return
    errors: list[ApiError] = []

    async def one(part: tuple[PartitionRecord, A]) -> None:
        try:
            await work(*part)
        except ApiError as error:
            errors.append(error)

    async with trio.open_nursery() as nursery:
        for part in parts:
            nursery.start_soon(one, part)
    if errors:
        raise errors[0]


class _InTheWay(Exception):
    """A change of the catalog is refused, perhaps because of something that only passes."""

    def __init__(self, refusal: ApiError, *, passing: bool) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.passing = passing


def _check_idle(record: TableRecord) -> None:
    being = _BEING.get(record.status)
    if being is not None:
        passing = record.status is not TableStatus.DELETING
        raise _InTheWay(table_in_use(record.spec.name, being), passing=passing)
    for index in record.indexes:
        if index.status is not TableStatus.ACTIVE:
            raise _InTheWay(index_in_use(record.spec.name, index.name), passing=True)


def _beside(address: TableAddress, tables: Tables) -> list[TableRecord]:
    """Return the tables of the same account and Region."""
    where = address.account, address.region
    return [record for record in tables.values() if (record.account, record.region) == where]


def _table(record: TableRecord, as_of: float = 0.0) -> Table:
    states = {index.name: _index_state(record, index) for index in record.indexes}
    return Table(
        record.address,
        record.spec,
        record.table_id,
        record.status,
        record.created_at,
        as_of=as_of,
        index_states=states,
        expiry=record.expiry,
    )


def _index_state(record: TableRecord, index: IndexRecord) -> IndexState:
    """Return where an index is; it is UPDATING while only its capacity changes."""
    now, then = (
        [each for each in spec.global_indexes if each.name == index.name]
        for spec in (record.spec, record.coming)
    )
    updating = index.status is TableStatus.ACTIVE and now != then
    return IndexState(TableStatus.UPDATING if updating else index.status, index.backfilling)


def _is_at_rest(record: TableRecord) -> bool:
    """Whether neither the table nor one of its indexes is on its way."""
    return record.status is TableStatus.ACTIVE and all(
        index.status is TableStatus.ACTIVE for index in record.indexes
    )


def _item_write(write: Put | Delete | Update) -> ItemWrite:
    condition = None if write.condition is None else _text(write.condition)
    if isinstance(write, Put):
        return ItemWrite(WriteKind.PUT, write.key, write.item, write.size, condition, None, write.return_old)
    if isinstance(write, Delete):
        return ItemWrite(WriteKind.DELETE, write.key, b"", 0, condition, None, write.return_old)
    update = None if write.update is None else _text(write.update)
    return ItemWrite(
        WriteKind.UPDATE,
        write.key,
        encode_item(write.attributes),
        0,
        condition,
        update,
        write.return_old,
        write.index_keys,
        write.flat_limit,
    )


def _text(expression: Expression) -> ExpressionText:
    values: Item | None = expression.values
    names = None if expression.names is None else dict(expression.names)
    return ExpressionText(expression.text, names, b"" if values is None else encode_item(values))


def _index_number(table: Table, name: str) -> int:
    """Return the number of a local index in the table's partitions."""
    assert table.indexes is not None, "an operation found the index"
    return 1 + [index.name for index in table.indexes.local].index(name)


def _overlaps(partition: PartitionRecord, keys: KeyRange) -> bool:
    begins_before_end = keys.end is None or partition.start < keys.end
    return begins_before_end and (not partition.end or keys.start < partition.end)


def _least_end(end: bytes | None, other: bytes) -> bytes:
    if end is None:
        return other
    return end if not other else min(end, other)
