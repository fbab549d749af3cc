"""What `GET /_trinamo/cluster` says, as far as recovery is concerned."""

from typing import Any

from dynamodb.server import Server


def alive(server: Server) -> dict[str, bool]:
    """Which nodes are up."""
    return {node["id"]: node["alive"] for node in server.view("cluster")["nodes"]}


def leaders(server: Server) -> set[Any]:
    """The nodes that lead a partition of a table."""
    view = server.view("cluster")
    return {partition["leader"] for partition in view["partitions"] if partition["leader"] is not None}


def stragglers(server: Server, replicas: int = 3) -> list[str]:
    """The partitions whose replicas have not all applied the same; empty when all are equal."""
    return [
        f"{partition['id']}: {partition['replicas']}"
        for partition in server.view("cluster")["partitions"]
        if len(partition["replicas"]) != replicas
        or len({replica["applied"] for replica in partition["replicas"]}) != 1
    ]
