"""Keys: byte order is DynamoDB's order, ranges of bytes are ranges of sort values, and the service's texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.model.errors import ApiError
from trinamo.model.keys import (
    KeyAttribute,
    KeySchema,
    SortOperator,
    batch_put_key,
    decode_key,
    item_key,
    key_of,
    partition_prefix,
    prefix_end,
    put_key,
    sort_range,
    successor,
)
from trinamo.model.numbers import canonical
from trinamo.model.values import AttributeValue, Item, order
from trinamo.wire import from_wire, to_wire

P = "One or more parameter values were invalid: "
MISMATCH = "The provided key element does not match the schema"

# Few characters, so that prefixes, zeros and FF meet often.
_texts = st.text("\0\1aé\uffff\U0010ffff", min_size=1, max_size=5)
_binaries = st.lists(st.sampled_from([0, 1, 97, 254, 255]), min_size=1, max_size=5).map(bytes)
_numbers = st.builds(lambda n, e: canonical(f"{n}E{e}"), st.integers(-110, 110), st.integers(-3, 3))


def _values_of(code: str) -> st.SearchStrategy[AttributeValue]:
    contents: dict[str, st.SearchStrategy[Any]] = {"S": _texts, "N": _numbers, "B": _binaries}
    return st.builds(lambda content: {code: content}, contents[code])


def _schema(partition: str, sort: str | None) -> KeySchema:
    return KeySchema(KeyAttribute("pk", partition), None if sort is None else KeyAttribute("sk", sort))


@st.composite
def _rows(draw: st.DrawFn) -> tuple[KeySchema, list[Item]]:
    partition, code = draw(st.sampled_from("SNB")), draw(st.sampled_from("SNB"))
    schema = _schema(partition, code)
    pks = draw(st.lists(_values_of(partition), min_size=1, max_size=2))
    pairs = draw(st.lists(st.tuples(st.sampled_from(pks), _values_of(code)), min_size=2, max_size=12))
    return schema, [{"pk": pk, "sk": sk} for pk, sk in pairs]


@given(_rows())
def test_byte_order_of_keys_is_the_order_of_sort_values(rows: tuple[KeySchema, list[Item]]) -> None:
    schema, items = rows
    for left in items:
        for right in items:
            a, b = put_key(schema, left), put_key(schema, right)
            assert (a == b) == (left == right)
            if left["pk"] == right["pk"]:
                assert order(left["sk"], right["sk"]) == (a > b) - (a < b)


@given(_rows())
def test_keys_decode_to_the_attributes_they_were_made_of(rows: tuple[KeySchema, list[Item]]) -> None:
    schema, items = rows
    for item in items:
        assert decode_key(schema, put_key(schema, item)) == item


@given(st.sampled_from("SNB").flatmap(_values_of))
def test_a_key_without_sort_value_is_the_partition_prefix(value: AttributeValue) -> None:
    schema = _schema(next(iter(value)), None)
    key = put_key(schema, {"pk": value, "other": {"S": "x"}})
    assert key == partition_prefix(schema.partition, value)
    assert decode_key(schema, key) == {"pk": value}


def _meets(sk: AttributeValue, operator: str, low: AttributeValue, high: AttributeValue) -> bool:
    if operator == "begins_with":
        [content] = sk.values()
        return bool(content.startswith(next(iter(low.values()))))
    below, above = order(sk, low), order(sk, high)
    assert below is not None
    assert above is not None
    checks = {"=": below == 0, "<": below < 0, "<=": below <= 0, ">": below > 0, ">=": below >= 0}
    return checks.get(operator, below >= 0 >= above)


@given(_rows(), st.data())
def test_ranges_hold_exactly_the_keys_that_meet_the_condition(
    rows: tuple[KeySchema, list[Item]], data: st.DataObject
) -> None:
    schema, items = rows
    assert schema.sort is not None
    operators = ["=", "<", "<=", ">", ">=", "BETWEEN", *(["begins_with"] if schema.sort.type != "N" else [])]
    operator: SortOperator = data.draw(st.sampled_from(operators))
    low, high = data.draw(_values_of(schema.sort.type)), data.draw(_values_of(schema.sort.type))
    pk = items[0]["pk"]
    start, end = sort_range(partition_prefix(schema.partition, pk), operator, low, high)
    for item in items:
        expected = item["pk"] == pk and _meets(item["sk"], operator, low, high)
        assert (start <= put_key(schema, item) < end) == expected


@given(_rows())
def test_a_partition_prefix_bounds_exactly_its_items(rows: tuple[KeySchema, list[Item]]) -> None:
    schema, items = rows
    prefix = partition_prefix(schema.partition, items[0]["pk"])
    for item in items:
        assert (prefix <= put_key(schema, item) < prefix_end(prefix)) == (item["pk"] == items[0]["pk"])


@given(st.binary(max_size=4), st.binary(max_size=4))
def test_nothing_lies_between_a_key_and_its_successor(key: bytes, other: bytes) -> None:
    assert not key < other < successor(key)


EMPTY_KEY = (
    "One or more parameter values are not valid. The AttributeValue for a key attribute"
    " cannot contain an empty string value. Key: pk"
)
PUT_FAULTS: list[tuple[Item, str]] = [
    ({"sk": {"N": "1"}}, P + "Missing the key pk in the item"),
    ({"pk": {"S": "a"}}, P + "Missing the key sk in the item"),
    ({"pk": {"N": "1"}, "sk": {"N": "1"}}, P + "Type mismatch for key pk expected: S actual: N"),
    ({"pk": {"N": "1"}}, P + "Missing the key sk in the item"),
    ({"pk": {"S": "a"}, "sk": {"NULL": True}}, P + "Type mismatch for key sk expected: N actual: NULL"),
    (
        {"pk": {"S": ""}, "sk": {"N": "1"}},
        EMPTY_KEY,
    ),
    (
        {"pk": {"S": "é" * 1025}, "sk": {"N": "1"}},
        P + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
]


@pytest.mark.parametrize(("item", "text"), PUT_FAULTS)
def test_put_names_what_is_wrong_with_a_key(item: Item, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        put_key(_schema("S", "N"), item)
    assert (caught.value.code, caught.value.message) == ("ValidationException", text)


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"pk": {"S": "a"}},
        {"pk": {"S": "a"}, "sk": {"S": "1"}},
        {"pk": {"S": "a"}, "sx": {"N": "1"}},
        {"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"S": "b"}},
    ],
)
def test_a_key_parameter_holds_exactly_the_key(key: Item) -> None:
    with pytest.raises(ApiError) as caught:
        item_key(_schema("S", "N"), key)
    assert caught.value.message == MISMATCH


def test_batches_word_key_faults_of_puts_as_mismatch() -> None:
    with pytest.raises(ApiError) as caught:
        batch_put_key(_schema("S", "N"), {"pk": {"N": "1"}, "sk": {"N": "1"}, "x": {"S": ""}})
    assert caught.value.message == MISMATCH


def test_sizes_of_keys_count_raw_bytes_not_encoded_ones() -> None:
    schema = _schema("B", "B")
    put_key(schema, {"pk": {"B": bytes(2048)}, "sk": {"B": bytes(1024)}})
    with pytest.raises(ApiError, match="limit of2048 bytes"):
        put_key(schema, {"pk": {"B": bytes(2049)}, "sk": {"B": b"x"}})
    with pytest.raises(ApiError, match="limit of 1024 bytes"):
        put_key(schema, {"pk": {"B": b"x"}, "sk": {"B": bytes(1025)}})
    with pytest.raises(ApiError, match=r"an empty binary value\. Key: sk"):
        put_key(schema, {"pk": {"B": b"x"}, "sk": {"B": b""}})


def test_a_schema_crosses_the_wire() -> None:
    for schema in (_schema("S", "N"), _schema("B", None)):
        assert from_wire(to_wire(schema)) == schema


def test_the_key_of_a_stored_item_is_its_key_attributes() -> None:
    item: Item = {"a": {"S": "x"}, "sk": {"N": "1"}, "pk": {"S": "p"}}
    assert key_of(_schema("S", "N"), item) == {"pk": {"S": "p"}, "sk": {"N": "1"}}
