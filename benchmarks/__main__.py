"""The command line: python -m benchmarks [workload ...]."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from . import peers
from .contenders import CONTENDERS
from .measures import MEASURES, DisagreementError, Settings
from .report import targets, write
from .worker import WorkerError

RESULTS = Path(__file__).parent / "results"


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure this engine against its peers and against its own limits, in one run: medians, quartiles, ratios.",
        epilog="The first run installs the peers into benchmarks/.peers, which needs a network. A quiet machine gives quiet figures.",
    )
    parser.add_argument("workloads", nargs="*", metavar="workload", help=f"what to measure: {', '.join(MEASURES)} (default: all)")
    parser.add_argument("-r", "--repetitions", type=int, metavar="N", help="timed runs of each contender (default: 11, quick: 3)")
    parser.add_argument("-q", "--quick", action="store_true", help="3 repetitions, and no graph of a million nodes")
    parser.add_argument("--no-peers", action="store_true", help="leave out what would have to be installed")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="where the files go (default: a new folder in benchmarks/results)"
    )
    return parser


def show_progress(text: str) -> None:
    """Replace the last line of a terminal; a log gets none of it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def about() -> dict[str, str]:
    """Where the figures come from."""
    load = f", load {os.getloadavg()[0]:.2f} at the start" if hasattr(os, "getloadavg") else ""
    return {
        "when": datetime.now().astimezone().isoformat(timespec="seconds"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{load}",
        "threads": f"{peers.threads()} for each contender's matrix products (OMP_NUM_THREADS)",
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = arguments()
    options = parser.parse_args(argv)
    unknown = [name for name in options.workloads if name not in MEASURES]
    if unknown:
        parser.error(f"no workload is named {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    if options.repetitions is not None and options.repetitions < 1:
        parser.error(f"--repetitions needs a number from 1 on, but got {options.repetitions}")
    try:
        return measure(options)
    except (peers.PeerError, DisagreementError, WorkerError) as error:
        show_progress("")
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        show_progress("")
        print("benchmarks: interrupted, nothing was written", file=sys.stderr)
        return 130


def measure(options: argparse.Namespace) -> int:
    """Set up the peers, measure, print, write."""
    contenders = [contender for contender in CONTENDERS.values() if not (options.no_peers and contender.requires)]
    facts = about()
    for contender in contenders:
        if contender.requires:
            show_progress(f"setting up {contender.name} in {peers.ROOT / contender.name}")
            peers.set_up(contender)
    show_progress("")
    settings = Settings(contenders, options.repetitions or (3 if options.quick else 11), options.quick, show_progress, not options.no_peers)
    facts["repetitions"] = f"{settings.repetitions}, alternating between the contenders"
    facts |= {contender.name: contender.title for contender in contenders}
    for key, fact in facts.items():
        print(f"{key}: {fact}")
    sections = []
    for name in options.workloads or MEASURES:
        section = MEASURES[name](settings)
        show_progress("")
        print(f"\n{section.text()}", flush=True)
        sections.append(section)
    figures = [figure for section in sections for figure in section.figures]
    if figures:
        sections.append(targets(figures))
        print(f"\n{sections[-1].text()}")
    folder = options.output or RESULTS / f"{datetime.now():%Y-%m-%d-%H%M%S}"
    files = write(folder, sections, facts)
    print(f"\n{folder}: {', '.join(file.name for file in files)}")
    if not any(file.suffix == ".png" for file in files):
        print("no plot: it needs matplotlib, pip install 'glassgrad[plots]'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
