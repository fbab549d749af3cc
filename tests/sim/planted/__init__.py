"""Bugs to plant: each breaks one promise of the protocols, by replacing one function for a while.

`python -m sim.hunt` (with tests/ on the path) searches for the first seed that finds each and prints the table; `--keep` writes it
to `found.json`, from which `tools/test` runs that one seed of each.
"""

from sim.planted import feed, indexes, kinesis, replication, triggers
from sim.planted.planting import PLANTED, Planted

__all__ = ["PLANTED", "Planted", "feed", "indexes", "kinesis", "replication", "triggers"]
