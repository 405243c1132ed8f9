"""Programs written for micrograd run here after changing their imports, and give its numbers; its public demo learns the same curve."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn

DEMO = """
model = MLP(2, [16, 16, 1]) # 2-layer neural network
start(model)

def loss(batch_size=None):

    # inline DataLoader :)
    if batch_size is None:
        Xb, yb = X, y
    else:
        ri = np.random.permutation(X.shape[0])[:batch_size]
        Xb, yb = X[ri], y[ri]
    inputs = [list(map(Value, xrow)) for xrow in Xb]

    # forward the model to get scores
    scores = list(map(model, inputs))

    # svm "max-margin" loss
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    # L2 regularization
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss

    # also get accuracy
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

# optimization
for k in range(STEPS):

    # forward
    total_loss, acc = loss()

    # backward
    model.zero_grad()
    total_loss.backward()

    # update (sgd)
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad

    curve.append((total_loss.data, acc))
"""
"""The code of micrograd's demo.ipynb (MIT licence, Andrej Karpathy), less its plots and prints."""

STEPS, EXAMPLES = 8, 30


def learn(imports: str) -> list[tuple[float, float]]:
    import numpy as np

    points, classes = nn.moons(EXAMPLES, noise=0.1, rng=7)
    rng = random.Random(1337)

    def start(model: Any) -> None:
        for p in model.parameters():
            p.data = rng.uniform(-1.0, 1.0) if p.data else 0.0

    curve: list[tuple[float, float]] = []
    X, y = np.array(points), np.array(classes) * 2 - 1
    names: dict[str, Any] = {"np": np, "X": X, "y": y, "curve": curve, "STEPS": STEPS, "start": start}
    exec(imports + DEMO, names)
    return curve


@pytest.mark.slow
def test_the_demo_learns_the_same_curve() -> None:
    """Loss and accuracy at every step, from the same weights: ours and micrograd's own."""
    pytest.importorskip("micrograd")
    theirs = learn("from micrograd.engine import Value\nfrom micrograd.nn import Neuron, Layer, MLP\n")
    ours = learn("from autograd import Value\nfrom nn import Neuron, Layer, MLP\n")
    assert STEPS == len(ours)
    for (loss, accuracy), (expected, right) in zip(ours, theirs, strict=True):
        assert math.isclose(expected, loss, rel_tol=1e-9)
        assert right == accuracy
    assert ours[-1][0] < 0.5 * ours[0][0]


# Programs as people write them, here written anew. Each runs with micrograd's imports and with ours, from `random.seed`'s own weights.

THEIRS = "from micrograd.engine import Value\nfrom micrograd.nn import Module, Neuron, Layer, MLP\n"
OURS = "from nn.micrograd import Value, Module, Neuron, Layer, MLP\n"
ENGINE = "from autograd import Value\nfrom nn.micrograd import Module, Neuron, Layer, MLP\n"

PROGRAMS = {
    "a few operations": """
a, b = Value(1.5), Value(-0.75)
c = a * b + b ** 2 - 3 / a + (a - b).relu() * 2
d = -c + 1 + 2 * a - a / b + b ** -1 + (b * 3).relu()
e = (c * d + sum([a, b, c, d])) / 4.0
e.backward()
numbers = [v.data for v in (c, d, e)] + [v.grad for v in (a, b, c, d, e)]
texts = [v._op for v in (a, a + b, a * b, a ** 3, a.relu())] + [repr(Value(2.0)).replace("grad=0)", "grad=0.0)")]
""",
    "a single neuron, with a relu and without": """
import random
random.seed(1337)
neurons = [Neuron(3), Neuron(3, nonlin=True), Neuron(3, nonlin=False)]
numbers = []
for point in ([1.0, -2.0, 0.5], [-1.0, 0.25, 3.0]):
    for neuron in neurons:
        neuron.zero_grad()
        out = neuron([Value(x) for x in point])
        out.backward()
        numbers += [out.data] + [p.grad for p in neuron.parameters()]
texts = [repr(neuron) for neuron in neurons]
""",
    "a layer, and what it is made of": """
import random
random.seed(7)
layer, plain = Layer(2, 3), Layer(3, 1, nonlin=False)
out = plain(layer([0.5, -1.5]))
out.backward()
both = layer.parameters() + plain.parameters()
numbers = [out.data] + [p.data for p in both] + [p.grad for p in both]
texts = [repr(layer), repr(plain), repr(MLP(2, [3, 1])), len(MLP(3, [4, 4, 1]).parameters())]
""",
    "the graph, traced by hand": """
def trace(root):
    nodes, edges = [], []
    def build(v):
        if v not in nodes:
            nodes.append(v)
            for child in v._prev:
                edges.append((child, v))
                build(child)
    build(root)
    return nodes, edges

import random
random.seed(3)
x = [Value(1.0), Value(-2.0)]
y = Neuron(2)(x)
y.backward()
nodes, edges = trace(y)
numbers = sorted(v.data for v in nodes) + sorted(v.grad for v in nodes) + sorted(v.data - w.data for v, w in edges)
texts = sorted(v._op for v in nodes)
""",
    "four points, squared error": """
import random
random.seed(42)
model = MLP(3, [4, 4, 1])
points = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
wanted = [1.0, -1.0, -1.0, 1.0]
numbers, texts = [], []
for step in range(12):
    guessed = [model(x) for x in points]
    loss = sum((y - t) ** 2 for y, t in zip(guessed, wanted))
    for p in model.parameters():
        p.grad = 0.0
    loss.backward()
    for p in model.parameters():
        p.data += -0.01 * p.grad
    numbers += [loss.data] + [y.data for y in guessed]
numbers += [p.data for p in model.parameters()] + [p.grad for p in model.parameters()]
""",
    "Adam, with moments on the parameters": """
import random
random.seed(0)
model = MLP(2, [6, 1])
for p in model.parameters():
    p.m, p.v = 0.0, 0.0
data = [([random.uniform(-1, 1), random.uniform(-1, 1)], random.choice([-1, 1])) for _ in range(10)]
numbers, texts = [], []
for t in range(1, 9):
    loss = sum((1 + -y * model(list(map(Value, x)))).relu() for x, y in data) * (1.0 / len(data))
    loss += 1e-4 * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.m = 0.9 * p.m + 0.1 * p.grad
        p.v = 0.99 * p.v + 0.01 * p.grad ** 2
        p.data -= 0.05 * (p.m / (1 - 0.9 ** t)) / ((p.v / (1 - 0.99 ** t)) ** 0.5 + 1e-2)
    numbers.append(loss.data)
numbers += [p.data for p in model.parameters()]
""",
    "attributes on nodes": """
x, y = Value(2.0), Value(-1.0)
z = x * y + x
z.color, x.color = "green", "red"
z.backward()
numbers, texts = [x.grad, y.grad], [z.color, x.color, hasattr(y, "color")]
""",
    "constants in the graph": """
def order(v, seen):
    for child in sorted(v._prev, key=lambda child: child.data):
        if child not in seen:
            order(child, seen)
    seen.append(v)
    return seen

x = Value(2.5)
y = (x + 1) * 3 + 0.5 * (4 + x * x)
y.backward()
nodes = order(y, [])
numbers, texts = [v.data for v in nodes] + [v.grad for v in nodes], [v._op for v in nodes]
""",
    "modules of one's own": """
import random
random.seed(5)

class Two(Module):
    def __init__(self):
        self.first, self.second = Layer(2, 3), Layer(3, 2, nonlin=False)

    def __call__(self, x):
        return self.second(self.first(x))

    def parameters(self):
        return self.first.parameters() + self.second.parameters()

model = Two()
scores = model([0.25, -0.5])
loss = sum(s * s for s in scores)
model.zero_grad()
loss.backward()
numbers, texts = [loss.data] + [p.grad for p in model.parameters()], [len(model.parameters())]
""",
}


def outcome(program: str) -> tuple[list[float], list[Any]]:
    names: dict[str, Any] = {}
    exec(program, names)
    return names["numbers"], names["texts"]


@pytest.mark.parametrize("imports", [OURS, ENGINE], ids=["nn.micrograd", "autograd"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_number_is_micrograds(name: str, imports: str) -> None:
    """After the imports are changed, and nothing else. The engine's own Value has no room for attributes, and constants are no nodes."""
    pytest.importorskip("micrograd")
    if imports == ENGINE and name in ("attributes on nodes", "constants in the graph"):
        pytest.skip("this is what nn.micrograd's Value is for")
    expected, texts = outcome(THEIRS + PROGRAMS[name])
    actual, ours = outcome(imports + PROGRAMS[name])
    if imports == OURS:
        assert texts == ours
    assert len(expected) == len(actual)
    for one, other in zip(expected, actual, strict=True):
        assert math.isclose(one, other, rel_tol=1e-11, abs_tol=1e-14)


@pytest.mark.slow
def test_the_demo_from_one_seed() -> None:
    """The demo's curve with the weights that `random.seed` gives, which are micrograd's own."""
    pytest.importorskip("micrograd")
    curves = []
    for imports in (THEIRS, OURS):
        random.seed(1337)
        curves.append(learn(imports + "start = lambda model: None\n"))
    for (loss, accuracy), (expected, right) in zip(curves[1], curves[0], strict=True):
        assert math.isclose(expected, loss, rel_tol=1e-9)
        assert right == accuracy


def test_micrograds_words_on_our_side() -> None:
    """Labels are texts, an operation made by hand is refused, and the rest of the package works on these Values."""
    from nn.micrograd import MLP, Value

    x = Value(2.0, label="x")
    y = x * x
    assert ("x", "", "") == (x.label, y.label, Value(1.0).label)
    with pytest.raises(TypeError, match="custom_gradient"):
        Value(1.0, (x,), "mine")
    model = MLP(2, [3, 1])
    history = nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.01), epochs=2, rng=0)
    assert 2 == len(history.epochs)
    assert "layer0.neuron0.w0" == model.parameters()[0].label
    packed = {"epochs": 1, "pack": True}
    for refused in (
        lambda: autograd.compile(model, nn.squared_error),
        lambda: autograd.pack(lambda x: model(x), params=model),
        lambda: nn.fit(model, [[0.0, 1.0]], [1.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.01), **packed),
    ):
        with pytest.raises(TypeError, match="of the class Value, which has attributes of its own"):
            refused()


def test_draw_dot(tmp_path: Path) -> None:
    """Cards with data and gradient, constants too, which render writes."""
    pytest.importorskip("graphviz")
    from nn.micrograd import Value, draw_dot

    x = Value(2.0, label="x")
    picture = draw_dot(x * 3 + 1, rankdir="TB")
    written = Path(picture.render(tmp_path / "gout"))
    assert [tmp_path / "gout.svg"] == [*tmp_path.iterdir()] == [written]
    text = written.read_text(encoding="utf-8")
    assert all(f">{number}" in text for number in ("7", "3", "1", "6", "2"))
    width, height = (float(re.search(rf'{side}="([\d.]+)pt"', text)[1]) for side in ("width", "height"))  # type: ignore[index]
    assert height > width
    for bad in ({"rankdir": "up"}, {"format": "gif"}):
        with pytest.raises(ValueError, match="is"):
            draw_dot(x, **bad)
