"""micrograd's own words with micrograd's own defaults, for programs and notebooks that were written for it.

    from nn.micrograd import MLP, Value         # for: from micrograd.engine import Value; from micrograd.nn import MLP

What differs from `nn`: a plain number beside a Value becomes a leaf; a single `Neuron` or `Layer` ends in a relu unless nonlin=False;
weights are drawn evenly from -1 to 1, from Python's global generator, in micrograd's order, so that `random.seed(1337)` gives micrograd's
very weights; and a Value takes attributes of people's own (`p.m`, `n.color`), as do the results of operations. Everything else is the Value
and the Module of this package: `draw`, `steps`, `nn.fit` and the optimisers work on them. `compile` and `pack` take models of plain Values,
which `nn` builds.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import autograd
from autograd import given

from . import layers
from .module import Module

if TYPE_CHECKING:
    from autograd import Picture


class Value(autograd.Value):
    """A Value that takes attributes, and whose label is '' where it has none.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.color = "red"
    >>> y, y.label, y._op
    (Value(data=9.0, grad=0.0), '', '*')
    """

    def __init__(self, data: Any, _children: tuple[Any, ...] = (), _op: str = "", label: str | None = None) -> None:
        if _children or _op:
            raise TypeError(
                "a Value made by hand is a leaf: an operation of your own is a function with autograd.custom_gradient, whose rules say its"
                " local derivatives"
            )
        super().__init__(data, label=label or None)

    @property
    def label(self) -> str:
        """A name for people, '' without one."""
        return _get_label(self) or ""

    @label.setter
    def label(self, label: str | None) -> None:
        _put_label(self, label)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"


def _of_two(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator whose plain numbers become leaves, as in micrograd, where `x + 1` has two operands."""
    return lambda x, y: operate(x, Value(y) if isinstance(y, (int, float)) else y)


def _reflected(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: operate(Value(y), x) if isinstance(y, (int, float)) else operate(y, x)


for _name in ("add", "sub", "mul", "truediv"):
    _operate = getattr(Value, f"__{_name}__")
    setattr(Value, f"__{_name}__", _of_two(_operate))
    if _name != "add":  # sum([...]) begins with 0 and needs no leaf for it
        setattr(Value, f"__r{_name}__", _reflected(_operate))
_plus = Value.__add__
Value.__radd__ = lambda self, other: self if type(other) is int and other == 0 else _plus(Value(other), self)  # type: ignore[method-assign]

_get_label, _put_label = autograd.Value.__dict__["label"].__get__, autograd.Value.__dict__["label"].__set__


def _drawn(fan_in: int, fan_out: int, rng: random.Random) -> float:
    return random.uniform(-1, 1)


class Neuron(layers.Neuron):
    """relu(w·x + b), or w·x + b if nonlin=False."""

    kind = Value

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        super().__init__(nin, nonlin=nonlin, init=_drawn, rng=0)
        self.nonlin = nonlin

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(layers.Linear):
    """Neurons side by side, with relu unless nonlin=False."""

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        self.activation_name, self._whole = "relu" if nonlin else "", None
        self.neurons: list[Any] = [Neuron(nin, nonlin) for _ in range(layers.size(nout, "Layer", "nout"))]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(layers.MLP):
    """Layers one after another, with relu after each but the last."""

    def __init__(self, nin: int, nouts: list[int]) -> None:
        sizes = [nin, *nouts]
        self.layers: list[Any] = [Layer(n, m, i < len(nouts) - 1) for i, (n, m) in enumerate(zip(sizes, nouts, strict=False))]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Picture:
    """The graph below a node as cards with data and gradient, as the notebook `trace_graph` draws it. `autograd.draw` has more to say.

    The gradients are those of a sweep from this node. format: what `render("out")` writes, "svg", "png" or "pdf"; rankdir: "LR" or "TB".
    """
    given.choice(rankdir, ("LR", "TB"), "rankdir")
    given.choice(format, ("svg", "png", "pdf"), "format")
    picture = autograd.draw(root, style="cards")
    picture.format = format
    picture.body = [line.replace("rankdir=LR", f"rankdir={rankdir}") for line in picture.body]
    return picture


__all__ = ["MLP", "Layer", "Module", "Neuron", "Value", "draw_dot"]
