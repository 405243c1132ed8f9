"""A see-through automatic differentiation engine: every number is a node you can look at.

    from autograd import Value, draw

    apple, count, tax = Value(100.0), Value(2.0), Value(1.1)
    price = apple * count * tax
    price.backward()        # apple.grad is 2.2
    draw(price, names=locals())

The engine needs the standard library alone. `draw` needs the extra of the same name: pip install 'glassgrad[draw]'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import (
    AutogradError,
    DivisionByZeroError,
    DomainError,
    DrawingError,
    ExpressionError,
    GradientError,
    MissingExtraError,
    NonFiniteError,
    RangeError,
    StaleGraphError,
)
from .ops import *  # noqa: F403 - the table exports itself, by its own __all__
from .ops import __all__ as _table
from .ops import abs as abs  # noqa: A004
from .ops import pow as pow  # noqa: A004
from .ops import sum as sum  # noqa: A004
from .primitive import PRIMITIVES, Primitive
from .reverse import gradient
from .value import Value, scope

if TYPE_CHECKING:
    from .drawing import Picture as Picture
    from .drawing import draw as draw
    from .drawing import tree as tree

__version__ = "0.1.0"

_LAZY = {"draw": "drawing", "tree": "drawing", "Picture": "drawing.picture"}
"""Names whose rooms need an extra, imported when first used."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(f"autograd.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "PRIMITIVES",
    "AutogradError",
    "DivisionByZeroError",
    "DomainError",
    "DrawingError",
    "ExpressionError",
    "GradientError",
    "MissingExtraError",
    "NonFiniteError",
    "Primitive",
    "RangeError",
    "StaleGraphError",
    "Value",
    "draw",
    "gradient",
    "scope",
    "tree",
]
__all__ += _table
