"""What Query and Scan may ask of an index, global ones among them, before anything is read."""

from typing import Any

import pytest

from trinamo.expressions import Expressions
from trinamo.gateway.operations.database import Table
from trinamo.gateway.operations.legacy import legacy_projection
from trinamo.gateway.operations.sources import source_of
from trinamo.model.errors import ApiError
from trinamo.model.keys import KeyAttribute, KeySchema
from trinamo.model.tables import IndexSpec, Projection, TableAddress, TableSpec, TableStatus

P = "One or more parameter values were invalid: "
PK, SK, A = KeyAttribute("pk", "S"), KeyAttribute("sk", "S"), KeyAttribute("a", "S")
SPEC = TableSpec(
    "tab",
    (PK, SK, A),
    KeySchema(PK, SK),
    local_indexes=(
        IndexSpec("local", (PK,), (A,), Projection("INCLUDE", ("x",))),
        IndexSpec("whole", (PK,), (A,), Projection("ALL")),
    ),
    global_indexes=(IndexSpec("global", (A,), (), Projection("INCLUDE", ("x",))),),
)
TABLE = Table(TableAddress("0" * 12, "us-east-1", "tab"), SPEC, "id", TableStatus.ACTIVE, 0.0)


def expressions(request: dict[str, Any]) -> Expressions:
    texts = {name: request.get(name) for name in ("FilterExpression", "ProjectionExpression")}
    return Expressions.read(texts, None, None).completed(projection=legacy_projection(request))


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        (
            {"IndexName": "global", "ConsistentRead": True, "Select": "ALL_ATTRIBUTES"},
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            {"IndexName": "global", "Select": "ALL_ATTRIBUTES"},
            (
                f"{P}Select type ALL_ATTRIBUTES is not supported for global secondary index global"
                " because its projection type is not ALL"
            ),
        ),
        (
            {"IndexName": "global", "ProjectionExpression": "x, y.z, pk, w"},
            f"{P}Global secondary index global does not project [y, w]",
        ),
        (
            {"IndexName": "global", "AttributesToGet": ["y"]},
            f"{P}Global secondary index global does not project [y]",
        ),
        (
            {"IndexName": "global", "FilterExpression": "attribute_exists(y) AND attribute_exists(y.z)"},
            f"{P}Secondary index global does not project one or more filter attributes: [y]",
        ),
    ],
)
def test_what_an_index_cannot_give_is_refused(request_: dict[str, Any], text: str) -> None:
    with pytest.raises(ApiError) as caught:
        source_of(TABLE, request_, expressions(request_), query=True)
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("request_", "reads_items"),
    [
        ({}, False),
        ({"Select": "ALL_ATTRIBUTES"}, False),
        ({"IndexName": "local"}, False),
        ({"IndexName": "local", "Select": "ALL_ATTRIBUTES"}, True),
        ({"IndexName": "local", "ProjectionExpression": "pk, sk, a, x.y"}, False),
        ({"IndexName": "local", "ProjectionExpression": "y.z"}, True),
        ({"IndexName": "local", "FilterExpression": "attribute_exists(y)", "Select": "COUNT"}, True),
        (
            {"IndexName": "whole", "Select": "ALL_ATTRIBUTES", "FilterExpression": "attribute_exists(y)"},
            False,
        ),
    ],
)
def test_items_are_read_for_a_local_index_only_where_it_lacks_something(
    request_: dict[str, Any], reads_items: bool
) -> None:
    source = source_of(TABLE, request_, expressions(request_), query=False)
    assert source.reads_items is reads_items
    assert (*source.partition, *source.sort) == ((PK, A) if "IndexName" in request_ else (PK, SK))
