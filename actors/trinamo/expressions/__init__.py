"""Expressions: conditions, filters, key conditions, projections and updates. Pure."""

from trinamo.expressions.faults import ExpressionFault
from trinamo.expressions.keyconditions import KeyCondition
from trinamo.expressions.legacy import (
    read_attribute_updates,
    read_attributes_to_get,
    read_expected,
    read_filter,
    read_key_conditions,
)
from trinamo.expressions.paths import check_filter_paths, check_key_paths, check_updated_paths
from trinamo.expressions.plans import (
    Condition,
    KeyTerms,
    Projection,
    Update,
    compile_condition,
    compile_projection,
    compile_update,
    parse_condition,
    parse_projection,
    parse_update,
)
from trinamo.expressions.request import (
    CONDITION,
    FILTER,
    KEY_CONDITION,
    PROJECTION,
    UPDATE,
    Expressions,
    check_mixing,
    check_placeholders,
)
from trinamo.expressions.syntax import print_tree
from trinamo.expressions.updates import Updated

__all__ = [
    "CONDITION",
    "FILTER",
    "KEY_CONDITION",
    "PROJECTION",
    "UPDATE",
    "Condition",
    "ExpressionFault",
    "Expressions",
    "KeyCondition",
    "KeyTerms",
    "Projection",
    "Update",
    "Updated",
    "check_filter_paths",
    "check_key_paths",
    "check_mixing",
    "check_placeholders",
    "check_updated_paths",
    "compile_condition",
    "compile_projection",
    "compile_update",
    "parse_condition",
    "parse_projection",
    "parse_update",
    "print_tree",
    "read_attribute_updates",
    "read_attributes_to_get",
    "read_expected",
    "read_filter",
    "read_key_conditions",
]
