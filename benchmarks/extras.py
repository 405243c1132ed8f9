"""What each extra costs: python -m benchmarks.extras [extra ...], the megabytes on disk beyond glassgrad itself, and
the seconds of a fresh installation.

Every extra goes into an environment of its own, from the wheel of this very clone. The seconds are those of a second run, when pip has
all files in its cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def installed(extra: str) -> tuple[float, float, int]:
    """Megabytes, seconds and packages of an environment with glassgrad and this extra, beyond those of an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        venv.create(folder, with_pip=True)
        before, packages = size(Path(folder)), names(python)
        start = time.perf_counter()
        what = f"{ROOT}[{extra}]" if extra else str(ROOT)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", what], check=True)
        seconds = time.perf_counter() - start
        return (size(Path(folder)) - before) / 1e6, seconds, len(names(python) - packages)


def size(folder: Path) -> int:
    """The bytes of all files below the folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def names(python: Path) -> set[str]:
    """The packages that are installed there."""
    done = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def main() -> int:
    """Measure, and print a line for each."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extras", description="Install each extra twice, afresh, and measure it.")
    parser.add_argument("extras", nargs="*", metavar="extra", choices=[*extras], default=[*extras], help="all unless named")
    options = parser.parse_args()
    print(f"{'extra':10} {'MB':>6} {'s':>6} {'packages':>8}")
    alone, seconds, packages = installed("")
    print(f"{'(none)':10} {alone:6.1f} {seconds:6.1f} {packages:8d}", flush=True)
    for extra in options.extras:
        installed(extra)
        megabytes, seconds, packages = installed(extra)
        print(f"{extra:10} {megabytes - alone:6.1f} {seconds:6.1f} {packages - 1:8d}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
