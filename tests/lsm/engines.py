"""The engines under the contract, and small ways to write to them."""

import random
from collections.abc import Iterable
from pathlib import Path

from trinamo.lsm import CrashableEngine, RocksEngine
from trinamo.world import Engine, Family

KINDS = ("rocks in memory", "rocks in a directory", "crashable")


def open_engine(kind: str, path: Path) -> Engine:
    if kind == "crashable":
        return CrashableEngine(random.Random(0))
    return RocksEngine(path if kind == "rocks in a directory" else None)


def put(engine: Engine, family: Family, *pairs: tuple[bytes, bytes]) -> None:
    batch = engine.batch(family)
    for key, value in pairs:
        batch.put(key, value)
    engine.write(batch)


def delete(engine: Engine, family: Family, keys: Iterable[bytes]) -> None:
    batch = engine.batch(family)
    for key in keys:
        batch.delete(key)
    engine.write(batch)


def everything(engine: Engine, family: Family) -> dict[bytes, bytes]:
    return dict(engine.scan(family, b"", b"\xff" * 20))
