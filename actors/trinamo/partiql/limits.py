"""Bounds on statements, each with its source."""

from typing import Final

STATEMENT_LENGTH_MAX: Final = 8192  # API model: characters of a statement
NEXT_TOKEN_LENGTH_MAX: Final = 32_768  # API model: characters
NESTING_MAX: Final = (
    64  # ours, since each level costs frames of the interpreter's stack; values have 32 levels
)
INDEX_DIGITS_MAX: Final = 9  # ours: of a list index; an item of 400 KB has no element beyond
HASH_CANDIDATES_MAX: Final = 50  # DynamoDB: values of one IN on the hash key
STATEMENTS_KEPT: Final = 512  # parsed statements; some MB for the longest texts
