"""Legacy conditions: Expected, KeyConditions, QueryFilter and ScanFilter, as tests and as syntax trees.

A legacy condition asks of each of some top-level attributes one thing, by an operator and its arguments, and joins the
answers with AND or OR. Every operator is an expression's, under another name and with arguments from the request only:

    EQ NE LE LT GE GT                   = <> <= < >= >
    BETWEEN, IN, BEGINS_WITH, CONTAINS  the same; IN takes as many arguments as there are
    NOT_CONTAINS                        NOT contains: it holds where there is nothing to contain
    NULL, NOT_NULL                      attribute_not_exists, attribute_exists; nothing to do with the type NULL

An entry of Expected may say Value for EQ, or Exists false for NULL.

Order of checks, for one attribute after the other: how an entry is put together, then its arguments: their number,
whether they are of one type, and of one that the operator takes, and the bounds of BETWEEN.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from trinamo.expressions.limits import CANDIDATES_MAX
from trinamo.expressions.placeholders import Placeholders
from trinamo.expressions.syntax import (
    And,
    Between,
    Call,
    Comparator,
    Comparison,
    ConditionTree,
    In,
    Not,
    Or,
    Path,
    Value,
)
from trinamo.model.errors import INVALID_PARAMETERS, ApiError, invalid_parameters, request_fault, validation
from trinamo.model.values import AttributeValue, order, type_of

Entry: TypeAlias = Mapping[str, Any]
"""The members of one attribute's condition; values are canonical."""

_COMPARATORS: Final[Mapping[str, Comparator]] = {
    "EQ": "=",
    "NE": "<>",
    "LE": "<=",
    "LT": "<",
    "GE": ">=",
    "GT": ">",
}
_ORDERED: Final = frozenset({"S", "N", "B"})
_ADMITTED: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("LE", "LT", "GE", "GT", "IN", "BETWEEN"), _ORDERED),
    **dict.fromkeys(("CONTAINS", "NOT_CONTAINS"), _ORDERED | {"BOOL", "NULL"}),
    "BEGINS_WITH": frozenset({"S", "B"}),
}
_ARGUMENTS: Final[Mapping[str, int]] = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}  # of all others one
_KEY_OPERATORS: Final = frozenset({"EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"})


class AttributeTest(NamedTuple):
    """What is asked of one attribute."""

    attribute: str
    operator: str
    arguments: Sequence[AttributeValue]


def expected_tests(expected: Mapping[str, Entry]) -> list[AttributeTest]:
    """Return the tests of Expected, or raise the `ApiError` of what is wrong with it."""
    return [_expected(attribute, entry) for attribute, entry in expected.items()]


def filter_tests(conditions: Mapping[str, Entry]) -> list[AttributeTest]:
    """Return the tests of QueryFilter or ScanFilter, or raise the `ApiError` of what is wrong with it."""
    return [
        _checked(AttributeTest(attribute, entry["ComparisonOperator"], entry.get("AttributeValueList", ())))
        for attribute, entry in conditions.items()
    ]


def key_tests(conditions: Mapping[str, Entry]) -> list[AttributeTest]:
    """Return the tests of KeyConditions, or raise the `ApiError` of what is wrong with it without its schema."""
    tests = filter_tests(conditions)
    if not tests:
        raise validation("Conditions can be of length 1 or 2 only")
    if any(test.operator not in _KEY_OPERATORS for test in tests):
        raise validation("Attempted conditional constraint is not an indexable operation")
    return tests


# --- checks


def _expected(attribute: str, entry: Entry) -> AttributeTest:
    operator = entry.get("ComparisonOperator")
    if operator is None:
        return _expected_value(attribute, entry)
    if "Exists" in entry:
        raise _misfit(f"Exists and ComparisonOperator cannot be used together for Attribute: {attribute}")
    if "Value" in entry and "AttributeValueList" in entry:
        raise _together(attribute)
    arguments = [entry["Value"]] if "Value" in entry else entry.get("AttributeValueList")
    if arguments is None:
        if _ARGUMENTS.get(operator) != 0:
            raise _misfit(
                "Value or AttributeValueList must be used with ComparisonOperator:"
                f" {operator} for Attribute: {attribute}"
            )
        arguments = ()
    return _checked(AttributeTest(attribute, operator, arguments))


def _expected_value(attribute: str, entry: Entry) -> AttributeTest:
    """Return the test of an entry without an operator."""
    if "AttributeValueList" in entry:
        if "Value" in entry:
            raise _together(attribute)
        raise _misfit(
            f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {attribute}"
        )
    exists = entry.get("Exists")
    if exists is False:
        if "Value" in entry:
            raise _misfit(f"Value cannot be used when Exists is false for Attribute: {attribute}")
        return AttributeTest(attribute, "NULL", ())
    if "Value" not in entry:
        shown = "null" if exists is None else "true"
        raise _misfit(f"Value must be provided when Exists is {shown} for Attribute: {attribute}")
    return AttributeTest(attribute, "EQ", (entry["Value"],))


def _together(attribute: str) -> ApiError:
    return _misfit(f"Value and AttributeValueList cannot be used together for Attribute: {attribute}")


def _misfit(text: str) -> ApiError:
    return request_fault(INVALID_PARAMETERS + text)


def _checked(test: AttributeTest) -> AttributeTest:
    """Return a test whose arguments its operator takes."""
    operator, arguments = test.operator, test.arguments
    count = len(arguments)
    if count < 1 if operator == "IN" else count != _ARGUMENTS.get(operator, 1):
        raise invalid_parameters(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    types = {type_of(argument): None for argument in arguments}
    if len(types) > 1:
        raise invalid_parameters("AttributeValues inside AttributeValueList must be of same type")
    admitted = _ADMITTED.get(operator)
    for code in types:
        if admitted is not None and code not in admitted:
            raise invalid_parameters(
                f"ComparisonOperator {operator} is not valid for {code} AttributeValue type"
            )
    if operator == "BETWEEN" and order(*arguments) == 1:
        raise validation(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    return test


# --- trees


def condition_tree(
    tests: Sequence[AttributeTest], placeholders: Placeholders, *, any_of: bool = False
) -> ConditionTree:
    """Return the condition that all tests hold, or `any_of` them; there is at least one."""
    terms = [_term(test, placeholders) for test in tests]
    return _joined(Or if any_of else And, terms)


def _joined(join: type[And | Or], terms: Sequence[ConditionTree]) -> ConditionTree:
    return terms[0] if len(terms) == 1 else join(tuple(terms))


def _term(test: AttributeTest, placeholders: Placeholders) -> ConditionTree:
    path = placeholders.path(test.attribute)
    values = [placeholders.value(argument) for argument in test.arguments]
    match test.operator:
        case "NULL":
            return Call("attribute_not_exists", (path,))
        case "NOT_NULL":
            return Call("attribute_exists", (path,))
        case "IN":
            return _in(path, values)
        case "BETWEEN":
            return Between(path, *values)
        case "BEGINS_WITH":
            return Call("begins_with", (path, *values))
        case "CONTAINS":
            return Call("contains", (path, *values))
        case "NOT_CONTAINS":
            return Not(Call("contains", (path, *values)))
        case operator:
            return Comparison(path, _COMPARATORS[operator], *values)


def _in(path: Path, candidates: Sequence[Value]) -> ConditionTree:
    """Return the test for one of any number of candidates, as INs of no more than an expression may have."""
    starts = range(0, len(candidates), CANDIDATES_MAX)
    return _joined(Or, [In(path, tuple(candidates[start : start + CANDIDATES_MAX])) for start in starts])
