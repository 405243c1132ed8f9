"""Forward mode: equal to reverse mode for every row and for whole graphs, right when derivatives nest, and failing alike."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    PRIMITIVES,
    AutogradError,
    DomainError,
    Dual,
    GradientError,
    NonFiniteError,
    Primitive,
    RangeError,
    StaleGraphError,
    Value,
    clip,
    derivative,
    dot,
    exp,
    gelu,
    gelu_tanh,
    grad,
    gradient,
    hypot,
    jvp,
    log,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    norm,
    pow,  # noqa: A004
    power,
    prod,
    relu,
    silu,
    sin,
    softmax,
    sqrt,
    square,
    stop_gradient,
    sum,  # noqa: A004
    tangents,
    tanh,
    where,
)
from autograd.graph import topological

from .random_graphs import SMOOTH, Step, build, recipes, values
from .special_values import MODEST, SPECIAL, spread, spread_pairs

ROWS = list(PRIMITIVES.values())


def outcome(f: Callable[[], Any]) -> Any:
    """What f gives, or the kind of error it raises."""
    try:
        return f()
    except AutogradError as error:
        return type(error)


def backward_through(row: Primitive, *operands: float) -> tuple[float, list[float]]:
    nodes = [Value(x) for x in operands]
    differentiable = [x if rule else x.data for x, rule in zip(nodes, row.partials, strict=True)]
    output = row.kinds[Value](*differentiable)
    output.backward()
    return output.data, [x.grad for x, rule in zip(nodes, row.partials, strict=True) if rule]


def forward_through(row: Primitive, *operands: float) -> tuple[float, list[float]]:
    found = []
    for i, rule in enumerate(row.partials):
        if rule:
            result, tangent = jvp(
                lambda x, i=i: row.kinds[Dual](*[x if j == i else other for j, other in enumerate(operands)]), [operands[i]], [1.0]
            )
            found.append(tangent)
    return result, found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_forward_equals_reverse_for_every_row_at_every_special_value(row: Primitive) -> None:
    """Bit for bit (0.0 and -0.0 apart), and failing with the same class of error, over special values and the whole range."""
    if len(row.operands) == 1:
        points: list[tuple[float, ...]] = [(x,) for x in (*SPECIAL, *spread(300))]
    else:
        ends = SPECIAL[:: 3 if row.name != "pow" else 2]
        points = [(x, y) for x in ends for y in ends] + [(x, y) for x in MODEST[::2] for y in MODEST[::2]] + spread_pairs(150)
    for point in points:
        assert outcome(lambda point=point: backward_through(row, *point)) == outcome(lambda point=point: forward_through(row, *point)), (
            point
        )


@given(recipes(SMOOTH), st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3))
def test_forward_equals_reverse_on_random_graphs(steps: list[Step], direction: list[float]) -> None:
    """J·v in one direction is the gradient's product with it; kinks included, since both take the same subgradient."""
    numbers = [0.3, -1.2, 2.0]
    _, tangent = jvp(lambda *xs: build(SMOOTH, steps, list(xs))[-1], numbers, direction)
    gradient_of = grad(lambda *xs: build(SMOOTH, steps, list(xs))[-1], argnums=(0, 1, 2))(*numbers)
    terms = [g * v for g, v in zip(gradient_of, direction, strict=True)]
    assert math.fsum(terms) == pytest.approx(tangent, rel=1e-9, abs=1e-9)


@given(recipes(SMOOTH))
def test_tangents_on_a_recorded_graph_equal_duals(steps: list[Step]) -> None:
    """∂node/∂x for every node, from the recorded local derivatives, is what a run on Duals finds."""
    leaves = values([0.3, -1.2, 2.0])
    nodes = build(SMOOTH, steps, leaves)
    found = tangents(nodes[-1], leaves[0])
    _, expected = jvp(lambda x: build(SMOOTH, steps, [x, -1.2, 2.0]), [0.3], [1.0])
    for node, tangent in zip(nodes, expected, strict=True):
        assert tangent == pytest.approx(found.get(node, tangent), rel=1e-12, abs=1e-12)
    assert topological(nodes[-1]) == [*found]


COMPOSED: dict[str, Callable[[Any], Any]] = {
    "square": square,
    "clip": lambda x: clip(x, -1.0, 1.0),
    "silu": silu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "where": lambda x: where(x > 0.5, sqrt(abs(x)), x * x),
    "sum and mean": lambda x: sum([x, 1.0, x]) * mean([x, 2.0]),
    "prod and dot": lambda x: prod([x, 3.0, x]) + dot([x, 1.0], [2.0, x]),
    "norm": lambda x: norm([x, 0.0, -x]),
    "logsumexp": lambda x: logsumexp([x, 1.0, -x]),
    "softmax": lambda x: softmax([x, 1.0, x * 0.5])[2],
    "log_softmax": lambda x: log_softmax([x, 1.0, x * 0.5])[0],
}


@pytest.mark.parametrize("name", COMPOSED)
def test_forward_equals_reverse_for_composed_functions_to_order_2(name: str) -> None:
    """Within rounding, at 0 and where people work; and where one has no derivative, neither has the other."""
    f = COMPOSED[name]
    for x in (*MODEST, 0.25, 2.5):
        once = [outcome(lambda mode=mode, x=x: mode(f)(x)) for mode in (grad, derivative)]
        assert once[0] == pytest.approx(once[1], rel=1e-12, abs=1e-15), x
        twice = [outcome(lambda a=a, b=b, x=x: a(b(f))(x)) for a in (grad, derivative) for b in (grad, derivative)]
        for other in twice[1:]:
            assert twice[0] == (other if isinstance(other, type) else pytest.approx(other, rel=1e-11, abs=1e-12)), x


# -- perturbation confusion ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", [grad, derivative])
@pytest.mark.parametrize("inner", [grad, derivative])
def test_nested_derivatives_do_not_confuse_their_perturbations(outer: Any, inner: Any) -> None:
    """d/dx [x · d/dy (x + y)] = 1, d/dx [x · d/dy (x·y)] = 2x, d/dx [x · (d/dy y²·x at y = x)] = 6x²; by either mode, in either order."""
    assert 1.0 == outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0)
    assert 1.0 == outer(lambda x: x * inner(lambda y: x + y)(x))(1.0)
    assert 6.0 == outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0)
    assert 54.0 == outer(lambda x: x * inner(lambda y: y * y * x)(x))(3.0)
    assert 0.0 == outer(lambda x: inner(lambda y: stop_gradient(x) * y)(2.0))(3.0)


@pytest.mark.parametrize("a", [grad, derivative])
@pytest.mark.parametrize("b", [grad, derivative])
@pytest.mark.parametrize("c", [grad, derivative])
def test_three_levels_in_every_mixture(a: Any, b: Any, c: Any) -> None:
    """f‴, and ∂³/∂x∂y∂z of x·y²·z³ with each variable at another level."""
    assert 24.0 * 2.0 == a(b(c(lambda x: x**4)))(2.0)
    assert 2 * 3.0 * 3 * 2.0**2 == a(lambda x: b(lambda y: c(lambda z: x * y**2 * z**3)(2.0))(3.0))(5.0)


def test_an_operation_of_an_inner_derivative_on_an_outer_number_alone_is_constant_to_the_inner_one() -> None:
    assert 0.0 == derivative(lambda x: x * derivative(lambda y: sin(x))(1.0))(1.0)
    assert math.cos(1.0) == derivative(lambda x: derivative(lambda y: sin(x) * y)(1.0))(1.0)


def test_a_dual_kept_from_a_derivative_that_is_over_is_refused() -> None:
    """Whatever is computed with it, and where it is returned; it can still be looked at, and a Dual made by hand is no matter."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * x)
        return x * x

    assert 4.0 == derivative(f)(2.0)
    (old,) = kept
    assert (4.0, 4.0, True) == (old.data, old.detach(), old > 3.0)
    uses: list[Callable[[], Any]] = [
        lambda: old * 2.0,
        lambda: 2.0 - old,
        lambda: sin(old),
        lambda: derivative(lambda y: y * old)(1.0),
        lambda: grad(lambda y: y * old)(1.0),
        lambda: jvp(lambda y: [y, old], (1.0,), (1.0,)),
        lambda: grad(lambda y: (y, {"old": old}), has_aux=True)(1.0),
        lambda: grad(lambda y: y * y)(old),
        lambda: Value(1.0) * old,
    ]
    for use in uses:
        with pytest.raises(StaleGraphError, match=r"was kept from a derivative that is over, .* keep x.detach\(\), its plain number"):
            use()
    assert 4.0 == derivative(lambda y: y * old.detach())(1.0)
    assert (6.0, 2.0) == ((Dual(1, 3.0, 1.0) * 2.0).primal, (Dual(1, 3.0, 1.0) * 2.0).tangent)
    with pytest.raises(ZeroDivisionError):
        derivative(lambda x: kept.append(x) or x / 0.0)(1.0)
    with pytest.raises(StaleGraphError):
        kept[-1] + 1.0


# -- what does not exist -------------------------------------------------------------------------------------------------


def test_a_derivative_that_does_not_exist_matters_only_where_it_is_needed() -> None:
    """What does not move contributes nothing; a branch not taken takes nothing on; what remains is the error reverse mode gives."""
    assert (0.0, 0.0) == jvp(sqrt, [0.0], [0.0])
    with pytest.raises(GradientError, match="0·∞"):  # a tangent that is 0 here, and asked how the result depends on it
        jvp(sqrt, [0.0], [Value(0.0)])
    assert 1.0 == derivative(lambda x: where(x > 0.0, sqrt(x), x))(0.0)
    assert 0.0 == derivative(lambda x: sqrt(x) * 0.0)(0.0)
    assert 0.0 == derivative(lambda x: sqrt(stop_gradient(x)))(0.0)
    assert 1.0 == derivative(lambda x: x + stop_gradient(sqrt(x)))(0.0)
    for mode in (derivative, grad):
        with pytest.raises(GradientError, match=r"through sqrt: its local derivative ∂\(sqrt\(x\)\)/∂x at x=0.0 .*does not exist"):
            mode(lambda x: 3.0 * sqrt(x) + 1.0)(0.0)
        with pytest.raises(GradientError, match="use a plain number as exponent"):
            mode(lambda y: pow(-2.0, y))(3.0)


def test_a_second_derivative_that_does_not_exist_is_named_in_every_mixture() -> None:
    """x**1.5 at 0 has a derivative, 0, and no second one."""
    for mode in (derivative, grad):
        assert 0.0 == mode(lambda x: power(x, 1.5))(0.0)
        for outer in (derivative, grad):
            with pytest.raises(GradientError, match=r"no (tangent|gradient) through"):
                outer(mode(lambda x: power(x, 1.5)))(0.0)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (x * 1e200) * 1e200, 1e-200),
        (lambda x: x * 1e308 + x * 1e308, 0.1),
    ],
)
def test_a_tangent_beyond_the_floats_is_a_gradient_error_as_in_reverse_mode(f: Any, x: float) -> None:
    assert outcome(lambda: grad(f)(x)) == outcome(lambda: derivative(f)(x))
    assert derivative(lambda x: ((x * 1e200) * 1e200) * 0.0)(1e-200) == 0.0


def test_errors_of_the_forward_pass_stay_what_they_are() -> None:
    with pytest.raises(DomainError, match=r"log needs x > 0, but got x=-1\.0"):
        derivative(log)(-1.0)
    with pytest.raises(RangeError):
        derivative(exp)(1000.0)
    with pytest.raises(NonFiniteError):
        derivative(lambda x: x * math.inf)(1.0)
    with pytest.raises(TypeError, match="needs a plain number as c, but got"):
        derivative(lambda x: power(2.0, x))(1.0)
    with pytest.raises(ValueError, match="somebody's own"):
        derivative(lambda x: x * _fails())(1.0)


def _fails() -> float:
    raise ValueError("somebody's own")


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (relu, 0.0),
        (abs, 0.0),
        (lambda x: maximum(x, x), 2.0),
        (lambda x: maximum(x, 2.0), 2.0),
        (lambda x: hypot(x, 0.0), 0.0),
        (lambda x: clip(x, -1.0, 1.0), 1.0),
        (lambda x: x.leaky_relu(0.1), 0.0),
        (lambda x: norm([x, x * 2.0, 0.0]), 0.0),
        (lambda x: max(x, 3.0 - x) + min(x, 1.0), 2.0),
    ],
)
def test_kinks_take_the_same_subgradient(f: Any, at: float) -> None:
    assert grad(f)(at) == derivative(f)(at)


# -- a Dual as a Python object -------------------------------------------------------------------------------------------


def test_operators_mix_with_plain_numbers_and_values_on_either_side() -> None:
    """Each of + − × ÷ ** on Dual and int, float, Value, in both orders: the number and the tangent of the function form."""
    for symbol in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for other in (3, 3.0, Value(3.0)):
            for f, fixed in ((lambda x, o=other, s=symbol: s(x, o), 1), (lambda x, o=other, s=symbol: s(o, x), 0)):
                number, tangent = jvp(f, [2.0], [1.0])
                x = Value(2.0)
                expected = symbol(x, 3.0) if fixed else symbol(3.0, x)
                expected.backward()
                assert (expected.data, x.grad) == pytest.approx((float(number), float(tangent)), rel=1e-15)


def test_a_value_beside_a_dual_keeps_its_gradient() -> None:
    """derivative of x²·w by x, at x = 3: 6w, and ∂/∂w of it is 6."""
    w = Value(2.0, label="w")
    for f in (lambda x: x * x * w, lambda x: w * x * x, lambda x: w * (x**2), lambda x: (x * x) / (1.0 / w)):
        w.grad = 0.0
        slope = derivative(f)(3.0)
        slope.backward()
        assert (12.0, 6.0) == pytest.approx((slope.data, w.grad), rel=1e-15)


def test_comparisons_numbers_texts_and_truth() -> None:
    x = Dual(1, Dual(0, 2.5, 1.0), 7.0)
    assert (2.5, 2.5, 2, 2.0, "2.50") == (x.data, float(x), int(x), round(x), f"{x:.2f}")
    assert x < 3
    assert x <= 2.5
    assert x > 2.0
    assert x >= Value(2.5)
    assert Value(1.0) < x
    assert Value(3.0) > x
    assert x < math.inf
    assert x is max(x, Value(2.0))
    assert [1.0, x] == sorted([x, 1.0])
    assert x == x
    assert x != Dual(1, 2.5, 7.0)
    assert len({x, x}) == 1
    assert "Dual(2.0, 1.0, level=3)" == repr(Dual(3, 2.0, 1.0)) == f"{Dual(3, 2.0, 1.0)}"
    assert (+x) is x
    assert x.detach() == 2.5
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(x)
    with pytest.raises(TypeError, match="no modulus"):
        pow_builtin(x, 2, 5)
    with pytest.raises(TypeError, match=r"write 1\.0 or 0\.0"):
        x * True
    with pytest.raises(TypeError):
        x < "a"  # noqa: B015


def pow_builtin(*args: Any) -> Any:
    import builtins

    return builtins.pow(*args)


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.operands) == 1], ids=lambda row: row.name)
def test_every_row_is_a_method(row: Primitive) -> None:
    at = 1.5 if row.name == "acosh" else 0.5
    assert derivative(lambda x: row.kinds[Dual](x))(at) == derivative(lambda x: getattr(x, row.name)())(at)


def test_composed_functions_work_on_duals() -> None:
    xs = [1.0, 2.0, 0.5]
    for i in range(3):
        direction = [float(i == j) for j in range(3)]
        leaves = values(xs)
        expected = [gradient(s, leaves[i]).data for s in softmax(leaves)]
        assert expected == pytest.approx(jvp(softmax, [xs], [direction])[1], rel=1e-12, abs=1e-15)
    assert 3.0 == derivative(lambda x: sum([x, x, x, 1.0]))(2.0)


def test_code_that_reads_data_works_on_duals() -> None:
    """What branches on `.data` takes the branch of the number, as with Values."""
    assert 4.0 == derivative(lambda x: x * x if x.data > 0 else -x)(2.0)
    assert -1.0 == derivative(lambda x: x * x if x.data > 0 else -x)(-2.0)


def test_a_long_chain_and_a_wide_sum_need_no_recursion() -> None:
    def chain(x: Any) -> Any:
        y = x
        for _ in range(5000):
            y = tanh(y) * 1.5
        return y

    assert math.isfinite(derivative(chain)(0.1))
