"""Requests for tests: the parameters of one, and the text of the error they meet."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from trinamo.expressions import Expressions, check_mixing, check_placeholders
from trinamo.model.errors import ApiError
from trinamo.model.reading import read_attributes

SHORT = {
    "condition": "ConditionExpression",
    "filter": "FilterExpression",
    "key": "KeyConditionExpression",
    "projection": "ProjectionExpression",
    "update": "UpdateExpression",
}


def read(
    names: Mapping[str, str] | None = None,
    values: dict[str, Any] | None = None,
    legacy: Sequence[str] = (),
    **texts: str | None,
) -> Expressions:
    """Read the expressions given as keyword arguments, in their order; `values` are as in JSON."""
    parameters = {SHORT[name]: text for name, text in texts.items()}
    attributes = None if values is None else read_attributes(dict(values))
    check_mixing(parameters, legacy)
    check_placeholders(parameters, names, attributes)
    expressions = Expressions.read(parameters, names, None if attributes is None else attributes.tree)
    expressions.check_key_condition()
    return expressions


def error_of(
    names: Mapping[str, str] | None = None,
    values: dict[str, Any] | None = None,
    legacy: Sequence[str] = (),
    **texts: str | None,
) -> str:
    """Return the text of the ValidationException that `read` raises."""
    with pytest.raises(ApiError) as caught:
        read(names, values, legacy, **texts)
    assert caught.value.code == "ValidationException"
    assert caught.value.message is not None
    return caught.value.message
