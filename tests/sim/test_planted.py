"""A simulator that finds nothing shows nothing: bugs planted on purpose are found, each by the seed that is kept for it.

The seeds are in `found.json`; `python -m sim.hunt` says how they come there.
"""

import pytest

from sim.hunt import found
from sim.planted import PLANTED

FOUND = found()


@pytest.mark.parametrize(("name", "seed"), FOUND.items(), ids=list(FOUND))
def test_a_planted_bug_is_found(name: str, seed: int) -> None:
    assert PLANTED[name].found_by(seed)


def test_every_planted_bug_is_found() -> None:
    assert list(FOUND) == list(PLANTED)


def test_nothing_is_found_where_nothing_is_planted() -> None:
    scenes = {(PLANTED[name].scene, seed) for name, seed in FOUND.items()}
    for scene, seed in sorted(scenes, key=lambda each: (each[1], str(each[0]))):
        assert scene(seed).failures == ()
