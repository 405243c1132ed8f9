"""What surrounds a first call is not frozen into what is kept of it: no_grad(), scopes, derivatives, error states, roundings, threads."""

from __future__ import annotations

import contextlib
import decimal
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import nn  # noqa: E402
from autograd import Value, compile, exp, grad, no_grad, pack, scope, sigmoid  # noqa: A004, E402
from autograd.graph import topological  # noqa: E402

X = np.random.default_rng(0).normal(size=(6, 2))
T = np.sin(X[:, 0])


def function(x: Any, y: Any) -> Any:
    with scope("inner"):
        return exp(x) * y + sigmoid(x * 0.1) / 3.0


@contextlib.contextmanager
def errors_raise() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@contextlib.contextmanager
def rounded() -> Iterator[None]:
    with np.printoptions(precision=2, legacy="1.13"), decimal.localcontext(prec=2):
        yield


@contextlib.contextmanager
def strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    with threadpoolctl.threadpool_limits(1):
        yield


@contextlib.contextmanager
def a_paused_generator() -> Iterator[None]:
    def rows() -> Iterator[None]:
        with no_grad(), scope("rows"):
            yield

    waiting = rows()
    next(waiting)
    yield
    waiting.close()


SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_grad": no_grad,
    "a scope": lambda: scope("outer"),
    "errors raise": errors_raise,
    "rounded": rounded,
    "warnings are errors": strict,
    "one thread": one_thread,
    "a paused generator": a_paused_generator,
}


def in_a_derivative(make: Callable[[], Any]) -> Any:
    """What is made while a function is differentiated."""
    found = []

    def f(x: Any) -> Any:
        found.append(make())
        return x * x

    grad(f)(3.0)
    return found[0]


def in_a_generator(make: Callable[[], Any]) -> Any:
    def rows() -> Iterator[Any]:
        with no_grad(), scope("rows"):
            yield make()

    (made,) = rows()
    return made


def surrounded(name: str, make: Callable[[], Any]) -> Any:
    if name in SURROUNDINGS:
        with SURROUNDINGS[name]():
            return make()
    return {"a derivative": in_a_derivative, "inside a generator": in_a_generator}[name](make)


def compiled() -> Any:
    program = compile(function)
    first = program(0.3, 2.0)
    graph = program.graph()
    nodes = [(node.label, node.scope, node.data, node.op) for node in topological(graph)]
    assert {None} == {node.dx for node in topological(graph) if node.op is None}  # leaves of no derivative
    return first, program(0.5, -1.0), program.source(), nodes, str(program)


def compiled_with_parameters() -> Any:
    w, v = Value(0.7, label="w"), Value(2.0, label="v")
    program = compile(lambda x: function(w * x, v), params=[w, v])
    losses = program.backward(0.3), program.backward(0.9)
    assert w.grad != 0.0
    return losses, w.grad, v.grad, program.source()


def packed() -> Any:
    program = pack(lambda x, t: function(x[0], x[1]) - t, batch="sum", wrt="all")
    first = program(X, T)
    return first.value, [g.tolist() for g in first.gradients], program.source(), str(program.equations()), program.rows()


def packed_with_parameters() -> Any:
    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: (model(x) - t) ** 2, params=model)
    loss = program.backward(X, T)
    assert any(p.grad for p in model.parameters())
    return loss, [p.grad for p in model.parameters()], program.source()


def in_shards() -> Any:
    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: (model(x) - t) ** 2, params=model)
    found = program(X, T, shard=2)
    return found.value, found.gradients[-1].tolist()


def trained() -> Any:
    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: (model(x) - t) ** 2, params=model)
    with program.training(nn.Adam(model.parameters(), lr=0.1)) as step:
        losses = [step(X, T) for _ in range(3)]
    assert losses[2] < losses[0]
    return losses, model.state_dict()


def fitted(**options: Any) -> Any:
    model = nn.MLP(2, [3, 1], rng=0)
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    history = nn.fit(model, X.tolist(), T.tolist(), lambda y, t: (y - t) ** 2, optimiser, epochs=2, batch_size=3, progress=False, **options)
    assert model.state_dict() != nn.MLP(2, [3, 1], rng=0).state_dict()
    return history.losses, model.state_dict()


MADE = {
    "compile": compiled,
    "Program.backward": compiled_with_parameters,
    "pack": packed,
    "Packed.backward": packed_with_parameters,
    "shards": in_shards,
    "training": trained,
    "fit": fitted,
    "fit, packed": lambda: fitted(pack=True),
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("around", [*SURROUNDINGS, "a derivative", "inside a generator"])
def test_where_it_is_first_called_does_not_matter(around: str, made: str) -> None:
    """The same numbers, gradients, text and graph as anywhere else, to the bit."""
    assert MADE[made]() == surrounded(around, MADE[made])


def test_a_program_first_called_inside_no_grad_has_its_gradient_for_good() -> None:
    program = compile(lambda x: x * x)
    with no_grad():
        assert (9.0, (6.0,)) == program(3.0)
    assert (16.0, (8.0,)) == program(4.0)


def test_no_grad_inside_the_function_is_the_program_s() -> None:
    """What the function itself says stays said."""

    def f(x: Any) -> Any:
        with no_grad():
            c = exp(x)
        return c * x

    with no_grad():
        program = compile(f)
        value, (slope,) = program(2.0)
    assert grad(f)(2.0) == slope
    assert (2.0 * slope, exp(Value(2.0)).data) == (value, slope)
