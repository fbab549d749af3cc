"""Identifiers. They are NewTypes: free at run time, distinct to the type checker."""

from typing import NewType

NodeId = NewType("NodeId", str)
"""Name of a node, unique in its cluster: `n1`. A node that lost its storage returns under a new one."""

PartitionId = NewType("PartitionId", int)
"""Number of a partition, which is also the number of its Raft group. Never reused. 1 is the system partition."""

KeyspaceId = NewType("KeyspaceId", int)
"""Number of a keyspace of one node's store (PROTOCOLS 1). Never reused on that node."""

Term = NewType("Term", int)
"""A Raft term; 0 before the first election."""

Index = NewType("Index", int)
"""A position in a Raft log; the first entry has index 1."""
