"""What can be wrong with a statement: the service's texts, each in one place.

Most rejections of a text begin with `Statement wasn't well formed, can't be processed: `; a few are bare. Positions are
`line:column:length` of the token at fault, lines and columns counted from 1.
"""

from typing import Final

from trinamo.model.errors import ApiError, validation

_NOT_WELL_FORMED: Final = "Statement wasn't well formed, can't be processed: "


def not_well_formed(detail: str) -> ApiError:
    return validation(_NOT_WELL_FORMED + detail)


def no_data_manipulation() -> ApiError:
    return not_well_formed("Expected data manipulation")


def unexpected(what: str, position: str) -> ApiError:
    """A token that cannot stand where it stands. `what` it is: `term`, `keyword`, …"""
    return not_well_formed(f"Unexpected {what} at {position}")


def nested_too_deep(position: str) -> ApiError:
    return not_well_formed(f"Nesting is too deep at {position}")


def unexpected_component(position: str) -> ApiError:
    """A projection that is no path: an aggregate, a function."""
    return validation(f"Unexpected path component at {position}")


def qualified_target(position: str) -> ApiError:
    return validation(
        f"FROM clause may only contain a single table name in data manipulation statements at {position}"
    )


def too_many_components() -> ApiError:
    return validation("A path may contain at most 2 components in the FROM clause")


def empty_component() -> ApiError:
    return validation("Path component cannot be an empty string")


def index_not_writable() -> ApiError:
    return validation("This operation is not supported on an index")


def invalid_returning(clause: str) -> ApiError:
    return validation(
        f"Invalid returning clause: {clause}. Only RETURNING ALL OLD * is allowed in DELETE statements."
    )


def parameter_count() -> ApiError:
    return validation("Number of parameters in request and statement don't match.")


def mixed_set() -> ApiError:
    return not_well_formed("A set holds members of one type, which is string, number or binary")


def repeated_name(name: str) -> ApiError:
    return not_well_formed(f"A map holds a name once: {name}")


def item_not_a_map() -> ApiError:
    return not_well_formed("The value of an INSERT is a map")


def foreign_set_function(function: str) -> ApiError:
    return not_well_formed(f"{function} changes the attribute that is set, and takes a set")


def exists_outside_of_transaction() -> ApiError:
    return not_well_formed("EXISTS is a statement of a transaction only")


def key_not_fixed() -> ApiError:
    return validation("Where clause does not contain a mandatory equality on all key attributes")


def order_without_where() -> ApiError:
    return validation("Must have WHERE clause in the statement when using ORDER BY clause.")


def order_without_hash() -> ApiError:
    return validation(
        "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
    )


def order_by_other(name: str) -> ApiError:
    return validation(f"Variable reference {name} in ORDER BY clause must be part of the primary key")


def order_over_partitions() -> ApiError:
    return validation("ORDER BY the sort key over several hash key values is not in this version of Trinamo")


def too_many_candidates(count: int) -> ApiError:
    return validation(f"The IN operator is provided with too many operands; number of operands: {count}")
