"""When items expire, and what is told of a setting that is on its way."""

import pytest

from trinamo.model.timetolive import AGE_MAX_US, description, expires_at, has_expired
from trinamo.model.values import Item

S = 1_000_000


@pytest.mark.parametrize(
    ("item", "moment"),
    [
        ({"at": {"N": "1700000000"}}, 1_700_000_000 * S),
        ({"at": {"N": "0"}}, 0),
        ({"at": {"N": "1.5"}}, 1_500_000),
        ({"at": {"N": "0.0000019"}}, 1),
        ({"at": {"N": "9" * 38}}, int("9" * 38) * S),
        ({"at": {"N": "-1"}}, None),
        ({"at": {"S": "1700000000"}}, None),
        ({"at": {"NS": ["1700000000"]}}, None),
        ({"at": {"M": {"N": {"N": "1"}}}}, None),
        ({"other": {"N": "1"}}, None),
    ],
)
def test_a_number_of_seconds_says_when(item: Item, moment: int | None) -> None:
    assert expires_at(item, "at") == moment


def test_an_item_has_expired_when_its_moment_is_past_for_five_years() -> None:
    item: Item = {"at": {"N": "1000"}}
    moments = (0, 1000 * S, 1000 * S + 1, 1000 * S + AGE_MAX_US, 1000 * S + AGE_MAX_US + 1)
    assert [has_expired(item, "at", now) for now in moments] == [False, False, True, True, False]
    assert not has_expired(item, "other", 2000 * S)


@pytest.mark.parametrize(
    ("asked", "in_force", "status", "attribute"),
    [
        (None, None, "DISABLED", None),
        ("a", None, "ENABLING", "a"),
        ("a", "a", "ENABLED", "a"),
        ("a", "b", "ENABLING", "a"),
        (None, "a", "DISABLING", "a"),
    ],
)
def test_a_setting_is_on_its_way_until_it_is_in_force(
    asked: str | None, in_force: str | None, status: str, attribute: str | None
) -> None:
    told = description(asked, in_force)
    assert (told["TimeToLiveStatus"], told.get("AttributeName")) == (status, attribute)
