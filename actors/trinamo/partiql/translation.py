"""From statements to expressions: conditions and updates as trees of `trinamo.expressions`, values under placeholders.

Every name becomes `#0`, `#1`, … and every value `:0`, `:1`, …, so a text depends on a statement's form alone: those who
evaluate find it among the plans they keep, whatever the parameters. Values are made of literals and parameters
together, and checked as the values of an item are.

    a IS MISSING                  attribute_not_exists(a)         a IS NULL             attribute_type(a, 'NULL')
    SET a = set_add(a, v)         ADD a v                         SET a = set_delete(a, v)       DELETE a v
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from trinamo.expressions import syntax as target
from trinamo.expressions.faults import operand_type
from trinamo.model.errors import validation
from trinamo.model.reading import Attributes, read_attributes
from trinamo.model.values import AttributeValue, Item, type_of
from trinamo.partiql import faults
from trinamo.partiql.syntax import (
    Action,
    And,
    Between,
    Call,
    Comparison,
    Condition,
    In,
    Is,
    ListValue,
    MapValue,
    Not,
    Operand,
    Or,
    Parameter,
    Path,
    Scalar,
    SetValue,
    Sum,
    Value,
)

_SET_OF: Final = {"S": "SS", "N": "NS", "B": "BS"}
_SECTIONS: Final[Mapping[str, target.Section]] = {"set_add": "ADD", "set_delete": "DELETE"}
_SECTION_ORDER: Final = ("SET", "REMOVE", "ADD", "DELETE")


@attrs.frozen
class Carried:
    """A checked expression as it travels to whoever evaluates it. Placeholders include their `#` or `:`."""

    text: str
    names: Mapping[str, str]
    values: Item | None


def carried(
    tree: target.ConditionTree | target.UpdateTree, names: Mapping[str, str], values: Item
) -> Carried:
    """Return an expression with those of the names and values that it uses."""
    found = target.nodes(tree)
    paths = [node for node in found if isinstance(node, target.Path)]
    used_names = dict.fromkeys(step for path in paths for step in path.elements if isinstance(step, str))
    used_values = dict.fromkeys(node.placeholder for node in found if isinstance(node, target.Value))
    return Carried(
        target.print_tree(tree),
        {placeholder: names[placeholder] for placeholder in used_names},
        {placeholder: values[placeholder] for placeholder in used_values} or None,
    )


def read_item(item: MapValue | Parameter, parameters: Sequence[AttributeValue]) -> Attributes:
    """Return the item that an INSERT brings; a fault of its values is kept in it."""
    entries = value_of(item, parameters).get("M")
    if entries is None:
        raise faults.item_not_a_map()
    return read_attributes(entries)


def value_of(tree: Value, parameters: Sequence[AttributeValue]) -> AttributeValue:
    """Return a value with its parameters put in. It may yet break the rules of values: see `read_attributes`."""
    match tree:
        case Scalar(code, content):
            return {code: content}
        case Parameter(position):
            return parameters[position]
        case ListValue(elements):
            return {"L": [value_of(element, parameters) for element in elements]}
        case MapValue(entries):
            return {"M": _entries_of(entries, parameters)}
        case SetValue(members):
            return _set_of([value_of(member, parameters) for member in members])


def _entries_of(entries: Sequence[tuple[str, Value]], parameters: Sequence[AttributeValue]) -> Item:
    found: Item = {}
    for name, entry in entries:
        if name in found:
            raise faults.repeated_name(name)
        found[name] = value_of(entry, parameters)
    return found


def _set_of(members: Sequence[AttributeValue]) -> AttributeValue:
    codes = {type_of(member) for member in members} or {"S"}
    if len(codes) > 1 or not codes <= _SET_OF.keys():
        raise faults.mixed_set()
    [code] = codes
    return {_SET_OF[code]: [member[code] for member in members]}


@attrs.define
class Translator:
    """Translates the parts of one statement, and gives out placeholders as it goes.

    `names` is placeholder → attribute, `values` placeholder → value; values are canonical after `check_values`.
    """

    parameters: Sequence[AttributeValue]
    names: dict[str, str] = attrs.field(factory=dict)
    values: Item = attrs.field(factory=dict)
    _placeholders: dict[str, str] = attrs.field(factory=dict)

    def check_values(self) -> None:
        """Make the values canonical, or raise the error of one that breaks the rules of values."""
        read = read_attributes(self.values)
        if read.fault is not None:
            raise validation(read.fault.text)
        self.values = read.tree

    # --- operands

    def path(self, path: Path) -> target.Path:
        return target.Path(
            tuple(step if isinstance(step, int) else self._placeholder(step) for step in path.elements)
        )

    def _placeholder(self, name: str) -> str:
        found = self._placeholders.get(name)
        if found is None:
            found = self._placeholders[name] = f"#{len(self._placeholders)}"
            self.names[found] = name
        return found

    def value(self, tree: Value) -> target.Value:
        return self._value(value_of(tree, self.parameters))

    def _value(self, value: AttributeValue) -> target.Value:
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return target.Value(placeholder)

    def operand(self, tree: Operand) -> target.Operand:
        match tree:
            case Path():
                return self.path(tree)
            case Call():
                return self._call(tree)
            case Sum(left, operator, right):
                return target.Sum(self.operand(left), operator, self.operand(right))
            case _:
                return self.value(tree)

    def _call(self, call: Call) -> target.Call:
        if call.function in _SECTIONS:
            raise faults.foreign_set_function(call.function)
        return target.Call(call.function, self._operands(call.arguments))

    def _operands(self, trees: Sequence[Operand]) -> tuple[target.Operand, ...]:
        return tuple([self.operand(tree) for tree in trees])

    # --- conditions

    def condition(self, tree: Condition) -> target.ConditionTree:
        match tree:
            case And(terms):
                return target.And(tuple([self.condition(term) for term in terms]))
            case Or(terms):
                return target.Or(tuple([self.condition(term) for term in terms]))
            case Not(term):
                return target.Not(self.condition(term))
            case Comparison(left, operator, right):
                return target.Comparison(self.operand(left), operator, self.operand(right))
            case Between(operand, lower, upper):
                return target.Between(self.operand(operand), self.operand(lower), self.operand(upper))
            case In(operand, candidates):
                return target.In(self.operand(operand), self._operands(candidates))
            case Is(path, "MISSING"):
                return target.Call("attribute_not_exists", (self.path(path),))
            case Is(path, _):
                return target.Call("attribute_type", (self.path(path), self._value({"S": "NULL"})))
            case Call():
                return self._call(tree)

    # --- updates

    def update(self, actions: Sequence[Action]) -> target.UpdateTree:
        found = [self._action(action) for action in actions]
        return target.UpdateTree(tuple(sorted(found, key=lambda each: _SECTION_ORDER.index(each.section))))

    def _action(self, action: Action) -> target.Action:
        path = self.path(action.path)
        match action.operand:
            case None:
                return target.Action("REMOVE", path, None)
            case Call(function, arguments) if function in _SECTIONS:
                return target.Action(
                    _SECTIONS[function], path, self._members(action.path, function, arguments)
                )
            case operand:
                return target.Action("SET", path, self.operand(operand))

    def _members(self, path: Path, function: str, arguments: Sequence[Operand]) -> target.Value:
        """Return the set that is added or taken away."""
        match arguments:
            case (
                Path() as changed,
                (Scalar() | Parameter() | ListValue() | MapValue() | SetValue()) as members,
            ):
                if changed == path:
                    value = value_of(members, self.parameters)
                    if type_of(value) not in _SET_OF.values():
                        raise validation(operand_type(function, type_of(value)).text)
                    return self._value(value)
        raise faults.foreign_set_function(function)
