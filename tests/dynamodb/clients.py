"""boto3 clients as their users make them, but for two things: they never retry, and they send what they are given.

Retries would hide failures from tests; checks on the client's side would keep faulty requests from the server.
"""

from typing import Any

import boto3
from botocore.config import Config

READ_SECONDS_MAX = 20.0


def connect(
    url: str,
    *,
    service: str = "dynamodb",
    account: str = "test",
    read_seconds: float = READ_SECONDS_MAX,
    connections: int = 32,
) -> Any:
    """Return a client of DynamoDB, or of `dynamodbstreams`, for a server. Each belongs to one region and account, whose tables it sees.

    `account` is an access key: of twelve digits it is the account itself.
    """
    return boto3.session.Session().client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            parameter_validation=False,
            connect_timeout=read_seconds,
            read_timeout=read_seconds,
            max_pool_connections=connections,
        ),
    )


def create_table(client: Any, name: str, sort: str | None = "sk", sort_type: str = "S", **more: Any) -> Any:
    """Create a table with the partition key pk and return the answer. No wait: operations wait for the table."""
    keys = [("pk", "HASH", "S"), *([(sort, "RANGE", sort_type)] if sort is not None else [])]
    return client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": role} for key, role, _ in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, _, kind in keys],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def load(client: Any, table: str, items: list[dict[str, Any]]) -> None:
    """Store items through BatchWriteItem, 25 at a time, and what was left unprocessed again."""
    pending = [{"PutRequest": {"Item": item}} for item in items]
    rounds_left = 2 * (len(pending) // 25 + 1)
    while pending:
        assert rounds_left, "BatchWriteItem makes no headway"
        rounds_left -= 1
        answer = client.batch_write_item(RequestItems={table: pending[:25]})
        pending = [*answer["UnprocessedItems"].get(table, []), *pending[25:]]


def every_page(operation: Any, **request: Any) -> list[dict[str, Any]]:
    """Return the pages of a Query or Scan, following LastEvaluatedKey."""
    pages = [operation(**request)]
    while "LastEvaluatedKey" in pages[-1]:
        assert len(pages) < 100_000
        pages.append(operation(**request, ExclusiveStartKey=pages[-1]["LastEvaluatedKey"]))
    return pages


def every_item(operation: Any, **request: Any) -> list[dict[str, Any]]:
    """Return the items of all pages of a Query or Scan."""
    return [item for page in every_page(operation, **request) for item in page["Items"]]
