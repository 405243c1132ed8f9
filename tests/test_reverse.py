"""Gradients as graphs: equal to backward(), and right again when differentiated once more."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import (
    GradientError,
    RangeError,
    StaleGraphError,
    Value,
    atan,
    cos,
    cosh,
    custom_gradient,
    erf,
    exp,
    grad,
    gradient,
    hessian,
    hvp,
    hypot,
    jacobian,
    log,
    maximum,
    norm,
    relu,
    scope,
    sigmoid,
    sin,
    softplus,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from autograd.graph import cotangents, topological

from .random_graphs import POLYNOMIAL, SMOOTH, Step, build, recipes, values

NUMBERS = [0.3, -1.2, 2.0]


@given(recipes(SMOOTH))
def test_gradient_backward_and_cotangents_agree_on_random_graphs(steps: list[Step]) -> None:
    """The three ways to a gradient give the same numbers, bit for bit, for every node: leaves, inner nodes and the output."""
    nodes = build(SMOOTH, steps, values(NUMBERS))
    output = nodes[-1]
    order = topological(output)
    expected = cotangents(output)
    output.backward()
    assert [expected[node] for node in order] == [node.grad for node in order]
    assert [expected.get(node, 0.0) for node in nodes] == [g.data for g in gradient(output, nodes, unrelated="zero")]


@given(recipes(POLYNOMIAL, most=12), st.integers(-2, 2), st.integers(-3, 3))
def test_derivatives_to_order_3_of_random_polynomials_are_exact(steps: list[Step], x: int, y: int) -> None:
    """f, f′, f″ and f‴ against arithmetic on polynomials truncated after t³: whole numbers, so equal, not nearly equal."""
    a, b = Value(x), Value(y)
    output = build(POLYNOMIAL, steps, [b, a])[-1]
    jet = build(POLYNOMIAL, steps, [Jet(y), Jet(x, 1)])[-1]
    assume(all(abs(c) < 2**40 for c in jet.coefficients))
    derivative: Value = output
    actual = []
    for _ in range(4):
        actual.append(derivative.data)
        derivative = gradient(derivative, a, unrelated="zero")
    assert [math.factorial(i) * c for i, c in enumerate(jet.coefficients)] == actual


class Jet:
    """A polynomial in t of whole coefficients, truncated after t³: f(x + t), whose coefficients are f⁽ⁱ⁾(x)/i!."""

    def __init__(self, *coefficients: int) -> None:
        self.coefficients = (*coefficients, 0, 0, 0, 0)[:4]

    @staticmethod
    def of(x: Any) -> Jet:
        return x if isinstance(x, Jet) else Jet(x)

    def __add__(self, other: Any) -> Jet:
        return Jet(*(a + b for a, b in zip(self.coefficients, Jet.of(other).coefficients, strict=True)))

    def __mul__(self, other: Any) -> Jet:
        a, b = self.coefficients, Jet.of(other).coefficients
        return Jet(*(sum(a[i] * b[n - i] for i in range(n + 1)) for n in range(4)))

    def __neg__(self) -> Jet:
        return self * -1

    def __sub__(self, other: Any) -> Jet:
        return self + -Jet.of(other)

    def __rsub__(self, other: Any) -> Jet:
        return Jet.of(other) + -self

    def __pow__(self, n: int) -> Jet:
        return self * self


@given(recipes(SMOOTH, most=12))
def test_mixed_second_derivatives_do_not_depend_on_the_order(steps: list[Step]) -> None:
    """∂²f/∂x∂y = ∂²f/∂y∂x, where f has no kink."""
    smooth = {**SMOOTH, "maximum": lambda a, b: sin(a) * cos(b)}
    leaves = values(NUMBERS)
    output = build(smooth, steps, leaves)[-1]
    first = gradient(output, leaves, unrelated="zero")
    second = [[h.data for h in gradient(g, leaves, unrelated="zero")] for g in first]
    for i in range(3):
        for j in range(i):
            assert second[i][j] == pytest.approx(second[j][i], rel=1e-9, abs=1e-9)


CLOSED_FORMS: list[tuple[str, Callable[[Any], Any], float, Callable[[float], tuple[float, float, float]]]] = [
    ("x**5", lambda x: x**5, 1.5, lambda x: (5 * x**4, 20 * x**3, 60 * x**2)),
    ("x**2 at 0", lambda x: x**2, 0.0, lambda x: (0, 2, 0)),
    ("x*x*x at 0", lambda x: x * x * x, 0.0, lambda x: (0, 0, 6)),
    ("exp", exp, -0.7, lambda x: (math.exp(x),) * 3),
    ("log", log, 2.5, lambda x: (1 / x, -1 / x**2, 2 / x**3)),
    ("sin", sin, 0.9, lambda x: (math.cos(x), -math.sin(x), -math.cos(x))),
    ("1/x", lambda x: 1 / x, -0.8, lambda x: (-1 / x**2, 2 / x**3, -6 / x**4)),
    ("sqrt", sqrt, 4.0, lambda x: (0.5 * x**-0.5, -0.25 * x**-1.5, 0.375 * x**-2.5)),
    ("sigmoid at 0", sigmoid, 0.0, lambda x: (1 / 4, 0, -1 / 8)),
    ("tanh at 0", tanh, 0.0, lambda x: (1, 0, -2)),
    ("softplus at 0", softplus, 0.0, lambda x: (1 / 2, 1 / 4, 0)),
    ("atan at 0", atan, 0.0, lambda x: (1, 0, -2)),
    ("cosh", cosh, 0.4, lambda x: (math.sinh(x), math.cosh(x), math.sinh(x))),
    ("erf at 0", erf, 0.0, lambda x: (2 / math.sqrt(math.pi), 0, -4 / math.sqrt(math.pi))),
    ("exp(x²)", lambda x: exp(x * x), 0.5, lambda x: tuple(math.exp(x * x) * p for p in (2 * x, 4 * x**2 + 2, 8 * x**3 + 12 * x))),
    ("2**x", lambda x: 2**x, 1.5, lambda x: tuple(2**x * math.log(2) ** n for n in (1, 2, 3))),
    ("x**x", lambda x: x**x, 1.0, lambda x: (1, 2, 3)),
    ("relu", relu, 2.0, lambda x: (1, 0, 0)),
    ("max(x, x)", lambda x: maximum(x, x), 2.0, lambda x: (1, 0, 0)),
]


@pytest.mark.parametrize(("text", "f", "x", "closed"), CLOSED_FORMS, ids=[text for text, *_ in CLOSED_FORMS])
def test_orders_1_to_3_against_closed_forms(text: str, f: Any, x: float, closed: Any) -> None:
    v = Value(x)
    derivative, actual = f(v), []
    for _ in range(3):
        derivative = gradient(derivative, v, unrelated="zero")
        actual.append(derivative.data)
    assert list(closed(x)) == pytest.approx(actual, rel=4e-15, abs=1e-300)


def test_backward_of_a_gradient_is_the_second_derivative() -> None:
    x, y = Value(3.0), Value(2.0)
    dx = gradient(x**3 * y, x)
    dx.backward()
    assert (6 * 3.0 * 2.0, 3 * 9.0) == (x.grad, y.grad)


# -- what is returned ----------------------------------------------------------------------------------------------------


def test_a_local_derivative_that_is_an_operand_is_that_very_node() -> None:
    a, b = Value(2.0), Value(3.0)
    assert gradient(a * b, a) is b
    assert gradient(a * b, b) is a
    assert gradient(exp(a) + 1, a).op is exp.primitive
    output = exp(a)
    assert gradient(output, a) is output


def test_no_nodes_for_times_one_times_minus_one_and_plus_zero() -> None:
    """The gradient of (a·b − c)·d by a is the one product d·b; by c the one node −d."""
    a, b, c, d = (Value(x) for x in (2.0, 3.0, 4.0, 5.0))
    output = (a * b - c) * d
    by_a, by_c = gradient(output, [a, c])
    assert (15.0, {b, d}) == (by_a.data, set(by_a.args))
    assert (-5.0, "negate", (d,)) == (by_c.data, by_c.op and by_c.op.name, by_c.args)


def test_constant_gradients_are_leaves() -> None:
    x = Value(2.0)
    for output, expected in ((x, 1.0), (3 * x, 3.0), (x - 1, 1.0), (1 - x, -1.0), (stop_gradient(x), 0.0), (x * 2 + x * 5, 7.0)):
        result = gradient(output, x)
        assert (expected, ()) == (result.data, result.args)


def test_wrt_one_list_tuple_generator_inner_nodes_repeats() -> None:
    x, y = Value(2.0), Value(5.0)
    inner = x * y
    output = inner**2
    assert 100.0 == gradient(output, x).data
    assert [100.0, 40.0] == [g.data for g in gradient(output, [x, y])]
    assert [100.0, 40.0] == [g.data for g in gradient(output, (x, y))]
    assert [100.0, 40.0] == [g.data for g in gradient(output, (v for v in (x, y)))]  # type: ignore[call-overload]
    assert [20.0, 1.0, 20.0] == [g.data for g in gradient(output, [inner, output, inner])]
    assert [] == gradient(output, [])


def test_no_grad_is_read_or_written() -> None:
    x, y = Value(2.0), Value(5.0)
    output = sin(x * y)
    for i, node in enumerate(topological(output)):
        node.grad = 100.0 + i
    gradient(gradient(output, x), y)
    assert [100.0, 101.0, 102.0, 103.0] == [node.grad for node in topological(output)]


def test_nodes_of_a_gradient_stand_in_the_scope_they_are_made_in() -> None:
    x = Value(2.0)
    with scope("backward"):
        dx = gradient(x**3, x)
    assert "backward" == dx.scope


def test_only_what_leads_to_the_wanted_nodes_is_built() -> None:
    """A local derivative that does not exist elsewhere in the graph does not matter."""
    x, y = Value(2.0), Value(0.0)
    output = x * x + sqrt(y)
    assert 4.0 == gradient(output, x).data
    with pytest.raises(GradientError, match="sqrt"):
        gradient(output, y)


@pytest.mark.slow
def test_a_long_chain_needs_no_recursion() -> None:
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y * 0.5 + x
    dx = gradient(y, x)
    assert 2.0 == dx.data
    z = Value(0.5)
    y = z
    for _ in range(3_000):
        y = sin(y)
    second = gradient(gradient(y, z), z)
    y.backward()
    assert z.grad == gradient(y, z).data
    assert math.isfinite(second.data)


# -- what is refused -----------------------------------------------------------------------------------------------------


def test_unrelated_nodes_are_named_or_zero() -> None:
    x, y, z = Value(2.0, label="x"), Value(3.0, label="y"), Value(4.0)
    with pytest.raises(
        ValueError, match=r"does not depend on Value\(3.0, label='y', grad=0.0\), Value\(4.0, grad=0.0\); pass unrelated='zero'"
    ):
        gradient(x * x, [y, x, z])
    assert [0.0, 4.0, 0.0] == [g.data for g in gradient(x * x, [y, x, z], unrelated="zero")]
    assert 0.0 == gradient(x * x, y, unrelated="zero").data


def test_many_unrelated_nodes_are_counted() -> None:
    x = Value(2.0)
    with pytest.raises(ValueError, match=r"Value\(4.0, grad=0.0\) and 995 more; pass"):
        gradient(x * x, [Value(i) for i in range(1000)])


@pytest.mark.parametrize(
    ("output", "wrt", "came"),
    [
        (2.0, Value(1.0), "2.0 of type float"),
        (None, Value(1.0), "None of type NoneType"),
        ([Value(1.0)], Value(1.0), "of type list"),
        (Value(1.0), 2.0, "2.0 of type float"),
        (Value(1.0), None, "None of type NoneType"),
        (Value(1.0), [Value(1.0), "x"], "'x' of type str"),
        (Value(1.0), "x", "'x' of type str"),
    ],
)
def test_what_is_no_value_is_refused(output: Any, wrt: Any, came: str) -> None:
    with pytest.raises(TypeError, match=f"one Value or a list of them, but got .*{came}"):
        gradient(output, wrt)


def test_unrelated_is_one_of_two_words() -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match="unrelated is 'error' or 'zero', but got 'ignore'"):
        gradient(x, x, unrelated="ignore")  # type: ignore[call-overload]


# -- strong zero ---------------------------------------------------------------------------------------------------------


def test_strong_zero_in_a_gradient_graph() -> None:
    """0·inf is not NaN: the branch not taken hands nothing on, whatever its local derivative."""
    x = Value(0.0)
    assert 0.0 == gradient(sqrt(x) * 0.0, x).data
    assert 1.0 == gradient(where(x > 0.0, sqrt(x), x), x).data
    c = Value(0.0)
    with pytest.raises(GradientError, match="0·∞"):  # the upstream gradient is a Value that is 0, and will be differentiated by
        gradient(c * sqrt(x) + x, x)


def test_a_gradient_that_is_zero_still_has_a_derivative() -> None:
    """f = u·u, u = x·1 at x = 0: the gradient that reaches u is 0 here and not elsewhere, so the second derivative is 2."""
    x = Value(0.0)
    u = x * 1
    first = gradient(u * u, x)
    assert (0.0, 2.0) == (first.data, gradient(first, x).data)
    y = Value(0.0)
    assert 2.0 == gradient(gradient(x * sin(y) * 2.0, y), x).data
    first = gradient(x * exp(y) + x**3, y)
    assert (0.0, 1.0) == (first.data, gradient(first, x).data)
    third = gradient(gradient(gradient(sin(x) ** 3, x), x), x)
    assert 6.0 == third.data


# -- numbers out of range ------------------------------------------------------------------------------------------------


def test_a_needed_derivative_that_does_not_exist_names_the_edge() -> None:
    x = Value(0.0, label="p")
    with pytest.raises(GradientError, match=r"through sqrt: its local derivative ∂\(sqrt\(x\)\)/∂x at x=0.0 \(label 'p'\) does not exist"):
        gradient(3 * sqrt(x), x)
    y = Value(3.0)
    with pytest.raises(GradientError, match="use a plain number as exponent"):
        gradient(Value(-2.0) ** y, y)


def test_a_gradient_beyond_the_floats_is_a_gradient_error() -> None:
    """The same class as backward()'s, for products and for sums, of Values and of plain numbers; never infinity."""
    big = Value(1e200)
    cases = [
        (lambda v: (v * 1e200) * 1e200, 1e-200),
        (lambda v: (v * big) * big, 1e-200),
        (lambda v: v * 1e308 + v * 1e308, 0.1),
        (lambda v: v * big * 1e108 + v * big * 1e108, 0.1),
    ]
    for f, at in cases:
        v = Value(at, label="v")
        output = f(v)
        for way in (lambda v=v, output=output: gradient(output, v), lambda output=output: output.backward()):
            with pytest.raises(GradientError, match=r"leaves the range of floats .* at ∂\("):
                way()
        assert 0.0 == v.grad


def test_range_errors_of_the_forward_pass_are_not_gradient_errors() -> None:
    with pytest.raises(RangeError):
        exp(Value(1000.0))


# -- data edited since ---------------------------------------------------------------------------------------------------


def test_a_stale_graph_is_refused() -> None:
    """gradient() evaluates rules on current data, so where a local derivative is no longer the recorded one it refuses, and names
    the edge with both numbers; backward() stays right for the recorded forward pass."""
    x, w = Value(3.0, label="x"), Value(2.0, label="w")
    output = x * w
    w.data = 9.0
    with pytest.raises(StaleGraphError, match=r"∂\(x \* y\)/∂x at x=3.0 \(label 'x'\), y=9.0 \(label 'w'\) is 9.0 now, but was 2.0 when"):
        gradient(output, x)
    output.backward()
    assert (2.0, 3.0) == (x.grad, w.grad)


def test_a_stale_product_below_other_operations_is_refused() -> None:
    """Either operand edited, where what arrives at the product is a node and not a plain 1."""
    for edited in (0, 1):
        leaves = values([3.0, 2.0])
        output = exp(leaves[0] * leaves[1])
        leaves[edited].data = 9.0
        with pytest.raises(StaleGraphError, match=r"is 9.0 now, but was (3|2).0 when"):
            gradient(output, leaves)


def test_where_nothing_arrives_an_edit_is_no_matter() -> None:
    x = Value(3.0)
    output = sin(x) * 0.0 + x
    x.data = 5.0
    assert 1.0 == gradient(output, x).data


def test_a_stale_graph_whose_rule_fails_now_is_refused() -> None:
    x = Value(3.0)
    output = log(x)
    x.data = 0.0
    with pytest.raises(StaleGraphError, match=r"fails now .*zero.*, but was 0.333.* when it was recorded"):
        gradient(output, x)


def test_an_edit_that_changes_no_local_derivative_in_use_is_no_matter() -> None:
    x, y = Value(3.0), Value(4.0)
    output = 2 * x + sin(y)
    x.data = y.data = 5.0
    assert 2.0 == gradient(output, x).data


def test_after_an_update_a_new_graph_is_right() -> None:
    x = Value(3.0)
    old = x**3
    x.data -= 1.0
    with pytest.raises(StaleGraphError):
        gradient(old, x)
    assert 12.0 == gradient(x**3, x).data


def test_the_hypotenuse_at_the_origin() -> None:
    """A kink: the gradient graph takes the same subgradient as the sweep."""
    x, y = Value(0.0), Value(0.0)
    assert [0.0, 0.0] == [g.data for g in gradient(hypot(x, y), [x, y])]


# -- the collector -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_left_as_it_was(collecting: bool) -> None:
    """Full runs of the collector wait while a large graph is built; all is afterwards as it was, after errors too."""
    before, thresholds = gc.isenabled(), gc.get_threshold()
    seen: list[tuple[bool, tuple[int, int, int]]] = []

    @custom_gradient(lambda z, x: seen.append((gc.isenabled(), gc.get_threshold())) or 1.0 / x)
    def logarithm(x: float) -> float:
        return math.log(x)

    try:
        (gc.enable if collecting else gc.disable)()
        gc.set_threshold(701, 11, 12)
        for x in (Value(0.5), Value(1.5)):
            y = logarithm(x)
            for _ in range(1000):
                y = y * 1.0
            seen.clear()
            gradient(y, x)
            assert [(collecting, (701, 0, 10**9))] == seen
            assert (collecting, (701, 11, 12)) == (gc.isenabled(), gc.get_threshold())
        zero = Value(0.0)
        y = sqrt(zero)
        for _ in range(1000):
            y = y + 1.0
        with pytest.raises(GradientError):
            gradient(y, zero)
        assert (collecting, (701, 11, 12)) == (gc.isenabled(), gc.get_threshold())
    finally:
        (gc.enable if before else gc.disable)()
        gc.set_threshold(*thresholds)


def test_gradient_under_threads_gives_the_same_numbers() -> None:
    """Graphs over shared leaves, differentiated at the same time, and the collector as before at the end."""
    x, thresholds = Value(0.7), gc.get_threshold()
    found: list[float] = []

    def work() -> None:
        y = x
        for _ in range(600):
            y = sin(y) * 1.1
        found.append(gradient(y, x).data)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 8 == len(found)
    assert 1 == len(set(found))
    assert (True, thresholds) == (gc.isenabled(), gc.get_threshold())


def test_a_rule_that_gives_an_int_is_a_number_too() -> None:
    identity = custom_gradient(lambda z, x: 1)(lambda x: x)
    x = Value(1.7)
    assert 1.0 == gradient(identity(x), x).data


def test_a_rule_that_is_an_operand_keeps_depending_on_it() -> None:
    """x·y with its rules said by hand: the operand is a node to the next derivative, whatever stands for it."""
    product = custom_gradient(lambda z, x, y: y, lambda z, x, y: x)(lambda x, y: x * y)
    assert ((0.0, 1.0), (1.0, 0.0)) == hessian(product, argnums=(0, 1))(2.0, 3.0)
    x, y = Value(2.0), Value(3.0)
    assert (y, x) == tuple(gradient(product(x, y), [x, y]))


def test_custom_gradient_without_its_rules_says_so() -> None:
    with pytest.raises(TypeError, match="takes its rules first, then the function"):
        custom_gradient(lambda x: x)(2.7)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1.0, -3.0])
def test_the_hessian_of_a_squared_length_at_the_origin_whichever_way(scale: float) -> None:
    """Reverse over reverse, forward over reverse, and column by column: 2·I. That of the length itself does not exist."""

    def f(v: Any) -> Any:
        return scale * norm(v) ** 2 + v[0] * v[1]

    expected, origin = [[2.0 * scale, 1.0], [1.0, 2.0 * scale]], [0.0, 0.0]
    assert expected == hessian(f)(origin)
    assert expected == [hvp(f, (origin,), (v,))[0] for v in ([1.0, 0.0], [0.0, 1.0])]
    assert expected == jacobian(grad(f), mode="forward")(origin)
    with pytest.raises(GradientError):
        hvp(norm, (origin,), ([1.0, 0.0],))
