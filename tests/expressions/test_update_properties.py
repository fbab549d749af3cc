"""Compiled updates against a plain model: one action after the other on a copy of the item.

In the model a list is a dict from old positions to elements until all actions are done; so positions mean the old
list by nature, and closing up and appending are one sort at the end.
"""

from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from expressions.trees import patient
from trinamo.expressions import compile_projection, compile_update
from trinamo.model.errors import ApiError
from trinamo.model.values import Item, equal

KEY: Item = {"pk": {"S": "k"}}


REFUSED: Item = {"refused": {"BOOL": True}}


class Refused(Exception):
    """The update does not fit the item."""


Steps = tuple[str | int, ...]
Act = tuple[str, Steps, Any]  # section, path, literal or path of the operand

VALUES: dict[str, Any] = {
    ":n": {"N": "3"},
    ":m": {"N": "-0.5"},
    ":s": {"S": "x"},
    ":ss": {"SS": ["a", "b"]},
    ":l": {"L": [{"N": "1"}]},
    ":map": {"M": {"a": {"N": "1"}}},
}


def thaw(value: Any) -> Any:
    [(code, content)] = value.items()
    if code == "L":
        return {"L": dict(enumerate(map(thaw, content)))}
    if code == "M":
        return {"M": {name: thaw(inner) for name, inner in content.items()}}
    return deepcopy(value)


def freeze(value: Any) -> Any:
    [(code, content)] = value.items()
    if code == "L":
        return {"L": [freeze(content[at]) for at in sorted(content)]}
    if code == "M":
        return {"M": {name: freeze(inner) for name, inner in content.items()}}
    return value


def look_up(root: Any, path: Steps) -> Any:
    for step in path:
        root = root.get("M" if isinstance(step, str) else "L", {}).get(step)
        if root is None:
            return None
    return root


def model(item: Item | None, actions: list[Act]) -> Item | None:
    old = thaw({"M": item or {}})
    new = thaw({"M": KEY if item is None else item})
    operands = [operand(old, action) for action in actions]
    for (section, path, _), right in zip(actions, operands, strict=True):
        parent = look_up(new, path[:-1])
        code = "M" if isinstance(path[-1], str) else "L"
        if parent is None or code not in parent:
            raise Refused
        change(parent[code], path[-1], section, right)
    if item is None and all(section in ("REMOVE", "DELETE") for section, _, _ in actions):
        return None
    result: Item = freeze(new)["M"]
    return result


def operand(old: Any, action: Act) -> Any:
    section, _, right = action
    if section != "SET":
        return None if right is None else thaw(VALUES[right])
    kind, first, literal = right
    if kind == "value":
        return thaw(VALUES[literal])
    found = look_up(old, first)
    if kind == "if_not_exists":
        return thaw(VALUES[literal]) if found is None else deepcopy(found)
    if found is None:
        raise Refused
    if kind == "path":
        return deepcopy(found)
    if kind == "+":
        if "N" not in found:
            raise Refused
        return {"N": plain(Decimal(found["N"]) + Decimal(VALUES[literal]["N"]))}
    if "L" not in found:
        raise Refused
    return {"L": dict(enumerate([*found["L"].values(), *thaw(VALUES[":l"])["L"].values()]))}


def plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def change(content: Any, at: Any, section: str, right: Any) -> None:
    old = content.get(at)
    if section == "SET" or (section == "ADD" and old is None):
        content[at] = right
    elif section == "REMOVE":
        content.pop(at, None)
    elif old is not None:
        [(code, members)] = right.items()
        if code not in old:
            raise Refused
        if code == "N":
            content[at] = {"N": plain(Decimal(old["N"]) + Decimal(members))}
        elif section == "ADD":
            content[at] = {code: sorted({*old[code], *members})}
        elif set(old[code]) <= set(members):
            del content[at]
        else:
            content[at] = {code: sorted(set(old[code]) - set(members))}


def text_of(actions: list[Act]) -> str:
    sections: dict[str, list[str]] = {}
    for section, path, right in actions:
        target = written(path)
        if section == "SET":
            target += f" = {right_hand_side(right)}"
        elif right is not None:
            target += f" {right}"
        sections.setdefault(section, []).append(target)
    return " ".join(f"{section} {', '.join(targets)}" for section, targets in sections.items())


def written(path: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)[1:]


def right_hand_side(right: Any) -> str:
    kind, path, literal = right
    match kind:
        case "value":
            return str(literal)
        case "path":
            return written(path)
        case "if_not_exists":
            return f"if_not_exists({written(path)}, {literal})"
        case "+":
            return f"{written(path)} + {literal}"
        case _:
            return f"list_append({written(path)}, :l)"


TARGETS: list[Steps] = [
    ("n",), ("s",), ("x",), ("ss",), ("y", "z"),
    ("m", "n"), ("m", "ss"), ("m", "fresh"), ("m", "l", 0), ("m", "l", 2), ("m", "m", "a"),
    ("l", 0), ("l", 1), ("l", 2, "a"), ("l", 3), ("l", 9),
]  # fmt: skip
READ: list[Steps] = [*TARGETS, ("m",), ("l",), ("m", "l")]

_rights = st.tuples(
    st.sampled_from(["value", "path", "if_not_exists", "+", "list_append"]),
    st.sampled_from(READ),
    st.sampled_from([":n", ":m"]),
) | st.tuples(st.just("value"), st.just(()), st.sampled_from(sorted(VALUES)))
_operands: dict[str, st.SearchStrategy[Any]] = {
    "SET": _rights,
    "REMOVE": st.none(),
    "ADD": st.sampled_from([":n", ":m", ":ss"]),
    "DELETE": st.just(":ss"),
}


@st.composite
def actions(draw: st.DrawFn) -> list[Act]:
    targets = draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=6, unique=True))
    found = []
    for target in targets:
        section = draw(st.sampled_from(["SET", "REMOVE", "ADD", "DELETE"]))
        found.append((section, target, draw(_operands[section])))
    return found


ELEMENTS = st.sampled_from(
    [{"N": "1"}, {"N": "-7.25"}, {"S": "a"}, {"SS": ["b", "c"]}, {"SS": ["a"]}, {"M": {"a": {"N": "4"}}}]
)
LISTS = st.builds(lambda content: {"L": content}, st.lists(ELEMENTS, max_size=5))
MAPS = st.fixed_dictionaries({}, optional={"n": ELEMENTS, "ss": ELEMENTS, "l": LISTS, "m": ELEMENTS})
ITEMS = st.fixed_dictionaries(
    {"pk": st.just({"S": "k"})},
    optional={
        "n": ELEMENTS,
        "ss": ELEMENTS,
        "s": ELEMENTS | LISTS,
        "l": LISTS,
        "m": st.builds(lambda content: {"M": content}, MAPS) | ELEMENTS,
    },
)


@patient
@given(st.none() | ITEMS, actions())
def test_update_does_what_the_plain_model_does(item: Item | None, acts: list[Act]) -> None:
    before = deepcopy(item)
    update = compile_update(text_of(acts), None, VALUES)
    try:
        expected = model(item, acts)
    except Refused:
        expected = REFUSED
    try:
        found = update.apply(item, KEY).item
    except ApiError:
        found = REFUSED
    assert item == before
    assert (found is None) == (expected is None)
    assert found is None or equal({"M": found}, {"M": expected})


@patient
@given(ITEMS, actions())
def test_touched_values_are_those_at_the_paths_where_no_list_closes_up(item: Item, acts: list[Act]) -> None:
    acts = [act for act in acts if not any(isinstance(step, int) for step in act[1])]
    if not acts:
        return
    update = compile_update(text_of(acts), None, VALUES)
    try:
        found = update.apply(item, KEY)
    except ApiError:
        return
    assert found.item is not None
    projection = compile_projection(", ".join(written(path) for _, path, _ in acts), None)
    assert found.touched == projection.apply(found.item)
    assert update.touched_of(item) == projection.apply(item)
