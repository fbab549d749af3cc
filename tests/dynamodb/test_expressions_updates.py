"""What updates make of an item, and what they refuse to do with it."""

from typing import Any

import pytest

from dynamodb.calls import VE, Item, P, call, fault, item, refusal
from dynamodb.expressions import CONDITION, UPDATE, request, unordered, updated
from dynamodb.facts import fact


def numbers(*found: int) -> Item:
    return {"L": [{"N": str(number)} for number in found]}


KEY = item(1)
ITEM: Item = item(
    1,
    n={"N": "5"},
    s={"S": "x"},
    ss={"SS": ["a", "b"]},
    ns={"NS": ["1", "2"]},
    bs={"BS": [b"a"]},
    l=numbers(0, 1, 2),
    m={"M": {"a": {"N": "1"}, "l": {"L": [{"S": "z"}]}, "ss": {"SS": ["p", "q"]}}},
)
OLD_M = ITEM["m"]["M"]
NAMES = {"#l": "l", "#dotted": "m.a", "#word": "size"}
VALUES: Item = {
    ":n": {"N": "2"},
    ":s": {"S": "new"},
    ":ss": {"SS": ["b", "c"]},
    ":ab": {"SS": ["b", "a"]},
    ":ns": {"NS": ["2.0", "3"]},
    ":bs": {"BS": [b"a", b"b"]},
    ":p": {"SS": ["p"]},
    ":l": {"L": [{"S": "p"}]},
    ":null": {"NULL": True},
    ":map": {"M": {"k": {"N": "1"}}},
    ":max": {"N": "9E125"},
    ":digits": {"N": "1" + "0" * 37},
    ":tiny": {"N": "0.1"},
    ":third": {"N": "0." + "3" * 38},
}
DOCUMENT_PATH = "The document path provided in the update expression is invalid for update"
NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
OPERAND = "An operand in the update expression has an incorrect data type"


def row(held: str, text: str, **changed: Any) -> Any:
    """An update and the attributes it changes, None for those it takes away."""
    return pytest.param(text, changed, marks=fact(held), id=text)


CHANGES = [
    # the old item is what is read, and order means nothing
    row("expressions.190", "SET n = s, s = n", n={"S": "x"}, s={"N": "5"}),
    row("expressions.190", "SET x = n REMOVE n", x={"N": "5"}, n=None),
    row("expressions.190", "REMOVE n SET x = n, y = n + :n", x={"N": "5"}, y={"N": "7"}, n=None),
    row("expressions.190", "ADD n :n SET x = n", x={"N": "5"}, n={"N": "7"}),
    row("expressions.190", "SET x = #l, #l[0] = :s", x=numbers(0, 1, 2), l={"L": [{"S": "new"}, {"N": "1"}, {"N": "2"}]}),
    row("expressions.190", "DELETE ss :ab SET x = ss", x={"SS": ["a", "b"]}, ss=None),
    # SET
    row("expressions.195", "SET n = :s", n={"S": "new"}),
    row("expressions.195", "SET x = :map, #dotted = :n, #word = :null", x={"M": {"k": {"N": "1"}}}, **{"m.a": {"N": "2"}, "size": {"NULL": True}}),
    row("expressions.195", "SET m.a = :s, m.x = :l", m={"M": {**OLD_M, "a": {"S": "new"}, "x": {"L": [{"S": "p"}]}}}),
    row("expressions.195", "SET m.l[0] = :n", m={"M": {**OLD_M, "l": numbers(2)}}),
    row("expressions.195", "SET #l[1] = :n", l=numbers(0, 2, 2)),
    row("expressions.195", "SET m = :n", m={"N": "2"}),
    row("expressions.197", "SET #l[3] = :n", l=numbers(0, 1, 2, 2)),
    row("expressions.197", "SET #l[9] = :n, #l[7] = :s", l={"L": [*numbers(0, 1, 2)["L"], {"S": "new"}, {"N": "2"}]}),
    row("expressions.197", "SET #l[5] = :n, #l[4] = #l[0], #l[3] = #l[1]", l=numbers(0, 1, 2, 1, 0, 2)),
    row("expressions.198", "SET n = if_not_exists(n, :n)"),
    row("expressions.198", "SET x = if_not_exists(x, :n)", x={"N": "2"}),
    row("expressions.198", "SET x = if_not_exists(y, n)", x={"N": "5"}),
    row("expressions.198", "SET x = if_not_exists(m.gone, :n) + :n", x={"N": "4"}),
    row("expressions.198", "SET x = if_not_exists(x, if_not_exists(y, :s))", x={"S": "new"}),
    row("expressions.198", "SET m.x = if_not_exists(m.a, :n)", m={"M": {**OLD_M, "x": {"N": "1"}}}),
    row("expressions.199", "SET x = list_append(#l, :l)", x={"L": [*numbers(0, 1, 2)["L"], {"S": "p"}]}),
    row("expressions.199", "SET #l = list_append(:l, #l)", l={"L": [{"S": "p"}, *numbers(0, 1, 2)["L"]]}),
    row("expressions.199", "SET x = list_append(if_not_exists(x, :l), m.l)", x={"L": [{"S": "p"}, {"S": "z"}]}),
    row("expressions.200", "SET n = n + :n", n={"N": "7"}),
    row("expressions.200", "SET n = :n - n", n={"N": "-3"}),
    row("expressions.200", "SET x = n - n", x={"N": "0"}),
    row("expressions.200", "SET x = n + m.a", x={"N": "6"}),
    row("expressions.200", "SET x = :third + :third", x={"N": "0." + "6" * 38}),
    row("expressions.200", "SET x = :digits - :n", x={"N": "9" * 36 + "8"}),
    # REMOVE
    row("expressions.203", "REMOVE n, s", n=None, s=None),
    row("expressions.203", "REMOVE m.a, m.l[0]", m={"M": {"l": {"L": []}, "ss": {"SS": ["p", "q"]}}}),
    row("expressions.204", "REMOVE x"),
    row("expressions.204", "REMOVE m.x, #l[3], #l[99], m.l[1]"),
    row("expressions.206", "REMOVE #l[0]", l=numbers(1, 2)),
    row("expressions.206", "REMOVE #l[0], #l[1]", l=numbers(2)),
    row("expressions.206", "REMOVE #l[2], #l[0], #l[7]", l=numbers(1)),
    row("expressions.206", "REMOVE #l[0], #l[1], #l[2]", l=numbers()),
    row("expressions.206", "REMOVE #l[0] SET #l[2] = :n", l=numbers(1, 2)),
    row("expressions.206", "REMOVE #l[0] SET #l[5] = :n", l=numbers(1, 2, 2)),
    row("expressions.206", "SET #l[1] = #l[2] REMOVE #l[0]", l=numbers(2, 2)),
    # ADD
    row("expressions.207", "ADD n :n", n={"N": "7"}),
    row("expressions.207", "ADD x :n", x={"N": "2"}),
    row("expressions.207", "ADD n :tiny", n={"N": "5.1"}),
    row("expressions.208", "ADD ss :ss", ss={"SS": ["a", "b", "c"]}),
    row("expressions.208", "ADD ns :ns", ns={"NS": ["1", "2", "3"]}),
    row("expressions.208", "ADD bs :bs", bs={"BS": [b"a", b"b"]}),
    row("expressions.208", "ADD x :ss, y :bs", x={"SS": ["b", "c"]}, y={"BS": [b"a", b"b"]}),
    row("expressions.210", "ADD m.a :n, m.ss :ss", m={"M": {**OLD_M, "a": {"N": "3"}, "ss": {"SS": ["b", "c", "p", "q"]}}}),
    row("expressions.210", "ADD m.x :n, #l[1] :n", m={"M": {**OLD_M, "x": {"N": "2"}}}, l=numbers(0, 3, 2)),
    # DELETE
    row("expressions.211", "DELETE ss :ss", ss={"SS": ["a"]}),
    row("expressions.211", "DELETE ns :ns", ns={"NS": ["1"]}),
    row("expressions.211", "DELETE m.ss :p", m={"M": {**OLD_M, "ss": {"SS": ["q"]}}}),
    row("expressions.212", "DELETE x :ss, m.x :ss"),
    row("expressions.214", "DELETE ss :ab", ss=None),
    row("expressions.214", "DELETE bs :bs", bs=None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "changed"), CHANGES)
def test_an_update_changes_what_it_says_and_nothing_else(
    client: Any, standing: str, text: str, changed: Item
) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    answer = updated(client, standing, text, NAMES, VALUES, ReturnValues="ALL_NEW")
    expected = {name: value for name, value in {**ITEM, **changed}.items() if value is not None}
    assert unordered(answer["Attributes"]) == unordered(expected)
    stored = client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]
    assert unordered(stored) == unordered(expected)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("SET x.y = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET x[0] = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET s.y = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET m[0] = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET #l.x = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET m.x.y = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET #l[5].x = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET n.x = :n", DOCUMENT_PATH, marks=fact("expressions.196")),
        pytest.param("SET x = y", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = m.y", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = #l[3]", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = y + :n", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = if_not_exists(y, z)", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = list_append(y, :l)", NO_ATTRIBUTE, marks=fact("expressions.201")),
        pytest.param("SET x = s + :n", OPERAND, marks=fact("expressions.202")),
        pytest.param("SET x = :n - ss", OPERAND, marks=fact("expressions.202")),
        pytest.param("SET x = list_append(s, :l)", OPERAND, marks=fact("expressions.202")),
        pytest.param("SET x = list_append(:l, ss)", OPERAND, marks=fact("expressions.202")),
        pytest.param("SET x = if_not_exists(s, :n) + :n", OPERAND, marks=fact("expressions.202")),
        pytest.param(
            "SET x = :max + :max",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
            marks=fact("expressions.200"),
        ),
        pytest.param("REMOVE x.y", DOCUMENT_PATH, marks=fact("expressions.205")),
        pytest.param("REMOVE x[0]", DOCUMENT_PATH, marks=fact("expressions.205")),
        pytest.param("REMOVE s.y", DOCUMENT_PATH, marks=fact("expressions.205")),
        pytest.param("REMOVE m[0]", DOCUMENT_PATH, marks=fact("expressions.205")),
        pytest.param("REMOVE m.x.y", DOCUMENT_PATH, marks=fact("expressions.205")),
        pytest.param("ADD s :n", OPERAND, marks=fact("expressions.209")),
        pytest.param("ADD ss :n", OPERAND, marks=fact("expressions.209")),
        pytest.param("ADD ss :ns", OPERAND, marks=fact("expressions.209")),
        pytest.param("ADD n :ss", OPERAND, marks=fact("expressions.209")),
        pytest.param("ADD #l :ss", OPERAND, marks=fact("expressions.209")),
        pytest.param("ADD x.y :n", DOCUMENT_PATH, marks=fact("expressions.210")),
        pytest.param("DELETE s :ss", OPERAND, marks=fact("expressions.213")),
        pytest.param("DELETE ss :ns", OPERAND, marks=fact("expressions.213")),
        pytest.param("DELETE n :ss", OPERAND, marks=fact("expressions.213")),
        pytest.param("DELETE x.y :ss", DOCUMENT_PATH, marks=fact("expressions.213")),
        *(
            pytest.param(
                text, f"{P}Cannot update attribute {name}. This attribute is part of the key", marks=fact("expressions.215")
            )
            for text, name in (
                ("SET pk = :s", "pk"), ("SET sk = sk", "sk"), ("REMOVE sk", "sk"), ("ADD sk :n", "sk"), ("DELETE pk :ss", "pk"),
                ("SET x = :n, pk = pk", "pk"),
            )
        ),
    ],
)  # fmt: skip
@fact("expressions.216")
def test_an_update_that_does_not_fit_is_refused_and_changes_nothing(
    client: Any, standing: str, text: str, told: str
) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    whole = f"{text}, fresh = :s" if text.startswith("SET") else f"{text} SET fresh = :s"
    operation, made = request(standing, UPDATE, whole, NAMES, VALUES)
    assert fault(refusal(client, operation, made)) == (VE, told)
    stored = client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]
    assert unordered(stored) == unordered(ITEM)


@pytest.mark.parametrize(
    ("text", "created"),
    [
        pytest.param("SET s = :s", item(1, s={"S": "new"}), marks=fact("expressions.191")),
        pytest.param("ADD n :n", item(1, n={"N": "2"}), marks=fact("expressions.191")),
        pytest.param("ADD n :n REMOVE s", item(1, n={"N": "2"}), marks=fact("expressions.191")),
        pytest.param(
            "SET n = if_not_exists(n, :n) + :n", item(1, n={"N": "4"}), marks=fact("expressions.191")
        ),
        pytest.param(None, item(1), marks=fact("expressions.192")),
        pytest.param("REMOVE n", None, marks=fact("expressions.193")),
        pytest.param("REMOVE n, s, #l", None, marks=fact("expressions.193")),
        pytest.param("DELETE ss :ss", None, marks=fact("expressions.194")),
        pytest.param("REMOVE n DELETE ss :ss", None, marks=fact("expressions.194")),
    ],
)
def test_a_missing_item_is_created_by_what_writes(
    client: Any, standing: str, text: str | None, created: Item | None
) -> None:
    client.delete_item(TableName=standing, Key=KEY)
    if text is None:
        call(client, "UpdateItem", {"TableName": standing, "Key": KEY})
    else:
        assert updated(client, standing, text, NAMES, VALUES) == {}
    found = call(client, "GetItem", {"TableName": standing, "Key": KEY, "ConsistentRead": True})
    assert found == ({} if created is None else {"Item": created})


@fact("expressions.190")
def test_condition_and_update_see_the_same_old_item(client: Any, standing: str) -> None:
    client.put_item(TableName=standing, Item=ITEM)
    values: Item = {":two": {"N": "2"}, ":five": {"N": "5"}}
    made = {
        "TableName": standing,
        "Key": KEY,
        UPDATE: "SET n = n + :two",
        CONDITION: "n = :five",
        "ExpressionAttributeValues": values,
    }
    call(client, "UpdateItem", made)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        call(client, "UpdateItem", made)
    assert client.get_item(TableName=standing, Key=KEY, ConsistentRead=True)["Item"]["n"] == {"N": "7"}
