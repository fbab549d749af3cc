"""Airports and temperatures go in by BatchWriteItem, and come out as Python finds them in the same files."""

import csv
import operator
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from vega_datasets import local_data

from dynamodb.clients import every_item, every_page, load

Item = dict[str, Any]
AIRPORTS, TEMPERATURES = "real.airports", "real.temperatures"
SEGMENTS = 7


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _airport(row: dict[str, str]) -> Item:
    texts = {name: {"S": row[name]} for name in ("state", "iata", "name", "city", "country")}
    return {**texts, "latitude": {"N": row["latitude"]}, "longitude": {"N": row["longitude"]}}


def _temperature(row: dict[str, str]) -> Item:
    day, time = row["date"].strip().split(" ")
    return {"day": {"S": day}, "time": {"S": time}, "temperature": {"N": row["temp"]}}


def plain(item: Item) -> Item:
    """An item with Python's values: numbers compare as numbers, not as texts."""
    return {name: Decimal(value["N"]) if "N" in value else value["S"] for name, value in item.items()}


def plains(items: list[Item]) -> list[Item]:
    return [plain(item) for item in items]


def _create(client: Any, name: str, partition: str, sort: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in (partition, sort)],
        BillingMode="PAY_PER_REQUEST",
    )


def _in_order(items: list[Item], partition: str, sort: str) -> dict[str, list[Item]]:
    """What a Query of each partition must answer: by sort key, in the order of UTF-8 bytes."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item[sort]["S"].encode()):
        found[item[partition]["S"]].append(plain(item))
    return dict(found)


@pytest.fixture(scope="module")
def airports(client: Any) -> dict[str, list[Item]]:
    """The airports of each state in order; loaded."""
    items = [_airport(row) for row in _rows(local_data.airports.filepath)]
    assert len(items) == 3_376
    _create(client, AIRPORTS, "state", "iata")
    load(client, AIRPORTS, items)
    return _in_order(items, "state", "iata")


@pytest.fixture(scope="module")
def temperatures(client: Any) -> dict[str, list[Item]]:
    """The temperatures of each day in order; loaded."""
    items = [_temperature(row) for row in _rows(local_data.seattle_temps.filepath)]
    assert len(items) == 8_759
    _create(client, TEMPERATURES, "day", "time")
    load(client, TEMPERATURES, items)
    return _in_order(items, "day", "time")


def _of_state(state: str, condition: str = "", **values: str) -> dict[str, Any]:
    names = {"#s": "state", **({"#i": "iata"} if condition else {})}
    return {
        "TableName": AIRPORTS,
        "KeyConditionExpression": "#s = :s" + (f" AND {condition}" if condition else ""),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":s": {"S": state}}
        | {f":{name}": {"S": value} for name, value in values.items()},
    }


def test_every_state_has_its_airports_in_order(client: Any, airports: dict[str, list[Item]]) -> None:
    assert len(airports) > 50
    for state, expected in airports.items():
        answer = client.query(**_of_state(state), ConsistentRead=True)
        assert plains(answer["Items"]) == expected
        assert answer["Count"] == answer["ScannedCount"] == len(expected)
        assert "LastEvaluatedKey" not in answer


def test_a_query_in_reverse_is_the_query_backwards(client: Any, airports: dict[str, list[Item]]) -> None:
    for state in ("AK", "TX", "DE"):
        answer = client.query(**_of_state(state), ScanIndexForward=False)
        assert plains(answer["Items"]) == airports[state][::-1]


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("state", ["AK", "CA", "DE"])
def test_pages_of_ten_follow_each_other_without_gap(
    client: Any, airports: dict[str, list[Item]], state: str, forward: bool
) -> None:
    expected = airports[state] if forward else airports[state][::-1]
    pages = every_page(client.query, **_of_state(state), Limit=10, ScanIndexForward=forward)
    assert [plains(page["Items"]) for page in pages[:-1]] == [
        expected[start : start + 10] for start in range(0, 10 * (len(pages) - 1), 10)
    ]
    assert plains([item for page in pages for item in page["Items"]]) == expected
    for page in pages[:-1]:
        last = page["Items"][-1]
        assert page["LastEvaluatedKey"] == {"state": last["state"], "iata": last["iata"]}
    # A page that is just full leaves a key behind, even if it was the last one with items.
    assert len(pages) == len(expected) // 10 + 1


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("comparison", list(COMPARISONS))
@pytest.mark.parametrize("bound", ["DFW", "DFX", "0", "ZZZZ", "T2"])
def test_a_comparison_of_sort_keys_picks_what_python_picks(
    client: Any, airports: dict[str, list[Item]], bound: str, comparison: str, forward: bool
) -> None:
    holds = COMPARISONS[comparison]
    expected = [item for item in airports["TX"] if holds(item["iata"].encode(), bound.encode())]
    request = _of_state("TX", f"#i {comparison} :b", b=bound)
    found = every_item(client.query, **request, ScanIndexForward=forward, Limit=37)
    assert plains(found) == (expected if forward else expected[::-1])


def test_the_bounds_of_these_comparisons_separate(airports: dict[str, list[Item]]) -> None:
    codes = {item["iata"] for item in airports["TX"]}
    assert "DFW" in codes
    assert "DFX" not in codes
    assert all("0" < code < "ZZZZ" for code in codes)


@pytest.mark.parametrize(("low", "high"), [("A", "D"), ("DFW", "DFW"), ("DAL", "IAH"), ("Z", "ZZZZ")])
@pytest.mark.parametrize("forward", [True, False])
def test_between_includes_both_bounds(
    client: Any, airports: dict[str, list[Item]], low: str, high: str, forward: bool
) -> None:
    expected = [item for item in airports["TX"] if low <= item["iata"] <= high]
    request = _of_state("TX", "#i BETWEEN :low AND :high", low=low, high=high)
    found = client.query(**request, ScanIndexForward=forward)["Items"]
    assert plains(found) == (expected if forward else expected[::-1])


@pytest.mark.parametrize("prefix", ["D", "DF", "DFW", "T", "0", "zz"])
@pytest.mark.parametrize("forward", [True, False])
def test_begins_with_picks_a_prefix(
    client: Any, airports: dict[str, list[Item]], prefix: str, forward: bool
) -> None:
    expected = [item for item in airports["TX"] if item["iata"].startswith(prefix)]
    found = client.query(**_of_state("TX", "begins_with(#i, :p)", p=prefix), ScanIndexForward=forward)
    assert plains(found["Items"]) == (expected if forward else expected[::-1])


def test_a_scan_finds_every_airport_once(client: Any, airports: dict[str, list[Item]]) -> None:
    found = plains(every_item(client.scan, TableName=AIRPORTS))
    assert len(found) == 3_376
    _assert_same(found, airports, "state", "iata")


def test_a_scan_in_pages_is_the_scan(client: Any, temperatures: dict[str, list[Item]]) -> None:
    whole = every_item(client.scan, TableName=TEMPERATURES, ConsistentRead=True)
    assert every_item(client.scan, TableName=TEMPERATURES, Limit=500) == whole
    assert len(whole) == 8_759
    _assert_same(plains(whole), temperatures, "day", "time")


def test_segments_of_a_scan_are_disjoint_complete_and_never_part_a_state(
    client: Any, airports: dict[str, list[Item]]
) -> None:
    segments = [
        plains(
            every_item(client.scan, TableName=AIRPORTS, Segment=segment, TotalSegments=SEGMENTS, Limit=200)
        )
        for segment in range(SEGMENTS)
    ]
    states = [{item["state"] for item in segment} for segment in segments]
    assert sum(map(len, states)) == len(airports)
    found = [item for segment in segments for item in segment]
    assert len(found) == 3_376
    _assert_same(found, airports, "state", "iata")


def test_every_day_has_its_temperatures_in_order(client: Any, temperatures: dict[str, list[Item]]) -> None:
    assert len(temperatures) == 365
    for day, expected in temperatures.items():
        assert plains(_temperatures(client, "#d = :d", {":d": day})) == expected


def test_the_hours_of_an_afternoon_are_a_range(client: Any, temperatures: dict[str, list[Item]]) -> None:
    expected = [item for item in temperatures["2010/07/04"] if "12:00" <= item["time"] <= "18:00"]
    assert len(expected) == 7
    values = {":d": "2010/07/04", ":noon": "12:00", ":evening": "18:00"}
    found = _temperatures(client, "#d = :d AND #t BETWEEN :noon AND :evening", values)
    assert plains(found) == expected


def test_a_filter_compares_numbers_as_numbers(client: Any, temperatures: dict[str, list[Item]]) -> None:
    warm = Decimal("74.6")
    everything = [item for day in temperatures.values() for item in day]
    expected = [item for item in everything if item["temperature"] >= warm]
    assert 0 < len(expected) < len(everything)
    pages = every_page(
        client.scan,
        TableName=TEMPERATURES,
        FilterExpression="temperature >= :t",
        ExpressionAttributeValues={":t": {"N": "746E-1"}},
    )
    assert sum(page["ScannedCount"] for page in pages) == len(everything)
    assert sum(page["Count"] for page in pages) == len(expected)
    found = plains([item for page in pages for item in page["Items"]])
    order = operator.itemgetter("day", "time")
    assert sorted(found, key=order) == sorted(expected, key=order)


def _temperatures(client: Any, condition: str, values: dict[str, str]) -> list[Item]:
    names = {"#d": "day", **({"#t": "time"} if "#t" in condition else {})}
    found: list[Item] = client.query(
        TableName=TEMPERATURES,
        KeyConditionExpression=condition,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
    )["Items"]
    return found


def _assert_same(found: list[Item], expected: dict[str, list[Item]], partition: str, sort: str) -> None:
    """A Scan answers each partition's items in order, and the partitions in an order of its own."""
    by_partition: dict[str, list[Item]] = defaultdict(list)
    for item in found:
        by_partition[item[partition]].append(item)
    assert dict(by_partition) == expected
