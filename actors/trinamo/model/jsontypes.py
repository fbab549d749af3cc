"""JSON types: what the service says of a JSON value whose type does not fit its place.

Every function here either returns the value as it is or raises a SerializationException with the service's text.
A JSON null never comes here: it counts as absent.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Any, Final

from trinamo.model.errors import ApiError, serialization

SHAPES: Final = "com.amazonaws.dynamodb.v20120810."
NOT_A_STRUCTURE: Final = "Unexpected value type in payload"
NOT_A_COLLECTION: Final = "Unexpected field type"
UNEXPECTED_STRUCTURE: Final = "Start of structure or map found where not expected"


def string_fault(raw: Any) -> ApiError:
    """Return the error of a JSON value that is not the string it should be."""
    return scalar_fault(raw, "String", "java.lang.String")


def scalar_fault(raw: Any, kind: str, java_class: str) -> ApiError:
    """Return the error of a JSON value that cannot become a scalar of this kind."""
    if type(raw) is list:
        return serialization(f"Unrecognized collection type class {java_class}")
    if type(raw) is dict:
        return serialization(UNEXPECTED_STRUCTURE)
    return serialization(f"{token_of(raw)} cannot be converted to {kind}")


def token_of(raw: Any) -> str:
    """Return the parser's name of a JSON scalar."""
    if raw is True:
        return "TRUE_VALUE"
    if raw is False:
        return "FALSE_VALUE"
    if type(raw) is str:
        return "STRING_VALUE"
    return "NUMBER_VALUE" if type(raw) is int else "DECIMAL_VALUE"


def bind_string(raw: Any) -> str:
    """Return a JSON string as it is; raise the error of anything else."""
    if type(raw) is not str:
        raise string_fault(raw)
    return raw


def bind_boolean(raw: Any) -> bool:
    """Return a JSON boolean as it is; raise the error of anything else."""
    if type(raw) is bool:
        return raw
    if type(raw) is str:
        raise serialization("Unexpected token received from parser")
    raise scalar_fault(raw, "Boolean", "java.lang.Boolean")


def bind_list(raw: Any) -> list[Any]:
    """Return a JSON array as it is; raise the error of anything else."""
    if type(raw) is dict:
        raise serialization(UNEXPECTED_STRUCTURE)
    if type(raw) is not list:
        raise serialization(NOT_A_COLLECTION)
    return raw


def bind_map(raw: Any, value_class: str) -> dict[str, Any]:
    """Return a JSON object as it is; raise the error of anything else, naming the values' class."""
    if type(raw) is list:
        raise serialization(f"Unrecognized collection type java.util.Map<java.lang.String, {value_class}>")
    if type(raw) is not dict:
        raise serialization(NOT_A_COLLECTION)
    return raw


def structure_fault(raw: Any, shape: str, *, inside_collection: bool) -> ApiError:
    """Return the error of a JSON value that is not the object it should be."""
    if type(raw) is list:
        return serialization(f"Unrecognized collection type class {SHAPES}{shape}")
    return serialization(NOT_A_STRUCTURE if inside_collection else NOT_A_COLLECTION)


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of strict base64 text, None for anything less than strict."""
    try:
        decoded = a2b_base64(text)
    except ValueError:
        return None
    # a2b_base64 overlooks foreign characters and stray bits; encoding again does not.
    return decoded if b2a_base64(decoded, newline=False) == text.encode() else None


def bind_blob(raw: Any) -> bytes:
    """Return the bytes of base64 text; bytes, if it was read before, as they are. Raise the error of anything else."""
    if type(raw) is bytes:
        return raw
    if type(raw) is list:
        raise serialization("Unrecognized collection type class java.nio.ByteBuffer")
    if type(raw) is dict:
        raise serialization(UNEXPECTED_STRUCTURE)
    if type(raw) is not str:
        raise serialization("only base-64-encoded strings are convertible to bytes")
    decoded = decode_base64(raw)
    if decoded is None:
        raise serialization(f"'{raw}' can not be converted to a Blob: {_base64_fault(raw)}")
    return decoded


def _base64_fault(raw: str) -> str:
    if len(raw) % 4:
        return f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(raw)}"
    try:
        a2b_base64(raw.encode(), strict_mode=True)
    except Base64Error:
        return "Invalid Base64 character"
    return "Invalid last non-pad Base64 character dectected"
