"""The worked examples, against the numbers a lecture works out by hand."""

from __future__ import annotations

import pytest

from autograd import examples
from autograd.examples import Example, Graph, sigmoid, two_two_one

Key = dict[str, tuple[float, float]]


def six(x: float) -> float:
    """x as the key gives it: six decimals where it is not exact."""
    return round(x, 6) + 0.0


def numbers(graph: Graph) -> Key:
    """Forward and gradient of every labelled node, as the key gives them."""
    return {str(node.label): (six(node.data), six(node.grad)) for node in graph.nodes}


# 1. Apple shopping.


def test_apple() -> None:
    """Every number of the picture, and what they say about prices."""
    example = examples.run("apple")
    expected = {"apple": (100, 2.2), "count": (2, 110), "subtotal": (200, 1.1), "tax": (1.1, 200), "price": (220, 1)}
    assert expected == numbers(example.graphs[0])
    assert {"price with an apple at 101": 222.2, "price with tax 1.2": 240.0} == {name: six(x) for name, x in example.numbers.items()}
    assert "costs 2.2 more: an apple at 101 makes 222.2." in example.remarks[0]
    assert "costs 110 more" in example.remarks[1]
    assert "costs 200 × 0.1 = 20 more" in example.remarks[2]


# 2. Apples and oranges.


def test_fruit() -> None:
    """Every number of the picture."""
    assert {
        "apple": (100, 2.2),
        "apple count": (2, 110),
        "orange": (150, 3.3),
        "orange count": (3, 165),
        "apples": (200, 1.1),
        "oranges": (450, 1.1),
        "sum": (650, 1.1),
        "tax": (1.1, 650),
        "price": (715, 1),
    } == numbers(examples.run("fruit").graphs[0])


# 3. The chain rule in one line.


def test_chain() -> None:
    """2 · 2 · 1.5 = 6; ∂z/∂x = 2(x + y); and what each gate does to 1.3 from upstream."""
    example = examples.run("chain")
    graphs = {graph.name: graph for graph in example.graphs}
    assert 6.0 == graphs["animals"]["person"].grad
    x, y = graphs["square_of_sum"]["x"], graphs["square_of_sum"]["y"]
    assert 2 * (x.data + y.data) == x.grad == y.grad
    assert {"x": (10, 1.3), "y": (5, 1.3), "sum": (15, 1.3)} == numbers(graphs["addition"])
    assert {"x": (10, 6.5), "y": (5, 13), "product": (50, 1.3)} == numbers(graphs["product"])
    assert {"x": (2, 1.3), "relu(x)": (2, 1.3)} == numbers(graphs["relu_on"])
    assert {"x": (-2, 0), "relu(x)": (0, 1.3)} == numbers(graphs["relu_off"])
    assert "= 2 · 2 · 1.5 = 6" in example.remarks[0]
    assert "= 2(x + y) = 8" in example.remarks[1]


# 4. The sigmoid, opened up.


def test_sigmoid() -> None:
    """Through four nodes and through one, the same gradient: y(1 − y), which is 0.25 at most, at 0."""
    example = examples.run("sigmoid")
    four, one = example.graphs
    assert {
        "x": (1, 0.196612),
        "−x": (-1, -0.196612),
        "exp(−x)": (0.367879, -0.534447),
        "1 + exp(−x)": (1.367879, -0.534447),
        "y": (0.731059, 1),
    } == numbers(four)
    assert {"x": (1, 0.196612), "y": (0.731059, 1)} == numbers(one)
    assert {"y(1 − y)": 0.196612, "largest y(1 − y)": 0.25} == {name: six(x) for name, x in example.numbers.items()}
    assert 0.25 == max(sigmoid.slope(x / 10) for x in range(-50, 51)) == sigmoid.slope(0.0)


# 5. The 2-2-1 network.

FORWARD = {"z1": 0.47, "z2": 0.33, "h1": 0.615384, "h2": 0.581759, "z3": 0.600253, "o": 0.645714, "C": 0.125518}
GRADIENTS = {"w1": -0.010551, "w2": -0.008874, "w3": -0.006330, "w4": -0.005325, "w5": -0.099753, "w6": -0.094302, "o": -0.708572}
UPDATED = {"w1": 0.701055, "w2": 0.300887, "w3": 0.400633, "w4": 0.600532, "w5": 0.559975, "w6": 0.459430}
AFTER = {"z1": 0.470717, "z2": 0.330603, "z3": 0.612040, "o": 0.648406, "C": 0.123618}


def test_two_two_one() -> None:
    """Forward, backward, the update, and forward again."""
    example = examples.run("two_two_one")
    before, after = example.graphs
    assert FORWARD == {label: six(before[label].data) for label in FORWARD}
    assert GRADIENTS == {label: six(before[label].grad) for label in GRADIENTS}
    assert [0.228767] == [six(partial) for partial in before["o"].partials]
    assert UPDATED == {label: six(after[label].data) for label in UPDATED}
    assert AFTER == {label: six(after[label].data) for label in AFTER}
    assert {f"{label} after one update": w for label, w in UPDATED.items()} | {"loss after 1 updates": 0.123618} == {
        name: six(x) for name, x in example.numbers.items()
    }


def test_two_two_one_says_where_the_lecture_slipped() -> None:
    """Both figures, the printed and the exact one, and the reason."""
    (slip,) = [remark for remark in examples.run("two_two_one").remarks if "slip" in remark]
    for piece in ("−0.011", "−0.0063304", "x2 = 0.3", "x1 = 0.5", "0.4011", "0.400633"):
        assert piece in slip


def test_two_two_one_learns() -> None:
    """The loss before the 10th, 100th, 1000th and 2000th update."""
    losses = two_two_one.learn(2000)
    assert 2001 == len(losses)
    assert [0.125518, 0.123618, 0.109773, 0.040600, 0.003257, 0.001437] == [six(losses[i]) for i in (0, 1, 9, 99, 999, 1999)]


def test_two_two_one_repeats_to_a_given_number_of_steps() -> None:
    """So many updates, each round number on the way told, and none for 0 steps."""
    remarks = examples.run("two_two_one", steps=120).remarks
    told = [remark for remark in remarks if remark.startswith("The loss")]
    losses = two_two_one.learn(120)
    assert [f"The loss before update {step} is {losses[step - 1]:.6f}." for step in (10, 100, 120)] == told[:-1]
    assert f"The loss after update 120 is {losses[120]:.6f}." == told[-1]
    assert [six(losses[0])] == [six(loss) for loss in two_two_one.learn(0)]
    assert 2 == len(examples.run("two_two_one", steps=0).remarks)


@pytest.mark.parametrize(("steps", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError), ("3", TypeError)])
def test_steps_are_a_whole_number(steps: object, error: type[Exception]) -> None:
    """Anything else is an error that shows it."""
    with pytest.raises(error, match=r"two_two_one needs .* as steps, but got"):
        examples.run("two_two_one", steps=steps)


def test_two_outputs_two_paths() -> None:
    """5b: with a second output each hidden node hears from both, and the gradient of w1 is the sum over two paths."""
    example = examples.run("two_outputs")
    (graph,) = example.graphs
    assert (0.357462, 0.588426, 0.471763) == tuple(six(graph[label].data) for label in ("z4", "o2", "E"))
    assert (-0.162098, 0.285011) == (six(graph["z3"].grad), six(graph["z4"].grad))
    assert (-0.017901, 0.026810) == (six(graph["h1"].grad), six(graph["h2"].grad))
    expected = [-0.002118, 0.003262, -0.001271, 0.001957, -0.099753, -0.094302, 0.175391, 0.165808]
    assert expected == [six(graph[f"w{i}"].grad) for i in range(1, 9)]
    parts = {name: six(value) for name, value in example.numbers.items()}
    assert parts == {
        "∂E/∂h1 by o1": -0.089154,
        "∂E/∂h1 by o2": 0.071253,
        "∂E/∂h2 by o1": -0.072944,
        "∂E/∂h2 by o2": 0.099754,
        "∂E/∂w1 by o1": -0.010551,
        "∂E/∂w1 by o2": 0.008432,
    }


def test_softmax_with_loss() -> None:
    """5c: opened up, the gradient at the scores is y − t, node by node; and the Jacobian of softmax."""
    example = examples.run("softmax_loss")
    (graph,) = example.graphs
    values = {"exp a1": 3, "exp a2": 2, "exp a3": 5, "S": 10, "y1": 0.3, "y2": 0.2, "y3": 0.5, "L": 1.609438}
    assert values == {label: six(graph[label].data) for label in values}
    gradients = {
        "ln y2": -1,
        "y2": -5,
        "1/S": -10,
        "S": 0.1,
        "exp a1": 0.1,
        "exp a2": -0.4,
        "exp a3": 0.1,
        "a1": 0.3,
        "a2": -0.8,
        "a3": 0.5,
    }
    assert gradients == {label: six(graph[label].grad) for label in gradients}
    rows = [[six(example.numbers[f"∂y{i}/∂a{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)]
    assert [[0.21, -0.06, -0.15], [-0.06, 0.16, -0.1], [-0.15, -0.1, 0.25]] == rows
    assert [0.0, -0.8, 0.0] == [six(example.numbers[f"diagonal only, a{i}"]) + 0.0 for i in (1, 2, 3)]


# What every example has.


@pytest.mark.parametrize("name", examples.NAMES)
def test_an_example_is_complete(name: str) -> None:
    """A title, remarks, graphs of different names with their outputs labelled and their gradients filled in."""
    example = examples.run(name)
    assert isinstance(example, Example)
    assert name == example.name
    assert example.title
    assert example.remarks
    assert example.output is example.graphs[0].output
    assert len(example.graphs) == len({graph.name for graph in example.graphs})
    for graph in example.graphs:
        assert graph.title
        assert graph.seed == graph.output.grad
        assert graph[str(graph.output.label)] is graph.output
        assert len(graph.nodes) == len({node.label for node in graph.nodes})


def test_unknown_names_are_refused() -> None:
    """With the names that there are."""
    with pytest.raises(ValueError, match="no example named 'aple'; there are apple, fruit, chain, sigmoid, two_two_one"):
        examples.run("aple")
    with pytest.raises(KeyError, match="no node is labelled 'pear'; there are apple, count, subtotal, tax, price"):
        examples.run("apple").graphs[0]["pear"]
