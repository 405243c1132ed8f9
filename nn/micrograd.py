"""micrograd's own words with micrograd's own defaults, for programs and notebooks that were written for it.

    from nn.micrograd import MLP, Value         # for: from micrograd.engine import Value; from micrograd.nn import MLP

What differs from `nn`: a single `Neuron` or `Layer` ends in a relu unless nonlin=False; weights are drawn evenly from -1 to 1, from
Python's global generator, in micrograd's order, so that `random.seed(1337)` gives micrograd's very weights; and a Value takes attributes
of people's own (`p.m`, `n.color`), as do the results of operations. Everything else is the Value and the Module of this package: `draw`,
`steps`, `nn.fit` and the optimisers work on them. `compile` and `pack` take models of plain Values, which `nn` builds.
"""

from __future__ import annotations

import random
from typing import Any

import autograd

from . import layers
from .module import Module


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


__all__ = ["MLP", "Layer", "Module", "Neuron", "Value"]
