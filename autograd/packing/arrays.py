"""The rows of the table on NumPy arrays, by their forms or quicker. Each function takes its operands, then where to put the result.

Outside its domain, or beyond the floats, a function sets the flags by which NumPy tells; whoever wants an error asks for it with errstate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import AutogradError
from ..forms import COMMON, Form, Namespace, form_of
from ..primitive import PRIMITIVES, Primitive
from .erf import erf, erfc

Array = Any  # an ndarray of float64

FUNCTIONS: dict[str, Callable[..., Array]] = {name: getattr(np, name) for name in COMMON}
NUMPY = Namespace(FUNCTIONS)
"""What rows mean on arrays, where nothing quicker is said below."""

UFUNCS: dict[str, Callable[..., Array]] = {
    name: getattr(np, name) for name in ("add", "subtract", "multiply", "divide", *sorted({*COMMON} - {"where", "floor"}))
} | {"negate": np.negative, "stop_gradient": np.positive}
"""Rows that are NumPy's own functions."""


def power(x: Array, y: Array, out: Array = None) -> Array:
    """x to the power y. Squares, roots and reciprocals are quicker by themselves."""
    if isinstance(y, float):
        if y == 2.0:
            return np.multiply(x, x, out)
        if y == 1.0:
            return np.positive(x, out)
        if y == -1.0:
            return np.divide(1.0, x, out)
        if y == -0.5:
            return np.divide(1.0, np.sqrt(x, out), out)
    return np.power(x, y, out)


def sigmoid(x: Array, out: Array = None) -> Array:
    """1 / (1 + exp(-x)), from an exponential that cannot overflow."""
    x = np.asarray(x)
    out = np.empty(x.shape) if out is None else out
    sigmoid_and_slope(x, out, np.empty(x.shape), np.empty(x.shape))
    return out


def sigmoid_and_slope(x: Array, out: Array, slope: Array, spare: Array) -> None:
    """σ(x), and σ(x)·σ(-x): the two need the same exponential. `spare` is for what is needed meanwhile."""
    e = np.absolute(x, spare)
    np.negative(e, e)
    np.exp(e, e)
    np.maximum(np.sign(x, out), e, out=out)  # exp(x) where x < 0, else 1: quicker than to choose
    large = np.add(e, 1.0, slope)
    np.divide(1.0, large, large)  # σ(|x|)
    np.multiply(out, large, out)
    np.multiply(e, large, e)  # σ(-|x|)
    np.multiply(e, large, slope)


def rhypot(x: Array, y: Array, out: Array = None) -> Array:
    """1 / √(x² + y²)."""
    with np.errstate(over="ignore"):
        h = np.hypot(x, y)
    z = np.divide(1.0, h, out)
    far = np.isinf(h)
    if far.any():
        z[far] = (0.25 / np.hypot(np.multiply(x, 0.25), np.multiply(y, 0.25)))[far]
    return z


def heaviside(x: Array, out: Array = None) -> Array:
    """1 where x > 0, else 0."""
    return np.heaviside(x, 0.0, out)


def above(x: Array, y: Array, out: Array = None) -> Array:
    """1 where x > y, ½ at a tie, else 0."""
    return np.add(np.multiply(np.greater(x, y), 0.5), np.multiply(np.greater_equal(x, y), 0.5), out)


def relu(x: Array, out: Array = None) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0.0, out=out)


def _put(z: Array, out: Array) -> Array:
    if out is None:
        return z
    np.copyto(out, z)
    return out


QUICK: dict[str, Callable[..., Array]] = {
    **UFUNCS, "power": power, "pow": power, "sigmoid": sigmoid, "rhypot": rhypot, "heaviside": heaviside, "above": above, "relu": relu,
    "erf": erf, "erfc": erfc,
}  # fmt: skip
"""Rows of the table that have a quicker form than their own on arrays, or one that raises no alarm that is none."""

WITH_SLOPE = {"sigmoid": sigmoid_and_slope}
"""Rows whose local derivative comes with the number itself for little more."""


def kernel(op: Primitive) -> Callable[..., Array]:
    """The row on arrays; number by number where it has no form on them."""
    if PRIMITIVES.get(op.name) is op and op.name in QUICK:
        return QUICK[op.name]
    form = form_of(op, NUMPY.has)
    return Each(op) if form is None else ByForm(op, form)


class ByForm:
    """A row computed by its form on arrays."""

    def __init__(self, op: Primitive, form: Form) -> None:
        self.op, self.form = op, form

    def __call__(self, *operands: Array) -> Array:
        """The row of these operands; one more is where the result goes."""
        count = len(self.op.operands)
        z = np.asarray(self.form(NUMPY, *operands[:count]), np.float64)  # a form may be a comparison
        return _put(z, operands[count] if len(operands) > count else None)

    def __reduce__(self) -> tuple[Any, ...]:
        return kernel, (self.op,)


class Each:
    """A row computed number by number."""

    def __init__(self, op: Primitive) -> None:
        self.op = op
        self.function = np.frompyfunc(self._number, len(op.operands), 1)

    def _number(self, *args: float) -> float:
        try:
            z: float = self.op.kinds[float](*map(float, args))
        except AutogradError:
            return math.nan  # it is told with the others, and by scalars which it was
        return z

    def __call__(self, *operands: Array) -> Array:
        """The row of these operands; one more is where the result goes."""
        count = len(self.op.operands)
        z = np.asarray(self.function(*operands[:count]), dtype=np.float64)
        look(z)
        return _put(z, operands[count] if len(operands) > count else None)

    def __reduce__(self) -> tuple[Any, ...]:
        return Each, (self.op,)


def look(z: Array) -> None:
    """FloatingPointError unless all of these are finite, where NumPy is to raise such errors."""
    if not np.isfinite(z).all() and np.geterr()["invalid"] == "raise":
        raise FloatingPointError("a number is not finite")
