"""What the cluster logs during a run: part of the trace, and a failure where it is an error."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from trinamo.sim.trace import Trace

_ERRORS = frozenset({"error", "critical", "exception"})


@contextmanager
def logs_to(trace: Trace, failed: Callable[[str], None]) -> Iterator[None]:
    """Send what is logged to `trace`; tell `failed` of errors, since a run makes faults but excuses no errors.

    What other threads log goes where it went: a cluster may run in one of them.
    """
    here, before = threading.get_ident(), structlog.get_config()["processors"]

    def take(logger: WrappedLogger, level: str, event: EventDict) -> Any:
        if threading.get_ident() != here:
            shown: Any = event
            for process in before:
                shown = process(logger, level, shown)
            return shown
        error = event.pop("exc_info", None)
        values = " ".join(f"{key}={value}" for key, value in sorted(event.items()) if key != "event")
        line = f"{event['event']} {values}" + (f": {error!r}" if isinstance(error, BaseException) else "")
        trace.note(f"log {level}: {line}")
        if level in _ERRORS:
            failed(line)
        raise structlog.DropEvent

    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.configure(processors=before)
