"""Settings for all tests."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from autograd import MissingExtraError

# So that assertions hold in what tests share, too, and under python -O.
SHARED = [file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith(("test_", "_", "conftest"))]
pytest.register_assert_rewrite(*(f"{__package__}.{name}" for name in SHARED))

settings.register_profile("quick", max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

EXTRAS = {
    "draw": ("graphviz", "pygraphviz"),
    "pack": ("numpy", "threadpoolctl"),
    "plots": ("matplotlib",),
    "data": ("sklearn",),
    "train": ("tqdm",),
}
ABSENT = {extra for extra, packages in EXTRAS.items() if not all(map(importlib.util.find_spec, packages))}
"""The extras that are not installed, or not whole."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """A test that comes upon an absent extra is skipped, for the reason that a person would be told. None is where all are installed."""
    try:
        return (yield)
    except MissingExtraError as error:
        needed = re.search(r"glassgrad\[(\w+)\]", str(error))
        if needed and needed[1] in ABSENT:
            pytest.skip(str(error))
        raise
