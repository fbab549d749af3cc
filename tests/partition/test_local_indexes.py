"""Claims about local indexes: whatever is written, an index is the projection of its table, on every replica."""

import random
from typing import Any

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from cluster.clusters import HERE, crash, leads, node, replica, restart, running, until
from trinamo.lsm.layout import Kind
from trinamo.model.indexes import check_updated_keys, indexes_of
from trinamo.model.keys import KeyAttribute, KeySchema, put_key
from trinamo.model.limits import ITEM_SIZE_MAX
from trinamo.model.localkeys import LocalKeys
from trinamo.model.measure import item_size
from trinamo.model.tables import BillingMode, IndexSpec, Projection, TableSpec
from trinamo.model.values import Item, decode_item, encode_item
from trinamo.partition import Replica
from trinamo.partition.bounds import Bounds
from trinamo.partition.evaluation import Evaluated, evaluate
from trinamo.partition.localindexes import KINDS, LocalIndexes, schema_of
from trinamo.partition.messages import ExpressionText, ItemWrite, Write, WriteKind
from trinamo.partition.stored import Current, item_of, size_of
from trinamo.partition.tallies import add_effects, begin_tallies

PK, SK = KeyAttribute("pk", "S"), KeyAttribute("sk", "N")
KEYS = KeySchema(PK, SK)
INDEXES = (
    IndexSpec("all", (PK,), (KeyAttribute("s", "S"),), Projection("ALL")),
    IndexSpec("keys", (PK,), (KeyAttribute("n", "N"),), Projection("KEYS_ONLY")),
    IndexSpec("some", (PK,), (KeyAttribute("b", "B"),), Projection("INCLUDE", ("x", "n"))),
)
SPEC = TableSpec(
    "tab",
    (PK, SK, *(index.sort[0] for index in INDEXES)),
    KEYS,
    BillingMode.PAY_PER_REQUEST,
    local_indexes=INDEXES,
)
SCHEMA = schema_of(SPEC)
KEY: Item = {"pk": {"S": "a"}, "sk": {"N": "1"}}


def local_indexes(**changes: Any) -> LocalIndexes:
    found = LocalIndexes.read(SCHEMA)
    assert found is not None
    return attrs.evolve(found, **changes)


# --- what should be there, in plain Python


def projected(index: IndexSpec, items: list[Item]) -> list[Item]:
    """Return the entries of an index, one partition value after the other, in the order of its sort key."""
    sort = index.sort[0]
    inside = [item for item in items if sort.name in item]
    kept = {"pk", "sk", sort.name, *index.projection.names}
    entries = [
        item
        if index.projection.type == "ALL"
        else {name: value for name, value in item.items() if name in kept}
        for item in inside
    ]
    return sorted(
        entries, key=lambda entry: (entry["pk"]["S"], _plain(entry[sort.name]), _plain(entry["sk"]))
    )


def _plain(value: dict[str, Any]) -> Any:
    [(code, content)] = value.items()
    return float(content) if code == "N" else content


def collection_sizes(items: list[Item]) -> dict[str, int]:
    """Return the size of each item collection, by partition value."""
    sizes: dict[str, int] = {}
    for each in [*items, *(entry for index in INDEXES for entry in projected(index, items))]:
        name = each["pk"]["S"]
        sizes[name] = sizes.get(name, 0) + item_size(each)
    return sizes


Found = dict[tuple[int, bytes], Current]


def check(found: Found) -> None:
    """Compare all that is stored with the items among it."""
    items = [decode_item(current.item) for (kind, _), current in found.items() if kind == Kind.ITEM]
    for kind, index in zip(KINDS[1:], INDEXES, strict=False):
        stored = sorted((key, current) for (other, key), current in found.items() if other == kind)
        shown = [decode_item(current.item) for _, current in stored]
        by_partition = sorted(
            shown, key=lambda entry: entry["pk"]["S"]
        )  # a stable sort: order within is as stored
        assert by_partition == projected(index, items), index.name
        assert [current.size for _, current in stored] == [item_size(entry) for entry in shown]
        keys = LocalKeys(KEYS, index.sort[0])
        for (key, _), entry in zip(stored, shown, strict=True):
            attributes = {name: entry[name] for name in ("pk", "sk", index.sort[0].name)}
            assert keys.decode(key) == attributes
            assert keys.of_attributes(attributes) == key
            assert keys.item_key(key) == put_key(KEYS, entry)
    sizes = [int.from_bytes(current.item) for (kind, _), current in found.items() if kind == Kind.COLLECTION]
    assert sorted(sizes) == sorted(collection_sizes(items).values())


def counted(found: Found) -> list[int]:
    """Return how many rows of each kind there are, and how large they are together."""
    tallies = []
    for kind in KINDS[: 1 + len(INDEXES)]:
        sizes = [current.size for (other, _), current in found.items() if other == kind]
        tallies += [len(sizes), sum(sizes)]
    return tallies


# --- writes


def put(item: Item) -> ItemWrite:
    return ItemWrite(WriteKind.PUT, put_key(KEYS, item), encode_item(item), item_size(item))


def delete(key: Item) -> ItemWrite:
    return ItemWrite(WriteKind.DELETE, put_key(KEYS, key), b"", 0)


def update(key: Item, text: str, **values: dict[str, Any]) -> ItemWrite:
    named = {f":{name}": value for name, value in values.items()}
    expression = ExpressionText(text, None, encode_item(named) if named else b"")
    indexes = indexes_of(SPEC)
    assert indexes is not None
    return ItemWrite(
        WriteKind.UPDATE, put_key(KEYS, key), encode_item(key), 0, None, expression, False, indexes.keys
    )


_keys = st.builds(
    lambda pk, sk: {"pk": {"S": pk}, "sk": {"N": str(sk)}}, st.sampled_from("ab"), st.integers(0, 3)
)
_values = {
    "s": st.sampled_from(["a", "b", "a\0", "é"]).map(lambda text: {"S": text}),
    "n": st.integers(-2, 2).map(lambda number: {"N": str(number)}),
    "b": st.sampled_from([b"\0", b"\0\xff", b"\1"]).map(lambda content: {"B": content}),
    "x": st.integers(0, 2).map(lambda number: {"L": [{"N": str(number)}]}),
    "y": st.integers(0, 2).map(lambda number: {"N": str(number)}),
}
_attributes = st.fixed_dictionaries({}, optional=_values)
_settings = st.sampled_from(sorted(_values)).flatmap(
    lambda name: st.tuples(st.just(name), st.none() | _values[name])
)


def _setting(key: Item, name: str, value: dict[str, Any] | None) -> ItemWrite:
    return update(key, f"REMOVE {name}") if value is None else update(key, f"SET {name} = :v", v=value)


_writes = (
    st.builds(lambda key, more: put({**key, **more}), _keys, _attributes)
    | st.builds(delete, _keys)
    | st.builds(lambda key, setting: _setting(key, *setting), _keys, _settings)
)


class State:
    """What one replica would hold, without a log."""

    def __init__(self, indexes: LocalIndexes | None = None) -> None:
        self.found: Found = {}
        self.tallies = list(begin_tallies(len(INDEXES)))
        self._indexes = indexes or local_indexes()

    def write(self, write: ItemWrite) -> Evaluated:
        evaluated = evaluate(write, self._look_up, self._indexes)
        effects = [*([evaluated.effect] if evaluated.effect else []), *evaluated.derived]
        for key, size, item, kind, _ in effects:
            if item is None:
                del self.found[kind, key]
            else:
                self.found[kind, key] = Current(size, item)
        add_effects(self.tallies, effects)
        return evaluated

    def _look_up(self, key: bytes, kind: Kind = Kind.ITEM, /) -> Current | None:
        return self.found.get((kind, key))


@given(st.lists(_writes, max_size=30))
def test_after_any_writes_every_index_is_the_projection_of_its_table(writes: list[ItemWrite]) -> None:
    state = State()
    for write in writes:
        result, effect, *_ = state.write(write)
        assert result.fault is None
        assert effect is not None or write.kind is not WriteKind.PUT
        check(state.found)
        assert state.tallies == counted(state.found)
        prefix = decode_item(write.item)["pk"]["S"] if write.item else None
        if prefix is not None:
            items = [decode_item(each.item) for (kind, _), each in state.found.items() if kind == Kind.ITEM]
            assert result.collection_size == collection_sizes(items).get(prefix, 0)


def test_an_entry_that_stays_as_it_is_is_not_written() -> None:
    state = State()
    base: Item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": "1"}, "b": {"B": b"1"}}
    state.write(put(base))
    derived = state.write(
        put({**base, "y": {"S": "in no projection but that of `all`, where it is not"}})
    ).derived
    assert [effect.kind for effect in derived] == [Kind.COLLECTION]


def test_a_table_without_local_indexes_has_no_schema() -> None:
    assert schema_of(attrs.evolve(SPEC, local_indexes=())) == b""
    assert LocalIndexes.read(b"") is None


# --- limits


BIG = 100_000


def test_a_collection_grows_up_to_its_limit_and_may_always_shrink() -> None:
    state = State(local_indexes(collection_size_max=3 * BIG))
    key = KEY
    assert state.write(put({**key, "y": {"S": "y" * (3 * BIG - 10)}})).result.fault is None
    before = dict(state.found)
    grown = {"pk": {"S": "a"}, "sk": {"N": "2"}}
    for write in (
        put(grown),
        update(grown, "SET y = :v", v={"S": "y"}),
        update(key, "SET n = :v", v={"N": "1"}),
    ):
        result, effect, derived, _ = state.write(write)
        assert result.fault is not None
        assert result.fault.code == "ItemCollectionSizeLimitExceededException"
        assert result.fault.text == "Collection size exceeded."
        assert (effect, list(derived), state.found) == (None, [], before)
    assert state.write(put({**grown, "pk": {"S": "b"}})).result.fault is None, "another collection"
    assert state.write(put({**key, "y": {"S": "y"}})).result.fault is None
    assert state.write(put(grown)).result.fault is None


def test_an_updated_item_shares_its_limit_with_its_entries() -> None:
    state = State()
    key = KEY
    half = "y" * (ITEM_SIZE_MAX // 2)
    assert state.write(update(key, "SET y = :v", v={"S": half})).result.fault is None
    result, effect, *_ = state.write(update(key, "SET s = :v", v={"S": "s"}))
    assert effect is None
    assert result.fault is not None
    assert result.fault.text == "Item size to update has exceeded the maximum allowed size"


def test_only_index_keys_that_an_update_changes_are_checked() -> None:
    indexes = indexes_of(SPEC)
    assert indexes is not None
    wrong: Item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "s": {"N": "7"}, "b": {"B": b""}}  # slipped in before
    check_updated_keys(indexes.keys, wrong, {**wrong, "x": {"S": "x"}, "n": {"N": "1"}})
    with pytest.raises(Exception, match="Type mismatch for Index Key s Expected: S Actual: N IndexName: all"):
        check_updated_keys(indexes.keys, None, wrong)


# --- replicas


def _stored(one: Replica) -> Found:
    keyspace = one.host.store.keyspace(one.partition)
    found: Found = {}
    for kind in (*KINDS, Kind.COLLECTION):
        prefix = len(keyspace.prefix(kind))
        for key, value in keyspace.scan(kind):
            found[int(kind), key[prefix:]] = Current(size_of(value), item_of(value))
    return found


def _random_write(dice: random.Random) -> ItemWrite:
    key: Item = {"pk": {"S": dice.choice("ab")}, "sk": {"N": str(dice.randrange(8))}}
    values: Item = {
        "s": {"S": dice.choice("mno")},
        "n": {"N": str(dice.randrange(-5, 5))},
        "b": {"B": dice.randbytes(2)},
        "y": {"S": "y" * dice.randrange(50)},
    }
    name = dice.choice(sorted(values))
    some = {name: value for name, value in values.items() if dice.random() < 0.6}
    return dice.choice(
        [
            put({**key, **some}),
            put({**key, **some}),
            delete(key),
            update(key, f"REMOVE {name}"),
            update(key, f"SET {name} = :v", v=values[name]),
        ]
    )


@pytest.mark.usefixtures("autojump_clock")
@pytest.mark.parametrize("seed", range(3))
async def test_replicas_hold_the_same_indexes_also_one_that_was_away(seed: int) -> None:
    dice = random.Random(seed)
    async with running(bounds=Bounds(log_entries_max=20, log_entries_kept=4)) as cluster:
        await cluster.nodes[0].database.create_table(HERE, SPEC)
        await cluster.nodes[0].database.table(HERE)
        route = cluster.nodes[0].view.tables[HERE].partitions[0]
        await until(cluster, lambda: leads(cluster, "n1", route.partition))

        async def write(times: int) -> None:
            one = node(cluster, "n1")
            for _ in range(times):
                asked = []
                for _ in range(3):  # all but the first meet what is in flight
                    writes = tuple(_random_write(dice) for _ in range(dice.randrange(1, 4)))
                    deadline = one.world.clock.monotonic() + 5
                    last = replica(cluster, "n1", route.partition).core.last_index
                    asked.append(one.system.ask(one.id, route.partition, Write(1, writes), deadline))
                    for _ in range(20):  # or less, should there be nothing to write
                        if replica(cluster, "n1", route.partition).core.last_index == last:
                            await trio.lowlevel.checkpoint()
                for reply in asked:
                    assert not any(result.fault for result in (await reply.wait()).results)

        async def write_one(write: ItemWrite) -> None:
            await node(cluster, "n1").router.call(route, Write(1, (write,)))

        await write(10)
        await crash(cluster, "n3")
        await write(50)
        await restart(cluster, "n3")
        await write(10)
        await crash(cluster, "n2")
        await restart(cluster, "n2")

        def equal() -> bool:
            replicas = [node(cluster, name).host.replicas.get(route.partition) for name in ("n1", "n2", "n3")]
            return all(
                one is not None
                and one.applied.index == replica(cluster, "n1", route.partition).core.last_index
                for one in replicas
            )

        await until(cluster, equal)
        leader = replica(cluster, "n1", route.partition)
        await write_one(put({**KEY, "s": {"S": "old"}}))
        deleted = leader.applied.deleted
        await write_one(update(KEY, "SET s = :v", v={"S": "new"}))
        assert leader.applied.deleted == deleted, "an entry that moves is no item that is deleted"
        await until(cluster, equal)
        found = [_stored(replica(cluster, name, route.partition)) for name in ("n1", "n2", "n3")]
        assert len(found[0]) > 10
        check(found[0])
        assert found[1] == found[0]
        assert found[2] == found[0]
        for name in ("n1", "n2", "n3"):
            assert list(replica(cluster, name, route.partition).applied.tallies) == counted(found[0])
