"""Losses: their equations, their gradients where others lose them, sizes and targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, sigmoid, softmax

Loss = Callable[..., Any]
FINITE = st.floats(-50.0, 50.0)


def gradients(loss: Loss, ys: list[float], t: Any, **more: Any) -> list[float]:
    """∂loss/∂y for every y."""
    values = [Value(y) for y in ys]
    loss(values, t, **more).backward()
    return [value.grad for value in values]


def values(numbers: Any) -> Any:
    return [values(x) for x in numbers] if isinstance(numbers, list) else Value(numbers)


# Equations.

Y, T = [0.5, -1.0, 3.0], [1.0, 1.0, -1.0]


@pytest.mark.parametrize(
    ("loss", "each"),
    [
        (nn.squared_error, [0.25, 4.0, 16.0]),
        (nn.half_squared_error, [0.125, 2.0, 8.0]),
        (nn.absolute_error, [0.5, 2.0, 4.0]),
        (nn.huber, [0.125, 1.5, 3.5]),
        (nn.hinge, [0.5, 2.0, 4.0]),
    ],
)
def test_losses_of_numbers(loss: Loss, each: list[float]) -> None:
    """Each number's term by hand; summed, averaged, alone; on Values and on floats; batchmean of a matrix."""
    for given_ in (Y, values(Y)):
        assert sum(each) == float(loss(given_, T, reduction="sum"))
        assert sum(each) / 3.0 == float(loss(given_, T, reduction="mean"))
    assert each == [float(loss(y, t)) for y, t in zip(Y, T, strict=True)]
    batch = float(loss(values([Y, Y]), [T, T], reduction="batchmean"))
    assert math.isclose(sum(each), batch, rel_tol=1e-15)


def test_the_defaults_are_the_lectures() -> None:
    """C = (1/n) Σ (y − t)², and E = ½ Σ (y − t)²."""
    assert 20.25 / 3.0 == nn.squared_error(Y, T)
    assert 10.125 == nn.half_squared_error(Y, T)


def test_huber_is_quadratic_within_delta_and_straight_beyond() -> None:
    for delta in (0.5, 2.0):
        for y in (-3.0, -0.4, 0.0, 0.4, 3.0):
            d = abs(y)
            expected = 0.5 * d * d if d <= delta else delta * (d - 0.5 * delta)
            assert math.isclose(expected, nn.huber(y, 0.0, delta), abs_tol=1e-15)
            (gradient,) = gradients(lambda v, t, delta=delta: nn.huber(v[0], t, delta), [y], 0.0)
            assert math.isclose(max(-delta, min(delta, y)), gradient, abs_tol=1e-15)


def test_gradients_at_kinks_are_the_least() -> None:
    """Absolute error at its target, hinge at its margin: 0."""
    assert [0.0] == gradients(nn.absolute_error, [2.0], [2.0])
    assert [0.0] == gradients(nn.hinge, [1.0], [1.0])
    assert [-1.0] == gradients(nn.hinge, [0.5], [1.0])


@given(FINITE, st.sampled_from([0.0, 1.0, 0.25]))
def test_binary_cross_entropy_from_scores(z: float, t: float) -> None:
    """The value of the equation at 50 digits, and the gradient σ(z) − t."""
    with mpmath.workdps(50):
        y = 1 / (1 + mpmath.exp(-mpmath.mpf(z)))
        expected = -(t * mpmath.log(y) + (1 - t) * mpmath.log(1 - y))
        slope = y - t
    value = Value(z)
    loss = nn.binary_cross_entropy_with_logits(value, t)
    loss.backward()
    assert math.isclose(float(expected), loss.data, rel_tol=1e-14, abs_tol=1e-300)
    assert math.isclose(float(slope), value.grad, rel_tol=1e-13, abs_tol=1e-16)


@pytest.mark.parametrize(("t", "slope"), [(0.0, 0.5), (1.0, -0.5), (0.5, 0.0)])
def test_binary_cross_entropy_at_zero(t: float, slope: float) -> None:
    """The point where the usual stable form has the gradient 0 or −1; also far out, where it keeps its digits."""
    assert [slope] == gradients(nn.binary_cross_entropy_with_logits, [0.0], [t])
    assert [-math.exp(-700.0)] == gradients(nn.binary_cross_entropy_with_logits, [700.0], [1.0])
    assert [1.0] == gradients(nn.binary_cross_entropy_with_logits, [700.0], [0.0])


@given(FINITE.filter(lambda z: abs(z) < 20), st.sampled_from([0.0, 1.0, 0.25]))
def test_binary_cross_entropy_from_probabilities(z: float, t: float) -> None:
    """With y = σ(z) it is the same loss, and its gradient at z is y − t."""
    value = Value(z)
    y = sigmoid(value)
    loss = nn.binary_cross_entropy(y, t)
    loss.backward()
    assert math.isclose(nn.binary_cross_entropy_with_logits(z, t), loss.data, rel_tol=1e-6, abs_tol=1e-12)
    assert math.isclose(y.data - t, value.grad, rel_tol=1e-7, abs_tol=1e-12)


def test_a_sure_and_right_probability_costs_nothing() -> None:
    """The term whose factor is 0 is left out: no log(0)."""
    assert 0.0 == nn.binary_cross_entropy(Value(1.0), 1).data == nn.binary_cross_entropy(Value(0.0), 0).data
    with pytest.raises(ValueError, match="log needs x > 0"):
        nn.binary_cross_entropy(Value(0.0), 1)


@given(st.lists(FINITE, min_size=2, max_size=5), st.data())
def test_cross_entropy_from_scores(z: list[float], data: st.DataObject) -> None:
    """−log softmax(z)_t at 50 digits; the gradient is softmax(z) − one-hot; an index and one-hot mean the same."""
    t = data.draw(st.integers(0, len(z) - 1))
    with mpmath.workdps(50):
        total = mpmath.fsum(mpmath.exp(zj) for zj in z)
        expected = mpmath.log(total) - z[t]
        slopes = [float(mpmath.exp(zj) / total - (j == t)) for j, zj in enumerate(z)]
    assert math.isclose(float(expected), nn.cross_entropy(values(z), t).data, rel_tol=1e-12, abs_tol=1e-15)
    for target in (t, nn.one_hot(t, len(z))):
        for expected, gradient in zip(slopes, gradients(nn.cross_entropy, z, target), strict=True):
            assert math.isclose(expected, gradient, rel_tol=1e-13, abs_tol=1e-300)


def test_cross_entropy_keeps_the_smallest_gradient() -> None:
    """At [40, 0] the right class's gradient is −exp(−40), which logsumexp(z) − z_t rounds to 0."""
    right, wrong = gradients(nn.cross_entropy, [40.0, 0.0], 0)
    assert math.isclose(-math.exp(-40.0), right, rel_tol=1e-15)
    assert math.isclose(math.exp(-40.0), wrong, rel_tol=1e-15)
    assert [1.0, -1.0] == gradients(nn.cross_entropy, [1000.0, 0.0], 1)


def test_cross_entropy_with_probabilities_as_targets() -> None:
    """−Σ tₖ log yₖ, and the gradient y − t."""
    z, t = [0.5, -1.0, 2.0], [0.2, 0.0, 0.8]
    y = softmax(z)
    assert math.isclose(-0.2 * math.log(y[0]) - 0.8 * math.log(y[2]), nn.cross_entropy(z, t), rel_tol=1e-14)
    for a, b, g in zip(y, t, gradients(nn.cross_entropy, z, t), strict=True):
        assert math.isclose(a - b, g, rel_tol=1e-13)
    loss = nn.cross_entropy_from_probabilities(y, t)
    assert math.isclose(nn.cross_entropy(z, t), loss, rel_tol=1e-14)


def test_the_opened_up_example() -> None:
    """Scores (ln 3, ln 2, ln 5), class 1: loss 1.609438, gradient (0.3, −0.8, 0.5), by either cross-entropy."""
    z = [math.log(3.0), math.log(2.0), math.log(5.0)]
    assert "1.609438" == f"{nn.cross_entropy(values(z), 1).data:.6f}"
    for expected, gradient in zip((0.3, -0.8, 0.5), gradients(nn.cross_entropy, z, 1), strict=True):
        assert math.isclose(expected, gradient, rel_tol=1e-14)
    nodes = values(z)
    nn.cross_entropy_from_probabilities(softmax(nodes), [0, 1, 0]).backward()
    for expected, node in zip((0.3, -0.8, 0.5), nodes, strict=True):
        assert math.isclose(expected, node.grad, rel_tol=1e-14)


def test_max_margin_is_by_how_much_the_right_class_does_not_lead() -> None:
    assert 0.0 == nn.max_margin([3.0, 1.0, 0.0], 0)
    assert 1.5 == nn.max_margin([0.5, 1.0, 0.0], 0) == nn.max_margin([0.5, 1.0, 0.0], [1, 0, 0])
    assert [-1.0, 1.0, 0.0] == gradients(nn.max_margin, [0.5, 1.0, 0.0], 0)
    assert 2.5 == nn.max_margin([0.5, 1.0], 0, margin=2.0)


def test_batches_of_classes() -> None:
    """The mean over the examples, or the sum: softmax with loss over a batch gives (y − t)/N."""
    z, t = [[0.5, 1.5], [2.0, -1.0], [0.0, 0.0]], [0, 0, 1]
    each = [nn.cross_entropy(row, k) for row, k in zip(z, t, strict=True)]
    assert math.isclose(sum(each) / 3.0, nn.cross_entropy(z, t), rel_tol=1e-15)
    assert math.isclose(sum(each), nn.cross_entropy(z, t, "sum"), rel_tol=1e-15)
    assert nn.cross_entropy(z, t) == nn.cross_entropy(z, t, "batchmean") == nn.cross_entropy(z, [nn.one_hot(k, 2) for k in t])
    batch = values(z)
    nn.cross_entropy(batch, t).backward()
    for row, k in zip(batch, t, strict=True):
        for j, (node, y) in enumerate(zip(row, softmax([v.data for v in row]), strict=True)):
            assert math.isclose((y - (j == k)) / 3.0, node.grad, rel_tol=1e-14)


@pytest.mark.parametrize("name", ["squared_error", "binary_cross_entropy_with_logits", "cross_entropy", "max_margin"])
def test_losses_fold_into_one_box(name: str) -> None:
    """Every node of a loss stands in its scope."""
    y = values([0.2, 0.7, 0.1])
    t: Any = 1 if name in ("cross_entropy", "max_margin") else [0.0, 1.0, 0.0]
    node = getattr(nn, name)(y, t)
    todo = [node]
    while todo:
        node = todo.pop()
        assert (f"loss/{name}" if node.op is not None else None) == node.scope
        todo += node.parents


# Programs.

TARGETS: dict[Loss, list[Any]] = {
    nn.squared_error: [[0.5, -2.0, 0.3], [1.5, 0.25, 0.0]],
    nn.half_squared_error: [[0.5, -2.0, 0.3], [1.5, 0.25, 0.0]],
    nn.absolute_error: [[0.5, -2.0, 0.3], [1.5, 0.25, 0.0]],
    nn.huber: [[0.5, -2.0, 0.3], [1.5, 0.25, 0.0]],
    nn.hinge: [[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]],
    nn.binary_cross_entropy: [[1.0, 0.0, 0.25], [0.0, 0.5, 1.0]],
    nn.binary_cross_entropy_with_logits: [[1.0, 0.0, 0.25], [0.0, 0.5, 1.0]],
    nn.cross_entropy: [[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]],
    nn.cross_entropy_from_probabilities: [[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]],
    nn.max_margin: [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
}


@pytest.mark.parametrize("loss", TARGETS, ids=lambda loss: loss.__name__)
def test_every_loss_can_be_recorded_with_its_targets_as_arguments(loss: Loss) -> None:
    """A program of the loss has its value and its gradients, by outputs and by targets, bit for bit: of one example and of a batch."""
    first, second = [0.2, 0.3, 0.5], [0.6, 0.3, 0.1]
    program = autograd.compile(loss)
    for y, t in (
        *[(first, t) for t in TARGETS[loss]],
        *[(second, t) for t in TARGETS[loss]],
        ([first, second], TARGETS[loss]),
    ):
        expected, slopes = autograd.value_and_grad(loss, argnums=(0, 1))(y, t)
        assert (expected, slopes) == tuple(program(y, t))


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.cross_entropy_from_probabilities, nn.max_margin], ids=lambda loss: loss.__name__)
def test_a_program_is_recorded_for_each_class(loss: Loss) -> None:
    """A class is a whole number, so it belongs to the signature; the gradients are those of the graph."""
    program, y = autograd.compile(loss), [0.2, 0.3, 0.5]
    for t in (0, 2, 1, 0):
        value, (slopes, nothing) = program(y, t)
        assert (float(loss(values(y), t)), gradients(loss, y, t), None) == (value, slopes, nothing)


@pytest.mark.parametrize(
    ("loss", "good", "bad", "says"),
    [
        (nn.hinge, (0.5, 1.0), (0.5, 0.5), "hinge needs targets -1 and 1"),
        (nn.binary_cross_entropy, (0.5, 1.0), (1.5, 1.0), "probabilities from 0 to 1"),
        (nn.binary_cross_entropy_with_logits, (0.5, 1.0), (0.5, 1.5), "targets from 0 to 1"),
        (nn.cross_entropy, ([0.5, 0.5], [0.5, 0.5]), ([0.5, 0.5], [0.5, 0.6]), "a target of probabilities that sum to 1"),
        (nn.cross_entropy, ([0.5, 0.5], [0.5, 0.5]), ([0.5, 0.5], [-0.5, 1.5]), "a target of probabilities that sum to 1"),
        (nn.cross_entropy_from_probabilities, ([0.5, 0.5], [0.5, 0.5]), ([0.5, 0.6], [0.5, 0.5]), "cross_entropy takes scores"),
        (nn.max_margin, ([0.5, 0.5], [0.0, 1.0]), ([0.5, 0.5], [0.5, 0.5]), "one right class"),
    ],
)
def test_a_program_refuses_what_its_loss_refuses(loss: Loss, good: Any, bad: Any, says: str) -> None:
    """The check of a target is a comparison, which the program looks at again with every new number."""
    program = autograd.compile(loss)
    program(*good)
    with pytest.raises(ValueError, match=says):
        program(*bad)
    with pytest.raises(ValueError, match=says):
        loss(*map(values, bad))


# Sizes and targets.

ELEMENTWISE = [nn.squared_error, nn.half_squared_error, nn.absolute_error, nn.huber, nn.binary_cross_entropy_with_logits]
BY_CLASS = [nn.cross_entropy, nn.max_margin, nn.cross_entropy_from_probabilities]


@pytest.mark.parametrize("loss", ELEMENTWISE)
def test_sizes_that_differ_are_both_said(loss: Loss) -> None:
    """Never a silent zip."""
    with pytest.raises(ValueError, match="got 3 outputs and 2 targets"):
        loss(values([1.0, 2.0, 3.0]), [1.0, 0.0])
    with pytest.raises(ValueError, match="got 2 outputs and 1 targets"):
        loss(values([[1.0, 2.0]]), [[1.0]])
    with pytest.raises(ValueError, match="got one number and a list of 1"):
        loss(Value(1.0), [1.0])
    with pytest.raises(ValueError, match="got a list of 2 lists of 1 and one number"):
        loss(values([[1.0], [2.0]]), 1.0)
    with pytest.raises(ValueError, match="at least one output"):
        loss([], [])


@pytest.mark.parametrize("loss", BY_CLASS)
def test_classes_out_of_range(loss: Loss) -> None:
    """A negative one does not count from the end."""
    y = values([0.25, 0.25, 0.5])
    for bad in (3, -1, 10**30):
        with pytest.raises(IndexError, match=f"has 3 classes, 0 to 2, but got class {bad}"):
            loss(y, bad)
    for wrong in (True, 1.0, "1", None, Value(1.0)):
        with pytest.raises(TypeError, match="needs a class as a whole number"):
            loss(y, wrong)
    with pytest.raises(ValueError, match="each of 3 classes, but got 2 numbers"):
        loss(y, [1, 0])
    with pytest.raises(ValueError, match="probabilities that sum to 1, but got a sum of 2"):
        loss(y, [1, 1, 0])
    with pytest.raises(ValueError, match="a target for every example"):
        loss([y, y], [1])
    with pytest.raises(ValueError, match="a number for each class"):
        loss([], [])
    with pytest.raises(ValueError, match="a number for each class"):
        loss(Value(1.0), 0)


def test_a_numpy_class_is_a_class() -> None:
    import numpy as np

    assert nn.cross_entropy([0.5, 1.0], 1) == nn.cross_entropy([0.5, 1.0], np.int64(1))
    with pytest.raises(TypeError, match="whole number"):
        nn.cross_entropy([0.5, 1.0], np.bool_(True))


def test_a_single_class_is_certain() -> None:
    """The loss is 0 and so is its gradient, but it is a Value, on which backward() can be called."""
    assert 0.0 == nn.cross_entropy([3.0], 0)
    for target in (0, [1.0]):
        score = Value(3.0)
        loss = nn.cross_entropy([score], target)
        loss.backward()
        assert (0.0, 0.0) == (loss.data, score.grad)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nn.cross_entropy([1.0, 2.0], [-0.5, 1.5]), "sum to 1, but got -0.5 among them"),
        (lambda: nn.binary_cross_entropy(1.5, 1), "probabilities from 0 to 1, but got 1.5; binary_cross_entropy_with_logits takes scores"),
        (lambda: nn.binary_cross_entropy(0.5, 2), "targets from 0 to 1, but got 2"),
        (lambda: nn.binary_cross_entropy_with_logits(0.5, -1), "targets from 0 to 1, but got -1"),
        (lambda: nn.cross_entropy_from_probabilities([2.0, 1.0], 0), "sum to 1, but got a sum of 3; cross_entropy takes scores"),
        (lambda: nn.hinge(0.5, 0), "hinge needs targets -1 and 1, but got 0"),
        (lambda: nn.huber(1.0, 0.0, 0.0), "delta > 0, but got 0"),
        (lambda: nn.max_margin([1.0], 0), "at least 2 classes"),
        (lambda: nn.max_margin([1.0, 2.0], [0.5, 0.5]), "one right class"),
        (lambda: nn.squared_error(1.0, 0.0, "median"), "mean, sum, batchmean, but got 'median'"),
        (lambda: nn.squared_error(1.0, math.nan), "finite"),
    ],
)
def test_what_a_loss_cannot_take_is_said(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_a_mask_leaves_classes_out() -> None:
    """cross_entropy(where=) is that of the other classes, for an index and for probabilities, one mask for all or one for each."""
    z = [Value(0.5), Value(-1.0), Value(9.0)]
    nn.cross_entropy(z, 1, where=[True, True, False]).backward()
    alone = [Value(0.5), Value(-1.0)]
    nn.cross_entropy(alone, 1).backward()
    assert [*(x.grad for x in alone), 0.0] == [x.grad for x in z]
    assert nn.cross_entropy([0.5, -1.0], [0.25, 0.75]) == nn.cross_entropy([0.5, -1.0, 9.0], [0.25, 0.75, 0.0], where=[1, 1, 0])
    batch = [[0.5, -1.0, 9.0], [1.0, 2.0, 3.0]]
    each = [[True, True, False], [False, True, True]]
    expected = (nn.cross_entropy([0.5, -1.0], 0) + nn.cross_entropy([2.0, 3.0], 1)) / 2.0
    assert expected == nn.cross_entropy(batch, [0, 2], where=each)
    assert nn.cross_entropy([row[:2] for row in batch], [0, 1]) == nn.cross_entropy(batch, [0, 1], where=[True, True, False])


@pytest.mark.parametrize(
    ("t", "where", "error", "words"),
    [
        (2, [True, True, False], ValueError, "the target class 2, which where= leaves out"),
        ([0.5, 0.0, 0.5], [True, True, False], ValueError, "the target class 2, which where= leaves out"),
        (0, [True, True], ValueError, "each of 3 classes, but got 2"),
        (0, [True, "no", True], TypeError, "True or False as where"),
        (0, True, TypeError, "a list of True and False as where"),
    ],
)
def test_masks_that_do_not_fit(t: Any, where: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        nn.cross_entropy([0.5, -1.0, 9.0], t, where=where)
