"""SELECT: what WHERE means, what is read for it, in which order, by which pages, and what of an item is shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from dynamodb.calls import VE, Item, item, refusal
from dynamodb.clients import create_table, load
from dynamodb.facts import fact
from dynamodb.statements import every_page, execute, refused

ZOO: list[Item] = [
    item(1, name={"S": "ant"}, legs={"N": "6"}, tags={"SS": ["small", "red"]}),
    item(2, name={"S": "bat"}, legs={"N": "2"}, wings={"BOOL": True}, raw={"B": b"\x00\x01"}),
    item(3, name={"S": "cat"}, legs={"N": "4"}, tail={"NULL": True}, sizes={"NS": ["1", "2.5"]}),
    item(4, name={"S": "o'dog"}, legs={"S": "4"}, likes={"L": [{"S": "bone"}, {"N": "7"}]}),
    item(5, name={"S": "eel"}, where={"M": {"sea": {"M": {"deep": {"N": "-3.5"}}}}}, Name={"S": "EEL"}),
]


@pytest.fixture(scope="module")
def zoo(client: Any) -> Iterator[str]:
    create_table(client, "partiql.zoo", sort_type="N")
    load(client, "partiql.zoo", ZOO)
    yield "partiql.zoo"
    client.delete_table(TableName="partiql.zoo")


@pytest.fixture(scope="module")
def herd(client: Any) -> Iterator[str]:
    """A table of 3 partitions, a, b and c, with 8 items of 1000 bytes each."""
    create_table(client, "partiql.herd", sort_type="N")
    for pk in "abc":
        load(client, "partiql.herd", [sheep(sk, pk) for sk in range(8)])
    yield "partiql.herd"
    client.delete_table(TableName="partiql.herd")


def sheep(sk: int, pk: str) -> Item:
    keys = len("pk") + len(pk) + len("sk") + (1 if sk == 0 else 2)
    return item(sk, pk, w={"S": "x" * (1000 - keys - len("w"))})


@pytest.mark.parametrize(
    ("where", "parameters", "found"),
    [
        pytest.param("legs = 6", (), [1], marks=fact("partiql.21", "partiql.35")),
        pytest.param("legs = 4", (), [3], marks=fact("partiql.35")),
        pytest.param("legs <> 4", (), [1, 2, 4, 5], marks=fact("partiql.21", "partiql.35")),
        pytest.param("legs != 4", (), [1, 2, 4, 5], marks=fact("partiql.21")),
        pytest.param("legs < 4", (), [2], marks=fact("partiql.21")),
        pytest.param("legs <= 4", (), [2, 3], marks=fact("partiql.21")),
        pytest.param("legs > 4", (), [1], marks=fact("partiql.21")),
        pytest.param("legs >= 4", (), [1, 3], marks=fact("partiql.21")),
        pytest.param("4 < legs", (), [1], marks=fact("partiql.21")),
        pytest.param("name = 'o''dog'", (), [4], marks=fact("partiql.12")),
        pytest.param("NOT legs = 6 AND legs < 4 OR name = 'cat'", (), [2, 3], marks=fact("partiql.22")),
        pytest.param("NOT (legs = 6 OR name = 'cat')", (), [2, 4, 5], marks=fact("partiql.22")),
        pytest.param("name = 'ant' OR name = 'bat' AND legs = 6", (), [1], marks=fact("partiql.22")),
        pytest.param("(name = 'ant' OR name = 'bat') AND legs = 2", (), [2], marks=fact("partiql.22")),
        pytest.param("legs BETWEEN 2 AND 4", (), [2, 3], marks=fact("partiql.23")),
        pytest.param("legs NOT BETWEEN 2 AND 4", (), [1, 4, 5]),
        pytest.param("name IN ['ant', 'eel']", (), [1, 5], marks=fact("partiql.24")),
        pytest.param("name IN ('ant', 'eel')", (), [1, 5], marks=fact("partiql.24")),
        pytest.param("legs IS MISSING", (), [5], marks=fact("partiql.25")),
        pytest.param("legs IS NOT MISSING", (), [1, 2, 3, 4], marks=fact("partiql.25")),
        pytest.param("tail IS NULL", (), [3], marks=fact("partiql.26")),
        pytest.param("tail IS NOT MISSING AND tail IS NOT NULL", (), [], marks=fact("partiql.26")),
        pytest.param("tail = NULL", (), [3], marks=fact("partiql.17")),
        pytest.param("wings = TRUE", (), [2], marks=fact("partiql.17")),
        pytest.param("wings = FALSE", (), [], marks=fact("partiql.17")),
        pytest.param("attribute_type(legs, 'S')", (), [4], marks=fact("partiql.28")),
        pytest.param("begins_with(name, 'o')", (), [4], marks=fact("partiql.29")),
        pytest.param("contains(name, 'at')", (), [2, 3], marks=fact("partiql.30")),
        pytest.param("contains(tags, 'red')", (), [1], marks=fact("partiql.30")),
        pytest.param("contains(likes, 7)", (), [4], marks=fact("partiql.30")),
        pytest.param("size(name) > 3", (), [4], marks=fact("partiql.31")),
        pytest.param("CONTAINS(name, 'at') AND Size(name) = 3", (), [2, 3], marks=fact("partiql.10")),
        pytest.param("\"where\".sea.deep = -3.5", (), [5], marks=fact("partiql.16")),
        pytest.param("\"where\".sea.deep = -35e-1", (), [5], marks=fact("partiql.16")),
        pytest.param("\"where\" = {'sea': {'deep': -3.50}}", (), [5], marks=fact("partiql.18")),
        pytest.param("likes = ['bone', 7]", (), [4], marks=fact("partiql.18", "partiql.35")),
        pytest.param("likes = [7, 'bone']", (), [], marks=fact("partiql.35")),
        pytest.param("tags = <<'red', 'small'>>", (), [1], marks=fact("partiql.19", "partiql.35")),
        pytest.param("sizes = <<2.50, 1>>", (), [3], marks=fact("partiql.19")),
        pytest.param("raw = ?", ({"B": b"\x00\x01"},), [2], marks=fact("partiql.20")),
        pytest.param("likes = [?, ?]", ({"S": "bone"}, {"N": "7"}), [4], marks=fact("partiql.14")),
        pytest.param("\"where\" = {'sea': {'deep': ?}}", ({"N": "-3.5"},), [5], marks=fact("partiql.14")),
        pytest.param("tags = <<?, ?>>", ({"S": "red"}, {"S": "small"}), [1], marks=fact("partiql.14")),
        pytest.param("legs IN [?, ?] AND name = ?", ({"N": "2"}, {"N": "6"}, {"S": "bat"}), [2], marks=fact("partiql.14")),
        pytest.param("likes[1] = 7", (), [4]),
        pytest.param("\"legs\" = 6", (), [1], marks=fact("partiql.11")),
        pytest.param("Name = 'EEL'", (), [5], marks=fact("partiql.11")),
        pytest.param("\"name\" = 'EEL'", (), [], marks=fact("partiql.11")),
        pytest.param("LEGS = 6", (), [], marks=fact("partiql.11")),
        pytest.param("nothing <> 1", (), [1, 2, 3, 4, 5], marks=fact("partiql.35")),
        pytest.param("legs = 6;", (), [1], marks=fact("partiql.15")),
    ],
)  # fmt: skip
def test_where_finds(
    client: Any, zoo: str, where: str, parameters: tuple[Item, ...], found: list[int]
) -> None:
    scanned = execute(client, f"SELECT * FROM TABLE WHERE {where}", zoo, *parameters)["Items"]
    assert scanned == [ZOO[sk - 1] for sk in found]
    if ";" not in where:
        queried = execute(client, f"SELECT * FROM TABLE WHERE ({where}) AND pk = 'a'", zoo, *parameters)
        assert queried["Items"] == scanned


@pytest.mark.parametrize("link", [" AND (legs = 6 OR (", " OR (NOT name <> 'ant' AND ("])
def test_conditions_may_nest(client: Any, zoo: str, link: str) -> None:
    depth = 20
    where = "".join(["legs = 6" + link for _ in range(depth)]) + "legs = 6" + "))" * depth
    assert execute(client, f"SELECT * FROM TABLE WHERE {where}", zoo)["Items"] == [ZOO[0]]


@fact("partiql.9")
def test_keywords_have_no_case(client: Any, zoo: str) -> None:
    text = "Select Name fRoM TABLE wHeRe pk = 'a' aNd sk In [5] And nOt wings Is nOt mIssing oRdEr bY sk dEsC"
    assert execute(client, text, zoo) == {"Items": [{"Name": {"S": "EEL"}}]}


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        pytest.param("*", ZOO[4], marks=fact("partiql.5")),
        pytest.param("name, sk", {"name": {"S": "eel"}, "sk": {"N": "5"}}),
        pytest.param('"where".sea', {"sea": {"M": {"deep": {"N": "-3.5"}}}}, marks=fact("partiql.49")),
        pytest.param(
            '"where".sea.deep, pk', {"deep": {"N": "-3.5"}, "pk": {"S": "a"}}, marks=fact("partiql.49")
        ),
        pytest.param("legs, likes", {}, marks=fact("partiql.51")),
        pytest.param('"where".sea[0], "where".name', {}, marks=fact("partiql.51")),
    ],
)
def test_a_select_shows(client: Any, zoo: str, columns: str, shown: Item) -> None:
    assert execute(client, f"SELECT {columns} FROM TABLE WHERE pk = 'a' AND sk = 5", zoo) == {
        "Items": [shown]
    }


@fact("partiql.50")
def test_a_list_element_is_shown_under_a_name(client: Any, zoo: str) -> None:
    [shown] = execute(client, "SELECT likes[1] FROM TABLE WHERE sk = 4", zoo)["Items"]
    assert list(shown.values()) == [{"N": "7"}]


# --- what is read

READ = 8000  # bytes of one partition of the herd


@pytest.mark.parametrize(
    ("where", "count", "read"),
    [
        pytest.param("pk = 'a'", 8, 8, marks=fact("partiql.38", "partiql.116")),
        pytest.param("'a' = pk", 8, 8, marks=fact("partiql.38")),
        pytest.param("pk = 'a' AND w = 'y'", 0, 8, marks=fact("partiql.38", "partiql.116")),
        pytest.param("pk = 'none'", 0, 0, marks=fact("partiql.116")),
        pytest.param("w IS NOT MISSING", 24, 24, marks=fact("partiql.40")),
        pytest.param("sk = 3", 3, 24, marks=fact("partiql.40")),
        pytest.param("pk > 'b'", 8, 24, marks=fact("partiql.40")),
        pytest.param("NOT pk <> 'b'", 8, 24, marks=fact("partiql.40")),
        pytest.param("pk = 'a' AND sk = 3", 1, 1, marks=fact("partiql.41")),
        pytest.param("pk = 'a' AND sk > 3", 4, 4, marks=fact("partiql.41")),
        pytest.param("pk = 'a' AND 3 >= sk", 4, 4, marks=fact("partiql.41")),
        pytest.param("pk = 'a' AND sk > 2 AND sk < 6", 3, 3, marks=fact("partiql.41")),
        pytest.param("sk BETWEEN 2 AND 5 AND (pk = 'a' AND sk <> 3)", 3, 4, marks=fact("partiql.41")),
        pytest.param("pk = 'a' AND sk > 5 AND sk < 3", 0, 0, marks=fact("partiql.41")),
        pytest.param("pk = 'a' AND (sk > 5 OR sk < 1)", 3, 8, marks=fact("partiql.41")),
        pytest.param("pk IN ['a', 'c'] AND sk > 4", 6, 6, marks=fact("partiql.39")),
        pytest.param("pk IN ('a', 'a', 'none')", 8, 8, marks=fact("partiql.39")),
        pytest.param("(pk = 'a' OR pk IN ['b']) AND sk < 2", 4, 4, marks=fact("partiql.42")),
        pytest.param("pk = 'a' OR pk = 'none'", 8, 8, marks=fact("partiql.42")),
        pytest.param("pk = 'a' OR sk = 1", 10, 24, marks=fact("partiql.42")),
        pytest.param("pk = 'a' OR pk = 'b' AND sk = 1", 9, 24, marks=fact("partiql.42")),
    ],
)  # fmt: skip
def test_where_decides_what_is_read(client: Any, herd: str, where: str, count: int, read: int) -> None:
    text = f"SELECT sk FROM TABLE WHERE {where}"
    answer = execute(client, text, herd, ReturnConsumedCapacity="TOTAL")
    units = max(1, -(-read * 1000 // 4096))
    assert len(answer["Items"]) == count
    assert answer["ConsumedCapacity"] == {"TableName": herd, "CapacityUnits": units / 2}


@fact("partiql.117")
def test_a_strong_read_costs_twice_as_much(client: Any, herd: str) -> None:
    more = {"ConsistentRead": True, "ReturnConsumedCapacity": "INDEXES"}
    answer = execute(client, "SELECT sk FROM TABLE WHERE pk = 'b'", herd, **more)
    assert answer["ConsumedCapacity"] == {
        "TableName": herd,
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 2.0},
    }


# --- order


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        pytest.param("pk = 'a'", "a0 a1 a2", marks=fact("partiql.46")),
        pytest.param("pk = 'a' ORDER BY sk", "a0 a1 a2", marks=fact("partiql.47")),
        pytest.param("pk = 'a' ORDER BY sk ASC", "a0 a1 a2", marks=fact("partiql.47")),
        pytest.param("pk = 'a' ORDER BY sk DESC", "a2 a1 a0", marks=fact("partiql.47")),
        pytest.param("pk = 'a' ORDER BY pk DESC", "a0 a1 a2", marks=fact("partiql.47")),
        pytest.param("pk IN ['b', 'c', 'a'] ORDER BY pk", "a0 a1 a2 b0 b1 b2 c0 c1 c2", marks=fact("partiql.47")),
        pytest.param("pk IN ['b', 'c', 'a'] ORDER BY pk DESC", "c0 c1 c2 b0 b1 b2 a0 a1 a2", marks=fact("partiql.47")),
        pytest.param("pk IN ['b', 'a'] ORDER BY pk, sk DESC", "a2 a1 a0 b2 b1 b0", marks=fact("partiql.47")),
    ],
)  # fmt: skip
def test_rows_come_in_order(client: Any, herd: str, tail: str, found: str) -> None:
    rows = execute(client, f"SELECT pk, sk FROM TABLE WHERE sk < 3 AND {tail}", herd)["Items"]
    assert [row["pk"]["S"] + row["sk"]["N"] for row in rows] == found.split()


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param("ORDER BY sk", marks=fact("partiql.48")),
        pytest.param("WHERE sk = 1 ORDER BY sk", marks=fact("partiql.48")),
        pytest.param("WHERE pk = 'a' OR sk = 1 ORDER BY pk", marks=fact("partiql.48")),
        pytest.param("WHERE pk = 'a' ORDER BY w", marks=fact("partiql.47")),
        "WHERE pk IN ['a', 'b'] ORDER BY sk",
    ],
)
def test_an_order_that_cannot_be_read_is_refused(client: Any, herd: str, tail: str) -> None:
    assert refused(client, f"SELECT * FROM TABLE {tail}", herd)[0] == VE


# --- pages


@fact("partiql.54", "partiql.56")
def test_a_limit_counts_rows_that_are_read(client: Any, herd: str) -> None:
    pages = every_page(client, "SELECT sk FROM TABLE WHERE pk = 'a' AND w = 'y'", herd, Limit=3)
    assert [page["Items"] for page in pages] == [[], [], []]
    assert [page.get("LastEvaluatedKey") for page in pages] == [item(2), item(5), None]
    assert ["NextToken" in page for page in pages] == [True, True, False]


@fact("partiql.56")
@pytest.mark.parametrize("limit", [1, 4, 7, 100])
@pytest.mark.parametrize(
    ("tail", "count"),
    [("", 24), ("WHERE pk = 'b' ORDER BY sk DESC", 8), ("WHERE pk IN ['c', 'a', 'b'] AND sk <> 2", 21)],
)
def test_pages_cover_everything_once_and_in_order(
    client: Any, herd: str, tail: str, count: int, limit: int
) -> None:
    whole = [
        row for page in every_page(client, f"SELECT pk, sk FROM TABLE {tail}", herd) for row in page["Items"]
    ]
    pages = every_page(client, f"SELECT pk, sk FROM TABLE {tail}", herd, Limit=limit)
    assert [row for page in pages for row in page["Items"]] == whole
    assert len(whole) == len({str(row) for row in whole}) == count
    assert all(len(page["Items"]) <= limit for page in pages)


@fact("partiql.45")
def test_a_page_over_several_partitions_has_ten_items(client: Any, herd: str) -> None:
    pages = every_page(client, "SELECT pk, sk FROM TABLE WHERE pk IN ['a', 'b', 'c']", herd)
    assert [len(page["Items"]) for page in pages] == [10, 10, 4]


@fact("partiql.55")
def test_a_page_ends_at_one_megabyte(client: Any, table: str) -> None:
    load(client, table, [item(sk, w={"S": "x" * 300_000}) for sk in range(5)])
    first, rest = every_page(client, "SELECT sk FROM TABLE WHERE pk = 'a'", table)
    assert [row["sk"]["N"] for row in first["Items"]] == ["0", "1", "2", "3"]
    assert first["LastEvaluatedKey"] == item(3)
    assert rest == {"Items": [{"sk": {"N": "4"}}]}


def test_a_token_belongs_to_its_statement_and_parameters(client: Any, herd: str) -> None:
    text, one = "SELECT sk FROM TABLE WHERE pk = ?", {"S": "a"}
    token = execute(client, text, herd, one, Limit=2)["NextToken"]
    more = {"Limit": 5, "ConsistentRead": True, "NextToken": token}
    assert [row["sk"]["N"] for row in execute(client, text, herd, one, **more)["Items"]] == list("23456")


TOKEN_OF_ANOTHER = (VE, "NextToken does not match request")


@pytest.mark.parametrize(
    ("text", "parameter", "error"),
    [
        pytest.param("SELECT pk FROM TABLE WHERE pk = ?", {"S": "a"}, TOKEN_OF_ANOTHER, marks=fact("partiql.57")),
        pytest.param("SELECT sk FROM TABLE  WHERE pk = ?", {"S": "a"}, TOKEN_OF_ANOTHER, marks=fact("partiql.57")),
        pytest.param("DELETE FROM TABLE WHERE pk = ? AND sk = 1", {"S": "a"}, TOKEN_OF_ANOTHER, marks=fact("partiql.57")),
        pytest.param("SELECT sk FROM TABLE WHERE pk = ?", {"S": "b"}, TOKEN_OF_ANOTHER, marks=fact("partiql.58")),
    ],
)  # fmt: skip
def test_a_token_of_another_request_is_refused(
    client: Any, herd: str, text: str, parameter: Item, error: tuple[str, str]
) -> None:
    token = execute(client, "SELECT sk FROM TABLE WHERE pk = ?", herd, {"S": "a"}, Limit=2)["NextToken"]
    assert refused(client, text, herd, parameter, NextToken=token) == error


@fact("partiql.59")
@pytest.mark.parametrize(
    "spoil", [lambda _: "x", lambda _: "é", lambda t: t[4:], lambda t: t[:-8], str.swapcase]
)
def test_a_spoilt_token_is_invalid(client: Any, herd: str, spoil: Any) -> None:
    token = execute(client, "SELECT sk FROM TABLE", herd, Limit=2)["NextToken"]
    assert refused(client, "SELECT sk FROM TABLE", herd, NextToken=spoil(token)) == (VE, "Invalid NextToken")


@pytest.fixture(scope="module")
def by_color(client: Any) -> Iterator[str]:
    """A table whose local index `color` holds keys only."""
    name = "statements.by.color"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind}
            for key, kind in (("pk", "S"), ("sk", "N"), ("color", "S"))
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "color",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "color", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    colors = ["red", "blue", None, "red", "green"]
    for sk, color in enumerate(colors):
        more: dict[str, Any] = {} if color is None else {"color": {"S": color}}
        client.put_item(TableName=name, Item=item(sk, n={"N": str(sk)}, **more))
    yield name
    client.delete_table(TableName=name)


@fact("partiql.66", "partiql.118")
def test_a_local_index_is_read_in_its_order_and_fetches_what_it_lacks(client: Any, by_color: str) -> None:
    def select(what: str, where: str = "", **more: Any) -> Any:
        statement = f'SELECT {what} FROM "{by_color}"."color" WHERE pk = \'a\'{where}'
        return client.execute_statement(Statement=statement, ReturnConsumedCapacity="INDEXES", **more)

    keys = select("*")
    assert [each["color"]["S"] for each in keys["Items"]] == ["blue", "green", "red", "red"]
    assert all(each.keys() == {"pk", "sk", "color"} for each in keys["Items"])
    arm = {"color": {"CapacityUnits": 0.5}}
    assert keys["ConsumedCapacity"]["LocalSecondaryIndexes"] == arm
    assert keys["ConsumedCapacity"]["Table"] == {"CapacityUnits": 0.0}
    fetched = select("n", " AND color = 'red'")
    assert fetched["Items"] == [{"n": {"N": "0"}}, {"n": {"N": "3"}}]
    assert fetched["ConsumedCapacity"]["Table"] == {"CapacityUnits": 1.0}
    filtered = select("*", " AND n > 2")
    assert filtered["Items"] == keys["Items"][1:2] + keys["Items"][3:]
    assert filtered["ConsumedCapacity"]["Table"] == {"CapacityUnits": 2.0}
    descending = select("color", " ORDER BY color DESC")["Items"]
    assert [each["color"]["S"] for each in descending] == ["red", "red", "green", "blue"]
    token: dict[str, str] = {}
    pages = []
    while True:
        page = select("sk", Limit=3, **token)
        pages.append([each["sk"]["N"] for each in page["Items"]])
        if "NextToken" not in page:
            break
        assert page["LastEvaluatedKey"].keys() == {"pk", "sk", "color"}
        token = {"NextToken": page["NextToken"]}
    assert pages == [["1", "4", "0"], ["3"]]


def test_statements_that_write_cost_what_they_change_in_indexes(client: Any, by_color: str) -> None:
    def execute(statement: str) -> Any:
        answer = client.execute_statement(
            Statement=statement.replace("TABLE", f'"{by_color}"'), ReturnConsumedCapacity="INDEXES"
        )
        return (
            answer["ConsumedCapacity"].get("LocalSecondaryIndexes", {}).get("color", {}).get("CapacityUnits")
        )

    assert execute("INSERT INTO TABLE VALUE {'pk': 'z', 'sk': 1, 'color': 'red'}") == 1.0
    assert execute("UPDATE TABLE SET n = 1 WHERE pk = 'z' AND sk = 1") is None
    assert execute("UPDATE TABLE SET color = 'blue' WHERE pk = 'z' AND sk = 1") == 2.0
    assert execute("DELETE FROM TABLE WHERE pk = 'z' AND sk = 1") == 1.0
    error = refusal(
        client,
        "ExecuteStatement",
        {"Statement": f"INSERT INTO \"{by_color}\" VALUE {{'pk': 'z', 'sk': 1, 'color': 3}}"},
    )
    assert "Type mismatch for Index Key color Expected: S Actual: N IndexName: color" in str(error)
