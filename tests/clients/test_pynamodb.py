"""PynamoDB as its users write it: models, conditions made of attributes, batches, pages, versions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.exceptions import DeleteError, PutError, TableDoesNotExist, TableError, UpdateError
from pynamodb.indexes import AllProjection, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model

from clients.trouble import Trouble

REFUSED = "ConditionalCheckFailedException"
NIGHT = datetime(2026, 3, 14, 22, 30, tzinfo=UTC)


class Berth(MapAttribute[str, Any]):
    deck = NumberAttribute()
    window = BooleanAttribute(default=False)


class Sailing(Model):
    """What every test derives a model with a table of its own from."""

    route = UnicodeAttribute(hash_key=True)
    departure = NumberAttribute(range_key=True)
    ship = UnicodeAttribute(null=True)
    seats = NumberAttribute(default=0)
    day = UTCDateTimeAttribute(null=True)
    stops = UnicodeSetAttribute(null=True)
    berths = ListAttribute(of=Berth, default=list)
    weather = JSONAttribute(null=True)


class ByShip(LocalSecondaryIndex["Indexed"]):  # type: ignore[no-untyped-call]  # PynamoDB types not all of it
    class Meta:
        index_name = "by-ship"
        projection = AllProjection()

    route = UnicodeAttribute(hash_key=True)
    ship = UnicodeAttribute(range_key=True)


class BySeats(LocalSecondaryIndex["Indexed"]):  # type: ignore[no-untyped-call]  # as above
    class Meta:
        index_name = "by-seats"
        projection = KeysOnlyProjection()

    route = UnicodeAttribute(hash_key=True)
    seats = NumberAttribute(range_key=True)


class Indexed(Sailing):
    by_ship = ByShip()
    by_seats = BySeats()


class Expiring(Sailing):
    expires = TTLAttribute(null=True)


class Versioned(Sailing):
    version = VersionAttribute()


def berth(deck: int, *, window: bool = False) -> Any:
    return Berth(deck=deck, window=window)  # type: ignore[no-untyped-call]  # as above


def model_of(parent: type[Sailing], table: str, **more: Any) -> Any:
    """A model derived from `parent`, whose table is `table`. Its client is made when it is first used."""
    meta = type("Meta", (), {"table_name": table, "billing_mode": "PAY_PER_REQUEST", **more})
    return type(parent.__name__, (parent,), {"Meta": meta})


@pytest.fixture
def sailings(name: str) -> Iterator[Any]:
    """A model with its table, and six sailings of one route."""
    model = model_of(Sailing, name)
    assert not model.exists()
    model.create_table(wait=True)
    assert model.exists()
    with model.batch_write() as batch:
        for hour in range(6):
            batch.save(model("Turku-Åland", hour, seats=10 * hour, ship="Glory" if hour % 2 else "Grace"))
    yield model
    model.delete_table(wait=True)
    assert not model.exists()


def test_a_model_comes_back_as_it_was_saved(sailings: Any) -> None:
    sailings(
        "Stockholm-Mariehamn",
        7.5,
        day=NIGHT,
        stops={"Stockholm", "Mariehamn"},
        berths=[berth(5, window=True), berth(2)],
        weather={"wind": [12.5, "SW"], "fog": None},
    ).save()
    found = sailings.get("Stockholm-Mariehamn", 7.5, consistent_read=True)
    assert (found.route, found.departure, found.ship) == ("Stockholm-Mariehamn", 7.5, None)
    assert (found.day, found.stops, found.seats) == (NIGHT, {"Stockholm", "Mariehamn"}, 0)
    assert [(each.deck, each.window) for each in found.berths] == [(5, True), (2, False)]
    assert found.weather == {"wind": [12.5, "SW"], "fog": None}


def test_actions_change_what_a_condition_allows(sailings: Any) -> None:
    sailing = sailings.get("Turku-Åland", 5)
    sailing.update(
        actions=[
            sailings.seats.set(sailings.seats - 20),
            sailings.berths.set(sailings.berths.append([berth(1)])),
            sailings.stops.add({"Naantali"}),
            sailings.ship.remove(),
        ],
        condition=(sailings.seats >= 20) & sailings.ship.exists(),
    )
    assert (sailing.seats, sailing.ship, sailing.stops) == (30, None, {"Naantali"})
    assert [each.deck for each in sailing.berths] == [1]
    with pytest.raises(UpdateError) as caught:
        sailing.update(actions=[sailings.seats.set(0)], condition=sailings.ship == "Glory")
    assert caught.value.cause_response_code == REFUSED
    with pytest.raises(PutError) as refused:
        sailings("Turku-Åland", 5).save(condition=sailings.route.does_not_exist())
    assert refused.value.cause_response_code == REFUSED
    with pytest.raises(DeleteError) as kept:
        sailing.delete(condition=sailings.seats < 30)
    assert kept.value.cause_response_message == "The conditional request failed"
    sailing.delete(condition=sailings.seats.between(1, 30))
    with pytest.raises(sailings.DoesNotExist):
        sailing.refresh()


def test_queries_and_scans_page_by_themselves(sailings: Any) -> None:
    evening = sailings.query("Turku-Åland", sailings.departure > 2, scan_index_forward=False, page_size=2)
    assert [each.departure for each in evening] == [5, 4, 3]
    grace = sailings.query("Turku-Åland", filter_condition=sailings.ship.startswith("Gra"))
    assert [each.departure for each in grace] == [0, 2, 4]
    assert sailings.count("Turku-Åland", sailings.departure.between(1, 3)) == 3

    first = sailings.query("Turku-Åland", limit=4)
    assert len(list(first)) == 4
    rest = sailings.query("Turku-Åland", last_evaluated_key=first.last_evaluated_key)
    assert [each.departure for each in rest] == [4, 5]

    full = sailings.scan(sailings.seats.is_in(20, 50) | sailings.seats.does_not_exist(), page_size=3)
    assert sorted(each.departure for each in full) == [2, 5]
    named = sailings.scan(attributes_to_get=["departure"], limit=1)
    assert [(each.route, each.ship, each.departure) for each in named] == [(None, None, 0)]


def test_batches_hold_more_than_one_request_does(sailings: Any) -> None:
    with sailings.batch_write() as batch:
        for hour in range(60):
            batch.save(sailings("Vaasa-Umeå", hour))
        batch.delete(sailings("Turku-Åland", 0))
    keys = [("Vaasa-Umeå", hour) for hour in range(60)] + [("Turku-Åland", 0)]
    found = list(sailings.batch_get([*keys, *(("Oulu-Luleå", hour) for hour in range(60))]))
    assert sorted(each.departure for each in found) == list(range(60))


def test_indexes_are_asked_as_models_are(name: str) -> None:
    model = model_of(Indexed, name)
    model.create_table(wait=True)
    with model.batch_write() as batch:
        for hour, ship in enumerate(("Grace", "Glory", "Grace", None, "Baltic")):
            batch.save(model("Turku-Åland", hour, ship=ship, seats=50 - 10 * hour))
    ships = model.by_ship.query("Turku-Åland", model.ship.startswith("G"))
    assert [(each.ship, each.departure) for each in ships] == [("Glory", 1), ("Grace", 0), ("Grace", 2)]
    emptiest = model.by_seats.query("Turku-Åland", scan_index_forward=False, limit=2, consistent_read=True)
    assert [(each.seats, each.departure, each.ship) for each in emptiest] == [(50, 0, None), (40, 1, None)]
    assert model.by_ship.count("Turku-Åland") == 4
    assert sorted(each.ship for each in model.by_ship.scan(page_size=2)) == [
        "Baltic",
        "Glory",
        "Grace",
        "Grace",
    ]
    model.delete_table()


def test_a_model_says_which_attribute_ends_its_items(name: str) -> None:
    model = model_of(Expiring, name, tags={"team": "ferries"})
    model.create_table(wait=True)  # which sets the time to live too
    model("Turku-Åland", 1, expires=timedelta(hours=1)).save()
    left = model.get("Turku-Åland", 1).expires - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    client = boto3.session.Session().client("dynamodb")
    described = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert described["AttributeName"] == "expires"
    arn = model.describe_table()["TableArn"]
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ferries"}]
    model.delete_table()


def test_of_two_who_change_a_version_the_second_is_refused(name: str) -> None:
    model = model_of(Versioned, name)
    model.create_table(wait=True)
    mine = model("Hull-Rotterdam", 20)
    mine.save()
    theirs = model.get("Hull-Rotterdam", 20)
    mine.update(actions=[model.seats.set(5)])
    assert (mine.version, theirs.version) == (2, 1)
    theirs.seats = 9
    with pytest.raises(PutError) as caught:
        theirs.save()
    assert caught.value.cause_response_code == REFUSED
    theirs.refresh()
    assert (theirs.seats, theirs.version) == (5, 2)
    model.delete_table()


def test_a_table_that_is_not_there_has_an_exception(name: str) -> None:
    model = model_of(Sailing, name)
    with pytest.raises(TableDoesNotExist):
        model.describe_table()
    with pytest.raises(TableError):
        model.delete_table()
    with pytest.raises(PutError) as caught:
        model("Hull-Rotterdam", 20).save()
    assert caught.value.cause_response_code == "ResourceNotFoundException"


def test_what_may_pass_is_asked_again(sailings: Any, trouble: Trouble) -> None:
    for verb in ("throttle", "fail_before", "drop_reply"):
        trouble.comes(verb, operation="PutItem", count=1)
    sailings("Hull-Rotterdam", 20).save()
    assert trouble.happened() == 3


def test_batches_send_again_what_was_not_processed(sailings: Any, trouble: Trouble) -> None:
    trouble.comes("unprocessed", count=4)
    with sailings.batch_write() as batch:
        for hour in range(30):
            batch.save(sailings("Vaasa-Umeå", hour))
    found = list(sailings.batch_get([("Vaasa-Umeå", hour) for hour in range(30)]))
    assert sorted(each.departure for each in found) == list(range(30))
    assert trouble.happened() == 4
