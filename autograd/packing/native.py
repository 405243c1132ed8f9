"""A packed program as C that the machine's compiler has built: its function, called with the addresses of arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import compiler
from ..process import kept
from ..program.trace import TracingError
from .arrays import Array
from .c import authored
from .equations import Equations
from .machine import Sums
from .plan import Plan

STACK = 50_000
"""A program whose examples need more numbers than this is refused: they lie on the stack, and that of a thread may be 512 kB."""


class Native:
    """The sums of a plan over examples, in C. It can be pickled, and is built again where it is unpickled.

    text      the source, and `sections` the arrays that it gets, in this order; it sums up, whatever the program does with the sum
    batched   whether there are examples
    columns   how many numbers of an example there are
    said      which check failed at the last call, in words; nothing if none did
    """

    def __init__(self, plan: Plan, equations: Equations, arguments: Sequence[tuple[bool, int]], batched: bool) -> None:
        author = authored(plan, equations, arguments, "sum" if batched else None)
        self.text = author.text()
        if author.memory > STACK:
            raise TracingError(
                f"the program is too large to run as C: one example needs {author.memory} numbers on the stack, and {STACK} may lie there"
            )
        self.sections = [section for _, section in author.given]
        self.batched, self.first = batched, plan.same
        wanted = any(section.batched and section.gradient for section in self.sections)
        self.columns = plan.inputs if wanted else 0
        self.said = ""
        _ = self.function  # built now, so that what is wrong is said now

    @kept
    def function(self) -> Any:
        """The function, which returns a status."""
        library = compiler.load(self.text)
        library.value_and_gradients_failure.restype = ctypes.c_char_p
        library.value_and_gradients_failure.argtypes = [ctypes.c_int]
        function = library.value_and_gradients
        pointers = 1 + sum(1 + section.gradient for section in self.sections)
        function.argtypes = [*[ctypes.c_long] * self.batched, *[ctypes.c_void_p] * (pointers + self.batched)]
        return function

    def sums(self, same: Array, xs: list[Array], size: int, seed: float) -> Sums | None:
        """The sums over the examples, each times the seed; None where a check failed: which example it is about, the engine says."""
        same = np.ascontiguousarray(same, np.float64)
        g_same, value, example = np.zeros(len(same)), ctypes.c_double(), ctypes.c_long()
        at, g_at = same.ctypes.data, g_same.ctypes.data
        parts = iter([np.ascontiguousarray(x, np.float64) for x in xs if x.shape[1]])
        given, gradients, found, alive = [], [], list[tuple[int, Array]](), list[Array]()
        for section in self.sections:
            if not section.batched:
                given.append(at + 8 * section.start)
                gradients += [g_at + 8 * section.start] * section.gradient
                continue
            alive.append(part := next(parts))
            given.append(part.ctypes.data)
            if section.gradient:
                found.append((section.start - self.first, np.empty((size, section.count))))
                gradients.append(found[-1][1].ctypes.data)
        sizes, examples = ([size], [ctypes.addressof(example)]) if self.batched else ([], [])
        status = self.function(*sizes, *given, ctypes.addressof(value), *gradients, *examples)
        self.said = self._words(status) if status else ""
        if status:
            return None
        if seed != 1.0:
            g_same *= seed
        return Sums(value.value * seed, g_same, self._joined(found, size, seed))

    def _joined(self, found: list[tuple[int, Array]], size: int, seed: float) -> Array:
        """The gradients by the numbers of each example, in one array."""
        inputs = np.zeros((size, self.columns))
        for start, part in found:
            np.multiply(part, seed, out=inputs[:, start : start + part.shape[1]])
        return inputs

    def _words(self, status: int) -> str:
        words: bytes = compiler.load(self.text).value_and_gradients_failure(status)
        return words.decode()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "function"}
