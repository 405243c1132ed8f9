"""Modules that draw random numbers while they learn: packed and plain the same ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from autograd import sample

from .init import generator
from .layers import as_list
from .module import Module, number


def _of_each(change: Callable[[Any], Any], x: Any) -> Any:
    """The number changed, or a list of the numbers of an example, in a list or an array, each changed by itself."""
    if getattr(x, "ndim", 0) or hasattr(x, "__len__") or hasattr(x, "__next__"):
        return [change(each) for each in as_list(x)]
    return change(x)


class Dropout(Module):
    """While it learns, each number becomes 0 with probability p, and 1 / (1 - p) times itself otherwise; in use it stays as it is.

    (Srivastava et al. 2014, in the form that leaves the expectation as it is, as PyTorch has it.)

    p     from 0 to below 1
    rng   a generator or a seed: a fresh draw for each number of each example, in their order

    >>> sorted(set(Dropout(0.5, rng=0)([1.0] * 20)))
    [0.0, 2.0]
    """

    def __init__(self, p: float = 0.5, rng: Random | int | None = None) -> None:
        self.p = number(p, "Dropout's p")
        if not 0.0 <= self.p < 1.0:
            raise ValueError(f"Dropout needs a p from 0 to below 1, but got {self.p}")
        self.rng = generator(rng)

    def _draw(self) -> float:
        return 1.0 / (1.0 - self.p) if self.rng.random() >= self.p else 0.0

    def forward(self, x: Any) -> Any:
        """The number x, or the numbers of a list, each dropped or not."""
        if not self.training or not self.p:
            return x
        return _of_each(lambda each: each * sample(self._draw), x)

    def summary(self) -> str:
        """With its p."""
        return f"Dropout({self.p:g})"


class Noise(Module):
    """While it learns, a normal random number is added to each number; in use each stays as it is.

    deviation  the standard deviation of what is added, from 0 on
    rng        a generator or a seed: a fresh draw for each number of each example, in their order

    >>> Noise(0.1, rng=0).eval().forward([1.0, 2.0])
    [1.0, 2.0]
    """

    def __init__(self, deviation: float = 0.1, rng: Random | int | None = None) -> None:
        self.deviation = number(deviation, "Noise's deviation")
        if self.deviation < 0.0:
            raise ValueError(f"Noise needs a deviation from 0 on, but got {self.deviation}")
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        """The number x, or the numbers of a list, with noise."""
        if not self.training:
            return x
        return _of_each(lambda each: each + sample(self.rng.gauss, 0.0, self.deviation), x)
