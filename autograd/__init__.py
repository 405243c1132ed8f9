"""A see-through automatic differentiation engine: every number is a node you can look at.

    from autograd import Value, draw

    apple, count, tax = Value(100.0), Value(2.0), Value(1.1)
    price = apple * count * tax
    price.backward()        # apple.grad is 2.2
    draw(price, names=locals())

The engine needs the standard library alone. `draw` needs the extra of the same name: pip install 'glassgrad[draw]'.
"""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING, Any

from .composed import *  # noqa: F403 - as the table does, it exports itself, by its own __all__
from .composed import __all__ as _composed
from .composed import sum as sum  # noqa: A004
from .context import no_grad, scope
from .errors import (
    AutogradError,
    CompilerError,
    DivisionByZeroError,
    DomainError,
    DrawingError,
    ExpressionError,
    GradientError,
    InUseError,
    LostGradientError,
    MissingExtraError,
    NonFiniteError,
    RangeError,
    StaleGraphError,
)
from .ops import __all__ as _table
from .primitive import PRIMITIVES, Primitive
from .reverse import gradient
from .value import Value
from .whole import sample, take

if TYPE_CHECKING:
    from .checking.complex_step import complex_step as complex_step
    from .checking.differences import central_difference as central_difference
    from .checking.differences import extrapolated_difference as extrapolated_difference
    from .checking.functions import check_gradients as check_gradients
    from .checking.graphs import check_graph as check_graph
    from .custom import custom_gradient as custom_gradient
    from .drawing import Picture as Picture
    from .drawing import draw as draw
    from .drawing import tree as tree
    from .drawing.sides import draw_modes as draw_modes
    from .exchange import from_json as from_json
    from .exchange import node_table as node_table
    from .exchange import to_json as to_json
    from .exchange import to_networkx as to_networkx
    from .forward import Dual as Dual
    from .forward import tangents as tangents
    from .jacobians import elementwise as elementwise
    from .jacobians import jacobian_chain as jacobian_chain
    from .jacobians import matrix as matrix
    from .jacobians import modes as modes
    from .packing import pack as pack
    from .packing.packed import Packed as Packed
    from .program import Program as Program
    from .program import compile as compile  # noqa: A004
    from .stepping import Stepper as Stepper
    from .stepping import explain as explain
    from .stepping import steps as steps
    from .transforms import derivative as derivative
    from .transforms import grad as grad
    from .transforms import hessian as hessian
    from .transforms import hvp as hvp
    from .transforms import jacobian as jacobian
    from .transforms import jvp as jvp
    from .transforms import value_and_grad as value_and_grad
    from .transforms import vjp as vjp
    from .typed import *  # noqa: F403 - the table's names as a type checker and an editor can read them
    from .typed import abs as abs  # noqa: A004
    from .typed import pow as pow  # noqa: A004
    from .typeset import latex as latex
else:
    from .ops import *  # noqa: F403
    from .ops import abs as abs  # noqa: A004
    from .ops import pow as pow  # noqa: A004

__version__ = "0.1.0"

_HERE = _os.path.dirname(__file__)
if _os.path.exists(_os.path.join(_HERE, "tracer.py")):  # `mixed` says what that means; one look at the disk is what it costs
    from . import mixed as _mixed

    _mixed.warn(_HERE)

_LAZY = {
    "draw": "drawing",
    "tree": "drawing",
    "draw_modes": "drawing.sides",
    "Picture": "drawing.picture",
    "Program": "program",
    "Packed": "packing.packed",
    "pack": "packing",
    "compile": "program",
    "steps": "stepping",
    "Stepper": "stepping",
    "explain": "stepping",
    "latex": "typeset",
    "central_difference": "checking.differences",
    "check_gradients": "checking.functions",
    "check_graph": "checking.graphs",
    "custom_gradient": "custom",
    "complex_step": "checking.complex_step",
    "extrapolated_difference": "checking.differences",
    "Dual": "forward",
    "tangents": "forward",
    "elementwise": "jacobians",
    "from_json": "exchange",
    "node_table": "exchange",
    "to_json": "exchange",
    "to_networkx": "exchange",
    "jacobian_chain": "jacobians",
    "matrix": "jacobians",
    "modes": "jacobians",
    "derivative": "transforms",
    "grad": "transforms",
    "hessian": "transforms",
    "hvp": "transforms",
    "jacobian": "transforms",
    "jvp": "transforms",
    "value_and_grad": "transforms",
    "vjp": "transforms",
}
"""Names whose rooms need an extra or are not always wanted, imported when first used."""
_EXTRAS = {"drawing": "draw", "packing": "pack"}
"""The extras of rooms that cannot all be imported without."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        try:
            value = getattr(import_module(f"autograd.{_LAZY[name]}"), name)
        except ImportError as error:
            if (error.name or "").partition(".")[0] == __name__:
                raise
            return _stand_in(name, error)  # is not kept: the extra may be installed any moment
        globals()[name] = value
        return value
    if "_mixed" in globals():
        _mixed.refuse(_HERE, name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def _stand_in(name: str, error: ImportError) -> Any:
    """What a name is without its extra, so that `from autograd import *`, help and tools that look at every name go on.

    A function, or a class without instances, that says what is missing when it is called.
    """
    extra = _EXTRAS[_LAZY[name].partition(".")[0]]
    message = f"{name} needs the extra named {extra}: pip install 'glassgrad[{extra}]'"

    def missing(*_: Any, **__: Any) -> Any:
        raise MissingExtraError(message) from error

    missing.__name__, missing.__qualname__, missing.__doc__ = name, name, f"{message}."
    return type(name, (), {"__new__": missing, "__doc__": missing.__doc__}) if name[0].isupper() else missing


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


__all__ = [
    "PRIMITIVES",
    "AutogradError",
    "CompilerError",
    "DivisionByZeroError",
    "DomainError",
    "DrawingError",
    "Dual",
    "ExpressionError",
    "GradientError",
    "InUseError",
    "LostGradientError",
    "MissingExtraError",
    "NonFiniteError",
    "Primitive",
    "Program",
    "RangeError",
    "StaleGraphError",
    "Stepper",
    "Value",
    "central_difference",
    "check_gradients",
    "check_graph",
    "complex_step",
    "custom_gradient",
    "derivative",
    "draw",
    "draw_modes",
    "elementwise",
    "explain",
    "extrapolated_difference",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jacobian_chain",
    "jvp",
    "latex",
    "matrix",
    "modes",
    "no_grad",
    "node_table",
    "pack",
    "sample",
    "scope",
    "steps",
    "take",
    "tangents",
    "to_json",
    "to_networkx",
    "tree",
    "value_and_grad",
    "vjp",
]
__all__ += _table
__all__ += _composed
