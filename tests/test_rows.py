"""Rows in every feature: those that were added after all the rooms stood, each in one place, are used wherever an operation can be."""

from __future__ import annotations

import math
from typing import Any

import pytest

import nn
from autograd import (
    PRIMITIVES,
    DomainError,
    GradientError,
    Value,
    compile,  # noqa: A004
    derivative,
    grad,
    gradient,
    latex,
    logsumexp,
    ops,
    pack,
    polygamma,
    steps,
    tree,
)
from autograd.expression import parse
from autograd.program import TracingError
from autograd.testing import assert_primitive

POINTS: dict[str, list[tuple[float, ...]]] = {
    "log1mexp": [(0.3,), (0.7,), (2.0,), (40.0,)],
    "logaddexp": [(0.3, 0.7), (-2.0, 1.5), (30.0, -5.0), (800.0, 801.0)],
    "xlogy": [(0.3, 0.7), (0.0, 0.5), (-2.0, 1.5)],
    "floor": [(0.3,), (-1.7,)],
    "ceil": [(0.3,), (-1.7,)],
    "trunc": [(0.3,), (-1.7,)],
    "round_": [(0.3,), (-1.7,)],
    "mish": [(0.3,), (-1.7,), (-0.2,), (4.0,)],
    "softsign": [(0.3,), (-1.7,)],
    "hardswish": [(0.3,), (-1.7,), (-4.0,), (5.0,)],
    "lgamma": [(0.3,), (1.4616,), (5.0,), (120.0,)],
    "digamma": [(0.3,), (2.0,), (50.0,)],
}
ROWS = pytest.mark.parametrize("name", POINTS)


@ROWS
def test_a_program_in_every_language(name: str) -> None:
    """Compiled, packed, and as source in Python, NumPy, PyTorch and JAX, where they are installed: the engine's value and gradients."""
    row = getattr(ops, name)
    for point in POINTS[name]:
        leaves = [Value(x) for x in point]
        y = row(*leaves) * leaves[0]
        y.backward()
        expected = pytest.approx([y.data, *(leaf.grad for leaf in leaves)], rel=1e-13, abs=1e-300)

        def f(*xs: Any) -> Any:
            return row(*xs) * xs[0]

        program = compile(f)
        assert expected == [program(*point).value, *program(*point).gradients]
        alone: dict[str, Any] = {}
        exec(program.source(), alone)
        value, gradients = alone["value_and_gradients"](*point)
        assert expected == [value, *gradients]
        for target in ("torch", "jax"):
            text = program.source(target)  # type: ignore[arg-type]
            try:
                __import__(target)
            except ImportError:
                continue
            there: dict[str, Any] = {}
            exec(text, there)
            value, gradients = there["value_and_gradients"](*map(there["number"], point))
            rel = 1e-8 if name == "digamma" else 1e-13  # PyTorch's trigamma has some ten digits
            assert [float(value), *map(float, gradients)] == pytest.approx(expected.expected, rel=rel, abs=1e-300)
        np = pytest.importorskip("numpy")
        packed = pack(f, batch="sum")
        value, gradients = packed(*([x] for x in point))
        assert expected == [value, *(float(g[0]) for g in gradients)]
        assert (name in ("lgamma", "digamma")) == ("number by number" in str(packed))
        if name in ("lgamma", "digamma"):
            with pytest.raises(TracingError, match="has no form on arrays, which this source needs"):
                packed.source("numpy")
            continue
        there = {}
        exec(packed.source("numpy"), there)
        value, *_ = there["value_and_gradients"](*(np.array([[x]]) for x in point))
        assert pytest.approx(y.data, rel=1e-13) == float(value)


def test_psi_in_a_program_in_every_language() -> None:
    """Its second operand is a plain number, whole in the libraries' own functions too."""
    program = compile(lambda x: ops.psi(x, 2.0) * x)
    expected = program(2.3)
    x = Value(2.3)
    (ops.psi(x, 2.0) * x).backward()
    assert x.grad == expected.gradients[0]
    alone: dict[str, Any] = {}
    exec(program.source(), alone)
    assert (expected.value, expected.gradients) == alone["value_and_gradients"](2.3)
    for target in ("torch", "jax"):
        text = program.source(target)  # type: ignore[arg-type]
        try:
            __import__(target)
        except ImportError:
            continue
        there: dict[str, Any] = {}
        exec(text, there)
        value, gradients = there["value_and_gradients"](there["number"](2.3))
        assert [float(value), *map(float, gradients)] == pytest.approx([expected.value, *expected.gradients], rel=1e-8)


@ROWS
def test_what_people_look_at(name: str) -> None:
    """Tree, steps, LaTeX, and a picture where there is a layout program."""
    row, point = PRIMITIVES[name], POINTS[name][0]
    leaves = [Value(x, label=label) for x, label in zip(point, "xy", strict=False)]
    y = getattr(ops, name)(*leaves) * 2.0
    assert f"({row.symbol})" in tree(y)
    assert any(text in str(step) for step in steps(y) for text in (row.symbol, name.rstrip("_"), "ψ("))
    assert row.latex.replace("<x>", "{x}").replace("<y>", "{y}").replace("{", "").replace("}", "") in latex(y).replace("{", "").replace(
        "}", ""
    )
    assert y.data == parse(f"2*{name}({', '.join('xy'[: len(point)])})").build(dict(zip("xy", point, strict=False)))
    pytest.importorskip("pygraphviz")
    from autograd import draw

    assert f">{row.symbol}<" in draw(y).pipe("svg", encoding="utf-8")


@ROWS
def test_everything_that_a_row_is_held_to(name: str) -> None:
    """The ladder of people's own rows, with a reference where mpmath has another word for it."""
    mp = pytest.importorskip("mpmath").mp
    references = {
        "log1mexp": lambda x: -x + mp.log(mp.expm1(x)),
        "logaddexp": lambda x, y: y + mp.log(1 + mp.exp(x - y)),
        "xlogy": lambda x, y: mp.log(y**x),
        "mish": lambda x: x * (1 - 2 / ((1 + mp.exp(x)) ** 2 + 1)),
        "softsign": lambda x: mp.sign(x) * (1 - 1 / (1 + abs(x))),
    }
    references["lgamma"] = lambda x: mp.log(mp.gamma(x))
    references["digamma"] = lambda x: mp.harmonic(x - 1) - mp.euler
    units = 1e3 if name in ("mish", "logaddexp") else 16.0  # where a loss is stated, which a reference does not know
    counted = assert_primitive(getattr(ops, name), references.get(name), units=units)
    assert counted["differences"] > 0


@pytest.mark.parametrize("name", ["mish", "softsign", "hardswish"])
def test_an_activation_by_its_name(name: str) -> None:
    """A network takes it by its name, and begins as the row says."""
    model = nn.MLP(2, [4, 1], activation=name, rng=0)
    assert name in str(model)
    assert nn.init.suited(name) is (nn.init.he_uniform if PRIMITIVES[name].init == "he" else nn.init.xavier_uniform)
    assert isinstance(model([0.5, 0.3]), Value)


def test_entropy_at_its_ends() -> None:
    """x·log(y) at (0, 0) is 0; there ∂y is 0 and ∂x does not exist, which a target of exactly 0, a plain number, does not ask."""
    assert 0.0 == ops.xlogy(0.0, 0.0)
    q = Value(0.0, label="q")
    ops.xlogy(0.0, q).backward()
    assert 0.0 == q.grad
    p = Value(0.0, label="p")
    with pytest.raises(GradientError, match=r"∂\(x·log\(y\)\)/∂x|xlogy"):
        ops.xlogy(p, 0.0).backward()
    for x, y in ((1.0, 0.0), (0.0, -1.0), (2.0, -3.0)):
        with pytest.raises(DomainError, match="xlogy needs y ≥ 0, x = 0 where y = 0, but got"):
            ops.xlogy(x, y)
    assert [0.0, 0.0] == grad(lambda qs: ops.xlogy(0.0, qs[0]) + ops.xlogy(0.0, qs[1]))([0.5, 0.0])


def test_the_sum_of_two_logarithms() -> None:
    """As logsumexp of two, with the second derivative at a tie, and neither operand lost beside a large one."""
    for x, y in ((0.0, 0.0), (1.0, -1.0), (3.0, 3.0), (-700.0, -701.0)):
        a, b = Value(x), Value(y)
        z, same = ops.logaddexp(a, b), logsumexp([a, b])
        assert z.data == pytest.approx(same.data, rel=1e-15)
        assert [g.data for g in gradient(z, [a, b])] == pytest.approx([g.data for g in gradient(same, [a, b])], rel=1e-13)
    assert 0.25 == derivative(derivative(lambda x: ops.logaddexp(x, 2.0)))(2.0)
    assert math.exp(-700.0) == pytest.approx(grad(lambda y: ops.logaddexp(0.0, y))(-700.0), rel=1e-12)


def test_the_gamma_function() -> None:
    """Factorials, ψ(1) = −γ, ψ′(1) = π²/6 and its derivatives of any order by the same rows; polygamma takes SciPy's order of arguments."""
    assert math.log(math.factorial(9)) == pytest.approx(ops.lgamma(10.0), rel=1e-15)
    first, second, third = (grad(ops.lgamma), derivative(derivative(ops.lgamma)), derivative(derivative(derivative(ops.lgamma))))
    assert [-0.5772156649015329, math.pi**2 / 6, -2.4041138063191886] == pytest.approx([f(1.0) for f in (first, second, third)], rel=1e-14)
    assert [polygamma(n, 2.5) for n in range(3)] == [ops.digamma(2.5), ops.psi(2.5, 1.0), ops.psi(2.5, 2.0)]
    x = Value(2.5, label="x")
    polygamma(1, x).backward()
    assert polygamma(2, 2.5) == x.grad
    for n, error in ((-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="polygamma needs"):
            polygamma(n, x)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match=r"psi needs x > 0, a whole number n ≥ 1, but got x=2.5 \(label 'x'\), n=1.5"):
        ops.psi(x, 1.5)
    with pytest.raises(DomainError, match=r"lgamma needs x > 0, but got x=-0.5"):
        ops.lgamma(-0.5)


def test_a_bend_takes_a_second_derivative_of_0() -> None:
    """softsign has a derivative everywhere; its second one jumps at 0, from 2 to −2, and is taken as 0 there."""
    second = derivative(derivative(ops.softsign))
    assert (0.0, 1.0) == (second(0.0), derivative(ops.softsign)(0.0))
    assert pytest.approx((2.0, -2.0), rel=1e-5) == (second(-1e-6), second(1e-6))


def test_pythons_own_rounding_stays_plain() -> None:
    """round(v) and math.floor(v) are numbers of Python's; the rows are Values whose gradient is 0, and mask what lies below."""
    v = Value(2.5)
    assert (2, 2, 3) == (round(v), math.floor(v), math.ceil(v))
    assert (2.0, 2.0, 3.0, 2.0) == tuple(f(v).data for f in (ops.round_, ops.floor, ops.ceil, ops.trunc))
    assert 1.0 == grad(lambda x: x + ops.floor(ops.sqrt(x * 0.0 + 0.5)) * ops.floor(x))(2.5)
