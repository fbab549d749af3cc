"""Legacy parameters of reads: AttributesToGet, KeyConditions, and where QueryFilter may not look."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import EMPTY_KEY, VE, E, Item, P, call, fault, item, refusal
from dynamodb.clients import create_table, load
from dynamodb.facts import fact

A, N1, N3, N5 = {"S": "a"}, {"N": "1"}, {"N": "3"}, {"N": "5.0"}
UNSUPPORTED = "Query key condition not supported"


def asked(operator: str, *values: Item) -> dict[str, Any]:
    return {"ComparisonOperator": operator, "AttributeValueList": list(values)}


PK = asked("EQ", A)


@pytest.fixture(scope="module")
def numbers(client: Any) -> Iterator[str]:
    """A table of the items 0 to 9 under a, and one under b."""
    name = "legacy.numbers"
    create_table(client, name, sort_type="N")
    load(client, name, [*(item(sk, size={"N": str(sk % 3)}) for sk in range(10)), item(0, "b")])
    yield name
    client.delete_table(TableName=name)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({"pk": PK}, range(10)),
        ({"sk": asked("EQ", N5), "pk": PK}, [5]),
        ({"pk": PK, "sk": asked("LT", N5)}, range(5)),
        ({"pk": PK, "sk": asked("LE", N5)}, range(6)),
        ({"pk": PK, "sk": asked("GT", N5)}, range(6, 10)),
        ({"pk": PK, "sk": asked("GE", N5)}, range(5, 10)),
        ({"pk": PK, "sk": asked("BETWEEN", N3, N5)}, [3, 4, 5]),
    ],
)
@fact("expressions.270")
def test_key_conditions_name_a_partition_and_a_range_of_it(
    client: Any, numbers: str, conditions: dict[str, Any], found: Any
) -> None:
    query = {"TableName": numbers, "KeyConditions": conditions}
    assert [each["sk"]["N"] for each in call(client, "Query", query)["Items"]] == list(map(str, found))
    backwards = call(client, "Query", {**query, "ScanIndexForward": False, "Limit": 1})
    assert backwards["Items"][0]["sk"]["N"] == str(list(found)[-1])
    assert backwards["LastEvaluatedKey"] == {name: backwards["Items"][0][name] for name in ("pk", "sk")}


@fact("expressions.270")
def test_sort_keys_may_begin_with_something(client: Any, name: str) -> None:
    create_table(client, name)
    load(client, name, [{"pk": A, "sk": {"S": text}} for text in ("ab", "abc", "ac")])
    conditions = {"pk": PK, "sk": asked("BEGINS_WITH", {"S": "ab"})}
    found = call(client, "Query", {"TableName": name, "KeyConditions": conditions})["Items"]
    assert [each["sk"]["S"] for each in found] == ["ab", "abc"]
    client.delete_table(TableName=name)


@fact("expressions.271")
def test_key_conditions_may_stand_beside_expressions_of_other_kinds(client: Any, numbers: str) -> None:
    query = {
        "TableName": numbers,
        "KeyConditions": {"pk": PK},
        "FilterExpression": "#size = :one",
        "ProjectionExpression": "sk",
        "ExpressionAttributeNames": {"#size": "size"},
        "ExpressionAttributeValues": {":one": N1},
    }
    answer = call(client, "Query", query)
    assert answer["Items"] == [{"sk": {"N": str(sk)}} for sk in (1, 4, 7)]
    assert answer["ScannedCount"] == 10


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        pytest.param({"sk": asked("EQ", N1)}, "Query condition missed key schema element: pk", marks=fact("expressions.272")),
        pytest.param({"x": asked("EQ", N1)}, "Query condition missed key schema element: pk", marks=fact("expressions.272")),
        pytest.param({"pk": PK, "x": asked("EQ", N1)}, "Query condition missed key schema element: sk", marks=fact("expressions.272")),
        pytest.param({"pk": asked("GT", A)}, UNSUPPORTED, marks=fact("expressions.273")),
        pytest.param({"pk": asked("BEGINS_WITH", A), "sk": asked("EQ", N1)}, UNSUPPORTED, marks=fact("expressions.273")),
        pytest.param({"pk": asked("EQ", N1)}, f"{P}Condition parameter type does not match schema type", marks=fact("expressions.274")),
        pytest.param({"pk": PK, "sk": asked("EQ", A)}, f"{P}Condition parameter type does not match schema type", marks=fact("expressions.274")),
        pytest.param({"pk": asked("EQ", {"S": ""})}, EMPTY_KEY, marks=fact("expressions.274")),
        pytest.param({"pk": asked("EQ")}, f"{P}Invalid number of argument(s) for the EQ ComparisonOperator", marks=fact("expressions.250")),
        pytest.param(
            {"pk": PK, "sk": asked("BETWEEN", N5, N3)},
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
            marks=fact("expressions.253"),
        ),
    ],
)  # fmt: skip
def test_other_key_conditions_are_refused(
    client: Any, numbers: str, conditions: dict[str, Any], told: str
) -> None:
    query = {"TableName": numbers, "KeyConditions": conditions}
    assert fault(refusal(client, "Query", query)) == (VE, told)


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param({}, marks=fact("expressions.275")),
        pytest.param({"pk": PK, "sk": asked("EQ", N1), "x": PK}, marks=fact("expressions.275")),
        *(
            pytest.param({"pk": PK, "sk": asked(operator, *values)}, marks=fact("expressions.276"))
            for operator, values in (
                ("NE", [N1]),
                ("IN", [N1]),
                ("NULL", []),
                ("NOT_NULL", []),
                ("CONTAINS", [N1]),
                ("NOT_CONTAINS", [N1]),
            )
        ),
    ],
)
def test_key_conditions_of_other_numbers_or_operators_are_refused(
    client: Any, numbers: str, conditions: dict[str, Any]
) -> None:
    assert fault(refusal(client, "Query", {"TableName": numbers, "KeyConditions": conditions}))[0] == VE


@fact("expressions.277")
@pytest.mark.parametrize("name", ["pk", "sk"])
def test_a_query_filter_may_not_look_at_keys_and_a_scan_filter_may(
    client: Any, numbers: str, name: str
) -> None:
    conditions = {"size": asked("EQ", N1), name: asked("NOT_NULL")}
    query = {"TableName": numbers, "KeyConditions": {"pk": PK}, "QueryFilter": conditions}
    assert fault(refusal(client, "Query", query)) == (
        VE,
        f"QueryFilter can only contain non-primary key attributes: Primary key attribute: {name}",
    )
    assert call(client, "Scan", {"TableName": numbers, "ScanFilter": conditions})["Count"] == 3


@fact("expressions.277")
def test_filters_count_what_they_pass_and_keep_the_limit(client: Any, numbers: str) -> None:
    query = {"TableName": numbers, "KeyConditions": {"pk": PK}, "QueryFilter": {"size": asked("EQ", N1)}}
    page = call(client, "Query", {**query, "Limit": 5, "AttributesToGet": ["sk"]})
    assert page["Items"] == [{"sk": {"N": "1"}}, {"sk": {"N": "4"}}]
    assert (page["Count"], page["ScannedCount"], page["LastEvaluatedKey"]) == (2, 5, item(4))


# AttributesToGet


ITEM: Item = item(1, a=A, size=N1, m={"M": {"k": N1}}) | {"m.k": N3, "l[0]": N3}


@pytest.fixture(scope="module")
def stored(client: Any, standing: str) -> str:
    client.put_item(TableName=standing, Item=ITEM)
    return standing


@fact("expressions.230", "expressions.231")
@pytest.mark.parametrize(
    "names", [["a"], ["size", "sk"], ["m.k"], ["m"], ["l[0]", "pk"], ["a", "gone"], ["gone"], ["m.x", "a"]]
)
def test_attributes_to_get_names_whole_attributes_and_nothing_in_them(
    client: Any, stored: str, names: list[str]
) -> None:
    shown = {name: ITEM[name] for name in names if name in ITEM}
    one = {"TableName": stored, "AttributesToGet": names}
    assert call(client, "GetItem", {**one, "Key": item(1)}) == {"Item": shown}
    assert call(client, "Scan", one)["Items"] == [shown]
    assert call(client, "Query", {**one, "KeyConditions": {"pk": PK}})["Items"] == [shown]
    batch = {stored: {"Keys": [item(1)], "AttributesToGet": names}}
    assert call(client, "BatchGetItem", {"RequestItems": batch})["Responses"] == {stored: [shown]}


@fact("expressions.278")
def test_attributes_to_get_names_none_twice_and_at_least_one(client: Any, stored: str) -> None:
    duplicate = f"{P}Duplicate value in attribute name: b"
    empty = (
        f"{E}Value '[]' at '{{}}' failed to satisfy constraint:"
        " Member must have length greater than or equal to 1"
    )
    requests: list[tuple[str, dict[str, Any]]] = [
        ("GetItem", {"Key": item(1)}),
        ("Scan", {}),
        ("Query", {"KeyConditions": {"pk": PK}}),
    ]
    for operation, members in requests:
        made = {"TableName": stored, **members}
        twice = {**made, "AttributesToGet": ["b", "a", "b", "a"]}
        assert fault(refusal(client, operation, twice)) == (VE, duplicate)
        assert fault(refusal(client, operation, {**made, "AttributesToGet": []})) == (
            VE,
            empty.format("attributesToGet"),
        )
    batch = {stored: {"Keys": [item(1)], "AttributesToGet": ["b", "b"]}}
    assert fault(refusal(client, "BatchGetItem", {"RequestItems": batch})) == (VE, duplicate)


@fact("expressions.279")
def test_select_must_go_with_attributes_to_get(client: Any, stored: str) -> None:
    made = {"TableName": stored, "AttributesToGet": ["a"]}
    assert call(client, "Scan", {**made, "Select": "SPECIFIC_ATTRIBUTES"})["Items"] == [{"a": A}]
    for select, text in (
        ("COUNT", "Cannot specify the AttributesToGet when choosing to get only the Count"),
        ("ALL_ATTRIBUTES", "Cannot specify the AttributesToGet when choosing to get ALL_ATTRIBUTES"),
    ):
        assert fault(refusal(client, "Scan", {**made, "Select": select})) == (VE, text)


# Order


@fact("expressions.280")
def test_legacy_filters_are_checked_before_starting_keys_and_key_conditions_after(
    client: Any, numbers: str
) -> None:
    count = f"{P}Invalid number of argument(s) for the EQ ComparisonOperator"
    start = "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    query: dict[str, Any] = {
        "TableName": "no.such.table",
        "KeyConditions": {"pk": asked("EQ")},
        "QueryFilter": {"x": asked("NULL", A)},
        "AttributesToGet": ["a", "a"],
        "ExclusiveStartKey": {"pk": {}},
    }
    steps = [
        ("QueryFilter", f"{P}Invalid number of argument(s) for the NULL ComparisonOperator"),
        ("AttributesToGet", f"{P}Duplicate value in attribute name: a"),
        ("ExclusiveStartKey", start),
        ("KeyConditions", count),
    ]
    for name, told in steps:
        assert fault(refusal(client, "Query", query)) == (VE, told)
        del query[name]
