"""Who is measured. One entry in CONTENDERS is all that a further peer needs; who computes on arrays is in ARRAYS."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Engine:
    """What a workload needs of an engine: its node class, and the nodes of a graph (for counting, outside the clock)."""

    value: type[Any]
    nodes: Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Contender:
    """One engine among those compared.

    name      short, as the command line and the tables say it
    title     what it is, for the legend
    load      imports the engine (an Engine); called in the contender's own process
    requires  what pip installs into the contender's own environment; nothing if it runs on this interpreter
    """

    name: str
    title: str
    load: Callable[[], Any]
    requires: tuple[str, ...] = ()


def _ours() -> Engine:
    from autograd import Value
    from autograd.graph import topological

    return Engine(Value, topological)


def _slots() -> Engine:
    from .slots import Value

    return Engine(Value, Value.order)


def _micrograd() -> Engine:
    """micrograd as published; exp and log, which it lacks, are added in its own style: a closure per node."""
    from micrograd.engine import Value

    def exp(self: Any) -> Any:
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward() -> None:
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self: Any) -> Any:
        out = Value(math.log(self.data), (self,), "log")

        def _backward() -> None:
            self.grad += 1.0 / self.data * out.grad

        out._backward = _backward
        return out

    def nodes(output: Any) -> list[Any]:
        seen, stack = {output}, [output]
        while stack:
            fresh = stack.pop()._prev - seen
            seen |= fresh
            stack.extend(fresh)
        return list(seen)

    Value.exp, Value.log = exp, log
    sys.setrecursionlimit(1_000_000)  # its backward() descends by recursion
    return Engine(Value, nodes)


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("ours", "this engine", _ours),
        Contender("slots", "microgpt's node layout, written anew", _slots),
        Contender("micrograd", "micrograd 0.1.0, with exp and log added in its style", _micrograd, ("micrograd==0.1.0",)),
    )
}


def _on_arrays(name: str) -> Callable[[], Any]:
    """Loads a class of `arrays`, which is not imported here, since it needs NumPy."""

    def load() -> Any:
        from . import arrays

        return getattr(arrays, name)

    return load


ARRAYS = {
    contender.name: contender
    for contender in (
        Contender("packed", "this engine, packed, its parameters in an array", _on_arrays("Packed")),
        Contender("native", "the same, built as C: pack(..., native=True)", _on_arrays("Native")),
        Contender("numpy", "written by hand in NumPy, float64", _on_arrays("Numpy")),
        Contender("torch", "PyTorch 2.13.0 on the CPU, eager, float64", _on_arrays("Torch"), ("torch==2.13.0", "numpy")),
        Contender("jax", "JAX 0.10.2 on the CPU, a jitted step, float64", _on_arrays("Jax"), ("jax==0.10.2", "numpy")),
    )
}
"""Those that compute whole batches: `load` gives a class of `arrays`."""
