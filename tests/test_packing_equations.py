"""The equations of packed programs: a textbook's last chapter, from the scalar graph. And the pictures beside them."""

from __future__ import annotations

from typing import Any

import pytest

import nn
from autograd import Value, draw, logsumexp, pack

np = pytest.importorskip("numpy")


def network(activation: str | None = "sigmoid", sizes: tuple[int, ...] = (4, 3, 2), loss: Any = nn.half_squared_error) -> Any:
    """A packed network that has run once."""
    model = nn.MLP(sizes[0], list(sizes[1:]), activation=activation, rng=0)
    program = pack(lambda x, t: loss(model(x), t), params=model)
    draws = np.random.default_rng(0)
    program(draws.random((5, sizes[0])), np.eye(sizes[-1])[draws.integers(0, sizes[-1], 5)])
    return program


def lines(equations: list[Any]) -> list[str]:
    return [f"{e.left} {'+' if e.adds else ''}= {e.right}" for e in equations]


def test_the_closed_forms_of_a_network_of_two_layers() -> None:
    """Forward Z = b + WX, X = f(Z); backward δ = y − t, ∇W = ∇Z Xᵀ, ∇b = row_sum(∇Z), ∇X = Wᵀ ∇Z and f′ from the activation's output."""
    equations = network().equations()
    assert ["Z¹ = b¹ + W¹ X⁰", "X¹ = σ(Z¹)", "Z² = b² + W² X¹", "E = 0.5 ∗ Σ (Z² − T)²"] == lines(equations.forward)
    assert [
        "∇E = 1/n",
        "∇Z² = (Z² − T) ∗ ∇E",
        "∇b² = row_sum(∇Z²)",
        "∇W² = ∇Z² X¹ᵀ",
        "∇X¹ = W²ᵀ ∇Z²",
        "∇Z¹ = X¹ ∗ (1 − X¹) ∗ ∇X¹",
        "∇b¹ = row_sum(∇Z¹)",
        "∇W¹ = ∇Z¹ X⁰ᵀ",
    ] == lines(equations.backward)
    assert ["3 × n", "3 × n", "2 × n", "1 × n"] == [e.shape for e in equations.forward]
    assert ["1 × n", "2 × n", "2", "2 × 3", "3 × n", "3 × n", "3", "3 × 4"] == [e.shape for e in equations.backward]


@pytest.mark.parametrize(
    ("activation", "forward", "backward"),
    [("tanh", "X¹ = tanh(Z¹)", "∇Z¹ = (1 − (X¹)²) ∗ ∇X¹"), ("relu", "X¹ = relu(Z¹)", "∇Z¹ = [Z¹ > 0] ∗ ∇X¹")],
)
def test_activations_in_their_textbook_forms(activation: str, forward: str, backward: str) -> None:
    """tanh′ is 1 − y², relu′ is [x > 0]."""
    equations = network(activation).equations()
    assert forward in lines(equations.forward)
    assert backward in lines(equations.backward)


def test_softmax_with_cross_entropy() -> None:
    """The maximum is passed by; the scores' gradient adds up what comes from the sum of exponentials and from the right class."""

    def loss(z: Any, t: Any) -> Any:
        right = sum(a * b for a, b in zip(t, z, strict=True))
        return logsumexp([a - right for a in z])

    equations = network(loss=loss).equations()
    assert "v₁ = Σ Z² ∗ T" in lines(equations.forward)
    assert "E = v₃ + log(Σ exp(V₂ − v₃))" == lines(equations.forward)[-1]
    assert ["∇Z² = ∇V₂", "∇v₁ = −(Σ ∇V₂)", "∇Z² += T ∗ ∇v₁"] == lines(equations.backward)[2:5]


def test_the_sum_over_a_batch_and_no_batch() -> None:
    """Without a mean there is no 1/n; without a batch no n."""
    w = Value(2.0)
    program = pack(lambda x: (w * x) ** 2, params=[w], batch="sum")
    program([1.0, 2.0])
    assert "∇E = 1" == lines(program.equations().backward)[0]
    alone = pack(lambda x: (w * x[0] + w * x[1]) ** 2, params=[w], batch=None)
    alone([1.0, 2.0])
    assert "n" not in "".join(e.shape for e in alone.equations().forward)


def test_positions_of_a_sequence_are_rows() -> None:
    """A layer that is applied to every place of one sequence is one product with all places, which stand as rows of X."""
    model = nn.Linear(3, 2, rng=0)
    program = pack(lambda xs: sum(z * z for x in xs for z in model(x)), params=model, batch=None)
    program([[0.1, 0.2, 0.3]] * 4)
    equations = program.equations()
    assert "Z¹ = b¹ + W¹ X⁰ᵀ" == lines(equations.forward)[0]
    assert ["∇b¹ = Σ ∇Z¹", "∇W¹ = ∇Z¹ X⁰"] == lines(equations.backward)[-2:]


def test_latex() -> None:
    """The same equations as LaTeX, with raised and lowered indices, for notebooks."""
    equations = network().equations()
    text = equations._repr_latex_()
    assert text.startswith("$\\displaystyle \\begin{aligned}")
    for part in (
        r"Z^{1} &= b^{1} + W^{1} X^{0}",
        r"\nabla W^{2} &= \nabla Z^{2} {X^{1}}^\top",
        r"\left(Z^{2} - T\right)^{2}",
        r"2 \times n",
    ):
        assert part in text
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")


def test_printed_equations_line_up() -> None:
    """The equals signs stand below one another."""
    text = str(network().equations())
    assert text.startswith("examples are columns")
    assert 1 == len({line.index("= ") for line in text.splitlines() if "= " in line})


def test_which_scalars_became_which_rows() -> None:
    """Every operation of the scalar graph belongs to one array, and the rows are the graph's own nodes."""
    program = network()
    table = program.rows().splitlines()
    assert ["array", "shape", "scalars", "rows"] == table[0].split()
    counts = {line.split()[0]: line for line in table[1:]}
    assert {"Z¹", "X¹", "Z²", "E"} == set(counts)
    assert "24" in counts["Z¹"]  # three units: 4 products, 3 + 1 sums
    graph = program.graph([0.1, 0.2, 0.3, 0.4], [0.0, 1.0])
    assert ("E", "E") == (graph.label, graph.scope)
    value, _ = program(np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[0.0, 1.0]]))
    assert value == pytest.approx(graph.data, rel=1e-14)
    labels = {}
    todo = [graph]
    while todo:
        node = todo.pop()
        if node.op is not None:
            labels[node.label] = node.scope
        todo += node.parents
    assert {"Z¹[0]", "Z¹[1]", "Z¹[2]", "X¹[0]", "X¹[1]", "X¹[2]", "Z²[0]", "Z²[1]"} <= set(labels)
    assert all(scope is not None for scope in labels.values())


def test_pictures() -> None:
    """The program's picture has a box for each equation and each block; the scalar graph folds into the arrays."""
    pytest.importorskip("graphviz")
    program = network()
    source = program.draw().source
    for text in ("Z¹ = b¹ + W¹ X⁰", "∇W² = ∇Z² X¹ᵀ", "∇b¹ = row_sum(∇Z¹)", "∇Z² = (Z² − T) ∗ ∇E"):
        assert text in source
    assert b"<svg" in program.draw().pipe("svg")
    assert "Z¹" in draw(program.graph([0.1, 0.2, 0.3, 0.4], [0.0, 1.0])).source


def test_names_of_arguments_are_shown_and_nothing_else() -> None:
    """A hostile name of an argument cannot be, but a hostile label can: it reaches neither an equation nor a picture as markup."""
    pytest.importorskip("graphviz")
    w = Value(1.0, label="<b>&\n\"'")
    program = pack(lambda x, 목표: (w * x - 목표) ** 2, params=[w])
    program([1.0], [2.0])
    assert "목표" in str(program.equations())
    assert b"<svg" in program.draw().pipe("svg")


def test_nothing_has_run_yet() -> None:
    """Equations, rows, pictures and graphs belong to the program that ran last."""
    program = pack(lambda x: x * x)
    for look in (program.equations, program.rows, program.draw):
        with pytest.raises(ValueError, match="nothing is packed yet"):
            look()


def test_whole_numbers_take_no_name() -> None:
    """An argument of classes has no numbers in the equations, and those after it keep their names."""
    program = pack(lambda x, k, y, z: x[k].tanh() + y.exp() + z.sin(), wrt="arguments")
    program([[1.0, 2.0], [3.0, 4.0]], np.array([0, 0]), [1.0, 2.0], [3.0, 4.0])
    text = str(program.equations())
    assert [name for name in ("tanh(X⁰[0])", "exp(Y)", "sin(Z)") if name not in text] == []
