"""Anything a person may do with Values, in any order, against a model that keeps every number in plain sight."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from autograd import Value, check_graph
from autograd.errors import StaleGraphError
from autograd.graph import topological

ROOT = Path(__file__).parent.parent


@dataclass(eq=False)
class Model:
    """A node as it should be: its number, its gradient, and (operand, local derivative) for each operand that is a node."""

    data: float
    grad: float
    edges: list[tuple[Model, float]]
    label: str | None = None

    def below(self) -> list[Model]:
        """This node and all it depends on, each after everything that depends on it."""
        order: list[Model] = []

        def visit(node: Model) -> None:
            if node not in order:
                for operand, _ in node.edges:
                    visit(operand)
                order.append(node)

        visit(self)
        return order[::-1]

    def backward(self, seed: float) -> None:
        sums = dict.fromkeys(self.below(), 0.0)
        sums[self] = seed
        for node in self.below():
            for operand, partial in node.edges:
                sums[operand] += sums[node] * partial
        for node, total in sums.items():
            node.grad = total if node.edges else node.grad + total


BINARY: dict[str, tuple[Any, Any]] = {
    "+": (lambda a, b: a + b, lambda a, b: (1.0, 1.0)),
    "-": (lambda a, b: a - b, lambda a, b: (1.0, -1.0)),
    "*": (lambda a, b: a * b, lambda a, b: (b, a)),
    "max": (
        lambda a, b: a.maximum(b) if isinstance(a, Value) else max(a, b),
        lambda a, b: (float(a > b) + 0.5 * (a == b), float(b > a) + 0.5 * (a == b)),
    ),
}
UNARY: dict[str, tuple[Any, Any]] = {
    "neg": (lambda a: -a, lambda a: -1.0),
    "square": (lambda a: a**2, lambda a: 2.0 * a),
    "abs": (abs, lambda a: float(a > 0) - float(a < 0)),
    "twice": (lambda a: 2 * a, lambda a: 2.0),
    "less 3": (lambda a: a - 3, lambda a: 1.0),
}
"""Operations that keep whole numbers whole, so that everything is exact."""

LARGEST = 2.0**20


class Machine(RuleBasedStateMachine):
    """Pairs of a Value and its model under names; a name can be rebound, as `x += y` does."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Value, Model]] = []
        self.made = 0

    def pick(self, i: int) -> tuple[Value, Model]:
        return self.pairs[i % len(self.pairs)]

    def add(self, value: Value, model: Model) -> None:
        self.made += 1
        self.pairs.append((value, model))

    def has_pairs(self) -> bool:
        return bool(self.pairs)

    @rule(x=st.integers(-3, 3), label=st.sampled_from([None, "x", "사과"]))
    def new_leaf(self, x: int, label: str | None) -> None:
        self.add(Value(x, label=label), Model(float(x), 0.0, [], label))

    @precondition(has_pairs)
    @rule(name=st.sampled_from(sorted(BINARY)), i=st.integers(0, 20), j=st.integers(0, 20))
    def binary(self, name: str, i: int, j: int) -> None:
        f, partials = BINARY[name]
        (a, x), (b, y) = self.pick(i), self.pick(j)
        if abs(f(x.data, y.data)) <= LARGEST:
            dx, dy = partials(x.data, y.data)
            self.add(f(a, b), Model(f(x.data, y.data), 0.0, [(x, dx), (y, dy)]))

    @precondition(has_pairs)
    @rule(name=st.sampled_from(sorted(UNARY)), i=st.integers(0, 20))
    def unary(self, name: str, i: int) -> None:
        f, partial = UNARY[name]
        a, x = self.pick(i)
        if abs(f(x.data)) <= LARGEST:
            self.add(f(a), Model(f(x.data), 0.0, [(x, partial(x.data))]))

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20), j=st.integers(0, 20))
    def augmented_assignment(self, i: int, j: int) -> None:
        """x += y makes a new node under the old name; the old node stays as it is."""
        i %= len(self.pairs)
        (a, x), (b, y) = self.pairs[i], self.pick(j)
        before = a
        a += b
        assert a is not before
        self.pairs[i] = (a, Model(x.data + y.data, 0.0, [(x, 1.0), (y, 1.0)]))

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20), seed=st.integers(-2, 2))
    def backward(self, i: int, seed: int) -> None:
        a, x = self.pick(i)
        if max((abs(partial) for node in x.below() for _, partial in node.edges), default=0.0) ** len(x.below()) < 2.0**40:
            a.backward(seed)
            x.backward(float(seed))

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20))
    def zero_grad(self, i: int) -> None:
        a, x = self.pick(i)
        a.zero_grad()
        for node in x.below():
            node.grad = 0.0

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20), number=st.integers(-3, 3))
    def edit(self, i: int, number: int) -> None:
        """Writing into data: gradients of what was recorded before stay what they were; what is recorded later sees the new number."""
        a, x = self.pick(i)
        a.data = x.data = float(number)

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20), j=st.integers(0, 20), how=st.sampled_from(["deepcopy", "pickle"]))
    def copies(self, i: int, j: int, how: str) -> None:
        """Two nodes copied together stay one graph, apart from the old one."""
        (a, x), (b, y) = self.pick(i), self.pick(j)
        c, d = copy.deepcopy((a, b)) if how == "deepcopy" else pickle.loads(pickle.dumps((a, b)))
        memo: dict[Model, Model] = {}
        for node in [*x.below()[::-1], *y.below()[::-1]]:
            if node not in memo:
                memo[node] = Model(node.data, node.grad, [(memo[operand], partial) for operand, partial in node.edges], node.label)
        assert (c is d) == (a is b)
        self.add(c, memo[x])
        if c is not d:
            self.add(d, memo[y])

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20))
    def drop(self, i: int) -> None:
        """Only the names and the nodes made of it hold a node, so that it goes with the last of them, without the collector."""
        value, _ = self.pairs.pop(i % len(self.pairs))
        nodes = {node for other, _ in self.pairs for node in below(other)}
        holders = sum((node.x is value) + (node.y is value) for node in nodes) + sum(other is value for other, _ in self.pairs)
        held = value in nodes
        del nodes
        assert held == (holders > 0)
        assert sys.getrefcount(value) == holders + 2  # our own name, and the question itself

    @precondition(has_pairs)
    @rule(i=st.integers(0, 20))
    def check(self, i: int) -> None:
        """Looking changes nothing, and finds nothing wrong in what was not edited."""
        a, _ = self.pick(i)
        before = [(node.data, node.grad) for node in below(a)]
        with contextlib.suppress(StaleGraphError):
            assert [] == check_graph(a).mistakes
        assert before == [(node.data, node.grad) for node in below(a)]

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        for value, model in self.pairs:
            seen: dict[Value, Model] = {}
            stack = [(value, model)]
            while stack:
                a, x = stack.pop()
                if seen.setdefault(a, x) is not x:
                    raise AssertionError("two models of one node")
                assert (x.data, x.grad, x.label) == (a.data, a.grad, a.label)
                assert [partial for _, partial in x.edges] == list(a.partials)
                for operand, (inner, _) in zip(a.parents, x.edges, strict=True):
                    if seen.get(operand) is not inner:
                        stack.append((operand, inner))


def below(value: Value) -> list[Value]:
    return topological(value)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.slow
def test_dropped_graphs_are_freed_without_the_collector() -> None:
    """After any work, letting go of the last name frees every node at once."""
    gc.collect()
    gc.disable()
    try:
        before = sum(type(found) is Value for found in gc.get_objects())
        x = Value(2.0)
        y = x * x + x
        for _ in range(5):
            y = y + copy.deepcopy(y) * x
        y.backward()
        z = pickle.loads(pickle.dumps(y))
        assert sum(type(found) is Value for found in gc.get_objects()) > before + 20
        del x, y, z
        assert before == sum(type(found) is Value for found in gc.get_objects())
    finally:
        gc.enable()


def test_the_machine_runs_with_optimisation_on() -> None:
    """python -O removes asserts, and with them none of the engine's own checks: what must raise still does."""
    program = """
from autograd import *
from autograd import check_gradients, check_graph
bad = 0
for call, error in (
    (lambda: Value(float("nan")), NonFiniteError), (lambda: Value(True), TypeError), (lambda: log(Value(-1.0)), DomainError),
    (lambda: Value(1.0) / 0.0, DivisionByZeroError), (lambda: exp(Value(1000.0)), RangeError), (lambda: bool(Value(1.0)), TypeError),
    (lambda: sqrt(Value(0.0)).backward(), GradientError), (lambda: check_gradients(lambda x: None, 1.0), TypeError),
    (lambda: check_gradients(lambda x: x, 1.0, step=0.0), ValueError), (lambda: check_graph(1.0), TypeError),
):
    try:
        call()
    except error:
        continue
    bad += 1
print(bad, check_gradients(lambda x: x * x, 3.0).summary())
"""
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True, env=env)
    assert "0 2 nodes: 2 × agrees; 2 edges: 2 × agrees.\n" == done.stdout
