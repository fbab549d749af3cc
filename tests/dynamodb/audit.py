"""Holds answers against botocore's model of the service: the raw JSON, before botocore leaves out what it does not know.

A fault is a member that the shape lacks, a value of another type, an enumeration's unknown word, or a required member
that is missing. Errors are held against the shape of their code; codes of the front end have no shape, and none but
`__type` and a message.
"""

import base64
import binascii
import json
import math
from typing import Any

from botocore import model

_MESSAGES = ("message", "Message")  # the service writes either, and parsers take both


def faults(shape: model.Shape, value: Any, path: str = "$") -> list[str]:
    """Return what is wrong with a value of JSON that claims to have a shape; empty when nothing is."""
    match shape.type_name:
        case "structure":
            return _structure_faults(shape, value, path)
        case "list":
            if not isinstance(value, list):
                return [f"{path}: {value!r} is no list"]
            return [f for i, each in enumerate(value) for f in faults(shape.member, each, f"{path}[{i}]")]
        case "map":
            if not isinstance(value, dict):
                return [f"{path}: {value!r} is no map"]
            return [f for key, each in value.items() for f in faults(shape.value, each, f"{path}[{key!r}]")]
        case _:
            return [] if _is_scalar(shape, value) else [f"{path}: {value!r} is no {shape.type_name}"]


def _answer_faults(shape: model.Shape | None, body: Any) -> list[str]:
    """Return what is wrong with an answer; one of no shape has no members."""
    if shape is None:
        return [] if body == {} else [f"$: {body!r} where nothing is answered"]
    return faults(shape, body)


def _structure_faults(shape: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no structure"]
    found = [f"{path}: {name} is missing" for name in shape.required_members if name not in value]
    for name, each in value.items():
        member = shape.members.get(name)
        if member is None:
            found.append(f"{path}: {shape.name} has no member {name}")
        else:
            found += faults(member, each, f"{path}.{name}")
    if shape.name == "AttributeValue" and len(value) != 1:
        found.append(f"{path}: an attribute value has one type, not {sorted(value)}")
    return found


def _is_scalar(shape: Any, value: Any) -> bool:
    match shape.type_name:
        case "string":
            return isinstance(value, str) and (not shape.enum or value in shape.enum)
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "long":
            return isinstance(value, int) and not isinstance(value, bool)
        case "double" | "float" | "timestamp":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "blob":
            return isinstance(value, str) and _is_base64(value)
        case other:
            raise AssertionError(f"a type that is not known here: {other}")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


def error_faults(service: model.ServiceModel, body: Any) -> list[str]:
    """Return what is wrong with the body of an error."""
    if not isinstance(body, dict) or not isinstance(body.get("__type"), str):
        return [f"$: {body!r} is no error"]
    code = body["__type"].partition("#")[2]
    shape = service.shape_for_error_code(code)
    named = {name: value for name, value in body.items() if name != "__type" and name not in _MESSAGES}
    found = [
        f"$: {code}'s message is no text" for name in _MESSAGES if not isinstance(body.get(name, ""), str)
    ]
    if shape is None:
        return found + [f"$: {code} has no member {name}" for name in named]
    return found + _structure_faults(shape, named, "$")


class Audit:
    """Looks at every answer that boto3 clients receive. `found` are the faults, `seen` the operations that succeeded."""

    def __init__(self, *clients: Any) -> None:
        self.found: list[str] = []
        self.seen: set[str] = set()
        for client in clients:
            client.meta.events.register("before-parse", self._look)

    def _look(self, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        name = operation_model.name
        if response_dict["headers"].get("x-amzn-requestid") is None:
            self.found.append(f"{name} has no request id")
        try:
            body = json.loads(response_dict["body"])
        except ValueError:
            self.found.append(f"{name} answers {response_dict['body'][:80]!r}, no JSON")
            return
        if response_dict["status_code"] == 200:
            self.seen.add(name)
            wrong = _answer_faults(operation_model.output_shape, body)
        else:
            wrong = error_faults(operation_model.service_model, body)
        self.found += [f"{name} {fault}" for fault in wrong]
