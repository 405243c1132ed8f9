"""The workloads on arrays: packed by us, by hand in NumPy, in PyTorch and in JAX, all in float64 and with the same numbers.

The parameters stay where they are quickest: ours in the arrays of `with program.training(optimiser)`, PyTorch's and JAX's in their
tensors. Each contender computes the loss and all gradients, and makes training steps of plain gradient descent, which are that and the
update; either time the loss comes out as a Python number. All may use the same number of threads.
"""

# ruff: noqa: N803, N806 - X and T are the equations' matrices

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from time import perf_counter, sleep
from typing import Any

import numpy as np

from . import slots
from .contenders import ARRAYS
from .workloads import SEED, gpt, network, two_moons

Arrays = list[Any]
PAUSE = 0.1
"""Seconds before a run: the threads of whoever ran before wait for more work for a while, and keep the cores busy."""
RATE = 0.01
PENALTY = 1e-4


class Problem:
    """A network, where it starts, and its examples.

    kind     "layers", or "gpt"
    start    the parameters: for each layer a matrix with a row a neuron and then the biases; or the transformer's matrices
    batches  the mini-batches (X, T), one a step, again and again; a transformer has one document instead
    steps    how many steps one timed run makes
    """

    def __init__(self, kind: str, start: Arrays, batches: list[tuple[Any, Any]], steps: int, **facts: Any) -> None:
        self.kind, self.start, self.batches, self.steps = kind, start, batches, steps
        self.activation: str = facts.get("activation", "relu")
        self.loss: str = facts.get("loss", "cross-entropy")
        self.tokens: list[int] = facts.get("tokens", [])
        self.heads: int = facts.get("heads", 1)

    def flat(self, arrays: Sequence[Any]) -> list[float]:
        """Numbers in the order in which our modules have their parameters: neuron by neuron, each weights first and then the bias."""
        parts = [np.asarray(array) for array in arrays]
        if self.kind == "layers":
            parts = [np.c_[W, b] for W, b in zip(parts[::2], parts[1::2], strict=True)]
        found: list[float] = np.concatenate([part.ravel() for part in parts]).tolist()
        return found


def images(sizes: tuple[int, ...], count: int, batch: int, steps: int, activation: str) -> Problem:
    """A network on synthetic images: numbers from 0 to 1, and classes written one-hot."""
    rng = np.random.default_rng(SEED)
    start: Arrays = []
    for inputs, outputs in pairwise(sizes):
        start += [rng.standard_normal((outputs, inputs)) / inputs**0.5, np.zeros(outputs)]
    X = rng.random((count, sizes[0]))
    T = np.eye(sizes[-1])[rng.integers(sizes[-1], size=count)]
    batches = [(X[i : i + batch], T[i : i + batch]) for i in range(0, count - batch + 1, batch)]
    return Problem("layers", start, batches, steps, activation=activation)


def digits(count: int = 1797, batch: int = 64, steps: int = 700) -> Problem:
    """A 64-32-10 relu network, mini-batch after mini-batch, on as many images as scikit-learn's digits have."""
    return images((64, 32, 10), count, batch, steps, "relu")


def mnist(count: int = 64, steps: int = 300, sizes: Sequence[int] = (784, 100, 10)) -> Problem:
    """A 784-100-10 sigmoid network on one batch of so many images."""
    return images(tuple(sizes), count, count, steps, "sigmoid")


def moons(examples: int = 100, hidden: Sequence[int] = (16, 16), steps: int = 1000) -> Problem:
    """The eager race's network and points: the largest margin, and a penalty on the squares of the weights."""
    rng = random.Random(SEED)
    points, sides = two_moons(examples, rng)
    sizes = (2, *hidden, 1)
    parameters, _ = network(slots.Value, sizes, rng, last=False)
    numbers = np.array([p.data for p in parameters])
    start: Arrays = []
    for inputs, outputs in pairwise(sizes):
        layer, numbers = np.split(numbers, [(inputs + 1) * outputs])
        layer = layer.reshape(outputs, inputs + 1)
        start += [np.ascontiguousarray(layer[:, :-1]), layer[:, -1].copy()]
    return Problem("layers", start, [(np.array(points), np.array(sides))], steps, loss="margin")


def transformer(document: str = "leibniz", width: int = 16, heads: int = 4, block: int = 16, steps: int = 500) -> Problem:
    """The eager race's transformer, and its one document."""
    numbers = np.array([leaf.data for leaf in gpt(slots.Value, document, width, heads, block).leaves])
    shapes = [(27, width), (block, width), (27, width), *[(width, width)] * 4, (4 * width, width), (width, 4 * width)]
    cuts = np.cumsum([a * b for a, b in shapes])[:-1]
    start = [part.reshape(shape) for part, shape in zip(np.split(numbers, cuts), shapes, strict=True)]
    tokens = [26, *(ord(letter) - ord("a") for letter in document), 26]
    return Problem("gpt", start, [(None, None)], steps, tokens=tokens, heads=heads)


PROBLEMS: dict[str, Callable[..., Problem]] = {"digits": digits, "mnist": mnist, "moons": moons, "gpt": transformer}


class Packed:
    """This engine: the scalar program, recorded and packed."""

    native = False

    def __init__(self, problem: Problem, sizes: dict[str, Any]) -> None:
        from autograd import Value, log_softmax, pack, stop_gradient
        from autograd.ops import maximum
        from nn import MLP, SGD

        self.problem = problem
        document = problem.kind == "gpt"
        function: Callable[..., Any]
        if document:
            options = {name: size for name, size in sizes.items() if name != "steps"}

            def largest(scores: list[Any]) -> Any:
                found = scores[0]
                for s in scores[1:]:
                    found = maximum(found, s)
                return stop_gradient(found)

            model = gpt(Value, **options, largest=largest)
            parameters, function = model.leaves, model.forward
        elif problem.loss == "margin":
            parameters, score = network(Value, layer_sizes(problem), random.Random(SEED), last=False)

            def function(x: Any, t: Any) -> Any:
                return (1.0 + -t * score(x)).relu() + PENALTY * sum(p * p for p in parameters)
        else:
            inputs, *outputs = layer_sizes(problem)
            network_ = MLP(inputs, outputs, activation=problem.activation)
            parameters = network_.parameters()

            def function(x: Any, t: Any) -> Any:
                return -sum(a * y for a, y in zip(t, log_softmax(network_(x)), strict=True))

        for parameter, number in zip(parameters, problem.flat(problem.start), strict=True):
            parameter.data = number
        self.program = pack(function, params=parameters, batch=None if document else "mean", native=self.native)
        self.session = self.program.training(SGD(parameters, lr=RATE))
        self.step: Any = None
        self.args: list[tuple[Any, ...]] = [()] if document else list(problem.batches)

    def gradients(self) -> tuple[float, list[float]]:
        """The loss now, and its gradients."""
        value, found = self.program(*self.args[0])
        return value, found[-1].tolist()

    def run(self, steps: int) -> None:
        """So many training steps."""
        if self.step is None:
            self.step = self.session.__enter__()  # and the parameters stay in their array
        step, args = self.step, self.args
        for i in range(steps):
            step(*args[i % len(args)])

    def look(self, steps: int) -> None:
        """The loss and gradients, so many times."""
        program, args = self.program, self.args
        for i in range(steps):
            program(*args[i % len(args)])


class Native(Packed):
    """The same, built as C."""

    native = True


def layer_sizes(problem: Problem) -> tuple[int, ...]:
    """How many numbers go in, and how many neurons each layer has."""
    return (problem.start[0].shape[1], *(len(b) for b in problem.start[1::2]))


class Numpy:
    """By hand, with the derivative of every line, and in place where that is quicker."""

    def __init__(self, problem: Problem, sizes: dict[str, Any]) -> None:
        self.problem = problem
        self.parameters = [array.copy() for array in problem.start]
        ways = {"margin": self.margin, "cross-entropy": self.cross_entropy}
        self.pass_: Any = partial(self.document, problem.tokens, problem.heads) if problem.kind == "gpt" else ways[problem.loss]
        self.args: list[tuple[Any, ...]] = [()] if problem.kind == "gpt" else list(problem.batches)
        count = len(problem.tokens) - 1
        self.later = np.triu(np.full((count, count), -np.inf), 1) if problem.kind == "gpt" else None

    def gradients(self) -> tuple[float, list[float]]:
        """The loss now, and its gradients."""
        value, found = self.pass_(*self.args[0])
        return value, self.problem.flat(found)

    def run(self, steps: int) -> None:
        """So many training steps."""
        for i in range(steps):
            _, found = self.pass_(*self.args[i % len(self.args)])
            for p, g in zip(self.parameters, found):  # noqa: B905 - made together, and strict costs time
                g *= RATE
                p -= g

    def look(self, steps: int) -> None:
        """The loss and gradients, so many times."""
        for i in range(steps):
            self.pass_(*self.args[i % len(self.args)])

    def layers(self, X: Any) -> list[Any]:
        """The outputs of every layer, the input first."""
        found = [X]
        for i in range(0, len(self.parameters), 2):
            W, b = self.parameters[i : i + 2]
            z = found[-1] @ W.T
            z += b
            if i + 2 < len(self.parameters):
                if self.problem.activation == "relu":
                    np.maximum(z, 0.0, out=z)
                else:
                    np.negative(z, out=z)
                    np.exp(z, out=z)
                    z += 1.0
                    np.divide(1.0, z, out=z)
            found.append(z)
        return found

    def back(self, outputs: list[Any], g: Any) -> Arrays:
        """The gradients of the parameters from that of the last layer's scores."""
        found: Arrays = []
        for i in range(len(self.parameters) - 2, -1, -2):
            h = outputs[i // 2]
            found = [g.T @ h, g.sum(0), *found]
            if i:
                g = g @ self.parameters[i]
                if self.problem.activation == "relu":
                    g *= h > 0.0
                else:
                    g *= h
                    np.subtract(1.0, h, out=h)
                    g *= h
        return found

    def cross_entropy(self, X: Any, T: Any) -> tuple[float, Arrays]:
        """The mean of -Σ t log softmax(z), and the gradients."""
        outputs = self.layers(X)
        z = outputs[-1]
        z -= z.max(1, keepdims=True)
        y = np.exp(z)
        total = y.sum(1, keepdims=True)
        loss = (np.log(total).sum() - np.vdot(z, T)) / len(X)
        y /= total
        y -= T
        y /= len(X)
        return float(loss), self.back(outputs, y)

    def margin(self, X: Any, T: Any) -> tuple[float, Arrays]:
        """The mean of max(0, 1 - t z) and the penalty, and the gradients."""
        outputs = self.layers(X)
        margins = 1.0 - T * outputs[-1][:, 0]
        loss = np.maximum(margins, 0.0).sum() / len(X) + PENALTY * sum(np.vdot(p, p) for p in self.parameters)
        g = (margins > 0.0) * T
        g *= -1.0 / len(X)
        found = self.back(outputs, g[:, None])
        for p, g in zip(self.parameters, found):  # noqa: B905 - made together, and strict costs time
            g += 2.0 * PENALTY * p
        return float(loss), found

    def document(self, tokens: list[int], heads: int) -> tuple[float, Arrays]:
        """The transformer's loss, and the gradients."""
        token_table, place_table, unembed, query, key, mix, merge, widen, narrow = self.parameters
        count, width = len(tokens) - 1, token_table.shape[1]
        size = width // heads

        def normalise(x: Any) -> tuple[Any, Any]:
            scale = ((x * x).sum(1, keepdims=True) / width + 1e-5) ** -0.5
            return x * scale, scale

        def normalise_back(y: Any, scale: Any, g: Any) -> Any:
            return scale * (g - y * ((y * g).sum(1, keepdims=True) / width))

        def split(x: Any) -> Any:
            return x.reshape(count, heads, size).transpose(1, 0, 2)

        def join(x: Any) -> Any:
            return x.transpose(1, 0, 2).reshape(count, width)

        x0, scale0 = normalise(token_table[tokens[:-1]] + place_table[:count])
        h0, scale1 = normalise(x0)
        q, k, v = (split(h0 @ matrix.T) for matrix in (query, key, mix))
        scores = q @ k.transpose(0, 2, 1)
        scores /= size**0.5
        scores += self.later
        scores -= scores.max(2, keepdims=True)
        a = np.exp(scores, out=scores)
        a /= a.sum(2, keepdims=True)
        o = join(a @ v)
        x1 = o @ merge.T + x0
        h1, scale2 = normalise(x1)
        u = np.maximum(h1 @ widen.T, 0.0)
        x2 = u @ narrow.T + x1
        z = x2 @ unembed.T
        z -= z.max(1, keepdims=True)
        y = np.exp(z)
        total = y.sum(1, keepdims=True)
        rows, following = np.arange(count), tokens[1:]
        loss = (np.log(total).sum() - z[rows, following].sum()) / count

        y /= total
        y[rows, following] -= 1.0
        y /= count
        g_x2 = y @ unembed
        g_u = g_x2 @ narrow
        g_u *= u > 0.0
        g_x1 = g_x2 + normalise_back(h1, scale2, g_u @ widen)
        g_o = split(g_x1 @ merge)
        g_a = g_o @ v.transpose(0, 2, 1)
        g_a -= (g_a * a).sum(2, keepdims=True)
        g_a *= a
        g_a /= size**0.5
        g_q, g_k, g_v = join(g_a @ k), join(g_a.transpose(0, 2, 1) @ q), join(a.transpose(0, 2, 1) @ g_o)
        g_x0 = g_x1 + normalise_back(h0, scale1, g_q @ query + g_k @ key + g_v @ mix)
        g_first = normalise_back(x0, scale0, g_x0)
        g_tokens, g_places = np.zeros_like(token_table), np.zeros_like(place_table)
        np.add.at(g_tokens, tokens[:-1], g_first)
        g_places[:count] = g_first
        return float(loss), [
            g_tokens, g_places, y.T @ x2, g_q.T @ h0, g_k.T @ h0, g_v.T @ h0, g_x1.T @ o, g_u.T @ h1, g_x2.T @ u,
        ]  # fmt: skip


class Torch:
    """PyTorch, eagerly: its own layers and losses, one operation after the other."""

    def __init__(self, problem: Problem, sizes: dict[str, Any]) -> None:
        import torch

        self.torch, self.problem = torch, problem
        self.parameters = [torch.from_numpy(array.copy()).requires_grad_() for array in problem.start]
        self.tokens = torch.tensor(problem.tokens)
        self.later = torch.full((len(problem.tokens) - 1,) * 2, -torch.inf).triu(1).double() if problem.tokens else None
        self.args: list[tuple[Any, ...]] = (
            [()] if problem.kind == "gpt" else [(torch.from_numpy(X), torch.from_numpy(T)) for X, T in problem.batches]
        )

    def loss(self, *args: Any) -> Any:
        """The loss of one batch."""
        if self.problem.kind == "gpt":
            return self.document()
        X, T = args
        F = self.torch.nn.functional
        activation = F.relu if self.problem.activation == "relu" else self.torch.sigmoid
        for i in range(0, len(self.parameters), 2):
            X = F.linear(X, *self.parameters[i : i + 2])
            X = activation(X) if i + 2 < len(self.parameters) else X
        if self.problem.loss == "cross-entropy":
            return F.cross_entropy(X, T)
        return (1.0 - T * X[:, 0]).relu().mean() + PENALTY * sum((p * p).sum() for p in self.parameters)

    def document(self) -> Any:
        """The transformer's loss."""
        F = self.torch.nn.functional
        token_table, place_table, unembed, query, key, mix, merge, widen, narrow = self.parameters
        count, width, heads = len(self.tokens) - 1, token_table.shape[1], self.problem.heads

        def normalise(x: Any) -> Any:
            return x * ((x * x).mean(1, keepdim=True) + 1e-5) ** -0.5

        def split(x: Any) -> Any:
            return x.view(count, heads, -1).transpose(0, 1)

        x = normalise(token_table[self.tokens[:-1]] + place_table[:count])
        h = normalise(x)
        q, k, v = (split(F.linear(h, matrix)) for matrix in (query, key, mix))
        a = (q @ k.transpose(1, 2) / (width // heads) ** 0.5 + self.later).softmax(2)
        x = F.linear((a @ v).transpose(0, 1).reshape(count, width), merge) + x
        x = F.linear(F.linear(normalise(x), widen).relu(), narrow) + x
        return F.cross_entropy(F.linear(x, unembed), self.tokens[1:])

    def gradients(self) -> tuple[float, list[float]]:
        """The loss now, and its gradients."""
        loss = self.loss(*self.args[0])
        loss.backward()
        found = self.problem.flat([p.grad for p in self.parameters])
        for p in self.parameters:
            p.grad = None
        return loss.item(), found

    def run(self, steps: int) -> None:
        """So many training steps."""
        torch, parameters = self.torch, self.parameters
        for i in range(steps):
            loss = self.loss(*self.args[i % len(self.args)])
            loss.backward()
            with torch.no_grad():
                for p in parameters:
                    p.sub_(p.grad, alpha=RATE)
                    p.grad = None
            loss.item()

    def look(self, steps: int) -> None:
        """The loss and gradients, so many times."""
        for i in range(steps):
            loss = self.loss(*self.args[i % len(self.args)])
            loss.backward()
            for p in self.parameters:
                p.grad = None
            loss.item()


class Jax:
    """JAX: the whole step as one jitted function, which may overwrite the old parameters."""

    def __init__(self, problem: Problem, sizes: dict[str, Any]) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.problem = problem
        self.parameters = [jax.device_put(array) for array in problem.start]
        self.args: list[tuple[Any, ...]] = (
            [()] if problem.kind == "gpt" else [tuple(map(jax.device_put, batch)) for batch in problem.batches]
        )
        both = jax.value_and_grad(partial(self.document if problem.kind == "gpt" else self.loss, jax))
        self.both = jax.jit(both)

        def step(parameters: Arrays, *args: Any) -> tuple[Arrays, Any]:
            loss, found = both(parameters, *args)
            return [p - RATE * g for p, g in zip(parameters, found, strict=True)], loss

        self.step = jax.jit(step, donate_argnums=0)

    def loss(self, jax: Any, parameters: Arrays, X: Any, T: Any) -> Any:
        """The loss of one batch."""
        activation = jax.nn.relu if self.problem.activation == "relu" else jax.nn.sigmoid
        for i in range(0, len(parameters), 2):
            X = X @ parameters[i].T + parameters[i + 1]
            X = activation(X) if i + 2 < len(parameters) else X
        if self.problem.loss == "cross-entropy":
            return -(T * jax.nn.log_softmax(X)).sum(1).mean()
        return jax.nn.relu(1.0 - T * X[:, 0]).mean() + PENALTY * sum((p * p).sum() for p in parameters)

    def document(self, jax: Any, parameters: Arrays) -> Any:
        """The transformer's loss."""
        jnp = jax.numpy
        token_table, place_table, unembed, query, key, mix, merge, widen, narrow = parameters
        tokens, heads = np.array(self.problem.tokens), self.problem.heads
        count, width = len(tokens) - 1, token_table.shape[1]

        def normalise(x: Any) -> Any:
            return x * ((x * x).mean(1, keepdims=True) + 1e-5) ** -0.5

        def split(x: Any) -> Any:
            return x.reshape(count, heads, -1).transpose(1, 0, 2)

        x = normalise(token_table[tokens[:-1]] + place_table[:count])
        h = normalise(x)
        q, k, v = (split(h @ matrix.T) for matrix in (query, key, mix))
        scores = jnp.where(np.tri(count, dtype=bool), q @ k.transpose(0, 2, 1) / (width // heads) ** 0.5, -jnp.inf)
        x = (jax.nn.softmax(scores) @ v).transpose(1, 0, 2).reshape(count, width) @ merge.T + x
        x = jax.nn.relu(normalise(x) @ widen.T) @ narrow.T + x
        return -jax.nn.log_softmax(x @ unembed.T)[np.arange(count), tokens[1:]].mean()

    def gradients(self) -> tuple[float, list[float]]:
        """The loss now, and its gradients."""
        loss, found = self.both(self.parameters, *self.args[0])
        return float(loss), self.problem.flat(found)

    def run(self, steps: int) -> None:
        """So many training steps."""
        for i in range(steps):
            self.parameters, loss = self.step(self.parameters, *self.args[i % len(self.args)])
            float(loss)

    def look(self, steps: int) -> None:
        """The loss and gradients, so many times."""
        for i in range(steps):
            loss, found = self.both(self.parameters, *self.args[i % len(self.args)])
            found[-1].block_until_ready()
            float(loss)


class Bench:
    """One contender and one workload on arrays: what a worker's process answers with."""

    def __init__(self, contender: str, workload: str, sizes: dict[str, Any]) -> None:
        self.problem = PROBLEMS[workload](**sizes)
        self.engine = ARRAYS[contender].load()(self.problem, sizes)

    def check(self) -> dict[str, Any]:
        """The loss and the gradients at the start; then a step, so that everything is made before anything is timed."""
        output, gradients = self.engine.gradients()
        self.engine.run(1)
        return {"output": output, "gradients": gradients}

    def run(self, number: int = 1) -> dict[str, float]:
        """Seconds of the loss and gradients, and of a training step, in the mean over as many as the workload makes in a run."""
        steps = number * self.problem.steps
        answer = {}
        for what, do in (("gradients", self.engine.look), ("step", self.engine.run)):
            gc.collect()
            sleep(PAUSE)
            start = perf_counter()
            do(steps)
            answer[what] = (perf_counter() - start) / steps
        return answer

    def first(self, verify: bool, memory: bool) -> dict[str, float]:
        """Seconds of a packed program's first call, in which it is recorded and packed, or the bytes that are held at the most meanwhile.

        verify  whether the function is run twice when it is recorded, as it is unless one says otherwise
        """
        program = self.engine.program
        program.program.verify = verify
        gc.collect()
        if memory:
            tracemalloc.start()
        start = perf_counter()
        program(*self.engine.args[0])
        spent = perf_counter() - start
        tape = program.latest().tape
        answer = {"seconds": spent, "nodes": len(tape.labels) + len(tape.ops)}
        if memory:
            answer["peak"] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return answer
