"""All workloads, by the names that users give."""

from collections.abc import Callable, Mapping
from typing import Final

from trinamo.sim.workloads.append import Append
from trinamo.sim.workloads.asking import Stage
from trinamo.sim.workloads.batch import Batch
from trinamo.sim.workloads.counter import Counter
from trinamo.sim.workloads.eventual import Eventual
from trinamo.sim.workloads.index import Index
from trinamo.sim.workloads.kinesis import Kinesis
from trinamo.sim.workloads.queue import Queue
from trinamo.sim.workloads.register import Register
from trinamo.sim.workloads.scan import Scan
from trinamo.sim.workloads.stream import Stream
from trinamo.sim.workloads.trigger import Trigger
from trinamo.sim.workloads.ttl import Ttl
from trinamo.sim.workloads.unique import Unique
from trinamo.sim.workloads.workload import Workload

WORKLOADS: Final[Mapping[str, Callable[[Stage], Workload]]] = {
    "append": Append,
    "batch": Batch,
    "counter": Counter,
    "eventual": Eventual,
    "index": Index,
    "kinesis": Kinesis,
    "queue": Queue,
    "register": Register,
    "scan": Scan,
    "stream": Stream,
    "trigger": Trigger,
    "ttl": Ttl,
    "unique": Unique,
}
