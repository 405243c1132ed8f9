"""Forward mode: numbers that carry their derivative along."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import composed, ops
from .arrays import bind_names
from .context import paused
from .errors import GradientError, RangeError, StaleGraphError
from .escape import lost
from .failures import ZERO_TIMES_INFINITY, describe_partial, missing
from .graph import topological
from .masking import is_still, substitutes, vanishes
from .numbers import as_operand, holds_many
from .primitive import PRIMITIVES, Primitive, among_arrays, bind, function_of, interpretation
from .reverse import only_once, plus, times
from .value import UNDEFINED, Value, as_value


class Dual:
    """x + ẋ·ε with ε² = 0: a number, its tangent ẋ (how fast it changes with the input), and a level.

    level    which derivative the tangent belongs to; the one that was begun last has the highest
    primal   the number: a float, a Value, or a Dual of a lower level
    tangent  its derivative, of the same kinds; the float 0.0 where it does not change

    A row of the table computes f(x + ẋε) = f(x) + f′(x)·ẋ·ε, with the rule for f′ that backward() uses.

    **Why a level.** In d/dx [x · d/dy (x + y)] two derivatives are under way at once. Were there one ε for both, the inner one
    would meet x + ε and y + ε, could not tell whose ε is whose, and would find d/dy (x + y) = 2: *perturbation confusion*
    (Siskind and Pearlmutter 2005). So every derivative has an ε of its own, numbered as it is begun. A number that changes with
    several of them is a tower, the highest level outside; an operation takes off the highest level among its operands and
    computes on what is inside, where an operand without that level is a constant; and a derivative takes off its own level
    alone. Values stand inside Duals, never the other way round, so both modes nest in any order.

    **What does not exist.** A local derivative that does not exist matters only where it is needed, which is judged operation by
    operation as `masking` does for whole graphs: nothing comes from an operand that does not move at all, by a row that is flat there, or
    in a product by a factor that is exactly 0 and does not move. A tangent that happens to be 0 is none of these, for 0·∞ has no value.
    What remains is an error when the derivative is asked for, and the error names the operation.

    moves    whether the number depends on the input of its level at all; a tangent of 0 does not say
    """

    __slots__ = ("level", "moves", "primal", "tangent")

    def __init__(self, level: int, primal: Any, tangent: Any, moves: bool | None = None) -> None:
        self.level, self.primal, self.tangent = level, primal, tangent
        self.moves = not (isinstance(tangent, float) and tangent == 0.0) if moves is None else moves

    @property
    def data(self) -> float:
        """The plain number, without any derivative."""
        return number(self)

    def detach(self) -> float:
        """The plain number; `stop_gradient` is the same."""
        return number(self)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r}, level={self.level})"

    # As a Python object it is what a Value is: compared by its number, equal by identity, neither true nor false.

    def __lt__(self, other: Any) -> bool:
        return self.data < _comparable(other)

    def __le__(self, other: Any) -> bool:
        return self.data <= _comparable(other)

    def __gt__(self, other: Any) -> bool:
        return self.data > _comparable(other)

    def __ge__(self, other: Any) -> bool:
        return self.data >= _comparable(other)

    def __bool__(self) -> bool:
        raise TypeError("a Dual is neither true nor false: compare it with a number, or choose with where(condition, x, y)")

    def __float__(self) -> float:
        return self._left("float(x)")

    def __int__(self) -> int:
        return int(self._left("int(x)"))

    def item(self) -> float:
        """The plain number, as for a Value."""
        return self._left("x.item()")

    def __round__(self, digits: int | None = None) -> float:
        return round(self._left("round(x)"), digits)

    def _left(self, what: str) -> float:
        """The number, without its derivative; a LostGradientError where that is wanted."""
        x: Any = self
        while isinstance(x, Dual):
            if getattr(x.level, "over", True) is False and not (isinstance(x.tangent, float) and x.tangent == 0.0) and not paused():
                raise lost(self, what)
            x = x.primal
        return x._left(what) if isinstance(x, Value) else x

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __radd__(self, other: Any) -> Any:
        return self if type(other) is int and other == 0 else ops.add(other, self)

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            raise TypeError("pow of a Dual takes no modulus")
        if holds_many(other):
            return NotImplemented
        return (ops.pow if isinstance(other, (Dual, Value)) else ops.power)(self, other)

    def __pos__(self) -> Dual:
        return self

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]: ...


class Level(int):
    """The number of a derivative, counted as they are begun. It is over once the function has returned.

    A Dual of it that somebody kept is of no use then: its ε belongs to nothing, and to compute with it would give a derivative
    that forgets how the kept number came about. So that is an error; its plain number can be had at any time.

    variables   the Values that stand for its arguments' numbers, while its function runs
    outer       the derivative around it
    """

    over = False
    variables: set[Value]
    outer: Level | None


def refuse_kept(x: Any) -> None:
    """StaleGraphError if x is a Dual of a derivative that is over."""
    if isinstance(x, Dual) and getattr(x.level, "over", False):  # a level that somebody wrote by hand is a plain int
        raise StaleGraphError(
            f"{x!r} was kept from a derivative that is over, so how it changes is not known any more; keep x.detach(), its plain number"
        )


class Undefined:
    """In a tangent's place: the derivative cannot be said, and this error says why.

    exists   whether there is one, beyond the floats, so that 0 times it is 0
    """

    __slots__ = ("error", "exists")

    def __init__(self, error: GradientError, exists: bool = False) -> None:
        self.error, self.exists = error, exists


def number(x: Any) -> float:
    """The plain number in a float, a Value or a Dual; 1 for one that keeps it to itself, while a program is recorded: it masks nothing."""
    while isinstance(x, Dual):
        x = x.primal
    return getattr(x, "data", 1.0) if isinstance(x, Value) else x


def _comparable(other: Any) -> float:
    if isinstance(other, float) or holds_many(other):
        return other  # type: ignore[no-any-return]
    return number(as_operand(other, "a number to compare with", "a Dual"))


@interpretation(Dual, over=(Value,))
def _on_duals(primitive: Primitive) -> Callable[..., Any]:
    """A row on Duals: the row on what is inside, and its rules for the tangent."""
    function = function_of(primitive)
    product, flat = primitive is _MULTIPLY, primitive.flat if any(primitive.flat) else None

    def push(*operands: Any) -> Any:
        try:
            operands = tuple(as_operand(x, asker=primitive.name) for x in operands)
        except TypeError:
            return among_arrays(primitive, *operands)
        for x in operands:
            refuse_kept(x)
        level = max(x.level for x in operands if isinstance(x, Dual))
        primals = [x.primal if isinstance(x, Dual) and x.level == level else x for x in operands]
        for name, rule, x in zip(primitive.operands, primitive.partials, operands, strict=True):
            if rule is None and not isinstance(x, float):
                advice = "; x ** y takes a Dual there" if primitive.name == "power" else ""
                raise TypeError(f"{primitive.name} needs a plain number as {name}, but got {x!r}{advice}")
        z = function(*primals)
        if paused():
            return z
        tangent: Any = 0.0
        moves = False
        for position, x in enumerate(operands):
            if isinstance(x, Dual) and x.level == level and x.moves:
                if product and number(primals[1 - position]) == 0.0 and _is_still(operands[1 - position]):
                    continue
                if flat is not None and (test := flat[position]) is not None and test(*map(number, operands)):
                    continue
                moves = True
                tangent = _sum(tangent, _contribution(primitive, position, z, primals, operands))
        if not moves and number(z) == 0.0:  # where it is 0 by underflow alone, it masks nothing
            moves = not vanishes(primitive, [*map(number, operands)], [True] * len(operands))
        return Dual(level, z, tangent, moves)

    return push


def _is_still(x: Any) -> bool:
    """Whether nothing can move a number: in no derivative that is under way, and in none that may come."""
    while isinstance(x, Dual) and not x.moves:
        x = x.primal
    return isinstance(x, float) or (isinstance(x, Value) and is_still(x))


_MULTIPLY = PRIMITIVES["multiply"]


def _contribution(primitive: Primitive, position: int, z: Any, primals: list[Any], operands: Sequence[Any]) -> Any:
    """Local derivative × tangent."""
    tangent = operands[position].tangent
    rule = primitive.partials[position]
    assert rule is not None
    try:
        partial = rule(z, *primals)
        if primitive.once is not None:
            partial = only_once(primitive, position, partial, tuple(primals))
        size = number(partial)
    except UNDEFINED as error:
        partial, size = None, math.inf if isinstance(error, OverflowError) else math.nan
    if isinstance(tangent, Undefined):
        return 0.0 if isinstance(partial, float) and partial == 0.0 and tangent.exists else tangent
    if not math.isfinite(size):
        # A plain 0 times a derivative beyond the floats is 0. A 0 that itself has a derivative must say how it changes, and cannot.
        if isinstance(tangent, float) and tangent == 0.0 and math.isinf(size):
            return 0.0
        what, hint = missing(primitive, size)
        at = f"no tangent through {primitive.name}: its local derivative {describe_partial(primitive, position, primals)} {what}"
        if number(tangent):
            return Undefined(GradientError(f"{at} (tangent {number(tangent)!r}){hint}."), math.isinf(size))
        return Undefined(GradientError(f"{at}, and the tangent is exactly 0: {ZERO_TIMES_INFINITY}{hint}."))
    try:
        return times(partial, tangent)
    except RangeError:
        return _out_of_range(describe_partial(primitive, position, primals))


def _sum(x: Any, y: Any) -> Any:
    undefined = [term for term in (x, y) if isinstance(term, Undefined)]
    if undefined:
        return min(undefined, key=lambda term: term.exists)
    try:
        return plus(x, y)
    except RangeError:
        return _out_of_range(f"the sum of {number(x)!r} and {number(y)!r}")


def _out_of_range(where: str) -> Undefined:
    return Undefined(GradientError(f"the tangent leaves the range of floats (about 1.8e308) at {where}."), True)


# Operators and methods, bound from the rows as they are for Values.


bind(Dual, function_of)
bind_names(Dual)
for _name in composed.METHODS:
    setattr(Dual, _name, getattr(composed, _name))


def tangents(output: Value, wrt: Value) -> dict[Value, float]:
    """∂node/∂wrt for every node below the output, in the order of computation: forward mode on a graph that is there already.

    The mirror of a reverse sweep, from the same recorded local derivatives: that one finds the derivative of one output by every
    node, this one the derivative of every node by one input.

    >>> x, y = Value(2.0), Value(3.0)
    >>> [*tangents(x * y + x, x).values()]  # of x, y, x·y and the sum
    [1.0, 0.0, 3.0, 4.0]
    """
    as_value(output, "tangents", "a Value as output"), as_value(wrt, "tangents", "a Value as wrt")
    order = topological(output)
    partials = substitutes(order, (output,), wrt=(wrt,))
    tangent: dict[Value | None, float] = {None: 0.0}
    for node in order:
        total = 1.0 if node is wrt else 0.0
        for operand, partial in zip((node.x, node.y), partials.get(node, (node.dx, node.dy)), strict=True):
            arriving = tangent[operand]
            # 0 times what is beyond the floats is 0, but 0 times what does not exist is nan, as is what is nan already.
            if (arriving and partial) or arriving != arriving or (operand is not None and partial != partial):
                total += arriving * partial  # type: ignore[operator]
        tangent[node] = total
    del tangent[None]
    return tangent  # type: ignore[return-value]
