"""INSERT, UPDATE and DELETE: their conditions, what they change, what RETURNING shows, and what they cost."""

from typing import Any

import pytest

from dynamodb.calls import VE, Item, item
from dynamodb.facts import fact
from dynamodb.statements import execute, refused, stored

FAILED = ("ConditionalCheckFailedException", "The conditional request failed")
DUPLICATE = ("DuplicateItemException", "Duplicate primary key exists in table")
KEY = "pk = 'a' AND sk = 1"
OLD = item(
    1, n={"N": "5"}, s={"SS": ["x", "y"]}, l={"L": [{"N": "1"}, {"N": "2"}]}, m={"M": {"k": {"S": "v"}}}
)


@pytest.fixture
def put(client: Any, standing: str) -> str:
    """A table with the item OLD under KEY, and nothing under sk = 2."""
    client.put_item(TableName=standing, Item=OLD)
    client.delete_item(TableName=standing, Key=item(2))
    return standing


# --- INSERT


@fact("partiql.6", "partiql.14", "partiql.18", "partiql.19", "partiql.20")
def test_insert_stores_every_kind_of_value(client: Any, put: str) -> None:
    text = (
        "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': ?, 'b': ?, 'n': [-1.50, .5, 1E3], 'it''s': '', 'l': [],"
        " 'm': {'t': TRUE, 'f': false, 'z': NULL, 'ns': <<1, 2.0>>}, 'bs': <<?, ?>>, 'whole': ?}"
    )
    parameters = (
        {"N": "2"},
        {"B": b"\x00"},
        {"B": b"1"},
        {"B": b"2"},
        {"M": {"in": {"L": [{"NULL": True}]}}},
    )
    assert execute(client, text, put, *parameters) == {"Items": []}
    assert stored(client, put, 2) == {
        **item(2),
        "b": {"B": b"\x00"},
        "n": {"L": [{"N": "-1.5"}, {"N": "0.5"}, {"N": "1000"}]},
        "it's": {"S": ""},
        "l": {"L": []},
        "m": {
            "M": {"t": {"BOOL": True}, "f": {"BOOL": False}, "z": {"NULL": True}, "ns": {"NS": ["1", "2"]}}
        },
        "bs": {"BS": [b"1", b"2"]},
        "whole": {"M": {"in": {"L": [{"NULL": True}]}}},
    }


def test_a_parameter_may_be_the_whole_item(client: Any, put: str) -> None:
    execute(client, "INSERT INTO TABLE VALUE ?", put, {"M": item(2, x={"S": "y"})})
    assert stored(client, put, 2) == item(2, x={"S": "y"})


@fact("partiql.67")
def test_insert_never_overwrites(client: Any, put: str) -> None:
    assert refused(client, "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 1.0, 'n': 6}", put) == DUPLICATE
    assert stored(client, put, 1) == OLD


@fact("partiql.68")
def test_insert_if_not_exists_does_nothing_to_what_exists(client: Any, put: str) -> None:
    text = "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': ?, 'n': 6} IF NOT EXISTS"
    assert execute(client, text, put, {"N": "1"}) == {"Items": []}
    assert execute(client, text, put, {"N": "2"}) == {"Items": []}
    assert (stored(client, put, 1), stored(client, put, 2)) == (OLD, item(2, n={"N": "6"}))


# --- UPDATE


@pytest.mark.parametrize(
    ("changes", "parameters", "changed"),
    [
        pytest.param("SET n = n + 1", (), {"n": {"N": "6"}}, marks=fact("partiql.27")),
        pytest.param("SET n = 1 - n - ?", ({"N": "0.5"},), {"n": {"N": "-4.5"}}, marks=fact("partiql.27")),
        pytest.param("SET n = 1 - (n - 2)", (), {"n": {"N": "-2"}}, marks=fact("partiql.27")),
        pytest.param("SET n = ?, z = n", ({"S": "new"},), {"n": {"S": "new"}, "z": {"N": "5"}}, marks=fact("partiql.77")),
        pytest.param("SET n = z2 SET z2 = n", (), None, marks=fact("partiql.77")),
        pytest.param("SET n = 1 REMOVE s SET m.k = 'w' REMOVE l[0]", (),
                     {"n": {"N": "1"}, "s": None, "m": {"M": {"k": {"S": "w"}}}, "l": {"L": [{"N": "2"}]}},
                     marks=fact("partiql.78")),
        pytest.param("REMOVE n SET z = n", (), {"n": None, "z": {"N": "5"}}, marks=fact("partiql.77", "partiql.78")),
        pytest.param("SET l = list_append(l, [3, ?])", ({"S": "x"},),
                     {"l": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}, {"S": "x"}]}}, marks=fact("partiql.32")),
        pytest.param("SET l = LIST_APPEND([0], l)", (), {"l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}},
                     marks=fact("partiql.10", "partiql.32")),
        pytest.param("SET s = set_add(s, <<'y', 'z'>>)", (), {"s": {"SS": ["x", "y", "z"]}}, marks=fact("partiql.33")),
        pytest.param("SET t = set_add(t, <<1>>)", (), {"t": {"NS": ["1"]}}, marks=fact("partiql.33")),
        pytest.param("SET s = set_delete(s, ?)", ({"SS": ["x"]},), {"s": {"SS": ["y"]}}, marks=fact("partiql.34")),
        pytest.param("SET s = set_delete(s, <<'x', 'y'>>)", (), {"s": None}, marks=fact("partiql.34")),
        pytest.param("SET m.new = {'deep': [?]}", ({"B": b"b"},),
                     {"m": {"M": {"k": {"S": "v"}, "new": {"M": {"deep": {"L": [{"B": b"b"}]}}}}}},
                     marks=fact("partiql.14")),
        pytest.param('SET "set" = NULL', (), {"set": {"NULL": True}}, marks=fact("partiql.13")),
    ],
)  # fmt: skip
def test_update_changes(
    client: Any, put: str, changes: str, parameters: tuple[Item, ...], changed: dict[str, Any] | None
) -> None:
    text = f"UPDATE TABLE {changes} WHERE {KEY}"
    if changed is None:
        error = (VE, "The provided expression refers to an attribute that does not exist in the item")
        assert refused(client, text, put, *parameters) == error
        assert stored(client, put, 1) == OLD
        return
    assert execute(client, text, put, *parameters) == {"Items": []}
    new = {name: value for name, value in {**OLD, **changed}.items() if value is not None}
    found = stored(client, put, 1)
    assert found is not None
    assert {**found, "s": sorted(found.get("s", {}).get("SS", []))} == {
        **new,
        "s": sorted(new.get("s", {}).get("SS", [])),
    }


@fact("partiql.73")
@pytest.mark.parametrize("condition", ["", " AND n IS MISSING", " AND n <> 3"])
def test_update_never_creates_an_item(client: Any, put: str, condition: str) -> None:
    text = f"UPDATE TABLE SET n = 1 WHERE pk = 'a' AND sk = 2{condition}"
    assert refused(client, text, put) == FAILED
    assert stored(client, put, 2) is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param("n = 5", True, marks=fact("partiql.74")),
        pytest.param("n = 6", False, marks=fact("partiql.74")),
        pytest.param("(n = 6 OR contains(s, 'x')) AND m.k IS NOT MISSING", True, marks=fact("partiql.74")),
        pytest.param("NOT size(l) = 2", False, marks=fact("partiql.74")),
        pytest.param("pk = 'b'", False, marks=fact("partiql.74")),
        pytest.param("sk IN [1, 3]", True, marks=fact("partiql.74")),
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE TABLE SET n = n + 1", "DELETE FROM TABLE"])
def test_other_conditions_decide(client: Any, put: str, verb: str, condition: str, holds: bool) -> None:
    text = f"{verb} WHERE {KEY} AND {condition}"
    if holds:
        assert execute(client, text, put) == {"Items": []}
    else:
        assert refused(client, text, put) == FAILED
    assert (stored(client, put, 1) == OLD) is not holds


@fact("partiql.87")
def test_a_failed_condition_may_show_the_item(client: Any, put: str) -> None:
    for text in (f"UPDATE TABLE SET n = 1 WHERE {KEY} AND n = 6", f"DELETE FROM TABLE WHERE {KEY} AND n = 6"):
        with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
            execute(client, text, put, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        assert caught.value.response["Item"] == OLD


# --- DELETE


@fact("partiql.75", "partiql.84")
@pytest.mark.parametrize("condition", ["", " AND n = 5"])
@pytest.mark.parametrize("returning", ["", " RETURNING ALL OLD *"])
def test_delete_of_a_missing_item_succeeds(client: Any, put: str, condition: str, returning: str) -> None:
    text = f"DELETE FROM TABLE WHERE pk = 'a' AND sk = 2{condition}{returning}"
    assert execute(client, text, put) == {"Items": []}


@fact("partiql.76")
def test_delete_with_a_false_condition_fails(client: Any, put: str) -> None:
    assert refused(client, f"DELETE FROM TABLE WHERE {KEY} AND n = 6", put) == FAILED
    assert stored(client, put, 1) == OLD


# --- RETURNING


@pytest.mark.parametrize(
    ("text", "items"),
    [
        pytest.param("UPDATE TABLE SET n = 6 WHERE KEY RETURNING ALL OLD *", [OLD], marks=fact("partiql.5", "partiql.79")),
        pytest.param("UPDATE TABLE SET n = 6 WHERE KEY RETURNING ALL NEW *", [{**OLD, "n": {"N": "6"}}], marks=fact("partiql.80")),
        pytest.param("UPDATE TABLE SET n = 6 REMOVE l[1] WHERE KEY RETURNING MODIFIED OLD *",
                     [{"n": {"N": "5"}, "l": {"L": [{"N": "2"}]}}], marks=fact("partiql.81")),
        pytest.param("UPDATE TABLE SET m.k = 'w', z = 1 WHERE KEY RETURNING MODIFIED NEW *",
                     [{"m": {"M": {"k": {"S": "w"}}}, "z": {"N": "1"}}], marks=fact("partiql.81")),
        pytest.param("UPDATE TABLE SET z = 1 WHERE KEY RETURNING MODIFIED OLD *", [], marks=fact("partiql.82")),
        pytest.param("UPDATE TABLE REMOVE n WHERE KEY RETURNING MODIFIED NEW *", [], marks=fact("partiql.82")),
        pytest.param("DELETE FROM TABLE WHERE KEY RETURNING ALL OLD *", [OLD], marks=fact("partiql.5", "partiql.83")),
        pytest.param("delete from TABLE where KEY and n = 5 returning all old *", [OLD], marks=fact("partiql.9")),
    ],
)  # fmt: skip
def test_returning_shows(client: Any, put: str, text: str, items: list[Item]) -> None:
    assert execute(client, text.replace("KEY", KEY), put) == {"Items": items}


# --- sizes and costs


@fact("partiql.86")
def test_update_may_fill_an_item_to_the_byte(client: Any, put: str) -> None:
    execute(client, "INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 2}", put)
    room = 409_600 - len("pkask") - 2 - len("w")
    text = "UPDATE TABLE SET w = ? WHERE pk = 'a' AND sk = 2"
    assert execute(client, text, put, {"S": "x" * room}) == {"Items": []}
    too_large = (VE, "Item size to update has exceeded the maximum allowed size")
    assert refused(client, text, put, {"S": "x" * (room + 1)}) == too_large


@fact("partiql.119")
@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("INSERT INTO TABLE VALUE {'pk': 'a', 'sk': 2, 'w': ?}", 3),
        ("UPDATE TABLE SET w = ? WHERE pk = 'a' AND sk = 1", 4),
        ("DELETE FROM TABLE WHERE pk = 'a' AND sk = 1 AND w <> ?", 2),
        ("DELETE FROM TABLE WHERE pk = 'a' AND sk = 2 AND w <> ?", 1),
    ],
)
def test_writes_cost_as_those_of_items(client: Any, put: str, text: str, units: int) -> None:
    client.put_item(TableName=put, Item=item(1, v={"S": "x" * 1500}))
    answer = execute(client, text, put, {"S": "y" * 2500}, ReturnConsumedCapacity="TOTAL")
    assert answer == {"Items": [], "ConsumedCapacity": {"TableName": put, "CapacityUnits": float(units)}}
