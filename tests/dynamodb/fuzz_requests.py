"""Requests that look right, of every operation, drawn by botocore's shapes: what the fuzzer then breaks.

Members that mean something (keys, items, expressions, statements) have generators of their own, by name; all else is drawn
by its shape. Expressions bring exactly the names and values that they use. Many requests succeed, and the rest fail late.
"""

import base64
import random
from collections.abc import Callable
from typing import Any, Final

TABLES: Final[dict[str, list[tuple[str, str]]]] = {
    "fuzz.hash": [("pk", "S")],
    "fuzz.range": [("pk", "S"), ("sk", "N")],
    "fuzz.binary": [("pk", "B"), ("sk", "S")],
}
"""Tables that stand during a run, with their keys and types."""

SCRATCH: Final = ("scratch.1", "scratch.2", "scratch.3")
"""Tables that come and go: the only ones that a request may create, change or delete."""

ON_ITEMS: Final = frozenset(
    {
        "BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem", "ExecuteStatement",
        "ExecuteTransaction", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "TransactWriteItems",
        "UpdateItem",
    }
)  # fmt: skip

LEGACY: Final = frozenset(
    {
        "AttributesToGet", "AttributeUpdates", "ConditionalOperator", "Expected", "KeyConditions", "QueryFilter",
        "ScanFilter",
    }
)  # fmt: skip

NAMES: Final = ("a", "b", "c", "m", "n", "s", "pk", "ünï", "with space", "size", "x" * 300)
NUMBERS: Final = (
    "0",
    "1",
    "-7",
    "3.25",
    "-0",
    "1e10",
    "1E+125",
    "1e-130",
    "00012.500",
    "9" * 38,
    "0." + "3" * 37,
)
TEXTS: Final = ("", "a", "b", "ключ", "\U0001f600", "\x00", "a\u0301", "x" * 100)
DEPTH_MAX: Final = 3


class Plausible:
    """Draws requests with one set of dice."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._operation = ""
        self._table = "fuzz.hash"
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def request(self, operation: Any) -> dict[str, Any]:
        """Return a request for an operation of botocore's model."""
        dice = self._dice
        self._operation = operation.name
        standing = operation.name in ON_ITEMS or operation.name.startswith(("Describe", "List"))
        self._table = (
            dice.choice(tuple(TABLES)) if standing and dice.random() < 0.97 else dice.choice(SCRATCH)
        )
        if operation.input_shape is None:
            return {}
        drawn: dict[str, Any] = self._structure(operation.input_shape, 0)
        return drawn

    # By shape.

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        self._names, self._values = {}, {}
        legacy = self._dice.random() < 0.1
        drawn = {}
        for name, member in shape.members.items():
            if (
                name in _PLACEHOLDERS
                or (name in LEGACY and not legacy)
                or (legacy and name.endswith("Expression"))
            ):
                continue
            if name in shape.required_members or name in _LIKELY or self._dice.random() < 0.15:
                drawn[name] = self._member(name, member, depth)
        used = {"ExpressionAttributeNames": self._names, "ExpressionAttributeValues": self._values}
        return {**drawn, **{name: given for name, given in used.items() if given and name in shape.members}}

    def _member(self, name: str, shape: Any, depth: int) -> Any:
        special = _SPECIAL.get(name)
        return self._shape(shape, depth) if special is None else special(self)

    def _shape(self, shape: Any, depth: int) -> Any:
        dice = self._dice
        match shape.type_name:
            case "structure":
                return self.value() if shape.name == "AttributeValue" else self._structure(shape, depth + 1)
            case "list":
                return [self._shape(shape.member, depth + 1) for _ in range(dice.randint(1, 2))]
            case "map":
                return {
                    dice.choice(NAMES): self._shape(shape.value, depth + 1) for _ in range(dice.randint(1, 2))
                }
            case "string":
                return dice.choice(shape.enum or TEXTS + NAMES)
            case "boolean":
                return dice.random() < 0.5
            case "blob":
                return self._blob()
            case "timestamp":
                return dice.randint(0, 2_000_000_000)
            case _:
                return dice.randint(1, 10)

    # By meaning.

    def value(self, depth: int = 0) -> dict[str, Any]:
        """Return an attribute value."""
        dice = self._dice
        kind = dice.choice(("S", "N", "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"))
        inner = depth + 1
        size = 0 if depth >= DEPTH_MAX else dice.randint(0, 3)
        draw: dict[str, Callable[[], Any]] = {
            "S": lambda: dice.choice(TEXTS),
            "N": lambda: dice.choice(NUMBERS),
            "B": self._blob,
            "BOOL": lambda: dice.random() < 0.5,
            "NULL": lambda: True,
            "SS": lambda: dice.sample(TEXTS, dice.randint(1, 3)),
            "NS": lambda: dice.sample(NUMBERS[1:4] + NUMBERS[6:], dice.randint(1, 3)),
            "BS": lambda: ["", "AA==", "/+8="][: dice.randint(1, 3)],
            "L": lambda: [self.value(inner) for _ in range(size)],
            "M": lambda: {dice.choice(NAMES): self.value(inner) for _ in range(size)},
        }
        return {kind: draw[kind]()}

    def _blob(self) -> str:
        return base64.b64encode(self._dice.randbytes(self._dice.randint(0, 12))).decode()

    def _key(self, number: int | None = None) -> dict[str, Any]:
        """Return one of few keys, so that items are found."""
        few = self._dice.randint(1, 8) if number is None else number
        drawn = {"S": f"key {few}", "N": str(few), "B": base64.b64encode(b"key %d" % few).decode()}
        return {name: {kind: drawn[kind]} for name, kind in TABLES.get(self._table, TABLES["fuzz.hash"])}

    def _keys(self) -> list[dict[str, Any]]:
        return [self._key(number) for number in self._dice.sample(range(1, 9), self._dice.randint(1, 4))]

    def _item(self) -> dict[str, Any]:
        attributes = {self._dice.choice(NAMES): self.value() for _ in range(self._dice.randint(0, 5))}
        return {**attributes, **self._key()}

    def _table_name(self) -> str:
        if self._dice.random() < 0.05:
            return f"arn:aws:dynamodb:us-east-1:000000000000:table/{self._table}"
        return self._table

    def _batch_of(self, one: Callable[[], Any]) -> dict[str, Any]:
        drawn = {}
        for table in self._dice.sample(tuple(TABLES), self._dice.randint(1, 3)):
            self._table = table
            drawn[table] = one()
        return drawn

    def _request_items(self) -> dict[str, Any]:
        """Return a batch of gets or of writes, now and then for the operation that wants the other."""
        dice = self._dice

        def gets() -> dict[str, Any]:
            return {"Keys": self._keys(), "ConsistentRead": dice.random() < 0.5}

        def writes() -> list[Any]:
            return [
                {"PutRequest": {"Item": {"a": self.value(), **key}}}
                if dice.random() < 0.5
                else {"DeleteRequest": {"Key": key}}
                for key in self._keys()
            ]

        mistaken = dice.random() < 0.05
        return self._batch_of(gets if (self._operation == "BatchGetItem") is not mistaken else writes)

    # Expressions.

    def _path(self) -> str:
        dice = self._dice
        segments = [self._segment() for _ in range(dice.choice((1, 1, 1, 2, 3)))]
        return segments[0] + "".join(
            f"[{dice.randint(0, 3)}]" if dice.random() < 0.3 else f".{s}" for s in segments[1:]
        )

    def _segment(self) -> str:
        if self._dice.random() < 0.3:
            placeholder = f"#n{self._dice.randint(0, 3)}"
            self._names.setdefault(placeholder, self._dice.choice(NAMES))
            return placeholder
        return self._dice.choice(("a", "b", "c", "m", "n", "s", "d", "e", "f", "pk"))

    def _value_of(self, value: dict[str, Any] | None = None) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = self.value() if value is None else value
        return placeholder

    def _operand(self) -> str:
        draw = self._dice.random()
        return self._path() if draw < 0.5 else f"size({self._path()})" if draw < 0.6 else self._value_of()

    def _condition(self, depth: int = 0) -> str:
        dice = self._dice
        if depth < DEPTH_MAX and dice.random() < 0.3:
            left, right = self._condition(depth + 1), self._condition(depth + 1)
            return dice.choice((f"({left}) AND ({right})", f"{left} or {right}", f"NOT {left}"))
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{self._operand()} {dice.choice(('=', '<>', '<', '<=', '>', '>='))} {self._operand()}",
            lambda: f"{self._path()} between {self._value_of()} and {self._value_of()}",
            lambda: f"{self._path()} IN ({self._operand()}, {self._operand()})",
            lambda: f"attribute_exists({self._path()})",
            lambda: f"attribute_not_exists({self._path()})",
            lambda: f"attribute_type({self._path()}, {self._value_of({'S': 'N'})})",
            lambda: f"begins_with({self._path()}, {self._value_of({'S': 'k'})})",
            lambda: f"contains({self._path()}, {self._operand()})",
        )
        return dice.choice(forms)()

    def _update(self) -> str:
        dice = self._dice
        clauses: dict[str, Callable[[], str]] = {
            "SET": lambda: f"{self._path()} = {self._assigned()}",
            "REMOVE": self._path,
            "ADD": lambda: f"{self._path()} {self._value_of({'N': '1'})}",
            "DELETE": lambda: f"{self._path()} {self._value_of({'SS': ['a']})}",
        }
        chosen = dice.sample(tuple(clauses), dice.choice((1, 1, 2)))
        return " ".join(
            f"{name} {', '.join(clauses[name]() for _ in range(dice.choice((1, 2))))}" for name in chosen
        )

    def _assigned(self) -> str:
        forms: tuple[Callable[[], str], ...] = (
            self._value_of,
            self._path,
            lambda: f"{self._path()} + {self._value_of({'N': '1'})}",
            lambda: f"if_not_exists({self._path()}, {self._value_of()})",
            lambda: f"list_append({self._path()}, {self._value_of({'L': []})})",
        )
        return self._dice.choice(forms)()

    def _projection(self) -> str:
        return ", ".join(self._path() for _ in range(self._dice.randint(1, 3)))

    def _key_condition(self) -> str:
        (pk, value), *rest = self._key().items()
        text = f"{pk} = {self._value_of(value)}"
        for sk, bound in rest:
            operator = self._dice.choice((None, "=", "<", "<=", ">", ">=", "begins_with", "BETWEEN"))
            if operator == "begins_with":
                text += f" AND begins_with({sk}, {self._value_of(bound)})"
            elif operator == "BETWEEN":
                text += f" AND {sk} BETWEEN {self._value_of(bound)} AND {self._value_of(bound)}"
            elif operator is not None:
                text += f" AND {sk} {operator} {self._value_of(bound)}"
        return text

    def _statement(self) -> str:
        dice = self._dice
        key = " AND ".join(f"{name} = ?" for name in self._key())
        return dice.choice(
            (
                f'SELECT * FROM "{self._table}"',
                f'SELECT a, b.c FROM "{self._table}" WHERE {key}',
                f"INSERT INTO \"{self._table}\" VALUE {{'pk': 'key 1', 'sk': 1, 'a': [1, {{'b': <<'c'>>}}]}}",
                f'UPDATE "{self._table}" SET a = ? REMOVE b WHERE {key} RETURNING ALL NEW *',
                f'DELETE FROM "{self._table}" WHERE {key}',
                f"SELECT * FROM \"{self._table}\" WHERE begins_with(pk, 'k') OR size(a) > -1.5e3 ORDER BY sk DESC;",
            )
        )

    # CreateTable.

    def _key_schema(self) -> list[dict[str, str]]:
        return [{"AttributeName": "pk", "KeyType": "HASH"}]

    def _definitions(self) -> list[dict[str, str]]:
        return [{"AttributeName": "pk", "AttributeType": "S"}]


_PLACEHOLDERS: Final = ("ExpressionAttributeNames", "ExpressionAttributeValues")
_LIKELY: Final = frozenset({"KeyConditionExpression", "UpdateExpression", "BillingMode"})
_SPECIAL: Final[dict[str, Callable[[Plausible], Any]]] = {
    "TableName": Plausible._table_name,
    "Key": Plausible._key,
    "ExclusiveStartKey": Plausible._key,
    "Item": Plausible._item,
    "RequestItems": Plausible._request_items,
    "ConditionExpression": Plausible._condition,
    "FilterExpression": Plausible._condition,
    "KeyConditionExpression": Plausible._key_condition,
    "ProjectionExpression": Plausible._projection,
    "UpdateExpression": Plausible._update,
    "Statement": Plausible._statement,
    "KeySchema": Plausible._key_schema,
    "AttributeDefinitions": Plausible._definitions,
    "DeletionProtectionEnabled": lambda _: False,  # else a scratch table could never go
    "BillingMode": lambda _: "PAY_PER_REQUEST",
}
