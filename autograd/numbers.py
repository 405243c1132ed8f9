"""What counts as a number: a plain one, which is made a float, or one of a kind that the rows of the table are interpreted on.

A kind is a class, such as `Value`. It joins by `primitive.interpretation(kind)`; a class that derives from it is of that kind, too.

**How a row finds what to do, where two kinds meet.** A row called as a function asks the class of its first operand, and of its second
where the first is a float (`primitive.function_of`). That kind's interpretation (`Primitive.kinds`) then looks at the other operand. It
takes floats and numbers of its own kind. A kind that takes numbers of the other among its own was registered `over` it, and stands in
ABOVE: the operands are handed on to that one. What is of no kind is made a float, or refused (`as_float`). Operators are the same rows:
`x + y` asks x's class, as Python does. So two kinds that do not know of each other never meet unnoticed.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from functools import cache
from numbers import Complex, Real
from typing import Any

from .errors import NonFiniteError, RangeError
from .given import is_bool, shorten

# Kinds of number.

KINDS: dict[type, Any] = {}
"""For each kind its interpretation: a function that makes of a row what the row does with numbers of this kind."""

ABOVE: dict[type, set[type]] = defaultdict(set)
"""For each kind, the kinds that take its numbers among their own operands."""


@cache
def kind_of(kind: Any) -> Any:
    """The interpretation for a class of numbers, or for the nearest base of it that has one; None for what is no number. A class of
    somebody's own that derives from float is no float until it is converted.
    """
    bases = (base for base in kind.__mro__ if base in KINDS and (base is kind or base is not float))
    return next((KINDS[base] for base in bases), None)


def holds_many(x: Any) -> bool:
    """Whether x is an array of numbers, as NumPy's and pandas' are, which compute with each of their elements."""
    return callable(getattr(type(x), "__array_ufunc__", None)) and not is_ours(x)


def is_ours(x: Any) -> bool:
    """Whether x is of a kind of number that is no plain one."""
    kind: Any = type(x)
    return kind is not float and kind_of(kind) is not None


# Plain numbers.

_EXACT = 2**53  # every int up to here is a float


def as_float(x: Any, what: str = "a number", asker: str = "") -> float:
    """x as a plain float: the one converter for data, operands and seeds. Messages begin with who asks for what.

    Takes ints, floats, NumPy scalars, Fractions and Decimals. Everything else is a TypeError (bools too, for they are
    nearly always a comparison gone astray); NaN and infinity are a NonFiniteError, a number beyond the floats a RangeError.
    """
    if type(x) is float and not x * 0.0:  # 0·x is nan for NaN and for the infinities, 0 for all else
        return x
    if type(x) is int and -_EXACT <= x <= _EXACT:  # the usual case, spared the questions below
        return float(x)
    needs = f"{asker} needs {what}".lstrip()
    decimal = sys.modules.get("decimal")  # a Decimal can only arrive if somebody imported it
    if is_bool(x) or not (isinstance(x, Real) or (decimal is not None and isinstance(x, decimal.Decimal))):
        raise TypeError(f"{needs} (int or float), but got {shorten(x, 40)} of type {type(x).__name__}{_advice(x)}")
    try:
        number = float(x)
    except OverflowError:
        number = math.inf
    except ValueError:  # Decimal's signalling NaN
        number = math.nan
    if not number * 0.0:
        return number
    if math.isinf(number) and x != number:  # not infinite before
        raise RangeError(f"{needs} that fits a float (up to about 1.8e308), but got {shorten(x, 40)}")
    raise NonFiniteError(f"{needs} that is finite, but got {number}")


def as_operand(x: Any, what: str = "a number", asker: str = "") -> Any:
    """x itself if it is of a kind that the rows are interpreted on, such as a Value; a plain number as a float."""
    return x if is_ours(x) else as_float(x, what, asker)


def _advice(x: Any) -> str:
    if is_bool(x):
        return "; write 1.0 or 0.0, or use where(condition, x, y)"
    if isinstance(x, str):
        return "; convert it with float(...) first"
    if isinstance(x, Complex):
        return "; this engine computes with real numbers"
    if hasattr(x, "label") and hasattr(x, "data"):
        return "; take the plain number in its .data"
    if hasattr(x, "__len__") or hasattr(x, "__array__"):
        return "; this engine is scalar: one Value per number"
    return ""
