"""The time to live of a table is set, shown and taken back. What it does is in `test_ttl_deletions.py`."""

from typing import Any

import pytest

from dynamodb.calls import RNF, VE, E, call, fault, refusal
from dynamodb.facts import fact

DISABLED = {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
CONSTRAINT = "failed to satisfy constraint: Member must"


def update(table: str, enabled: bool, attribute: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute},
    }


def shown(client: Any, table: str) -> dict[str, Any]:
    return call(client, "DescribeTimeToLive", {"TableName": table})


@fact("ttl.1", "ttl.2", "ttl.3", "ttl.12")
def test_it_is_enabled_shown_and_disabled(client: Any, table: str) -> None:
    assert shown(client, table) == DISABLED
    for attribute in ("at", "sk"):
        request = update(table, True, attribute)
        specification = {"TimeToLiveSpecification": request["TimeToLiveSpecification"]}
        assert call(client, "UpdateTimeToLive", request) == specification
        assert shown(client, table) == {
            "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}
        }
        client.update_time_to_live(**update(table, False, attribute))
        assert shown(client, table) == DISABLED


@fact("ttl.6", "ttl.7", "ttl.8")
def test_what_changes_nothing_is_refused(client: Any, table: str) -> None:
    def told(enabled: bool, attribute: str) -> tuple[str, str]:
        return fault(refusal(client, "UpdateTimeToLive", update(table, enabled, attribute)))

    other = "TimeToLive is active on a different AttributeName: current AttributeName is at"
    assert told(False, "at") == (VE, "TimeToLive is already disabled")
    client.update_time_to_live(**update(table, True, "at"))
    assert told(True, "at") == (VE, "TimeToLive is already enabled")
    assert told(True, "other") == (VE, other)
    assert told(False, "other") == (VE, other)


@pytest.mark.parametrize(
    ("specification", "text"),
    [
        pytest.param(
            {"Enabled": True, "AttributeName": ""},
            (
                f"{E}Value '' at 'timeToLiveSpecification.attributeName' {CONSTRAINT}"
                " have length greater than or equal to 1"
            ),
            marks=fact("ttl.4"),
        ),
        pytest.param(
            {"Enabled": True, "AttributeName": "a" * 256},
            (
                f"{E}Value '{'a' * 256}' at 'timeToLiveSpecification.attributeName' {CONSTRAINT}"
                " have length less than or equal to 255"
            ),
            marks=fact("ttl.4"),
        ),
        pytest.param(
            {"AttributeName": "a"},
            f"{E}Value null at 'timeToLiveSpecification.enabled' {CONSTRAINT} not be null",
            marks=fact("ttl.5"),
        ),
        pytest.param(
            {"Enabled": True},
            f"{E}Value null at 'timeToLiveSpecification.attributeName' {CONSTRAINT} not be null",
            marks=fact("ttl.5"),
        ),
        pytest.param(
            None,
            f"{E}Value null at 'timeToLiveSpecification' {CONSTRAINT} not be null",
            marks=fact("ttl.5"),
        ),
    ],
)
def test_a_specification_is_whole(
    client: Any, standing: str, specification: dict[str, Any] | None, text: str
) -> None:
    request = {"TableName": standing}
    if specification is not None:
        request["TimeToLiveSpecification"] = specification  # type: ignore[assignment]  # a tree
    assert fault(refusal(client, "UpdateTimeToLive", request)) == (VE, text)
    assert shown(client, standing) == DISABLED


@fact("ttl.10")
def test_a_missing_table_is_named(client: Any) -> None:
    told = (RNF, "Requested resource not found: Table: no.such not found")
    assert fault(refusal(client, "UpdateTimeToLive", update("no.such", True, "at"))) == told
    assert fault(refusal(client, "DescribeTimeToLive", {"TableName": "no.such"})) == told
