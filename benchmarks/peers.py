"""An environment of its own for each peer: their import names clash with ours and with one another's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from .contenders import Contender

ROOT = Path(__file__).parent / ".peers"


class PeerError(Exception):
    """A peer that cannot be installed."""


def environment() -> dict[str, str]:
    """The environment variables without those that change Python's ways: no bytecode, other paths, other flags.

    Libraries of matrix products get as many threads as OMP_NUM_THREADS says, or as there are cores, all of them the same number.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return own | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads()))


def threads() -> int:
    """How many threads a contender may compute in."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) else len(cores())


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def interpreter(contender: Contender) -> str:
    """The Python that runs the contender: this one, unless the contender is installed."""
    if not contender.requires:
        return sys.executable
    return str(ROOT / contender.name / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def set_up(contender: Contender) -> bool:
    """Make the contender's environment unless it is there already, for this Python; true if anything had to be done.

    PeerError: the packages could not be installed.
    """
    folder = ROOT / contender.name
    wanted = json.dumps({"python": sys.version, "packages": contender.requires})
    receipt = folder / "installed.json"  # written last, so that what was interrupted is made anew
    if not contender.requires or (receipt.is_file() and receipt.read_text() == wanted):
        return False
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(f"could not make an environment in {folder}: {error}\nLeave the peers out with --no-peers.") from error
    pip = [interpreter(contender), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *contender.requires]
    done = subprocess.run(pip, env=environment(), capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip() or "pip said nothing").splitlines()[-1]
        raise PeerError(f"could not install {' '.join(contender.requires)}: {reason}\nLeave the peers out with --no-peers.")
    receipt.write_text(wanted)
    return True
