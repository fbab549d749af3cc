"""Legacy parameters, read: each becomes the expression that says the same, with placeholders of its own making.

From there on nothing knows what a request said: plans, evaluation and the way to the leader are those of expressions.
Names are names, whatever words or characters they are. The size of an expression's text is not limited here, since the
text is ours; its operators are.

The members that the functions take hold canonical values; whoever calls them has looked for faults of values.
"""

from collections.abc import Mapping, Sequence

from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.legacyconditions import (
    AttributeTest,
    Entry,
    condition_tree,
    expected_tests,
    filter_tests,
    key_tests,
)
from trinamo.expressions.legacyupdates import update_tree
from trinamo.expressions.placeholders import Placeholders
from trinamo.expressions.plans import (
    Condition,
    KeyTerms,
    Projection,
    Update,
    condition_plan,
    key_plan,
    projection_plan,
    update_plan,
)
from trinamo.expressions.syntax import ProjectionTree, print_tree
from trinamo.model.errors import invalid_parameters, validation


def read_expected(expected: Mapping[str, Entry] | None, conditional_operator: str | None) -> Condition | None:
    """Return the condition that Expected and ConditionalOperator state, None if there is none. Raises `ApiError`."""
    return _condition("Expected", expected_tests(expected or {}), conditional_operator)


def read_filter(
    parameter: str, conditions: Mapping[str, Entry] | None, conditional_operator: str | None
) -> Condition | None:
    """Return the filter that QueryFilter or ScanFilter states, None if there is none. Raises `ApiError`."""
    return _condition(parameter, filter_tests(conditions or {}), conditional_operator)


def read_key_conditions(conditions: Mapping[str, Entry]) -> KeyTerms:
    """Return the key condition that KeyConditions states. Raises `ApiError`."""
    placeholders = Placeholders()
    tree = condition_tree(key_tests(conditions), placeholders)
    return KeyTerms(key_plan(print_tree(tree), placeholders.names), placeholders.values)


def read_attribute_updates(updates: Mapping[str, Entry]) -> Update:
    """Return the update that AttributeUpdates states. Raises `ApiError`."""
    placeholders = Placeholders()
    text = print_tree(update_tree(updates, placeholders))
    return Update(update_plan(text, placeholders.names), placeholders.values)


def read_attributes_to_get(names: Sequence[str]) -> Projection:
    """Return the projection that AttributesToGet states; there is at least one name. Raises `ApiError`."""
    seen = set()
    for name in names:
        if name in seen:
            raise invalid_parameters(f"Duplicate value in attribute name: {name}")
        seen.add(name)
    placeholders = Placeholders()
    text = print_tree(ProjectionTree(tuple([placeholders.path(name) for name in names])))
    return Projection(projection_plan(text, placeholders.names))


def _condition(
    parameter: str, tests: Sequence[AttributeTest], conditional_operator: str | None
) -> Condition | None:
    if not tests:
        if conditional_operator is not None:
            raise validation("ConditionalOperator cannot be used without Filter or Expected")
        return None
    placeholders = Placeholders()
    text = print_tree(condition_tree(tests, placeholders, any_of=conditional_operator == "OR"))
    try:
        plan = condition_plan(text, placeholders.names)
    except ExpressionFault as fault:
        raise fault.error(parameter) from None
    return Condition(plan, placeholders.values)
