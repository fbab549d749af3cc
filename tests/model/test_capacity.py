"""Capacity arithmetic, with the reference's own examples."""

import pytest

from trinamo.model.capacity import consumed_capacity, read_units, write_units


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [
        (0, True, 1.0),
        (0, False, 0.5),
        (4096, True, 1.0),
        (4097, True, 2.0),
        (4097, False, 1.0),
        (5000, False, 1.0),
    ],
)
def test_reads_are_rounded_up_to_four_kilobytes(size: int, consistent: bool, units: float) -> None:
    assert read_units(size, consistent=consistent) == units


@pytest.mark.parametrize(("size", "units"), [(0, 1.0), (1024, 1.0), (1025, 2.0), (2560, 3.0)])
def test_writes_are_rounded_up_to_one_kilobyte(size: int, units: float) -> None:
    assert write_units(size) == units


def test_capacity_is_told_as_it_was_asked_for() -> None:
    assert consumed_capacity("t", 0.5, None) is None
    assert consumed_capacity("t", 0.5, "NONE") is None
    assert consumed_capacity("t", 0.5, "TOTAL") == {"TableName": "t", "CapacityUnits": 0.5}
    assert consumed_capacity("t", 2.0, "INDEXES") == {
        "TableName": "t",
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 2.0},
    }
