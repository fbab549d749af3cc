"""What the cluster logs during a run: part of the trace, and a failure where it is an error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from trinamo.sim.trace import Trace

_ERRORS = frozenset({"error", "critical", "exception"})


@contextmanager
def logs_to(trace: Trace, failed: Callable[[str], None]) -> Iterator[None]:
    """Send what is logged to `trace`; tell `failed` of errors, since a run makes faults but excuses no errors."""

    def take(_: WrappedLogger, level: str, event: EventDict) -> Any:
        error = event.pop("exc_info", None)
        values = " ".join(f"{key}={value}" for key, value in sorted(event.items()) if key != "event")
        line = f"{event['event']} {values}" + (f": {error!r}" if isinstance(error, BaseException) else "")
        trace.note(f"log {level}: {line}")
        if level in _ERRORS:
            failed(line)
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.configure(processors=before)
