"""Property tests for derivatives: strategies for hypothesis, and ready tests for a person's own rows and functions.

    from autograd.testing import assert_gradients, assert_primitive, expressions, floats_in

    def test_cube():
        assert_primitive(cube)                              # every check that the table's own rows pass

    def test_my_loss():
        assert_gradients(my_loss, floats_in(), floats_in(Interval(low=0.0)))

    @given(expressions())
    def test_anything(f):                                   # a random graph; a failing one prints as a Python function
        ...

Needs the extra `testing`: pip install 'glassgrad[testing]'.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from typing import Any, Literal

from .errors import MissingExtraError

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingExtraError("autograd.testing needs hypothesis, from the extra testing: pip install 'glassgrad[testing]'") from error

from . import given as checked  # the other one is hypothesis's
from .checking.anywhere import Counted, ExtremesWarning, Function, Looked, climbed_anywhere, function_faults, numbers_in, refuse
from .checking.chance import SPECIAL, Entry, Recipe, common_points, random_operands, random_recipe
from .checking.functions import names_of_inputs
from .checking.judging import TOLERANCE
from .checking.places import everyday as numbers_people_meet
from .checking.places import is_everyday
from .checking.prove import primitives_given
from .numbers import as_float
from .primitive import PRIMITIVES, REALS, Interval, Primitive, function_of
from .program import TracingError, compile  # noqa: A004

__all__ = [
    "SPECIAL",
    "ExtremesWarning",
    "Recipe",
    "assert_gradients",
    "assert_primitive",
    "expressions",
    "floats_in",
    "networks",
    "operands",
    "over_primitives",
]


USUAL = 1e6
"""How large the floats of `floats_in` are, unless it is told."""


def floats_in(
    domain: Interval | float = REALS, high: float | None = None, *, around: Sequence[float] = (), size: float = USUAL
) -> st.SearchStrategy[float]:
    """Floats of a domain: everyday ones, special values, any others, and ones close to its ends and to the points `around`, such as kinks.

    domain  an Interval, or the lowest number, with the highest after it: floats_in(0, 1)
    size    leaves out what is larger; math.inf leaves out nothing
    """
    if high is not None:
        low = as_float(domain, "a number as the lowest", "floats_in")
        domain = Interval(low, as_float(high, "a number as the highest", "floats_in"), True, True)
    if not isinstance(domain, Interval):
        raise checked.wrong("floats_in", "an Interval as domain", domain)
    around = [as_float(x, "numbers as around", "floats_in") for x in checked.items(around, "a list of numbers as around", "floats_in")]
    size = math.inf if isinstance(size, float) and size == math.inf else as_float(size, "a number as size", "floats_in")
    low, high = max(domain.low, -size), min(domain.high, size)
    if low > high:
        raise ValueError(f"floats_in finds no float in {domain.describe('x') or 'the reals'} and at most {size:g} large")

    def inside(x: float) -> bool:
        return x in domain and abs(x) <= size

    points = [x for x in (*around, domain.low, domain.high) if abs(x) <= size]
    near = [x + sign * 2.0**-k for x in points for k in (52, 30, 20, 10, 4) for sign in (1.0, -1.0)]
    listed = list(dict.fromkeys(filter(inside, (*around, low, high, *near, *SPECIAL))))
    anywhere = st.floats(low, high, allow_nan=False).filter(inside)
    everyday = st.floats(max(low, -4.0), min(high, 4.0)).filter(inside) if max(low, -4.0) < min(high, 4.0) else anywhere
    usual = st.sampled_from(met) if (met := [x for x in numbers_people_meet(domain, around, 0.01) if inside(x)]) else everyday
    strategy = st.one_of(usual, everyday, st.sampled_from(listed), anywhere) if listed else st.one_of(usual, everyday, anywhere)
    strategy = strategy.filter(inside)  # an object of its own, since one_of may hand out an older one
    within = domain if size == USUAL else Interval(low, high, low in domain, high in domain)
    strategy.interval = within  # type: ignore[attr-defined]  # for assert_gradients
    return strategy


def operands(primitive: Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands at which a row has a value: special ones, ends of its domain, neighbours of kinks, ties of two."""
    row = _row(primitive, "operands")
    return _chance().map(lambda rng: random_operands(rng, row))


def expressions(primitives: Iterable[Primitive] | None = None, *, leaves: int = 3, most: int = 12) -> st.SearchStrategy[Recipe]:
    """Random computations over any set of rows, all of them unless said: shared and repeated operands, constants, dead branches.

    Each has up to `leaves` leaves to begin with and `most` operations, and a value at its own inputs. Call one with numbers or
    Values, or `record()` it as a graph; printed, it is a Python function.
    """
    rows = None if primitives is None else primitives_given(primitives, "expressions")
    leaves, most = checked.count(leaves, "leaves", "expressions", 1, 1000), checked.count(most, "most", "expressions", 0, 10_000)
    return _chance().map(lambda rng: random_recipe(rng, rows, leaves=leaves, most=most))


def networks(most: int = 3, activations: Sequence[str] = ("tanh", "sigmoid", "relu", "softplus", "sin")) -> st.SearchStrategy[Recipe]:
    """Random networks of up to two hidden layers, at most `most` wide, with one output: the leaves are inputs, weights and biases."""
    most = checked.count(most, "most", "networks", 1, 1000)
    known = [name for name, row in PRIMITIVES.items() if len(row.operands) == 1]
    names = [checked.choice(name, known, "each of activations") for name in checked.items(activations, "names as activations", "networks")]
    if not names:
        raise ValueError("networks needs at least one of activations, but got none")
    return _chance().map(lambda rng: _network(rng, most, names))


def _network(rng: random.Random, most: int, activations: Sequence[str]) -> Recipe:
    steps: list[Entry] = []

    def append(row: Primitive | None, *operands: int | float) -> int:
        steps.append((row, operands))
        return len(steps) - 1

    def leaf() -> int:
        return append(None, rng.uniform(-2.0, 2.0))

    add, multiply = PRIMITIVES["add"], PRIMITIVES["multiply"]
    layer = [leaf() for _ in range(rng.randint(1, most))]
    for width in [*(rng.randint(1, most) for _ in range(rng.randint(1, 2))), 1]:
        activation = PRIMITIVES[rng.choice(activations)]
        neurons = []
        for _ in range(width):
            total = leaf()  # the bias
            for x in layer:
                total = append(add, total, append(multiply, leaf(), x))
            neurons.append(append(activation, total))
        layer = neurons
    return Recipe(tuple(steps))


def _chance() -> st.SearchStrategy[random.Random]:
    return st.randoms(use_true_random=False)  # each number is drawn by hypothesis, so it shrinks


def assert_primitive(
    primitive: Any,
    reference: Callable[..., Any] | None = None,
    *,
    units: float | None = None,
    examples: int = 50,
    order: Literal[1, 2] = 2,
    extremes: bool = False,
) -> Counted:
    """Every check on one row, of the table or of your own; one AssertionError, with a line for each distinct fault, where it fails.

    At tens of thousands of everyday numbers (0, and from 1e-9 to 1e4 in size), each rule against plain differences, and against better
    ones where these disagree: a fault says at how many numbers the rule is wrong, and from where to where. At common points and at
    random ones: rules on floats and on Values bit for bit alike; differences of the function, and a declared kink where they find one;
    complex step where it is analytic; `formula` and `textbook`, computed in 50 digits; second derivatives through `gradient`; values
    within the declared `domain` and nowhere else. A `custom_gradient` that declares no domain or no kinks is asked for none. With a
    `reference`, a function of mpmath's numbers, function and local derivatives against that too. Last, the extremes: what is wrong only
    there is an `ExtremesWarning`, and so is a rule with an `if` in it, which cannot be compiled.

    Returns how often each check was done, with `notes`; a 0 says that a row's strings have no exact form.

    primitive  a row, or the function that `register` or `custom_gradient` made of it
    units      how many units in the last place a local derivative may be off at common points: unless given, 512 for a row of your
               own, and 4 for one of the table, beyond what `autograd.proof.LOSSES` lists for it
    examples   how many random points
    order      1 leaves out the second derivatives
    extremes   whether what is wrong only at extremes fails the test
    """
    row = _row(primitive, "assert_primitive")
    if reference is not None:
        checked.function(reference, "assert_primitive", "a function of mpmath's as reference")
    units = None if units is None else as_float(units, "a number as units", "assert_primitive")
    examples = checked.count(examples, "examples", "assert_primitive", 1, 10**6)
    checked.choice(order, (1, 2), "order")
    checked.flag(extremes, "extremes", "assert_primitive")
    count, found, distant = climbed_anywhere(row, reference, units=units, examples=examples, order=order)
    branch = "" if found else _branch(row)
    count.notes += [*distant, *([branch] if branch else [])]
    refuse(found, distant, [branch] if branch else [], extremes)
    return count


def _branch(row: Primitive) -> str:
    """What a program says of the row's rules, if it cannot be made because one of them looks at its numbers."""
    point = next(iter(common_points(row)), None)
    if point is None or not row.further or row.joins:
        return ""
    kept = [x for x, rule in zip(point, row.partials, strict=True) if rule is None]
    function = function_of(row)
    try:
        compile(lambda *numbers: function(*numbers, *kept))(*point[: len(point) - len(kept)])
    except TracingError as error:
        if "looks at a number" in str(error):
            return f"{row.name} cannot be compiled: {error}"
    except (ArithmeticError, ValueError):
        pass
    return ""


def _row(primitive: Any, asker: str) -> Primitive:
    row = getattr(primitive, "primitive", primitive)
    if not isinstance(row, Primitive):
        raise checked.wrong(asker, "a Primitive or its function", primitive)
    return row


def assert_gradients(
    f: Callable[..., Any],
    *strategies: st.SearchStrategy[Any],
    tolerance: float = TOLERANCE,
    step: float | None = None,
    examples: int = 100,
    order: Literal[1, 2] = 2,
    extremes: bool = False,
    **parameters: Any,
) -> Looked:
    """check_gradients on f at numbers that people meet, and at inputs drawn from the strategies, one for each operand.

    Where all strategies are `floats_in`, f is screened at up to tens of thousands of everyday numbers of their domains: its gradient
    against plain differences, and in full where these disagree. Numbers where f has no value are passed over. One AssertionError shows,
    for each guilty operation, the simplest inputs, where else it is wrong, the edge, and the table. What is wrong at extremes only is an
    `ExtremesWarning`.

    tolerance   the relative mistake that must be visible before a verdict is "agrees"
    step        the first step of the differences
    examples    how many inputs to draw
    order       1 leaves out the second derivatives, which are held against differences at a few simple points
    extremes    whether what is wrong only at extremes fails the test
    parameters  plain arguments of f, handed to it by name
    """
    checked.function(f, "assert_gradients")
    needs = "a strategy for each operand of the function, such as floats_in()"
    if not strategies:
        raise TypeError(f"assert_gradients needs {needs}")
    for strategy in strategies:
        if not isinstance(strategy, st.SearchStrategy):
            raise checked.wrong("assert_gradients", needs, strategy)
    examples = checked.count(examples, "examples", "assert_gradients", 1, 10**6)
    as_float(tolerance, "a number as tolerance", "assert_gradients")
    if step is not None:
        as_float(step, "a number as step", "assert_gradients")
    checked.choice(order, (1, 2), "order")
    checked.flag(extremes, "extremes", "assert_gradients")
    asked = wraps(f)(partial(f, **parameters)) if parameters else f
    intervals: list[Interval] = [strategy.interval for strategy in strategies if hasattr(strategy, "interval")]
    dense = len(intervals) == len(strategies)
    shapes: dict[tuple[str, ...], tuple[Function, list[tuple[float, ...]]]] = {}
    for inputs in _drawn(st.tuples(*strategies), examples):
        names = tuple(names_of_inputs(asked, inputs))
        if names not in shapes:
            within = intervals if dense else [REALS] * len(names)
            shapes[names] = Function(asked, inputs, within, tolerance=tolerance, step=step), []
        shapes[names][1].append(numbers_in(inputs))
    looked = Looked()
    found: list[str] = []
    for subject, points in shapes.values():
        usual = any(all(map(is_everyday, point, subject.intervals)) for point in points)
        if not usual:  # the strategies draw nothing else
            subject.intervals = tuple(Interval(-sys.float_info.max, sys.float_info.max) for _ in subject.names)
        faults, distant = function_faults(subject, points, dense=dense, order=order)
        found += faults
        looked.points, looked.nowhere = looked.points + subject.looked.points, looked.nowhere + subject.looked.nowhere
        looked.notes += distant
    refuse(list(dict.fromkeys(found)), looked.notes, [], extremes)
    return looked


def _drawn(strategy: st.SearchStrategy[Any], examples: int) -> list[Any]:
    """So many examples of a strategy, the same in every run."""
    found: list[Any] = []

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(example: Any) -> None:
        found.append(example)

    draw()
    return found


def over_primitives(argument: str = "primitive", *, only: Iterable[Primitive] | None = None) -> Any:
    """A pytest mark that runs a test once for every row, the ones you registered included, named after it.

    @over_primitives()
    def test_a_row(primitive): ...
    """
    try:
        import pytest
    except ImportError as error:
        raise MissingExtraError("over_primitives needs pytest, from the extra testing: pip install 'glassgrad[testing]'") from error

    checked.text(argument, "argument", "over_primitives")
    rows = [*PRIMITIVES.values()] if only is None else primitives_given(only, "over_primitives")
    return pytest.mark.parametrize(argument, rows, ids=[row.name for row in rows])
