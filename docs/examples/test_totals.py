"""The service is stopped, started again, and loses a leader meanwhile; totals are exact."""

from functools import partial

import trio

import totals
import trinamo.testing
from trinamo.client import Client, connect


async def trade(db: Client, numbers: range) -> None:
    trades = db.table(totals.TRADES)
    for number in numbers:
        ticker = "ABC" if number % 3 else "XYZ"
        await trades.put({"user": f"u{number % 5}", "at": number, "ticker": ticker, "shares": number})


async def counted(db: Client, ticker: str, shares: int) -> None:
    with trio.fail_after(20):
        while True:
            item = await db.table(totals.TOTALS).get({"ticker": ticker}, consistent=True)
            if item is not None and item["shares"] == shares:
                return
            await trio.sleep(0.05)


def expected(numbers: range, ticker: str) -> int:
    return sum(number for number in numbers if ("ABC" if number % 3 else "XYZ") == ticker)


def test_every_trade_is_counted_once() -> None:
    async def main() -> None:
        async with trinamo.testing.cluster() as cluster, connect(cluster) as db:
            await totals.make_tables(db)
            for part in (range(1, 41), range(41, 81)):
                async with trio.open_nursery() as nursery:
                    await nursery.start(partial(totals.follow, db))
                    await trade(db, part)
                    if part.start == 41:
                        await cluster.faults.crash("n1")
                    done = range(1, part.stop)
                    for ticker in ("ABC", "XYZ"):
                        await counted(db, ticker, expected(done, ticker))
                    nursery.cancel_scope.cancel()

    trio.run(main)
