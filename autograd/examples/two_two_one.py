"""The 2-2-1 network by hand: forward, backward, one update, and as many more as you like."""

from __future__ import annotations

from ..given import count
from ..ops import sigmoid
from ..typeset import number
from ..value import Value
from ..words import said
from .example import Example, Graph

INPUTS = (0.5, 0.3)
TARGET = 1.0
WEIGHTS = (0.7, 0.3, 0.4, 0.6, 0.55, 0.45)
LEARNING_RATE = 0.1
ORDER = ("x1", "x2", "w1", "w2", "w3", "w4", "w5", "w6", "y", "z1", "z2", "h1", "h2", "z3", "o", "C")


def build(weights: tuple[float, ...] = WEIGHTS) -> Value:
    """The loss C = (y − o)² as a graph: z = Wx, h = σ(z), z3 = w5·h1 + w6·h2, o = σ(z3). w1, w3 feed h1 and w2, w4 feed h2."""
    x1, x2 = (Value(x, label=f"x{i}") for i, x in enumerate(INPUTS, 1))
    y = Value(TARGET, label="y")
    w1, w2, w3, w4, w5, w6 = (Value(w, label=f"w{i}") for i, w in enumerate(weights, 1))
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    h1, h2 = sigmoid(z1), sigmoid(z2)
    z3 = h1 * w5 + h2 * w6
    o = sigmoid(z3)
    loss = (y - o) ** 2
    for label, node in {"z1": z1, "z2": z2, "h1": h1, "h2": h2, "z3": z3, "o": o, "C": loss}.items():
        node.label = label
    return loss


def update(graph: Graph) -> tuple[float, ...]:
    """w ← w − 0.1 · ∂C/∂w for every weight, all from the gradients at the old weights."""
    weights = (graph[f"w{i}"] for i in range(1, 7))
    return tuple(w.data - LEARNING_RATE * w.grad for w in weights)


def learn(steps: int) -> list[float]:
    """The loss before each of so many updates, and after the last: steps + 1 numbers."""
    steps = count(steps, "steps", "two_two_one", most=10**7)
    weights: tuple[float, ...] = WEIGHTS
    losses = []
    for _ in range(steps):
        graph = Graph("step", "", build(weights))
        losses.append(graph.output.data)
        weights = update(graph)
    return [*losses, build(weights).data]


def run(steps: int = 1) -> Example:
    """The example, computed; `steps` is how many updates to make (1 is the lecture's)."""
    losses = learn(steps)
    before = Graph("two_two_one", said("two_two_one.before"), build(), order=ORDER)
    weights = update(before)
    after = Graph("updated", said("two_two_one.after"), build(weights), order=ORDER)
    remarks = [
        said(
            "two_two_one.update",
            rate=LEARNING_RATE,
            weights=", ".join(f"w{i} = {w:.6f}" for i, w in enumerate(weights, 1)),
            before=f"{before.output.data:.6f}",
            after=f"{after.output.data:.6f}",
        ),
        said("two_two_one.slip", exact=number(before["w3"].grad), updated=f"{weights[2]:.6f}"),
    ]
    for step in sorted({10, 100, 1000, steps} & set(range(2, steps + 1))):
        remarks.append(said("two_two_one.loss.before", n=str(step), loss=f"{losses[step - 1]:.6f}"))
    if steps > 1:
        remarks.append(said("two_two_one.loss.after", n=str(steps), loss=f"{losses[-1]:.6f}"))
    return Example(
        "two_two_one",
        said("two_two_one.title"),
        [before, after],
        remarks,
        {f"w{i} after one update": w for i, w in enumerate(weights, 1)} | {f"loss after {len(losses) - 1} updates": losses[-1]},
    )
