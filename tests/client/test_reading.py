"""Claims about Query, Scan and batches: iteration, pages, tokens, limits, what is left unprocessed."""

from typing import Any

import pytest

from client.stage import Stage, everywhere
from trinamo.client import Attr, Index, Key, Policy, Table, Unprocessed, ValidationError, connect

COUNT = 23


async def filled(stage: Stage, **more: Any) -> Table:
    orders = await stage.orders(**more)
    await orders.batch_put(
        {"user": "ann", "at": at, "odd": at % 2 == 1, "day": at // 10, "n": at} for at in range(COUNT)
    )
    return orders


def ats(items: list[dict[str, Any]]) -> list[int]:
    return [item["at"] for item in items]


ANN = Key("user") == "ann"


@everywhere
async def test_a_query_finds_all_in_order_page_after_page(stage: Stage) -> None:
    orders = await filled(stage)
    assert ats(await orders.query(ANN, page_size=5).all()) == list(range(COUNT))
    assert (
        ats([item async for item in orders.query(ANN, page_size=5, descending=True)])
        == list(range(COUNT))[::-1]
    )
    pages = [page async for page in orders.query(ANN, page_size=5).pages()]
    assert [len(page.items) for page in pages] == [5, 5, 5, 5, 3]
    assert pages[-1].token is None


@everywhere
async def test_pages_that_a_fault_makes_small_are_read_to_the_end(stage: Stage) -> None:
    orders = await filled(stage)
    await stage.fault("small_pages", items=3)
    assert ats(await orders.query(ANN).all()) == list(range(COUNT))


@everywhere
async def test_key_conditions_choose_a_range(stage: Stage) -> None:
    orders = await filled(stage)
    assert ats(await orders.query(ANN & Key("at").between(3, 5)).all()) == [3, 4, 5]
    assert ats(await orders.query(ANN & (Key("at") > 20)).all()) == [21, 22]
    assert ats(await orders.query(ANN & (Key("at") == 7)).all()) == [7]
    assert await orders.query((Key("user") == "nobody") & (Key("at") <= 1)).first() is None


@everywhere
async def test_a_token_goes_on_behind_its_page_in_another_client(stage: Stage) -> None:
    orders = await filled(stage)
    page = await anext(orders.query(ANN, page_size=9).pages())
    assert page.token is not None
    async with connect(stage.target) as other:
        rest = await other.table("orders").query(ANN, start=page.token).all()
    assert ats(page.items + rest) == list(range(COUNT))


@everywhere
async def test_a_limit_is_of_what_is_found_and_its_token_goes_on_there(stage: Stage) -> None:
    orders = await filled(stage)
    odd = Attr("odd") == True  # noqa: E712 - an expression
    for how in ({}, {"filter": odd}, {"filter": odd, "attributes": ["at"]}, {"filter": odd, "page_size": 4}):
        wanted = [at for at in range(COUNT) if at % 2 or "filter" not in how]
        found: list[int] = []
        token = None
        while True:
            pages = [page async for page in orders.query(ANN, limit=4, start=token, **how).pages()]
            one = [item["at"] for page in pages for item in page.items]
            assert len(one) == 4 or pages[-1].token is None
            found += one
            token = pages[-1].token
            if token is None:
                break
        assert found == wanted, how
    assert await orders.query(ANN, limit=0).all() == []


@everywhere
async def test_a_limit_with_a_filter_does_not_ask_for_one_item_at_a_time(stage: Stage) -> None:
    orders = await filled(stage)
    pages = [page async for page in orders.query(ANN, filter=Attr("n") == 20, limit=1).pages()]
    assert [(ats(page.items), page.scanned) for page in pages] == [([20], COUNT)]


@everywhere
async def test_tokens_of_an_index_hold_its_keys_too(stage: Stage) -> None:
    orders = await filled(stage, indexes=[Index("by-day", {"day": "N", "at": "N"})])
    day, one = Key("day") == 1, Attr("n") != 99
    first = await anext(orders.query(day, index="by-day", filter=one, limit=3).pages())
    rest = orders.query(day, index="by-day", filter=one, start=first.token)
    assert ats(first.items + await rest.all()) == list(range(10, 20))


@everywhere
async def test_what_is_counted_is_not_fetched(stage: Stage) -> None:
    orders = await filled(stage)
    assert await orders.query(ANN, attributes=["at"], page_size=4).count() == COUNT
    assert await orders.scan(filter=Attr("odd") == False).count() == 12  # noqa: E712 - an expression
    assert await orders.scan(segments=3).count() == COUNT


@everywhere
async def test_segments_together_find_each_item_once(stage: Stage) -> None:
    orders = await filled(stage)
    await orders.batch_put({"user": f"u{n}", "at": 0} for n in range(40))
    found = await orders.scan(segments=4, page_size=3).all()
    assert len(found) == COUNT + 40
    assert len({(item["user"], item["at"]) for item in found}) == COUNT + 40


@everywhere
async def test_a_token_of_several_segments_goes_on_in_each(stage: Stage) -> None:
    orders = await stage.orders()
    await orders.batch_put({"user": f"u{n}", "at": 0} for n in range(40))
    first = await anext(orders.scan(segments=4, page_size=3).pages())
    rest = await orders.scan(segments=4, start=first.token).all()
    users = [item["user"] for item in [*first.items, *rest]]
    assert sorted(users) == sorted(f"u{n}" for n in range(40))
    with pytest.raises(ValueError, match="of a read in 4 segments, not in 1"):
        orders.scan(start=first.token)


@everywhere
async def test_an_error_of_a_segment_is_raised_by_itself(stage: Stage) -> None:
    orders = await filled(stage)
    with pytest.raises(ValidationError):
        await orders.scan(segments=4, filter="no syntax").all()


@everywhere
async def test_bounds_that_mean_nothing_are_refused(stage: Stage) -> None:
    orders = stage.db.table("orders")
    for how in (
        {"limit": -1},
        {"page_size": 0},
        {"segments": 0},
        {"segments": 2, "limit": 1},
        {"start": "x"},
    ):
        with pytest.raises(ValueError):
            orders.scan(**how)
    with pytest.raises(TypeError):
        orders.scan(attributes="at")


@everywhere
async def test_what_a_batch_leaves_is_asked_for_again(stage: Stage) -> None:
    orders = await stage.orders()
    writes = await stage.fault("unprocessed", operation="BatchWriteItem", items=7, count=3)
    await orders.batch_put({"user": "ann", "at": at} for at in range(60))
    assert writes.fired == 3
    reads = await stage.fault("unprocessed", operation="BatchGetItem", items=70, count=2)
    found = await orders.batch_get({"user": "ann", "at": at} for at in range(130))
    assert sorted(ats(found)) == list(range(60))
    assert reads.fired == 2
    await orders.batch_delete({"user": "ann", "at": at} for at in range(50))
    assert await orders.scan().count() == 10


@everywhere
async def test_what_is_never_taken_is_told(stage: Stage) -> None:
    await stage.orders()
    await stage.fault("unprocessed", operation="BatchWriteItem", items=2)
    async with connect(stage.target, retries=Policy(tries_max=3, pause_s=0.001)) as db:
        orders = db.table("orders")
        with pytest.raises(Unprocessed) as raised:
            await orders.batch_put({"user": "ann", "at": at} for at in range(30))
    left = sorted(int(write["PutRequest"]["Item"]["at"]["N"]) for write in raised.value.left)
    there = ats(await stage.db.table("orders").scan().all())
    assert sorted([*left, *there]) == list(range(30))


@everywhere
async def test_of_many_items_only_what_is_asked_for_is_got(stage: Stage) -> None:
    orders = await filled(stage)
    keys = [{"user": "ann", "at": at} for at in (3, 4, 99)]
    found = await orders.batch_get(keys, attributes=["odd", "n"], consistent=True)
    assert sorted(found, key=lambda item: item["n"]) == [{"odd": True, "n": 3}, {"odd": False, "n": 4}]


@everywhere
async def test_empty_batches_ask_nothing(stage: Stage) -> None:
    nowhere = stage.db.table("nowhere")
    await nowhere.batch_put([])
    await nowhere.batch_delete([])
    assert await nowhere.batch_get([]) == []


@everywhere
async def test_of_two_puts_of_a_key_far_apart_the_later_stays(stage: Stage) -> None:
    orders = await stage.orders()
    await stage.fault("unprocessed", operation="BatchWriteItem", items=20, count=2)
    await orders.batch_put({"user": "ann", "at": n % 40, "n": n} for n in range(80))
    assert sorted(item["n"] for item in await orders.scan().all()) == list(range(40, 80))
