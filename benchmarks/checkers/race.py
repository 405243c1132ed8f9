"""The table of `python -m benchmarks checkers`: catches, alarms, time, and the smallest mistake that is seen."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .. import peers
from ..contenders import ARRAYS, Contender
from ..report import Figure, Section, seconds
from ..worker import REPOSITORY
from . import intervals, others, ours, right, wrong

if TYPE_CHECKING:
    from ..measures import Settings

HIPS = Contender("hips", "HIPS autograd 1.8.0", lambda: None, ("autograd==1.8.0", "numpy"))
TITLES = {
    "plain": "plain differences, by hand",
    "torch": "gradcheck and gradgradcheck",
    "jax": "check_grads, order 2",
    "hips": "check_grads, order 2",
}


class Verdict(NamedTuple):
    """What a checker said of a case: of which set, with which rules, at how many points (0 as it comes)."""

    where: str
    which: str
    count: int
    alarmed: bool
    seconds: float


def of_ours(call: str, *, quick: bool) -> list[Verdict]:
    """What a call of ours says of all cases; of every third where it must be quick."""
    found = []
    for where, cases in (("wrong", wrong.CASES), ("right", right.CASES), ("intervals", intervals.CASES)):
        if where == "intervals" and call == "check_gradients":
            continue
        for _, which, said in ours.asked(call, cases[:: 3 if quick else 1]):
            found.append(Verdict(where, which, 3 if call == "check_gradients" else 0, said.alarmed, said.seconds))
    return found


def of_others(name: str, interpreter: str, counts: Iterable[int]) -> tuple[list[Verdict], float]:
    """What another checker says, in a process of its own, and the smallest mistake it sees."""
    program = (
        f"import sys; sys.path.append({str(REPOSITORY)!r}); from benchmarks.checkers.others import main; main({name!r}, {tuple(counts)!r})"
    )
    done = subprocess.run([interpreter, "-P", "-c", program], env=peers.environment(), capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    found = [Verdict(line[0], line[2], int(line[3]), line[4] == "1", float(line[5])) for line in lines if line[0] != "mistake"]
    return found, float(lines[-1][5])


def row(title: str, found: list[Verdict], seen: float) -> list[str]:
    """A line of the table."""

    def share(where: str, which: str) -> str:
        asked = [verdict for verdict in found if (verdict.where, verdict.which) == (where, which)]
        return f"{sum(verdict.alarmed for verdict in asked)} of {len(asked)}" if asked else "–"

    columns = [share("wrong", "wrong"), share("wrong", "right"), share("right", "right"), share("intervals", "wrong")]
    return [title, *columns, seconds(statistics.median(verdict.seconds for verdict in found)), f"{seen:.0e}"]


def checkers(settings: Settings) -> Section:
    """The race. Peers that are not installed are left out, and named."""
    section = Section(
        "checkers",
        f"{len(wrong.CASES)} wrong rules from bug reports with their right twins, {len(right.CASES)} further right ones, and"
        f" {len(intervals.CASES)} slopes twice too large in one interval",
        ["checker", "wrong caught", "right twin alarmed", "other right alarmed", "intervals found", "median time", "smallest mistake"],
    )
    for call in ours.CALLS:
        settings.progress(call)
        found = of_ours(call, quick=settings.quick)
        seen = others.smallest(lambda case, rules, call=call: ours.ask(call, case, rules).alarmed)  # type: ignore[misc]
        section.rows.append(row(f"{call}, as it comes" if call != "check_gradients" else f"{call} at 3 points", found, seen))
        if call != "check_gradients":
            caught = [verdict.alarmed for verdict in found if verdict.which == "wrong"]
            alarms = [verdict.alarmed for verdict in found if verdict.which == "right"]
            wanted = "all wrong rules caught, no alarm on a right one"
            measured = f"{sum(caught)} of {len(caught)} caught, {sum(alarms)} of {len(alarms)} alarmed"
            section.figures.append(Figure(call, wanted, measured, all(caught) and not any(alarms)))
    counts = (3,) if settings.quick else (3, 100)
    for name, contender in (("plain", None), ("torch", ARRAYS["torch"]), ("jax", ARRAYS["jax"]), ("hips", HIPS)):
        if contender is not None and not settings.peers:
            continue
        settings.progress(name)
        try:
            if contender is not None:
                peers.set_up(contender)
        except peers.PeerError as error:
            section.notes.append(f"without {name}: {str(error).splitlines()[0]}")
            continue
        asked = (3,) if name == "jax" else counts  # half a minute for a hundred points of one case
        found, seen = of_others(name, sys.executable if contender is None else peers.interpreter(contender), asked)
        for count in asked:
            mine = [verdict for verdict in found if verdict.count == count]
            section.rows.append(row(f"{name}: {TITLES[name]}, {count} points", mine, seen))
    section.notes.append(
        "Second derivatives are asked for too, except by hand. JAX is asked at three points only: a hundred take it minutes a case."
    )
    return section
