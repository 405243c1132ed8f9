"""Arrays of NumPy's among the numbers: a Value beside an array computes with each of its elements, and NumPy's functions take Values.

NumPy's arithmetic on an array of objects asks the objects, so an array of Values computes by itself; `np.exp` of one calls the method `exp`
of each element, and so numbers have NumPy's names for the rows (`NAMES`) as methods, too. Where a Value stands beside an array, or alone
in a function of NumPy's, NumPy hands its work over to `__array_ufunc__` and `__array_function__`, which are here: arithmetic and functions
become the rows, element by element; NumPy's other functions get the Values in arrays, and where they cannot compute with these, the error
says what to do.

NumPy is imported when it asks: an array can only come from somebody who has it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

from . import composed, ops
from .errors import LostGradientError
from .numbers import as_operand, holds_many, is_ours
from .primitive import PRIMITIVES, function_of

NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "fabs": "abs",
    "negative": "negate",
    "rint": "round_",
}
"""Of rows that NumPy calls otherwise: its name, and the row's."""
OTHERS: dict[str, Callable[..., Any]] = {
    "power": operator.pow,  # by a plain number, or by a Value: Python's operator tells them apart
    "float_power": operator.pow,
    "square": composed.square,
    "exp2": lambda x: 2.0**x,
    "deg2rad": lambda x: x * 0.017453292519943295,
    "radians": lambda x: x * 0.017453292519943295,
    "rad2deg": lambda x: x * 57.29577951308232,
    "degrees": lambda x: x * 57.29577951308232,
    "reciprocal": lambda x: 1.0 / x,
    "positive": lambda x: x,
    "heaviside": lambda x, middle: ops.heaviside(x) + middle * (1.0 - abs(ops.sign(x))),
    "conjugate": lambda x: x,  # real numbers: np.var asks for it
}
"""What NumPy has besides, made of rows."""
METHODS = ("exp2", "deg2rad", "radians", "rad2deg", "degrees", "conjugate")
"""Those of them that NumPy looks for on the elements of an array."""
COMPARING = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
ASKING = ("isfinite", "isnan", "isinf", "signbit")
"""What NumPy asks of numbers alone."""
BY_NUMBERS = ("isclose", "allclose", "result_type")
"""Functions that ask for numbers alone, whatever carries them; np.histogram asks for their type."""
REMEDY = "write it in the functions of autograd, or give it the plain number x.data where no gradient is to flow"


def bind_names(kind: Any) -> None:
    """Give a kind of number the rows under NumPy's names as methods, and the two methods that NumPy hands its work to."""
    for name, row in NAMES.items():
        setattr(kind, name, getattr(kind, row))
    for name in METHODS:
        setattr(kind, name, OTHERS[name])
    kind.__array_ufunc__ = array_ufunc
    kind.__array_function__ = array_function


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, out: Any = None, where: Any = True, **options: Any) -> Any:
    """One of NumPy's functions of numbers, as np.exp, with a Value among its operands: element by element."""
    import numpy as np

    name = _called(ufunc)
    dtype = options.pop("dtype", None)
    unknown = [*options] if method == "__call__" else []
    if where is not True or unknown:
        raise TypeError(f"{name} of Values takes no {unknown[0] if unknown else 'where'}=: choose with np.where(condition, x, y)")
    for target in out or ():
        _refuse_narrow(target, name)
    function = _function(ufunc)
    if function is not None and method == "__call__" and not any(holds_many(x) or hasattr(x, "__len__") for x in inputs):
        result = function(*[as_operand(x, asker=ufunc.__name__) if isinstance(x, np.generic) else x for x in inputs])
    else:
        operands = [_as_array(x, name) for x in inputs]
        if method == "at":
            _refuse_narrow(operands[0], name)
            return ufunc.at(*operands)
        if ufunc.__name__ in ASKING:
            operands = [*map(_plain, operands)]
        result = getattr(ufunc if function is None else _elementwise(ufunc), method)(*operands, **options)
    if dtype is not None:
        result = np.array(result, dtype=dtype)[()]  # who asks for floats gets them as by float(x)
    if out is None:
        return result
    out[0][...] = result
    return out[0]


@cache
def _function(ufunc: Any) -> Callable[..., Any] | None:
    """What one of NumPy's functions of numbers is in rows; None where it does by itself what is right on objects."""
    import numpy as np

    name = ufunc.__name__
    if getattr(np, name, None) is not ufunc:
        return None  # somebody's own, by np.frompyfunc or np.vectorize: a row of ours among them
    if name in OTHERS:
        return OTHERS[name]
    if name in COMPARING:
        return COMPARING[name]
    row = NAMES.get(name, name)
    if row in PRIMITIVES:
        return function_of(PRIMITIVES[row])  # type: ignore[no-any-return]
    if name in ("matmul", "vecdot", "matvec", "vecmat", *ASKING):
        return None
    raise TypeError(f"np.{name} is not among the functions that Values have: {REMEDY}")


@cache
def _elementwise(ufunc: Any) -> Any:
    import numpy as np

    name = ufunc.__name__
    function: Any = _function(ufunc)
    return ufunc if name in COMPARING else np.frompyfunc(function, ufunc.nin, 1)


def _called(function: Any) -> str:
    """The name of a function of NumPy's, or of one that it made of ours."""
    name, vectorised, _ = function.__name__.partition(" (vectorized)")
    return name if vectorised else f"np.{name}"


def _as_array(x: Any, name: str) -> Any:
    """An operand as NumPy takes it: a number of ours as an array without axes, anything else as the array it is."""
    import numpy as np

    if is_ours(x):
        box = np.empty((), dtype=object)
        box[()] = x
        return box
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} got a masked array beside a Value: take x.filled(…) or x.compressed() of it, which have numbers alone")
    return x if holds_many(x) else np.asanyarray(x)  # a frame of pandas' hands on its arrays by itself


def _refuse_narrow(x: Any, name: str) -> None:
    if x.dtype != object:
        raise TypeError(
            f"{name} cannot put Values into an array of {x.dtype}: it would take their numbers alone. Make it with dtype=object"
        )


def _plain(x: Any) -> Any:
    """An array of the plain numbers in an array."""
    import numpy as np

    numbers = np.asarray(x, dtype=object)
    return np.array([x.data if is_ours(x) else x for x in numbers.flat], dtype=float).reshape(numbers.shape)


def array_function(self: Any, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Another of NumPy's functions, as np.where, with a Value among its arguments."""
    import numpy as np

    name = _called(function)
    if function.__name__ in BY_NUMBERS:
        return function(*map(_plain, args), **options)
    args, options = tuple(_boxed(x, name) for x in args), {key: _boxed(x, name) for key, x in options.items()}
    try:
        result = function(*args, **options)
    except LostGradientError:
        raise
    except TypeError as error:
        raise LostGradientError(f"{name} cannot keep the gradients of Values ({error}): {REMEDY}") from error
    return result[()] if isinstance(result, np.ndarray) and result.ndim == 0 else result


def _boxed(x: Any, name: str) -> Any:
    if type(x) in (list, tuple):
        return type(x)(_boxed(item, name) for item in x)
    return _as_array(x, name) if is_ours(x) else x
