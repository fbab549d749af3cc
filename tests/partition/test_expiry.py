"""What expires next, as a leader knows it; and what is deleted when it says so."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trinamo.lsm.layout import Kind
from trinamo.model.measure import item_size
from trinamo.model.timetolive import AGE_MAX_US
from trinamo.model.values import Item, encode_item
from trinamo.partition.expiry import SECOND_US, Expiries, expire
from trinamo.partition.feed import expiry_effect
from trinamo.partition.stored import Current, Effect

NOW = 1_700_000_000


def expiring(at: int | str | None) -> bytes:
    item: Item = {"x": {"S": "y"}}
    if at is not None:
        item["at"] = {"N": str(at)}
    return encode_item(item)


def known(known_max: int = 10, late_s: int = 0) -> Expiries:
    return Expiries("at", lambda: late_s, known_max)


def note(expiries: Expiries, key: bytes, at: int | None) -> None:
    expiries.note(key, expiring(at), NOW * SECOND_US)


def test_keys_are_taken_by_the_second_and_once() -> None:
    expiries = known()
    for key, at in ((b"c", NOW + 3), (b"a", NOW + 1), (b"b", NOW + 1), (b"n", None)):
        note(expiries, key, at)
    assert expiries.next == NOW + 1
    assert expiries.take(NOW, 9) == []
    assert expiries.take(NOW + 2, 1) == [b"a"]
    assert expiries.take(NOW + 2, 9) == [b"b"]
    assert (expiries.take(NOW + 2, 9), expiries.next) == ([], NOW + 3)


def test_the_last_write_says_when() -> None:
    expiries = known()
    for key in (b"later", b"never", b"gone", b"earlier"):
        note(expiries, key, NOW + 5)
    note(expiries, b"later", NOW + 50)
    note(expiries, b"never", None)
    note(expiries, b"earlier", NOW + 1)
    expiries.follow([Effect(b"gone", 0, None), Effect(b"later", 0, None, int(Kind.LSI_1))], NOW * SECOND_US)
    assert expiries.take(NOW + 9, 9) == [b"earlier"]
    assert expiries.take(NOW + 99, 9) == [b"later"]


def test_what_is_written_when_it_has_expired_is_taken_from_then_on() -> None:
    expiries = known()
    expiries.follow([Effect(b"a", 9, expiring(NOW - 500))], NOW * SECOND_US)
    note(expiries, b"b", NOW - 500)  # was there before
    assert expiries.take(NOW - 1, 9) == [b"b"]
    assert expiries.take(NOW, 9) == [b"a"]


def test_what_expired_too_long_ago_is_not_known() -> None:
    expiries = known()
    note(expiries, b"a", NOW - AGE_MAX_US // SECOND_US - 1)
    assert (len(expiries), expiries.next) == (0, None)


def test_items_are_taken_late_by_as_much_as_is_drawn() -> None:
    expiries = known(late_s=60)
    note(expiries, b"a", NOW)
    assert (expiries.take(NOW + 59, 9), expiries.take(NOW + 60, 9)) == ([], [b"a"])


def test_whoever_waits_hears_of_what_comes_before_all_others() -> None:
    heard: list[int | None] = []
    expiries = known()
    expiries.earlier = lambda: heard.append(expiries.next)
    for at in (NOW + 5, NOW + 6, NOW + 5, NOW + 2):
        note(expiries, str(at).encode(), at)
    assert heard == [NOW + 5, NOW + 2]


def test_items_that_all_expire_at_once_are_taken_in_rounds() -> None:
    held = {str(number).encode(): NOW for number in range(25)}
    expiries, rounds = known(), 0
    while held:
        expiries.begin()
        for key, at in held.items():
            note(expiries, key, at)
        rounds += 1
        for key in expiries.take(NOW, 99):
            del held[key]
        assert expiries.horizon == (NOW if held else None)
    assert rounds == 3


keys = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"])
actions = st.lists(
    st.one_of(
        st.tuples(st.just("write"), keys, st.none() | st.integers(NOW, NOW + 20)),
        st.tuples(st.just("pass"), st.integers(1, 8), st.just(None)),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(actions, st.integers(1, 6))
def test_everything_goes_in_its_time_however_little_is_known(
    actions: list[tuple[str, Any, int | None]], known_max: int
) -> None:
    held: dict[bytes, int] = {}
    expiries = known(known_max)
    now = NOW

    def sweep() -> None:
        while True:
            for key in expiries.take(now, 2):
                if held.get(key, now + 1) <= now:
                    del held[key]
                    expiries.note(key, None, now)
            if expiries.next is None or expiries.next > now:
                return
            if expiries.horizon is not None and expiries.horizon <= now and not expiries.take(now, 1):
                expiries.begin()
                for key, at in held.items():
                    note(expiries, key, at)

    for action, what, at in actions:
        if action == "pass":
            now += what
            sweep()
            assert not [key for key, moment in held.items() if moment <= now]
        else:
            held.pop(what, None)
            if at is not None and at > now:
                held[what] = at
            note(expiries, what, held.get(what))
        assert len(expiries) <= known_max


def deleted(
    held: dict[bytes, bytes], keys: list[bytes]
) -> tuple[list[bytes], list[Effect], dict[bytes, Any]]:
    """Expire keys of a partition that holds this, at `NOW`; return what was kept, the effects, and the overlay."""
    overlay: dict[bytes, Current | None] = {}
    effects: list[Effect] = []

    def look_up(key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None:
        if key in overlay:
            return overlay[key]
        return Current(item_size({}), held[key]) if key in held else None

    kept = expire(keys, "at", NOW * SECOND_US, look_up, None, overlay, effects)
    return kept, effects, overlay


def test_each_deletion_has_its_mark_before_it() -> None:
    held = {b"a": expiring(NOW - 1), b"b": expiring(NOW - 2)}
    kept, effects, overlay = deleted(held, [b"a", b"b", b"gone", b"a"])
    assert kept == []
    assert [(effect.key, effect.kind) for effect in effects] == [
        (b"a", Kind.MARK),
        (b"a", Kind.ITEM),
        (b"b", Kind.MARK),
        (b"b", Kind.ITEM),
    ]
    assert effects[0] == expiry_effect(b"a")
    assert overlay == {b"a": None, b"b": None}


def test_what_has_not_expired_is_kept() -> None:
    held = {
        b"later": expiring(NOW + 1),
        b"now": expiring(NOW),
        b"never": expiring(None),
        b"old": expiring(NOW - AGE_MAX_US // SECOND_US - 1),
        b"due": expiring(NOW - 1),
    }
    kept, effects, _ = deleted(held, list(held))
    assert kept == [b"later", b"now", b"never", b"old"]
    assert {effect.key for effect in effects} == {b"due"}
