"""Losses: how wrong the outputs are, as one Value. Each in the form that keeps its accuracy and its gradient.

y stands for a model's outputs, t for the targets. Both may be one number, a list of numbers, or a batch: a list with an entry for
each example. Their sizes must agree, or a ValueError says both.

Targets may be Values, too, and then take part in the graph; `autograd.compile` records every loss, with targets as arguments.

reduction   "mean" over all the numbers (for the cross-entropies, over the examples); "sum" of them all; "batchmean": the sum
            over each example's numbers, then the mean over the outermost list

Every loss makes its nodes in the scope "loss", so that a picture can fold them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce, wraps
from typing import Any, ParamSpec

import autograd
from autograd import Value, given, log, log1p, logsumexp, maximum, relu, scope, softplus
from autograd.numbers import as_operand
from autograd.whole import Whole

from .module import number

P = ParamSpec("P")
REDUCTIONS = ("mean", "sum", "batchmean")
ROUNDING = 1e-6
"""How far from 1 the sum of probabilities may be."""


def _scoped(loss: Callable[P, Any]) -> Callable[P, Any]:
    @wraps(loss)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> Any:
        with scope(f"loss/{loss.__name__}"):
            return loss(*map(_bare, args), **{name: _bare(x) for name, x in kwargs.items()})

    return scoped


def _bare(x: Any) -> Any:
    """What pandas keeps as its numbers, and an array without axes as its number."""
    x = x.to_numpy() if hasattr(x, "to_numpy") else x
    return x[()] if getattr(x, "ndim", None) == 0 and hasattr(x, "dtype") and not isinstance(x, str) else x


# Number by number.


@_scoped
def squared_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Σ (y - t)² or, unless told otherwise, its mean: C = (1/n) Σ (yᵢ - tᵢ)². Its gradient is 2 (y - t) / n.

    >>> squared_error([1.0, 3.0], [0.0, 0.0])
    5.0
    """
    return _reduced(_elementwise(lambda y, t: autograd.square(y - t), y, t, "squared_error"), y, reduction, "squared_error")


@_scoped
def half_squared_error(y: Any, t: Any, reduction: str = "sum") -> Any:
    """E = ½ Σ (y - t)², whose gradient is y - t.

    >>> half_squared_error([1.0, 3.0], [0.0, 0.0])
    5.0
    """
    terms = _elementwise(lambda y, t: autograd.square(y - t), y, t, "half_squared_error")
    return 0.5 * _reduced(terms, y, reduction, "half_squared_error")


@_scoped
def absolute_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """|y - t|, summed or averaged. Its gradient is ±1, and 0 at y = t.

    >>> absolute_error([1.0, 3.0], [0.0, 0.0])
    2.0
    """
    return _reduced(_elementwise(lambda y, t: abs(y - t), y, t, "absolute_error"), y, reduction, "absolute_error")


@_scoped
def huber(y: Any, t: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """½ d² where d = |y - t| ≤ δ, else δ (d - ½ δ): quadratic near 0, straight beyond (Huber 1964).

    Written as m (d - ½ m) with m = min(d, δ): one form for both.

    delta   δ, above 0, where the parabola becomes a line; ValueError otherwise

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="sum")
    2.625
    """
    delta = number(delta, "huber's delta")
    if delta <= 0.0:
        raise ValueError(f"huber needs delta > 0, but got {delta}")

    def term(y: Any, t: Any) -> Any:
        d = abs(y - t)
        m = autograd.minimum(d, delta)
        return m * (d - 0.5 * m)

    return _reduced(_elementwise(term, y, t, "huber"), y, reduction, "huber")


@_scoped
def hinge(y: Any, t: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - t·y) for a target t of -1 or 1: 0 once y is on its side by a margin of 1. Its gradient at the margin is 0.

    ValueError: a target is neither -1 nor 1.

    >>> hinge([0.25, -3.0], [1, -1], reduction="sum")
    0.75
    """

    def term(y: Any, t: Any) -> Any:
        if not 1.0 <= abs(t) <= 1.0:
            raise ValueError(f"hinge needs targets -1 and 1, but got {t!r}")
        return relu(1.0 - t * y)

    return _reduced(_elementwise(term, y, t, "hinge"), y, reduction, "hinge")


@_scoped
def binary_cross_entropy(y: Any, t: Any, reduction: str = "mean") -> Any:
    """-(t log y + (1 - t) log(1 - y)) for probabilities y, as from a sigmoid; t is 0, 1 or between.

    With y = σ(z), ∂E/∂z = y - t. A term whose factor is 0 is left out, so y = 1 for t = 1 costs 0. Where y rounds to 0 or 1
    against its target there is no logarithm: prefer `binary_cross_entropy_with_logits`, which takes z itself.

    ValueError: y or t is not from 0 to 1.

    >>> round(binary_cross_entropy(0.5, 1), 6)
    0.693147
    """

    def term(y: Any, t: Any) -> Any:
        if not 0.0 <= y <= 1.0:
            advice = "binary_cross_entropy_with_logits takes scores"
            raise ValueError(f"binary_cross_entropy needs probabilities from 0 to 1, but got {_shown(y)!r}; {advice}")
        _check_probability(t, "binary_cross_entropy")
        if _is(t, 1.0):
            return -log(y)
        if _is(t, 0.0):
            return -log1p(-y)
        return -(t * log(y) + (1.0 - t) * log1p(-y))

    return _reduced(_elementwise(term, y, t, "binary_cross_entropy"), y, reduction, "binary_cross_entropy")


@_scoped
def binary_cross_entropy_with_logits(z: Any, t: Any, reduction: str = "mean") -> Any:
    """(1 - t)·softplus(z) + t·softplus(-z): the cross-entropy of y = σ(z), from the scores z. ∂E/∂z = σ(z) - t.

    Smooth and exact everywhere; the usual max(z, 0) - z·t + log(1 + exp(-|z|)) has a wrong gradient at z = 0.

    ValueError: t is not from 0 to 1.

    >>> round(binary_cross_entropy_with_logits(0.0, 1), 6)
    0.693147
    """

    def term(z: Any, t: Any) -> Any:
        _check_probability(t, "binary_cross_entropy_with_logits")
        if _is(t, 1.0):
            return softplus(-z)
        if _is(t, 0.0):
            return softplus(z)
        return (1.0 - t) * softplus(z) + t * softplus(-z)

    terms = _elementwise(term, z, t, "binary_cross_entropy_with_logits")
    return _reduced(terms, z, reduction, "binary_cross_entropy_with_logits")


# Class by class.


@_scoped
def cross_entropy(z: Any, t: Any, reduction: str = "mean", *, where: Any = None) -> Any:
    """-log y_t with y = softmax(z), from the scores z of one example's classes, or of a batch. ∂E/∂z = y - t, t one-hot.

    t is the index of the right class, or one-hot, or probabilities that sum to 1: then it is -Σ tₖ log yₖ. Computed as
    log Σⱼ exp(zⱼ - z_t), which keeps the small gradients that logsumexp(z) - z_t loses to rounding; where several classes are weighed, with
    Σ tₖ zₖ in the place of z_t. Either way it takes as many exponentials as there are classes.

    where   True for each class that counts, in one list for all examples or one for each; the others are as if their scores were −∞

    IndexError: t is no class that there is. ValueError: t's numbers are no probabilities, or the class is one that does not count.

    >>> round(cross_entropy([0.0, 0.0, 0.0, 0.0], 2), 6)  # log 4
    1.386294
    """
    if where is not None:
        z, t = _allowed(z, t, where, "cross_entropy")

    def term(z: list[Any], target: Target) -> Any:
        if len(z) == 1:
            return z[0] - z[0]  # a single class is certain: 0, with a gradient of 0, and a Value where the score is one
        if len(target) == 1:
            ((k, t),) = target
            return _times(t, logsumexp([0.0 if j == k else zj - z[k] for j, zj in enumerate(z)]))
        right = _sum(_times(t, z[k]) for k, t in target)
        leads = [zj - right for zj in z]
        total = logsumexp(leads)
        return total if isinstance(target, OneHot) else _sum(_times(t, total - leads[k]) for k, t in target)

    return _reduced_examples(term, z, t, reduction, "cross_entropy")


@_scoped
def cross_entropy_from_probabilities(y: Any, t: Any, reduction: str = "mean") -> Any:
    """-Σ tₖ log yₖ for probabilities y that sum to 1, as from a softmax; t as for `cross_entropy`, which is the safer one.

    ValueError: y's numbers are no probabilities, or do not sum to 1.

    >>> round(cross_entropy_from_probabilities([0.5, 0.25, 0.25], 0), 6)
    0.693147
    """

    def term(y: list[Any], target: Target) -> Any:
        _check_distribution(y, "cross_entropy_from_probabilities needs", "; cross_entropy takes scores")
        if isinstance(target, OneHot):
            return -log(_sum(t * y[k] for k, t in target))
        return -_sum(_times(t, log(y[k])) for k, t in target)

    return _reduced_examples(term, y, t, reduction, "cross_entropy_from_probabilities")


@_scoped
def max_margin(z: Any, t: Any, margin: float = 1.0, reduction: str = "mean") -> Any:
    """max(0, margin + max_{j≠t} zⱼ - z_t): how far the right class fails to lead the best wrong one (Crammer and Singer 2001).

    z       the scores of one example's classes, two at least, or a batch of such lists
    t       the index of the right class, or one-hot
    margin  by how much the right class has to lead

    >>> max_margin([2.0, 1.5, -1.0], 0)
    0.5
    """
    margin = number(margin, "max_margin's margin")

    def term(z: list[Any], target: Target) -> Any:
        (right, *several) = [k for k, weight in target if weight > 0.0]
        if several:
            raise ValueError("max_margin needs one right class, but the target has several")
        others = [zj for j, zj in enumerate(z) if j != right]
        if not others:
            raise ValueError("max_margin needs scores of at least 2 classes, but got 1")
        return relu(reduce(maximum, others) - z[right] + margin)

    return _reduced_examples(term, z, t, reduction, "max_margin", by_index=True)


# Sizes, targets, reductions.


def _elementwise(term: Callable[[Any, Any], Any], y: Any, t: Any, asker: str, depth: int = 0) -> list[Any]:
    """A term for every number in y with its target, in a flat list."""
    if depth > given.DEPTH:
        raise ValueError(f"{asker} got outputs and targets in lists in lists, more than {given.DEPTH} deep, or that contain themselves")
    y, t = _bare(y), _bare(t)
    if not _is_list(y) and getattr(t, "shape", None) == (1,):  # a row of a column of targets
        t = t[0]
    if not _is_list(y) and not _is_list(t):
        return [term(y if isinstance(y, Value) else number(y, asker), t if isinstance(t, Value) else number(t, asker))]
    if not (_is_list(y) and _is_list(t)):
        raise ValueError(f"{asker} needs a target for every output, but got {_shape(y)} and {_shape(t)}")
    if len(y) != len(t):
        raise ValueError(f"{asker} needs as many targets as outputs, but got {len(y)} outputs and {len(t)} targets")
    if not len(y):
        raise ValueError(f"{asker} needs at least one output, but got an empty list")
    return [each for pair in zip(y, t, strict=True) for each in _elementwise(term, *pair, asker, depth + 1)]


def _reduced(terms: list[Any], y: Any, reduction: str, asker: str) -> Any:
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ValueError(f"{asker} knows the reductions {', '.join(REDUCTIONS)}, but got {given.shorten(reduction)}")
    total = reduce(lambda a, b: a + b, terms)
    count = len(terms) if reduction == "mean" else len(y) if reduction == "batchmean" and _is_list(y) else 1
    return total / float(count) if count > 1 else total


def _sum(terms: Iterable[Any]) -> Any:
    return reduce(lambda a, b: a + b, terms)


def _reduced_examples(term: Callable[[list[Any], Target], Any], z: Any, t: Any, reduction: str, asker: str, by_index: bool = False) -> Any:
    """A term for each example, whose target is an index or one number per class; reduced over the examples."""
    if not _is_list(z) or not len(z):
        raise ValueError(f"{asker} needs a list with a number for each class, but got {_shape(z)}")
    if not _is_list(z[0]):
        z, t = [z], [t]
    elif not _is_list(t) or len(z) != len(t):
        raise ValueError(f"{asker} needs a target for every example, but got {_shape(z)} and {_shape(t)}")
    terms = [term(_scores(each, asker), _target(target, len(each), asker, by_index)) for each, target in zip(z, t, strict=True)]
    return _reduced(terms, z, reduction, asker)


def _allowed(z: Any, t: Any, where: Any, asker: str) -> tuple[list[Any], list[Any]]:
    """The examples' scores and targets in the classes that count alone."""
    if not _is_list(where) or not len(where):
        raise given.wrong(asker, "a list of True and False as where", where)
    if not _is_list(z) or not len(z) or not _is_list(z[0]):
        z, t = [z], [t]
    masks = where if _is_list(where[0]) else [where] * len(z)
    if not _is_list(t) or not len(z) == len(t) == len(masks):
        raise ValueError(f"{asker} needs a target and a mask for every example, but got {_shape(z)}, {_shape(t)} and {_shape(where)}")
    kept = [_allowed_one(_scores(each, asker), target, mask, asker) for each, target, mask in zip(z, t, masks, strict=True)]
    return [scores for scores, _ in kept], [target for _, target in kept]


def _allowed_one(z: list[Any], t: Any, mask: Any, asker: str) -> tuple[list[Any], Any]:
    holds = [given.flag(m, "where", asker) for m in given.items(mask, "a list of True and False as where", asker)]
    if len(holds) != len(z):
        raise ValueError(f"{asker} needs where to say True or False of each of {len(z)} classes, but got {len(holds)}")
    outside = [k for k, _ in _target(t, len(z), asker) if not holds[k]]
    if outside:
        raise ValueError(f"{asker} got the target class {outside[0]}, which where= leaves out")
    scores = [zk for zk, m in zip(z, holds, strict=True) if m]
    return scores, [tk for tk, m in zip(t, holds, strict=True) if m] if _is_list(t) else sum(holds[: int(t)])


def _scores(z: Any, asker: str) -> list[Any]:
    if not _is_list(z):
        raise given.wrong(asker, "a list of numbers for each example", z)
    return [each if type(each) is Value else as_operand(each, "a number for each class", asker) for each in z]


class OneHot(list[tuple[int, Any]]):
    """A target that is the index of a class, in a packed program: one weight is 1 and the others 0, but which, differs by example."""


Target = list[tuple[int, Any]] | OneHot


def _target(t: Any, classes: int, asker: str, by_index: bool = False) -> Target:
    """The classes that a target weighs, with their weights, which sum to 1."""
    if isinstance(t, Whole) and not by_index:
        return OneHot(enumerate(t.one_hot(classes)))
    if getattr(t, "shape", None) == (1,) and classes > 1:  # a row of a column of classes
        t = t[0]
    t = _bare(t)
    if not _is_list(t):
        return [(class_index(t, classes, asker), 1.0)]
    if len(t) != classes:
        raise ValueError(f"{asker} needs a target for each of {classes} classes, but got {len(t)} numbers")
    weights = [w if isinstance(w, Value) else number(w, asker) for w in t]
    _check_distribution(weights, f"{asker} needs a target of")
    return [(k, w) for k, w in enumerate(weights) if not _is(w, 0.0)]


def right_class(t: Any, classes: int, asker: str) -> int:
    """The class that a target says: by its index, or as the largest of the numbers for each class."""
    return max(_target(t, classes, asker), key=lambda weighed: float(weighed[1]))[0]


def class_index(t: Any, classes: int, asker: str) -> int:
    """t, if it is the index of one of so many classes; IndexError where it is not, TypeError for what is no whole number."""
    if given.is_bool(t) or not hasattr(t, "__index__") or isinstance(t, Iterable):
        raise given.wrong(asker, "a class as a whole number, or one-hot", t)
    if not 0 <= t < classes:
        raise IndexError(f"{asker} has {classes} classes, 0 to {classes - 1}, but got class {given.shorten(t)}")
    return int(t)


def _check_probability(t: Any, asker: str) -> None:
    if not 0.0 <= t <= 1.0:
        raise ValueError(f"{asker} needs targets from 0 to 1, but got {_shown(t)!r}")


def _check_distribution(numbers: list[Any], asker: str, advice: str = "") -> None:
    """A ValueError unless they are probabilities that sum to 1. Values are compared and not read: so `compile` can record a loss."""
    for p in numbers:
        if p < 0.0:
            raise ValueError(f"{asker} probabilities that sum to 1, but got {_shown(p)!r} among them{advice}")
    total = sum(numbers)
    if not 1.0 - ROUNDING <= total <= 1.0 + ROUNDING:
        shown = _shown(total)
        what = f"{shown:.6g}" if isinstance(shown, float) else repr(shown)
        raise ValueError(f"{asker} probabilities that sum to 1, but got a sum of {what}{advice}")


def _is_list(x: Any) -> bool:
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes, dict, set)) and getattr(x, "ndim", None) != 0


def _shape(x: Any) -> str:
    if not _is_list(x):
        return "one number"
    return f"a list of {len(x)}" + (f" lists of {len(x[0])}" if len(x) and _is_list(x[0]) else "")


def _shown(x: Any) -> Any:
    """The number, for a message; while `compile` records, when there is none to be read, what stands for it."""
    return getattr(x, "data", x)


def _is(x: Any, constant: float) -> bool:
    """Whether x is that plain number: a Value of that number may change."""
    return not isinstance(x, Value) and x == constant


def _times(weight: Any, x: Any) -> Any:
    return x if _is(weight, 1.0) else weight * x
