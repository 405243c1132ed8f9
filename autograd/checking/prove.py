"""Everything at once: all rows at random operands and in random graphs, and all mutants, counted."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .. import given
from ..primitive import PRIMITIVES, Primitive
from ..typeset import table
from .chance import common_points, random_operands, random_recipe
from .exact import exact_partial, graph_ratio, known_loss, ulps
from .graphs import check_graph
from .judging import is_at_kink, judge_partial
from .ladder import ULPS, allowed_units, evaluated, rules_of, spelled, spelled_partial
from .mutants import survivors


@dataclass
class Line:
    """What was found about one row."""

    cases: int = 0
    worst: float = 0.0
    allowed: float = 0.0
    operand: str = ""
    point: str = ""
    why: str = ""


@dataclass
class Proof:
    """What `prove` found; printed, a table."""

    seed: int
    rows: dict[str, Line] = field(default_factory=dict)
    graphs: int = 0
    derivatives: int = 0
    agreeing: int = 0
    ratio: float = 0.0
    alarms: list[str] = field(default_factory=list)
    mutants: int = 0
    survivors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def cases(self) -> int:
        """Local derivatives checked by themselves, and derivatives checked within graphs."""
        return sum(line.cases for line in self.rows.values()) + self.derivatives

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong and every mutant was killed."""
        return not self.alarms and not self.survivors and self.ratio <= 1.0

    def __str__(self) -> str:
        columns: list[list[str]] = [
            ["row", *self.rows],
            ["cases", *(f"{line.cases:,}" for line in self.rows.values())],
            ["worst ulp", *(f"{line.worst:.2f}" for line in self.rows.values())],
            ["of", *(f"∂/∂{line.operand}" if line.operand else "" for line in self.rows.values())],
            ["at", *(line.point for line in self.rows.values())],
        ]
        lines = [
            table(*columns, right=(1, 2)),
            "",
            *self.exceptions(),
            f"{self.cases:,} cases in {self.seconds:.1f} s ({self.cases / max(self.seconds, 1e-9):,.0f} a second), seed {self.seed}.",
            f"{self.graphs:,} random graphs with {self.derivatives:,} derivatives, off by {self.ratio:.3f} of the rounding bound at most;"
            f" differences agree with {self.agreeing / max(self.derivatives, 1):.1%} and cannot tell of the others.",
            f"{self.mutants - len(self.survivors)} of {self.mutants} mutants killed.",
            *(f"survived: {name}" for name in self.survivors),
            *(f"wrong: {alarm}" for alarm in self.alarms[:20]),
            *([f"… and {len(self.alarms) - 20} more"] if len(self.alarms) > 20 else []),
        ]
        return "\n".join(lines)

    def exceptions(self) -> list[str]:
        """The rows that were off by more than `ULPS` units, each with what it may be off by there, and why; one line each."""
        lines = []
        for name, line in self.rows.items():
            if line.worst > ULPS and line.why:
                lines.append(f"{name}: off by {line.worst:.2f} where {line.allowed:.2f} are allowed, since {line.why}.")
        return [f"More than {ULPS:g} units in the last place, for a known reason:", *lines, ""] if lines else []


def primitives_given(rows: Any, asker: str) -> list[Primitive]:
    """Several rows, at least one, or a TypeError."""
    found = []
    for row in given.items(rows, "a list of primitives", asker):
        if not isinstance(row, Primitive):
            raise given.wrong(asker, "primitives", row)
        found.append(row)
    if not found:
        raise ValueError(f"{asker} needs at least one primitive, but got none")
    return found


def prove(
    cases: int = 100_000, seed: int = 0, *, primitives: Iterable[Primitive] | None = None, tick: Callable[[int], object] = lambda n: None
) -> Proof:
    """About so many cases: half of them local derivatives at random operands, half derivatives in random graphs; and all mutants.

    A case is one derivative held against exact numbers and against differences. `tick(n)` is told of n more cases.
    Units in the last place are measured where operands, result and derivative are normal floats: subnormal ones have fewer digits.
    """
    start = time.perf_counter()
    cases, seed = given.count(cases, "cases", "prove", 1), given.count(seed, "seed", "prove")
    rows = [*PRIMITIVES.values()] if primitives is None else primitives_given(primitives, "prove")
    given.function(tick, "prove", "a function as tick")
    rng = random.Random(seed)
    proof = Proof(seed)
    rules = sum(len(list(rules_of(row))) for row in rows)
    each = max(cases // 2 // rules, 1)
    for row in rows:
        line = proof.rows[row.name] = Line()
        for operands in islice(_endless(rng, row), each):
            _prove_point(row, operands, line, proof)
            tick(len(list(rules_of(row))))
    while proof.derivatives < cases // 2:
        recipe = random_recipe(rng, rows)
        output = recipe.record()
        report = check_graph(output)
        proof.graphs += 1
        verdicts = [finding.verdict for finding in (*report.nodes, *report.edges)]
        proof.derivatives += len(verdicts)
        proof.agreeing += verdicts.count("agrees")
        tick(len(verdicts))
        if report.mistakes:
            proof.alarms.append(f"{report.guilty[0]} in\n{recipe!r}")
        ratio = graph_ratio(output)
        proof.ratio = max(proof.ratio, ratio)
        if ratio > 1.0:
            proof.alarms.append(f"a gradient is {ratio:.3g} rounding bounds off in\n{recipe!r}")
    proof.survivors, proof.mutants = survivors(rows)
    proof.seconds = time.perf_counter() - start
    return proof


def _endless(rng: random.Random, row: Primitive) -> Iterator[tuple[float, ...]]:
    yield from common_points(row)
    while True:
        yield random_operands(rng, row)


def _prove_point(row: Primitive, operands: tuple[float, ...], line: Line, proof: Proof) -> None:
    z = row.kinds[float](*operands)
    kink = is_at_kink(row, operands)
    for position, rule in rules_of(row):
        line.cases += 1
        got = evaluated(rule, z, *operands)
        if got is None or kink:
            continue
        judgement = judge_partial(row, operands, position, got)
        what = f"{spelled_partial(row, position, operands)} is {got!r}"
        if judgement.verdict == "differs":
            proof.alarms.append(f"{what}, but differences say {judgement.numeric!r} ± {judgement.bound:.1g}")
        if not all(map(_is_normal, (*operands, z, got))):
            continue
        try:
            exact = exact_partial(row, position, operands)
        except LookupError:
            continue
        if exact is None or not _is_normal(float(exact)):
            continue
        error, loss = ulps(got, exact), known_loss(row, position, z, operands) / math.ulp(float(exact))
        if error > line.worst and loss < math.inf:
            line.worst, line.allowed, line.operand, line.point = error, ULPS + loss, row.operands[position], spelled(row, operands)
            line.why = row.loss[line.operand][1] if line.operand in row.loss else ""
        if error > allowed_units(row) + loss:
            proof.alarms.append(f"{what}, but exactly {float(exact)!r}: off by {error:.3g} units in the last place")


def _is_normal(x: float) -> bool:
    return x == 0.0 or abs(x) >= sys.float_info.min
