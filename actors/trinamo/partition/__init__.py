"""Partitions: the replica actor, its evaluation and application, and the host of a node's replicas."""

from trinamo.partition.host import Assignment, Host
from trinamo.partition.replica import Replica

__all__ = ["Assignment", "Host", "Replica"]
