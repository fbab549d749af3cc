"""How long a cluster takes to start, and what it costs when nobody asks anything.

Times count from the exec of a new interpreter, which a user waits for too. Processor time is read from Linux' own
account of the process, `/proc/<pid>/stat`, all of its threads included.
"""

import os
import statistics
import time
from pathlib import Path

import attrs

from trinamo.bench import payload, systems

STARTS = 5
IDLE_SECONDS = 5.0
# Elections and the first flushes belong to the start.
SETTLE_SECONDS = 1.0


@attrs.frozen
class Lifecycle:
    ready_seconds: float
    first_put_seconds: float
    """Exec to the answer of a PutItem, CreateTable included."""
    idle_partitions: int
    idle_percent: float | None
    """Of one core; None where the system keeps no such account."""


def measure(partitions: int) -> Lifecycle:
    starts = [start() for _ in range(STARTS)]
    return Lifecycle(
        ready_seconds=statistics.median(ready for ready, _ in starts),
        first_put_seconds=statistics.median(put for _, put in starts),
        idle_partitions=partitions,
        idle_percent=idle_percent(partitions),
    )


def start() -> tuple[float, float]:
    """Seconds from exec to the ready line, and to the first item stored."""
    begin = time.perf_counter()
    with systems.trinamo() as system:
        ready = time.perf_counter() - begin
        systems.create_table(system)
        systems.call(system, "PutItem", {"TableName": payload.TABLE, "Item": payload.item(0)})
        return ready, time.perf_counter() - begin


def idle_percent(partitions: int) -> float | None:
    with systems.trinamo("--partitions", str(partitions)) as system:
        systems.create_table(system)
        time.sleep(SETTLE_SECONDS)
        assert system.pid is not None
        before, begin = processor_seconds(system.pid), time.perf_counter()
        time.sleep(IDLE_SECONDS)
        after, end = processor_seconds(system.pid), time.perf_counter()
    if before is None or after is None:
        return None
    return (after - before) / (end - begin) * 100


def processor_seconds(pid: int) -> float | None:
    """User and system time of a process so far."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # proc(5): the command stands in brackets and may hold anything; utime and stime are fields 14 and 15.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
