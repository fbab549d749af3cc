"""Claims about expressions as people write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.cli.phrases import CONDITION, UPDATE, PhraseFault, Phrases
from trinamo.expressions import parse_condition, parse_projection, parse_update


def kind(text: str) -> frozenset[str]:
    """Return the keywords of the kind of expression that a text is."""
    return UPDATE if text.split(" ")[0].upper() in UPDATE else CONDITION


def meant(text: str) -> str:
    """Return the expression with what the placeholders stand for written in: {name} and <value>."""
    phrases = Phrases()
    said = phrases.add(text, kind(text))
    for placeholder, name in reversed(phrases.names.items()):
        said = said.replace(placeholder, f"{{{name}}}")
    for placeholder, value in reversed(phrases.values.items()):
        [(code, held)] = value.items()
        said = said.replace(placeholder, f"<{code} {held}>")
    return said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('pk = "a"', "{pk} = <S a>"),
        ("pk='it''s'", "{pk} = <S it's>"),
        (r'pk = "say \"hi\" \u00fc"', '{pk} = <S say "hi" ü>'),
        ("n <> -1.50", "{n} <> <N -1.50>"),
        ("n >= 1e3", "{n} >= <N 1e3>"),
        ('pk = "a" and begins_with(sk, "2024")', "{pk} = <S a> AND begins_with (<>)"),
        ("n between 1 and 2 or not (m < 3)", "{n} BETWEEN <N 1> AND <N 2> OR NOT ({m} < <N 3>)"),
        ('state IN ("RI", "CO")', "{state} IN (<S RI> , <S CO>)"),
        ("ok = true AND no = null AND off <> false", "{ok} = <BOOL True> AND {no} = <NULL True> AND {off} <> <BOOL False>"),
        ("size(tags) > 2", "size ({tags}) > <N 2>"),
        ("a.b[3].c = 1", "{a}.{b}[3].{c} = <N 1>"),
        ("a[ 0 ] [1].true.IN = 1", "{a}[0][1].{true}.{IN} = <N 1>"),
        ("`odd name`.`in` = 1", "{odd name}.{in} = <N 1>"),
        ("tags = [1, \"a\", {\"x\": null}]", "{tags} = <L [{'N': '1'}, {'S': 'a'}, {'M': {'x': {'NULL': True}}}]>"),
        ('m = {"a": [true]}', "{m} = <M {'a': {'L': [{'BOOL': True}]}}>"),
        ("SET n = n + 1, m = n - 2, k=-3, l = (l-4)", "SET {n} = {n} + <N 1> , {m} = {n} - <N 2> , {k} = <N -3> , {l} = ({l} - <N 4>)"),
        ("set status = if_not_exists(status, 'x') remove a[1], b", "SET {status} = if_not_exists ({status} , <S x>) REMOVE {a}[1] , {b}"),
        ('ADD tags <<"b", "a">>, ids <<1, 2.5>> DELETE old <<"x">>', "ADD {tags} <SS ['b', 'a']> , {ids} <NS ['1', '2.5']> DELETE {old} <SS ['x']>"),
        ('ADD tags <<"a>>b">>', "ADD {tags} <SS ['a>>b']>"),
        ("SET and = in", "SET {and} = {in}"),
        ("n = 1 AND set = remove", "{n} = <N 1> AND {set} = {remove}"),
        ("", ""),
        ("iata, name", "{iata} , {name}"),
    ],
)  # fmt: skip
def test_names_and_values_become_placeholders(text: str, expected: str) -> None:
    expected = expected.replace("begins_with (<>)", "begins_with ({sk} , <S 2024>)")
    assert meant(text) == expected


def test_a_name_has_one_placeholder_in_all_expressions_of_a_request() -> None:
    phrases = Phrases()
    assert phrases.add("a = 1 OR a = 1") == "#n0 = :v0 OR #n0 = :v1"
    assert phrases.add("b.a = 2") == "#n1.#n0 = :v2"
    assert phrases.members() == {
        "ExpressionAttributeNames": {"#n0": "a", "#n1": "b"},
        "ExpressionAttributeValues": {":v0": {"N": "1"}, ":v1": {"N": "1"}, ":v2": {"N": "2"}},
    }


def test_a_request_without_placeholders_says_nothing_of_them() -> None:
    assert Phrases().members() == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('pk = "a', "this is not understood, at '\"a'"),
        ("pk = ?", "this is not understood, at '?'"),
        ("pk == 1 ; drop", "this is not understood, at ';"),
        ("a[x] = 1", "an index is a number in brackets, at '[x]"),
        ("a = - b", "a number is missing behind -"),
        ("a = [1,", "this is no JSON"),
        ('a = "\\x"', "this is no JSON"),
        ("ADD a <<1, true>>", "a set holds strings or numbers"),
        ('ADD a <<1, "b">>', "a set holds strings or numbers"),
        ("ADD a <<>>", "this is no JSON"),
        ("ADD a <<1", "it ends with >>"),
        ("ADD a <<1 2>>", "separated by commas"),
        ("a = [NaN]", "this is no JSON: NaN is no number"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, why: str) -> None:
    with pytest.raises(PhraseFault) as refusal:
        Phrases().add(text, kind(text))
    assert why in str(refusal.value)


@given(st.text(max_size=12))
def test_any_text_can_be_compared_with(text: str) -> None:
    phrases = Phrases()
    phrases.add("a = '" + text.replace("'", "''") + "'")
    assert phrases.values == {":v0": {"S": text}}


@pytest.mark.parametrize(
    ("text", "parse"),
    [
        ('a.b[3] = "x" AND NOT (c IN (1, -2) OR size(d) > 3) AND attribute_type(e, "S")', parse_condition),
        (
            "SET a = list_append(if_not_exists(a, []), [1]), b.c[0] = d - -1 REMOVE e ADD f <<1>>",
            parse_update,
        ),
        ("a, b.c[2], `odd name`", parse_projection),
    ],
)
def test_what_comes_out_is_in_dynamodbs_syntax(text: str, parse: Any) -> None:
    parse(Phrases().add(text, kind(text)))
