"""AttributeUpdates: what it makes of an item, what it returns, and what is refused."""

from typing import Any

import pytest

from dynamodb.calls import EMPTY_VALUE, VE, Item, P, call, fault, item, refusal
from dynamodb.expressions import unordered
from dynamodb.facts import fact

KEY = item(1)
ONE, TWO, S = {"N": "1"}, {"N": "2"}, {"S": "a"}
ITEM: Item = item(
    1,
    n={"N": "5"},
    s={"S": "x"},
    ss={"SS": ["a", "b"]},
    ns={"NS": ["1", "2"]},
    l={"L": [ONE, S]},
    m={"M": {"k": ONE}},
)


def put(value: Item) -> dict[str, Any]:
    return {"Action": "PUT", "Value": value}


def add(value: Item) -> dict[str, Any]:
    return {"Action": "ADD", "Value": value}


def delete(value: Item | None = None) -> dict[str, Any]:
    return {"Action": "DELETE"} if value is None else {"Action": "DELETE", "Value": value}


def row(held: str, updates: dict[str, Any], **changed: Any) -> Any:
    return pytest.param(updates, changed, marks=fact(held))


@pytest.mark.parametrize(
    ("updates", "changed"),
    [
        row("expressions.290", {"n": put(S)}, n=S),
        row("expressions.290", {"n": {"Value": S}}, n=S),
        row("expressions.290", {"x": put({"M": {"a": {"L": []}}})}, x={"M": {"a": {"L": []}}}),
        row("expressions.291", {"n": delete(), "s": delete()}, n=None, s=None),
        row("expressions.291", {"gone": delete()}),
        row("expressions.292", {"ss": delete({"SS": ["b", "c"]})}, ss={"SS": ["a"]}),
        row("expressions.292", {"ns": delete({"NS": ["1.0"]})}, ns={"NS": ["2"]}),
        row("expressions.292", {"ss": delete({"SS": ["b", "a"]})}, ss=None),
        row("expressions.292", {"gone": delete({"SS": ["b"]})}),
        row("expressions.293", {"n": add(TWO)}, n={"N": "7"}),
        row("expressions.293", {"n": add({"N": "-6"})}, n={"N": "-1"}),
        row("expressions.293", {"x": add(TWO)}, x=TWO),
        row("expressions.294", {"ss": add({"SS": ["b", "c"]})}, ss={"SS": ["a", "b", "c"]}),
        row("expressions.294", {"x": add({"BS": [b"x"]})}, x={"BS": [b"x"]}),
        row("expressions.295", {"l": add({"L": [TWO, {"L": []}]})}, l={"L": [ONE, S, TWO, {"L": []}]}),
        row("expressions.295", {"x": add({"L": [TWO]})}, x={"L": [TWO]}),
        row("expressions.231", {"m.k": put(TWO), "size": put(ONE), "l[0]": put(S)}, **{"m.k": TWO, "size": ONE, "l[0]": S}),
        row("expressions.290", {"a": put(ONE), "n": delete(), "b": add(ONE), "ss": delete({"SS": ["a"]}), "c": put(TWO), "s": delete()},
            a=ONE, n=None, b=ONE, ss={"SS": ["b"]}, c=TWO, s=None),
        row("expressions.296", {}),
    ],
)  # fmt: skip
def test_attribute_updates_change_what_they_say_and_nothing_else(
    client: Any, standing: str, updates: dict[str, Any], changed: Item
) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": updates, "ReturnValues": "ALL_NEW"}
    expected = unordered({name: value for name, value in {**ITEM, **changed}.items() if value is not None})
    assert unordered(call(client, "UpdateItem", made)["Attributes"]) == expected
    stored = client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]
    assert unordered(stored) == expected


@pytest.mark.parametrize(
    ("updates", "created"),
    [
        pytest.param({"a": put(S)}, item(1, a=S), marks=fact("expressions.296")),
        pytest.param({"a": add(ONE)}, item(1, a=ONE), marks=fact("expressions.296")),
        pytest.param({"a": add({"L": [S]})}, item(1, a={"L": [S]}), marks=fact("expressions.296")),
        pytest.param({"a": delete(), "b": put(S)}, item(1, b=S), marks=fact("expressions.296")),
        pytest.param({}, item(1), marks=fact("expressions.296")),
        pytest.param({"a": delete()}, None, marks=fact("expressions.297")),
        pytest.param({"a": delete({"SS": ["x"]}), "b": delete()}, None, marks=fact("expressions.297")),
    ],
)
def test_a_missing_item_is_created_by_put_and_add_only(
    client: Any, standing: str, updates: dict[str, Any], created: Item | None
) -> None:
    client.delete_item(TableName=standing, Key=KEY)
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": updates}
    assert call(client, "UpdateItem", made) == {}
    found = call(client, "GetItem", {"TableName": standing, "Key": KEY, "ConsistentRead": True})
    assert found == ({} if created is None else {"Item": created})


@fact("expressions.298")
@pytest.mark.parametrize(
    ("returned", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", ITEM),
        ("UPDATED_OLD", {"n": {"N": "5"}, "s": {"S": "x"}, "l": ITEM["l"]}),
        ("UPDATED_NEW", {"n": {"N": "7"}, "x": S, "l": {"L": [ONE, S, TWO]}}),
    ],
)
def test_attribute_updates_return_what_was_asked(
    client: Any, standing: str, returned: str, attributes: Item | None
) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    updates = {"n": add(TWO), "s": delete(), "x": put(S), "l": add({"L": [TWO]})}
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": updates, "ReturnValues": returned}
    answer = call(client, "UpdateItem", made)
    assert unordered(answer) == ({} if attributes is None else {"Attributes": unordered(attributes)})


@fact("expressions.299")
def test_updates_happen_only_if_what_is_expected_holds(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    made: dict[str, Any] = {
        "TableName": standing,
        "Key": KEY,
        "AttributeUpdates": {"n": add(ONE)},
        "Expected": {"n": {"Value": {"N": "5"}}},
    }
    call(client, "UpdateItem", made)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        call(client, "UpdateItem", made)
    other = {"n": {"Value": {"N": "5"}}, "s": {"Value": {"S": "x"}}}
    call(client, "UpdateItem", {**made, "Expected": other, "ConditionalOperator": "OR"})
    assert client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]["n"] == {"N": "7"}


CODES: Item = {
    "S": S,
    "B": {"B": b"a"},
    "BOOL": {"BOOL": True},
    "NULL": {"NULL": True},
    "M": {"M": {}},
    "N": ONE,
    "L": {"L": []},
}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        *(
            pytest.param(entry, "Only DELETE action is allowed when no attribute value is specified", marks=fact("expressions.300"))
            for entry in ({"Action": "PUT"}, {"Action": "ADD"}, {})
        ),
        *(
            pytest.param(delete(value), f"DELETE action with value is not supported for the type {code}", marks=fact("expressions.301"))
            for code, value in CODES.items()
        ),
        *(
            pytest.param(add(CODES[code]), f"ADD action is not supported for the type {code}", marks=fact("expressions.302"))
            for code in ("S", "B", "BOOL", "NULL", "M")
        ),
    ],
)  # fmt: skip
def test_actions_that_mean_nothing_are_refused(
    client: Any, standing: str, entry: dict[str, Any], told: str
) -> None:
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": {"fine": put(S), "a": entry}}
    assert fault(refusal(client, "UpdateItem", made)) == (VE, P + told)


@fact("expressions.303")
def test_faults_of_values_are_told(client: Any, standing: str) -> None:
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": {"a": put({})}}
    assert fault(refusal(client, "UpdateItem", made)) == (VE, EMPTY_VALUE)
    made["AttributeUpdates"] = {"": put(S)}
    assert fault(refusal(client, "UpdateItem", made))[0] == VE


@fact("expressions.304")
@pytest.mark.parametrize("entry", [put(S), delete(), add(ONE)])
def test_keys_are_not_updated(client: Any, standing: str, entry: dict[str, Any]) -> None:
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": {"a": put(S), "sk": entry}}
    told = f"{P}Cannot update attribute sk. This attribute is part of the key"
    assert fault(refusal(client, "UpdateItem", made)) == (VE, told)


@fact("expressions.305")
@pytest.mark.parametrize(
    "updates",
    [
        {"s": add(ONE)},
        {"n": add({"SS": ["a"]})},
        {"ss": add({"NS": ["1"]})},
        {"n": add({"L": [S]})},
        {"ss": delete({"NS": ["1"]})},
        {"s": delete({"SS": ["x"]})},
    ],
)
def test_what_does_not_fit_the_stored_type_is_refused_and_changes_nothing(
    client: Any, standing: str, updates: dict[str, Any]
) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    made = {"TableName": standing, "Key": KEY, "AttributeUpdates": {"fresh": put(S), **updates}}
    assert fault(refusal(client, "UpdateItem", made))[0] == VE
    stored = client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]
    assert unordered(stored) == unordered(ITEM)


@fact("expressions.306")
def test_four_hundred_attributes_are_put_at_once(client: Any, standing: str) -> None:
    """As text, this is more than an expression may have."""
    attributes: Item = {f"attribute {number}": {"N": str(number)} for number in range(400)}
    made = {
        "TableName": standing,
        "Key": KEY,
        "AttributeUpdates": {name: put(value) for name, value in attributes.items()},
    }
    client.delete_item(TableName=standing, Key=KEY)
    call(client, "UpdateItem", made)
    stored = client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]
    assert stored == {**KEY, **attributes}
