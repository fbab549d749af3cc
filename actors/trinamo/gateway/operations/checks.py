"""Checks that several operations make, between the shape of a request and its table.

Order (items.md, query-and-scan.md): values of items and keys, then expressions and legacy parameters, then what an
operation adds. All are pure, and raise the `ApiError` that the service would answer.
"""

from collections.abc import Collection, Sequence
from typing import Final

from trinamo.expressions import Condition, Expressions, Update, check_key_paths
from trinamo.expressions.request import check_mixing, check_placeholders
from trinamo.gateway.operations.database import Expression
from trinamo.model.errors import ApiError, request_fault, validation
from trinamo.model.keys import KeySchema
from trinamo.model.reading import EMPTY_VALUE, SEVERAL_TYPES, Attributes, ValueFault
from trinamo.model.shapes import Request
from trinamo.model.values import Item

# In the order in which the service lists them when they are mixed with expressions.
LEGACY: Final = (
    "AttributesToGet",
    "AttributeUpdates",
    "Expected",
    "ConditionalOperator",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
)
_LEGACY: Final = frozenset(LEGACY)
_NO_EXPRESSIONS: Final = Expressions()


def check_values(attributes: Attributes) -> None:
    """Raise the error of a fault in an item or key."""
    if attributes.fault is not None:
        raise value_error(attributes.fault)


def value_error(fault: ValueFault) -> ApiError:
    """Return the error of a value in an item or key; sets and NULL are among the newer generation's prefixed texts."""
    bare = fault.numeric or fault.nested_too_deep or fault.text in (EMPTY_VALUE, SEVERAL_TYPES)
    return validation(fault.text) if bare else request_fault(fault.text)


def check_no_mixing(request: Request, parameters: Sequence[str]) -> None:
    """Raise the error of expressions beside legacy parameters.

    KeyConditions is mixed only with its own expression, which came later than the others: until then they went with it.
    """
    if _LEGACY.isdisjoint(request):
        return
    legacy = [name for name in LEGACY if name in request]
    if "KeyConditions" in legacy and "KeyConditionExpression" not in request:
        legacy.remove("KeyConditions")
    check_mixing({name: request.get(name) for name in parameters}, legacy)


def read_expressions(request: Request, parameters: Sequence[str]) -> Expressions:
    """Return the expressions of a request, checked all at once.

    `parameters` names the expression parameters of the operation in the order in which it reads them.
    """
    check_expressions_given(request, parameters)
    return read_given_expressions(request, parameters)


def check_expressions_given(request: Request, parameters: Sequence[str]) -> None:
    """Raise the error of mixing, or of names or values that no expression can use or that are wrong in themselves."""
    check_no_mixing(request, parameters)
    check_names_and_values(request, parameters)


def check_names_and_values(request: Request, parameters: Sequence[str]) -> None:
    """Raise the error of names or values that no expression can use or that are wrong in themselves."""
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    if names is not None or values is not None:
        check_placeholders({name: request.get(name) for name in parameters}, names, values)


def read_given_expressions(request: Request, parameters: Sequence[str]) -> Expressions:
    """Return the expressions of a request whose names and values are checked."""
    texts = {name: request.get(name) for name in parameters}
    if not any(text is not None for text in texts.values()):
        return _NO_EXPRESSIONS
    values = request.get("ExpressionAttributeValues")
    return Expressions.read(
        texts, request.get("ExpressionAttributeNames"), None if values is None else values.tree
    )


def check_paths(expressions: Expressions, keys: KeySchema, index_keys: Collection[str] = ()) -> None:
    """Raise the error of an expression that looks inside a key attribute of the table or, of these, an index."""
    for expression in (expressions.update, expressions.condition, expressions.filter, expressions.projection):
        if expression is not None:
            check_key_paths(expression.plan.paths, key_names(keys), index_keys)


def key_names(keys: KeySchema) -> tuple[str, ...]:
    """Return the names of key attributes, partition key first."""
    return tuple(attribute.name for attribute in keys.attributes)


def carried(expression: Condition | Update | None) -> Expression | None:
    """Return a checked expression as it travels to the leader, or None if there is none."""
    if expression is None:
        return None
    plan = expression.plan
    return Expression(plan.text, plan.given_names or None, expression.values or None)


def check_returns_old_or_nothing(request: Request) -> None:
    """Raise the error of a ReturnValues that only UpdateItem has."""
    if request.get("ReturnValues", "NONE") not in ("ALL_OLD", "NONE"):
        raise request_fault("ReturnValues can only be ALL_OLD or NONE")


def shown(item: Item, expressions: Expressions) -> Item:
    """Return what of a stored item the request asked to see."""
    return item if expressions.projection is None else expressions.projection.apply(item)
