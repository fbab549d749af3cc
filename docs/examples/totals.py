"""A service on Trio: follows the stream of a table of trades, and keeps what was traded of each ticker.

A service that is stopped and started again begins behind its last checkpoint. What it had counted beyond that comes again, and is known by
the last trade of its user that each total has seen: a stream tells what a user traded in order.
"""

from contextlib import suppress
from typing import Any

import trio

from trinamo.client import Attr, Client, ConditionalCheckFailed, Set, connect

TRADES, TOTALS = "trades", "totals"


async def make_tables(db: Client) -> None:
    await db.table(TRADES).create({"user": "S", "at": "N"}, stream="new")
    await db.table(TOTALS).create({"ticker": "S"})


async def follow(db: Client, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Count trades until cancelled, beginning behind those that were counted."""
    totals = db.table(TOTALS)
    state = await totals.get({"ticker": "*"}, consistent=True)
    stream = db.table(TRADES).stream(start=state["checkpoint"] if state else "oldest", poll_s=0.05)
    task_status.started()
    async for change in stream:
        if change.kind == "insert":
            await _count(db, change.new)
        await totals.put({"ticker": "*", "checkpoint": stream.checkpoint})


async def _count(db: Client, trade: Any) -> None:
    """Add a trade to its total, unless it is there: the last trade of each user that was counted is remembered."""
    seen = Attr("seen")[trade["user"]]
    totals, key = db.table(TOTALS), {"ticker": trade["ticker"]}
    with suppress(ConditionalCheckFailed):  # it is there
        await totals.put({**key, "shares": 0, "seen": {}}, condition=Attr("ticker").missing())
    with suppress(ConditionalCheckFailed):  # counted before the service was stopped
        await totals.update(
            key,
            Set("shares", Attr("shares") + trade["shares"]),
            Set(seen, trade["at"]),
            condition=seen.missing() | (seen < trade["at"]),
        )


async def main(target: str) -> None:
    async with connect(target) as db:
        await follow(db)


if __name__ == "__main__":
    trio.run(main, "http://127.0.0.1:8000")
