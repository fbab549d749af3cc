"""Claims about what a cluster may be told."""

from pathlib import Path
from typing import Any

import pytest

from trinamo.base import StorageError
from trinamo.node.config import Config
from trinamo.node.directory import storages
from trinamo.world import Durability


def test_a_cluster_is_in_memory_unless_told_otherwise() -> None:
    assert Config().durability is Durability.MEMORY
    assert Config().summary == "3 nodes, in memory"


def test_a_data_directory_survives_the_process_unless_told_otherwise(tmp_path: Path) -> None:
    assert Config(data=tmp_path).durability is Durability.OS
    assert Config(data=tmp_path).summary == f"3 nodes, in {tmp_path}, os"
    fsync = Config(data=tmp_path, durability=Durability.FSYNC, nodes=1)
    assert fsync.summary == f"1 node, in {tmp_path}, fsync"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"nodes": 0}, "--nodes is from 1 to 16, not 0"),
        ({"nodes": 17}, "--nodes is from 1 to 16, not 17"),
        ({"partitions": 0}, "--partitions is from 1 to 1000, not 0"),
        ({"transport": "udp"}, "--transport is memory or tcp, not 'udp'"),
        ({"mode": "lax"}, "--mode is settled or realistic, not 'lax'"),
        ({"wording": "odd"}, "--wording is older or newer, not 'odd'"),
        ({"durability": Durability.FSYNC}, "--durability fsync needs a directory: --data DIR"),
        ({"data": Path("d"), "durability": Durability.MEMORY}, "--durability with --data is os or fsync"),
        ({"region": "eu west"}, "'eu west' is not the name of a region"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError) as refusal:
        Config(**wrong)
    assert str(refusal.value) == why


def test_every_node_has_a_directory_of_its_own(tmp_path: Path) -> None:
    made = storages(Config(data=tmp_path / "d", nodes=2))
    for storage in made.values():
        storage.open()
    try:
        assert sorted(path.name for path in (tmp_path / "d").iterdir()) == ["n1", "n2"] == list(made)
    finally:
        for storage in made.values():
            storage.close()


def test_a_directory_of_more_nodes_than_the_cluster_has_is_refused(tmp_path: Path) -> None:
    for name in ("n1", "n2", "n3", "notes"):
        (tmp_path / name).mkdir()
    with pytest.raises(StorageError, match="is of 3 nodes: start it with --nodes 3"):
        storages(Config(data=tmp_path, nodes=2))
    assert len(storages(Config(data=tmp_path, nodes=3))) == 3


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file: Not a directory"):
        storages(Config(data=tmp_path / "file"))
