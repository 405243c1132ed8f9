"""Derivatives by a complex step: complex numbers on which the rows of the table have a meaning."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

from .. import given, ops
from ..primitive import PRIMITIVES, Primitive, as_float, interpretation
from .differences import plain


def complex_step(f: Callable[[Any], Any], x: float) -> float:
    """Im f(x + ih) / h for a tiny h: f′(x) to full precision, since nothing is subtracted (Squire and Trapp 1998).

    f is made of arithmetic and of the table's analytic functions, and does not look at its operand's sign. A function
    without a complex form, such as relu or erf, is a TypeError.

    >>> complex_step(lambda x: ops.exp(x) * x, 0.0)
    1.0
    """
    x = as_float(x, "a number as x", "complex_step")
    given.function(f, "complex_step")
    h = (abs(x) or 1.0) * 2.0**-100  # h² is below ε of x² by far, and h above the subnormals
    if not h:
        raise ValueError(f"x={x!r} is too small for a complex step")
    result = f(_Complex(complex(x, h)))
    return result.z.imag / h if isinstance(result, _Complex) else 0.0 * plain(result)


class _Complex:
    """A complex number that rows take. It is a kind of its own, so that a plain complex number is still refused everywhere."""

    __slots__ = ("z",)

    def __init__(self, z: complex) -> None:
        self.z = z

    def __radd__(self, other: Any) -> Any:
        return self if type(other) is int and other == 0 else ops.add(other, self)

    def __pow__(self, other: Any) -> Any:
        return (ops.pow if isinstance(other, _Complex) else ops.power)(self, other)

    def __abs__(self) -> Any:
        return ops.abs(self)

    def __bool__(self) -> bool:
        raise TypeError("a complex step cannot decide by a number: the function must be analytic")

    def __getattr__(self, name: str) -> Any:  # methods, as Values have them
        if name in PRIMITIVES:
            return lambda *others: PRIMITIVES[name].kinds[_Complex](self, *others)
        raise AttributeError(f"a number in a complex step has no attribute {name!r}")


def _bind_operators() -> None:
    for name, operator in {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "pow": "pow"}.items():
        meaning: Callable[[Any, Any], Any] = getattr(ops, name)
        for method, function in ((f"__{operator}__", meaning), (f"__r{operator}__", lambda x, y, f=meaning: f(y, x))):
            if method not in _Complex.__dict__:
                setattr(_Complex, method, function)
    setattr(_Complex, "__neg__", lambda x: ops.negate(x))  # noqa: B010


_bind_operators()


def _complex_power(x: complex, y: complex) -> complex:
    if not x:
        return 0j if y else 1.0 + 0j
    if x.real < 0.0 and not y.imag and y.real == math.floor(y.real):  # around -1, the angle π would swamp the tiny part
        size = cmath.exp(y * cmath.log(-x))
        return -size if y.real % 2.0 else size
    return cmath.exp(y * cmath.log(x))


def _complex_atan2(y: complex, x: complex) -> complex:
    if abs(y.real) > abs(x.real):
        return math.copysign(math.pi / 2.0, y.real) - cmath.atan(x / y)
    return cmath.atan(y / x) + (0.0 if x.real > 0.0 else math.copysign(math.pi, y.real))


def _complex_sigmoid(x: complex) -> complex:
    return 1.0 / (1.0 + cmath.exp(-x)) if x.real >= 0.0 else 1.0 - 1.0 / (1.0 + cmath.exp(x))


def _complex_hypot(x: complex, y: complex) -> complex:
    return cmath.sqrt(x * x + y * y)


_ANALYTIC: dict[str, Callable[..., complex]] = {
    **{name: getattr(cmath, name) for name in ("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")},
    **{name: getattr(cmath, name) for name in ("tanh", "asinh", "acosh", "atanh")},
    "expm1": lambda x: cmath.exp(x) - 1.0,
    "log1p": lambda x: cmath.log(1.0 + x),
    "log2": lambda x: cmath.log(x) / math.log(2.0),
    "sech": lambda x: 1.0 / cmath.cosh(x),
    "power": _complex_power,
    "pow": _complex_power,
    "hypot": _complex_hypot,
    "rhypot": lambda x, y: 1.0 / _complex_hypot(x, y),
    "atan2": _complex_atan2,
    "sigmoid": _complex_sigmoid,
    "log_sigmoid": lambda x: -cmath.log(1.0 + cmath.exp(-x)) if x.real > -30.0 else x - cmath.log(1.0 + cmath.exp(x)),
    "softplus": lambda x: cmath.log(1.0 + cmath.exp(x)) if x.real < 30.0 else x + cmath.log(1.0 + cmath.exp(-x)),
    "gaussian": lambda x: cmath.exp(-x * x),
}
"""The complex forms of the rows that `math` computes. Arithmetic, and a person's own forward that is arithmetic, need none."""


@interpretation(_Complex)
def _on_complex(primitive: Primitive) -> Callable[..., Any]:
    forward: Callable[..., Any] = _ANALYTIC.get(primitive.name, primitive.forward)

    def evaluate(*operands: Any) -> _Complex:
        real = [x.z.real if isinstance(x, _Complex) else as_float(x) for x in operands]
        primitive.kinds[float](*real)  # outside of its domain, a function has a complex value, and no derivative here
        try:
            z = forward(*[x.z if isinstance(x, _Complex) else complex(as_float(x)) for x in operands])
        except TypeError as error:
            raise TypeError(f"a complex step needs analytic functions, and {primitive.name} has no complex form ({error})") from None
        if not isinstance(z, complex):
            raise TypeError(f"a complex step needs analytic functions, and {primitive.name} has no complex form")
        return _Complex(z)

    return evaluate
