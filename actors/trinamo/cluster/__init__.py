"""The cluster: catalog, view, router, supervisor."""

from trinamo.cluster.catalog import SUPERVISOR, Catalog, Tables
from trinamo.cluster.copies import TableCopy, copy_out, put_back
from trinamo.cluster.deliveries import Deliveries, NoSink, Sink, SinkFailed
from trinamo.cluster.indexer import Indexer
from trinamo.cluster.records import (
    SYSTEM_EPOCH,
    SYSTEM_PARTITION,
    IndexRecord,
    PartitionRecord,
    TableRecord,
)
from trinamo.cluster.retention import Retention
from trinamo.cluster.router import Router, Unroutable
from trinamo.cluster.supervisor import Supervisor
from trinamo.cluster.sweeper import Sweeper
from trinamo.cluster.view import CatalogView, Routes

__all__ = [
    "SUPERVISOR",
    "SYSTEM_EPOCH",
    "SYSTEM_PARTITION",
    "Catalog",
    "CatalogView",
    "Deliveries",
    "IndexRecord",
    "Indexer",
    "NoSink",
    "PartitionRecord",
    "Retention",
    "Router",
    "Routes",
    "Sink",
    "SinkFailed",
    "Supervisor",
    "Sweeper",
    "TableCopy",
    "TableRecord",
    "Tables",
    "Unroutable",
    "copy_out",
    "put_back",
]
