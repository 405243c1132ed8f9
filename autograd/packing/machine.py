"""A plan that can run: the program's text made executable, and bound to arrays of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .emit import BANKS, Text, Writer
from .plan import Plan

Array = Any  # an ndarray of float64


def view(bank: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Numbers of a bank as an array; of a batched one with an axis for the examples, which comes last."""
    step, *last = bank.strides
    rest = bank.shape[1:]
    return as_strided(bank[offset:], shape + rest, tuple(step * n for n in strides) + tuple(last), writeable=True)


TOOLS: dict[str, Any] = {
    name: getattr(np, name)
    for name in "add broadcast_to copyto einsum empty matmul maximum multiply sign take vecdot zeros absolute".split()
} | {"view": view}


def strong(gradient: Array, partial: Array) -> Array:
    """Their product, but 0 where the gradient is 0, whatever the local derivative is."""
    product = gradient * partial
    return np.where(gradient == 0.0, 0.0, product)


TOOLS["strong"] = strong


class Machine:
    """A program for one number of examples, with arrays of its own: to be used by one thread at a time.

    same      the unbatched numbers; the leaves come first
    g_same    their gradients; `g_inputs` those by the batched inputs
    """

    def __init__(self, plan: Plan, text: Text, code: Any, size: int) -> None:
        self.plan, self.size, self.direct = plan, size, text.direct
        self.same = np.zeros(plan.same)
        start, numbers = plan.constants
        self.same[start : start + len(numbers)] = numbers
        self.g_same = np.zeros(plan.same)
        self.inputs = np.empty((0 if text.direct else plan.inputs, size))
        self.g_inputs = np.zeros((plan.inputs if plan.wanted[plan.where[: len(plan.wanted)] >= plan.same].any() else 0, size))
        self.computed = np.empty((plan.computed, size))
        self.g_computed = np.zeros((plan.computed, size))
        namespace: dict[str, Any] = {**TOOLS, **text.constants}
        exec(code, namespace)
        banks = [self.same, self.inputs, self.computed, self.g_same, self.g_inputs, self.g_computed]
        self.forward, self.backward = namespace["bind"](*banks, size)
        at = plan.output
        if at < plan.same:
            self.value, self.seed = self.same[at : at + 1], self.g_same[at : at + 1]
        else:
            start = plan.same + plan.inputs
            bank, g_bank = (self.computed, self.g_computed) if at >= start else (self.inputs, self.g_inputs)
            at -= start if at >= start else plan.same
            self.value, self.seed = bank[at], g_bank[at]

    def run(self, x: Array, seed: float) -> float:
        """The sum of the values of these examples, with examples as rows, times the seed. The gradients are left in the banks."""
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            self.forward(x)
        batched = self.plan.output >= self.plan.same
        value = float(self.value.sum()) * seed if batched else float(self.value[0]) * seed * self.size
        self.seed[...] = seed if batched else seed * self.size
        with np.errstate(all="ignore"):
            self.backward(x)
        return value


def compiled(plan: Plan) -> tuple[Text, str, Any]:
    """The plan's program, as a text and as code."""
    text = Writer(plan).text
    lines = [f"def bind({', '.join([*BANKS, *(f'g_{bank}' for bank in BANKS)])}, size):"]
    lines += [f"    {line}" for line in text.bind]
    for name in ("forward", "backward"):
        body = getattr(text, name)
        if name == "forward" and plan.inputs and not text.direct:
            body = ["copyto(inputs, x.T)", *body]
        lines += [f"    def {name}(x):", *(f"        {line}" for line in body or ["pass"])]
    lines.append("    return forward, backward")
    source = "\n".join(lines)
    return text, source, compile(source, "<packed>", "exec")
