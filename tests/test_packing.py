"""Packed programs compute what the engine computes, on every graph; and each pass does what it says."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import AutogradError, Value

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402

from .random_functions import Function, random_function  # noqa: E402
from .rounding import UNIT, distances  # noqa: E402

INPUT, SHARED, PARAM = range(3)


def eagerly(f: Any, numbers: list[float]) -> tuple[float, list[float], float, list[float]]:
    """Value and gradients by the engine, and how far off both may be."""
    leaves = [Value(x, label=f"x{i}") for i, x in enumerate(numbers)]
    output = f(*leaves)
    if not isinstance(output, Value) or output.op is None:
        raise AutogradError("constant")
    output.backward()
    off, errors = distances(output)
    return output.data, [x.grad for x in leaves], off, [errors.get(x, 0.0) for x in leaves]


class Case:
    """A function with some of its numbers batched, some shared and some parameters, and examples at which it has a value."""

    def __init__(self, rng: random.Random, most: int = 12) -> None:
        self.f: Function
        self.f, start = random_function(rng, most)
        self.sort = [rng.choice((INPUT, INPUT, SHARED, PARAM)) for _ in start]
        self.sort[rng.randrange(len(start))] = INPUT
        self.examples = []
        self.found = []
        for i in range(rng.choice((1, 2, 3, 9))):
            numbers = [
                x if not i or kind != INPUT or rng.random() < 0.5 else rng.uniform(-2.0, 2.0)
                for x, kind in zip(start, self.sort, strict=True)
            ]
            try:
                self.found.append(eagerly(self.f, numbers))
            except AutogradError:
                continue
            self.examples.append(numbers)
        self.rng = rng

    def at(self, kind: int, row: list[Any]) -> list[Any]:
        return [x for x, own in zip(row, self.sort, strict=True) if own == kind]

    def program(self, **options: Any) -> tuple[Any, tuple[Any, ...]]:
        """The packed function, and its arguments."""
        params = [Value(x) for x in self.at(PARAM, self.examples[0])]

        def f(xs: list[Any], shared: list[Any]) -> Any:
            kinds = [iter(xs), iter(shared), iter(params)]
            return self.f(*(next(kinds[kind]) for kind in self.sort))

        wrt = "all" if params else "arguments"
        program = pack(f, params=params, shared=(1,), **{"wrt": wrt, "verify": False, **options})
        return program, ([self.at(INPUT, row) for row in self.examples], self.at(SHARED, self.examples[0]))


def compare(case: Case, outcome: Any, scale: float) -> None:
    """Value and gradients are within the bound of the sum of the examples', times the scale."""
    count = len(case.examples)
    values = [found[0] for found in case.found]
    bound = sum(found[2] for found in case.found) + 4 * count * UNIT * sum(map(abs, values))
    assert abs(outcome.value - scale * math.fsum(values)) <= scale * bound, (case.f, outcome.value, values, bound)
    inputs, shared, *params = outcome.gradients
    for k, (_, gradient, _, errors) in enumerate(case.found):
        expected = case.at(INPUT, gradient)
        for got, g, error in zip(inputs[k].tolist(), expected, case.at(INPUT, errors), strict=True):
            assert abs(got - scale * g) <= scale * (error + 4 * UNIT * abs(g)) + 1e-300, (case.f, case.examples[k], got / scale, g, error)
    for kind, got_all in ((SHARED, shared), (PARAM, params[0].tolist() if params else [])):
        columns = [case.at(kind, found[1]) for found in case.found]
        errors_of = [case.at(kind, found[3]) for found in case.found]
        for j, got in enumerate(got_all):
            sizes = [abs(column[j]) for column in columns]
            bound = sum(column[j] for column in errors_of) + 4 * count * UNIT * sum(sizes)
            expected = math.fsum(column[j] for column in columns)
            assert abs(got - scale * expected) <= scale * bound + 1e-300, (case.f, case.examples, kind, j, got / scale, expected, bound)


@settings(max_examples=250)
@given(st.randoms(use_true_random=False))
def test_any_function_with_any_arguments_batched(rng: random.Random) -> None:
    """Sum and mean, in one block or in many, equal the engine's inside the rounding bound."""
    case = Case(rng)
    if not case.examples:
        return
    count = len(case.examples)
    batch = rng.choice(("mean", "sum"))
    program, args = case.program(batch=batch, memory=rng.choice((1, 300, 2**23)))
    scale = 1.0 / count if batch == "mean" else 1.0
    for _ in range(2):  # a second time in the arrays of the first
        compare(case, program(*args), scale)
