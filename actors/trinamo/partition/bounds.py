"""How much replicas let come together before they act: entries of a log, bytes of a message. All nodes of a cluster have the same.

Users need not know them. Tests and the simulator draw small ones, so that what is rare becomes common.
"""

import attrs


@attrs.frozen(kw_only=True)
class Bounds:
    """Bounds of replicas and their logs."""

    log_entries_max: int = 4096
    """Beyond it the log is cut ..."""
    log_bytes_max: int = 4 << 20
    """... or beyond these bytes, for it is held in memory too."""
    log_entries_kept: int = 512
    """For followers that were away for a moment."""
    append_bytes_max: int = 1 << 20
    """Of the entries in one message, unless one entry is larger."""
    appends_in_flight_max: int = 128
    """To one peer, not yet acknowledged."""
    data_unflushed_max: int = 8 << 20
    """Bytes; beyond it `data` is flushed so that logs can be cut."""
    snapshot_chunk_size: int = 256 << 10
    """Bytes of rows: 1 ms of work or so (PROTOCOLS 3), and far below a frame's limit."""
