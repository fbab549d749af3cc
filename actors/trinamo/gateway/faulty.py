"""Requests that faults happen to: the same operations, over a database that lets the faults show.

What a fault does to a request as a whole (delay, refuse, answer wrongly, not at all) happens around the operation;
what shows inside an answer (some of a batch unprocessed, a short page, a stale item) happens in `FaultyDatabase`.
A fault without `operation` is about requests for items only, so that tables can be made while it lasts.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from trinamo.faults import BadFault, Fault, Faults, Target, target_of
from trinamo.faults.target import READS, STREAM_READS, WRITES, selects_part
from trinamo.gateway.clustered import ClusterDatabase
from trinamo.gateway.http.protocol import ApiRequest
from trinamo.gateway.http.server import ReplyDropped
from trinamo.gateway.operations import perform
from trinamo.gateway.operations.database import (
    UNREAD,
    Delete,
    Put,
    Slice,
    Stored,
    Table,
    Unread,
    Written,
)
from trinamo.gateway.operations.paging import KeyRange
from trinamo.model.errors import (
    ApiError,
    internal_server_error,
    service_unavailable,
    stream_limit_exceeded,
    throttled,
    transaction_conflict,
)
from trinamo.model.tables import BillingMode, TableAddress, TableSpec, table_address
from trinamo.world import Clock

_ON_ITEMS: Final = READS | WRITES | {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}
_PAGED: Final = frozenset({"Query", "Scan"})
_THROTTLES: Final = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")
_FAILURES: Final[dict[str, Callable[[], ApiError]]] = {
    "InternalServerError": internal_server_error,
    "ServiceUnavailable": service_unavailable,
}
_KINDS: Final = (
    "ProvisionedThroughputExceeded",
    "AccountLimitExceeded",
    "KeyRangeThroughputExceeded",
    "MaxOnDemandThroughputExceeded",
)


def check_words(verb: str, fields: dict[str, Any]) -> None:
    """Raise `BadFault` for an error or a reason that the verb does not have."""
    errors = {"throttle": _THROTTLES, "fail_before": (*_FAILURES,), "fail_after": (*_FAILURES,)}.get(verb, ())
    if "error" in fields and fields["error"] not in errors:
        raise BadFault(f"error of {verb} is one of {', '.join(errors)}, not {fields['error']!r}")
    reasons = [
        *_KINDS,
        *(
            f"{what}{way}{kind}"
            for what in ("Table", "Index")
            for way in ("Read", "Write")
            for kind in _KINDS
        ),
    ]
    if "reason" in fields and fields["reason"] not in reasons:
        raise BadFault(f"reason of {verb} is one of {', '.join(_KINDS)}, not {fields['reason']!r}")


@attrs.define
class _Inside:
    """What shall show inside an answer. `refused`: positions in a batch, by table name."""

    refused: dict[str, set[int]] = attrs.field(factory=dict)
    lag_s: float = 0.0
    page_items: int | None = None
    page_bytes: int | None = None
    failures: list[ApiError] = attrs.field(factory=list)
    drops_reply: bool = False


async def perform_under_faults(
    faults: Faults, clock: Clock, database: ClusterDatabase, request: ApiRequest
) -> bytes:
    """Perform an operation as the faults will have it. Raises `ApiError`, `ReplyDropped`."""
    target = target_of(request.operation, request.parameters)
    inside = _Inside()
    for fault in faults.about(target):
        if "operation" in fault.fields or target.operation in _ON_ITEMS:
            await _meet(fault, target, request, clock, database, inside)
    answer = await perform(
        FaultyDatabase(database, inside),
        request.operation,
        request.account,
        request.region,
        request.parameters,
    )
    if inside.failures:
        raise inside.failures[0]
    if inside.drops_reply:
        raise ReplyDropped
    return answer


async def _meet(
    fault: Fault,
    target: Target,
    request: ApiRequest,
    clock: Clock,
    database: ClusterDatabase,
    inside: _Inside,
) -> None:
    """Let a fault that selects the request happen to it, if its dice say so."""
    fields = fault.fields
    match fault.name:
        case "throttle" if target.batch:
            if _refuse(fault, target, inside):
                raise _throttle(fields, target, request, database)
        case "throttle" if fault.fires():
            raise _throttle(fields, target, request, database)
        case "unprocessed" if target.batch:
            if _refuse(fault, target, inside):
                raise _throttle(fields, target, request, database)
        case "conflict" if target.writes and fault.fires():
            raise transaction_conflict()
        case "fail_before" if fault.fires():
            raise _FAILURES[fields.get("error", "InternalServerError")]()
        case "fail_after" if fault.fires():
            inside.failures.append(_FAILURES[fields.get("error", "InternalServerError")]())
        case "drop_reply" if fault.fires():
            inside.drops_reply = True
        case "delay" if fault.fires():
            await clock.sleep_until(clock.monotonic() + fields["ms"] / 1000)
        case "stale_reads" if target.operation in READS and fault.fires():
            inside.lag_s = max(inside.lag_s, fields["lag_ms"] / 1000)
        case "small_pages" if target.operation in _PAGED and fault.fires():
            inside.page_items, inside.page_bytes = fields.get("items"), fields.get("bytes")


def _refuse(fault: Fault, target: Target, inside: _Inside) -> bool:
    """Choose what of a batch is not done. Returns whether that is all of it."""
    left: int | None = fault.fields.get("items")
    if left is not None and not fault.fires():
        return False
    for part in reversed(target.parts):
        if selects_part(fault.fields, part) and (left is None or left > 0):
            if left is None and not fault.fires():
                continue
            inside.refused.setdefault(part.table, set()).add(part.position)
            left = None if left is None else left - 1
    return sum(map(len, inside.refused.values())) == len(target.parts)


def _throttle(
    fields: dict[str, Any], target: Target, request: ApiRequest, database: ClusterDatabase
) -> ApiError:
    """Return the error of a throttle in the words of the table's billing mode, with one reason."""
    if target.operation in STREAM_READS:
        return stream_limit_exceeded()
    part = target.parts[0] if target.parts else None
    address = TableAddress(request.account, request.region, "")
    spec: TableSpec | None = None
    if part is not None:
        address = table_address(str(request.parameters.get("TableName", part.table)), *address[:2])
        spec = database.declared(address)
    on_demand = spec is not None and spec.billing_mode is BillingMode.PAY_PER_REQUEST
    code = fields.get("error") or (_THROTTLES[1] if on_demand else _THROTTLES[0])
    kind = fields.get("reason") or {
        "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
        "RequestLimitExceeded": "AccountLimitExceeded",
    }.get(code, "MaxOnDemandThroughputExceeded" if spec and spec.on_demand else "KeyRangeThroughputExceeded")
    index = fields.get("index")
    if kind in _KINDS:
        kind = f"{'Index' if index else 'Table'}{'Write' if target.writes else 'Read'}{kind}"
    resource = f"{address.arn}/index/{index}" if index else address.arn
    return throttled(code, kind, resource)


class FaultyDatabase(ClusterDatabase):
    """The database of a node through which faults show. For one request only."""

    def __init__(self, database: ClusterDatabase, inside: _Inside) -> None:
        vars(self).update(vars(database))
        self._lag_s = inside.lag_s
        self._inside = inside
        self._seen: dict[str, int] = {}  # of each table's batch, how much was asked for
        self._read_items = 0
        self._read_bytes = 0

    async def get_many(
        self, table: Table, keys: Sequence[bytes], *, consistent: bool
    ) -> Sequence[Stored | Unread | None]:
        refused = self._refused(table, len(keys))
        wanted = [key for key, no in zip(keys, refused, strict=True) if not no]
        found = iter(await super().get_many(table, wanted, consistent=consistent) if wanted else ())
        return [UNREAD if no else next(found) for no in refused]

    async def write_many(self, table: Table, writes: Sequence[Put | Delete]) -> Sequence[Written | None]:
        refused = self._refused(table, len(writes))
        done = [write for write, no in zip(writes, refused, strict=True) if not no]
        results = iter(await super().write_many(table, done) if done else ())
        return [None if no else next(results) for no in refused]

    def _refused(self, table: Table, count: int) -> list[bool]:
        name = table.address.name
        start = self._seen.get(name, 0)
        self._seen[name] = start + count
        refused = self._inside.refused.get(name, ())
        return [position in refused for position in range(start, start + count)]

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
        items, bytes_ = self._inside.page_items, self._inside.page_bytes
        if items is not None:
            count_max = min(items - self._read_items, count_max or items)
        if bytes_ is not None:
            size_max = min(size_max, bytes_ - self._read_bytes)
        piece = await super().read(
            table,
            keys,
            count_max=count_max,
            size_max=size_max,
            forward=forward,
            consistent=consistent,
            index=index,
            whole=whole,
        )
        self._read_items += len(piece.rows)
        self._read_bytes += sum(row.size + row.fetched for row in piece.rows)
        full = self._read_items == items or (bytes_ is not None and self._read_bytes > bytes_)
        return piece._replace(full=full)
