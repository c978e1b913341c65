"""Faults at random over a hall of real processes. `python -m bench.faults --minutes N [--seed S]`

Prints what was injected and what was found. The halls of a run have the seeds S, S + 1, …; a hall whose seed was
printed beside something found is played again by `--replay SEED`, with the same people, faults and moments, as far as
processes can be told when to do what.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from faults import schedule
from faults.reconnection import EACH, reconnect

ENDLESS = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first hall; the clock if not given")
    parser.add_argument("--at-once", type=int, default=schedule.AT_ONCE, help="halls side by side")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one hall only, saying what is done")
    parser.add_argument("--keep", type=Path, help="where the journals and logs go; thrown away if not given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(options, options.keep or Path(folder))


def run(options: argparse.Namespace, folder: Path) -> int:
    began = time.monotonic()
    with schedule.programs() as programs:
        if options.replay is not None:
            for number in range(schedule.SCHEDULES):
                print(
                    f"schedule {number}:",
                    ", ".join(map(str, schedule.plan(random.Random(f"{options.replay}/{number}")))),
                )
            report = schedule.day(options.replay, schedule.SCHEDULES, folder / "hall", *programs)
        else:
            print(f"seed {options.seed}")
            report = schedule.run(
                folder, *programs, seed=options.seed, halls=ENDLESS, at_once=options.at_once,
                over=lambda: time.monotonic() > began + options.minutes * 60,
                done=lambda part: print(*part.faults, sep="\n", end="\n" if part.faults else "", flush=True),
            )  # fmt: skip
        took = time.monotonic() - began
        again = [reconnect(folder / f"again{n}", *programs) for n in range(0 if options.replay is not None else 3)]
    print(f"{report.schedules} schedules in {took:.0f} s\n\ninjected:")
    table(report.injected)
    print("\nlooked at, in the hall's journal and in people's hands:")
    table(report.counts)
    if again:
        times = [found.seconds for found in again]
        once = all(sorted(found.issued) == sorted(found.arrived) for found in again)
        print(
            f"\n{3 * EACH} tickets of three kiosks that were cut off arrived in {statistics.median(times):.2f} s "
            f"(median of {len(times)}, slowest {max(times):.2f} s) after the line came back, "
            f"{'once each' if once else 'NOT once each'}"
        )
        report.faults += [fault for found in again for fault in found.faults]
    print(f"\nfound: {len(report.faults)}", *report.faults, sep="\n")
    return 1 if report.faults else 0


def table(counts: Counter[str]) -> None:
    for name, count in counts.most_common():
        print(f"{count:8} {name}")


if __name__ == "__main__":
    sys.exit(main())
