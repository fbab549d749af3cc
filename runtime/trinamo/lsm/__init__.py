"""The store of a node: engines, and what the layers above keep in them (ARCHITECTURE, The LSM store)."""

from trinamo.lsm.commit import CommitStatistics, GroupCommit
from trinamo.lsm.crashable import CrashableEngine, Faults
from trinamo.lsm.layout import AppliedState, Kind, ReplicaRecord
from trinamo.lsm.rocks import RocksEngine
from trinamo.lsm.snapshot import ReplicaSnapshot, SnapshotInstall
from trinamo.lsm.storage import DirectoryStorage, MemoryStorage, SimulatedStorage
from trinamo.lsm.store import DataBatch, Keyspace, KeyspaceSnapshot, Store

__all__ = [
    "AppliedState",
    "CommitStatistics",
    "CrashableEngine",
    "DataBatch",
    "DirectoryStorage",
    "Faults",
    "GroupCommit",
    "Keyspace",
    "KeyspaceSnapshot",
    "Kind",
    "MemoryStorage",
    "ReplicaRecord",
    "ReplicaSnapshot",
    "RocksEngine",
    "SimulatedStorage",
    "SnapshotInstall",
    "Store",
]
