"""Claims about what a command asks, and of whom, that need nobody to answer."""

import click
import pytest

from trinamo.cli.table import table_request
from trinamo.cli.target import Target


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_region_of_aws_has_its_endpoint(region: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with click.Context(click.Command("any")).scope():
        service = Target("http://127.0.0.1:8000", region, None).open()
    assert (service.url, service.region, service.credentials.key) == (url, region, "AKID")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_cluster_shows_the_tables_of_the_region_of_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "eu-north-1")
    with click.Context(click.Command("any")).scope():
        assert Target("http://127.0.0.1:8000", None, None).open().region == "eu-north-1"


def test_indexes_are_asked_for_with_the_types_of_their_keys() -> None:
    assert table_request("readings", ["sensor", "taken:N"], ["by-place=place,taken", "by-day=day:B"]) == {
        "TableName": "readings",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": "sensor", "KeyType": "HASH"},
            {"AttributeName": "taken", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "sensor", "AttributeType": "S"},
            {"AttributeName": "taken", "AttributeType": "N"},
            {"AttributeName": "place", "AttributeType": "S"},
            {"AttributeName": "day", "AttributeType": "B"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-place",
                "KeySchema": [
                    {"AttributeName": "place", "KeyType": "HASH"},
                    {"AttributeName": "taken", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "by-day",
                "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    }
