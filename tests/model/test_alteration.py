"""UpdateTable: what can be told of a table with global indexes, and moments and limits without a clock."""

from typing import Any

import attrs
import cbor2
import pytest

from trinamo.model.alteration import Alteration, altered, check_alteration, update_table_shape
from trinamo.model.creation import read_creation
from trinamo.model.errors import ApiError
from trinamo.model.shapes import Member, String, read_request
from trinamo.model.tables import TableSpec, Throughput, at_creation, stream_label
from trinamo.model.throughput import DAY_S, HOUR_S
from trinamo.wire import from_wire, to_wire

P = "One or more parameter values were invalid: "
SHAPE = update_table_shape(Member("TableName", String(), required=True))
NOW = 1_732_000_000.123
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
MORE = {"ReadCapacityUnits": 6, "WriteCapacityUnits": 5}
X = [{"AttributeName": "x", "AttributeType": "S"}]
GSI: dict[str, Any] = {
    "IndexName": "gsi",
    "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


def table(*, on_demand: bool = False) -> TableSpec:
    """A table with the global index `gsi`."""
    index = GSI if on_demand else {**GSI, "ProvisionedThroughput": UNITS}
    mode = {"BillingMode": "PAY_PER_REQUEST"} if on_demand else {"ProvisionedThroughput": UNITS}
    _, spec = read_creation(
        {
            "TableName": "tab",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, *X],
            "GlobalSecondaryIndexes": [index],
            **mode,
        }
    )
    return at_creation(spec, NOW)


def update(spec: TableSpec, now: float = NOW + 1, **members: Any) -> Alteration:
    request = read_request(SHAPE, {"TableName": "tab", **members})
    check_alteration(request)
    return altered(spec, request, now)


def after(spec: TableSpec, now: float = NOW + 1, **members: Any) -> TableSpec:
    """The table when the update is over."""
    shown, new = update(spec, now, **members)
    return new or shown


def told(spec: TableSpec, now: float = NOW + 1, **members: Any) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as caught:
        update(spec, now, **members)
    return caught.value.code, caught.value.message


def updates(*actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"GlobalSecondaryIndexUpdates": list(actions), **more}


@pytest.mark.parametrize(
    ("on_demand", "members", "text"),
    [
        (
            True,
            {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS},
            f"{P}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: gsi",
        ),
        (
            True,
            updates({"Update": {"IndexName": "gsi", "ProvisionedThroughput": UNITS}}),
            f"{P}ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST",
        ),
        (
            False,
            updates({"Update": {"IndexName": "gsi", "ProvisionedThroughput": UNITS}}),
            (
                "The provisioned throughput for the index gsi will not change."
                " The requested value equals the current value."
                " Current ReadCapacityUnits provisioned for the index gsi: 5. Requested ReadCapacityUnits: 5."
                " Current WriteCapacityUnits provisioned for the index gsi: 5. Requested WriteCapacityUnits: 5."
                " Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
            ),
        ),
        (
            True,
            updates({"Create": GSI}, AttributeDefinitions=X),
            f"{P}Index already exists: gsi",
        ),
        (
            True,
            updates(
                {"Create": {**GSI, "IndexName": "new", "ProvisionedThroughput": UNITS}},
                AttributeDefinitions=X,
            ),
            f"{P}ProvisionedThroughput should not be specified for index: new when BillingMode is PAY_PER_REQUEST",
        ),
        (
            False,
            updates({"Create": {**GSI, "IndexName": "new"}}, AttributeDefinitions=X),
            f"{P}ProvisionedThroughput is not specified for index: new",
        ),
        (
            True,
            updates({"Create": {**GSI, "IndexName": "new"}}),
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
    ],
)
def test_updates_that_do_not_go_with_the_indexes_are_refused(
    on_demand: bool, members: dict[str, Any], text: str
) -> None:
    assert told(table(on_demand=on_demand), **members) == ("ValidationException", text)


def names(spec: TableSpec | None) -> list[str]:
    assert spec is not None
    return [index.name for index in spec.global_indexes]


def test_an_index_is_shown_from_its_creation_on_and_until_it_is_gone() -> None:
    new = {"Create": {**GSI, "IndexName": "new", "ProvisionedThroughput": UNITS}}
    shown, next_ = update(table(), **updates(new, AttributeDefinitions=X))
    assert (names(shown), names(next_)) == (["gsi", "new"], ["gsi", "new"])
    shown, next_ = update(table(), **updates({"Delete": {"IndexName": "gsi"}}))
    assert (names(shown), names(next_)) == (["gsi"], [])
    assert next_ is not None
    assert [each.name for each in shown.attributes] == ["pk", "x"]
    assert [each.name for each in next_.attributes] == ["pk"]


def test_units_of_an_index_are_the_old_ones_until_the_update_is_over() -> None:
    action = {"Update": {"IndexName": "gsi", "ProvisionedThroughput": MORE}}
    shown, next_ = update(table(), **updates(action))
    assert next_ is not None
    assert shown.global_indexes[0].throughput == Throughput(5, 5)
    assert next_.global_indexes[0].throughput == Throughput(6, 5)


def test_a_table_has_no_twenty_first_index() -> None:
    spec = table()
    full = attrs.evolve(
        spec, global_indexes=tuple(attrs.evolve(spec.global_indexes[0], name=f"i{n}") for n in range(20))
    )
    new = {**GSI, "IndexName": "new", "ProvisionedThroughput": UNITS}
    text = f"{P}GlobalSecondaryIndex count exceeds the per-table limit of 20"
    assert told(full, **updates({"Create": new}, AttributeDefinitions=X)) == ("ValidationException", text)


def test_old_settings_stay_until_the_update_is_over() -> None:
    spec = table()
    shown, new = update(spec, ProvisionedThroughput=MORE)
    assert shown == attrs.evolve(spec, changes=attrs.evolve(spec.changes, raised_at=NOW + 1))
    assert new is not None
    assert new.throughput == Throughput(6, 5)


def test_a_table_with_a_history_crosses_the_wire_whole() -> None:
    spec = table()
    for members in (
        {"ProvisionedThroughput": {"ReadCapacityUnits": 9, "WriteCapacityUnits": 1}},
        {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
        {"BillingMode": "PAY_PER_REQUEST"},
        {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}},
    ):
        spec = after(spec, **members)
    spec = attrs.evolve(spec, time_to_live="at")
    assert None not in attrs.astuple(attrs.evolve(spec.changes, time_to_live_at=NOW))
    assert from_wire(cbor2.loads(cbor2.dumps(to_wire(spec)))) == spec


@pytest.mark.parametrize(("since_last_s", "allowed"), [(HOUR_S - 0.001, False), (HOUR_S, True)])
def test_a_fifth_decrease_waits_for_an_hour_without_any(since_last_s: float, allowed: bool) -> None:
    day = NOW // DAY_S * DAY_S
    spec = table()
    spec = attrs.evolve(spec, changes=attrs.evolve(spec.changes, lowered=(day, day + 1, day + 2, day + 3)))
    less = {"ReadCapacityUnits": 4, "WriteCapacityUnits": 5}
    now = day + 3 + since_last_s
    if allowed:
        assert len(after(spec, now, ProvisionedThroughput=less).changes.lowered) == 5
    else:
        code, text = told(spec, now, ProvisionedThroughput=less)
        assert code == "LimitExceededException"
        assert text is not None
        assert "Next decrease can be made at 2024-11-19T01:00:03Z" in text


def test_there_is_no_twenty_eighth_decrease_on_a_day() -> None:
    day = NOW // DAY_S * DAY_S
    spec = table()
    spec = attrs.evolve(spec, changes=attrs.evolve(spec.changes, lowered=tuple(day + n for n in range(27))))
    less = {"ReadCapacityUnits": 4, "WriteCapacityUnits": 5}
    assert told(spec, day + DAY_S - 1, ProvisionedThroughput=less)[0] == "LimitExceededException"
    assert after(spec, day + DAY_S, ProvisionedThroughput=less).changes.lowered == (day + DAY_S,)


def test_labels_of_streams_go_up_even_if_the_clock_does_not() -> None:
    first = stream_label(NOW, None)
    assert first == "2024-11-19T07:06:40.123"
    assert stream_label(NOW, first) == "2024-11-19T07:06:40.124"
    assert stream_label(NOW - 5, first) == "2024-11-19T07:06:40.124"
    assert stream_label(NOW + 1, first) == "2024-11-19T07:06:41.123"
    assert stream_label(NOW + 0.8769, None) == "2024-11-19T07:06:41.000"
