"""Knobs: what a seed's cluster is told besides, so that what is rare elsewhere is common in one seed or another.

Half of the seeds have what users have. In the others each bound is drawn by itself, and many are very small: a log of eight entries,
messages of one, snapshots in chunks of a hundred bytes.
"""

import random

import attrs

from trinamo.partition.bounds import Bounds

SHARD_S = 3.0  # streams roll over many times in a seed


@attrs.frozen(kw_only=True)
class Knobs:
    """What is drawn for a cluster."""

    bounds: Bounds = Bounds()
    partitions: int = 2
    """Of a table: enough for requests to go to different leaders."""
    spread_leaders: bool = True
    shard_s: float = SHARD_S

    @staticmethod
    def draw(dice: random.Random) -> "Knobs":
        if dice.random() < 0.5:
            return Knobs()
        long = dice.choice((8, 64, 4096))
        bounds = Bounds(
            log_entries_max=long,
            log_entries_kept=dice.choice((0, long // 4)),
            log_bytes_max=dice.choice((500, 4 << 20)),
            append_bytes_max=dice.choice((1, 200, 1 << 20)),
            appends_in_flight_max=dice.choice((1, 2, 128)),
            data_unflushed_max=dice.choice((1000, 8 << 20)),
            snapshot_chunk_size=dice.choice((100, 256 << 10)),
        )
        return Knobs(
            bounds=bounds,
            partitions=dice.choice((1, 2, 3)),
            spread_leaders=dice.random() < 0.7,
            shard_s=dice.choice((1.0, SHARD_S, 3600.0)),
        )
