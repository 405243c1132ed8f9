"""`glassgrad check`: the derivatives of this installation, proved."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .commands import Commands, count
from .output import say

QUICK, THOROUGH = 30_000, 10_000_000
"""How many cases are checked, without and with --thorough."""


def add(commands: Commands) -> None:
    """Add the command with its options."""
    summary = "prove the derivatives of this installation: exact numbers, differences, random graphs, mutants"
    check = commands.add("check", _check, summary)
    size = check.add_mutually_exclusive_group()
    size.add_argument("--thorough", action="store_true", help=f"{THOROUGH:,} cases instead of {QUICK:,}")
    size.add_argument("--cases", type=count, metavar="N", help="about so many cases")
    check.add_argument("--seed", type=count, default=0, metavar="N", help="where the random numbers start (0 unless given)")


def _check(options: argparse.Namespace) -> int:
    from ..proof import prove

    cases = THOROUGH if options.thorough else QUICK if options.cases is None else options.cases
    if not cases:
        options.parser.error("--cases needs at least 1")
    with progress(cases) as tick:
        proof = prove(cases, options.seed, tick=tick)
    say(proof)
    return 0 if proof.is_clean else 1


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], object]]:
    """Within it, a function that is told how many more cases are done. A terminal shows them, through tqdm where it is installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        done, shown = 0, -1

        def tick(n: int) -> None:
            nonlocal done, shown
            done += n
            percent = min(100 * done // total, 100)
            if percent > shown and sys.stderr.isatty():
                shown = percent
                print(f"\r{percent:3d} % of {total:,} cases", end="", file=sys.stderr, flush=True)

        yield tick
        if shown >= 0:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
    else:
        with tqdm(total=total, unit=" cases", disable=None, leave=False) as bar:
            yield bar.update
