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

    All of it, however logging is configured. What other threads log goes where it went: a cluster may run in one of them.
    """
    here, configured = threading.get_ident(), structlog.get_config()["wrapper_class"]
    everything: Any = structlog.make_filtering_bound_logger(0)

    def take(_: WrappedLogger, level: str, event: EventDict) -> Any:
        error = event.pop("exc_info", None)
        values = " ".join(f"{key}={value}" for key, value in sorted(event.items()) if key != "event")
        line = f"{event['event']} {values}" + (f": {error!r}" if isinstance(error, BaseException) else "")
        trace.note(f"log {level}: {line}")
        if level in _ERRORS:
            failed(line)
        raise structlog.DropEvent

    def wrap(logger: WrappedLogger, processors: Any, context: Any) -> Any:
        if threading.get_ident() == here:
            return everything(logger, [take], context)
        return configured(logger, processors, context)

    structlog.configure(wrapper_class=wrap)  # type: ignore[arg-type]  # it is only ever called
    try:
        yield
    finally:
        structlog.configure(wrapper_class=configured)
