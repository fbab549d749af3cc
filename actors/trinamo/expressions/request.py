"""The expressions of one request: read together, and checked in the service's order.

1. expression and legacy parameters mixed                                     `check_mixing`
2. names or values given without any expression that could use them           `check_placeholders`
3. keys and values of the two maps; names before values
4. an empty expression; then an expression too long                           `Expressions.read`
5. each expression by itself, in the order of the operation: syntax, form, undefined names, paths,
   undefined values, literals
6. names, then values, that no expression uses

Operations check other things in between, so the steps can be taken one by one; `Expressions.of_request` takes them all.

A Query's key condition is special: its faults are reported only after the checks of Select. Its fault, if it
has one, is kept until `key_condition` is asked for; and until then it hides unused placeholders, which are
reported only when all else is fine.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import attrs

from trinamo.expressions import faults
from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.keyconditions import KeyCondition, KeyTerm, key_condition
from trinamo.expressions.limits import PLACEHOLDER_SIZE_MAX, SIZE_MAX
from trinamo.expressions.paths import Values
from trinamo.expressions.plans import (
    Condition,
    Names,
    Plan,
    Projection,
    Update,
    condition_plan,
    key_plan,
    projection_plan,
    update_plan,
)
from trinamo.model.errors import ApiError, request_fault
from trinamo.model.keys import KeyAttribute
from trinamo.model.limits import ATTRIBUTE_NAME_SIZE_MAX
from trinamo.model.reading import Attributes

CONDITION: Final = "ConditionExpression"
FILTER: Final = "FilterExpression"
KEY_CONDITION: Final = "KeyConditionExpression"
PROJECTION: Final = "ProjectionExpression"
UPDATE: Final = "UpdateExpression"
NAMES: Final = "ExpressionAttributeNames"
VALUES: Final = "ExpressionAttributeValues"

Parameters = Mapping[str, str | None]

_PLACEHOLDER: Final = re.compile(r"[A-Za-z0-9_]+")
_Core = TypeVar("_Core")


@attrs.frozen
class Expressions:
    """The expressions that a request gave, checked, with their values."""

    condition: Condition | None = None
    filter: Condition | None = None
    projection: Projection | None = None
    update: Update | None = None
    _key_plan: Plan[tuple[KeyTerm, ...]] | None = None
    _key_error: ApiError | None = None
    _values: Values = attrs.field(factory=dict)

    @classmethod
    def of_request(
        cls,
        parameters: Parameters,
        names: Names | None = None,
        values: Attributes | None = None,
        legacy: Sequence[str] = (),
    ) -> "Expressions":
        """Check and read all expressions of a request.

        `parameters` holds every expression parameter of the operation, None where the request has none, in the
        order in which the operation reads them: update before condition; filter, projection, key condition.
        `legacy` names the legacy parameters that the request has. Raises `ApiError`.
        """
        check_mixing(parameters, legacy)
        if names is not None or values is not None:
            check_placeholders(parameters, names, values)
        return cls.read(parameters, names, None if values is None else values.tree)

    @classmethod
    def read(cls, parameters: Parameters, names: Names | None, values: Values | None) -> "Expressions":
        """Read expressions whose placeholder maps are checked: steps 4 to 6."""
        texts = {parameter: text for parameter, text in parameters.items() if text is not None}
        if not texts:
            return _NO_EXPRESSIONS
        _check_sizes(texts)
        reading = _Reading(names or {}, values or {})
        expressions = reading.expressions(texts)
        if expressions._key_error is None:
            reading.check_unused()
        return expressions

    def check_key_condition(self) -> None:
        """Raise the error of the key condition's text, names or literals, if it has one."""
        if self._key_error is not None:
            raise self._key_error

    @property
    def has_key_condition(self) -> bool:
        """Whether the request gave a key condition, right or wrong."""
        return self._key_plan is not None or self._key_error is not None

    def key_condition(
        self, partition: Sequence[KeyAttribute], sort: Sequence[KeyAttribute] = ()
    ) -> KeyCondition:
        """Return what the key condition means for keys of these attributes, or raise the `ApiError` of a misfit."""
        self.check_key_condition()
        assert self._key_plan is not None, "the request has a key condition"
        return key_condition(self._key_plan.core, self._values, partition, sort)


_NO_EXPRESSIONS: Final = Expressions()


def check_mixing(parameters: Parameters, legacy: Sequence[str]) -> None:
    """Raise the error of a request with both expressions and legacy parameters."""
    if not legacy:
        return
    given = [parameter for parameter, text in parameters.items() if text is not None]
    if given:
        raise request_fault(
            "Can not use both expression and non-expression parameters in the same request:"
            f" Non-expression parameters: {{{', '.join(legacy)}}}"
            f" Expression parameters: {{{', '.join(given)}}}"
        )


def check_placeholders(parameters: Parameters, names: Names | None, values: Attributes | None) -> None:
    """Raise the error of placeholder maps that nothing can use, or that hold what they may not."""
    if names is not None and all(text is None for text in parameters.values()):
        raise request_fault(f"{NAMES} can only be specified when using expressions")
    if values is not None:
        _check_values_useful(parameters)
    if names is not None:
        _check_names(names)
    if values is not None:
        _check_values(values)


def _check_values_useful(parameters: Parameters) -> None:
    users = [parameter for parameter in parameters if parameter != PROJECTION]
    if all(parameters[parameter] is None for parameter in users):
        missing = " and ".join(f"{parameter} is null" for parameter in users)
        raise request_fault(f"{VALUES} can only be specified when using expressions: {missing}")


def _check_names(names: Names) -> None:
    if not names:
        raise request_fault(f"{NAMES} must not be empty")
    _check_keys(NAMES, names, "#")
    for placeholder, name in names.items():
        if not name or len(name.encode()) > ATTRIBUTE_NAME_SIZE_MAX:
            fault = "may not be empty" if not name else "is too long"
            raise request_fault(
                f"{NAMES} contains invalid value: Attribute name {fault} for key {placeholder}"
            )


def _check_values(values: Attributes) -> None:
    if not values.tree:
        raise request_fault(f"{VALUES} must not be empty")
    _check_keys(VALUES, values.tree, ":")
    fault = values.fault
    if fault is None:
        return
    if fault.nested_too_deep:
        raise request_fault(fault.text)
    raise request_fault(f"{VALUES} contains invalid value: {fault.text} for key {fault.entry}")


def _check_keys(parameter: str, placeholders: Mapping[str, object], first: str) -> None:
    for key in placeholders:
        if key[:1] != first or not _PLACEHOLDER.fullmatch(key, 1):
            raise request_fault(f'{parameter} contains invalid key: Syntax error; key: "{key}"')
        if len(key) > PLACEHOLDER_SIZE_MAX:
            raise request_fault(f'{parameter} contains invalid key: The key is too long; key: "{key}"')


def _check_sizes(texts: Mapping[str, str]) -> None:
    for parameter, text in texts.items():
        if not text or text.isspace():
            raise faults.empty().error(parameter)
    for parameter, text in texts.items():
        size = len(text) if text.isascii() else len(text.encode())
        if size > SIZE_MAX:
            raise faults.too_long(size).error(parameter)


@attrs.define
class _Reading:
    """Reads expressions one after the other, noting which placeholders they use."""

    names: Names
    values: Values
    used_names: set[str] = attrs.field(factory=set)
    used_values: set[str] = attrs.field(factory=set)

    def expressions(self, texts: Mapping[str, str]) -> Expressions:
        condition = filter_ = projection = update = key = key_error = None
        for parameter, text in texts.items():
            match parameter:
                case "ConditionExpression":
                    condition = Condition(self.plan(parameter, text, condition_plan), self.values)
                case "FilterExpression":
                    filter_ = Condition(self.plan(parameter, text, condition_plan), self.values)
                case "ProjectionExpression":
                    projection = Projection(self.plan(parameter, text, projection_plan))
                case "UpdateExpression":
                    update = Update(self.plan(parameter, text, update_plan), self.values)
                case "KeyConditionExpression":
                    key, key_error = self.key_plan(text)
                case _:
                    raise AssertionError(f"{parameter} is no expression parameter")
        return Expressions(condition, filter_, projection, update, key, key_error, self.values)

    def key_plan(self, text: str) -> tuple[Plan[tuple[KeyTerm, ...]] | None, ApiError | None]:
        try:
            return self.plan(KEY_CONDITION, text, key_plan), None
        except ApiError as error:
            return None, error

    def plan(self, parameter: str, text: str, plan_of: Callable[[str, Names], Plan[_Core]]) -> Plan[_Core]:
        try:
            plan = plan_of(text, self.names)
            plan.check_values(self.values)
        except ExpressionFault as fault:
            raise fault.error(parameter) from None
        self.used_names.update(plan.names)
        self.used_values.update(plan.values)
        return plan

    def check_unused(self) -> None:
        _check_unused(NAMES, self.names, self.used_names)
        _check_unused(VALUES, self.values, self.used_values)


def _check_unused(parameter: str, given: Mapping[str, object], used: set[str]) -> None:
    if len(given) == len(used):
        return  # what is used is given
    unused = ", ".join(placeholder for placeholder in given if placeholder not in used)
    raise request_fault(f"Value provided in {parameter} unused in expressions: keys: {{{unused}}}")
