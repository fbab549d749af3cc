"""Numbers against `decimal`, and the service's texts."""

from decimal import Context, Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.model.numbers import (
    NOT_NUMERIC,
    OVERFLOW,
    TOO_MANY_DIGITS,
    UNDERFLOW,
    NumberFault,
    add,
    canonical,
    compare,
    decode_number,
    encode_number,
    number_size,
    subtract,
)


@st.composite
def _numbers(draw: st.DrawFn) -> str:
    """Canonical numbers of the whole range, small ones as often as extreme ones."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    exponent = draw(st.integers(-130, 125 - 37) | st.integers(-5, 5))
    sign = draw(st.sampled_from(["", "-"]))
    return canonical(f"{sign}{digits}E{exponent}")


numbers = _numbers()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0E999999999999999999999", "0"),
        ("+7", "7"),
        ("0012", "12"),
        ("1.50", "1.5"),
        ("1.5E2", "150"),
        ("1E-3", "0.001"),
        ("5.", "5"),
        (".5", "0.5"),
        ("-.5e+1", "-5"),
        ("100", "100"),
        ("1" + "0" * 100, "1" + "0" * 100),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("-9.9999999999999999999999999999999999999E+125", "-" + "9" * 38 + "0" * 88),
    ],
)
def test_canonical_text_is_plain_decimal(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", NOT_NUMERIC),
        (" 1", f"{NOT_NUMERIC}:  1"),
        ("1\n", f"{NOT_NUMERIC}: 1\n"),
        ("0x10", f"{NOT_NUMERIC}: 0x10"),
        ("NaN", f"{NOT_NUMERIC}: NaN"),
        ("Infinity", f"{NOT_NUMERIC}: Infinity"),
        (".", f"{NOT_NUMERIC}: ."),
        ("1e", f"{NOT_NUMERIC}: 1e"),
        ("1_000", f"{NOT_NUMERIC}: 1_000"),
        ("١", f"{NOT_NUMERIC}: ١"),
        ("²", f"{NOT_NUMERIC}: ²"),
        ("1" * 39, TOO_MANY_DIGITS),
        ("0." + "1" * 39, TOO_MANY_DIGITS),
        ("1E126", OVERFLOW),
        ("-1E126", OVERFLOW),
        ("1E99999999999999999999", OVERFLOW),
        ("1E-131", UNDERFLOW),
        ("1E-99999999999999999999", UNDERFLOW),
    ],
)
def test_what_is_no_number_is_refused_in_the_services_words(text: str, fault: str) -> None:
    with pytest.raises(NumberFault) as caught:
        canonical(text)
    assert str(caught.value) == fault


@given(numbers)
def test_canonical_text_has_the_value_and_is_a_fixed_point(text: str) -> None:
    assert canonical(text) == text
    assert canonical(f"{Decimal(text):E}") == text
    assert format(Decimal(text).normalize(Context(prec=38)), "f") == text


@st.composite
def _spellings(draw: st.DrawFn) -> str:
    """Numbers as clients may write them: signs, zeros on both sides, a point anywhere, an exponent."""
    digits = draw(st.text("0123456789", min_size=1, max_size=30))
    point = draw(st.integers(0, len(digits)))
    zeros = draw(st.sampled_from(["", "0", "000"]))
    sign, exponent_sign = draw(st.sampled_from(["", "+", "-"])), draw(st.sampled_from(["", "+", "-"]))
    exponent = draw(st.sampled_from(["", f"e{exponent_sign}{draw(st.integers(0, 90))}", "E007"]))
    return (
        f"{sign}{zeros}{digits[:point]}{draw(st.sampled_from(['.', '.' + digits[point:] + zeros]))}{exponent}"
    )


@given(_spellings())
def test_every_spelling_has_the_plain_form_of_its_value(spelling: str) -> None:
    if not any(character.isdigit() for character in spelling.lower().partition("e")[0]):
        with pytest.raises(NumberFault):
            canonical(spelling)
        return
    exact = Decimal(spelling)
    assert canonical(spelling) == (format(exact.normalize(Context(prec=38)), "f") if exact else "0")


@given(numbers)
def test_encoding_is_undone_by_decoding(text: str) -> None:
    encoded = encode_number(text)
    assert decode_number(b"ab" + encoded + b"\x00\xff", 2) == (text, 2 + len(encoded))


@given(numbers, numbers)
def test_bytes_are_ordered_as_the_numbers_are(left: str, right: str) -> None:
    a, b = encode_number(left), encode_number(right)
    assert (a < b) == (Decimal(left) < Decimal(right))
    assert (a == b) == (left == right)
    assert compare(left, right) == (a > b) - (a < b)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(0, 6))
def test_close_numbers_are_ordered_too(left: int, right: int, places: int) -> None:
    a, b = canonical(f"{left}e-{places}"), canonical(f"{right}e-{places}")
    assert (encode_number(a) < encode_number(b)) == (left < right)


@given(numbers, numbers)
def test_encodings_are_self_delimiting(left: str, right: str) -> None:
    a, b = encode_number(left), encode_number(right)
    assert a == b or not b.startswith(a)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 1),
        ("1", 2),
        ("12", 2),
        ("123", 3),
        ("1000", 2),
        ("-1", 3),
        ("0.001", 2),
        ("1.5", 3),
        ("100.5", 4),
        ("-12.34", 4),
        ("0.0123", 3),
        ("9" * 38, 20),
        ("1" + "0" * 125, 2),
    ],
)
def test_size_counts_trimmed_digits_by_twos(text: str, size: int) -> None:
    assert number_size(text) == size


@given(numbers, numbers)
def test_sums_are_exact_or_refused(left: str, right: str) -> None:
    for operate, sign in ((add, 1), (subtract, -1)):
        exact = Fraction(left) + sign * Fraction(right)
        digits = str(abs(exact.numerator * 10**200 // exact.denominator)).strip("0")
        if len(digits) <= 38 and (exact == 0 or Fraction(1, 10**130) <= abs(exact) < 10**126):
            assert Fraction(operate(left, right)) == exact
        else:
            with pytest.raises(NumberFault):
                operate(left, right)


@given(
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.integers(-(10**38) + 1, 10**38 - 1) | st.integers(-9, 9),
    st.integers(-100, 80),
    st.integers(0, 3),
)
def test_sums_near_38_digits_are_those_of_decimal(left: int, right: int, exponent: int, apart: int) -> None:
    a, b = canonical(f"{left}E{exponent + apart}"), canonical(f"{right}E{exponent}")
    exactly = Context(prec=38, traps=[Inexact])
    for ours, theirs in ((add, exactly.add), (subtract, exactly.subtract)):
        try:
            expected = theirs(Decimal(a), Decimal(b))
        except Inexact:
            with pytest.raises(NumberFault, match="38 significant digits"):
                ours(a, b)
        else:
            assert Decimal(ours(a, b)) == expected


def test_a_sum_beyond_38_digits_is_refused_not_rounded() -> None:
    with pytest.raises(NumberFault, match="38 significant digits"):
        add("1" + "0" * 38, "1")
    assert add("9" * 38, "1") == "1" + "0" * 38
    with pytest.raises(NumberFault, match="overflow"):
        add(canonical("9" * 38 + "E88"), canonical("1E88"))
    assert subtract("0.1", "0.1") == "0"
