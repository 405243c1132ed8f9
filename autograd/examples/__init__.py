"""The worked examples of a first lecture on backpropagation, each a small program that returns its graphs and its numbers.

`run("apple")` returns an `Example`; so does `autograd.examples.apple.run()`.
"""

from __future__ import annotations

from typing import Any

from ..given import shorten
from . import apple, chain, fruit, sigmoid, softmax_loss, two_outputs, two_two_one
from .example import Example, Graph

_MODULES = {
    "apple": apple,
    "fruit": fruit,
    "chain": chain,
    "sigmoid": sigmoid,
    "two_two_one": two_two_one,
    "two_outputs": two_outputs,
    "softmax_loss": softmax_loss,
}

NAMES = tuple(_MODULES)
"""Every example, in the order of the lecture."""


def run(name: str, **options: Any) -> Example:
    """The example of that name, computed. Options are the example's own; a name that is none is a ValueError listing them."""
    if not isinstance(name, str) or name not in NAMES:
        raise ValueError(f"there is no example named {shorten(name)}; there are {', '.join(NAMES)}")
    example: Example = _MODULES[name].run(**options)
    return example


__all__ = ["NAMES", "Example", "Graph", "apple", "chain", "fruit", "run", "sigmoid", "softmax_loss", "two_outputs", "two_two_one"]
