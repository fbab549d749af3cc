"""`python -m sim.hunt [--keep] [--jobs N] [NAME ...]`: how many seeds it takes to find each planted bug."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from sim.planted import PLANTED

SEEDS_MAX: Final = 300
FOUND: Final = Path(__file__).with_name("found.json")


def found() -> dict[str, int]:
    """Return the seed that was kept for each bug that was found."""
    seeds: dict[str, int] = json.loads(FOUND.read_text())
    return seeds


def hunt(name: str, first: int | None = None) -> tuple[int | None, float]:
    """Return the first of 300 seeds that finds a bug, and how many seconds it took. `first` is tried before all others."""
    begin, bug = time.perf_counter(), PLANTED[name]
    if first is not None and bug.found_by(first):
        return first, time.perf_counter() - begin
    seed = next((seed for seed in range(SEEDS_MAX) if bug.found_by(seed)), None)
    return seed, time.perf_counter() - begin


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sim.hunt", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs to look for; all if none is named")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--keep", action="store_true", help="write the seeds to found.json")
    parser.add_argument("--again", action="store_true", help="begin with the seeds that are kept")
    options = parser.parse_args(arguments)
    names = options.names or list(PLANTED)
    seeds = found() if FOUND.exists() else {}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        begun = [pool.submit(hunt, name, seeds.get(name) if options.again else None) for name in names]
        for name, each in zip(names, begun, strict=True):
            seed, seconds = each.result()
            shown = f"seed {seed}" if seed is not None else f"not within {SEEDS_MAX}"
            print(f"{name:70} {shown:>16} {seconds:8.1f} s", flush=True)
            seeds.pop(name, None)
            if seed is not None:
                seeds[name] = seed
    lost = [name for name in names if name not in seeds]
    if lost:
        print(f"{len(lost)} of {len(names)} were not found within {SEEDS_MAX} seeds")
    if options.keep:
        kept = {name: seeds[name] for name in PLANTED if name in seeds}
        FOUND.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
