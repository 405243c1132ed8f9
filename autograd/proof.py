"""Independent truth about the table and the sweeps: random graphs, exact numbers, a ladder of checks for a row, and mutants.

Every oracle here is written without the engine's rules. `exact_value` and `exact_partial` compute a row's `formula` and `textbook`
strings with mpmath, in as many digits as they need: what people read, held against what is computed. `climb` runs every check on
one row; `mutants` are rows with small mistakes, which `climb` must refuse; `prove` does all of it, and counts.
"""

from __future__ import annotations

import ast
import inspect
import math
import random
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from . import given, graph, reverse, value
from .check import check_graph, judge_partial
from .checking.chance import SPECIAL as SPECIAL
from .checking.chance import Recipe as Recipe
from .checking.chance import common_points as common_points
from .checking.chance import has_value as has_value
from .checking.chance import into as into
from .checking.chance import random_number as random_number
from .checking.chance import random_operands as random_operands
from .checking.chance import random_recipe as random_recipe
from .checking.chance import smooth_rows as smooth_rows
from .checking.exact import LOSSES as LOSSES
from .checking.exact import NO_VALUE as NO_VALUE
from .checking.exact import exact_partial as exact_partial
from .checking.exact import exact_value as exact_value
from .checking.exact import graph_ratio as graph_ratio
from .checking.exact import is_at_kink as is_at_kink
from .checking.exact import known_loss as known_loss
from .checking.exact import ulps as ulps
from .checking.ladder import ULPS as ULPS
from .checking.ladder import UNITS as UNITS
from .checking.ladder import _at, _evaluated, _rules
from .checking.ladder import allowed_units as allowed_units
from .checking.ladder import check_complex as check_complex
from .checking.ladder import check_differences as check_differences
from .checking.ladder import check_domain as check_domain
from .checking.ladder import check_exact as check_exact
from .checking.ladder import check_formula as check_formula
from .checking.ladder import check_jumps as check_jumps
from .checking.ladder import check_kinks as check_kinks
from .checking.ladder import check_reference as check_reference
from .checking.ladder import check_rules as check_rules
from .checking.ladder import check_second as check_second
from .checking.ladder import climb as climb
from .errors import AutogradError
from .graph import topological
from .primitive import PRIMITIVES, Primitive
from .typeset import table
from .value import Value

# ------------------------------------------------------------------------------------------------------------------------
# Mutants: mistakes made on purpose


def mutants(primitive: Primitive) -> Iterator[tuple[str, Primitive]]:
    """The row with each of its rules slightly wrong in turn, and what is wrong about it."""
    for position, rule in _rules(primitive):
        flat = not any(_evaluated(rule, primitive.kinds[float](*operands), *operands) for operands in common_points(primitive))
        # −0 is 0, so a rule that is 0 everywhere has no sign to flip.
        changes = [(0.0, 1e-6), (0.0, 1e-9)] if flat else [(1e-6, 0.0), (1e-9, 0.0), (-2.0, 0.0)]
        for factor, summand in changes:

            def wrong(z: Any, *operands: Any, rule: Any = rule, factor: float = factor, summand: float = summand) -> Any:
                return rule(z, *operands) * (1.0 + factor) + summand

            what = f"+ {summand:g}" if flat else "× −1" if factor < -1.0 else f"× (1 + {factor:g})"
            partials = tuple(wrong if i == position else other for i, other in enumerate(primitive.partials))
            columns = {name: column for name, column in vars(primitive).items() if name != "kinds"}
            yield f"∂{primitive.name}/∂{primitive.operands[position]} {what}", Primitive(**columns | {"partials": partials})


class _Mutation(ast.NodeTransformer):
    """One mistake in a sweep's source: at the `which`-th place where contributions add up, the last one stays alone or is dropped."""

    def __init__(self, which: int, drop: bool) -> None:
        self.which, self.drop, self.place, self.what = which, drop, -1, ""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """x += upstream * partial, as x = upstream * partial."""
        return self._mutated(node, [node.target], node.value) if "upstream" in ast.unparse(node.value) else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """cotangent = … plus(before, contribution), as cotangent = contribution."""
        calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call) and ast.unparse(part.func) in ("plus", "_plus")]
        return self._mutated(node, node.targets, calls[0].args[1]) if calls else node

    def _mutated(self, node: ast.stmt, targets: list[ast.expr], alone: ast.expr) -> ast.stmt:
        self.place += 1
        if self.place != self.which:
            return node
        mutant = ast.copy_location(ast.Pass() if self.drop else ast.Assign(targets, alone), node)
        self.what = f"{ast.unparse(mutant)} for {ast.unparse(node)}"
        return mutant


Sweep = Callable[[Value], Mapping[Value, float]]


def sweeps() -> Iterator[tuple[str, Sweep, bool]]:
    """The three sweeps, each as it is and with every mutation: what it is, output to gradients, and whether it is a mutant.

    The mutations are "=" for "+=", which forgets all paths but the last, and nothing at all, which drops an edge. Each stands in
    its room only while its sweep runs.
    """
    entries: tuple[tuple[Any, Sweep], ...] = ((value, _by_backward), (graph, _by_cotangents), (reverse, _by_gradient))
    for room, sweep in entries:
        name, found = sweep.__name__.removeprefix("_by_"), 0
        yield name, sweep, False
        for function in [
            f for f in vars(room).values() if inspect.isfunction(f) and f.__module__ == room.__name__ and "guilty" not in f.__name__
        ]:
            tree = "from __future__ import annotations\n" + textwrap.dedent(inspect.getsource(function))
            places = _Mutation(-1, False)
            places.visit(ast.parse(tree))
            for which in range(places.place + 1):
                for drop in (False, True):
                    mutation = _Mutation(which, drop)
                    mutant = ast.fix_missing_locations(mutation.visit(ast.parse(tree)))
                    names = dict(vars(room))
                    exec(compile(mutant, f"<mutant of {name}>", "exec"), names)
                    found += 1
                    yield f"{name}: {mutation.what}", _standing_in(room, names[function.__name__], sweep), True
        if found < 4:
            raise LookupError(f"{room.__name__} has no sweep to mutate: contributions add up at {found // 2} places")


def _standing_in(room: Any, mutant: Callable[..., Any], sweep: Sweep) -> Sweep:
    def run(output: Value) -> Mapping[Value, float]:
        original = getattr(room, mutant.__name__)
        setattr(room, mutant.__name__, mutant)
        try:
            return sweep(output)
        finally:
            setattr(room, mutant.__name__, original)

    return run


def _by_backward(output: Value) -> Mapping[Value, float]:
    order = topological(output)
    output.zero_grad()
    output.backward()
    return {node: node.grad for node in order}


def _by_cotangents(output: Value) -> Mapping[Value, float]:
    return graph.cotangents(output)


def _by_gradient(output: Value) -> Mapping[Value, float]:
    order = topological(output)
    return {node: result.data for node, result in zip(order, reverse.gradient(output, order), strict=True)}


def sweep_is_right(sweep: Callable[[Value], Mapping[Value, float]], seed: int = 0, count: int = 40) -> bool:
    """Whether a sweep gives the exact gradient, up to rounding, on so many random graphs."""
    rng = random.Random(seed)
    rows = smooth_rows()
    for _ in range(count):
        output = random_recipe(rng, rows).record()
        try:
            if graph_ratio(output, sweep(output)) > 1.0:
                return False
        except AutogradError:
            return False
    return True


def survivors(primitives: Iterable[Primitive], tick: Callable[[], object] = lambda: None) -> tuple[list[str], int]:
    """The mutants, of these rows and of the sweeps, that every check lets pass, and how many mutants there were."""
    alive, count = [], 0
    for primitive in primitives:
        for name, mutant in mutants(primitive):
            count += 1
            tick()
            try:
                climb(mutant)
            except AssertionError:
                continue
            alive.append(name)
    for name, sweep, is_mutant in sweeps():
        if is_mutant:
            count += 1
            tick()
            if sweep_is_right(sweep):
                alive.append(name)
    return alive, count


# ------------------------------------------------------------------------------------------------------------------------
# All of it, counted


@dataclass
class Line:
    """What was found about one row."""

    cases: int = 0
    worst: float = 0.0
    allowed: float = 0.0
    operand: str = ""
    point: str = ""


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
            if line.worst > ULPS and (name, line.operand) in LOSSES:
                why = LOSSES[name, line.operand][1]
                lines.append(f"{name}: off by {line.worst:.2f} where {line.allowed:.2f} are allowed, since {why}.")
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
    rules = sum(len(list(_rules(row))) for row in rows)
    each = max(cases // 2 // rules, 1)
    for row in rows:
        line = proof.rows[row.name] = Line()
        for operands in islice(_endless(rng, row), each):
            _prove_point(row, operands, line, proof)
            tick(len(list(_rules(row))))
    while proof.derivatives < cases // 2:
        recipe = random_recipe(rng, rows)
        output = recipe.record()
        report = check_graph(output)
        proof.graphs += 1
        verdicts = [check.verdict for check in (*report.nodes, *report.edges)]
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
    for position, rule in _rules(row):
        line.cases += 1
        got = _evaluated(rule, z, *operands)
        if got is None or kink:
            continue
        judgement = judge_partial(row, operands, position, got)
        what = f"∂{row.name}/∂{row.operands[position]} at {_at(row, operands)} is {got!r}"
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
            line.worst, line.allowed, line.operand, line.point = error, ULPS + loss, row.operands[position], _at(row, operands)
        if error > allowed_units(row) + loss:
            proof.alarms.append(f"{what}, but exactly {float(exact)!r}: off by {error:.3g} units in the last place")


def _is_normal(x: float) -> bool:
    return x == 0.0 or abs(x) >= sys.float_info.min
