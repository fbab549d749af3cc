"""Statements of PartiQL for tests: `TABLE` in a text stands for the table's quoted name."""

from typing import Any

from dynamodb.calls import Item, call, fault, item, refusal

Parameters = tuple[Item, ...]


def request(text: str, table: str, *parameters: Item, **more: Any) -> dict[str, Any]:
    """Return a request of ExecuteStatement, or a member of BatchExecuteStatement."""
    asked: dict[str, Any] = {"Statement": text.replace("TABLE", f'"{table}"'), **more}
    return {**asked, "Parameters": list(parameters)} if parameters else asked


def execute(client: Any, text: str, table: str, *parameters: Item, **more: Any) -> dict[str, Any]:
    """Return the answer of ExecuteStatement."""
    return call(client, "ExecuteStatement", request(text, table, *parameters, **more))


def refused(client: Any, text: str, table: str, *parameters: Item, **more: Any) -> tuple[str, str]:
    """Return code and text of the error of ExecuteStatement."""
    return fault(refusal(client, "ExecuteStatement", request(text, table, *parameters, **more)))


def every_page(client: Any, text: str, table: str, *parameters: Item, **more: Any) -> list[dict[str, Any]]:
    """Return all pages of a SELECT, following NextToken."""
    pages = [execute(client, text, table, *parameters, **more)]
    while "NextToken" in pages[-1]:
        assert len(pages) < 10_000
        pages.append(execute(client, text, table, *parameters, **more, NextToken=pages[-1]["NextToken"]))
    return pages


def stored(client: Any, table: str, sk: int, pk: str = "a") -> Item | None:
    """Return an item by its key."""
    found: Item | None = client.get_item(TableName=table, Key=item(sk, pk), ConsistentRead=True).get("Item")
    return found
