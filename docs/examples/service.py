"""A web service on asyncio: FastAPI, and accounts whose balance never goes below nothing.

Where the data is, `ACCOUNTS_DB` says: `http://127.0.0.1:8000` on a laptop, `aws://eu-west-1` in production.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, PositiveInt

from trinamo.client import Add, Attr, ConditionalCheckFailed, OutcomeUnknown, Table, connect


class Change(BaseModel):
    """How many cents to put in or to take out, and a name for that which is its own."""

    cents: PositiveInt
    id: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with connect(os.environ["ACCOUNTS_DB"]) as db:
        app.state.accounts = db.table("accounts")
        if not await app.state.accounts.exists():
            await app.state.accounts.create({"id": "S"})
        yield


app = FastAPI(lifespan=lifespan)


def _accounts(request: Request) -> Table:
    accounts: Table = request.app.state.accounts
    return accounts


@app.get("/accounts/{id}")
async def balance(id: str, request: Request) -> dict[str, int]:
    item = await _accounts(request).get({"id": id}, consistent=True)
    if item is None:
        raise HTTPException(404, "no such account")
    return {"cents": item["cents"]}


@app.post("/accounts/{id}/deposits")
async def deposit(id: str, change: Change, request: Request) -> dict[str, int]:
    return await _change(_accounts(request), id, change.cents, change.id)


@app.post("/accounts/{id}/withdrawals")
async def withdraw(id: str, change: Change, request: Request) -> dict[str, int]:
    return await _change(_accounts(request), id, -change.cents, change.id)


async def _change(accounts: Table, id: str, cents: int, change_id: str) -> dict[str, int]:
    """Change a balance once, however often it is asked for: `seen` has the names of what was done."""
    new = ~Attr("seen").contains(change_id)
    covered = Attr("cents") >= -cents
    condition = new if cents > 0 else new & covered
    for _ in range(3):
        try:
            item = await accounts.update(
                {"id": id}, Add("cents", cents), Add("seen", {change_id}), condition=condition
            )
        except OutcomeUnknown:
            continue  # asking again is safe: the condition tells
        except ConditionalCheckFailed as error:
            if error.item is not None and change_id in error.item.get("seen", ()):
                return {"cents": error.item["cents"]}  # it was done before
            raise HTTPException(409, "not enough money") from None
        return {"cents": item["cents"]}
    raise HTTPException(503, "nobody knows; ask again")
