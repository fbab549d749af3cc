"""The envelope: how the service reports violated constraints of a request's shape, up to ten together."""

from typing import Final

from trinamo.model.errors import ApiError, validation

VIOLATIONS_MAX: Final = 10  # observed: more are neither listed nor counted


def envelope(violations: list[str]) -> ApiError:
    """Return the error that reports violations of constraints."""
    listed = violations[:VIOLATIONS_MAX]
    plural = "" if len(listed) == 1 else "s"
    return validation(f"{len(listed)} validation error{plural} detected: {'; '.join(listed)}")


def violation(value: str | None, path: str, constraint: str) -> str:
    """Return one violation's text. `value` is None for a member that is absent."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
