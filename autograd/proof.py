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
import struct
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from typing import Any

from . import given, graph, ops, reverse, value
from .check import check_graph, complex_step, corner, judge_partial, judge_second, kink_distance
from .checking.chance import _COMMON
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
from .checking.exact import _bits, _mp, _or_none
from .checking.exact import exact_partial as exact_partial
from .checking.exact import exact_value as exact_value
from .checking.exact import graph_ratio as graph_ratio
from .checking.exact import is_at_kink as is_at_kink
from .checking.exact import known_loss as known_loss
from .checking.exact import ulps as ulps
from .errors import AutogradError, DivisionByZeroError, DomainError
from .graph import topological
from .primitive import PRIMITIVES, Primitive
from .typeset import table
from .value import Value

# ------------------------------------------------------------------------------------------------------------------------
# The ladder: every check on one row. Each rung raises an AssertionError in one line.


def _at(primitive: Primitive, operands: Sequence[float]) -> str:
    return ", ".join(f"{name}={x!r}" for name, x in zip(primitive.operands, operands, strict=True))


def _number(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def _evaluated(rule: Callable[..., Any], *operands: Any) -> float | None:
    try:
        result = _number(rule(*operands))
    except NO_VALUE:
        return None
    return result if math.isfinite(result) else None


def _rules(primitive: Primitive) -> Iterator[tuple[int, Callable[..., Any]]]:
    return ((position, rule) for position, rule in enumerate(primitive.partials) if rule is not None)


def check_rules(primitive: Primitive, operands: Sequence[float]) -> None:
    """A rule means the same on floats and on Values, bit for bit, and is what a node records."""
    z = primitive.kinds[float](*operands)
    for mask in range(1, 2 ** len(operands)):
        mixture: list[Any] = [Value(x) if mask >> i & 1 else x for i, x in enumerate(operands)]
        if any(isinstance(x, Value) and rule is None for x, rule in zip(mixture, primitive.partials, strict=True)):
            continue
        node: Value = primitive.kinds[Value](*mixture)
        stored = dict(zip([i for i, x in enumerate(mixture) if isinstance(x, Value)], node.partials, strict=True))
        for position, rule in _rules(primitive):
            on_floats, on_values = _evaluated(rule, z, *operands), _evaluated(rule, node, *mixture)
            what = f"∂{primitive.name}/∂{primitive.operands[position]} at {_at(primitive, operands)}"
            if (on_floats is None) != (on_values is None) or (on_floats is not None and _apart(on_floats, on_values)):
                raise AssertionError(f"{what}: the rule gives {on_floats!r} on floats, but {on_values!r} on Values")
            if position in stored:
                recorded = stored[position] if math.isfinite(stored[position]) else None
                if (recorded is None) != (on_floats is None) or (recorded is not None and _apart(recorded, on_floats)):
                    raise AssertionError(f"{what}: the node recorded {stored[position]!r}, but the rule gives {on_floats!r}")


def _apart(x: float, y: float | None) -> bool:
    return y is None or struct.pack("<d", x) != struct.pack("<d", y)


def check_differences(primitive: Primitive, operands: Sequence[float]) -> str:
    """Each local derivative agrees with differences of the forward function. Returns the verdicts met."""
    z = primitive.kinds[float](*operands)
    met = []
    for position, rule in _rules(primitive):
        partial = _evaluated(rule, z, *operands)
        if partial is None:
            continue
        judgement = judge_partial(primitive, operands, position, partial)
        met.append(judgement.verdict)
        if judgement.verdict == "differs":
            raise AssertionError(
                f"∂{primitive.name}/∂{primitive.operands[position]} at {_at(primitive, operands)}: the rule gives {partial!r},"
                f" but differences of the function give {judgement.numeric!r} ± {judgement.bound:.1g}"
            )
    return ", ".join(met)


def check_kinks(primitive: Primitive, operands: Sequence[float]) -> None:
    """Where the function has a corner or a jump, one of the row's kink expressions vanishes."""
    if is_at_kink(primitive, operands):
        return
    for position, x in enumerate(operands):

        def along(t: float, position: int = position) -> float:
            return float(primitive.kinds[float](*[t if i == position else other for i, other in enumerate(operands)]))

        slopes = corner(along, x, max(abs(x), 1.0) * 2.0**-10, 4.0 * math.ulp(primitive.kinds[float](*operands)))
        if slopes is not None:
            at = f"{_at(primitive, operands)}: slope {slopes[0]:g} on the left, {slopes[1]:g} on the right"
            raise AssertionError(f"{primitive.name} has a kink that it does not declare, at {at}")


def check_jumps(primitive: Primitive) -> int:
    """Where the function or a rule jumps, between any two common numbers, a kink is declared. Returns how many ways were searched.

    Halving a way again and again, always to the half with the greater change, ends at a jump if there is one.
    """
    modest = [into(0.5, interval) for interval in primitive.domain]
    searched = 0
    for by, interval in enumerate(primitive.domain):
        numbers = sorted({x for x in _COMMON if x in interval})

        def at(x: float, by: int = by) -> list[float]:
            return [x if i == by else other for i, other in enumerate(modest)]

        def value(x: float) -> float | None:
            return _evaluated(primitive.kinds[float], *at(x))

        def slope(x: float, rule: Callable[..., Any]) -> float | None:
            z = value(x)
            return None if z is None else _evaluated(rule, z, *at(x))

        functions: list[Callable[[float], float | None]] = [value, *(partial(slope, rule=rule) for _, rule in _rules(primitive))]
        for f in functions:
            for low, high in pairwise(numbers):
                searched += 1
                ends = _greatest_change(f, low, high)
                if ends is not None and kink_distance(primitive, at(ends[0]), at(ends[1])) > 1.0:
                    what = "jumps" if f is value else "has a rule that jumps"
                    raise AssertionError(f"{primitive.name} {what}, and declares no kink there: at {_at(primitive, at(ends[1]))}")
    return searched


def _greatest_change(f: Callable[[float], float | None], low: float, high: float) -> tuple[float, float] | None:
    """Neighbouring floats between which f jumps by more than a millionth; None where none were found, or f is no modest number."""
    while True:
        middle = low + (high - low) / 2.0
        first, last = f(low), f(high)
        if (
            first is None
            or last is None
            or abs(last - first) <= 1e-6 * max(abs(first), abs(last), 1e-3)
            or max(abs(first), abs(last)) > 1e6
        ):
            return None
        if not low < middle < high:
            return low, high
        between = f(middle)
        if between is None:
            return None
        low, high = (low, middle) if abs(between - first) > abs(last - between) else (middle, high)


def check_complex(primitive: Primitive, operands: Sequence[float], tolerance: float = 1e-10) -> bool:
    """Each local derivative agrees with a complex step. False where the function has no complex form."""
    if is_at_kink(primitive, operands) or primitive.name == "stop_gradient":
        return True
    z = primitive.kinds[float](*operands)
    for position, rule in _rules(primitive):
        partial = _evaluated(rule, z, *operands)
        if partial is None:
            continue

        def along(x: Any, position: int = position) -> Any:
            point: list[Any] = [x if i == position else other for i, other in enumerate(operands)]
            return primitive.kinds[type(x)](*point)

        try:
            slope = complex_step(along, operands[position])
        except TypeError:
            return False
        except NO_VALUE:
            continue
        if math.isfinite(slope) and abs(slope - partial) > tolerance * max(abs(slope), abs(partial)) + 1e-300:
            raise AssertionError(
                f"∂{primitive.name}/∂{primitive.operands[position]} at {_at(primitive, operands)}: the rule gives {partial!r},"
                f" but a complex step gives {slope!r}"
            )
    return True


def check_domain(primitive: Primitive) -> int:
    """The function has a value within its declared intervals, up to their ends, and none outside. Returns how many points were tried.

    Where the operands have a `condition` as well, in words, only the second is tried.
    """
    modest = [into(0.5, interval) for interval in primitive.domain]
    tried = 0
    for position, interval in enumerate(primitive.domain):
        ends = [end for end in (interval.low, interval.high) if math.isfinite(end)]
        near = [end + sign * max(abs(end), 1.0) * step for end in ends for sign in (1.0, -1.0) for step in (2.0**-52, 0.01, 1.0)]
        for x in dict.fromkeys([*ends, *near, *_COMMON]):
            point = [x if i == position else other for i, other in enumerate(modest)]
            try:
                primitive.kinds[float](*point)
            except (DomainError, DivisionByZeroError) as error:
                if x in interval and not primitive.condition:
                    declared = primitive.domain_text or "all numbers"
                    raise AssertionError(
                        f"{primitive.name} declares {declared} as its domain, but at {_at(primitive, point)}: {error}"
                    ) from None
            except NO_VALUE:
                pass
            else:
                if x not in interval:
                    raise AssertionError(
                        f"{primitive.name} has a value at {_at(primitive, point)}, outside of its declared domain {primitive.domain_text}"
                    )
            tried += 1
    return tried


def check_formula(primitive: Primitive, operands: Sequence[float]) -> None:
    """The function is what `formula` says exactly, up to rounding."""
    z, exact = primitive.kinds[float](*operands), exact_value(primitive, operands)
    if exact is not None and not math.isclose(z, float(exact), rel_tol=1e-11, abs_tol=1e-15):
        raise AssertionError(
            f"{primitive.name} at {_at(primitive, operands)} is {z!r}, but its formula {primitive.formula!r} is {float(exact)!r}"
        )


def check_exact(primitive: Primitive, operands: Sequence[float], units: float) -> float:
    """Local derivatives are within so many units in the last place (and a `known_loss`) of what `textbook` says exactly.

    Returns the worst error.
    """
    z = primitive.kinds[float](*operands)
    worst = 0.0
    if is_at_kink(primitive, operands):
        return worst
    for position, rule in _rules(primitive):
        exact = exact_partial(primitive, position, operands)
        if exact is None:
            continue
        got = _evaluated(rule, z, *operands)
        error = ulps(math.nan if got is None else got, exact)
        if math.isinf(float(exact)) and got is None:
            continue
        worst = max(worst, error)
        if error > units + known_loss(primitive, position, z, operands) / math.ulp(float(exact)):
            what = f"∂{primitive.name}/∂{primitive.operands[position]} at {_at(primitive, operands)}: the rule gives {got!r}"
            textbook = f"its textbook form {primitive.textbook[position]!r} is {float(exact)!r}"
            raise AssertionError(f"{what}, but {textbook}: off by {error:.2g} units in the last place, where {units:g} are allowed")
    return worst


def check_second(primitive: Primitive, operands: Sequence[float]) -> None:
    """The derivative of each rule, by `gradient`, agrees with differences of the rule on floats."""
    if is_at_kink(primitive, operands):
        return
    places = [position for position, _ in _rules(primitive)]
    for position in places:
        for by in places:
            found = judge_second(primitive, operands, position, by)
            if found is not None and found[1].verdict == "differs":
                second, judgement = found
                x, y = primitive.operands[position], primitive.operands[by]
                raise AssertionError(
                    f"∂²{primitive.name}/∂{x}∂{y} at {_at(primitive, operands)}: gradient of gradient gives {second!r},"
                    f" but differences of the rule for {x} give {judgement.numeric!r} ± {judgement.bound:.1g}"
                )


def check_reference(primitive: Primitive, operands: Sequence[float], reference: Callable[..., Any], units: float) -> None:
    """Function and local derivatives agree with a function of mpmath's numbers, which mpmath differentiates."""
    if is_at_kink(primitive, operands):
        return
    mp = _mp()
    z = primitive.kinds[float](*operands)
    with mp.workprec(_bits(operands)):
        point = tuple(mp.mpf(x) for x in operands)
        exact = _or_none(lambda: reference(*point))
        if exact is not None and not math.isclose(z, float(exact), rel_tol=1e-7, abs_tol=1e-300):
            raise AssertionError(f"{primitive.name} at {_at(primitive, operands)} is {z!r}, but the reference gives {float(exact)!r}")
        for position, rule in _rules(primitive) if primitive.name != "stop_gradient" else ():
            if not all(has_value(primitive, [x + h * (i == position) for i, x in enumerate(operands)]) for h in (2.0**-20, -(2.0**-20))):
                continue  # at an end of the domain
            got = _evaluated(rule, z, *operands)
            orders = tuple(int(i == position) for i in range(len(operands)))
            exact = _or_none(lambda orders=orders: mp.diff(reference, point, orders) if len(point) > 1 else mp.diff(reference, point[0]))  # type: ignore[misc]
            if got is None or exact is None or not isinstance(exact, mp.mpf):
                continue
            if ulps(got, exact) > units and abs(exact - got) > 1e-30:
                raise AssertionError(
                    f"∂{primitive.name}/∂{primitive.operands[position]} at {_at(primitive, operands)}: the rule gives {got!r},"
                    f" but the reference gives {float(exact)!r}: off by {ulps(got, exact):.2g} units in the last place"
                )


ULPS = 4.0
"""Units in the last place that a local derivative of the table's own rows may be off, beyond its `known_loss`."""
UNITS = 512.0
"""Units in the last place that any other row may be off at common points before `climb` refuses it: 1e-13."""


def allowed_units(primitive: Primitive) -> float:
    """`ULPS` for the table's own rows, `UNITS` for any other."""
    return ULPS if getattr(vars(ops).get(primitive.name), "primitive", None) is primitive else UNITS


def climb(
    primitive: Primitive,
    reference: Callable[..., Any] | None = None,
    *,
    units: float | None = None,
    points: Sequence[tuple[float, ...]] = (),
) -> dict[str, int]:
    """Every rung of the ladder at common points and at `points`; an AssertionError in one line at the first fault.

    Returns how often each rung was climbed; the rungs that need exact forms are left out where the row's strings have none.
    """
    units = allowed_units(primitive) if units is None else units
    common = common_points(primitive)
    rungs = "domain", "rules", "differences", "complex step", "formula", "textbook", "second derivatives", "reference"
    count = dict.fromkeys(rungs, 0)
    if not common and not points:
        raise ValueError(f"no points were found at which {primitive.name} has a value")
    count["domain"] = check_domain(primitive)
    strings: dict[str, Callable[[tuple[float, ...]], object]] = {"formula": lambda point: check_formula(primitive, point)}
    if _has_textbook(primitive):
        strings["textbook"] = lambda point: check_exact(primitive, point, units)
    agreed = 0
    for operands in (*common, *points):
        modest = max(map(abs, operands)) <= 50.0
        check_rules(primitive, operands)
        count["rules"] += 1
        for rung, look in list(strings.items()) if modest else ():
            try:
                look(operands)
                count[rung] += 1
            except LookupError:
                del strings[rung]
        check_kinks(primitive, operands)
        agreed += "agrees" in check_differences(primitive, operands)
        count["differences"] += 1
        if all(1e-6 < abs(x) < 50.0 for x in operands):  # where complex arithmetic is exact enough, and no power branches
            count["complex step"] += check_complex(primitive, operands)
        if reference is not None and modest:
            check_reference(primitive, operands, reference, units)
            count["reference"] += 1
    check_jumps(primitive)
    if not agreed:
        raise AssertionError(f"{primitive.name}: at none of {count['differences']} points could differences say anything")
    for operands in common[:: max(len(common) // 20, 1)]:
        check_second(primitive, operands)
        count["second derivatives"] += 1
    return count


def _has_textbook(primitive: Primitive) -> bool:
    return all(text for text, rule in zip(primitive.textbook, primitive.partials, strict=True) if rule is not None)


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
