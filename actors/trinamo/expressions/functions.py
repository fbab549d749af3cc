"""The functions of expressions: where each may stand, and how many arguments it takes."""

from typing import Final, Literal, NamedTuple


class Function(NamedTuple):
    """A function's place (`condition`: stands as a condition; `operand`: inside one) and arguments."""

    belongs_to: Literal["condition", "update"]
    place: Literal["condition", "operand"]
    arity: int
    takes_path: bool  # its first argument must be a document path


FUNCTIONS: Final = {
    "attribute_exists": Function("condition", "condition", 1, takes_path=True),
    "attribute_not_exists": Function("condition", "condition", 1, takes_path=True),
    "attribute_type": Function("condition", "condition", 2, takes_path=True),
    "begins_with": Function("condition", "condition", 2, takes_path=False),
    "contains": Function("condition", "condition", 2, takes_path=False),
    "size": Function("condition", "operand", 1, takes_path=False),
    "if_not_exists": Function("update", "operand", 2, takes_path=True),
    "list_append": Function("update", "operand", 2, takes_path=False),
}
