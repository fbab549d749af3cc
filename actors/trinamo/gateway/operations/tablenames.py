"""Rules about table names of the operations that look at one existing table.

They differ from those of item operations and of CreateTable: a missing name and a bad length have texts of their own.
"""

from typing import Any, Final

from trinamo.model.creation import TABLE_NAME_MISSING
from trinamo.model.envelope import envelope
from trinamo.model.errors import ApiError, validation
from trinamo.model.limits import TABLE_NAME_LENGTH_MAX, TABLE_NAME_LENGTH_MIN
from trinamo.model.shapes import Member, TableName, is_table_arn

_SHAPE: Final = TableName(TABLE_NAME_LENGTH_MIN)


def _fault(name: Any) -> ApiError | None:
    if name is None:
        return validation(TABLE_NAME_MISSING)
    if is_table_arn(name):
        return None
    if not TABLE_NAME_LENGTH_MIN <= len(name) <= TABLE_NAME_LENGTH_MAX:
        return validation(
            f"TableName must be at least {TABLE_NAME_LENGTH_MIN} characters long"
            f" and at most {TABLE_NAME_LENGTH_MAX} characters long"
        )
    violations = list(_SHAPE.violations(name, "tableName"))
    return envelope(violations) if violations else None


EXISTING_TABLE_NAME: Final = Member("TableName", _SHAPE, required=True, guard=_fault)
