"""A row's rule as a formula: evaluated on terms in place of numbers, it says what a program has to compute for a local derivative."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from .errors import AutogradError
from .numbers import as_float
from .primitive import PRIMITIVES, Primitive, interpretation
from .value import UNDEFINED, _undefined


class TracingError(AutogradError, AttributeError, TypeError):
    """Something was asked of a number, while a program is recorded, that would be frozen into the program; or a row has no form where a
    source needs one."""


UNIT, FINITE, ANY = range(3)
"""What is known of a number's size: from -1 to 1, finite, nothing."""

OPERATORS: dict[Callable[..., Any], str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.neg: "neg",
    operator.pow: "**",
}
"""Forward functions that Python has a sign for."""

SIZES = {"": ANY, "unit": UNIT, "finite": FINITE, "loud": FINITE}
"""What a row's column `result` says of its result, if it has one."""


def size_of(op: Primitive, args: tuple[Any, ...]) -> int:
    """What is known of the row's result on these finite operands, if it has one."""
    if op.forward in OPERATORS:
        return Term(args, sign=OPERATORS[op.forward]).size
    return SIZES[op.result]


def spreads(op: Primitive) -> bool:
    """Whether the row's result is not finite if an operand is not."""
    return OPERATORS.get(op.forward) in ("+", "-", "*", "neg")


def may_be_missing(op: Primitive, args: tuple[Any, ...]) -> bool:
    """Whether there are operands at which the row has a value and no local derivative: only rows with kinks have such."""
    if op is PRIMITIVES["power"] and isinstance(args[1], float) and not 0.0 < args[1] < 1.0:
        return False
    return bool(op.kinks) or PRIMITIVES.get(op.name) is not op


def is_off(op: Primitive, position: int, args: tuple[Any, ...]) -> bool:
    """Whether a row whose local derivative is 0 masks what lies below, whatever the numbers are that are not known yet."""
    if op is PRIMITIVES["multiply"]:
        return isinstance(args[1 - position], float)
    test = op.flat[position] if op.flat else None
    try:
        return test is not None and bool(test(*args))
    except TracingError:  # it depends on them
        return False


class Term:
    """A number that a rule computes: a result of the forward pass (`name`), plain arithmetic (`sign`), or a row (`op`).

    size   what is known of it
    sure   it is a number always: computing it raises nothing
    loose  it may not be finite: the engine's row would raise an error there, and this arithmetic does not
    """

    __slots__ = ("args", "loose", "name", "op", "sign", "size", "sure")

    def __init__(
        self, args: tuple[Any, ...] = (), *, name: str = "", sign: str = "", op: Primitive | None = None, size: int = FINITE
    ) -> None:
        self.args, self.name, self.sign, self.op = args, name, sign, op
        self.size, self.sure, self.loose = size, True, False
        if name:
            return
        sizes = [_size(arg) for arg in args]
        self.sure = all(arg.sure for arg in args if isinstance(arg, Term))
        self.loose = any(arg.loose for arg in args if isinstance(arg, Term))
        if op is not None:
            self.size = size_of(op, args)
            self.sure = self.sure and max(sizes) < ANY and op.result in ("unit", "finite")
            self.loose = self.size == ANY
        elif sign == "neg":
            self.size = sizes[0]
        elif sign == "*":
            self.size = min(sum(sizes), ANY)  # UNIT·UNIT is UNIT, UNIT·FINITE is FINITE
        elif sign in "+-":
            self.size = FINITE if min(sizes) == UNIT and max(sizes) < ANY else ANY  # the largest float + 1 is the largest float
        else:
            self.size, self.sure = ANY, False

    def refuse(self, *_: object) -> NoReturn:
        """A rule must mean the same on every kind of number."""
        raise TracingError("a rule looks at a number that is not known while it is made into a program: write it in the table's functions")

    __bool__ = __float__ = __int__ = __lt__ = __le__ = __gt__ = __ge__ = refuse

    def __neg__(self) -> Term:
        return Term((self,), sign="neg")

    def __abs__(self) -> Term:
        return Term((self,), sign="abs")

    def __pos__(self) -> Term:
        return self


# Arithmetic on plain numbers, as the rules mean it where the engine evaluates them: nothing is checked.


def _arithmetic(sign: str) -> tuple[Callable[[Term, Any], Term], Callable[[Term, Any], Term]]:
    def plain(x: Any) -> Any:
        return x if isinstance(x, Term) else as_float(x)

    return (lambda self, other: Term((self, plain(other)), sign=sign)), (lambda self, other: Term((plain(other), self), sign=sign))


for _sign, _name in {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow"}.items():
    for _method, _function in zip((f"__{_name}__", f"__r{_name}__"), _arithmetic(_sign), strict=True):
        setattr(Term, _method, _function)


def _size(x: Term | float) -> int:
    return x.size if isinstance(x, Term) else ANY if x * 0.0 else UNIT if -1.0 <= x <= 1.0 else FINITE


@interpretation(Term)
def _on_terms(primitive: Primitive) -> Callable[..., Term]:
    return lambda *args: Term(tuple(arg if isinstance(arg, Term) else as_float(arg) for arg in args), op=primitive)


def local_derivative(op: Primitive, position: int, z: Term | float, args: tuple[Term | float, ...]) -> Term | float:
    """The rule as a formula; a float where it is a constant: nan or infinite where it does not exist, as the engine has it."""
    rule = op.partials[position]
    assert rule is not None
    try:
        partial = rule(z, *args)
    except UNDEFINED as error:
        return _undefined(error)
    return partial if isinstance(partial, Term) else float(partial)
