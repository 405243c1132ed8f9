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
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import AutogradError, LostGradientError, MissingExtraError

try:
    from hypothesis import HealthCheck, given, reject, settings
    from hypothesis import strategies as st
except ImportError as error:
    raise MissingExtraError("autograd.testing needs hypothesis, from the extra testing: pip install 'glassgrad[testing]'") from error

from . import given as checked  # the other one is hypothesis's
from .checking.chance import SPECIAL, Entry, Recipe, random_operands, random_recipe
from .checking.functions import check_gradients
from .checking.judging import TOLERANCE
from .checking.ladder import check_differences, check_rules, climb
from .checking.prove import primitives_given
from .numbers import as_float
from .primitive import PRIMITIVES, REALS, Interval, Primitive

__all__ = [
    "SPECIAL",
    "Recipe",
    "assert_gradients",
    "assert_primitive",
    "expressions",
    "floats_in",
    "networks",
    "operands",
    "over_primitives",
]


def floats_in(domain: Interval = REALS, *, around: Sequence[float] = (), size: float = 1e6) -> st.SearchStrategy[float]:
    """Floats of a domain: special values first, any others, and ones close to its ends and to the points `around`, such as kinks.

    size   leaves out what is larger; math.inf leaves out nothing
    """
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
    return st.one_of(everyday, st.sampled_from(listed), anywhere) if listed else st.one_of(everyday, anywhere)


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
    primitive: Any, reference: Callable[..., Any] | None = None, *, units: float | None = None, examples: int = 50
) -> dict[str, int]:
    """Every check on one row, of the table or of your own; an AssertionError in one line where it fails.

    At common points and at random ones: rules on floats and on Values bit for bit alike; differences of the function, and a declared
    kink where they find one; complex step where it is analytic; `formula` and `textbook`, computed in 50 digits; second derivatives
    through `gradient`; values within the declared `domain` and nowhere else. With a `reference`, a function of mpmath's numbers,
    function and local derivatives against that too. Returns how often each was done; a 0 says that a row's strings have no exact form.

    primitive  a row, or the function that `register` made of it
    units      how many units in the last place a local derivative may be off at common points: unless given, 512 for a row of your
               own, and 4 for one of the table, beyond what `autograd.proof.LOSSES` lists for it
    examples   how many random points
    """
    row = _row(primitive, "assert_primitive")
    if reference is not None:
        checked.function(reference, "assert_primitive", "a function of mpmath's as reference")
    units = None if units is None else as_float(units, "a number as units", "assert_primitive")
    examples = checked.count(examples, "examples", "assert_primitive", 1, 10**6)
    count = climb(row, reference, units=units)

    @_quietly(examples)
    @given(operands(row))
    def anywhere(point: tuple[float, ...]) -> None:
        check_rules(row, point)
        check_differences(row, point)

    anywhere()
    for rung in ("rules", "differences"):
        count[rung] += examples
    return count


def _row(primitive: Any, asker: str) -> Primitive:
    row = getattr(primitive, "primitive", primitive)
    if not isinstance(row, Primitive):
        raise checked.wrong(asker, "a Primitive or its function", primitive)
    return row


def assert_gradients(
    f: Callable[..., Any], *strategies: st.SearchStrategy[Any], tolerance: float = TOLERANCE, step: float | None = None, examples: int = 100
) -> None:
    """check_gradients on f at inputs drawn from the strategies, one for each operand; numbers where f has no value are passed over.

    An AssertionError shows the simplest failing inputs, the guilty edge, and the table.
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

    @_quietly(examples)
    @given(st.tuples(*strategies))
    def everywhere(inputs: tuple[Any, ...]) -> None:
        try:
            report = check_gradients(f, *inputs, step=step, tolerance=tolerance)
        except LostGradientError:
            raise
        except (AutogradError, ArithmeticError):
            reject()
        if report.mistakes:
            raise AssertionError(f"at {', '.join(map(repr, inputs))}:\n{report}")

    everywhere()


def _quietly(examples: int) -> Callable[[Any], Any]:
    return settings(max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


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
