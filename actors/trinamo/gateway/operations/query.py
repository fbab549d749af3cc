"""Query: reads items of one partition value in the order of their sort keys, a page at a time."""

from typing import Final

from trinamo.expressions import FILTER, KEY_CONDITION, PROJECTION, Expressions, check_filter_paths
from trinamo.gateway.operations import members
from trinamo.gateway.operations.checks import (
    check_expressions_given,
    read_given_expressions,
)
from trinamo.gateway.operations.database import Database
from trinamo.gateway.operations.legacy import legacy_filter, legacy_key_condition, legacy_projection
from trinamo.gateway.operations.operation import Caller, Operation
from trinamo.gateway.operations.pages import read_page
from trinamo.gateway.operations.paging import (
    check_select,
    check_start_key_values,
    query_range,
)
from trinamo.gateway.operations.sources import check_source_paths, readable_table, source_of
from trinamo.model.errors import VALIDATION_PREFIX, validation
from trinamo.model.shapes import Boolean, Integer, Member, Request, Structure
from trinamo.model.tables import table_address

SHAPE: Final = Structure(
    "QueryInput",
    members.TABLE_NAME_ALONE,
    members.SELECT,
    members.RETURN_CONSUMED_CAPACITY,
    Member("Limit", Integer()),  # checked by itself, in words of its own
    members.ATTRIBUTES_TO_GET,
    members.INDEX_NAME,
    members.CONSISTENT_READ,
    members.KEY_CONDITIONS,
    members.QUERY_FILTER,
    members.CONDITIONAL_OPERATOR,
    Member("ScanIndexForward", Boolean()),
    members.EXCLUSIVE_START_KEY,
    members.PROJECTION_EXPRESSION,
    members.FILTER_EXPRESSION,
    members.KEY_CONDITION_EXPRESSION,
    members.EXPRESSION_NAMES,
    members.EXPRESSION_VALUES,
)

_PARAMETERS: Final = (FILTER, PROJECTION, KEY_CONDITION)


def check(request: Request) -> Expressions:
    """Return the expressions of a request, or raise the first error that shows without its table."""
    if request.get("Limit", 1) < 1:
        raise validation(
            f"{VALIDATION_PREFIX}Value at 'Limit' failed to satisfy constraint:"
            " Member must have value greater than or equal to 1"
        )
    check_expressions_given(request, _PARAMETERS)
    filter_, projection = legacy_filter(request, "QueryFilter"), legacy_projection(request)
    check_start_key_values(request.get("ExclusiveStartKey"))
    expressions = read_given_expressions(request, _PARAMETERS).completed(
        filter=filter_, projection=projection
    )
    check_select(request, expressions, query=True)
    expressions = expressions.completed(key_terms=legacy_key_condition(request))
    if not expressions.has_key_condition:
        raise validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    expressions.check_key_condition()
    return expressions


async def _perform(database: Database, caller: Caller, request: Request) -> bytes:
    expressions = check(request)
    address = table_address(request["TableName"], *caller)
    table = await readable_table(database, address, request.get("IndexName"))
    source = source_of(table, request, expressions, query=True)
    given = request.get("ExclusiveStartKey")
    start = None if given is None else source.start(given.tree, query=True)
    condition = expressions.key_condition(source.partition, source.sort)
    if expressions.filter is not None:
        named = "QueryFilter" if "QueryFilter" in request else "Filter Expression"
        check_filter_paths(named, expressions.filter.paths, source.key_names)
    check_source_paths(source, expressions)
    forward: bool = request.get("ScanIndexForward", True)
    left = query_range(source.partition, condition, start, forward=forward)
    return await read_page(database, source, left, request, expressions, forward=forward)


QUERY: Final = Operation("Query", SHAPE, _perform)
