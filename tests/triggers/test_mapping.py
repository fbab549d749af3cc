"""Mappings: bounds, defaults, and how a file says them."""

from typing import Any

import pytest

from trinamo.triggers import BadMapping, Mapping, StartingPosition, read_mapping


def test_a_mapping_is_read_as_lambda_writes_it() -> None:
    mapping = read_mapping(
        {
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 5,
            "StartingPosition": "LATEST",
            "MaximumRetryAttempts": 2,
            "MaximumRecordAgeInSeconds": 3600,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        }
    )
    assert mapping.filters[0].text == '{"eventName": ["INSERT"]}'
    assert mapping == Mapping(
        batch_size=10,
        batching_window_s=5,
        starting_position=StartingPosition.LATEST,
        retries_max=2,
        record_age_max_s=3600,
        bisect_on_error=True,
        report_failures=True,
        filters=mapping.filters,
    )


def test_the_defaults_are_lambdas() -> None:
    mapping = read_mapping({})
    assert (mapping.batch_size, mapping.batching_window_s, mapping.retries_max) == (100, 0, -1)
    assert mapping.takes({"eventName": "REMOVE"})


def test_a_record_is_taken_if_one_filter_matches() -> None:
    filters = [{"Pattern": f'{{"eventName": ["{name}"]}}'} for name in ("INSERT", "REMOVE")]
    mapping = read_mapping({"FilterCriteria": {"Filters": filters}})
    taken = [name for name in ("INSERT", "MODIFY", "REMOVE") if mapping.takes({"eventName": name})]
    assert taken == ["INSERT", "REMOVE"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"BatchSize": 0}, "the batch size lies between 1 and 10000, not at 0"),
        ({"BatchSize": "10"}, "BatchSize is a whole number"),
        ({"BatchSize": True}, "BatchSize is a whole number"),
        (
            {"MaximumBatchingWindowInSeconds": 301},
            "the batching window lies between 0 and 300 s, not at 301",
        ),
        ({"MaximumRetryAttempts": 10_001}, "the number of retries lies between 0 and 10000, not at 10001"),
        (
            {"MaximumRecordAgeInSeconds": 59},
            "the maximum record age lies between 60 and 604800 s, not at 59",
        ),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPosition is one of TRIM_HORIZON, LATEST"),
        ({"BisectBatchOnFunctionError": 1}, "BisectBatchOnFunctionError is true or false"),
        ({"FunctionResponseTypes": ["All"]}, 'FunctionResponseTypes is ["ReportBatchItemFailures"] or []'),
        ({"FilterCriteria": []}, 'FilterCriteria is {"Filters": [{"Pattern": "{...}"}]}'),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}},
            "the pattern must be an object with members",
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": '{"a": [1]}'}] * 11}},
            "there may be 10 filters at most, not 11",
        ),
        ({"Bisect": True}, "unknown member Bisect"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadMapping) as caught:
        read_mapping(given)
    assert str(caught.value) == reason
