"""The data directory of a cluster in one process: DIR/n1, DIR/n2, …, each the storage of one node.

Each node's directory is locked by its engine and bears its own format number, so a directory in use, or of another
version, is refused by whoever opens the storage.

Invariant: a node whose data lies in the directory takes part. Its groups count it among their voters, so a
cluster started with fewer nodes than its directory holds might never find a quorum; that is refused.
"""

import re
from pathlib import Path
from typing import Final

from trinamo.base import NodeId, StorageError
from trinamo.lsm import DirectoryStorage, MemoryStorage
from trinamo.node.config import Config

_NODE: Final = re.compile(r"n([1-9][0-9]*)")


def storages(config: Config) -> dict[NodeId, MemoryStorage | DirectoryStorage]:
    """Return the storage of each node, not open yet. Raises `StorageError` for a directory that cannot be used."""
    if config.data is None:
        return {node: MemoryStorage() for node in config.node_ids}
    _check_directory(config.data, config.nodes)
    return {node: DirectoryStorage(config.data / node, config.durability) for node in config.node_ids}


def _check_directory(path: Path, nodes: int) -> None:
    try:
        names = [entry.name for entry in path.iterdir()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"data directory {path}: {error.strerror}") from error
    held = max((int(match[1]) for name in names if (match := _NODE.fullmatch(name))), default=0)
    if held > nodes:
        raise StorageError(f"data directory {path} is of {held} nodes: start it with --nodes {held}")
