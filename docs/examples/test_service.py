"""The web service, and what it makes of answers that are lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service import app


@pytest.fixture
def web(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("ACCOUNTS_DB", dynamodb_url)
    with TestClient(app) as client:
        yield client


def deposit(web: TestClient, cents: int, id: str) -> Any:
    return web.post("/accounts/ann/deposits", json={"cents": cents, "id": id})


def withdraw(web: TestClient, cents: int, id: str) -> Any:
    return web.post("/accounts/ann/withdrawals", json={"cents": cents, "id": id})


def test_money_comes_and_goes(web: TestClient) -> None:
    assert web.get("/accounts/ann").status_code == 404
    assert deposit(web, 500, "d1").json() == {"cents": 500}
    assert withdraw(web, 200, "w1").json() == {"cents": 300}
    assert web.get("/accounts/ann").json() == {"cents": 300}


def test_nobody_takes_what_is_not_there(web: TestClient) -> None:
    deposit(web, 100, "d1")
    assert withdraw(web, 101, "w1").status_code == 409
    assert web.get("/accounts/ann").json() == {"cents": 100}


def test_what_is_asked_for_twice_is_done_once(web: TestClient) -> None:
    assert [deposit(web, 100, "d1").json() for _ in range(2)] == [{"cents": 100}] * 2


def test_an_answer_that_is_lost_costs_nothing(web: TestClient, dynamodb_faults: Any) -> None:
    """The update was done, its answer was a 500: the service looks, and finds that it was."""
    deposit(web, 100, "d1")
    fault = dynamodb_faults.fail_after(operation="UpdateItem", count=1)
    assert withdraw(web, 30, "w1").json() == {"cents": 70}
    assert fault.fired == 1
