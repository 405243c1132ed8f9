"""What a primitive is: one record per row of the table, and what a row means on each kind of number.

A row says how to compute a function on floats and, per operand, its local derivative. Everything else is an *interpretation*
of that record: plain floats are one (below), `Value` is another, and a new kind of number joins by `interpretation(kind)`
without any row knowing of it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Protocol, TypeVar, overload

from .errors import DivisionByZeroError, DomainError, NonFiniteError, RangeError

Rule = Callable[..., Any]
"""rule(z, x) or rule(z, x, y): the local derivative, from the result z and the operands, in the table's own functions."""

T = TypeVar("T")


class Unary(Protocol):
    """A row with one operand, as a function: float to float, any other kind of number to that kind."""

    primitive: Primitive

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: T, /) -> T: ...


class Binary(Protocol):
    """A row with two operands, as a function. Plain numbers mix with any one other kind."""

    primitive: Primitive

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: T, y: float, /) -> T: ...
    @overload
    def __call__(self, x: float, y: T, /) -> T: ...
    @overload
    def __call__(self, x: T, y: T, /) -> T: ...


@dataclass(frozen=True)
class Interval:
    """The numbers an operand may take, from low to high; an end belongs to it where it is said to be closed."""

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = False
    closed_high: bool = False

    def __contains__(self, x: float) -> bool:
        above = self.low < x or (self.closed_low and x == self.low)
        return above and (x < self.high or (self.closed_high and x == self.high))

    def describe(self, name: str) -> str:
        """The interval as a condition on `name`: 'x > 0', '-1 ≤ x ≤ 1', or '' for all reals."""
        low = f"{self.low:g}".replace("-", "−")
        high = f"{self.high:g}".replace("-", "−")
        if self.low == -math.inf:
            return "" if self.high == math.inf else f"{name} {'≤' if self.closed_high else '<'} {high}"
        if self.high == math.inf:
            return f"{name} {'≥' if self.closed_low else '>'} {low}"
        return f"{low} {'≤' if self.closed_low else '<'} {name} {'≤' if self.closed_high else '<'} {high}"


REALS = Interval()


@dataclass(frozen=True, eq=False)
class Primitive:
    """One row of the table.

    name      the function's name, unique in PRIMITIVES
    operands  the operands' names, one or two
    forward   the function on floats; ValueError, ZeroDivisionError and OverflowError say what `math` means by them
    partials  one rule per operand: rule(z, *operands) is ∂z/∂operand; None where the operand must be a plain number
    symbol    what a picture writes into the operation's circle
    formula   the function in the expression language of the command line, for people
    latex     the same for LaTeX, operands as <x> and <y>
    textbook  each partial as books print it, in the expression language plus z for the result
    domain    an Interval per operand
    condition what else the operands must fulfil together, in words; '' where there is nothing
    kinks     expressions that vanish where the function has no derivative
    hint      what to do instead where a local derivative does not exist
    summary   the first sentence of the function's docstring
    """

    name: str
    operands: tuple[str, ...]
    forward: Callable[..., float]
    partials: tuple[Rule | None, ...]
    symbol: str
    formula: str
    latex: str
    textbook: tuple[str, ...]
    domain: tuple[Interval, ...]
    condition: str = ""
    kinks: tuple[str, ...] = ()
    hint: str = ""
    summary: str = ""
    kinds: dict[type, Callable[..., Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.operands) <= 2:
            raise ValueError(f"a primitive has one or two operands, but {self.name!r} names {len(self.operands)}")
        for column in ("partials", "textbook", "domain"):
            if len(getattr(self, column)) != len(self.operands):
                raise ValueError(f"{self.name!r} has {len(self.operands)} operand(s) but {len(getattr(self, column))} {column}")
        object.__setattr__(self, "kinds", _Kinds(self))

    @property
    def domain_text(self) -> str:
        """The domain in words, '' for all reals."""
        parts = [interval.describe(name) for interval, name in zip(self.domain, self.operands, strict=True)]
        return ", ".join(part for part in [*parts, self.condition] if part)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


PRIMITIVES: dict[str, Primitive] = {}
"""Every row by its name, in the order of the table."""

_INTERPRETATIONS: dict[type, Callable[[Primitive], Callable[..., Any]]] = {}


class _Kinds(dict[type, Callable[..., Any]]):
    """What one primitive means on each kind of number, built when the kind is first met."""

    def __init__(self, primitive: Primitive) -> None:
        super().__init__()
        self.primitive = primitive

    def __missing__(self, kind: type) -> Callable[..., Any]:
        build = _interpreter(kind) or _foreign
        self[kind] = meaning = build(self.primitive)
        return meaning


def interpretation(kind: type) -> Callable[[T], T]:
    """A decorator: `build(primitive)` returns what the primitive does with operands of this kind (some may be floats)."""

    def register(build: T) -> T:
        _INTERPRETATIONS[kind] = build  # type: ignore[assignment]
        return build

    return register


def _interpreter(kind: type) -> Callable[[Primitive], Callable[..., Any]] | None:
    """The interpretation for a kind or the nearest base of it; a subclass of float is no float until it is converted."""
    bases = (base for base in kind.__mro__ if base in _INTERPRETATIONS and (base is kind or base is not float))
    return next((_INTERPRETATIONS[base] for base in bases), None)


def function_of(primitive: Primitive) -> Any:
    """The row as a function: it looks at the kind of its operands and hands them to that kind's interpretation."""
    kinds = primitive.kinds

    if len(primitive.operands) == 1:

        def function(x: Any, /) -> Any:
            return kinds[type(x)](x)
    else:

        def function(x: Any, y: Any, /) -> Any:  # type: ignore[misc]
            kind = type(x)
            return kinds[type(y) if kind is float else kind](x, y)

    function.__name__ = function.__qualname__ = primitive.name
    function.__doc__ = _docstring(primitive)
    function.primitive = primitive  # type: ignore[attr-defined]
    return function


def register(primitive: Primitive) -> Any:
    """Add a row to the table and return it as a function. A name can be taken once."""
    if primitive.name in PRIMITIVES:
        raise ValueError(f"there is a primitive named {primitive.name!r} already")
    PRIMITIVES[primitive.name] = primitive
    return function_of(primitive)


def _docstring(primitive: Primitive) -> str:
    lines = [primitive.summary, "", f"    z = {primitive.formula}"]
    for operand, text in zip(primitive.operands, primitive.textbook, strict=True):
        lines.append(f"    ∂z/∂{operand} = {text}" if text else f"    {operand} is a plain number")
    if primitive.domain_text:
        lines += ["", f"Domain: {primitive.domain_text}. Outside it: DomainError or DivisionByZeroError."]
    return "\n".join(lines)


# Numbers in.


def as_float(x: Any, what: str = "a number") -> float:
    """x as a plain float: the one converter for data, operands and seeds.

    Takes ints, floats, NumPy scalars, Fractions and Decimals. Everything else is a TypeError (bools too, for they are
    nearly always a comparison gone astray); NaN and infinity are a NonFiniteError, an int beyond the floats a RangeError.
    """
    kind = type(x)
    if kind is not float:
        decimal = sys.modules.get("decimal")  # a Decimal can only arrive if somebody imported it
        if kind is bool or not (isinstance(x, Real) or (decimal is not None and isinstance(x, decimal.Decimal))):
            raise TypeError(f"needs {what} (int or float), but got {_shorten(x)} of type {kind.__name__}{_advice(x)}")
        try:
            x = float(x)
        except OverflowError:
            raise RangeError(f"needs {what} that fits a float (up to about 1.8e308), but got {_shorten(x)}") from None
    if x * 0.0:  # nan for NaN and for the infinities, 0 for all else
        raise NonFiniteError(f"needs {what} that is finite, but got {x}")
    return x  # type: ignore[no-any-return]


def _shorten(x: Any) -> str:
    try:
        text = repr(x)
    except Exception:  # a foreign repr, or an int too long to print: the type will do
        return "one"
    return text if len(text) <= 40 else text[:37] + "…"


def _advice(x: Any) -> str:
    if type(x) is bool:
        return "; write 1.0 or 0.0, or use where(condition, x, y)"
    if isinstance(x, str):
        return "; convert it with float(...) first"
    if hasattr(x, "label") and hasattr(x, "data"):
        return "; it is one already"
    if hasattr(x, "__len__") or hasattr(x, "__array__"):
        return "; this engine is scalar: one Value per number"
    return ""


# Floats through a row.


def failure(primitive: Primitive, operands: tuple[Any, ...], cause: BaseException | None = None) -> Exception:
    """The error for a row that could not be computed: what was asked, what came, what is needed."""
    came = []
    for name, operand in zip(primitive.operands, operands, strict=True):
        data, label = getattr(operand, "data", operand), getattr(operand, "label", None)
        came.append(f"{name}={data!r}" + (f" (label {label!r})" if label else ""))
        if isinstance(data, float) and data * 0.0:
            return NonFiniteError(f"{primitive.name} met {came[-1]}, which is not a finite number")
    got = ", ".join(came)
    if isinstance(cause, ZeroDivisionError):
        return DivisionByZeroError(f"{primitive.name} cannot divide by zero, but got {got}")
    if isinstance(cause, ValueError):
        return DomainError(f"{primitive.name} needs {primitive.domain_text}, but got {got}")
    if cause is None or isinstance(cause, OverflowError):
        return RangeError(f"{primitive.name} gives a number beyond the largest float (about 1.8e308): got {got}")
    return TypeError(f"{primitive.name} could not be computed: got {got} ({cause})")


FAILURES = (ArithmeticError, ValueError, TypeError)
"""What a forward function may raise; `failure` turns each into its proper error."""


@interpretation(float)
def _on_floats(primitive: Primitive) -> Callable[..., float]:
    forward = primitive.forward

    def evaluate(*operands: float) -> float:
        try:
            z = forward(*operands)
        except FAILURES as error:
            raise failure(primitive, operands, error) from None
        if z * 0.0:
            raise failure(primitive, operands)
        return z

    return evaluate


def _foreign(primitive: Primitive) -> Callable[..., Any]:
    """Ints, NumPy scalars, Fractions: made floats, then asked again. What is no number gets the converter's TypeError."""
    function = function_of(primitive)

    def convert(*operands: Any) -> Any:
        return function(*[operand if _interpreter(type(operand)) else as_float(operand) for operand in operands])

    return convert
