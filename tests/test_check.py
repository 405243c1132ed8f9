"""Derivatives against differences: the estimates keep their bounds, and every verdict comes where it should."""

from __future__ import annotations

import base64
import doctest
import importlib
import math
import pickle
import random
import re
import sys
import zlib
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import pytest

import autograd
from autograd import (
    PRIMITIVES,
    DomainError,
    Primitive,
    StaleGraphError,
    Value,
    central_difference,
    check,
    check_gradients,
    check_graph,
    complex_step,
    draw,
    exp,
    extrapolated_difference,
    forward,
    log,
    logsumexp,
    maximum,
    no_grad,
    ops,
    proof,
    relu,
    scope,
    sin,
    sqrt,
    stop_gradient,
    tanh,
)
from autograd import custom_gradient as custom_gradient
from autograd.check import Report, check_edges, judge_partial
from autograd.checking import graphs
from autograd.drawing.palette import LIGHT
from autograd.graph import cotangents
from autograd.proof import random_recipe, smooth_rows

Verdicts = dict[str, str]


def verdicts(report: Report) -> Verdicts:
    return {check.name: check.verdict for check in report.nodes}


def wrong(name: str, factor: float = 1.0, summand: float = 0.0, position: int = 0) -> Primitive:
    """A row of the table with one rule spoilt, registered nowhere."""
    row = PRIMITIVES[name]
    rules = list(row.partials)
    right: Any = rules[position]
    rules[position] = lambda z, *operands: right(z, *operands) * factor + summand
    columns = {column: entry for column, entry in vars(row).items() if column != "kinds"}
    return Primitive(**columns | {"partials": tuple(rules)})


# ------------------------------------------------------------------------------------------------------------------------
# The estimates

FUNCTIONS: list[tuple[Callable[[float], float], Callable[[float], float]]] = [
    (math.sin, math.cos),
    (math.exp, math.exp),
    (math.log, lambda x: 1 / x),
    (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    (lambda x: 1 / x, lambda x: -1 / x / x),
    (lambda x: x**3, lambda x: 3 * x * x),
    (math.atan, lambda x: 1 / (1 + x * x)),
    (lambda x: math.sin(50 * x), lambda x: 50 * math.cos(50 * x)),
    (lambda x: math.exp(-x * x) * x, lambda x: math.exp(-x * x) * (1 - 2 * x * x)),
]


@pytest.mark.parametrize("x", [1e-9, 1e-3, 0.1, 0.7, 1.0, 2.0, math.pi, 30.0, 500.0])
@pytest.mark.parametrize(("f", "slope"), FUNCTIONS)
def test_the_extrapolated_difference_keeps_its_bound(f: Any, slope: Any, x: float) -> None:
    """The true derivative lies within the error that is stated, and the error is small."""
    estimate = extrapolated_difference(f, x)
    exact = slope(x)
    rounded = 1e-15 * abs(exact) * (50 * x + x * x + 1)  # the argument and the slope itself are rounded too
    assert abs(estimate.value - exact) <= estimate.error + rounded
    assert estimate.error <= 1e-8 * max(abs(exact), abs(f(x)), 1e-3) * max(1.0, 1e-3 / x)


@pytest.mark.parametrize(("f", "slope"), FUNCTIONS)
def test_the_plain_difference_has_two_thirds_of_the_digits(f: Any, slope: Any) -> None:
    for x in (0.1, 0.7, 2.0):
        assert math.isclose(slope(x), central_difference(f, x), rel_tol=1e-6)


def test_large_steps_are_not_fooled_by_a_period() -> None:
    """sin(2πx) looks constant to steps of whole numbers."""
    estimate = extrapolated_difference(lambda x: math.sin(2 * math.pi * x), 1000.0)
    assert abs(estimate.value - 2 * math.pi) <= estimate.error < 1e-6


def test_what_floats_cannot_resolve_has_an_infinite_error() -> None:
    """The floats around 1e16 lie 2 apart: there is no slope of the sine to be seen."""
    assert math.inf == extrapolated_difference(math.sin, 1e16).error


@pytest.mark.parametrize("x", [-2.0, -0.3, 0.4, 0.9, 3.0, 20.0])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: sin(x) * exp(-x * x),
        lambda x: tanh(x) / (5 + x),
        lambda x: x**3 - 2 * x + 1 / x,
        lambda x: x.sigmoid() + ops.softplus(x) + ops.log_sigmoid(x) - abs_free(x),
        lambda x: ops.atan2(x, 1.5) + ops.hypot(x, 2.0) + ops.rhypot(1.0, x),
        lambda x: 2.0**x + (x * x + 1) ** x + sum([x, x]),
        lambda x: ops.log1p(x * x) + ops.expm1(x) + ops.log2(2 + x * x) + ops.atan(x) + ops.sech(x),
    ],
)
def test_a_complex_step_is_the_derivative(f: Any, x: float) -> None:
    """To a few units in the last place of the terms, without any bound to state."""
    leaf = Value(x)
    f(leaf).backward()
    assert math.isclose(leaf.grad, complex_step(f, x), rel_tol=1e-11)


def abs_free(x: Any) -> Any:
    return sqrt(x * x + 1.0)


@pytest.mark.parametrize("f", [relu, ops.erf, abs, ops.sign, lambda x: maximum(x, 1.0)])
def test_a_complex_step_refuses_what_is_not_analytic(f: Any) -> None:
    with pytest.raises(TypeError, match="complex"):
        complex_step(f, 0.5)


def test_a_complex_step_refuses_decisions() -> None:
    with pytest.raises(TypeError):
        complex_step(lambda x: x if x else -x, 0.5)
    assert 0.0 == complex_step(lambda x: 3.0, 0.5)
    with pytest.raises(TypeError, match="number"):
        ops.exp(1j)  # type: ignore[type-var]


@pytest.mark.parametrize("step", [0.0, -1e-3, math.nan, math.inf])
def test_a_step_is_a_positive_number(step: float) -> None:
    for call in (lambda: central_difference(math.sin, 1.0, step), lambda: check_gradients(sin, 1.0, step=step)):
        with pytest.raises(ValueError, match="step needs"):
            call()


def test_a_step_below_the_last_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a step of 1e-20 changes nothing at x=1\.0: take one above"):
        central_difference(math.sin, 1.0, 1e-20)
    with pytest.raises(ValueError, match="no values on both sides"):
        extrapolated_difference(math.sin, 1.0, 1e-20)
    with pytest.raises(ValueError, match="no values on both sides"):
        extrapolated_difference(math.sqrt, 0.0)


# ------------------------------------------------------------------------------------------------------------------------
# Reports on functions that are right


def test_a_report_is_a_table_of_nodes() -> None:
    """Every input and every inner node, with both numbers, how far apart they are and may be, and a verdict."""
    report = check_gradients(lambda x, y: x * y + sin(x), Value(2.0, label="apple"), 3.0)
    head, *lines = report.table().splitlines()
    assert ["node", "op", "analytic", "numeric", "difference", "bound", "verdict"] == head.split()
    assert ["apple", "input", "2.58385316", "2.58385316"] == lines[0].split()[:4]
    assert ["apple", "y", "#2", "#3", "#4"] == [check.name for check in report.nodes]
    assert ["input", "input", "multiply(apple, y)", "sin(apple)", "add(#2, #3)"] == [check.op for check in report.nodes]
    assert {"agrees"} == {check.verdict for check in (*report.nodes, *report.edges)}
    assert str(report).endswith("5 nodes: 5 × agrees; 5 edges: 5 × agrees.")
    assert [("multiply", 0, 3.0), ("multiply", 1, 2.0), ("sin", 0, math.cos(2.0)), ("add", 0, 1.0), ("add", 1, 1.0)] == [
        (check.node.op.name, check.position, check.analytic) for check in report.edges if check.node.op
    ]
    report.require()


def test_a_report_is_no_yes() -> None:
    with pytest.raises(TypeError, match="neither yes nor no"):
        bool(check_gradients(sin, 1.0))


def test_bounds_are_tight() -> None:
    """At ordinary numbers, a relative mistake of 1e-10 could be seen."""
    report = check_gradients(lambda x, y: tanh(x * y) + exp(x) / y, 0.7, 1.3)
    assert all(check.difference <= check.bound <= 1e-10 * abs(check.analytic) for check in (*report.nodes, *report.edges))


def test_a_check_changes_nothing() -> None:
    x = Value(2.0, label="x")
    y = x * x
    y.backward()
    before = (x.data, x.grad, y.data, y.grad)
    check_gradients(lambda x: x * x, x)
    check_graph(y)
    assert before == (x.data, x.grad, y.data, y.grad)


def test_inputs_may_be_lists() -> None:
    report = check_gradients(lambda xs, m: logsumexp(xs[0]) * m[0] + xs[1][0], [[1.0, 2.0], [Value(3.0, label="b")]], (4,))
    assert {"xs[0][0]", "xs[0][1]", "b", "m[0]"} <= set(verdicts(report))
    assert [] == report.mistakes


def test_a_closure_s_leaves_are_checked_too() -> None:
    w = Value(0.5, label="w")
    report = check_gradients(lambda x: tanh(w * x), 2.0)
    assert {"w": "agrees", "x": "agrees"}.items() <= verdicts(report).items()


def test_a_gradient_that_is_stopped_agrees() -> None:
    """stop_gradient holds its number for the difference as it does for the gradient."""
    report = check_gradients(lambda x: x * stop_gradient(x * x), 3.0)
    assert {"agrees"} == set(verdicts(report).values())
    assert 9.0 == report.nodes[0].analytic
    assert [] == check_gradients(lambda *xs: logsumexp(xs), 1.0, 2.0, 2.0, 700.0).mistakes


def test_the_output_may_be_an_input() -> None:
    assert {"x": "agrees"} == verdicts(check_gradients(lambda x: x, 2.0))


def test_zeros() -> None:
    """At 0, with gradients of 0: relative errors mean nothing, and verdicts are still right."""
    for f in (lambda x: x * x, lambda x: x**3, lambda x: 1 - x * x, sin, lambda x: x * 0.0, lambda x: exp(x) - 1 - x):
        assert [] == check_gradients(f, 0.0).mistakes
        assert "agrees" == check_gradients(f, 0.0).nodes[0].verdict


# ------------------------------------------------------------------------------------------------------------------------
# Mistakes are found, and the guilty edge is named


def test_the_guilty_edge_is_named_in_one_line() -> None:
    """Which operation, which operand, at which point, both numbers, and how far apart."""
    bad = wrong("multiply", 1 + 1e-6, position=1).kinds[Value]
    report = check_gradients(lambda x, y: exp(bad(x, y)), Value(2.0, label="apple"), 3.0)
    (line,) = report.guilty
    assert line.startswith("edge multiply: ∂(x * y)/∂y at x=2.0 (label 'apple'), y=3.0: recorded 2.000002, differences say 2.0")
    assert line.endswith(": differs by 1e-06 of it")
    assert line == str(report).splitlines()[0]
    assert {"apple": "agrees", "y": "differs", "#2": "agrees", "#3": "agrees"} == verdicts(report)
    with pytest.raises(AssertionError, match="edge multiply"):
        report.require()


@pytest.mark.parametrize(("factor", "summand"), [(1 + 1e-6, 0.0), (1 + 1e-9, 0.0), (-1.0, 0.0), (0.0, 0.0), (1.0, 1e-6)])
def test_a_wrong_local_derivative_is_found_in_random_graphs(factor: float, summand: float) -> None:
    """A billionth is enough for the edge itself; nothing but the guilty operation is blamed."""
    rng = random.Random(5)
    rows = {row.name: row for row in smooth_rows()}
    for name in ("multiply", "sin", "exp", "divide", "tanh"):
        for _ in range(5):
            recipe = random_recipe(rng, [row for row in rows.values() if row.name != name], most=6)
            bad = wrong(name, factor, summand).kinds[Value]
            x = recipe.record()
            output = tanh(bad(x + 0.3, Value(1.5)) if len(PRIMITIVES[name].operands) == 2 else bad(0.01 * x + 0.4))
            assert {name} == {check.node.op.name for check in check_edges(output) if check.verdict == "differs" and check.node.op}


def test_a_partial_that_is_not_finite_without_a_kink_differs() -> None:
    bad = wrong("sin", math.inf).kinds[Value]
    report = check_gradients(bad, 1.0)
    assert "differs" == report.edges[0].verdict
    assert "differs" == report.nodes[0].verdict


@pytest.mark.parametrize("sweep", ["forgets a path", "drops an edge"])
def test_a_wrong_sweep_is_told_from_wrong_rules(sweep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every local derivative agrees, and a node differs: what adds them up is to blame."""

    def broken(output: Value) -> dict[Value, float]:
        gradient = cotangents(output)
        first = list(gradient)[-1]
        return gradient | {first: gradient[first] * (0.5 if sweep == "forgets a path" else 0.0)}

    monkeypatch.setattr(graphs, "cotangents", broken)
    report = check_gradients(lambda x: x * x, 3.0)
    assert {"agrees"} == {check.verdict for check in report.edges}
    assert "differs" == report.nodes[0].verdict
    assert "the sweep" in report.guilty[-1]


def test_forward_mode_is_held_against_reverse_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each node, leaf or not, has its derivative from both; where they part, it differs."""
    report = check_gradients(lambda x, y: tanh(x * y) + x, 0.7, 1.3)
    assert all(math.isclose(check.forward, check.analytic, rel_tol=1e-14) for check in report.nodes)
    right = forward._contribution
    monkeypatch.setattr(forward, "_contribution", lambda *args: right(*args) * (1.0 + 1e-12))
    report = check_gradients(lambda x, y: tanh(x * y) + x, 0.7, 1.3)
    assert ["x", "y", "#2", "#3"] == [check.name for check in report.mistakes]
    assert all(check.note.startswith("forward mode says") for check in report.mistakes)


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda x: ops.sin(ops.atanh(ops.sin(ops.log(x)))), 2.2e-308),  # a tangent of 4.5e307 overflows on its way
        (lambda x: ops.sqrt(ops.erfc(ops.sinh(x))), -4.0),  # a tangent below the normal floats
        (lambda x: ops.sin(ops.exp(ops.log2(x))), 2.2e-308),  # a factor underflows to 0 before one of 6.5e307
    ],
)
def test_what_underflows_or_overflows_on_the_way_is_no_mistake(f: Callable[[Any], Any], point: float) -> None:
    """The bound says what a gradient may lose near 0, so the two modes and the differences agree within it."""
    assert [] == check_gradients(f, point).mistakes


def test_a_gradient_that_overflows_on_its_way_is_beyond_the_floats() -> None:
    """4.5e307·u − 4.5e307·u is ∞ − ∞ in floats for u = 20; backward() refuses it too."""
    report = check_gradients(lambda x: 20.0 * (x / x), 2.2e-308)
    assert ("beyond the floats", "a product of local derivatives overflows") == (report.nodes[0].verdict, report.nodes[0].note)
    assert [] == report.mistakes


def test_a_function_that_oscillates_within_the_step_is_not_called_wrong() -> None:
    """Steps that all miss the waves are contradicted by others; so are steps that only see where a function is flat, around a peak."""

    def flat(x: Any) -> Any:
        n = ops.rhypot(0.0, ops.log_sigmoid(x))
        return ops.tanh(ops.sinh(ops.sin(n) - ops.sqrt(n)))

    def waves(x: Any) -> Any:
        n = ops.atanh(ops.sin(1.5 / ops.log1p(x)))
        return ops.atan2(ops.sigmoid(n) - ops.atan(x * ops.log1p(x)), ops.sigmoid(n))

    def peaks(x: Any) -> Any:
        return ops.erfc(ops.cosh(ops.atanh(ops.sin(x / 1.2957043364417813e-06)) ** 3.0))

    assert [] == check_gradients(peaks, 1.0226019455165742).mistakes
    assert [] == check_gradients(flat, 3.0).mistakes
    assert [] == check_gradients(waves, -6.218416694152615e-05).mistakes


def outside(x: Any) -> Any:
    return math.exp(x.data) * x


def test_numbers_that_bypass_the_graph_are_found() -> None:
    """What is computed from x.data has no gradient; only calling the function again can see it."""
    report = check_gradients(outside, 1.0)
    assert ["differs"] == [check.verdict for check in report.nodes if check.name == "x"]
    assert "outside computes with x outside the graph: x.data gives a plain number" in str(report)
    assert {"agrees"} == {check.verdict for check in report.edges}


# ------------------------------------------------------------------------------------------------------------------------
# The other verdicts


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (relu, 0.0),
        (abs, 0.0),
        (lambda x: maximum(x, 2.0), 2.0),
        (lambda x: relu(x * 1e-3), 0.0),
        (sqrt, 0.0),
        (ops.asin, 1.0),
        (ops.acosh, 1.0),
    ],
)
def test_a_kink_is_called_a_kink(f: Any, x: float) -> None:
    """At the kink itself, and at the end of a domain, whatever the engine takes as the derivative there."""
    report = check_gradients(f, x)
    assert "kink within h" == report.nodes[0].verdict
    assert [] == report.mistakes


def test_a_kink_says_where_it_is() -> None:
    report = check_gradients(lambda x: relu(x - 1.0) * 2.0, 1.0)
    assert "relu at x=0.0" == report.nodes[0].note
    assert "slope 0 on the left, 1 on the right" in [check.note for check in report.edges]


@pytest.mark.parametrize("x", [1e-3, -1e-3, 1e-9, -1e-9, 1e-15, 1e-300])
def test_near_a_kink_the_step_is_shortened(x: float) -> None:
    for f in (relu, abs, lambda x: maximum(x, 0.0) + x):
        assert "agrees" == check_gradients(f, x).nodes[0].verdict


@pytest.mark.parametrize(
    ("f", "x"), [(log, 1e-12), (log, 1e-300), (sqrt, 1e-9), (ops.atanh, 1 - 1e-9), (ops.log1p, -1 + 1e-9), (ops.asin, 1 - 1e-7)]
)
def test_near_the_end_of_a_domain_the_step_is_shortened(f: Any, x: float) -> None:
    assert "agrees" == check_gradients(f, x).nodes[0].verdict


def test_a_corner_that_no_row_declares() -> None:
    """A row whose kink is not written down: two slopes that do not meet are seen all the same."""
    columns = {column: entry for column, entry in vars(PRIMITIVES["relu"]).items() if column != "kinds"}
    row = Primitive(**columns | {"kinks": ()})
    assert "kink within h" == judge_partial(row, [0.0], 0, 0.0).verdict
    assert "kink within h" == judge_partial(row, [0.0], 0, 1.0).verdict
    assert judge_partial(row, [0.0], 0, 1.5).verdict not in ("agrees", "kink within h")


def test_another_branch() -> None:
    def f(x: Value) -> Value:
        return x * 2.0 if x > 1.0 else x * x + 0.0

    assert "kink within h" == check_gradients(f, 1.0).nodes[0].verdict
    assert "takes another branch" in check_gradients(f, 1.0).nodes[0].note
    assert "agrees" == check_gradients(f, 1.5).nodes[0].verdict


def test_a_function_that_raises_nearby() -> None:
    def f(x: Value) -> Value:
        if x > 1.0:
            raise RuntimeError("too large")
        return x * x

    check = check_gradients(f, 1.0).nodes[0]
    assert ("kink within h", "within h, the function raises RuntimeError: too large") == (check.verdict, check.note)


def test_limited_by_rounding() -> None:
    """1e16 + x moves in steps of 2: the numbers do not allow a verdict, right or wrong."""
    report = check_gradients(lambda x: (x + 1e16) - 1e16, 1.0)
    assert "limited by rounding" == report.nodes[0].verdict
    bad = wrong("sin", 1 + 1e-6)
    assert "limited by rounding" == judge_partial(bad, [1e16], 0, math.cos(1e16) * (1 + 1e-6)).verdict


@pytest.mark.parametrize("step", [1e3, 1e6, 1e12, 1e16, 1e300])
def test_a_step_too_large_is_not_believed(step: float) -> None:
    """A step over many periods, or over the domain's end, or the range of exp, gives way to the usual ones."""
    for f in (sin, log, exp):
        assert ("agrees", "agrees") == (
            check_gradients(f, 1.3, step=step).nodes[0].verdict,
            check_edges(f(Value(1.3)), step=step)[0].verdict,
        )
    assert "differs" == check_gradients(wrong("sin", 1 + 1e-6).kinds[Value], 1.3, step=step).nodes[0].verdict


def test_a_step_that_only_makes_noise_is_called_too_large() -> None:
    """At 1e6, x³ is 1e18, and so its rounding is all that differences of it show."""
    assert "step too large" == check_gradients(lambda x: x * x * x, 1.3, step=1e6).nodes[0].verdict


@pytest.mark.parametrize("step", [1e-12, 1e-15, 3e-16])
def test_a_step_too_small_is_called_so(step: float) -> None:
    assert "step too small" == check_gradients(sin, 1.3, step=step).nodes[0].verdict


def test_a_step_that_changes_nothing() -> None:
    """It is an error where an input does not move, and a verdict where an inner node does not."""
    with pytest.raises(ValueError, match=r"a step of 1e-17 does not change x=1\.3: take one above 2\.2"):
        check_gradients(sin, 1.3, step=1e-17)
    report = check_gradients(lambda x: ops.sin(x * 1e9), 1e-3, step=1e-11)
    assert ("step too small", "1000000.0 ± 1e-11 is 1000000.0") == (report.nodes[1].verdict, report.nodes[1].note)


def test_the_largest_float() -> None:
    """There is no float beyond it to step to, and the report says so; next to it there is."""
    largest = sys.float_info.max
    report = check_gradients(lambda x: x * 0.5, largest)
    assert ("beyond the floats", []) == (report.nodes[0].verdict, report.mistakes)
    assert "agrees" == check_gradients(lambda x: x * 0.5, largest / 2.0).nodes[0].verdict
    with pytest.raises(ValueError, match=r"leads beyond the floats at x=1\.79"):
        central_difference(tanh, largest)


def test_steps_of_any_size_agree_on_what_is_right() -> None:
    for step in (1e-9, 1e-6, 1e-3, 0.5):
        assert [] == check_gradients(lambda x, y: tanh(x) * y, 0.7, 1.3, step=step).mistakes


def test_tolerance_is_what_must_be_visible() -> None:
    """It asks for more or less power; it widens no bound."""
    assert "limited by rounding" == check_gradients(sin, 1.0, tolerance=1e-15).nodes[0].verdict
    bad = wrong("sin", 1 + 1e-9).kinds[Value]
    assert "differs" == check_gradients(bad, 1.0, tolerance=0.1).nodes[0].verdict


def test_not_deterministic() -> None:
    rng = random.Random(1)
    for f in (lambda x: x * rng.random(), lambda x: sin(x) if rng.random() < 0.5 else x.sin() * 1.0, lambda x: rng.random()):
        report = check_gradients(f, 1.0)
        assert {"x": "not deterministic"} == verdicts(report)
        assert report.mistakes
        assert "not deterministic" in report.guilty[0]


def test_a_counter_is_not_deterministic() -> None:
    calls = []

    def f(x: Value) -> Value:
        calls.append(x)
        return x * float(len(calls))

    assert {"x": "not deterministic"} == verdicts(check_gradients(f, 2.0))


def test_ignores_its_input() -> None:
    assert {"x": "agrees", "y": "ignores its input"} == {
        check.name: check.verdict for check in check_gradients(lambda x, y: x * 2.0, 1.0, 2.0).nodes if check.op == "input"
    }
    assert {"x": "ignores its input"} == verdicts(check_gradients(lambda x: 3.0, 1.0))
    assert {"x": "ignores its input"} == {
        check.name: check.verdict for check in check_gradients(lambda x: Value(3.0), 1.0).nodes if check.op == "input"
    }


# ------------------------------------------------------------------------------------------------------------------------
# What is asked wrongly


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (None, "NoneType"),
        ([Value(1.0), Value(2.0)], "list of 2; check its parts one by one"),
        ("1", "str"),
        (True, "bool"),
        (1j, "complex"),
    ],
)
def test_functions_that_return_no_number(returned: Any, words: str) -> None:
    def f(x: Value) -> Any:
        return returned

    with pytest.raises(TypeError) as refusal:
        check_gradients(f, 1.0)
    assert str(refusal.value).startswith(f"f must return one Value, but returned {words}")


def test_functions_that_return_a_float() -> None:
    """Nothing was recorded: the report says so, with the true slope beside the 0."""
    report = check_gradients(lambda x: math.exp(x.data), 1.0)
    (check,) = report.nodes
    assert ("differs", 0.0) == (check.verdict, check.analytic)
    assert math.isclose(math.e, check.numeric, rel_tol=1e-10)
    assert "outside the graph" in check.note


def test_functions_that_raise() -> None:
    """What was raised comes through, with where it was."""
    with pytest.raises(DomainError) as error:
        check_gradients(lambda x: log(x), -1.0)
    assert ["raised by <lambda> at x=-1.0"] == error.value.__notes__
    with pytest.raises(ZeroDivisionError):
        check_gradients(lambda x: 1 / 0, 1.0)


class Point(NamedTuple):
    x: Any
    y: Any


def test_no_grad_around_a_check_does_not_matter() -> None:
    """As for every derivative: what is taken inside is right all the same."""

    def f(x: Any) -> Any:
        return sin(x) * x

    with no_grad():
        inside = check_gradients(f, 2.0, order=2)
    assert str(check_gradients(f, 2.0, order=2)) == str(inside)
    assert [] == inside.mistakes
    output = f(Value(2.0))
    with no_grad():
        assert [] == check_graph(output).mistakes


def test_inputs_keep_their_structure() -> None:
    """Lists, tuples, named tuples and dicts, in one another; each number is named after its place."""

    def f(point: Point, layer: dict[str, Any], pair: tuple[Any, Any]) -> Value:
        assert (Point, dict, list, tuple) == (type(point), type(layer), type(layer["w"]), type(pair))
        return tanh(point.x * layer["w"][0] + point.y * layer["w"][1] + layer["b"]) * pair[0] + pair[1]

    report = check_gradients(f, Point(0.5, -0.3), {"w": [1.5, 0.7], "b": 0.1}, (2.0, Value(3.0, label="c")), order=2)
    assert [] == report.mistakes
    names = ["point[0]", "point[1]", "layer['w'][0]", "layer['w'][1]", "layer['b']", "pair[0]", "c"]
    assert set(names) == {check.name for check in report.nodes if check.op == "input"}
    with pytest.raises(TypeError, match=r"check_gradients needs a number .* as layer\['b'\]|a number as layer\['b'\]"):
        check_gradients(f, Point(0.5, -0.3), {"w": [1.5, 0.7], "b": "big"}, (2.0, 3.0))


@pytest.mark.parametrize("bad", [0.0, -1e-6, math.nan, math.inf, "small", True])
def test_bad_tolerances(bad: Any) -> None:
    for call in (lambda: check_gradients(sin, 1.0, tolerance=bad), lambda: check_graph(sin(Value(1.0)), tolerance=bad)):
        with pytest.raises((TypeError, ValueError), match="tolerance needs"):
            call()


def test_messages_name_the_function_that_was_asked() -> None:
    for function in (central_difference, extrapolated_difference, complex_step):
        with pytest.raises(TypeError, match=f"{function.__name__} needs a number as x"):
            function(sin, "1.0")


def test_functions_that_change_their_inputs() -> None:
    def writes(x: Value) -> Value:
        x.data = 5.0
        return x * x

    def pops(xs: list[Value]) -> Value:
        return xs.pop()

    with pytest.raises(ValueError, match=r"writes writes into its input x: it was 2\.0, then 5\.0"):
        check_gradients(writes, 2.0)
    with pytest.raises(ValueError, match="pops changes a list or dict it is given"):
        check_gradients(pops, [1.0, 2.0])


@pytest.mark.parametrize("inputs", [(), ([],), ([], ())])
def test_nothing_to_differentiate_by(inputs: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="at least one input"):
        check_gradients(lambda *xs: Value(1.0), *inputs)


@pytest.mark.parametrize("bad", ["1", None, True, 1j, math.nan])
def test_inputs_that_are_no_numbers(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="check_gradients needs a number as x"):
        check_gradients(lambda x: x, bad)


def test_what_is_no_function_and_what_is_no_graph() -> None:
    with pytest.raises(TypeError, match="needs a function first"):
        check_gradients(3.0, 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="check_graph needs a Value"):
        check_graph(3.0)  # type: ignore[arg-type]


def test_a_stale_graph_is_refused() -> None:
    x = Value(2.0)
    y = x * x
    x.data = 3.0
    with pytest.raises(StaleGraphError):
        check_graph(y)


OLD_PICKLE = (
    "c-obcOK;Oa5XYUg4Z%PtkB0ItEsqV9ltPbGL_)|&l`Q1bUM#dpwpj}&_TOGt>7n8wCGc6`OYkZ90Gv2-<jB~u(<tS_99E;*ncshBc0QClBGExF65VD;$<8"
    "~|kzo*N6Gr1BN=GO&UNH<KNOYKJEF5Pa2tSeLTVKSKyy#--#8o6?9YoSZh4Cse`iZZ-&_Bc}tF>-qW*NEJw$-ZUvBFUmHWMu}d5Ml8s&;A`ryZEe)Hvhdt"
    "Qg^(gBo9=j6u+qG0wYKX7e4s%uZaO1~0m}#FS~PDqo}`Uy6NPwpy#jOA2R~|C)%Wvk<*V5_^TG5!9zysxI3qrCxEd%2dtfWr}WW<0`Msw9kf{Yr_VvSucL"
    ")^r`dw$Jf-psTEb9MpLZJdXn89>0WnngJn85UECs_J);o1&6mmf`Q=lgwMG6AYbR$*9qml$snq*Fa~<4qv7VAk>YvC%Z2S*WChhq@col1}FElO3U6Q-!;y"
    "yc`cJbBL?&~-CguYKAat0JeL9kEj+VMidJRl4^LL(bgtYsMEA#G1i8sX6xo3piE-_za!ZRtStW!J=GzK|Ar12jk2a`0r2inhmiI>xiO{TVyWzvI@*Fa"
)
"""A report on x·x at 3, an estimate and a recipe, pickled while check and proof were one file each; compressed, in base 85."""


def test_what_older_versions_pickled_loads() -> None:
    """The classes moved to other files, and are found by the names they had."""
    report, estimate, recipe = pickle.loads(zlib.decompress(base64.b85decode(OLD_PICKLE)))
    assert ["x", "#1"] == [finding.name for finding in report.nodes]
    assert str(check_graph(report.output)) == str(report)
    assert extrapolated_difference(lambda t: t * t, 3.0) == estimate
    assert math.sin(2.0) == recipe(*recipe.inputs)
    assert str(report) == str(pickle.loads(pickle.dumps(report)))


@pytest.mark.parametrize("room", ["differences", "complex_step", "functions"])
def test_the_examples_in_docstrings_run(room: str) -> None:
    done = doctest.testmod(importlib.import_module(f"autograd.checking.{room}"))
    assert (0, True) == (done.failed, done.attempted > 0)


def test_the_package_offers_them() -> None:
    names = ("central_difference", "check_gradients", "check_graph", "complex_step", "extrapolated_difference")
    assert all(getattr(autograd, name) is getattr(check, name) and name in autograd.__all__ for name in names)
    assert all(hasattr(room, name) for room in (check, proof) for name in room.__all__)


# Second derivatives.


def test_the_second_order_holds_every_pair_of_inputs() -> None:
    """∂²f/∂x∂y for every two inputs, mixed ones both ways; lists of inputs too."""
    report = check_gradients(lambda x, ys: tanh(x * ys[0]) + x**3 * ys[1], 0.5, [1.5, 2.0], order=2)
    found = {check.name: check for check in report.nodes if check.op == "second derivative"}
    assert 9 == len(found)
    assert {"agrees", "ignores its input"} == {check.verdict for check in found.values()}  # it is linear in the last number
    names = sorted({name.split(", ")[0] for name in found})
    for first in names:
        for second in names:
            assert found[f"{first}, {second}"].analytic == pytest.approx(found[f"{second}, {first}"].analytic, rel=1e-12, abs=1e-12)


def test_a_rule_that_is_right_once_and_wrong_twice_is_found() -> None:
    """A rule that reads the number of its operand has a right first derivative, and none beyond; its edge is named, in one line."""
    frozen = custom_gradient(lambda z, x: 3.0 * getattr(x, "data", x) ** 2)(lambda x: x**3)
    assert [] == check_gradients(frozen, 2.0).mistakes
    report = check_gradients(lambda x, y: frozen(x) * sin(y), 2.0, math.pi / 2.0, order=2)
    (guilty,) = report.guilty
    assert "at x=2.0, by x once more: its rule as a graph says 0.0, differences say 12.0 ± " in guilty
    assert [(0.0, pytest.approx(12.0))] * 2 == [(mistake.analytic, mistake.numeric) for mistake in report.mistakes]
    assert ["edge", "x, x"] == ["edge" if mistake.by else mistake.name for mistake in report.mistakes]


def test_an_order_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="order is 1 or 2, but got 3"):
        check_gradients(tanh, 2.0, order=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("f", "x", "error"),
    [
        (autograd.log, -1.0, autograd.DomainError),
        (autograd.sqrt, -1.0, autograd.DomainError),
        (lambda x: x**0.5, -1.0, autograd.DomainError),
        (autograd.asin, 2.0, autograd.DomainError),
        (lambda x: 1.0 / x, 0.0, autograd.DivisionByZeroError),
    ],
)
def test_a_complex_step_stays_in_the_real_domain(f: Callable[[Any], Any], x: float, error: type[Exception]) -> None:
    """A function that goes on in the complex plane has no derivative here where it has no real value."""
    with pytest.raises(error):
        complex_step(f, x)


def test_second_derivatives_are_those_of_the_inputs_alone() -> None:
    """A Value that the function brings along is none, even if it is labelled like one."""
    w = Value(2.0, label="x")
    names = [check.name for check in check_gradients(lambda x: w * x * x, 1.5, order=2).nodes if check.op == "second derivative"]
    assert ["x, x"] == names


# ------------------------------------------------------------------------------------------------------------------------
# In pictures

RED = LIGHT.wrong


def svg_of(picture: Any) -> str:
    return str(picture.pipe("svg", encoding="utf-8"))


def hiding() -> Value:
    """A graph whose wrong edge lies in a scope, and the same wrong edge nowhere else."""
    x, y = Value(0.5, label="x"), Value(-1.2, label="y")
    with scope("layer"):
        inner = wrong("tanh", 1.001).kinds[Value](x * y)
    return inner * 2.0 + y


@pytest.mark.parametrize("style", ["textbook", "cards"])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_a_wrong_edge_is_red_in_every_picture(style: Any, direction: Any) -> None:
    """Its arrow, and both numbers beside it; the others are quiet. Without a mistake, nothing is red."""
    picture = draw(hiding(), check=True, style=style, direction=direction, fold=0)
    arrows = re.findall(r"<path [^>]*>", svg_of(picture))
    assert 1 == sum(f'stroke="{RED}"' in arrow for arrow in arrows)
    assert 1 == picture.source.count("≠ differences")
    assert RED not in svg_of(draw(tanh(Value(0.5) * 2.0), check=True, style=style, direction=direction))


@pytest.mark.parametrize("style", ["textbook", "cards"])
def test_a_wrong_edge_inside_a_folded_box_is_seen(style: Any) -> None:
    """The box is framed in red, and a line below says which edge it is; so it does where only a part is shown."""
    folded = draw(hiding(), check=True, style=style, fold=1).source
    assert 2 <= folded.count(RED)
    assert "wrong: edge tanh: ∂(tanh(x))/∂x at x=-0.6: recorded 0.712" in folded
    output = hiding()
    part = draw(output, check=True, style=style, around=output, radius=1).source
    assert "wrong: edge tanh" in part


def test_a_wrong_edge_in_a_folded_sum_is_seen() -> None:
    """The additions of a chain are one Σ: the wrong one among them is listed."""
    add = wrong("add", 1.001).kinds[Value]
    total = reduce(add, map(Value, range(5)))
    svg = svg_of(draw(total, check=True, chains=True))
    assert 3 == svg.count("wrong: edge add")
    assert f'fill="white" stroke="{RED}"' in svg


def test_a_wrong_edge_is_marked_in_text_formats() -> None:
    """Mermaid labels the link and strokes it red, TikZ writes and draws it in the colour `wrong`; folded ones are listed in both."""
    whole, folded = draw(hiding(), check=True, fold=0), draw(hiding(), check=True, fold=1)
    links = [line for line in whole.mermaid().splitlines() if "-->" in line]
    (which,) = [i for i, line in enumerate(links) if "#8800;" in line]
    assert f"    linkStyle {which} stroke:{RED}" in whole.mermaid()
    assert "1 wrong inside" in folded.mermaid()
    assert 'x0["wrong' in folded.mermaid()
    assert r"text=wrong, font=\scriptsize" in whole.tikz()
    assert r"\draw[<-, wrong" in whole.tikz()
    assert "draw=wrong" in folded.tikz()
    assert "wrong: edge tanh" in folded.tikz()


@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (lambda x: autograd.sqrt(autograd.log1p(x)), 1e-16, 5e7),
        (lambda x: x / autograd.expm1(x), 1e-9, -0.5),
        (lambda x: autograd.hypot(x, 1e-200), 1e-200, 0.7071067811865475),
        (lambda x: autograd.hypot(x, 1e200), 1e200, 0.7071067811865475),
    ],
)
def test_a_complex_step_keeps_its_digits_at_the_edge(f: Callable[[Any], Any], x: float, exact: float) -> None:
    """Where 1 + x or a square would lose them."""
    assert math.isclose(exact, complex_step(f, x), rel_tol=1e-6)
