"""Claims about request ids."""

import itertools
import random
import re

from trinamo.gateway.http.request_ids import RequestIds


def test_ids_have_the_service_s_form() -> None:
    ids = RequestIds(random.Random(1))
    assert all(re.fullmatch(rb"[0-9A-Z]{52}", ids.draw()) for _ in range(100))


def test_ids_are_unique() -> None:
    ids = RequestIds(random.Random(1))
    assert len({ids.draw() for _ in range(20_000)}) == 20_000


def test_neighbours_differ_from_the_first_characters_on() -> None:
    ids = RequestIds(random.Random(1))
    drawn = [ids.draw() for _ in range(1_000)]
    assert all(one[:3] != other[:3] for one, other in itertools.pairwise(drawn))


def test_processes_draw_different_ids_and_a_seed_the_same() -> None:
    assert RequestIds(random.Random(1)).draw()[8:] != RequestIds(random.Random(2)).draw()[8:]
    assert RequestIds(random.Random(1)).draw() == RequestIds(random.Random(1)).draw()
