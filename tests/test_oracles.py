"""The ladder of oracles on whole graphs: exact numbers, differences, another mode of differentiation, and algebra."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf, workdps

from autograd import (
    PRIMITIVES,
    AutogradError,
    GradientError,
    MissingExtraError,
    Primitive,
    Value,
    complex_step,
    composed,
    gradient,
    logsumexp,
    ops,
    proof,
    softmax,
)
from autograd.__main__ import main
from autograd.check import check_graph
from autograd.checking import exact
from autograd.cli.checking import QUICK
from autograd.graph import cotangents, topological
from autograd.primitive import interpretation
from autograd.proof import (
    Line,
    Proof,
    check_differences,
    check_rules,
    exact_partial,
    exact_value,
    graph_ratio,
    is_at_kink,
    prove,
    random_operands,
    random_recipe,
    smooth_rows,
    ulps,
)
from autograd.testing import Recipe, expressions, networks, over_primitives

from .special_values import SPECIAL, sample
from .test_floats import EXACT
from .test_ops import exact_derivative

BINARY = [row for row in PRIMITIVES.values() if len(row.operands) == 2]


# ------------------------------------------------------------------------------------------------------------------------
# Every pair of special values


@pytest.mark.slow
@over_primitives(only=BINARY)
def test_every_pair_of_special_values(primitive: Primitive) -> None:
    """Rules on floats and on Values agree bit for bit, and no difference quotient contradicts one, at all 3,136 pairs."""
    assert 3136 == len(SPECIAL) ** 2
    for x in SPECIAL:
        for y in SPECIAL:
            if proof.has_value(primitive, (x, y)):
                check_rules(primitive, (x, y))
                check_differences(primitive, (x, y))


@over_primitives(only=[row for row in PRIMITIVES.values() if len(row.operands) == 1])
def test_every_special_value(primitive: Primitive) -> None:
    """The same for one operand."""
    for x in SPECIAL:
        if proof.has_value(primitive, (x,)):
            check_rules(primitive, (x,))
            check_differences(primitive, (x,))


def test_special_values_are_the_same_everywhere() -> None:
    """The package lists what the tests list."""
    assert SPECIAL == proof.SPECIAL


# ------------------------------------------------------------------------------------------------------------------------
# Exact numbers: the strings of the table in 50 digits, and identities that share nothing with them


@pytest.mark.slow
@over_primitives()
def test_formula_and_textbook_are_the_independent_identities(primitive: Primitive) -> None:
    """What a row's strings say in 50 digits is what the table's test says in its own way: two oracles hold each other."""
    rng = random.Random(3)
    checked = 0
    with workdps(50):
        for _, operands in [*sample(primitive, 0), *((0.0, random_operands(rng, primitive)) for _ in range(100))]:
            if not all(x == 0.0 or 1e-8 <= abs(x) <= 700.0 for x in operands) or is_at_kink(primitive, operands):
                continue
            value = exact_value(primitive, operands)
            exact = EXACT[primitive.name](*map(mpf, operands))
            assert value is None or abs(value - exact) <= abs(exact) * mpf(10) ** -25, operands
            for position, text in enumerate(primitive.textbook):
                found = exact_partial(primitive, position, operands) if text else None
                if found is not None:
                    other = exact_derivative(primitive.name, position, operands)
                    assert abs(found - other) <= abs(other) * mpf(10) ** -20 + mpf(10) ** -400, (operands, position)
                    checked += 1
    assert checked >= 20


@given(expressions())
def test_gradients_of_random_graphs_keep_their_rounding_bound(f: Recipe) -> None:
    """The engine's gradient against the exact sweep at the recorded numbers, from all three sweeps."""
    output = f.record()
    assert graph_ratio(output) <= 1.0
    order = topological(output)
    reverse = cotangents(output)
    try:
        output.backward()
    except GradientError:
        return
    assert [reverse[node] for node in order] == [node.grad for node in order]


@pytest.mark.slow
@given(networks())
def test_gradients_of_random_networks_keep_their_rounding_bound(f: Recipe) -> None:
    output = f.record()
    assert graph_ratio(output) <= 1.0
    assert [] == check_graph(output).mistakes


@pytest.mark.slow
def test_two_thousand_random_graphs_against_exact_numbers() -> None:
    """A bulk of seeded graphs over all rows: the worst error is well inside the bound, and not far from it either."""
    rng = random.Random(11)
    worst = max(graph_ratio(random_recipe(rng, most=20).record()) for _ in range(2000))
    assert 0.05 < worst <= 1.0


@pytest.mark.slow
def test_three_hundred_thousand_cases_without_a_false_alarm() -> None:
    """The command's own proof: every row at random operands, over 20,000 random graphs with kinks, ties and special values, all mutants.

    Its cases are counted one by one as they are made, and neither exact numbers nor differences contradict a right derivative.
    """
    ticked = 0

    def tick(n: int) -> None:
        nonlocal ticked
        ticked += n

    found = prove(370_000, seed=2026, tick=tick)
    assert found.is_clean, str(found)
    assert ticked == found.cases >= 300_000
    assert found.graphs >= 20_000
    assert found.agreeing >= 0.8 * found.derivatives  # the other verdicts are honest, and rare
    assert found.mutants >= 3 * len(PRIMITIVES)


def test_a_wrong_millionth_is_seen_in_random_graphs() -> None:
    """A gradient that is off by 1e-6 anywhere differs from the differences, wherever these agree with the right one."""
    rng = random.Random(4)
    seen = 0
    for _ in range(300):
        output = random_recipe(rng, smooth_rows()).record()
        report = check_graph(output)
        for check in report.nodes:
            if check.verdict == "agrees" and check.analytic:
                assert abs(check.analytic * (1 + 2e-6) - check.numeric) > check.bound
                seen += 1
    assert seen > 1000


# ------------------------------------------------------------------------------------------------------------------------
# Forward mode: the least that can be called dual numbers


class Dual:
    """A number and its derivative along one direction; knows the rules of the table, and nothing of sweeps."""

    def __init__(self, data: float, tangent: float) -> None:
        self.data, self.tangent = data, tangent


@interpretation(Dual)
def _on_duals(primitive: Primitive) -> Callable[..., Dual]:
    def evaluate(*operands: Any) -> Dual:
        point = [x.data if isinstance(x, Dual) else x for x in operands]
        z = primitive.kinds[float](*point)
        tangent = 0.0
        for x, rule in zip(operands, primitive.partials, strict=True):
            if isinstance(x, Dual) and rule is not None and x.tangent:
                tangent += float(rule(z, *point)) * x.tangent
        return Dual(z, tangent)

    return evaluate


def absolute(output: Value) -> dict[Value, float]:
    """For each node, the sum of the absolute contributions along all paths: what rounding is measured by."""
    order = topological(output)
    size = dict.fromkeys(order, 0.0) | {output: 1.0}
    for node in reversed(order):
        for operand, partial in zip(node.parents, node.partials, strict=True):
            size[operand] += size[node] * abs(partial) if size[node] else 0.0
    return size


@given(expressions(most=20))
def test_forward_mode_agrees_with_reverse_mode(f: Recipe) -> None:
    """Derivatives carried forwards along each input are the gradients carried back, up to rounding."""
    output = f.record()
    leaves = [node for node in topological(output) if node.op is None]
    found, size = cotangents(output), absolute(output)
    for leaf in leaves:
        inputs = [Dual(x, float(leaf.label == f"x{i}")) for i, x in enumerate(f.inputs)]
        try:
            tangent = f(*inputs).tangent
        except (ArithmeticError, ValueError):
            continue  # a local derivative that does not exist
        if math.isfinite(size[leaf]) and math.isfinite(tangent) and not math.isnan(found[leaf]):  # which 0·∞ makes it
            assert abs(tangent - found[leaf]) <= 1e-13 * size[leaf] + 1e-300


@given(
    expressions(
        [row for row in smooth_rows() if row.name not in ("erf", "erfc", "pow", "power", "hypot", "lgamma", "digamma", "psi")], most=8
    )
)
def test_complex_steps_agree_with_reverse_mode(f: Recipe) -> None:
    """Along every input of a random analytic function."""
    output = f.record()
    found = {node.label: gradient for node, gradient in cotangents(output).items() if node.op is None}
    size, largest = absolute(output), max(max(map(abs, (node.data, *node.partials))) for node in topological(output)) + 1.0
    leaves = {node.label: node for node in size}
    for i, x in enumerate(f.inputs):

        def along(t: Any, i: int = i) -> Any:
            return f(*(t if k == i else other for k, other in enumerate(f.inputs)))

        if f"x{i}" in found and (abs(x) > 1e-6 or x == 0.0):
            try:
                slope = complex_step(along, x)
            except (ArithmeticError, ValueError):
                continue
            assert abs(slope - found[f"x{i}"]) <= 1e-9 * largest * (size[leaves[f"x{i}"]] + 1e-6)


# ------------------------------------------------------------------------------------------------------------------------
# Algebra

NUMBERS = st.floats(-3.0, 3.0).map(lambda x: round(x, 6))


def grads(output: Value, leaves: list[Value]) -> list[float]:
    found = cotangents(output)
    return [found.get(leaf, 0.0) for leaf in leaves]


@given(expressions(smooth_rows(), most=8), expressions(smooth_rows(), most=8), NUMBERS, NUMBERS)
def test_derivatives_are_linear_and_products_have_their_rule(f: Recipe, g: Recipe, a: float, b: float) -> None:
    """(a·f + b·g)′ = a·f′ + b·g′ and (f·g)′ = f′·g + f·g′, on shared leaves."""
    inputs = [*f.inputs, *g.inputs]
    leaves = [Value(x) for x in inputs]
    left, right = f(*leaves[: len(f.inputs)]), g(*leaves[len(f.inputs) :])
    df, dg = grads(left, leaves), grads(right, leaves)
    sum_of_both, product = a * left + b * right, left * right
    size, size_of_product = absolute(sum_of_both), absolute(product)
    both, one = grads(sum_of_both, leaves), grads(product, leaves)
    for i, leaf in enumerate(leaves):
        # Not so for a negative base with a Value as exponent, or where ∞ − ∞ is in a derivative.
        if leaf in size and all(map(math.isfinite, (size[leaf], size_of_product[leaf], df[i], dg[i]))):
            assert abs(both[i] - (a * df[i] + b * dg[i])) <= 1e-13 * size[leaf] + 1e-300
            assert abs(one[i] - (df[i] * right.data + left.data * dg[i])) <= 1e-13 * size_of_product[leaf] + 1e-300


INVERSES: list[tuple[Callable[[Any], Any], Callable[[Any], Any], float, float]] = [
    (ops.exp, ops.log, -5.0, 5.0),
    (ops.expm1, ops.log1p, -3.0, 3.0),
    (ops.sin, ops.asin, -1.2, 1.2),
    (ops.cos, ops.acos, 0.2, 2.9),
    (ops.tan, ops.atan, -1.2, 1.2),
    (ops.sinh, ops.asinh, -3.0, 3.0),
    (ops.cosh, ops.acosh, 0.2, 3.0),
    (ops.tanh, ops.atanh, -2.0, 2.0),
    (lambda x: x * x, ops.sqrt, 0.1, 5.0),
    (lambda x: 1.0 / x, lambda x: 1.0 / x, 0.1, 5.0),
    (lambda x: -x, lambda x: -x, -5.0, 5.0),
    (lambda x: x + 2.5, lambda x: x - 2.5, -5.0, 5.0),
    (lambda x: x**3, lambda x: x ** (1 / 3), 0.1, 5.0),
    (ops.softplus, lambda y: ops.log(ops.expm1(y)), -3.0, 5.0),
    (ops.sigmoid, lambda y: ops.log(y) - ops.log1p(-y), -3.0, 3.0),
]


@pytest.mark.parametrize(("f", "inverse", "low", "high"), INVERSES)
def test_a_function_of_its_inverse_has_slope_1(f: Any, inverse: Any, low: float, high: float) -> None:
    """First derivative 1, second 0."""
    for k in range(50):
        x = Value(low + (high - low) * (k + 0.5) / 50)
        y = inverse(f(x))
        slope = gradient(y, x)
        assert math.isclose(1.0, slope.data, rel_tol=1e-12)
        assert abs(gradient(slope, x, unrelated="zero").data) <= 1e-9


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_rows_of_softmax_sum_to_zero(xs: list[float]) -> None:
    """The probabilities sum to 1, so each column and each row of the Jacobian sums to 0; it is symmetric, and logsumexp's Hessian."""
    leaves = [Value(x) for x in xs]
    jacobian = [grads(p, leaves) for p in softmax(leaves)]
    n = range(len(xs))
    for i in n:
        assert abs(sum(jacobian[i])) <= 1e-15
        assert abs(sum(row[i] for row in jacobian)) <= 1e-15
        assert all(abs(jacobian[i][j] - jacobian[j][i]) <= 1e-16 for j in n)
    first = gradient(logsumexp(leaves), leaves)
    for i in n:
        second = [leaf.data for leaf in gradient(first[i], leaves, unrelated="zero")]
        assert all(abs(second[j] - jacobian[i][j]) <= 1e-14 for j in n)


@given(st.lists(NUMBERS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_permuted_leaves_have_permuted_gradients(xs: list[float], rng: random.Random) -> None:
    """Of a function that does not care for their order."""
    places = list(range(len(xs)))
    rng.shuffle(places)
    for f in (logsumexp, composed.norm, composed.prod, composed.mean):
        one, two = [Value(x) for x in xs], [Value(xs[p]) for p in places]
        first, second = grads(f(one), one), grads(f(two), two)
        for k, p in enumerate(places):
            assert math.isclose(second[k], first[p], rel_tol=1e-12, abs_tol=1e-15)


def test_pytorch_says_the_same() -> None:
    """A cross-check where PyTorch is installed; nothing depends on it."""
    torch = pytest.importorskip("torch")
    same = ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh"]
    for name in [*same, "atanh", "sigmoid", "erf", "erfc", "abs", "relu", "atan2", "hypot", "maximum", "minimum"]:
        row = PRIMITIVES[name]
        for operands in proof.common_points(row):
            if is_at_kink(row, operands):
                continue
            tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in operands]
            z = getattr(torch, name)(*tensors)
            z.backward()
            partials = row.kinds[Value](*map(Value, operands)).partials
            assert all(math.isclose(p, t.grad.item(), rel_tol=1e-9, abs_tol=1e-12) for p, t in zip(partials, tensors, strict=True))


# ------------------------------------------------------------------------------------------------------------------------
# The report that anyone can run again


@pytest.mark.slow
def test_the_command_reports_and_is_the_same_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Cases, worst units with their point, graphs, mutants, seed: the same for the same seed, but for the time."""
    texts = []
    for _ in range(2):
        assert 0 == main(["check", "--cases", "3000", "--seed", "7"])
        out, err = capsys.readouterr()
        assert "" == err
        texts.append([line for line in out.splitlines() if "a second" not in line])
        assert "cases in" in out
        assert out.splitlines()[0].split() == ["row", "cases", "worst", "ulp", "of", "at"]
    assert texts[0] == texts[1]
    names = [line.split()[0] for line in texts[0] if line]
    assert list(PRIMITIVES) == [name for name in names if name in PRIMITIVES]
    assert QUICK >= 10_000


def test_the_report_lists_what_is_off_by_more_than_four_units_and_why() -> None:
    """Below the table, with what is allowed at that point; other rows are not spoken of."""
    why = PRIMITIVES["rhypot"].loss["x"][1]
    rows = {"rhypot": Line(10, 5.37, 7.0, "x", "x=1.0, y=1.0", why), "sin": Line(10, 0.51, 4.0, "x", "x=1.0")}
    lines = Proof(0, rows).exceptions()
    assert "rhypot: off by 5.37 where 7.00 are allowed, since z³ is three times as wrong as z." in lines
    assert not any(line.startswith("sin") for line in lines)
    assert [] == Proof(0, {"sin": rows["sin"]}).exceptions()


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda x: ops.log_sigmoid(ops.exp(ops.log2(x))), 2.2e-308),  # exp underflows to 0, and 1/x is 6.5e307
        (lambda x: ops.tanh(ops.log(x)), 1e-160),
        (lambda x: ops.cosh(ops.gaussian(ops.atan2(x, x**3.0))), 1e-160),
        (lambda x: ops.hypot(3.0, x**x), 5e-324),
        (lambda x: ops.sin(1.5 * ops.rhypot(-0.04065735023678929, x)), -5e-324),
        (lambda x: ops.erfc(ops.asinh(ops.log2(x))), 5e-324),  # a local derivative of 2.9e323, recorded as infinite
    ],
)
def test_what_underflows_is_within_the_bound_of_a_gradient(f: Callable[[Any], Any], point: float) -> None:
    """A relative bound alone would call these wrong: they are off by some of the least floats, times what follows."""
    assert graph_ratio(f(Value(point))) <= 1.0


def test_a_row_that_is_wrong_is_reported() -> None:
    """By its name and point, with both numbers; and the exit code is 1."""
    (_, spoilt), *_ = proof.mutants(PRIMITIVES["sin"])
    found = proof.prove(400, primitives=[spoilt, PRIMITIVES["cos"], PRIMITIVES["multiply"]])
    assert not found.is_clean
    assert any(alarm.startswith("∂sin/∂x at x=") and "differences say" in alarm for alarm in found.alarms)
    assert "wrong: ∂sin/∂x" in str(found)


def test_the_command_refuses_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--cases", "0"], ["--cases", "-1"], ["--cases", "many"], ["--cases", "5", "--thorough"]):
        assert 2 == main(["check", *words])
    assert "at least 1" in capsys.readouterr().err


def test_without_mpmath_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    exact.arithmetic.cache_clear()
    exact.meanings.cache_clear()
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(MissingExtraError, match=r"glassgrad\[check\]"):
        proof.exact_value(PRIMITIVES["sin"], (1.0,))
    assert 1 == main(["check", "--cases", "100"])
    assert "glassgrad[check]" in capsys.readouterr().err
    exact.arithmetic.cache_clear()


@pytest.mark.parametrize("installed", [True, False])
def test_progress_with_and_without_tqdm(installed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A bar on a terminal, and nothing where there is none."""
    import sys

    from autograd.cli.checking import progress

    if installed:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    with progress(10) as tick:
        tick(5)
    assert "" == capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress(10) as tick:
        tick(10)
    assert "10" in capsys.readouterr().err


def test_units_are_measured_in_the_last_place() -> None:
    with workdps(50):
        assert 0.5 == ulps(1.0, mpf(1) + mpf(2) ** -53)
        assert 1.0 == ulps(1.0 + 2.0**-52, mpf(1))
        assert math.inf == ulps(math.nan, mpf(1))
        assert 0.0 == ulps(math.inf, mp.mpf(10) ** 400)


def test_recipes_print_as_python_that_computes_the_same() -> None:
    """What a failing test shows can be pasted: it runs, on numbers and on Values, and records the same graph."""
    rng = random.Random(8)
    for _ in range(300):
        recipe = random_recipe(rng)
        names: dict[str, Any] = {name: getattr(ops, name) for name in PRIMITIVES}
        program, call = repr(recipe).rsplit("\n\n", 1)
        exec(program, names)
        assert recipe(*recipe.inputs) == eval(call, names)
        leaves = [Value(x) for x in recipe.inputs]
        output = names["f"](*leaves)
        assert cotangents(output)[output] == 1.0
        one, two = topological(output), topological(recipe.record())
        assert [(node.op, node.data, node.partials) for node in one if node.op] == [
            (node.op, node.data, node.partials) for node in two if node.op
        ] or any(math.isnan(p) for node in one for p in node.partials)


@given(expressions())
def test_expressions_have_a_value_and_something_to_differentiate(f: Recipe) -> None:
    try:
        output = f.record()
    except AutogradError as error:  # pragma: no cover
        raise AssertionError(f"{f!r} has no value: {error}") from error
    assert output.op is not None
    assert math.isfinite(output.data)
