"""What can be wrong with an expression: the service's texts, each in one place.

An expression is parsed without knowing under which parameter it was given, since its tree is shared by all
requests that give the same text. So a fault carries the text alone, and `Expressions` puts
`Invalid <parameter>: ` before it, except where the service does not.

Faults that can only be seen with the stored item at hand (an update's) are `ApiError`s at once.
"""

from typing import Final

from trinamo.model.errors import ApiError, request_fault, validation

NO_SUCH_ATTRIBUTE: Final = "The provided expression refers to an attribute that does not exist in the item"
INVALID_DOCUMENT_PATH: Final = "The document path provided in the update expression is invalid for update"
INCORRECT_OPERAND: Final = "An operand in the update expression has an incorrect data type"


class ExpressionFault(Exception):
    """An expression that cannot be used. `bare` texts are given without naming the parameter."""

    def __init__(self, text: str, *, bare: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.bare = bare

    def error(self, parameter: str) -> ApiError:
        """Return the answer to a request that gave this expression as `parameter`."""
        return validation(self.text) if self.bare else request_fault(f"Invalid {parameter}: {self.text}")


def syntax_error(token: str, near: str) -> ExpressionFault:
    return ExpressionFault(f'Syntax error; token: "{token}", near: "{near}"')


def redundant_parentheses() -> ExpressionFault:
    return ExpressionFault("The expression has redundant parentheses;")


def repeated_section(section: str) -> ExpressionFault:
    return ExpressionFault(f'The "{section}" section can only be used once in an update expression;')


def reserved_word(name: str) -> ExpressionFault:
    return ExpressionFault(f"Attribute name is a reserved keyword; reserved keyword: {name}")


def undefined_name(placeholder: str) -> ExpressionFault:
    return ExpressionFault(
        "An expression attribute name used in the document path is not defined;"
        f" attribute name: {placeholder}"
    )


def undefined_value(placeholder: str) -> ExpressionFault:
    return ExpressionFault(
        f"An expression attribute value used in expression is not defined; attribute value: {placeholder}"
    )


def unknown_function(function: str) -> ExpressionFault:
    return ExpressionFault(f"Invalid function name; function: {function}")


def function_of_other_expressions(function: str) -> ExpressionFault:
    return ExpressionFault(f"The function is not allowed in this expression; function: {function}")


def misplaced_function(function: str) -> ExpressionFault:
    return ExpressionFault(
        f"The function is not allowed to be used this way in an expression; function: {function}"
    )


def operand_count(function: str, count: int) -> ExpressionFault:
    return ExpressionFault(
        "Incorrect number of operands for operator or function;"
        f" operator or function: {function}, number of operands: {count}"
    )


def path_required(function: str) -> ExpressionFault:
    return ExpressionFault(f"Operator or function requires a document path; operator or function: {function}")


def operand_type(operator: str, code: str) -> ExpressionFault:
    return ExpressionFault(
        "Incorrect operand type for operator or function;"
        f" operator or function: {operator}, operand type: {code}"
    )


def section_operand_type(section: str, long_name: str) -> ExpressionFault:
    return ExpressionFault(
        f"Incorrect operand type for operator or function; operator: {section}, operand type: {long_name}"
    )


def unknown_attribute_type(code: str) -> ExpressionFault:
    valid = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
    return ExpressionFault(f"Invalid attribute type name found; type: {code}, valid types: {valid}")


def indistinct_operands(operator: str, path: str) -> ExpressionFault:
    return ExpressionFault(
        "The first operand must be distinct from the remaining operands for this operator or function;"
        f" operator: {operator}, first operand: {path}"
    )


def bounds_of_different_types(lower: str, upper: str) -> ExpressionFault:
    return ExpressionFault(
        "The BETWEEN operator requires same data type for lower and upper bounds;"
        f" lower bound operand: AttributeValue: {lower}, upper bound operand: AttributeValue: {upper}"
    )


def bounds_out_of_order(lower: str, upper: str) -> ExpressionFault:
    return ExpressionFault(
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound;"
        f" lower bound operand: AttributeValue: {lower}, upper bound operand: AttributeValue: {upper}"
    )


def too_many_operators(count: int) -> ExpressionFault:
    return ExpressionFault(f"The expression contains too many operators; operator count: {count}")


def too_many_candidates(count: int) -> ExpressionFault:
    return ExpressionFault(f"The IN operator is provided with too many operands; number of operands: {count}")


def overlapping_paths(one: str, two: str) -> ExpressionFault:
    return ExpressionFault(
        "Two document paths overlap with each other; must remove or rewrite one of these paths;"
        f" path one: {one}, path two: {two}"
    )


def conflicting_paths(one: str, two: str) -> ExpressionFault:
    return ExpressionFault(
        "Two document paths conflict with each other; must remove or rewrite one of these paths;"
        f" path one: {one}, path two: {two}"
    )


def nested_key_condition() -> ExpressionFault:
    return ExpressionFault("KeyConditionExpressions cannot have conditions on nested attributes")


def key_operator(operator: str) -> ExpressionFault:
    return ExpressionFault(f"Invalid operator used in KeyConditionExpression: {operator}", bare=True)


def key_conditioned_twice() -> ExpressionFault:
    return ExpressionFault("KeyConditionExpressions must only contain one condition per key", bare=True)


def key_condition_without_value() -> ExpressionFault:
    text = "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    return ExpressionFault(text, bare=True)


def key_condition_without_name() -> ExpressionFault:
    text = "Invalid condition in KeyConditionExpression: No key attribute specified"
    return ExpressionFault(text, bare=True)


def too_long(size: int) -> ExpressionFault:
    return ExpressionFault(f"Expression size has exceeded the maximum allowed size; expression size: {size}")


def empty() -> ExpressionFault:
    return ExpressionFault("The expression can not be empty;")
