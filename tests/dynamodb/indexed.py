"""Tables with local indexes, and what their indexes shall hold, worked out here in the plainest way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dynamodb.calls import Item


class Local(NamedTuple):
    """A local index: its sort key, and what it projects (`ALL`, `KEYS_ONLY`, or names)."""

    sort: str
    type: str = "S"
    projection: str | tuple[str, ...] = "ALL"


# The indexes of the table that most tests look at: strings, numbers and bytes; everything, keys, and two names.
LOCAL = {
    "by-s": Local("s"),
    "by-n": Local("n", "N", "KEYS_ONLY"),
    "by-b": Local("b", "B", ("x", "n")),
}


def declaration(indexes: dict[str, Local], sort_type: str = "N") -> dict[str, Any]:
    """Return the members of CreateTable for a table with pk (string), sk and these indexes."""
    return {
        "KeySchema": _key_schema("sk"),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": code}
            for name, code in {
                "pk": "S",
                "sk": sort_type,
                **{each.sort: each.type for each in indexes.values()},
            }.items()
        ],
        "LocalSecondaryIndexes": [
            {"IndexName": name, "KeySchema": _key_schema(index.sort), "Projection": _projection(index)}
            for name, index in indexes.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _key_schema(sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _projection(index: Local) -> dict[str, Any]:
    if isinstance(index.projection, str):
        return {"ProjectionType": index.projection}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projection)}


@contextmanager
def indexed_table(client: Any, name: str, indexes: dict[str, Local] | None = None) -> Iterator[str]:
    """A table with local indexes while the context is open."""
    client.create_table(TableName=name, **declaration(LOCAL if indexes is None else indexes))
    yield name
    client.delete_table(TableName=name)


def entries(index: Local, items: list[Item]) -> list[Item]:
    """Return what an index of one partition key value holds for these items, in the order of its sort key."""
    kept = {"pk", "sk", index.sort, *(() if isinstance(index.projection, str) else index.projection)}
    inside = [item for item in items if index.type in item.get(index.sort, {})]
    shown = [
        item if index.projection == "ALL" else {name: value for name, value in item.items() if name in kept}
        for item in inside
    ]
    return sorted(shown, key=lambda entry: _order(entry[index.sort]))


def _order(value: dict[str, Any]) -> Any:
    [(code, content)] = value.items()
    if code == "N":
        return float(content)
    return content.encode() if code == "S" else content
