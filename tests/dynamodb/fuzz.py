"""The fuzzer: a stream of requests from a seed, most of them broken, and a judge of the answers.

Request `number` of a seed is drawn from dice of its own, so that one that failed can be had again without those before it:

    PYTHONPATH=tests python -m dynamodb.fuzz SEED NUMBER [URL]      shows it, and sends it

A request is a plausible one (`fuzz_requests`) that is left alone or broken in up to three ways by its shape, its text or
its expressions; or JSON of any kind; or any bytes. Now and then the headers are broken as well.
"""

import gzip
import json
import random
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import attrs
from botocore.session import get_session

from dynamodb.audit import error_faults, faults
from dynamodb.fuzz_requests import NAMES, ON_ITEMS, SCRATCH, TEXTS, Plausible
from dynamodb.raw import HEADERS, Answer, send
from trinamo.gateway.operations import OPERATIONS

FRONT_END: Final = frozenset(
    {
        "ValidationException", "SerializationException", "UnknownOperationException", "AccessDeniedException",
        "MissingAuthenticationTokenException", "IncompleteSignatureException", "InvalidSignatureException",
    }
)  # fmt: skip
"""Codes that botocore's model does not have."""

WEIGHTS: Final = {"CreateTable": 0.1, "DeleteTable": 0.1, "UpdateTable": 0.1, "Scan": 2.0}
"""How often an operation comes: others on items 5, the rest 0.5, what is not in this version 0.05."""

BODY_SIZE_MAX: Final = 1024 * 1024
"""Longer bodies are cut: what is repeated within what is repeated would soon fill the memory."""

NOT_FOUND: Final = b"<UnknownOperationException/>\n"
LEAK: Final = re.compile(r"Traceback|object at 0x|NoneType|<class '|Error\(")
"""What an answer says only by accident."""


@attrs.frozen
class FuzzRequest:
    """A request as it is sent. An `odd` one may be refused before it is an operation."""

    seed: int
    number: int
    target: str
    headers: dict[str, str]
    body: bytes
    odd: bool = False
    path: str = "/"

    def __str__(self) -> str:
        shown = self.body if len(self.body) <= 3_000 else self.body[:3_000] + b" ..."
        replay = f"PYTHONPATH=tests python -m dynamodb.fuzz {self.seed} {self.number}"
        return f"{self.target} {shown!r}\n    again: {replay} URL"


class Fuzz:
    """The requests of a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        session = get_session()
        self.services = [session.get_service_model(name) for name in ("dynamodb", "dynamodbstreams")]
        self.operations = {
            f"{service.metadata['targetPrefix']}.{name}": service.operation_model(name)
            for service in self.services
            for name in service.operation_names
        }
        self._targets = tuple(self.operations)
        self._weights = [_weight(operation.name) for operation in self.operations.values()]

    def request(self, number: int) -> FuzzRequest:
        dice = random.Random(f"{self.seed}:{number}")
        [target] = dice.choices(self._targets, self._weights)
        kind = dice.random()
        if kind < 0.03:
            body = dice.randbytes(dice.choice((0, 1, 10, 1_000)))
        elif kind < 0.10:
            body = _text(_json(dice, 0))
        else:
            body = self._broken(dice, target)
        headers = {**HEADERS, "X-Amz-Target": target, "Accept-Encoding": "identity"}
        body = body[:BODY_SIZE_MAX]
        match dice.randrange(60):
            case 0:
                body = break_headers(dice, headers, body)
                return FuzzRequest(self.seed, number, target, headers, body, odd=True)
            case 1:
                path = break_signature(dice, headers)
                return FuzzRequest(self.seed, number, target, headers, body, path=path)
        return FuzzRequest(self.seed, number, target, headers, body)

    def _broken(self, dice: random.Random, target: str) -> bytes:
        tree: Any = Plausible(dice).request(self.operations[target])
        for _ in range(dice.choice((0, 0, 1, 1, 2, 3))):
            tree = _mutated(dice, tree)
        body = _text(tree)
        return _spliced(dice, body) if dice.random() < 0.05 else body

    def complaints(self, request: FuzzRequest, answer: Answer) -> list[str]:
        """Return what is wrong with an answer; empty when it is one that the service could give."""
        found = [] if answer.crc_holds else ["the CRC is not that of the body"]
        if len(answer.headers["x-amzn-requestid"] or "") != 52:
            found.append("there is no request id")
        if request.odd and (answer.status, answer.body) in ((404, NOT_FOUND), (413, b"")):
            return found
        packed = answer.headers["content-encoding"] == "gzip"
        try:
            tree = json.loads(gzip.decompress(answer.body) if packed else answer.body)
        except (ValueError, OSError):
            return [*found, f"status {answer.status}, and the body is no JSON: {answer.body[:80]!r}"]
        operation = self.operations.get(request.headers.get("X-Amz-Target", ""))
        if answer.status == 200 and operation is not None:
            return found + faults(operation.output_shape, tree)
        if answer.status != 400:
            return [*found, f"status {answer.status}: {tree}"]
        return found + self._error_complaints(tree)

    def _error_complaints(self, tree: Any) -> list[str]:
        known = [service for service in self.services if error_faults(service, tree) == []]
        if not known:
            return error_faults(self.services[0], tree)
        code = tree["__type"].partition("#")[2]
        modelled = any(service.shape_for_error_code(code) is not None for service in known)
        found = [] if modelled or code in FRONT_END else [f"{code} is no code of the service"]
        text = tree.get("message", tree.get("Message", ""))
        return found + ([f"what was not meant to be said: {text[:300]}"] if LEAK.search(text) else [])


def _weight(name: str) -> float:
    if name not in OPERATIONS:
        return 0.05
    return WEIGHTS.get(name, 5.0 if name in ON_ITEMS else 0.5)


DEEP: Final = {
    "@lists": b"[" * 600 + b"]" * 600,
    "@list values": b'{"L":[' * 400 + b"]}" * 400,
    "@map values": b'{"M":{"a":' * 400 + b"}}" * 400,
    "@too deep": b"[" * 2_000 + b"]" * 2_000,
}
"""What stands in the text for a leaf: deeper than our own JSON goes."""


def _text(tree: Any) -> bytes:
    text = json.dumps(tree, separators=(",", ":")).encode()
    if b'"@' in text:
        for name, deep in DEEP.items():
            text = text.replace(b'"%b"' % name.encode(), deep)
    return text


# Anything.

ODD_TEXTS: Final = (
    *TEXTS, *NAMES, *SCRATCH, "\ud800", "\udfff\ud800", "\u202e", "\ufffe", "\x7f", "null", "true", "1", "1e400",
    "'", '"', "\\", "{", "%s", "../..", "a" * 256, "a" * 2_049, "é" * 1_025, "x" * 70_000, "#a", ":a", "arn:aws:dynamodb",
    "NaN", "Infinity", "-Infinity", "1e-131", "1e126", "0x10", "1_000", "١", "1" * 39, " 1", "+1", "1.", ".1", "--1",
)  # fmt: skip
ODD_NUMBERS: Final = (
    0, -1, 1, 0.0, -0.0, 0.5, 1e300, 5e-324, float("nan"), float("inf"), 2**31 - 1, 2**31, 2**63 - 1, -(2**63), 2**64,
    10**40, 10**400,
)  # fmt: skip


def _json(dice: random.Random, depth: int) -> Any:
    kind = dice.random()
    if kind < 0.3 and depth < 4:
        return {dice.choice(ODD_TEXTS): _json(dice, depth + 1) for _ in range(dice.randint(0, 4))}
    if kind < 0.5 and depth < 4:
        return [_json(dice, depth + 1) for _ in range(dice.randint(0, 4))]
    if kind < 0.55:
        return _nested(dice)
    return dice.choice((dice.choice(ODD_TEXTS), dice.choice(ODD_NUMBERS), True, False, None, {}, []))


def _nested(dice: random.Random) -> Any:
    """Return something deep: of lists, maps or attribute values."""
    tree: Any = dice.choice(({"S": "bottom"}, *DEEP))
    wrap: Callable[[Any], Any] = dice.choice(
        (
            lambda inner: [inner],
            lambda inner: {"a": inner},
            lambda inner: {"L": [inner]},
            lambda inner: {"M": {"a": inner}},
        )
    )
    for _ in range(dice.choice((0, 5, 30, 31, 32, 33, 100, 200))):
        tree = wrap(tree)
    return tree


# Breaking by shape.


def _mutated(dice: random.Random, tree: Any) -> Any:
    """Return the tree with one place changed."""
    places = list(_places(tree, 0))
    if not places:
        return _json(dice, 0)
    holder, at = dice.choice(places)
    holder_is_map = isinstance(holder, dict)
    match dice.randrange(9):
        case 0 | 1:
            holder[at] = _json(dice, 2)
        case 2:
            del holder[at]
        case 3:
            holder[at] = None
        case 4 if holder_is_map:
            holder[dice.choice(ODD_TEXTS)] = holder.pop(at)
        case 5 if holder_is_map:
            holder[dice.choice((*ODD_TEXTS, "N", "SS", "M", "Limit", "Select", "Expected"))] = _json(dice, 2)
        case 6 if isinstance(holder[at], list):
            holder[at] = holder[at] * dice.choice((2, 26, 101))
        case 7:
            holder[at] = _nested(dice)
        case _:
            holder[at] = (
                _edited(dice, holder[at]) if isinstance(holder[at], str) else dice.choice(ODD_NUMBERS)
            )
    return tree


def _places(tree: Any, depth: int) -> Any:
    """Yield every place of a tree: what holds it, and where."""
    if depth > 20 or not isinstance(tree, dict | list):
        return
    for at in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, at
        yield from _places(tree[at], depth + 1)


TOKENS: Final = (
    "(", ")", "((", "[", "]", "[0]", "[-1]", "[99999999999999999999]", ".", ",", "=", "<>", "<", ":", "#", ":v0", "#n0",
    " AND ", " OR ", " NOT ", "BETWEEN", " IN ", "SET ", "REMOVE ", "ADD ", "DELETE ", "size(", "contains(", "if_not_exists(",
    "'", '"', "\x00", "\u2003", "é", "1", "1e5", "?", ";", "--", "<<", "*", "a" * 5_000, "(" * 400, "a=b AND " * 301, "NOT " * 500,
)  # fmt: skip


def _edited(dice: random.Random, text: str) -> str:
    """Return a text, which may be an expression or a number, with one piece replaced, repeated or left out."""
    pieces = re.findall(r"\w+|\s+|.", text, re.DOTALL) or [""]
    at = dice.randrange(len(pieces))
    match dice.randrange(4):
        case 0:
            del pieces[at]
        case 1:
            pieces.insert(at, dice.choice(pieces))
        case 2:
            pieces.insert(at, dice.choice(TOKENS))
        case _:
            pieces[at] = dice.choice((*TOKENS, *ODD_TEXTS))
    return "".join(pieces)


# Breaking what is sent.


def _spliced(dice: random.Random, body: bytes) -> bytes:
    start = dice.randrange(len(body) + 1)
    end = min(len(body), start + dice.choice((0, 1, 2, 10)))
    put = dice.choice(
        (
            b"",
            b"1e400",
            b"NaN",
            b"{}",
            b"[",
            b'"',
            b"\\u",
            b'"a":1,"a":2',
            b"\xff",
            b"\xc0\x80",
            b"," * 3,
            b"9" * 400,
        )
    )
    return body[:start] + put + body[end:]


def break_headers(dice: random.Random, headers: dict[str, str], body: bytes) -> bytes:
    """Break one header, and return the body that goes with them."""
    match dice.randrange(6):
        case 0:
            edited = _edited(dice, headers["X-Amz-Target"])[:1_000]
            headers["X-Amz-Target"] = "".join(c for c in edited if " " <= c <= "~").strip()
        case 1:
            types = ("", "text/plain", "application/JSON", "application/json;;;", "*/*")
            headers["Content-Type"] = dice.choice(types)
        case 2:
            headers.pop(dice.choice(tuple(headers)))
        case 3:
            headers["Accept-Encoding"] = dice.choice(("gzip", "gzip;q=0", "*", ",;=", "gzip;q=nan"))
        case 4:
            headers["Content-Encoding"] = "gzip"
            packed = gzip.compress(body, mtime=0)
            return dice.choice((body, packed, packed[:-5], packed + b"{}", b"\x1f\x8b"))
        case _:
            headers["Origin"] = "http://localhost"
    return body


def break_signature(dice: random.Random, headers: dict[str, str]) -> str:
    """Break the signature, or put a broken one into the path, which is returned."""
    if dice.random() < 0.5:
        edited = _edited(dice, headers["Authorization"])[:1_000]
        headers["Authorization"] = "".join(c for c in edited if " " <= c <= "~" or "\xa0" <= c <= "\xff")
        return "/"
    right = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "test/20260101/us-east-1/dynamodb/aws4_request",
        "X-Amz-Date": headers.get("X-Amz-Date", ""),
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    if dice.random() < 0.9:
        del headers["Authorization"]
    name = dice.choice(tuple(right))
    right[name] = _edited(dice, right[name])[:1_000]
    shown = dice.sample(tuple(right.items()), dice.randint(1, 5) if dice.random() < 0.2 else 5)
    return "/?" + urlencode(shown, errors="replace")


def main(arguments: list[str]) -> None:
    """Show a request again, and send it where a URL is given."""
    fuzz = Fuzz(int(arguments[0]))
    request = fuzz.request(int(arguments[1]))
    shown: Mapping[str, Any] = attrs.asdict(request)
    for name, value in shown.items():
        print(f"{name}: {value!r}")
    if len(arguments) > 2:
        answer = send(arguments[2], request.body, request.headers, path=request.path)
        print(answer.status, answer.headers, answer.body, fuzz.complaints(request, answer), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
