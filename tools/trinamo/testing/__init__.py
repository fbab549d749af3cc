"""Clusters for tests: in the test's own event loop, or in a thread of their own for any other code.

    async with trinamo.testing.cluster() as cluster:            # under Trio; virtual time works
        await cluster.create_table(...)

    with trinamo.testing.cluster_in_thread() as cluster:        # for sync code, asyncio, boto3
        boto3.client("dynamodb", endpoint_url=cluster.url, ...)

Both start in some 30 ms, in memory. pytest finds its fixtures by itself (`trinamo.testing.plugin`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trinamo.testing.inprocess import TrioCluster, cluster
    from trinamo.testing.threaded import ThreadCluster, cluster_in_thread

__all__ = ["ThreadCluster", "TrioCluster", "cluster", "cluster_in_thread"]

_PLACES = {
    "TrioCluster": "trinamo.testing.inprocess",
    "ThreadCluster": "trinamo.testing.threaded",
    "cluster": "trinamo.testing.inprocess",
    "cluster_in_thread": "trinamo.testing.threaded",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is: pytest loads the plugin in every run, also where nobody uses it."""
    import importlib

    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)
