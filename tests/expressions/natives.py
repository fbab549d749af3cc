"""Attribute values as Python's own, which compare as attribute values do."""

from decimal import Decimal
from typing import Any

from trinamo.model.values import AttributeValue


def native(value: AttributeValue) -> Any:
    """Return (type, Python value), which compare as attribute values do."""
    [(code, content)] = value.items()
    match code:
        case "N":
            return code, Decimal(content)
        case "SS":
            return code, frozenset(member.encode() for member in content)
        case "BS":
            return code, frozenset(content)
        case "NS":
            return code, frozenset(map(Decimal, content))
        case "L":
            return code, [native(element) for element in content]
        case "M":
            return code, {name: native(element) for name, element in content.items()}
        case "S":
            return code, content.encode()  # its order
        case _:
            return code, content
