"""The functions composed from rows: their values, their gradients, and their edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf, workdps

import autograd
from autograd import AutogradError, DomainError, NonFiniteError, RangeError, Value, composed, gradient, log_softmax, logsumexp, ops, softmax
from autograd.graph import topological

from .special_values import LARGEST, MODEST, SMALLEST, SPECIAL, nearest


def _gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3)))


SCALAR: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Sequence[float], float]] = {
    "square": (lambda x: x * x, lambda x: 2 * x, [*MODEST, 1e150, 1e-150], 1e-15),
    "silu": (
        lambda x: x / (1 + mp.exp(-x)),
        lambda x: (1 + mp.exp(-x) * (1 + x)) / (1 + mp.exp(-x)) ** 2,
        [*MODEST, 500.0, -500.0, 1e300, -1e300],
        1e-14,
    ),
    "gelu": (lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x), [*MODEST, -37.0], 1e-12),
    "gelu_tanh": (_gelu_tanh, lambda x: mp.diff(_gelu_tanh, x), [x for x in MODEST if x > -5.0], 1e-14),
}
"""name: the function and its derivative in mpmath, the points, and the relative error allowed."""


@pytest.mark.parametrize("name", SCALAR)
def test_functions_of_one_number_agree_with_mpmath(name: str) -> None:
    """Value and derivative, on floats and on Values, as a function and as a method."""
    exact, slope, points, tolerance = SCALAR[name]
    function = getattr(autograd, name)
    with workdps(50):
        for number in points:
            x = Value(number)
            z = function(x)
            z.backward()
            assert z.data == function(number) == getattr(Value(number), name)().data
            assert abs(z.data - exact(mpf(number))) <= tolerance * abs(exact(mpf(number))) + 1e-300, number
            assert abs(x.grad - slope(mpf(number))) <= tolerance * (abs(slope(mpf(number))) + 1e-2 * (abs(number) < 30)) + 1e-300, number


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh"])
@pytest.mark.parametrize("order", [2, 3])
def test_activations_have_right_derivatives_of_higher_order(name: str, order: int) -> None:
    """At 0 first: that is where forms with |x| go wrong."""
    exact, *_ = SCALAR[name]
    with workdps(50):
        for number in (0.0, 0.5, -0.5, 1.3, -2.0):
            x = Value(number)
            z = getattr(autograd, name)(x)
            for _ in range(order):
                z = gradient(z, x)
            assert abs(z.data - mp.diff(exact, mpf(number), order)) <= 1e-13, number


def test_gelu_has_no_limit_of_range_and_its_approximation_says_its_own() -> None:
    """The exact form is right for every float; the cube in the other leaves the floats beyond 5e102."""
    assert (LARGEST, 0.0) == (composed.gelu(LARGEST), abs(composed.gelu(-LARGEST)))
    assert 4e102 == composed.gelu_tanh(4e102)
    with pytest.raises(RangeError, match="power gives a number beyond"):
        composed.gelu_tanh(1e103)


# ------------------------------------------------------------------------------------------------------------------------
# where and clip


@pytest.mark.parametrize("condition", [True, False, 1, 0, 1.0, np.True_, np.False_, np.float64(1.0), Value(1.0), Value(0.0), -0.0])
def test_where_chooses(condition: Any) -> None:
    """x where the condition holds, else y; the gradient goes to the chosen one, and exactly 0 to the other."""
    chosen = bool(float(condition))
    x, y = Value(3.0), Value(4.0)
    z = composed.where(condition, x, y)
    z.backward()
    assert (3.0 if chosen else 4.0) == z.data == composed.where(condition, 3.0, y).data == composed.where(condition, x, 4.0).data
    assert (float(chosen), float(not chosen)) == (x.grad, y.grad)


def test_where_takes_numbers_and_values_mixed() -> None:
    """Either branch may be a plain number."""
    x = Value(3.0)
    assert 3.0 == composed.where(x > 2.0, x, 0).data
    assert 7.0 == composed.where(x > 5.0, x, 7).data
    assert 3.0 == composed.where(True, 3, 4)


@pytest.mark.parametrize("x", SPECIAL)
@pytest.mark.parametrize("y", [0.0, LARGEST, -1e-300])
def test_where_is_exact(x: float, y: float) -> None:
    """c·x + (1 - c)·y with c in {0, 1} rounds nothing."""
    assert x == composed.where(True, x, y)
    assert y == composed.where(False, x, y)


def test_where_keeps_a_missing_derivative_out() -> None:
    """The root that was not chosen has no derivative at 0; the gradient of the whole is right nevertheless."""
    x = Value(0.0)
    composed.where(x > 0.0, x.sqrt(), 2.0 * x).backward()
    assert 2.0 == x.grad


@pytest.mark.parametrize("condition", [0.5, 2, -1.0, Value(0.5)])
def test_where_refuses_a_condition_between(condition: Any) -> None:
    """A condition is true or false."""
    with pytest.raises(ValueError, match="where needs a condition that is True, False, 0 or 1, but got"):
        composed.where(condition, 1.0, 2.0)


@pytest.mark.parametrize("condition", ["yes", None, [True], np.array([True, False])])
def test_where_refuses_what_is_no_condition(condition: Any) -> None:
    """A text or a list is no condition."""
    with pytest.raises(TypeError, match="where needs a condition"):
        composed.where(condition, 1.0, 2.0)


@pytest.mark.parametrize(
    ("x", "low", "high", "value", "slope"),
    [
        (0.5, 0.0, 1.0, 0.5, 1.0),
        (0.0, 0.0, 1.0, 0.0, 1.0),
        (1.0, 0.0, 1.0, 1.0, 1.0),
        (-SMALLEST, 0.0, 1.0, 0.0, 0.0),
        (math.nextafter(1.0, 2.0), 0.0, 1.0, 1.0, 0.0),
        (7, -5, 5, 5.0, 0.0),
        (-7.0, -5, 5, -5.0, 0.0),
        (3.0, 3.0, 3.0, 3.0, 1.0),
        (1e308, -1e308, 1e308, 1e308, 1.0),
        (LARGEST, -1e308, 1e308, 1e308, 0.0),
        (-LARGEST, -1e308, 1e308, -1e308, 0.0),
        (LARGEST, -LARGEST, LARGEST, LARGEST, 1.0),
        (-1e308, 1e308, LARGEST, 1e308, 0.0),
    ],
)
def test_clip(x: float, low: float, high: float, value: float, slope: float) -> None:
    """1 from low to high, both included, 0 outside; also for bounds whose difference is beyond the floats."""
    leaf = Value(x)
    z = leaf.clip(low, high)
    z.backward()
    assert (value, slope) == (z.data, leaf.grad)
    assert value == composed.clip(x, low, high)


def test_a_bound_may_stand_for_infinity() -> None:
    """A bound of 1e308 does not enter the gradient, however large the upstream gradient is."""
    for number, slope in ((2.0, 1e10), (-2.0, 0.0), (0.0, 1e10)):
        x = Value(number)
        (1e10 * x.clip(0.0, 1e308)).backward()
        assert slope == x.grad


def test_clip_is_flat_or_straight() -> None:
    """Its second derivative is 0, inside and outside."""
    for number, slope in ((0.5, 1.0), (0.0, 1.0), (7.0, 0.0)):
        x = Value(number)
        first = gradient(x.clip(0.0, 1.0), x)
        assert (slope, 0.0) == (first.data, gradient(first, x, unrelated="zero").data)


def test_clip_says_what_it_needs() -> None:
    """Bounds in order, and plain finite numbers."""
    with pytest.raises(ValueError, match=r"clip needs low ≤ high, but got low=1.0 and high=-1.0"):
        composed.clip(0.0, 1, -1)
    with pytest.raises(NonFiniteError, match="clip needs a number as high that is finite, but got inf"):
        composed.clip(0.0, 0.0, math.inf)
    with pytest.raises(TypeError, match=r"clip needs a number as low \(int or float\), but got Value"):
        composed.clip(0.0, Value(1.0), 2.0)


# ------------------------------------------------------------------------------------------------------------------------
# Folds


def _softmax(xs: Sequence[Any]) -> list[Any]:
    total = mp.fsum(map(mp.exp, xs))
    return [mp.exp(x) / total for x in xs]


LISTS: dict[str, tuple[Callable[[Sequence[Any]], Any], Callable[[Sequence[Any]], list[Any]]]] = {
    "sum": (mp.fsum, lambda xs: [mpf(1)] * len(xs)),
    "mean": (lambda xs: mp.fsum(xs) / len(xs), lambda xs: [mpf(1) / len(xs)] * len(xs)),
    "prod": (mp.fprod, lambda xs: [mp.fprod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))]),
    "norm": (lambda xs: mp.norm(xs), lambda xs: [x / mp.norm(xs) if any(xs) else mpf(0) for x in xs]),
    "logsumexp": (lambda xs: mp.log(mp.fsum(map(mp.exp, xs))), _softmax),
}
"""name: the function of a list and its gradient in mpmath."""

ROWS_OF_NUMBERS = [
    [2.5],
    [0.0],
    [0.0, 0.0],
    [3.0, 3.0, 3.0],
    [1.0, -2.0, 0.5, 3.0],
    [0.0, 0.0, 4.0],
    [-40.0, 0.0, 40.0],
    [1000.0, -1000.0],
    [1000.0, 1000.0],
    [-1000.0, -1000.0, -1000.5],
    [1e-300, 2e-300],
    [1e150, 1e150, -1e149],
    [745.2, 0.0, 709.8, -745.2],
]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("numbers", ROWS_OF_NUMBERS, ids=str)
def test_folds_agree_with_mpmath(name: str, numbers: list[float]) -> None:
    """Value and gradient, ties, one element, the origin, and elements far apart; floats and Values mixed give the same value."""
    exact, slopes = LISTS[name]
    function = getattr(autograd, name)
    with workdps(50):
        plain = list(map(mpf, numbers))
        if not math.isfinite(nearest(exact(plain))):
            with pytest.raises(RangeError):
                function(numbers)
            return
        xs = [Value(x) for x in numbers]
        z = function(xs)
        z.backward()
        mixed = function([x if i % 2 else x.data for i, x in enumerate(xs)])
        assert z.data == function(numbers) == function(tuple(numbers)) == function(iter(numbers)) == getattr(mixed, "data", mixed)
        assert abs(z.data - exact(plain)) <= 1e-14 * abs(exact(plain)) + 1e-300
        for x, slope in zip(xs, slopes(plain), strict=True):
            assert abs(x.grad - slope) <= 2e-14 * abs(slope) + 1e-300, (numbers, x, float(slope))


@pytest.mark.parametrize("numbers", ROWS_OF_NUMBERS, ids=str)
def test_softmax_and_its_logarithm_agree_with_mpmath(numbers: list[float]) -> None:
    """Every entry and every entry's gradient: s_i·((i = j) - s_j), and (i = j) - s_j for the logarithm."""
    with workdps(500):  # 1 - s of a nearly certain entry needs them
        shares = _softmax(list(map(mpf, numbers)))
        assert composed.softmax(numbers) == [y.data for y in composed.softmax([Value(x) for x in numbers])]
        for i, share in enumerate(shares):
            for function, scale, expected in (
                (composed.softmax, share, share),
                (composed.log_softmax, mpf(1), mp.log(share)),
            ):
                xs = [Value(x) for x in numbers]
                y = function(xs)[i]
                y.backward()
                # 1 + exp(-40) is 1: beside a score that far ahead, the logarithm is good to a unit of 1, not of itself.
                assert abs(y.data - expected) <= 1e-14 * abs(expected) + (4e-16 if function is composed.log_softmax else 1e-300)
                for j, x in enumerate(xs):
                    slope = scale * ((i == j) - shares[j])
                    # 1 - s_i is a difference of two numbers near 1: what is lost there is measured against 1.
                    assert abs(x.grad - slope) <= 1e-14 * abs(slope) + 4e-16 * float(scale) + 1e-300, (i, j, x.grad, float(slope))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-800.0, 800.0), min_size=1, max_size=8), st.integers(-100, 100))
def test_softmax_sums_to_1_and_ignores_a_shift(numbers: list[float], shift: int) -> None:
    """Shares are never negative and sum to 1; only differences count; the gradient of each share sums to 0."""
    shares = composed.softmax(numbers)
    assert all(share >= 0.0 for share in shares)
    assert math.isclose(math.fsum(shares), 1.0, rel_tol=1e-15 * len(numbers))
    rounded = [round(x * 1024.0) / 1024.0 for x in numbers]
    assert composed.softmax(rounded) == composed.softmax([x + shift for x in rounded])
    xs = [Value(x) for x in numbers]
    composed.softmax(xs)[0].backward()
    assert abs(math.fsum(x.grad for x in xs)) <= 1e-15 * len(numbers)


def test_softmax_at_the_edges() -> None:
    """Far apart, a single score, and a mask of the largest negative float."""
    assert [1.0, 0.0] == composed.softmax([1000.0, -1000.0])
    assert [1.0] == composed.softmax([-1e300])
    assert [0.5, 0.5, 0.0] == composed.softmax([3.0, 3.0, -LARGEST])
    assert [0.0, -2000.0] == composed.log_softmax([1000.0, -1000.0])
    with pytest.raises(RangeError, match="subtract gives a number beyond"):
        composed.softmax([1e308, -1e308])


def test_second_derivatives_of_logsumexp() -> None:
    """Its Hessian is the Jacobian of softmax: the shift by the largest leaves no trace in it."""
    xs = [Value(math.log(n)) for n in (3.0, 2.0, 5.0)]
    shares = gradient(composed.logsumexp(xs), xs)
    assert [0.3, 0.2, 0.5] == [round(share.data, 15) for share in shares]
    hessian = [[round(second.data, 15) + 0.0 for second in gradient(share, xs)] for share in shares]
    assert [[0.21, -0.06, -0.15], [-0.06, 0.16, -0.1], [-0.15, -0.1, 0.25]] == hessian


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=8))
def test_dot(pairs: list[tuple[float, float]]) -> None:
    """Σ xᵢyᵢ, with yᵢ as ∂xᵢ and xᵢ as ∂yᵢ; a constant vector costs no gradient."""
    xs, ys = [Value(x) for x, _ in pairs], [Value(y) for _, y in pairs]
    z = composed.dot(xs, ys)
    z.backward()
    assert z.data == composed.dot([x for x, _ in pairs], [y for _, y in pairs]) == composed.dot(xs, [y for _, y in pairs]).data
    assert abs(z.data - math.fsum(x * y for x, y in pairs)) <= 1e-15 * len(pairs) * math.fsum(abs(x * y) for x, y in pairs)
    assert [y for _, y in pairs] == [x.grad for x in xs]
    assert [x for x, _ in pairs] == [y.grad for y in ys]


def test_dot_of_a_vector_with_itself() -> None:
    """Every element is an operand twice."""
    xs = [Value(3.0), Value(-4.0)]
    composed.dot(xs, xs).backward()
    assert [6.0, -8.0] == [x.grad for x in xs]


def test_sum_makes_every_partial_sum_a_node() -> None:
    """A left fold: n - 1 nodes for n numbers, and the single number itself for one."""
    xs = [Value(float(i)) for i in range(5)]
    total = composed.sum(xs)
    assert [1.0, 3.0, 6.0, 10.0] == [node.data for node in topological(total) if node.op is not None]
    assert xs[0] is composed.sum(xs[:1]) is composed.prod(xs[:1])


def test_prod_has_gradients_at_zeros() -> None:
    """One factor 0 leaves its own gradient, two leave none."""
    for numbers, slopes in (([2.0, 0.0, 5.0], [0.0, 10.0, 0.0]), ([0.0, 0.0, 5.0], [0.0, 0.0, 0.0])):
        xs = [Value(x) for x in numbers]
        composed.prod(xs).backward()
        assert slopes == [x.grad for x in xs]


@pytest.mark.parametrize("numbers", [[0.0], [0.0, 0.0], [0.0, 0.0, 0.0]])
def test_norm_at_the_origin_has_gradient_0(numbers: list[float]) -> None:
    """The subgradient of least norm."""
    xs = [Value(x) for x in numbers]
    z = composed.norm(xs)
    z.backward()
    assert (0.0, [0.0] * len(xs)) == (z.data, [x.grad for x in xs])


def test_norm_neither_overflows_nor_underflows_on_its_way() -> None:
    """√Σx² with squares far outside the floats."""
    for scale in (2.0**700, 2.0**-700):
        assert 5.0 * scale == composed.norm([3.0 * scale, -4.0 * scale])
    assert 2.0 == composed.norm([-2.0]) == composed.norm([Value(-2)]).data


EMPTY = {"sum": 0.0, "prod": 1.0}


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "norm", "logsumexp", "softmax", "log_softmax"])
def test_empty_lists(name: str) -> None:
    """A sum of nothing is 0.0 and a product 1.0; what nothing can mean is refused with both numbers."""
    function = getattr(autograd, name)
    if name in EMPTY:
        assert EMPTY[name] == function([])
        assert float is type(function([]))
    else:
        with pytest.raises(ValueError, match=rf"{name} needs at least 1 number\(s\), but got 0"):
            function([])


def test_dot_names_both_sizes() -> None:
    """Two lists of different lengths are never cut to the shorter."""
    assert 0.0 == composed.dot([], [])
    for xs, ys in (([1.0, 2.0, 3.0], [1.0, 2.0]), ([], [Value(1.0)])):
        with pytest.raises(ValueError, match=f"dot needs two lists of one length, but got {len(xs)} and {len(ys)} numbers"):
            composed.dot(xs, ys)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "norm", "logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize("thing", [1.0, Value(1.0), "123", None], ids=lambda thing: type(thing).__name__)
def test_a_list_is_asked_for(name: str, thing: Any) -> None:
    """One number, or a text, is no list of numbers."""
    with pytest.raises(TypeError, match=rf"{name} needs a list of numbers, but got .* of type {type(thing).__name__}"):
        getattr(autograd, name)(thing)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "norm", "logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize("thing", [True, "1", None, [1.0]], ids=str)
def test_elements_are_numbers(name: str, thing: Any) -> None:
    """Also where the list has one element, so that no operation would look at it."""
    function = getattr(autograd, name)
    for numbers in ([thing], [1.0, thing], [Value(1.0), thing]):
        with pytest.raises(TypeError, match=rf"{name} needs a number \(int or float\), but got"):
            function(numbers)
    with pytest.raises(NonFiniteError):
        function([math.nan])


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "norm", "logsumexp"])
def test_numbers_of_any_type_give_a_float(name: str) -> None:
    """ints and NumPy scalars, alone and together, and a NumPy vector."""
    function = getattr(autograd, name)
    for numbers in ([2], [np.float32(2.0)], [1, 2], np.array([1.0, 2.0]), (np.int64(1), 2.0)):
        assert float is type(function(numbers))
        assert function([float(x) for x in numbers]) == function(numbers)


def test_errors_inside_a_fold_name_the_operation_and_the_numbers() -> None:
    """The node at which it happens."""
    with pytest.raises(RangeError, match=r"add gives a number beyond the largest float.*got x=1e\+308, y=1e\+308 \(label 'second'\)"):
        composed.sum([Value(1e308), Value(1e308, label="second")])
    with pytest.raises(DomainError):
        ops.log10(Value(-1.0))
    assert issubclass(RangeError, AutogradError)


@settings(deadline=None, max_examples=30)
@given(st.permutations([0.3, -1.2, 2.5, 0.9]), st.sampled_from(["mean", "prod", "norm", "logsumexp"]))
def test_order_of_the_operands_does_not_matter(numbers: list[float], name: str) -> None:
    """Each number keeps its gradient wherever it stands, up to rounding."""
    function = getattr(autograd, name)
    by_number = {x.data: x for x in map(Value, sorted(numbers))}
    function(list(by_number.values())).backward()
    xs = [Value(x) for x in numbers]
    function(xs).backward()
    assert all(math.isclose(x.grad, by_number[x.data].grad, rel_tol=1e-14) for x in xs)


def test_logarithms_of_powers_are_whole_numbers() -> None:
    """log10(1000) is 3 and log2(8) is 3, to the last bit."""
    assert [float(n) for n in range(-5, 23)] == [ops.log10(float(f"1e{n}")) for n in range(-5, 23)]
    assert [float(n) for n in range(-1074, 1024)] == [ops.log2(2.0**n) for n in range(-1074, 1024)]


def test_composed_functions_are_found_in_the_package() -> None:
    """By name, and those of one number as methods too."""
    for name in (*SCALAR, "clip", "where", "dot", "softmax", "log_softmax", *LISTS):
        assert getattr(autograd, name) is getattr(composed, name)
    for name in itertools.chain(SCALAR, ["clip", "log2", "log10"]):
        assert callable(getattr(Value(1.0), name))


MASKS = [[True, True, True], [True, False, True], [False, True, False], [1, 0, 1]]


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_is_as_if_the_numbers_were_not_there(mask: list[Any]) -> None:
    """softmax, log_softmax and logsumexp of what the mask holds for: the same bits, gradients and nodes as of those numbers alone."""
    numbers = [0.5, -1.0, 2.0]
    xs, ys = [Value(x) for x in numbers], [Value(x) for x, m in zip(numbers, mask, strict=True) if m]
    for function, masked in ((softmax, 0.0), (log_softmax, -math.inf)):
        for node in (*xs, *ys):
            node.grad = 0.0
        results, alone = function(xs, where=mask), iter(function(ys))
        for result, m in zip(results, mask, strict=True):
            assert (masked == result) if not m else (next(alone).data == result.data)
        kept = [result for result, m in zip(results, mask, strict=True) if m]
        sum(w * y for w, y in zip((1.0, 3.0, 7.0), kept, strict=False)).backward()
        sum(w * y for w, y in zip((1.0, 3.0, 7.0), function(ys), strict=False)).backward()
        assert [y.grad for y in ys] == [x.grad for x, m in zip(xs, mask, strict=True) if m]
        assert all(x.grad == 0.0 for x, m in zip(xs, mask, strict=True) if not m)
    assert logsumexp(ys).data == logsumexp(xs, where=mask).data


def test_what_a_mask_leaves_out_may_be_anything() -> None:
    """A score beyond all others is not looked at, where a large finite one instead of −∞ would still have to be subtracted."""
    assert [0.5, 0.0, 0.5] == softmax([1e300, -1e308, 1e300], where=[True, False, True])
    assert logsumexp([1.0, 1e308], where=[True, False]) == 1.0


@pytest.mark.parametrize(
    ("mask", "error", "words"),
    [
        ([True], ValueError, "each of 2 numbers, but got 1"),
        ([False, False], ValueError, "at least one number where the mask holds"),
        (["yes", True], TypeError, "a list of True and False as where, but got 'yes' in it"),
        (True, TypeError, "a list of True and False as where"),
        ([0.5, 1.0], TypeError, r"but got 0\.5 in it"),
    ],
)
def test_masks_that_are_none(mask: Any, error: type[Exception], words: str) -> None:
    for function in (softmax, log_softmax, logsumexp):
        with pytest.raises(error, match=f"{function.__name__} needs .*{words}"):
            function([1.0, 2.0], where=mask)
