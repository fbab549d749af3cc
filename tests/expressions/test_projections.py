"""What projections keep of an item, and the rules about paths and key attributes."""

from typing import Any

import pytest

from trinamo.expressions import (
    check_filter_paths,
    check_key_paths,
    check_updated_paths,
    compile_projection,
)
from trinamo.model.errors import ApiError

ITEM: dict[str, dict[str, Any]] = {
    "pk": {"S": "k"},
    "a": {
        "M": {
            "b": {"L": [{"N": "0"}, {"N": "1"}, {"M": {"x": {"S": "y"}, "z": {"N": "9"}}}]},
            "c": {"S": "d"},
        }
    },
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]},
    "a.b": {"S": "dotted"},
    "e": {"M": {}},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pk", {"pk": {"S": "k"}}),
        ("e, gone", {"e": {"M": {}}}),
        ("a.c", {"a": {"M": {"c": {"S": "d"}}}}),
        ("a.b[1]", {"a": {"M": {"b": {"L": [{"N": "1"}]}}}}),
        ("l[2], l[0]", {"l": {"L": [{"S": "0"}, {"S": "2"}]}}),
        ("l[2], l[7]", {"l": {"L": [{"S": "2"}]}}),
        (
            "a.b[2].x, a.c, a.b[0]",
            {"a": {"M": {"b": {"L": [{"N": "0"}, {"M": {"x": {"S": "y"}}}]}, "c": {"S": "d"}}}},
        ),
        ("#d", {"a.b": {"S": "dotted"}}),
        ("gone", {}),
        ("a.gone", {}),
        ("a[0], l.x, pk.x, pk[0]", {}),
        ("a.b[9].x", {}),
    ],
)
def test_projection_keeps_the_paths_and_what_contains_them(text: str, expected: dict[str, Any]) -> None:
    names = {"#d": "a.b"} if "#d" in text else None
    assert compile_projection(text, names).apply(ITEM) == expected


def test_projection_leaves_the_item_alone() -> None:
    before = repr(ITEM)
    compile_projection("a.b[0], l[1]", None).apply(ITEM)
    assert repr(ITEM) == before


def test_queries_filter_must_not_look_at_keys() -> None:
    with pytest.raises(ApiError) as caught:
        check_filter_paths("QueryFilter", [("a",), ("sk", "x")], ("pk", "sk"))
    assert caught.value.message == (
        "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk"
    )
    check_filter_paths("QueryFilter", [("a", "pk"), ("b",)], ("pk", "sk"))


def test_paths_must_not_look_into_keys() -> None:
    text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    with pytest.raises(ApiError) as caught:
        check_key_paths([("pk",), ("pk", 0)], ("pk",), ("g",))
    assert caught.value.message == text + "Key: pk"
    with pytest.raises(ApiError) as caught:
        check_key_paths([("g", "x")], ("pk",), ("g",))
    assert caught.value.message == text + "IndexKey: g"
    check_key_paths([("pk",), ("a", "pk"), ("g",)], ("pk",), ("g",))


def test_updates_must_not_target_keys() -> None:
    with pytest.raises(ApiError) as caught:
        check_updated_paths([("a",), ("sk",)], ("pk", "sk"))
    assert caught.value.message == (
        "One or more parameter values were invalid: Cannot update attribute sk."
        " This attribute is part of the key"
    )
    check_updated_paths([("a", "sk")], ("pk", "sk"))
