"""Initialisers: where learning starts. An initialiser is a function (fan_in, fan_out, rng) that returns one weight.

fan_in   how many inputs a neuron of the layer has
fan_out  how many neurons the layer has
rng      a `random.Random`: the same state gives the same bits. Where none is given, one is made from Python's global generator, so that
         `random.seed(1337)` before a model is built makes its weights repeat; otherwise nothing reads or moves that
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from random import Random
from typing import Any

from autograd import PRIMITIVES, given

from .module import number

Initialiser = Callable[[int, int, Random], float]


def generator(rng: Random | int | None) -> Random:
    """The generator itself; for a whole number, a new one with that seed; for None, a new one whose seed Python's global one draws."""
    if isinstance(rng, Random):
        return rng
    if rng is not None and (not isinstance(rng, int) or isinstance(rng, bool)):
        raise given.wrong("rng", "a random.Random, a whole number as seed, or None", rng)
    return Random(random.getrandbits(64) if rng is None else rng)


def zeros(fan_in: int, fan_out: int, rng: Random) -> float:
    """0.0. For biases; in weights it leaves all neurons of a layer alike for ever."""
    return 0.0


def constant(value: float) -> Initialiser:
    """An initialiser that gives `value`."""
    value = number(value, "constant")
    return lambda fan_in, fan_out, rng: value


def uniform(low: float = -1.0, high: float = 1.0) -> Initialiser:
    """An initialiser that draws evenly from low to high; from -1 to 1 it is micrograd's."""
    low, high = number(low, "uniform"), number(high, "uniform")
    if low > high:
        raise ValueError(f"uniform needs low ≤ high, but got low={low} and high={high}")
    return lambda fan_in, fan_out, rng: rng.uniform(low, high)


def gaussian(std: float = 1.0, mean: float = 0.0) -> Initialiser:
    """An initialiser that draws from the normal distribution of that standard deviation and mean."""
    std, mean = number(std, "gaussian"), number(mean, "gaussian")
    if std < 0.0:
        raise ValueError(f"gaussian needs std ≥ 0, but got {std}")
    return lambda fan_in, fan_out, rng: rng.gauss(mean, std)


def xavier_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Evenly from ±√(6 / (fan_in + fan_out)), for tanh and sigmoid (Glorot and Bengio 2010, AISTATS, equation 16)."""
    limit = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit)


def xavier_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """Normal with variance 2 / (fan_in + fan_out), for tanh and sigmoid (Glorot and Bengio 2010, AISTATS, equation 12)."""
    return rng.gauss(0.0, math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(fan_in: int, fan_out: int, rng: Random) -> float:
    """Evenly from ±√(6 / fan_in), for relu: the variance of `he_normal` (He et al. 2015, arXiv:1502.01852)."""
    limit = math.sqrt(6.0 / fan_in)
    return rng.uniform(-limit, limit)


def he_normal(fan_in: int, fan_out: int, rng: Random) -> float:
    """Normal with variance 2 / fan_in, for relu (He et al. 2015, arXiv:1502.01852, equation 10)."""
    return rng.gauss(0.0, math.sqrt(2.0 / fan_in))


glorot_uniform, glorot_normal = xavier_uniform, xavier_normal


_NAMES = ("zeros", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal", "glorot_uniform", "glorot_normal")


def checked(init: Any, asker: str) -> Initialiser:
    """The initialiser, if it is one: a TypeError for anything that is no function, with the name it may stand for."""
    if callable(init):
        return given.function(init, asker, "a function as init")
    near = [name for name in _NAMES if isinstance(init, str) and init and name.startswith(init.lower())] or ["he_uniform", "constant(0.5)"]
    hint = " or ".join(f"init=nn.init.{name}" for name in near)
    raise given.wrong(asker, f"a function as init, such as {hint}", init)


COMPOSED = ("gelu", "gelu_tanh", "silu")
"""Activations of the relu family that are no rows: a row says it in its column `init`."""


def suited(activation: str) -> Initialiser:
    """What a layer starts from unless told otherwise: He's for the relu family, Xavier's for all else, each uniform."""
    row = PRIMITIVES.get(activation)
    return he_uniform if activation in COMPOSED or (row is not None and row.init == "he") else xavier_uniform
