"""The expressions of one request: read together, and checked in the service's order.

1. expression and legacy parameters mixed                                     `check_mixing`
2. names or values given without any expression that could use them           `check_placeholders`
3. keys and values of the two maps; names before values
4. an empty expression; then an expression too long                           `Expressions.read`
5. each expression by itself, in the order of the operation: syntax, form, undefined names, paths,
   undefined values, literals
6. names, then values, that no expression uses

Operations check other things in between, so the steps are taken one by one.

A Query's key condition is special: its faults are reported only after the checks of Select. Its fault, if it
has one, is kept until `key_condition` is asked for; and until then it hides unused placeholders, which are
reported only when all else is fine.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from trinamo.expressions import faults
from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.keyconditions import KeyCondition, key_condition
from trinamo.expressions.limits import PLACEHOLDER_SIZE_MAX, PLACEHOLDERS_SIZE_MAX, SIZE_MAX
from trinamo.expressions.paths import Values
from trinamo.expressions.plans import (
    Condition,
    KeyTerms,
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

Parameters: TypeAlias = Mapping[str, str | None]

_PLACEHOLDER: Final = re.compile(r"[A-Za-z0-9_]+")


@attrs.frozen
class Expressions:
    """The expressions that a request gave, checked, with their values."""

    condition: Condition | None = None
    filter: Condition | None = None
    projection: Projection | None = None
    update: Update | None = None
    key_terms: KeyTerms | None = None
    _key_error: ApiError | None = None

    @classmethod
    def read(cls, parameters: Parameters, names: Names | None, values: Values | None) -> "Expressions":
        """Read expressions whose placeholder maps are checked: steps 4 to 6. Raises `ApiError`.

        `parameters` holds every expression parameter of the operation, None where the request has none, in the
        order in which the operation reads them: update before condition; filter, projection, key condition.
        """
        texts = {parameter: text for parameter, text in parameters.items() if text is not None}
        _check_sizes(texts)
        plans: Plans = {}
        key_error = None
        for parameter, text in texts.items():
            try:
                plans[parameter] = _checked_plan(parameter, text, names, values or {})
            except ExpressionFault as fault:
                if parameter != KEY_CONDITION:
                    raise fault.error(parameter) from None
                key_error = fault.error(parameter)
        if key_error is None:
            _check_unused(NAMES, names or {}, [plan.names for plan in plans.values()])
            _check_unused(VALUES, values or {}, [plan.values for plan in plans.values()])
        return _assembled(plans, values or {}, key_error)

    def check_key_condition(self) -> None:
        """Raise the error of the key condition's text, names or literals, if it has one."""
        if self._key_error is not None:
            raise self._key_error

    @property
    def has_key_condition(self) -> bool:
        """Whether the request gave a key condition, right or wrong."""
        return self.key_terms is not None or self._key_error is not None

    def completed(
        self,
        *,
        condition: Condition | None = None,
        filter: Condition | None = None,
        projection: Projection | None = None,
        update: Update | None = None,
        key_terms: KeyTerms | None = None,
    ) -> "Expressions":
        """Return these expressions and those that legacy parameters stated; no request has one of a kind in both ways."""
        if not (condition or filter or projection or update or key_terms):
            return self
        return Expressions(
            condition or self.condition,
            filter or self.filter,
            projection or self.projection,
            update or self.update,
            key_terms or self.key_terms,
            self._key_error,
        )

    def key_condition(
        self, partition: Sequence[KeyAttribute], sort: Sequence[KeyAttribute] = ()
    ) -> KeyCondition:
        """Return what the key condition means for keys of these attributes, or raise the `ApiError` of a misfit."""
        self.check_key_condition()
        terms = self.key_terms
        assert terms is not None, "the request has a key condition"
        return key_condition(terms.plan.core, terms.values, partition, sort)


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
    size = 0 if values is None else values.size
    if names:
        size += sum(map(len, names)) + sum(map(len, names.values()))
    if size > PLACEHOLDERS_SIZE_MAX:  # the service's own text is not known to us
        raise request_fault(f"{NAMES} and {VALUES} exceed {PLACEHOLDERS_SIZE_MAX} bytes together")


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
    wrapped = f"{VALUES} contains invalid value: {fault.text} for key {fault.entry}"
    raise request_fault(wrapped, newer=fault.text if fault.is_of_empty_set else None)


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


Plans: TypeAlias = dict[str, Plan[Any]]
_PLANS: Final[Mapping[str, Callable[[str, Names | None], Plan[Any]]]] = {
    CONDITION: condition_plan,
    FILTER: condition_plan,
    KEY_CONDITION: key_plan,
    PROJECTION: projection_plan,
    UPDATE: update_plan,
}


def _checked_plan(parameter: str, text: str, names: Names | None, values: Values) -> Plan[Any]:
    plan = _PLANS[parameter](text, names)
    plan.check_values(values)
    return plan


def _assembled(plans: Plans, values: Values, key_error: ApiError | None) -> Expressions:
    condition, filter_, update = plans.get(CONDITION), plans.get(FILTER), plans.get(UPDATE)
    projection, terms = plans.get(PROJECTION), plans.get(KEY_CONDITION)
    return Expressions(
        None if condition is None else Condition(condition, values),
        None if filter_ is None else Condition(filter_, values),
        None if projection is None else Projection(projection),
        None if update is None else Update(update, values),
        None if terms is None else KeyTerms(terms, values),
        key_error,
    )


def _check_unused(parameter: str, given: Mapping[str, object], used: Sequence[frozenset[str]]) -> None:
    every = frozenset[str]().union(*used)
    unused = ", ".join(placeholder for placeholder in given if placeholder not in every)
    if unused:
        raise request_fault(f"Value provided in {parameter} unused in expressions: keys: {{{unused}}}")
