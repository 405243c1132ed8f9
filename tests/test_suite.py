"""The tests themselves: they have the same names in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def collected(seed: str) -> list[str]:
    """The names of all tests in their order, as a fresh interpreter with this seed of hashes finds them."""
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--assert=plain", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, encoding="utf-8", check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_names_of_tests_are_the_same_in_every_process() -> None:
    """No address, no order of a set and no time of day is in a name: processes that share the tests among them have to agree.

    The second collection begins some seconds after the first, with other hashes and at other addresses.
    """
    first, second = collected("1"), collected("2")
    assert len(first) > 1000
    assert len(first) == len(set(first))
    assert first == second
