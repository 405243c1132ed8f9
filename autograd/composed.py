"""Functions composed from rows, without rules of their own. Each works on whatever kind of number the rows work on, mixed with floats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, TypeVar, cast

from .given import count, is_bool, items, shorten
from .numbers import as_float, as_operand
from .ops import (
    above,
    abs,  # noqa: A004
    add,
    digamma,
    divide,
    erfc,
    exp,
    hypot,
    log,
    maximum,
    minimum,
    multiply,
    power,
    psi,
    sigmoid,
    stop_gradient,
    subtract,
    tanh,
)

# For `from autograd import *`: everything but sum, which would take the place of Python's own.
__all__ = [
    "clip", "dot", "gelu", "gelu_tanh", "log_softmax", "logsumexp", "mean", "norm",
    "polygamma", "prod", "silu", "softmax", "square", "where",
]  # fmt: skip
METHODS = ("square", "clip", "silu", "gelu", "gelu_tanh")
"""The composed functions that numbers have as methods too."""

N = TypeVar("N")
"""A kind of number: float, Value, or any kind that has an interpretation."""


def _numbers(xs: Iterable[N | float], name: str, *, least: int = 0) -> list[Any]:
    numbers = [as_operand(x, asker=name) for x in items(xs, "a list of numbers", name)]
    if len(numbers) < least:
        raise ValueError(f"{name} needs at least {least} number(s), but got {len(numbers)}")
    return numbers


def _known(x: Any) -> float:
    """The plain number in any kind of number; 1 for a kind that keeps its number to itself."""
    return x if isinstance(x, float) else getattr(x, "data", 1.0)


def square(x: N) -> N:
    """x·x, or x². One node: the row `power` with exponent 2, whose derivative is 2·x.

    >>> square(3.0)
    9.0
    """
    return power(x, 2.0)


def polygamma(n: int, x: N) -> N:
    """The n-th derivative of digamma, ψ⁽ⁿ⁾(x), for x > 0; digamma itself where n is 0. n is a plain whole number.

    >>> round(polygamma(1, 1.0), 12)  # π²/6
    1.644934066848
    """
    n, x = count(n, "n", "polygamma"), as_operand(x, asker="polygamma")
    return digamma(x) if n == 0 else psi(x, float(n))


def where(condition: N | bool, x: N | float, y: N | float) -> N:
    """x where the condition holds, else y: c·x + (1 - c)·y with c in {0, 1}, exact since nothing here is infinite.

    `condition` is a bool, as from a comparison, or a number that is 0 or 1, as from `heaviside`; any other number is a
    ValueError. The gradient goes to the chosen operand; the other one gets exactly 0.

    >>> where(2.0 > 1.0, 3.0, 4.0)
    3.0
    """
    c: Any = float(bool(condition)) if is_bool(condition) else as_operand(condition, "a condition", "where")
    if _known(c) not in (0.0, 1.0):
        raise ValueError(f"where needs a condition that is True, False, 0 or 1, but got {shorten(condition)}")
    try:
        chosen: Any = add(multiply(c, x), multiply(subtract(1.0, c), y))
    except TypeError:  # of `multiply`, which nobody has asked for
        as_operand(x, "a number as x", "where"), as_operand(y, "a number as y", "where")
        raise
    return cast(N, chosen)


def clip(x: N, low: float, high: float) -> N:
    """x kept between low and high; the derivative is 1 from low to high, both included, and 0 outside.

    >>> clip(7.0, 0.0, 5.0)
    5.0
    """
    low, high = as_float(low, "a number as low", "clip"), as_float(high, "a number as high", "clip")
    if low > high:
        raise ValueError(f"clip needs low ≤ high, but got low={low} and high={high}")
    # x - stop_gradient(x) is 0, and carries the slope: 1 where x is its own clipped value, else 0. Two `where` would do as well,
    # but hand bound times upstream gradient to their conditions, which overflows for bounds that stand for infinity.
    try:
        clipped = stop_gradient(minimum(maximum(x, low), high))
    except TypeError:
        as_operand(x, "a number as x", "clip")
        raise
    inside = subtract(1.0, abs(subtract(multiply(2.0, above(x, clipped)), 1.0)))
    return add(clipped, multiply(inside, subtract(x, stop_gradient(x))))


def silu(x: N) -> N:
    """x·sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118).

    >>> round(silu(1.0), 6)
    0.731059
    """
    return multiply(x, sigmoid(x))


def gelu(x: N) -> N:
    """x·Φ(x) with Φ the normal distribution function, as ½·x·erfc(-x/√2) (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    >>> round(gelu(1.0), 6)
    0.841345
    """
    return multiply(multiply(0.5, x), erfc(divide(x, -math.sqrt(2.0))))


def gelu_tanh(x: N) -> N:
    """The tanh approximation of gelu: ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), from the same paper.

    The cube overflows beyond |x| = 5e102, a RangeError; `gelu` itself has no such limit.

    >>> round(gelu_tanh(1.0), 6)
    0.841192
    """
    inner = multiply(math.sqrt(2.0 / math.pi), add(x, multiply(0.044715, power(x, 3.0))))
    return multiply(multiply(0.5, x), add(1.0, tanh(inner)))


def sum(xs: Iterable[N | float]) -> N:  # noqa: A001 - in the field's words; Python's own sum([...]) works on Values too
    """x₁ + … + xₙ, added from the left, so that every partial sum is a node. The empty sum is 0.0."""
    numbers = _numbers(xs, "sum")
    return cast(N, reduce(add, numbers) if numbers else 0.0)


def mean(xs: Iterable[N | float]) -> N:
    """(x₁ + … + xₙ) / n for n numbers xs. At least one, else a ValueError.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    numbers = _numbers(xs, "mean", least=1)
    return cast(N, divide(sum(numbers), float(len(numbers))))


def prod(xs: Iterable[N | float]) -> N:
    """x₁ · … · xₙ for the numbers xs, multiplied from the left. The empty product is 1.0.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    numbers = _numbers(xs, "prod")
    return cast(N, reduce(multiply, numbers) if numbers else 1.0)


def dot(xs: Sequence[N | float], ys: Sequence[N | float]) -> N:
    """x₁·y₁ + … + xₙ·yₙ for the numbers xs and ys. Two lists of one length, else a ValueError with both lengths.

    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    left, right = _numbers(xs, "dot"), _numbers(ys, "dot")
    if len(left) != len(right):
        raise ValueError(f"dot needs two lists of one length, but got {len(left)} and {len(right)} numbers")
    return cast(N, reduce(add, map(multiply, left, right)) if left else 0.0)


def norm(xs: Iterable[N | float]) -> N:
    """√(x₁² + … + xₙ²), as a fold of hypot: no overflow on the way, and gradient 0 at the origin.

    At the origin it has no second derivative (a GradientError); its square has, and norm(xs)**2 has the Hessian 2·I there.

    >>> norm([3.0, 4.0])
    5.0
    """
    numbers = _numbers(xs, "norm", least=1)
    # The fold starts with a number that is not 0. At the origin hypot has no second derivative, and one that starts there would be
    # flat in all its leading zeros. Value and gradient do not depend on the order, so a program recorded in one stays right.
    first = next((i for i, x in enumerate(numbers) if _known(x)), 0)
    numbers.insert(0, numbers.pop(first))
    return cast(N, reduce(hypot, numbers) if len(numbers) > 1 else hypot(numbers[0], 0.0))


def _largest(numbers: list[Any]) -> Any:
    """The shift of the exponentials below. It is a node, not a number read from one, so it follows when a program is replayed;
    its gradient cancels in exact arithmetic, so it is stopped."""
    return stop_gradient(reduce(maximum, numbers))


def _taken(xs: Iterable[N | float], mask: Any, name: str) -> tuple[list[Any], list[bool]]:
    """The numbers where the mask holds, and the mask."""
    numbers = _numbers(xs, name, least=1)
    if mask is None:
        return numbers, [True] * len(numbers)
    holds = []
    for m in items(mask, "a list of True and False as where", name):
        if not (is_bool(m) or (isinstance(m, (int, float)) and m in (0, 1))):
            raise TypeError(f"{name} needs a list of True and False as where, but got {shorten(m)} in it")
        holds.append(bool(m))
    if len(holds) != len(numbers):
        raise ValueError(f"{name} needs where to say True or False of each of {len(numbers)} numbers, but got {len(holds)}")
    if not any(holds):
        raise ValueError(f"{name} needs at least one number where the mask holds")
    return [x for x, m in zip(numbers, holds, strict=True) if m], holds


def _spread(results: list[Any], holds: list[bool], masked: float) -> list[Any]:
    """The results at their places, and what stands at the others."""
    found = iter(results)
    return [next(found) if m else masked for m in holds]


def logsumexp(xs: Iterable[N | float], *, where: Sequence[bool] | None = None) -> N:
    """log(exp(x₁) + … + exp(xₙ)), shifted by the largest so that nothing overflows. Its gradient is softmax.

    xs      one number at least, else a ValueError
    where   True for each number that counts; the others are as if they were −∞, and are not looked at

    >>> round(logsumexp([1000.0, 1000.0]), 6)
    1000.693147
    """
    numbers, _ = _taken(xs, where, "logsumexp")
    largest = _largest(numbers)
    return cast(N, add(largest, log(reduce(add, [exp(subtract(x, largest)) for x in numbers]))))


def softmax(xs: Iterable[N | float], *, where: Sequence[bool] | None = None) -> list[N]:
    """exp(xᵢ) / Σⱼ exp(xⱼ) for each i: positive numbers that sum to 1, shifted by the largest so that nothing overflows.

    xs      one number at least, else a ValueError
    where   True for each number that counts; at the others, as if they were −∞, stands the plain number 0.0

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    >>> softmax([0.0, 9.0, 0.0], where=[True, False, True])  # as a mask in attention
    [0.5, 0.0, 0.5]
    """
    numbers, holds = _taken(xs, where, "softmax")
    largest = _largest(numbers)
    exponentials: list[Any] = [exp(subtract(x, largest)) for x in numbers]
    total = reduce(add, exponentials)
    return _spread([divide(e, total) for e in exponentials], holds, 0.0)


def log_softmax(xs: Iterable[N | float], *, where: Sequence[bool] | None = None) -> list[N]:
    """log(softmax(x)) for each i, as xᵢ - m - log Σⱼ exp(xⱼ - m) with m the largest: exact where softmax underflows.

    xs      one number at least, else a ValueError
    where   True for each number that counts; at the others stands -inf, which no operation takes

    >>> log_softmax([0.0, 1000.0])
    [-1000.0, 0.0]
    """
    numbers, holds = _taken(xs, where, "log_softmax")
    largest = _largest(numbers)
    shifted: list[Any] = [subtract(x, largest) for x in numbers]
    normaliser = log(reduce(add, [exp(x) for x in shifted]))
    return _spread([subtract(x, normaliser) for x in shifted], holds, -math.inf)
