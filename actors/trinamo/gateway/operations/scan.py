"""Scan: reads a whole table, or one segment of it, a page at a time."""

from typing import Final

from trinamo.expressions import FILTER, PROJECTION, Expressions
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_expressions_given,
    read_given_expressions,
)
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.legacy import legacy_filter, legacy_projection
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.pages import read_page
from trinamo.gateway.operations.paging import (
    check_segments,
    check_select,
    check_start_key_values,
    scan_range,
)
from trinamo.gateway.operations.sources import check_source_paths, readable_table, source_of
from trinamo.model.limits import SCAN_SEGMENTS_MAX
from trinamo.model.shapes import Integer, Member, Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure(
    "ScanInput",
    members.TABLE_NAME_ALONE,
    members.SELECT,
    members.RETURN_CONSUMED_CAPACITY,
    Member("Limit", Integer(1)),
    members.ATTRIBUTES_TO_GET,
    Member("Segment", Integer(0, SCAN_SEGMENTS_MAX - 1)),
    Member("TotalSegments", Integer(1, SCAN_SEGMENTS_MAX)),
    members.INDEX_NAME,
    members.CONSISTENT_READ,
    members.SCAN_FILTER,
    members.CONDITIONAL_OPERATOR,
    members.EXCLUSIVE_START_KEY,
    members.PROJECTION_EXPRESSION,
    members.FILTER_EXPRESSION,
    members.EXPRESSION_NAMES,
    members.EXPRESSION_VALUES,
)

_PARAMETERS: Final = (FILTER, PROJECTION)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    check_expressions_given(request, _PARAMETERS)
    filter_, projection = legacy_filter(request, "ScanFilter"), legacy_projection(request)
    check_start_key_values(request.get("ExclusiveStartKey"))
    expressions = read_given_expressions(request, _PARAMETERS).completed(
        filter=filter_, projection=projection
    )
    check_select(request, expressions, query=False)
    check_segments(request)
    return expressions


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    address = table_address(request["TableName"], *caller)
    table = await readable_table(database, address, request.get("IndexName"))
    source = source_of(table, request, expressions, query=False)
    given = request.get("ExclusiveStartKey")
    start = None if given is None else source.start(given.tree, query=False)
    left = scan_range(request, start)
    check_source_paths(source, expressions)
    return await read_page(database, source, left, request, expressions)


SCAN: Final = Operation("Scan", SHAPE, _perform)
