"""The tools for people's own rows and functions: what they draw, what they refuse, and what they say."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from autograd import PRIMITIVES, LostGradientError, Primitive, Value, draw, exp, gradient, heaviside, log, sign, sin, sqrt, tanh, testing
from autograd.graph import topological
from autograd.primitive import REALS, Interval, register
from autograd.proof import is_at_kink
from autograd.testing import (
    Recipe,
    assert_gradients,
    assert_primitive,
    expressions,
    floats_in,
    networks,
    operands,
    over_primitives,
)

from .test_floats import EXACT

_names = itertools.count()


@pytest.fixture
def own() -> Iterator[Callable[..., Any]]:
    """Registers rows of a test's own, and takes them from the table again."""
    before = set(PRIMITIVES)

    def add(forward: Any, rule: Any, formula: str = "", textbook: str = "", domain: Interval = REALS, **more: Any) -> Any:
        name = f"own{next(_names)}"
        columns: dict[str, Any] = {"name": name, "operands": ("x",), "symbol": name, "latex": "<x>", "summary": "A row of one's own."}
        columns |= {
            "forward": forward,
            "partials": (rule,),
            "formula": formula or f"{name}(x)",
            "textbook": (textbook,),
            "domain": (domain,),
        }
        return register(Primitive(**columns | more))

    yield add
    for name in set(PRIMITIVES) - before:
        del PRIMITIVES[name]


def drawn(strategy: st.SearchStrategy[Any], count: int = 300) -> list[Any]:
    """What a strategy gives."""
    found: list[Any] = []

    @settings(max_examples=count, database=None)
    @given(strategy)
    def look(x: Any) -> None:
        found.append(x)

    look()
    return found


# ------------------------------------------------------------------------------------------------------------------------
# Strategies

DOMAINS = [
    REALS,
    Interval(low=0.0),
    Interval(low=0.0, closed_low=True),
    Interval(-1.0, 1.0),
    Interval(-1.0, 1.0, True, True),
    Interval(high=-2.0),
    Interval(1e-300, 1e-299),
]


@pytest.mark.slow
@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.describe("x") or "all")
def test_floats_are_in_their_domain(domain: Interval) -> None:
    """Every one; with variety, and with the ends where these belong to it."""
    numbers = drawn(floats_in(domain))
    assert all(x in domain and abs(x) <= 1e6 for x in numbers)
    assert len(set(numbers)) > 30
    for end, closed in ((domain.low, domain.closed_low), (domain.high, domain.closed_high)):
        assert (closed and end in numbers) == closed


def test_floats_lie_around_the_points_that_are_named() -> None:
    numbers = drawn(floats_in(around=(3.0,)))
    assert 3.0 in numbers
    assert any(0.0 < abs(x - 3.0) < 1e-6 for x in numbers)
    assert any(abs(x) > 1e100 for x in drawn(floats_in(size=math.inf)))


def test_a_domain_without_floats_is_refused() -> None:
    with pytest.raises(ValueError, match="no float"):
        floats_in(Interval(low=10.0), size=1.0)


@pytest.mark.slow
@over_primitives()
def test_operands_have_a_value_and_meet_kinks(primitive: Primitive) -> None:
    """Every tuple lies in the domain; where the row has kinks, some stand on one."""
    points = drawn(operands(primitive), 100)
    for point in points:
        primitive.kinds[float](*point)
    assert len(set(points)) > 50
    if primitive.kinks and primitive.name not in ("power",):
        assert any(is_at_kink(primitive, point) for point in points)


@pytest.mark.slow
def test_expressions_share_repeat_and_leave_branches_dead() -> None:
    """All of it occurs, on nearly all rows, and nothing is drawn in vain."""
    recipes = drawn(expressions(), 500)
    shared = repeated = dead = constants = 0
    rows = set()
    for recipe in recipes:
        output = recipe.record()
        order = topological(output)
        rows |= {node.op.name for node in order if node.op}
        uses = [operand for node in order for operand in node.parents]
        shared += len(uses) > len(set(uses))
        repeated += any(node.x is not None and node.x is node.y for node in order)
        dead += len(order) < len(recipe.steps)
        constants += any(isinstance(operand, float) for row, operands in recipe.steps if row for operand in operands)
    assert min(shared, repeated, dead, constants) >= 25
    assert len(rows) >= 0.8 * len(PRIMITIVES)


def test_expressions_over_a_few_rows_use_no_other() -> None:
    few = [PRIMITIVES[name] for name in ("log", "asin", "acosh", "divide", "sqrt")]
    for recipe in drawn(expressions(few), 200):
        assert {row for row, _ in recipe.steps if row} <= set(few)
        assert recipe.record().op in few


def test_expressions_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="expressions needs at least one primitive"):
        expressions([])


@pytest.mark.slow
def test_networks_learn_shapes() -> None:
    recipes = drawn(networks(), 300)
    assert len({len(recipe.inputs) for recipe in recipes}) >= 10
    for recipe in recipes:
        assert {row.name for row, _ in recipe.steps if row} <= {"add", "multiply", "tanh", "sigmoid", "relu", "softplus", "sin"}
        assert len(topological(recipe.record())) == len(recipe.steps)


@pytest.mark.slow
def test_a_failing_expression_shrinks_and_prints_as_python() -> None:
    """The smallest graph with a tangent in it is one line long."""
    found = find(
        expressions(), lambda f: any(row is PRIMITIVES["tan"] for row, _ in f.steps), settings=settings(database=None, max_examples=2000)
    )
    assert isinstance(found, Recipe)
    lines = repr(found).splitlines()
    assert len(lines) <= 6
    assert lines[0].startswith("def f(x0")
    assert any("= tan(" in line for line in lines)
    assert lines[-1].startswith("f(")


@pytest.mark.slow
def test_expressions_stay_small_enough_to_read() -> None:
    with pytest.raises(NoSuchExample):
        find(expressions(most=5, leaves=2), lambda f: len(f.steps) > 30, settings=settings(database=None, max_examples=300))


# ------------------------------------------------------------------------------------------------------------------------
# The ladder, for rows of the table and for rows of one's own


@pytest.mark.slow
@over_primitives()
def test_every_row_climbs_the_ladder(primitive: Primitive) -> None:
    """With its exact function as a reference too: every rung is climbed, most of them many times."""
    count = assert_primitive(primitive, EXACT[primitive.name], examples=25)
    assert min(count["rules"], count["differences"]) >= 30
    assert min(count["textbook"], count["second derivatives"], count["reference"]) >= 5


@pytest.mark.slow
def test_a_row_of_one_s_own_in_one_line(own: Any) -> None:
    """Its function records, draws, differentiates twice, and is tested by one call."""
    cube = own(lambda x: x * x * x, lambda z, x: 3.0 * x * x, "x**3", "3*x**2")
    count = assert_primitive(cube)
    assert all(count[rung] for rung in ("domain", "rules", "differences", "complex step", "formula", "textbook", "second derivatives"))
    assert assert_primitive(cube.primitive, lambda x: x**3)["reference"]
    x = Value(2.0, label="x")
    assert (8.0, 12.0, 12.0) == (cube(x).data, gradient(cube(x), x).data, gradient(gradient(cube(x), x), x).data)
    assert "own" in draw(cube(x)).source
    assert_gradients(lambda x, y: cube(x) * sin(y), floats_in(size=100.0), floats_in(size=100.0))


def test_a_row_whose_formula_says_nothing_is_tested_all_the_same(own: Any) -> None:
    """Without exact strings, the rungs that need none are left."""
    row = own(lambda x: x * math.exp(x), lambda z, x: exp(x) * (1.0 + x))
    count = assert_primitive(row)
    assert 0 == count["textbook"] == count["formula"]
    assert count["differences"] > 50
    assert assert_primitive(row, lambda x: x * mpmath.exp(x))["reference"] > 5


@pytest.mark.parametrize(
    ("forward", "rule", "formula", "textbook", "message"),
    [
        (
            lambda x: x**3,
            lambda z, x: 3.000003 * x * x,
            "x**3",
            "3*x**2",
            r"∂own\d+/∂x at x=1\.0: the rule gives 3\.000003, but differences of the function give 3\.0 .*; wrong at .* numbers",
        ),
        (
            lambda x: x**3,
            lambda z, x: 3.000003 * x * x,
            "",
            "",
            r"∂own\d+/∂x at x=1\.0: the rule gives .* but differences of the function give",
        ),
        (lambda x: x**3, lambda z, x: 3.0 * x * x, "x**3", "2*x**2", r"but its textbook form '2\*x\*\*2' is"),
        (lambda x: x**3, lambda z, x: 3.0 * x * x, "x**4", "3*x**2", r"at x=.* is .*, but its formula 'x\*\*4' is"),
        (math.tanh, lambda z, x: 1.0 - z * z, "tanh(x)", "1 - z**2", r"at x=20\.0.*off by .* units in the last place"),
        (math.sin, lambda z, x: math.cos(x), "sin(x)", "cos(x)", r"∂²own\d+/∂x∂x .* gradient of gradient gives 0\.0"),
        (math.fabs, lambda z, x: 1.0 if x > 0.0 else -1.0, "abs(x)", "sign(x)", r"but its textbook form|differences"),
        (
            lambda x: x * x,
            lambda z, x: x + (x.data if isinstance(x, Value) else x) * 1.5,
            "x**2",
            "2*x",
            r"the rule gives 2\.5, but differences of the function give 2\.0",
        ),
        (
            lambda x: x * x,
            lambda z, x: x * (2.0 if isinstance(x, float) else 3.0),
            "x**2",
            "2*x",
            r"the rule gives .* on floats, but .* on Values",
        ),
    ],
)
def test_what_is_wrong_with_a_row_is_said_in_one_error(
    own: Any, forward: Any, rule: Any, formula: str, textbook: str, message: str
) -> None:
    """A wrong factor, a wrong string, lost digits, a rule that leaves the table's functions, one that branches on its operand. Each fault
    has one line, and each derivative one fault."""
    with pytest.raises(AssertionError, match=message) as refusal:
        assert_primitive(own(forward, rule, formula, textbook))
    about = [line.split(" at ")[0] for line in str(refusal.value).splitlines()]
    assert len(about) == len(set(about)) <= 2


def test_a_wrong_reference_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"sin at x=.*, but the reference gives"):
        assert_primitive(PRIMITIVES["sin"], mpmath.cos)


def test_lost_digits_may_be_allowed(own: Any) -> None:
    """A row that is known to be worse says by how much."""
    rough = own(lambda x: x * x, lambda z, x: 2.0 * x * (1.0 + 1e-12), "x**2", "2*x")
    with pytest.raises(AssertionError, match="units in the last place"):
        assert_primitive(rough)
    with pytest.raises(AssertionError, match=r"differences|complex"):
        assert_primitive(own(lambda x: x * x, lambda z, x: 2.0 * x * (1.0 + 1e-9), "x**2", "2*x"), units=1e300)


def test_a_row_with_a_narrow_domain(own: Any) -> None:
    def narrow(x: float) -> float:
        if not 2.0 <= x <= 3.0:
            raise ValueError
        return math.log(x)

    row = own(narrow, lambda z, x: 1.0 / x, "log(x)", "1/x", domain=Interval(2.0, 3.0, True, True))
    assert assert_primitive(row)["differences"] >= 50


@pytest.mark.parametrize(
    ("forward", "rule", "columns", "message"),
    [
        (
            math.log,
            lambda z, x: 1.0 / x,
            {"domain": Interval(2.0, 3.0)},
            r"has a value at x=2\.0, outside of its declared domain 2 < x < 3",
        ),
        (math.sqrt, lambda z, x: 0.5 / z, {"domain": Interval(0.0), "kinks": ("x",)}, r"has a value at x=0\.0, outside of its .* x > 0"),
        (math.log, lambda z, x: 1.0 / x, {"domain": Interval(-1.0)}, r"declares x > −1 as its domain, but at x=-0\.9"),
        (lambda x: 1.0 / x, lambda z, x: -z / x, {}, r"declares all numbers as its domain, but at x=0\.0: .* divide by zero"),
        (abs, lambda z, x: sign(x), {}, r"has a kink that it does not declare, at x=0\.0: slope -1 on the left, 1 on the right"),
        (lambda x: max(x, 2.0), lambda z, x: heaviside(x - 2.0), {}, r"has a kink that it does not declare, at x=2\.0"),
        (lambda x: float(x > 0.0), lambda z, x: 0.0 * x, {}, r"has a kink that it does not declare, at x=0\.0"),
        (lambda x: abs(x - 1.234), lambda z, x: sign(x - 1.234), {}, r"has a rule that jumps, and declares no kink there: at x=1\.234"),
        (lambda x: x + (x > 1.234), lambda z, x: 1.0, {}, r"jumps, and declares no kink there: at x=1\.23"),
        (lambda x: x**3, lambda z, x: 3.0 * x * x, {"formula": "x**3*1.0000000001"}, r"but its formula 'x\*\*3\*1\.0000000001' is"),
    ],
)
def test_what_a_row_says_of_itself_must_be_so(own: Any, forward: Any, rule: Any, columns: dict[str, Any], message: str) -> None:
    """Its domain, its kinks, and its formula, which needs no textbook form beside it."""
    with pytest.raises(AssertionError, match=message) as refusal:
        assert_primitive(own(forward, rule, columns.pop("formula", ""), "", **columns))
    assert "\n" not in str(refusal.value)


def test_a_corner_is_no_fault(own: Any) -> None:
    assert assert_primitive(own(lambda x: max(x, 0.0), lambda z, x: heaviside(x), "maximum(x, 0)", "(x > 0)", kinks=("x",)))


@pytest.mark.parametrize("bad", [None, 3.0, "sin", math.sin])
def test_what_is_no_row_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="needs a Primitive"):
        assert_primitive(bad)


# ------------------------------------------------------------------------------------------------------------------------
# Functions of one's own


@pytest.mark.slow
def test_composed_functions_agree() -> None:
    """Points where the function has no value are passed over; kinks and roundings are no mistakes."""
    assert_gradients(lambda x, y: log(x) * tanh(y) + sqrt(x), floats_in(Interval(low=0.0)), floats_in())
    assert_gradients(lambda x: log(x), floats_in(size=10.0))
    assert_gradients(lambda xs: sum(x * x for x in xs) + 0.0 * xs[0], st.lists(floats_in(size=100.0), min_size=1, max_size=3))


@pytest.mark.slow
def test_a_function_with_a_wrong_row_shows_the_edge_and_the_simplest_point(own: Any) -> None:
    bad = own(lambda x: x**3, lambda z, x: 3.000003 * x * x, "x**3", "3*x**2")
    with pytest.raises(AssertionError) as refusal:
        assert_gradients(lambda x, y: bad(x) + sin(y), floats_in(), floats_in())
    first, second, *_ = str(refusal.value).splitlines()
    assert first.startswith("at 1.0, 0.0 (wrong at ")
    assert first.endswith("):")
    assert second.startswith(f"edge {bad.__name__}: ∂(x**3)/∂x at x=1.0: recorded 3.000003, differences say 3.0")


@pytest.mark.slow
def test_a_function_that_drops_its_gradient_is_found() -> None:
    with pytest.raises(AssertionError, match="outside the graph"):
        assert_gradients(lambda x: x * math.exp(x.data), floats_in(size=10.0))
    with pytest.raises(LostGradientError, match=r"math\.exp"):  # no number at which the function has no value, which would be passed over
        assert_gradients(lambda x: x * math.exp(x), floats_in(size=10.0))


def test_a_function_needs_its_strategies() -> None:
    with pytest.raises(TypeError, match="a strategy for each operand"):
        assert_gradients(sin)


def test_every_row_is_a_case() -> None:
    """The mark names its cases after the rows, rows of one's own included."""
    mark = over_primitives("row").mark
    assert "row" == mark.args[0]
    assert list(PRIMITIVES.values()) == mark.args[1]
    assert list(PRIMITIVES) == mark.kwargs["ids"]


@pytest.mark.parametrize(
    ("missing", "program"),
    [("hypothesis", "import autograd.testing"), ("pytest", "from autograd.testing import over_primitives; over_primitives()")],
)
def test_missing_packages_are_named_with_their_extra(missing: str, program: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None\ntry:\n    {program}\nexcept ImportError as e:\n    print(type(e).__name__, e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtraError ")
    assert "pip install 'glassgrad[testing]'" in done.stdout


def test_the_engine_needs_none_of_it() -> None:
    """Checking gradients imports the standard library alone."""
    code = "import sys, autograd; autograd.check_gradients(autograd.sin, 1.0); print({'hypothesis', 'mpmath', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()\n" == done.stdout


def test_all_names_are_there() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
