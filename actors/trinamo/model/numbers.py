"""Numbers: exact decimals of up to 38 digits, held as canonical text.

A number is a sign, a string of significant digits without leading or trailing zeros, and a magnitude:

    value = sign 0.DIGITS × 10^magnitude          -129 <= magnitude <= 126, 1 to 38 digits; zero has none

Its canonical text is plain decimal: no exponent, no superfluous zeros, no `+`, no `-0`. Two numbers are equal
exactly if their canonical texts are, so text equality is number equality everywhere behind the gateway.

Key encoding, self-delimiting, and ordered by bytes as the numbers are:

    zero      02
    positive  03 | magnitude + 129 (one byte) | digits + 1, a nibble each, 0-padded to bytes | 00
    negative  01 | the bytes after 03 of its positive, complemented

A nibble of a digit is 1 to 10, so the padding and the final 00 are below every digit: 1 sorts before 1.01.
Complementing turns the order round, which is what negative numbers need.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Underflow
from typing import Final

from trinamo.model.limits import NUMBER_DIGITS_MAX, NUMBER_MAGNITUDE_MAX, NUMBER_MAGNITUDE_MIN

NOT_NUMERIC: Final = "The parameter cannot be converted to a numeric value"
TOO_MANY_DIGITS: Final = "Attempting to store more than 38 significant digits in a Number"
OVERFLOW: Final = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW: Final = (
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"
)

_GRAMMAR = re.compile(r"([+-]?)(?:([0-9]+)\.?([0-9]*)|\.([0-9]+))(?:[eE]([+-]?)([0-9]+))?")
_CANONICAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")
_EXPONENT_LENGTH_MAX = 9  # a longer exponent decides alone: no request has digits enough to bring it back

_ZERO = b"\x02"
_NEGATIVE = 0x01
_POSITIVE = 0x03
_MAGNITUDE_BIAS = -NUMBER_MAGNITUDE_MIN
_TO_NIBBLES = str.maketrans("0123456789", "123456789a")
_FROM_NIBBLES = str.maketrans("123456789a0", "0123456789\0")
_COMPLEMENT = bytes(255 - i for i in range(256))

# 300 digits hold any sum or difference of two numbers of the range exactly; a trap tells should that be wrong.
_EXACT = Context(prec=300, traps=[Inexact, InvalidOperation, Overflow, Underflow], Emin=-1000, Emax=1000)


class NumberFault(Exception):
    """A text that is no number, or one that cannot be held. `str()` is the service's text."""


def canonical(text: str) -> str:
    """Return the canonical text of a number as clients write them. Raises `NumberFault`."""
    if len(text) <= NUMBER_DIGITS_MAX and _CANONICAL.fullmatch(text) and text != "-0":
        return text  # at most 38 characters: within digits and range for sure
    return _plain(*_parse(text))


def number_size(text: str) -> int:
    """Return the DynamoDB size of a canonical number: about one byte for two digits, and one."""
    if text == "0":
        return 1
    sign = 0
    if text[0] == "-":
        sign = 1
        text = text[1:]
    whole, point, fraction = text.partition(".")
    if not point:
        return 1 + sign + (len(whole.rstrip("0")) + 1) // 2
    if whole == "0":
        return 1 + sign + (len(fraction.lstrip("0")) + 1) // 2
    return 1 + sign + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2


def encode_number(text: str) -> bytes:
    """Return the order-preserving encoding of a canonical number."""
    if text.isdigit():  # a whole number >= 0, the usual key
        if text == "0":
            return _ZERO
        return b"\x03" + _magnitude_and_digits(len(text), text.rstrip("0"))
    negative, digits, magnitude = _parse(text)
    rest = _magnitude_and_digits(magnitude, digits)
    return b"\x01" + rest.translate(_COMPLEMENT) if negative else b"\x03" + rest


def decode_number(encoded: bytes, start: int = 0) -> tuple[str, int]:
    """Return the canonical number that begins at `start`, and where what follows it begins."""
    kind = encoded[start]
    if kind == _ZERO[0]:
        return "0", start + 1
    assert kind in (_NEGATIVE, _POSITIVE), f"no number begins with {kind}"
    end = encoded.index(b"\xff" if kind == _NEGATIVE else b"\x00", start + 2)  # no digit byte is either
    rest = encoded[start + 1 : end]
    if kind == _NEGATIVE:
        rest = rest.translate(_COMPLEMENT)
    digits = rest[1:].hex().translate(_FROM_NIBBLES).rstrip("\0")
    return _plain(kind == _NEGATIVE, digits, rest[0] - _MAGNITUDE_BIAS), end + 1


def compare(left: str, right: str) -> int:
    """Return -1, 0 or 1 as the canonical number `left` is below, equal to or above `right`."""
    if left == right:
        return 0
    return -1 if Decimal(left) < Decimal(right) else 1


def add(left: str, right: str) -> str:
    """Return the exact sum of two canonical numbers, or raise `NumberFault`: nothing is ever rounded."""
    return _held(_EXACT.add(Decimal(left), Decimal(right)))


def subtract(left: str, right: str) -> str:
    """Return the exact difference of two canonical numbers, or raise `NumberFault`."""
    return _held(_EXACT.subtract(Decimal(left), Decimal(right)))


def _held(exact: Decimal) -> str:
    sign, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)  # sums of finite numbers are finite
    return _plain(*_normalized(bool(sign), "".join(map(str, digits)), exponent))


def _parse(text: str) -> tuple[bool, str, int]:
    """Return (negative, digits, magnitude), digits empty for zero."""
    if not text:
        raise NumberFault(NOT_NUMERIC)
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise NumberFault(f"{NOT_NUMERIC}: {text}")
    sign, whole, fraction, bare_fraction, exponent_sign, exponent = match.groups()
    fraction = bare_fraction if whole is None else fraction
    digits = (whole or "") + fraction
    return _normalized(sign == "-", digits, _exponent(exponent_sign, exponent) - len(fraction))


def _exponent(sign: str | None, digits: str | None) -> int:
    if not digits:
        return 0
    digits = digits.lstrip("0") or "0"
    if len(digits) > _EXPONENT_LENGTH_MAX:
        digits = "9" * _EXPONENT_LENGTH_MAX
    return -int(digits) if sign == "-" else int(digits)


def _normalized(negative: bool, digits: str, exponent: int) -> tuple[bool, str, int]:
    """Strip `digits` × 10^`exponent` to the form of the module's docstring, and check the limits."""
    stripped = digits.lstrip("0")
    magnitude = len(stripped) + exponent
    stripped = stripped.rstrip("0")
    if not stripped:
        return False, "", 0
    if len(stripped) > NUMBER_DIGITS_MAX:
        raise NumberFault(TOO_MANY_DIGITS)
    if magnitude > NUMBER_MAGNITUDE_MAX:
        raise NumberFault(OVERFLOW)
    if magnitude < NUMBER_MAGNITUDE_MIN:
        raise NumberFault(UNDERFLOW)
    return negative, stripped, magnitude


def _plain(negative: bool, digits: str, magnitude: int) -> str:
    if not digits:
        return "0"
    sign = "-" if negative else ""
    if magnitude <= 0:
        return f"{sign}0.{'0' * -magnitude}{digits}"
    if magnitude >= len(digits):
        return f"{sign}{digits}{'0' * (magnitude - len(digits))}"
    return f"{sign}{digits[:magnitude]}.{digits[magnitude:]}"


def _magnitude_and_digits(magnitude: int, digits: str) -> bytes:
    end = "000" if len(digits) % 2 else "00"
    return bytes((magnitude + _MAGNITUDE_BIAS,)) + bytes.fromhex(digits.translate(_TO_NIBBLES) + end)
