"""A plan that is made can be carried out: leaders compile what it carries, and it means what the WHERE says."""

from hypothesis import given

from partiql.trees import numbered, patient, right_conditions
from trinamo.expressions import compile_condition
from trinamo.model.keys import KeyAttribute
from trinamo.model.values import Item
from trinamo.partiql import DeletePlan, Statement, UpdatePlan, plan
from trinamo.partiql.syntax import (
    Action,
    And,
    Comparison,
    Condition,
    Delete,
    Not,
    Path,
    Scalar,
    Source,
    Update,
)

KEYS = [KeyAttribute("pk", "S")]
FIXED = Comparison(Path(("pk",)), "=", Scalar("S", "key"))
ITEMS: list[Item] = [
    {"pk": {"S": "key"}},
    {"pk": {"S": "key"}, "a": {"S": "a"}, "b": {"N": "1"}},
    {"pk": {"S": "key"}, "a": {"M": {"a": {"L": [{"N": "0"}]}}}, "'": {"NULL": True}},
]


def _planned(statement: Statement) -> UpdatePlan | DeletePlan:
    found = plan(statement, [{"S": "S"} for _ in range(statement.parameters)])
    assert isinstance(found, UpdatePlan | DeletePlan)
    return found


@patient
@given(right_conditions)
def test_an_update_is_made_where_there_is_an_item_and_its_where_holds(condition: Condition) -> None:
    actions = (Action(Path(("v",)), Scalar("N", "1")),)
    found = _planned(numbered(Update(Source("t"), actions, And((condition, FIXED)))))
    assert isinstance(found, UpdatePlan)
    assert found.where is not None
    carried = found.key_and_condition(KEYS)[1]
    holds = compile_condition(carried.text, carried.names, carried.values)
    assert not holds(None)
    for item in ITEMS:
        assert holds(item) == found.where.condition.evaluate(item)


@patient
@given(right_conditions)
def test_a_delete_is_made_where_there_is_no_item_or_its_where_holds(condition: Condition) -> None:
    found = _planned(numbered(Delete(Source("t"), And((FIXED, Not(condition))))))
    assert isinstance(found, DeletePlan)
    assert found.where is not None
    carried = found.key_and_condition(KEYS)[1]
    assert carried is not None
    holds = compile_condition(carried.text, carried.names, carried.values)
    assert holds(None)
    for item in ITEMS:
        assert holds(item) == found.where.condition.evaluate(item)
