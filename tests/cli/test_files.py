"""Claims about files of items: what is read, what is written, what is refused."""

import base64
import gzip
import io
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.test_values import NUMBERS, PLAIN_ITEMS, PLAIN_VALUES, TEXTS
from trinamo.cli.files import (
    Dialect,
    Unreadable,
    read_csv,
    read_json,
    read_types,
    reading,
    write_csv,
    write_json,
    writing,
)

BYTES = st.binary(max_size=5).map(lambda raw: base64.b64encode(raw).decode())
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "S": TEXTS,
    "N": NUMBERS,
    "B": BYTES,
    "BOOL": st.booleans(),
    "NULL": st.just(True),
    "SS": st.lists(TEXTS, min_size=1, max_size=3),
    "NS": st.lists(NUMBERS, min_size=1, max_size=3),
    "BS": st.lists(BYTES, min_size=1, max_size=3),
    "L": st.lists(PLAIN_VALUES, max_size=3),
    "M": PLAIN_ITEMS,
}
VALUES = st.sampled_from(sorted(SCALARS)).flatmap(
    lambda code: st.builds(lambda held: {code: held}, SCALARS[code])
)
ITEMS = st.dictionaries(TEXTS, VALUES, max_size=5)


def puts(text: bytes, *, plain: bool = False) -> list[Any]:
    return [change.write["PutRequest"]["Item"] for change in read_json(io.BytesIO(text), "f", plain=plain)]


def rows(text: bytes, dialect: Dialect = Dialect(), **keys: str) -> list[Any]:
    return [change.write["PutRequest"]["Item"] for change in read_csv(io.BytesIO(text), "f", dialect, keys)]


# JSON.


@given(st.lists(ITEMS, max_size=4))
def test_lines_of_dynamodb_json_hold_every_item_exactly(items: list[Any]) -> None:
    file = io.BytesIO()
    write_json(items, file, plain=False)
    assert puts(file.getvalue()) == items


@given(st.lists(PLAIN_ITEMS, max_size=4))
def test_plain_lines_hold_what_they_can_say_exactly(items: list[Any]) -> None:
    file = io.BytesIO()
    write_json(items, file, plain=True)
    assert puts(file.getvalue(), plain=True) == items


def test_plain_lines_cannot_say_sets() -> None:
    with pytest.raises(click.ClickException, match="type SS has no form in plain JSON: leave --plain out"):
        write_json([{"a": {"SS": ["b"]}}], io.BytesIO(), plain=True)


ONE = {"id": {"S": "a"}}
TWO = {"id": {"S": "b"}}


@pytest.mark.parametrize(
    "text",
    [
        b'{"Item": {"id": {"S": "a"}}}\n\n{"Item": {"id": {"S": "b"}}}',
        b'{"id": {"S": "a"}}\n{"id": {"S": "b"}}\n',
        b'[{"id": {"S": "a"}}, {"Item": {"id": {"S": "b"}}}]',
        b'{"Items": [{"id": {"S": "a"}}, {"id": {"S": "b"}}], "Count": 2}',
        b'{\n  "Count": 2,\n  "Items": [\n    {"id": {"S": "a"}},\n    {"id": {"S": "b"}}\n  ]\n}\n',
        b'{"NewImage": {"id": {"S": "a"}}, "Keys": {"id": {"S": "a"}}}\n{"Item": {"id": {"S": "b"}}}\n',
    ],
)
def test_every_form_of_dynamodb_json_is_read(text: bytes) -> None:
    assert puts(text) == [ONE, TWO]


def test_lines_of_incremental_exports_put_and_delete() -> None:
    text = b"""\
{"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "Keys": {"id": {"S": "a"}}, "OldImage": {"id": {"S": "a"}}}
{"Metadata": {"WriteTimestampMicros": {"N": "2"}}, "Keys": {"id": {"S": "b"}}, "NewImage": {"id": {"S": "b"}}}
"""
    writes = [change.write for change in read_json(io.BytesIO(text), "f", plain=False)]
    assert writes == [{"DeleteRequest": {"Key": ONE}}, {"PutRequest": {"Item": TWO}}]


@pytest.mark.parametrize("text", [b'{"id": "a"}\n{"id": "b"}', b'[\n{"id": "a"},\n{"id": "b"}\n]'])
def test_plain_json_is_read(text: bytes) -> None:
    assert puts(text, plain=True) == [ONE, TWO]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"nonsense", "f holds neither lines of JSON nor one JSON value"),
        (b'{"Item": {"id": {"S": "a"}}}\n{"Item"', "f:2: this is no JSON"),
        (b'{"id": {"S": "a"}}\n7\n', "f:2: an item is a JSON object"),
        (b'{"id": "a"}', "f:1: id is not DynamoDB JSON, such as {\"S\": \"a\"}; plain JSON needs --plain"),
        (b'[{"id": {"S": "a"}}, 1]', "f:1, item 2: an item is a JSON object"),
        (b'{"Item": 1}', "f:1: an item is a JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_item_says_where_it_stands(text: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        puts(text)
    assert why in refusal.value.message


# CSV.


@given(
    st.lists(st.sampled_from(sorted(SCALARS)), min_size=1, max_size=4).flatmap(
        lambda codes: st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    f"c{n}": st.builds(lambda held, code=code: {code: held}, SCALARS[code])
                    for n, code in enumerate(codes)
                },
            ).filter(lambda item: all(held not in ({"S": ""}, {"B": ""}) for held in item.values())),
            max_size=4,
        )
    )
)
def test_a_csv_and_its_types_hold_items_exactly(items: list[Any]) -> None:
    items = [{"id": {"S": "x"}, **item} for item in items]
    columns = sorted({"id"}.union(*items))
    file = io.BytesIO()
    types = write_csv(items, columns, file, Dialect())
    assert rows(file.getvalue(), Dialect(types=types)) == items


def test_with_empty_strings_a_csv_holds_them() -> None:
    items = [{"id": {"S": "a"}, "b": {"S": ""}}, {"id": {"S": ""}, "b": {"S": "x"}}]
    file = io.BytesIO()
    dialect = Dialect(empty_strings=True)
    assert write_csv(items, ["id", "b"], file, dialect) == {}
    assert file.getvalue() == b"id,b\r\na,\r\n,x\r\n"
    assert rows(file.getvalue(), dialect) == items
    assert rows(file.getvalue()) == [{"id": {"S": "a"}}, {"b": {"S": "x"}}]


@pytest.mark.parametrize(
    ("items", "empty_strings", "why"),
    [
        ([{"a": {"S": "x"}}, {"a": {"N": "1"}}], False, "a is S in one item and N in another"),
        ([{"a": {"S": ""}}], False, "a is empty in an item, which a CSV cannot tell from no attribute"),
        ([{"a": {"B": ""}}], True, "a is empty in an item, which a CSV cannot tell from no attribute"),
        ([{"a": {"S": ""}}, {}], True, "not every item has a"),
        ([{}, {"a": {"S": ""}}], True, "not every item has a"),
    ],
)
def test_what_a_csv_cannot_say_exactly_is_refused(items: Any, empty_strings: bool, why: str) -> None:
    with pytest.raises(click.ClickException) as refusal:
        write_csv(items, ["a"], io.BytesIO(), Dialect(empty_strings=empty_strings))
    assert why in refusal.value.message


def test_columns_are_strings_but_for_keys_and_stated_types() -> None:
    text = '\ufeffid;n;t;ü\r\n1;2;3;"a;""b\nc"\r\n\r\n4;;5;\r\n'.encode()
    assert rows(text, Dialect(";", {"n": "N"}), id="N", other="B") == [
        {"id": {"N": "1"}, "n": {"N": "2"}, "t": {"S": "3"}, "ü": {"S": 'a;"b\nc'}},
        {"id": {"N": "4"}, "t": {"S": "5"}},
    ]


@pytest.mark.parametrize(
    ("text", "types", "why"),
    [
        (b"", "", "f has no header"),
        (b"a,a\n", "", "f: column 2 of the header is 'a', which names nothing new"),
        (b"a,\n", "", "f: column 2 of the header is '', which names nothing new"),
        (b"a\n1\n", "b=N", "f has no column 'b'"),
        (b"a,b\n1,2\n3\n", "", "f:3: 1 cells, but 2 columns"),
        (b'a\n"1\n2"\n"x"y\n', "", "f:4: ',' expected after '\"'"),
        (b"a\n\xff\n", "", "can't decode byte"),
        (b"a\nyes\n", "a=BOOL", "f:2: 'yes' in column a is no BOOL"),
        (b"a\n1\n", "a=NULL", "f:2: '1' in column a is no NULL"),
        (b"a\n$\n", "a=B", "f:2: '$' in column a is no B"),
        (b"a\n{}\n", "a=SS", "f:2: '{}' in column a is no SS"),
        (b"a\n[]\n", "a=M", "f:2: '[]' in column a is no M"),
        (b"a\nx\n", "a=L", "f:2: 'x' in column a is no L"),
    ],
)
def test_a_csv_that_is_wrong_says_where(text: bytes, types: str, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        rows(text, Dialect(types=read_types(types) if types else {}))
    assert why in refusal.value.message


@pytest.mark.parametrize("text", ["", "a", "a=", "a=X", "a=N,", "a=s"])
def test_types_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=TYPE"):
        read_types(text)


# Files.


@pytest.mark.parametrize("name", ["f.jsonl", "f.jsonl.gz"])
def test_a_file_has_its_name_when_it_is_complete(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"before")
    with writing(path) as file:
        file.write(b"a\nb\n")
        assert path.read_bytes() == b"before"
    content = path.read_bytes()
    assert (gzip.decompress(content) if path.suffix == ".gz" else content) == b"a\nb\n"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(KeyError), writing(path):
        raise KeyError
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_reading_tells_of_every_byte_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000))
    told: list[int] = []
    with reading(path, told.append) as file:
        assert len(file.read()) == 100_000
    assert sum(told) == path.stat().st_size


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"x" * 1000)[:-9], b"\x1f\x8b\x08" + bytes(30)]
)
def test_what_gzip_cannot_read_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(content)
    with pytest.raises(Unreadable), reading(path, lambda count: None) as file:
        file.read()
