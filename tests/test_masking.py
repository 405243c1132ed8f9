"""Zeros that mask and zeros that happen (policy 3 of the numerics), and second derivatives where the first jumps (policy 4)."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    AutogradError,
    GradientError,
    Primitive,
    StaleGraphError,
    Value,
    acos,
    acosh,
    asin,
    check_gradients,
    clip,
    compile,  # noqa: A004
    cos,
    cosh,
    derivative,
    exp,
    grad,
    gradient,
    heaviside,
    hessian,
    hypot,
    jacobian,
    jvp,
    log,
    masking,
    maximum,
    minimum,
    no_grad,
    norm,
    power,
    relu,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    steps,
    stop_gradient,
    tanh,
    where,
)
from autograd import abs as ag_abs
from autograd.custom import custom_gradient
from autograd.forward import tangents
from autograd.graph import cotangents, topological
from autograd.masking import MISSING
from autograd.primitive import PRIMITIVES, REALS, register
from autograd.stepping.paths import explain

from .random_graphs import SMOOTH, build, recipes, values
from .special_values import SPECIAL

Function = Callable[..., Any]
Outcome = list[float] | type[Exception]


# ------------------------------------------------------------------------------------------------------------------------
# Every path from a function and its numbers to the gradient, or to the error


def _finite(found: list[float]) -> list[float]:
    """What a sweep that never raises has found; nan is its way to refuse."""
    if not all(map(math.isfinite, found)):
        raise GradientError("0·∞ has no value here: sqrt acos acosh power")
    return found


def _by_backward(f: Function, at: Sequence[float]) -> list[float]:
    xs = [Value(x) for x in at]
    f(*xs).backward()
    return [x.grad for x in xs]


def _by_cotangents(f: Function, at: Sequence[float]) -> list[float]:
    xs = [Value(x) for x in at]
    found = cotangents(f(*xs))
    return _finite([found.get(x, 0.0) for x in xs])


def _by_grad(f: Function, at: Sequence[float]) -> list[float]:
    return list(grad(f, argnums=range(len(at)))(*at))


def _by_gradient(f: Function, at: Sequence[float]) -> list[float]:
    xs = [Value(x) for x in at]
    return [x.data for x in gradient(f(*xs), xs, unrelated="zero")]


def _by_derivative(f: Function, at: Sequence[float]) -> list[float]:
    return [derivative(f, i)(*at) for i in range(len(at))]


def _by_jvp(f: Function, at: Sequence[float]) -> list[float]:
    return [jvp(f, at, [float(i == j) for j in range(len(at))])[1] for i in range(len(at))]


def _by_tangents(f: Function, at: Sequence[float]) -> list[float]:
    found = []
    for i in range(len(at)):
        xs = [Value(x) for x in at]
        found.append([*tangents(f(*xs), xs[i]).values()][-1])
    return _finite(found)


def _by_steps(f: Function, at: Sequence[float]) -> list[float]:
    xs = [Value(x) for x in at]
    for _ in steps(f(*xs), apply=True):
        pass
    return [x.grad for x in xs]


def _by_explanation(f: Function, at: Sequence[float]) -> list[float]:
    xs = [Value(x) for x in at]
    output = f(*xs)
    found = []
    for x in xs:
        explanation = explain(x, output)
        assert explanation.adds_up
        found.append(explanation.gradient)
    return found


def _by_program(f: Function, at: Sequence[float]) -> list[float]:
    return list(compile(f)(*at).gradients)


def _by_plain_program(f: Function, at: Sequence[float]) -> list[float]:
    return list(compile(f, passes=())(*at).gradients)


def _by_pack(f: Function, at: Sequence[float]) -> list[float]:
    np = pytest.importorskip("numpy")
    columns = [np.full(5, x) for x in at]
    return [column[2] for column in autograd.pack(f, batch="sum")(*columns).gradients]


def _by_pack_beside_others(f: Function, at: Sequence[float]) -> list[float]:
    """The point as one example of twenty, beside others nearby that have no trouble."""
    np = pytest.importorskip("numpy")
    columns = []
    for x in at:
        near = x + 0.25
        try:
            f(*[Value(near) for _ in at])
        except AutogradError:
            near = x - 0.25
        column = np.full(20, near)
        column[11] = x
        columns.append(column)
    return [column[11] for column in autograd.pack(f, batch="sum")(*columns).gradients]


def _by_checks(f: Function, at: Sequence[float]) -> list[float]:
    report = check_gradients(f, *at)
    report.require()
    return _finite([check.analytic for check in report.nodes if check.op == "input"])


FIRST = [
    _by_backward, _by_cotangents, _by_grad, _by_derivative, _by_jvp, _by_tangents, _by_steps, _by_explanation, _by_program,
    _by_plain_program, _by_pack, _by_pack_beside_others, _by_checks,
]  # fmt: skip
"""The paths of first derivatives; a gradient graph may be differentiated again."""


def name_of(path: Any) -> str:
    """The path's name in test ids."""
    return getattr(path, "__name__", "").removeprefix("_by_")


def _two_ways(x: Any) -> Any:
    s = sqrt(x)
    return exp(s) - s


HAPPENS: dict[str, tuple[Function, float, str]] = {
    "cos √x": (lambda x: cos(sqrt(x)), 0.0, "sqrt"),
    "cosh √x": (lambda x: cosh(sqrt(x)), 0.0, "sqrt"),
    "acos²": (lambda u: square(acos(u)), 1.0, "acos"),
    "(√x)²": (lambda x: sqrt(x) ** 2, 0.0, "sqrt"),
    "cosh acosh": (lambda x: cosh(acosh(x)), 1.0, "acosh"),
    "exp s − s": (_two_ways, 0.0, "sqrt"),
    "relu √x": (lambda x: relu(sqrt(x)), 0.0, "sqrt"),
    "|√x|": (lambda x: ag_abs(sqrt(x)), 0.0, "sqrt"),
    "hypot √x": (lambda x: hypot(sqrt(x), 0.0), 0.0, "sqrt"),
    "a step at its jump": (lambda x: sign(sqrt(x)), 0.0, "sqrt"),
    "times a step at its jump": (lambda x: heaviside(x) * sqrt(x), 0.0, "sqrt"),
    "√ of a square": (lambda x: sqrt(x * x), 0.0, "sqrt"),
    "both sides": (lambda x: relu(-sqrt(x * x)), 0.0, "sqrt"),
    "underflow": (lambda x: sqrt(x) * 1e-200 * 1e-200, 0.0, "sqrt"),
    "times itself less itself": (lambda x: sqrt(x) * (x - x), 0.0, "sqrt"),
    "focal loss": (lambda p: -((1.0 - p) ** 0.5) * log(p), 1.0, "power"),
}
"""A zero that happens: function, point, and the operation without a derivative."""

MASKS: dict[str, tuple[Function, float, float]] = {
    "cos √relu(x − 1)": (lambda x: cos(sqrt(relu(x - 1.0))), 0.0, 0.0),
    "√relu(x − 1)": (lambda x: sqrt(relu(x - 1.0)), 0.0, 0.0),
    "where by a comparison": (lambda x: where(x > 0.0, sqrt(maximum(x, 0.0)), 0.0), -3.0, 0.0),
    "where by a step": (lambda x: where(heaviside(x), sqrt(maximum(x, 0.0)), 2.0 * x), -3.0, 2.0),
    "times 0": (lambda x: 0.0 * sqrt(x) + x, 0.0, 1.0),
    "two masks": (lambda x: heaviside(x - 1.0) * (1.0 - heaviside(x + 1.0)) * sqrt(x) + x, 0.0, 1.0),
    "a stopped factor": (lambda x: stop_gradient(x) * sqrt(x) + x, 0.0, 1.0),
    "the smaller operand": (lambda x: maximum(sqrt(x), 1.0) + x, 0.0, 1.0),
    "the larger operand": (lambda x: minimum(sqrt(x), -1.0) + x, 0.0, 1.0),
    "stop": (lambda x: sqrt(stop_gradient(x)) + stop_gradient(sqrt(x)) + x, 0.0, 1.0),
    "outside clip": (lambda x: clip(sqrt(x) - 5.0, 0.0, 1.0) + x, 0.0, 1.0),
    "to the power 0": (lambda x: power(sqrt(x), 0.0) + x, 0.0, 1.0),
    "a step beside its jump": (lambda x: heaviside(sqrt(x) - 1.0) + sign(asin(x) + 2.0) + x, 0.0, 1.0),
}
"""A zero that masks: function, point, and the derivative."""


@pytest.mark.parametrize("path", [*FIRST, _by_gradient], ids=name_of)
@pytest.mark.parametrize("case", HAPPENS)
def test_a_zero_that_happens_is_refused_on_every_path(case: str, path: Callable[[Function, Sequence[float]], list[float]]) -> None:
    """0·∞ may be anything where the result depends on the operand: a GradientError that names the operation, and no number."""
    f, at, row = HAPPENS[case]
    with pytest.raises(GradientError, match=row) as caught:
        path(f, [at])
    if path is not _by_derivative and path is not _by_jvp and case not in ("√ of a square", "exp s − s"):
        assert "0·∞ has no value here" in str(caught.value)


@pytest.mark.parametrize("path", [*FIRST, _by_gradient], ids=name_of)
@pytest.mark.parametrize("case", MASKS)
def test_a_zero_that_masks_gives_zero_on_every_path(case: str, path: Callable[[Function, Sequence[float]], list[float]]) -> None:
    """Where the result does not depend on the operand, a local derivative that does not exist is not needed."""
    f, at, slope = MASKS[case]
    assert [slope] == path(f, [at])


@pytest.mark.parametrize("path", FIRST, ids=name_of)
def test_a_leaf_that_is_zero_masks_in_first_derivatives(path: Callable[[Function, Sequence[float]], list[float]]) -> None:
    """f = m·√x at (0, 0): as x moves alone, f stays 0, and as m moves alone too."""
    assert [0.0, 0.0] == path(lambda m, x: m * sqrt(x), [0.0, 0.0])
    assert [0.0, 0.0] == path(lambda m, x: (2.0 * m) * relu(sqrt(x) * 3.0), [0.0, 0.0])


def test_a_leaf_that_is_zero_does_not_mask_where_it_is_differentiated_by() -> None:
    """f = m·√x at (0, 0): ∂²f/∂x∂m = 1/(2√x) does not exist."""
    f = lambda m, x: m * sqrt(x)  # noqa: E731
    m, x = Value(0.0), Value(0.0)
    with pytest.raises(GradientError, match="sqrt"):
        gradient(f(m, x), x)
    for outer in (grad, derivative):
        for inner in (grad, derivative):
            with pytest.raises(GradientError, match="sqrt"):
                outer(inner(f, 1), 0)(0.0, 0.0)


def test_a_zero_that_shares_a_leaf_or_underflowed_does_not_mask() -> None:
    """(y − 2)·(√x + y) at (2, 0) shares y; exp(−1000) is not 0."""
    for f, at in ((lambda y, x: (y - 2.0) * (sqrt(x) + y), (2.0, 0.0)), (lambda m, x: exp(m) * sqrt(x), (-1000.0, 0.0))):
        with pytest.raises(GradientError, match="0·∞"):
            _by_backward(f, at)
        with pytest.raises(GradientError):
            _by_pack(f, at)
    assert [0.0, 0.0, 0.0] == _by_backward(lambda a, b, x: (a * b) * sqrt(x), (0.0, 3.0, 0.0))


def test_a_derivative_beyond_the_floats_times_zero_is_zero() -> None:
    """At 1e-320 the logarithm has a derivative, 1e320, which no float holds: under an upstream gradient of 0 it gives 0. As a graph it is
    refused: the gradient of 0 there is a node that depends on x, and the next derivative would lose it.
    """

    def f(x: Any) -> Any:
        y = log(x)
        return cos(y - stop_gradient(y))

    for path in FIRST:
        if path is not _by_pack_beside_others:
            assert [0.0] == path(f, [1e-320])
    with pytest.raises(GradientError, match="beyond the largest float"):
        _by_gradient(f, [1e-320])


def test_what_is_beyond_the_floats_is_not_lost_in_second_derivatives() -> None:
    """∂²/∂w∂x of w·10⁻³⁰⁰/x at (0, 10⁻¹⁶⁰) is −10²⁰, by way of 1/x², which no float holds: refused in every mixture of modes."""

    def f(w: Any, x: Any) -> Any:
        return w * 1e-300 * (1.0 / x)

    for outer in (grad, derivative):
        for inner in (grad, derivative):
            with pytest.raises(GradientError, match="beyond the largest float"):
                outer(inner(f, argnums=1), argnums=0)(0.0, 1e-160)


def test_a_zero_by_rounding_masks_nothing() -> None:
    """1 − σ(40) is 0 because σ(40) is rounded to 1: it says nothing of what is multiplied by it."""
    for factor in (lambda y: 1.0 - sigmoid(y), lambda y: 1.0 - tanh(y), lambda y: log(sigmoid(y))):
        with pytest.raises(GradientError, match="through sqrt"):
            grad(lambda v: factor(v[1]) * sqrt(v[0]))([0.0, 40.0])  # noqa: B023


def test_a_masked_branch_and_a_guilty_one() -> None:
    """Of two operations without a derivative the guilty one is named."""
    with pytest.raises(GradientError, match="through acos"):
        _by_backward(lambda x: 0.0 * sqrt(1.0 - x) + acos(x) ** 2, [1.0])


def test_nothing_is_changed_where_it_is_refused() -> None:
    """All or nothing, as for every other GradientError."""
    x = Value(0.0)
    x.grad = 3.0
    with pytest.raises(GradientError):
        cos(sqrt(x)).backward()
    assert 3.0 == x.grad


def test_the_error_says_what_to_do() -> None:
    """The focal loss where p rounds to 1: the power is named, a floor and scores are offered."""
    with pytest.raises(GradientError, match=r"through power: .*\n?.*0·∞ has no value here.*floor.*where\(.*log_sigmoid"):
        grad(HAPPENS["focal loss"][0])(1.0)


def test_standalone_source_refuses() -> None:
    """The text of a program has no engine to ask: where a local derivative does not exist, it refuses, masked or not."""
    for f, at in ((HAPPENS["cos √x"][0], 0.0), (MASKS["where by a step"][0], -3.0)):
        program = compile(f)
        program(0.5)
        names: dict[str, Any] = {}
        exec(program.source(), names)
        assert program(0.75) == (names["value_and_gradients"](0.75)[0], names["value_and_gradients"](0.75)[1])
        with pytest.raises(names["GradientError"]):
            names["value_and_gradients"](at)


def test_a_packed_program_as_source_refuses() -> None:
    """So does the array program."""
    np = pytest.importorskip("numpy")
    program = autograd.pack(lambda x: cos(sqrt(x)))
    program(np.array([1.0, 2.0]))
    names: dict[str, Any] = {}
    exec(program.source(), names)
    with pytest.raises(FloatingPointError):
        names["value_and_gradients"](np.array([1.0, 0.0]))


# ------------------------------------------------------------------------------------------------------------------------
# The walk


@given(recipes(SMOOTH), st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3))
def test_a_masked_branch_changes_no_bit_of_the_other(made: list[Any], numbers: list[float]) -> None:
    """The sweep that looks for what is masked has the arithmetic of the one that does not."""
    output = build(SMOOTH, made, values(numbers))[-1]
    expected = cotangents(output)
    zero = Value(0.0)
    both = output + 0.0 * sqrt(zero)
    found = cotangents(both)
    assert expected == {node: found[node] for node in expected}
    both.backward()
    assert expected == {node: node.grad for node in expected}


def test_many_masks_over_one_trunk_take_linear_time() -> None:
    """Each of 2,000 products needs to know that its mask is not below the trunk they share: not once each, but once for all."""
    x = Value(0.0)
    trunk = x
    for _ in range(2000):
        trunk = trunk * 1.0
    masks = [Value(0.0) for _ in range(2000)]
    total: Any = 0.0
    for mask in masks:
        total = total + mask * sqrt(trunk)
    total.backward()
    assert 0.0 == x.grad
    with pytest.raises(GradientError):
        (total + (trunk * 2.0) * sqrt(trunk)).backward()


def test_leaves_that_cannot_be_told_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one bit for all leaves, factors seem to share one: an error, never a number."""
    a, b, x, y = Value(0.0), Value(0.0), Value(0.0), Value(0.0)
    output = a * sqrt(x + b) + b * sqrt(y + a)
    (a * sqrt(x + b)).backward()
    output.backward()
    assert [0.0, 0.0] == [x.grad, y.grad]
    monkeypatch.setattr(masking, "BITS", 1)
    with pytest.raises(GradientError):
        output.backward()


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if any(row.flat)])
def test_where_a_row_is_flat_it_is(name: str) -> None:
    """There the local derivative is 0, and the result is the same for operands nearby."""
    row, seen = PRIMITIVES[name], 0
    rng = random.Random(name)
    for _ in range(300):
        at = [rng.choice(SPECIAL) if rng.random() < 0.5 else rng.choice([0.0, rng.uniform(-2.0, 2.0)]) for _ in row.operands]
        for position, flat in enumerate(row.flat):
            if flat is None or not flat(*at) or (name == "power" and not at[0]):
                continue
            seen += 1
            z = row.forward(*at)
            rule = row.partials[position]
            assert rule is not None
            assert 0.0 == rule(z, *at)
            if name != "stop_gradient":  # which is flat because it says so
                for near in (math.nextafter(at[position], math.inf), math.nextafter(at[position], -math.inf)):
                    moved = [near if i == position else x for i, x in enumerate(at)]
                    if math.isfinite(near) and flat(*moved):
                        assert z == row.forward(*moved)
    assert seen > 20


def test_edited_data_is_noticed_where_it_decides() -> None:
    """What masks is judged on the numbers at recording; they are gone."""
    for edit in (1.0, -0.5):
        x, y = Value(-1.0), Value(0.0)
        output = heaviside(x) * sqrt(y)
        x.data = edit
        if edit < 0.0:
            output.backward()
            assert 0.0 == y.grad
        else:
            with pytest.raises(StaleGraphError, match="edited"):
                output.backward()
    m, y = Value(0.0), Value(0.0)
    output = m * sqrt(y)
    m.data = 1.0
    with pytest.raises(StaleGraphError, match="edited"):
        output.backward()
    x = Value(3.0)
    (plain := x * x).backward()
    x.data, x.grad = 5.0, 0.0
    plain.backward()  # where nothing is missing, edited data is no matter
    assert 6.0 == x.grad


def test_what_is_missing_is_known_as_long_as_it_is_there() -> None:
    """Graphs that are gone leave nothing behind; copies and pickles bring theirs along; a node that remembers nothing has none."""
    gc.collect()
    before = len(MISSING)
    x = Value(0.0)
    y = cos(sqrt(x))
    assert before + 1 == len(MISSING)
    copies = copy.deepcopy(y), pickle.loads(pickle.dumps(y))
    del x, y
    for z in copies:
        with pytest.raises(GradientError, match="0·∞"):
            z.backward()
    del copies, z
    with no_grad():
        kept = sqrt(Value(0.0))
    assert before == len(MISSING)
    del kept
    gc.collect()
    assert before == len(MISSING)


def test_a_rule_from_outside_may_return_nan() -> None:
    """As good as raising: it is known when it is recorded."""
    pointed = custom_gradient(lambda z, x: math.nan if x == 0.0 else 1.0)(lambda x: x)
    with pytest.raises(GradientError, match="0·∞"):
        _by_backward(lambda x: cos(pointed(x)), [0.0])
    assert [1.0] == _by_backward(lambda x: 0.0 * pointed(x) + x, [0.0])


def test_a_row_of_ones_own_says_where_it_is_flat() -> None:
    """With the column it masks, and without it is refused."""

    def row(name: str, **columns: Any) -> Primitive:
        return Primitive(name, ("x",), math.floor, (lambda z, x: 0.0,), name, f"{name}(x)", "", ("0",), (REALS,), **columns)

    try:
        staircase = register(row("staircase_for_tests", flat=(lambda x: x != math.floor(x),)))
        silent = register(row("silent_staircase_for_tests"))
        assert [1.0] == _by_backward(lambda x: staircase(sqrt(x) + 0.5) + x, [0.0])
        for f in (lambda x: staircase(sqrt(x)), lambda x: silent(sqrt(x) + 0.5)):
            with pytest.raises(GradientError, match="0·∞"):
                _by_backward(f, [0.0])
    finally:
        PRIMITIVES.pop("staircase_for_tests", None)
        PRIMITIVES.pop("silent_staircase_for_tests", None)
    with pytest.raises(ValueError, match="1 operand"):
        row("wrong_for_tests", flat=(None, None))


# ------------------------------------------------------------------------------------------------------------------------
# Second derivatives where the first jumps or grows without bound


def test_the_hessian_of_a_squared_norm_is_2() -> None:
    """At the origin as everywhere, however the square is written."""
    identity = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]
    for f in (
        lambda v: norm(v) ** 2,
        lambda v: square(norm(v)),
        lambda v: exp(norm(v) ** 2),
        lambda v: square(hypot(v[0], hypot(v[1], v[2]))),
    ):
        assert identity == hessian(f)([0.0, 0.0, 0.0])
    assert [[2.0]] == hessian(lambda v: norm(v) ** 2)([0.0])
    assert [[8.0, 0.0], [0.0, 8.0]] == hessian(lambda v: 3.0 * norm(v) ** 2 + norm(v) ** 2)([0.0, 0.0])
    assert [[0.0, 0.0], [0.0, 0.0]] == hessian(lambda v: norm(v) ** 3)([0.0, 0.0])
    third = 1.0 / 3.0
    assert [[third, 0.0, 0.0], [0.0, third, 0.0], [0.0, 0.0, 0.0]] == hessian(lambda v: hypot(hypot(v[0], v[1]), v[2]))([0.0, 0.0, 3.0])


def test_newtons_method_finds_the_least_norm_and_stays_there() -> None:
    """The optimum is where the norm has its kink."""
    f = lambda v: norm(v) ** 2  # noqa: E731
    v = [3.0, -4.0]
    for _ in range(3):
        (a, b), (c, d) = hessian(f)(v)
        p, q = grad(f)(v)
        det = a * d - b * c
        v = [v[0] - (d * p - b * q) / det, v[1] - (a * q - c * p) / det]
    assert [0.0, 0.0] == pytest.approx(v, abs=1e-12)
    assert [0.0, 0.0] == [x - g / 2.0 for x, g in zip([0.0, 0.0], grad(f)([0.0, 0.0]), strict=True)]


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (norm, [0.0, 0.0]),
        (norm, [0.0]),
        (lambda v: hypot(v[0], v[1]), [0.0, 0.0]),
        (lambda v: cosh(norm(v)), [0.0, 0.0]),
        (lambda v: v[0] ** v[1], [0.0, 1.0]),
        (lambda v: v[0] ** v[1], [0.0, 0.0]),
        (lambda v: power(v[0], 1.5), [0.0]),
    ],
)
def test_a_second_derivative_that_does_not_exist_is_refused_in_every_mode(f: Function, at: list[float]) -> None:
    """Never an arbitrary finite number."""
    for second in (hessian(f), jacobian(grad(f), mode="forward"), jacobian(jacobian(f, mode="forward"), mode="forward")):
        with pytest.raises(GradientError):
            second(at)


def test_second_derivatives_beside_such_points_are_right() -> None:
    """x**y at x = 0 from y = 2 on, and the length away from the origin."""
    assert [[2.0, 0.0], [0.0, 0.0]] == hessian(lambda v: v[0] ** v[1])([0.0, 2.0])
    assert [[0.0, 0.0], [0.0, 0.0]] == hessian(lambda v: v[0] ** v[1])([0.0, 3.0])
    assert [[0.2, 0.0], [0.0, 0.0]] == hessian(norm)([0.0, 5.0])


def test_steps_have_the_second_derivative_0_by_convention_and_checks_say_so() -> None:
    """Of relu, max and abs."""
    for f in (relu, ag_abs, lambda x: maximum(x, 0.0), lambda x: minimum(x, 0.0), lambda x: relu(x) ** 2, lambda x: ag_abs(x) ** 2):
        for second in (grad(grad(f)), derivative(derivative(f)), grad(derivative(f)), derivative(grad(f))):
            assert 0.0 == second(0.0)
        report = check_gradients(f, 0.0, order=2)
        (check,) = [check for check in report.nodes if check.op == "second derivative"]
        assert check.verdict == "kink within h"
        assert "by convention" in check.note


# ------------------------------------------------------------------------------------------------------------------------
# All paths agree, on expressions of rows that have kinks and ends, at numbers where they are

ROWS: dict[str, Function] = {
    "sqrt": lambda a, b: sqrt(a),
    "acos": lambda a, b: acos(a),
    "acosh": lambda a, b: acosh(a),
    "power": lambda a, b: power(a, 0.5),
    "square": lambda a, b: square(a),
    "cos": lambda a, b: cos(a),
    "sin": lambda a, b: sin(a),
    "sigmoid": lambda a, b: sigmoid(a),
    "relu": lambda a, b: relu(a),
    "abs": lambda a, b: ag_abs(a),
    "heaviside": lambda a, b: heaviside(a),
    "stop": lambda a, b: stop_gradient(a),
    "less 1": lambda a, b: a - 1.0,
    "1 less": lambda a, b: 1.0 - a,
    "times 0": lambda a, b: a * 0.0,
    "norm": lambda a, b: norm([a, b]),
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "maximum": lambda a, b: maximum(a, b),
    "where": lambda a, b: where(heaviside(a), b, a),
}


def outcome(path: Callable[[Function, Sequence[float]], list[float]], f: Function, at: Sequence[float]) -> Outcome:
    """The gradient, or the kind of error."""
    try:
        return path(f, at)
    except GradientError:
        return GradientError


@given(recipes(ROWS, most=7), st.lists(st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.5, 2.0]), min_size=2, max_size=2))
def test_all_paths_agree_at_zeros_and_kinks(made: list[Any], at: list[float]) -> None:
    """The value to the bit, or an error on each. A gradient graph and forward mode may refuse more; what they give is the same."""

    def f(*xs: Any) -> Any:
        return build(ROWS, made, list(xs))[-1]

    try:
        output = f(*map(Value, at))
    except (ValueError, ArithmeticError):
        return
    expected = outcome(_by_backward, f, at)
    for path in (_by_cotangents, _by_grad, _by_steps):
        assert expected == outcome(path, f, at)
    if any(node.op is not None for node in topological(output)):
        assert expected == outcome(_by_plain_program, f, at)
    for path in (_by_gradient, _by_derivative):
        found = outcome(path, f, at)
        if found is not GradientError and expected is not GradientError:
            assert expected == pytest.approx(found, rel=1e-12)


def test_a_derivative_beyond_the_floats_under_a_gradient_of_0_gives_0() -> None:
    """Whatever made that 0, an underflow too, as the documentation says; and by every path alike."""

    def f(w: Any, x: Any) -> Any:
        return w * 1e-200 * 1e-200 * (1.0 / x)

    expected = [1e-200, 0.0]
    w, x = Value(1.0), Value(1e-200)
    f(w, x).backward()
    assert expected == [w.grad, x.grad]
    assert expected == [*grad(f, argnums=(0, 1))(1.0, 1e-200)]
    assert expected == [*compile(f)(1.0, 1e-200).gradients]
