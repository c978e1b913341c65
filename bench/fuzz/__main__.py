"""`python -m bench.fuzz`: all targets, or those named."""

from __future__ import annotations

import sys
import traceback

import click

from bench.fuzz import Found, fuzz, id_card, keys, led_sign, pads, printer, scanner, speech_board

WIRES = (id_card, printer, scanner, keys, led_sign, pads, speech_board)
TARGETS = {name: target for wire in WIRES for name, target in wire.TARGETS.items()}


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Of the processor, for each target …")
@click.option("--runs", type=int, default=10**9, help="… but no more inputs than these.")
@click.option("--seed", type=int, default=321199, show_default=True)
@click.argument("names", metavar="[TARGET]…", nargs=-1)
def main(seconds: float, runs: int, seed: int, names: tuple[str, ...]) -> None:
    """Fuzz the parsers; exit status 1 and the input in hex if something does not hold."""
    if unknown := set(names) - set(TARGETS):
        raise click.UsageError(f"{', '.join(sorted(unknown))}: the targets are {', '.join(TARGETS)}")
    for name in names or TARGETS:
        try:
            done = fuzz(TARGETS[name], runs=runs, seconds=seconds, seed=seed)
        except Found as found:
            print(f"{name}: {found}", flush=True)
            traceback.print_exception(found.__cause__)
            sys.exit(1)
        first, last = done.steps
        print(
            f"{name}: {done.runs} inputs in {done.seconds:.1f} s, {first} -> {last} steps, {done.kept} inputs kept",
            flush=True,
        )


if __name__ == "__main__":
    main()
