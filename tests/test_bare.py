"""The engine, its command line and everything that looks at its names, with no package but our own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def bare(*arguments: str) -> str:
    """What a fresh interpreter without site-packages prints; anything on stderr fails."""
    command = [sys.executable, "-S", "-W", "error", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_every_name_can_be_had_without_an_extra_and_says_what_it_needs_when_called() -> None:
    """`import *`, help, inspect and dir() find all names; the command line prints the table and the numbers of an example."""
    printed = bare(str(ROOT / "tests" / "bare.py"))
    assert "tanh" in printed
    assert "price       220         1\n" in printed


def test_a_name_with_its_extra_is_no_stand_in() -> None:
    """What stood for a missing name is not kept: after an installation in the same process, the name is there."""
    program = (
        "import sys, types, autograd\n"
        "before = autograd.Picture\n"
        "sys.modules['autograd.drawing.picture'] = types.SimpleNamespace(Picture='the real one')\n"
        "print(before.__name__, autograd.Picture)"
    )
    assert "Picture the real one\n" == bare("-c", program)


def test_a_fault_of_our_own_is_no_missing_extra() -> None:
    """A room that fails to import one of ours says so."""
    program = (
        "import sys, autograd\n"
        "sys.modules['autograd.drawing.view'] = None\n"
        "try: autograd.draw_modes\n"
        "except ImportError as error: print(type(error).__name__, error.name)"
    )
    assert "ModuleNotFoundError autograd.drawing.view\n" == bare("-c", program)
