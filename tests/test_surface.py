"""Whatever is put into the public surface by mistake, a person is told what to do about it.

    GLASSGRAD_SURFACE=1 pytest -n0 tests/test_surface.py             every bad value in every place, about 33,000 calls in three minutes
    GLASSGRAD_SURFACE=50000 pytest -n0 tests/test_surface.py         and so many random pairs of places beyond that

Without the variable, as in CI, it is a sample of them with a seed: some seconds.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import nn

from . import surface
from .surface import BAD, LONG, SKIPPED, Finding, attempt, calls, slots

SURFACE = int(os.environ.get("GLASSGRAD_SURFACE", "0"))
SAMPLE = 3000
"""Calls in CI."""
SLOW = ("autograd.testing.", "autograd.proof.", "nn.plots.", "nn.fit", "compile", "pack", "Packed", "nn.accuracy packed", "examples.")
"""In CI these have their turn one time in eight: a call of theirs takes tens of milliseconds."""
MODULES = ("autograd", "nn", "autograd.testing", "autograd.packing", "autograd.program", "autograd.stepping", "autograd.drawing")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own, to see what is written; and no warnings, for a sweep that diverges may warn."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_every_public_name_has_a_call() -> None:
    """A new name of an `__all__` needs a call in `surface.calls`, or a reason why it has none."""
    made = calls()
    missing = []
    for module in map(import_module, MODULES):
        for name in module.__all__:
            known = f"{module.__name__}.{name}"
            thing = getattr(module, name)
            is_error = isinstance(thing, type) and issubclass(thing, Exception)
            elsewhere = any(key.rpartition(".")[2] == name for key in made)
            if known not in made and known not in SKIPPED and not is_error and not elsewhere:
                missing.append(known)
    assert [] == missing


@pytest.mark.slow
def test_the_good_calls_are_good() -> None:
    for make in calls().values():
        made = make()
        made.use(made.function(*made.args, **made.options))


def _cases() -> list[tuple[str, dict[str | int, str]]]:
    """Every call with one bad value in each place."""
    found: list[tuple[str, dict[str | int, str]]] = []
    for called, make in calls().items():
        for slot in slots(make()):
            found += [(called, {slot: bad}) for bad in BAD if (called, slot) not in LONG]
    return found


def _pairs(count: int, draws: random.Random) -> Iterator[tuple[str, dict[str | int, str]]]:
    """Calls with bad values in two places at once."""
    places = {called: list(slots(make())) for called, make in calls().items()}
    several = [called for called, slots in places.items() if len(slots) > 1]
    for _ in range(count):
        called = draws.choice(several)
        chosen = [slot for slot in draws.sample(places[called], 2) if (called, slot) not in LONG]
        yield called, {slot: draws.choice(list(BAD)) for slot in chosen}


@pytest.mark.slow
def test_bad_values_are_answered_in_words() -> None:
    """A result, or an error of ours, a TypeError, a ValueError or a LookupError whose text names the argument or the function; nothing
    hangs, and nothing is written where nobody said."""
    draws = random.Random(1)
    cases = _cases()
    if not SURFACE:
        draws.shuffle(cases)
        quick = (case for case in cases if not case[0].startswith(SLOW) or draws.random() < 0.125)
        cases = [*itertools.islice(quick, SAMPLE)]
    made = calls()
    findings: list[Finding] = []
    for called, changes in itertools.chain(cases, _pairs(SURFACE, draws) if SURFACE > 1 else ()):
        if changes and (finding := attempt(called, made[called], changes)) is not None:
            findings.append(finding)
    assert [] == [*map(str, findings)]


# The judge itself.


@pytest.mark.parametrize(
    ("fault", "source"),
    [
        ("", "given('moons', 'a number as n')"),
        ("nameless", "given('somebody', 'a number')"),
        ("stops", "given('moons', 'a number, as n,')"),
        ("internal", "len(None)"),
        ("class", "1 // 0"),
        ("class", "[].n"),
        ("hangs", "forever"),
    ],
)
def test_the_judge_tells_bare_errors_from_others(fault: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python says by itself, what names nothing, and what never ends, each put into a function of the house."""

    def broken(*_: Any) -> Any:
        if source == "forever":
            while True:
                pass
        if source.startswith("given"):
            asker, what = re.findall("'([^']*)'", source)
            return nn.data.size("x", asker, what)
        return eval(source)

    monkeypatch.setattr(surface, "calls", lambda: {"nn.moons": lambda: surface.call(nn.moons, 10)})
    monkeypatch.setattr(nn.data, "number", broken)
    finding = attempt("nn.moons", surface.calls()["nn.moons"], {"noise": "3"}, limit=0.1)
    assert fault == (finding.fault if finding else "")
