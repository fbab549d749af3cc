"""All workloads, by the names that users give."""

from collections.abc import Callable, Mapping
from typing import Final

from trinamo.sim.workloads.asking import Stage
from trinamo.sim.workloads.index import Index
from trinamo.sim.workloads.register import Register
from trinamo.sim.workloads.workload import Workload

WORKLOADS: Final[Mapping[str, Callable[[Stage], Workload]]] = {
    "index": Index,
    "register": Register,
}
