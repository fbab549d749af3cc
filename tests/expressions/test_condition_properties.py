"""Compiled conditions against a plain interpreter, which turns values into Python's own and walks the tree."""

from decimal import Decimal
from typing import Any, cast

from hypothesis import assume, given
from hypothesis import strategies as st

from expressions.natives import native
from expressions.trees import joined, patient
from model.attribute_values import values
from trinamo.expressions import ExpressionFault, compile_condition, print_tree
from trinamo.expressions.syntax import (
    And,
    Between,
    Call,
    Comparison,
    ConditionTree,
    In,
    Not,
    Operand,
    Or,
    Path,
    Value,
)
from trinamo.model.values import AttributeValue, Item

MISSING = object()


def find(tree: Operand, item: Item, given: Item) -> Any:
    match tree:
        case Value():
            return native(given[tree.placeholder])
        case Path():
            found: Any = ("M", {name: native(value) for name, value in item.items()})
            for step in tree.elements:
                try:
                    found = found[1][step] if found[0] == ("M" if isinstance(step, str) else "L") else MISSING
                except LookupError:
                    found = MISSING
                if found is MISSING:
                    return MISSING
            return found
        case Call():
            measured = find(tree.arguments[0], item, given)
            if measured is MISSING or measured[0] in ("N", "BOOL", "NULL"):
                return MISSING
            length = (
                len(measured[1].decode().encode("utf-16-be")) // 2 if measured[0] == "S" else len(measured[1])
            )
            return "N", Decimal(length)
    raise AssertionError(tree)


def holds(tree: ConditionTree, item: Item, given: Item) -> bool:
    def compare(a: Any, operator: str, b: Any) -> bool:
        if operator == "<>":
            return (a is MISSING) != (b is MISSING) or (a is not MISSING and a != b)
        if a is MISSING or b is MISSING:
            return False
        if operator == "=":
            return bool(a == b)
        if a[0] != b[0] or a[0] not in ("S", "N", "B"):
            return False
        outcomes = {"<": a[1] < b[1], "<=": a[1] <= b[1], ">": a[1] > b[1], ">=": a[1] >= b[1]}
        return bool(outcomes[operator])

    match tree:
        case And():
            return all(holds(term, item, given) for term in tree.terms)
        case Or():
            return any(holds(term, item, given) for term in tree.terms)
        case Not():
            return not holds(tree.term, item, given)
        case Comparison():
            return compare(find(tree.left, item, given), tree.operator, find(tree.right, item, given))
        case Between():
            a = find(tree.operand, item, given)
            low, high = find(tree.lower, item, given), find(tree.upper, item, given)
            return compare(a, ">=", low) and compare(a, "<=", high)
        case In():
            a = find(tree.operand, item, given)
            return any(compare(a, "=", find(other, item, given)) for other in tree.candidates)
        case Call():
            return call(tree.function, [find(argument, item, given) for argument in tree.arguments])


def call(function: str, arguments: list[Any]) -> bool:
    if function == "attribute_exists":
        return arguments[0] is not MISSING
    if function == "attribute_not_exists":
        return arguments[0] is MISSING
    if MISSING in arguments:
        return False
    (kind, whole), (part_kind, part) = arguments
    if function == "attribute_type":
        return bool(part_kind == "S" and kind == part.decode())
    if function == "begins_with":
        return bool(kind == part_kind and kind in ("S", "B") and whole.startswith(part))
    assert function == "contains"
    if kind in ("S", "B"):
        return kind == part_kind and part in whole
    if kind == "L":
        return (part_kind, part) in whole
    return bool(kind == f"{part_kind}S" and part in whole)


# Few names and small values, so that conditions meet what they look for.
NAMES = ["a", "b", "#c"]
few = st.one_of(
    values,
    st.sampled_from(
        [
            {"S": ""},
            {"S": "a"},
            {"S": "ab"},
            {"S": "S"},
            {"N": "1"},
            {"N": "2"},
            {"B": b"a"},
            {"SS": ["a", "ab"]},
        ]
    ),
    st.sampled_from(
        [
            {"NS": ["1", "2"]},
            {"NS": ["2", "1"]},
            {"L": [{"S": "a"}, {"N": "1"}]},
            {"M": {"a": {"S": "a"}, "b": {"L": [{"N": "2"}]}}},
        ]
    ),
)
items = st.dictionaries(st.sampled_from(["a", "b", "sea"]), few)
steps = st.sampled_from(["a", "b", 0, 1])
paths = st.builds(
    lambda first, rest: Path((first, *rest)), st.sampled_from(NAMES), st.lists(steps, max_size=2)
)
literals = st.sampled_from([Value(":v"), Value(":w")])
operands: st.SearchStrategy[Operand] = paths | literals | st.builds(lambda of: Call("size", (of,)), paths)
tests: st.SearchStrategy[ConditionTree] = st.one_of(
    st.builds(Comparison, operands, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), operands),
    st.builds(Between, operands, operands, operands),
    st.builds(In, operands, st.lists(operands, min_size=1, max_size=3).map(tuple)),
    st.builds(lambda path: Call("attribute_exists", (path,)), paths),
    st.builds(lambda path: Call("attribute_not_exists", (path,)), paths),
    st.builds(
        lambda function, first, second: Call(function, (first, second)),
        st.sampled_from(["begins_with", "contains"]),
        operands,
        operands,
    ),
    st.builds(lambda path, code: Call("attribute_type", (path, code)), paths, operands),
)


def renamed(tree: Any) -> Any:
    """Return the tree with its one name placeholder written out, as the interpreter reads it."""
    match tree:
        case Path():
            return Path(tuple("sea" if step == "#c" else step for step in tree.elements))
        case tuple():
            return tuple(map(renamed, tree))
        case Value() | str():
            return tree
        case _:
            fields = [renamed(getattr(tree, name)) for name in tree.__match_args__]
            return type(tree)(*fields)


@patient
@given(st.recursive(tests, joined, max_leaves=5), items, few, few)
def test_compiled_condition_says_what_the_plain_interpreter_says(
    tree: ConditionTree, item: Item, v: AttributeValue, w: AttributeValue
) -> None:
    given = {":v": v, ":w": w}
    text, names = print_tree(tree), {"#c": "sea"}
    plain = cast(ConditionTree, renamed(tree))
    try:
        decide = compile_condition(text, names, given)
    except ExpressionFault as fault:
        assume("must be distinct" not in fault.text)
        raise
    assert decide(item) == holds(plain, item, given)
    assert decide(None) == holds(plain, {}, given)
