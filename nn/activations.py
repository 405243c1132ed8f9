"""Activations: functions of a number, as modules for `Sequential` and by name for `Linear` and `MLP`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import autograd
from autograd import PRIMITIVES, given, scope
from autograd.numbers import as_operand
from autograd.primitive import function_of

from .module import Module

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    name: getattr(autograd, name)
    for name in (
        "relu", "sigmoid", "tanh", "softplus", "log_sigmoid", "gelu", "gelu_tanh", "silu", "exp", "square", "leaky_relu", "elu",
    )
}  # fmt: skip
"""Activations of one number, by name."""

WHOLE: dict[str, Callable[[Any], Any]] = {"softmax": autograd.softmax, "log_softmax": autograd.log_softmax}
"""Activations of a whole layer, by name: each result depends on all numbers."""


def find(activation: str | Callable[[Any], Any] | None, asker: str) -> tuple[str, Callable[[Any], Any] | None]:
    """An activation's name and function; ("", None) for none.

    Takes a name, of those above or of any row of the table with one operand, a function of one number, or an activation module.
    """
    if activation is None or (isinstance(activation, str) and activation == "identity"):
        return "", None
    if isinstance(activation, str):
        known = ELEMENTWISE | WHOLE
        row = PRIMITIVES.get(activation)
        if activation not in known and row is not None and len(row.operands) == 1:
            return activation, function_of(row)
        if activation not in known:
            raise ValueError(
                f"{asker} has no activation {given.shorten(activation)}; there are {', '.join(known)}, or any function of a number"
            )
        return activation, known[activation]
    if isinstance(activation, Activation):
        return find(activation.name, asker) if activation.name in WHOLE else (activation.name, activation.apply)
    given.function(activation, asker, "an activation's name, a function or None")
    name = getattr(activation, "__name__", type(activation).__name__)
    return name, activation


class Activation(Module):
    """A function of each number, as a module: a number to a number, a list to a list."""

    name: ClassVar[str]

    def apply(self, x: Any) -> Any:
        """The function of one number, x."""
        return ELEMENTWISE[self.name](x)

    def forward(self, x: Any) -> Any:
        """The function of every number in x."""
        if not isinstance(x, (list, tuple)):
            return self.apply(x)
        results = []
        for i, item in enumerate(x):
            with scope(f"unit{i}"):  # as the neuron before it, so that a picture folds unit by unit
                results.append(self.apply(item))
        return results


class ReLU(Activation):
    """max(x, 0)."""

    name = "relu"


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    name = "sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent."""

    name = "tanh"


class Softplus(Activation):
    """log(1 + exp(x))."""

    name = "softplus"


class GELU(Activation):
    """x·Φ(x) with Φ the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""

    name = "gelu"


class SiLU(Activation):
    """x·sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118)."""

    name = "silu"


class Identity(Activation):
    """x itself."""

    name = "identity"

    def apply(self, x: Any) -> Any:
        """x itself."""
        return x


class LeakyReLU(Activation):
    """x where x > 0, else a·x (Maas, Hannun and Ng 2013).

    a   the slope below 0, a number or a Value, which is learned if it is a leaf; 0.01 unless said

    >>> LeakyReLU(0.1)([-2.0, 3.0])
    [-0.2, 3.0]
    """

    name = "leaky_relu"

    def __init__(self, a: float = 0.01) -> None:
        self.a = as_operand(a, "a number as a", "LeakyReLU")

    def apply(self, x: Any) -> Any:
        """x where x > 0, else a·x."""
        return autograd.leaky_relu(x, self.a)

    def summary(self) -> str:
        """With its a."""
        return f"LeakyReLU(a={self.a})"


class ELU(Activation):
    """x where x > 0, else a·(exp(x) - 1) (Clevert et al. 2015, arXiv:1511.07289).

    a   how far it falls below 0, a number or a Value, which is learned if it is a leaf; 1 unless said
    """

    name = "elu"

    def __init__(self, a: float = 1.0) -> None:
        self.a = as_operand(a, "a number as a", "ELU")

    def apply(self, x: Any) -> Any:
        """x where x > 0, else a·(exp(x) - 1)."""
        return autograd.elu(x, self.a)

    def summary(self) -> str:
        """With its a."""
        return f"ELU(a={self.a})"


class Softmax(Activation):
    """exp(xᵢ) / Σⱼ exp(xⱼ): positive numbers that sum to 1."""

    name = "softmax"

    def forward(self, x: Any) -> Any:
        """The function of a whole list x of numbers, as a list."""
        return WHOLE[self.name](x)


class LogSoftmax(Softmax):
    """The logarithm of softmax."""

    name = "log_softmax"
