"""The pictures of the README: python notebooks/pictures/make.py writes them anew."""

from __future__ import annotations

from pathlib import Path

from autograd import Picture, Value, draw, examples, scope, tanh
from autograd import sum as total


def network() -> Value:
    """The loss of a 2-16-16-1 network with weights from a sine, so that it needs no random numbers."""
    from math import sin

    values = [Value(0.5, label="x0"), Value(-0.3, label="x1")]
    for number, width in enumerate((16, 16, 1), 1):
        outputs = []
        for j in range(width):
            with scope(f"layer{number}"), scope(f"neuron{j}"):
                weights = [Value(sin(7.0 * i + 3.0 * j + number), label=f"layer{number}.neuron{j}.w{i}") for i in range(len(values))]
                outputs.append(tanh(total(w * x for w, x in zip(weights, values, strict=True))))
        values = outputs
    loss = (values[0] - 1.0) ** 2
    loss.label = "loss"
    return loss


def pictures() -> dict[str, Picture]:
    """Each picture by the name of its file."""
    return {
        "apple": draw(examples.apple.build()),
        "two_two_one": draw(examples.two_two_one.build()),
        "cards": draw(examples.two_two_one.build(), style="cards", color="gradient", legend=True),
        "network": draw(network()),
    }


if __name__ == "__main__":
    for name, picture in pictures().items():
        picture.write(Path(__file__).parent / f"{name}.svg")
