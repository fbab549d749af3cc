"""parse(print(tree)) is the tree, however it nests and however its text is spaced."""

from hypothesis import given
from hypothesis import strategies as st

from expressions.trees import conditions, patient, projections, updates
from trinamo.expressions import ExpressionFault, print_tree
from trinamo.expressions.parser import parse_condition_text, parse_projection_text, parse_update_text
from trinamo.expressions.syntax import ConditionTree, ProjectionTree, UpdateTree
from trinamo.expressions.tokens import END, tokenize


@patient
@given(conditions)
def test_condition_prints_to_what_parses_to_it(tree: ConditionTree) -> None:
    assert parse_condition_text(print_tree(tree)) == tree


@patient
@given(projections)
def test_projection_prints_to_what_parses_to_it(tree: ProjectionTree) -> None:
    assert parse_projection_text(print_tree(tree)) == tree


@patient
@given(updates())
def test_update_prints_to_what_parses_to_it(tree: UpdateTree) -> None:
    assert parse_update_text(print_tree(tree)) == tree


@patient
@given(conditions, st.sampled_from([" ", "\t", "\r\n", "   "]))
def test_space_between_tokens_means_nothing(tree: ConditionTree, space: str) -> None:
    spaced = space.join(token.text for token in tokenize(print_tree(tree)) if token.kind != END)
    assert parse_condition_text(spaced) == tree


@patient
@given(st.text(alphabet="ab#:.,()[]<>=+-0 \nANDORTISEBWLMVX!é", max_size=40))
def test_any_text_parses_or_is_refused(text: str) -> None:
    for parse in (parse_condition_text, parse_projection_text, parse_update_text):
        try:
            tree = parse(text)
        except ExpressionFault:
            continue
        assert parse(print_tree(tree)) == tree
