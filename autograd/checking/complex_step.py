"""Derivatives by a complex step: complex numbers on which the rows of the table have a meaning."""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable
from typing import Any

from .. import given, ops
from ..forms import ARITHMETIC, COMMON, Namespace
from ..numbers import as_float
from ..primitive import PRIMITIVES, Primitive, bind, function_of, interpretation
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


bind(_Complex, function_of)


# The rows' forms on arrays, on complex numbers.


class _Part:
    """A complex number inside a form. It is compared by its real part, so that each piece of a form is the analytic one."""

    __slots__ = ("z",)

    def __init__(self, z: complex) -> None:
        self.z = z

    def __neg__(self) -> _Part:
        return _Part(-self.z)


def _z(x: Any) -> complex:
    return x.z if isinstance(x, _Part) else complex(x)


def _operators() -> None:
    for name in ("add", "sub", "mul", "truediv"):
        compute = getattr(operator, name)
        setattr(_Part, f"__{name}__", lambda x, y, f=compute: _Part(f(_z(x), _z(y))))
        setattr(_Part, f"__r{name}__", lambda x, y, f=compute: _Part(f(_z(y), _z(x))))
    for name in ("lt", "le", "gt", "ge"):
        compare = getattr(operator, name)
        setattr(_Part, f"__{name}__", lambda x, y, f=compare: f(_z(x).real, _z(y).real))


_operators()


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


def _complex_hypot(x: complex, y: complex) -> complex:
    size = max(abs(x.real), abs(y.real)) or 1.0  # or the squares would leave the floats
    return size * cmath.sqrt((x / size) ** 2 + (y / size) ** 2)


def _complex_expm1(x: complex) -> complex:
    e = cmath.exp(x)
    return complex(math.expm1(x.real) if abs(x.imag) < 1e-20 else e.real - 1.0, e.imag)


_ANALYTIC: dict[str, Callable[..., complex]] = {
    **{name: getattr(cmath, name) for name in ("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh")},
    **{name: getattr(cmath, name) for name in ("tanh", "asinh", "acosh", "atanh")},
    "expm1": _complex_expm1,
    "log1p": lambda x: complex(math.log1p(x.real), math.atan2(x.imag, 1.0 + x.real)),
    "log2": lambda x: cmath.log(x) / math.log(2.0),
    "power": _complex_power,
    "pow": _complex_power,
    "hypot": _complex_hypot,
    "atan2": _complex_atan2,
}
"""Functions that are analytic, and rows of these names. Arithmetic, and a person's own forward that is arithmetic, need none; other rows
are computed by their forms on arrays."""


def _made(f: Callable[..., complex]) -> Callable[..., _Part]:
    return lambda *operands: _Part(f(*map(_z, operands)))


# At a tie each takes the piece that abs takes at 0, the one to the right.
_FORMS = Namespace(
    {name: _made(f) for name, f in _ANALYTIC.items() if name in COMMON}
    | {
        "abs": lambda x: x if x >= 0.0 else -x,
        "floor": lambda x: float(math.floor(_z(x).real)),
        "maximum": lambda x, y: x if _z(x).real >= _z(y).real else y,
        "minimum": lambda x, y: x if _z(x).real < _z(y).real else y,
        "where": lambda condition, x, y: x if condition else y,
    }
)


def _meaning(primitive: Primitive) -> Callable[..., complex]:
    """The row on complex numbers. TypeError: it has no complex form; one with kinks in its form on arrays is not analytic."""
    if PRIMITIVES.get(primitive.name) is primitive and primitive.name in _ANALYTIC:
        return _ANALYTIC[primitive.name]
    if primitive.forward in ARITHMETIC:
        return primitive.forward
    if primitive.arrays is not None and not primitive.kinks:
        form = primitive.arrays
        return lambda *operands: _z(form(_FORMS, *map(_Part, operands)))

    def by_arithmetic(*operands: complex) -> Any:
        z = primitive.forward(*map(_Complex, operands))  # abs(x) of a plain complex number would be its length
        return z.z if isinstance(z, _Complex) else z

    return by_arithmetic


@interpretation(_Complex)
def _on_complex(primitive: Primitive) -> Callable[..., Any]:
    forward = _meaning(primitive)

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
