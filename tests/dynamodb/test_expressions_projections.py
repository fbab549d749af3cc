"""What projections leave of an item."""

from typing import Any

import pytest

from dynamodb.calls import Item, call, item
from dynamodb.expressions import PROJECTION, used
from dynamodb.facts import fact


def numbers(*found: int) -> Item:
    return {"L": [{"N": str(number)} for number in found]}


ITEM: Item = item(
    1,
    a={"S": "x"},
    nothing={"NULL": True},
    l=numbers(0, 1, 2, 3),
    m={
        "M": {
            "x": {"N": "1"},
            "y": {"M": {"z": {"S": "deep"}, "w": {"S": "er"}}},
            "l": {"L": [{"M": {"k": {"N": "1"}, "j": {"N": "2"}}}, {"S": "e"}]},
        }
    },
    size={"N": "8"},
) | {"a.b": {"N": "7"}}
NAMES = {"#l": "l", "#m": "m", "#dotted": "a.b", "#size": "size"}
ROWS = [
    pytest.param("a", {"a": {"S": "x"}}, marks=fact("expressions.170")),
    pytest.param("a, nothing", {"a": {"S": "x"}, "nothing": {"NULL": True}}, marks=fact("expressions.170")),
    pytest.param("#l, #dotted, #size", {"l": ITEM["l"], "a.b": {"N": "7"}, "size": {"N": "8"}}, marks=fact("expressions.170")),
    pytest.param("#m.x", {"m": {"M": {"x": {"N": "1"}}}}, marks=fact("expressions.171")),
    pytest.param("#m.y.z", {"m": {"M": {"y": {"M": {"z": {"S": "deep"}}}}}}, marks=fact("expressions.171")),
    pytest.param("#m.l[0].k", {"m": {"M": {"l": {"L": [{"M": {"k": {"N": "1"}}}]}}}}, marks=fact("expressions.171")),
    pytest.param("#m.l[1]", {"m": {"M": {"l": {"L": [{"S": "e"}]}}}}, marks=fact("expressions.171", "expressions.172")),
    pytest.param("#l[3], #l[1]", {"l": numbers(1, 3)}, marks=fact("expressions.172")),
    pytest.param("#l[2]", {"l": numbers(2)}, marks=fact("expressions.172")),
    pytest.param("#l[0], #l[9], #l[2]", {"l": numbers(0, 2)}, marks=fact("expressions.172", "expressions.174")),
    pytest.param(
        "#m.y.w, #m.x, #m.l[0].j, #m.l[0].k",
        {"m": {"M": {"x": {"N": "1"}, "y": {"M": {"w": {"S": "er"}}}, "l": {"L": [ITEM["m"]["M"]["l"]["L"][0]]}}}},
        marks=fact("expressions.173"),
    ),
    pytest.param("gone, a[0], #m.gone.x, #l.x, #m[0], nothing", {"nothing": {"NULL": True}}, marks=fact("expressions.174")),
    pytest.param("gone, #dotted, #m.gone, #l.x", {"a.b": {"N": "7"}}, marks=fact("expressions.174")),
    pytest.param("gone, #m.gone, #l[4]", {}, marks=fact("expressions.175")),
    pytest.param("a, sk", {"a": {"S": "x"}, "sk": {"N": "1"}}, marks=fact("expressions.176")),
    pytest.param("pk", {"pk": {"S": "a"}}, marks=fact("expressions.176")),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored(client: Any, standing: str) -> str:
    client.put_item(TableName=standing, Item=ITEM)
    return standing


@pytest.mark.parametrize(("text", "found"), ROWS)
def test_only_what_is_named_is_shown_within_what_holds_it(
    client: Any, stored: str, text: str, found: Item
) -> None:
    made: dict[str, Any] = {PROJECTION: text}
    if used(text, NAMES):
        made["ExpressionAttributeNames"] = used(text, NAMES)
    assert call(client, "GetItem", {"TableName": stored, "Key": item(1), **made}) == {"Item": found}
    assert call(client, "Scan", {"TableName": stored, **made})["Items"] == [found]
    batch = call(client, "BatchGetItem", {"RequestItems": {stored: {"Keys": [item(1)], **made}}})
    assert batch["Responses"] == {stored: [found]}


@fact("expressions.177")
def test_items_of_which_nothing_is_left_are_shown_all_the_same(client: Any, stored: str) -> None:
    made = {
        "TableName": stored,
        "KeyConditionExpression": "pk = :a",
        PROJECTION: "gone",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    assert call(client, "Query", made) == {"Items": [{}], "Count": 1, "ScannedCount": 1}
