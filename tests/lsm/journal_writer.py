"""Run as a process that is killed: numbered writes to both families, each reported once it has returned.

    python journal_writer.py DIRECTORY

Writes batch n to `log` and to `data` (two keys each, so that half a batch would show) and prints `n`; after
every 50th it flushes `data` and prints `flushed n`. Ends only by a signal.
"""

import itertools
import os
import sys
from pathlib import Path

from trinamo.lsm import RocksEngine
from trinamo.world import Family

FLUSH_EVERY = 50


def main() -> None:
    engine = RocksEngine(Path(sys.argv[1]))
    for number in itertools.count(1):
        for family in Family:
            batch = engine.batch(family)
            batch.put(b"a%08d" % number, bytes(200))
            batch.put(b"b%08d" % number, bytes(200))
            engine.write(batch)
        os.write(1, b"%d\n" % number)
        if number % FLUSH_EVERY == 0:
            engine.flush_data()
            os.write(1, b"flushed %d\n" % number)


if __name__ == "__main__":
    main()
