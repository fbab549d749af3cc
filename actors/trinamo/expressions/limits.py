"""Bounds on expressions, each with its source."""

from typing import Final

SIZE_MAX: Final = 4096  # DynamoDB: bytes of one expression
OPERATORS_MAX: Final = 300  # DynamoDB: operators and functions of one expression
CANDIDATES_MAX: Final = 100  # DynamoDB: operands of one IN
PLACEHOLDER_SIZE_MAX: Final = 255  # DynamoDB: bytes of `#name` or `:value`
PLACEHOLDERS_SIZE_MAX: Final = 2 * 1024 * 1024  # DynamoDB: 2 MB of names and values of one request
TEXTS_KEPT: Final = 1024  # parsed trees and compiled plans, each; at most some 100 KB for the longest texts
NAMES_SIZE_KEPT: Final = 4096  # characters of the attribute names of a plan that is kept
