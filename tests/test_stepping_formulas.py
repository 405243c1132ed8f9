"""Formulas of nodes and of local derivatives: brackets where they are needed, and MathML that says the same."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest

from autograd import PRIMITIVES, Value, exp, gaussian, hypot, latex, log1p, relu, sigmoid, softplus
from autograd.graph import Edge, edges
from autograd.mathml import mathml
from autograd.ops import abs as absolute
from autograd.primitive import Primitive, function_of
from autograd.typeset import Notation

from .test_drawing import HOSTILE

A, B, W = Value(2.0, label="a"), Value(3.0, label="b"), Value(0.5, label="w1")
PLAIN, TEX = Notation(lambda node: node.label or ""), Notation(lambda node: node.label or "", tex=True)


@pytest.mark.parametrize(
    ("node", "text", "tex", "locals_"),
    [
        (A * B, "a·b", r"a \cdot b", ["b", "a"]),
        ((A + B) * W, "(a + b)·w1", r"\left(a + b\right) \cdot w_{1}", ["w_{1}", r"a + b"]),
        ((A + B) ** 2, "(a + b)²", r"\left(a + b\right)^{2}", [r"2 \cdot \left(a + b\right)"]),
        (A**3, "a³", "a^{3}", [r"3 \cdot a^{2}"]),
        (A**1, "a¹", "a^{1}", ["1"]),
        (A - (B - W), "a − (b − w1)", r"a - \left(b - w_{1}\right)", ["1", "-1"]),
        ((A + B) / W, "(a + b)/w1", r"\frac{a + b}{w_{1}}", [r"\frac{1}{w_{1}}", r"-\frac{\left(a + b\right)}{w_{1}^{2}}"]),
        (A.negate().negate(), "−(−a)", r"-\left(-a\right)", ["-1"]),
        (A * -3.0, "a·(−3)", r"a \cdot \left(-3\right)", ["-3"]),
        (sigmoid(A), "σ(a)", r"\sigma\left(a\right)", [r"\sigma\left(a\right) \cdot \left(1 - \sigma\left(a\right)\right)"]),
        (sigmoid(A * W), "σ(a·w1)", r"\sigma\left(a \cdot w_{1}\right)", None),
        (softplus(A + B), "softplus(a + b)", r"\ln\left(1 + e^{a + b}\right)", [r"\sigma\left(a + b\right)"]),
        (hypot(A + B, W), "hypot(a + b, w1)", r"\sqrt{\left(a + b\right)^2 + w_{1}^2}", None),
        (gaussian(A + B), "gaussian(a + b)", r"e^{-\left(a + b\right)^2}", None),
        (log1p(A + B), "log1p(a + b)", r"\ln\left(1 + \left(a + b\right)\right)", None),
        (relu(A - B), "relu(a − b)", r"\operatorname{relu}\left(a - b\right)", [r"\left[a - b > 0\right]"]),
        (absolute(A) * exp(-B), "|a|·exp(−b)", r"\left|a\right| \cdot e^{-b}", [r"e^{-b}", r"\left|a\right|"]),
    ],
)  # fmt: skip
def test_formulas(node: Value, text: str, tex: str, locals_: list[str] | None) -> None:
    assert (text, tex) == (PLAIN.node(node), TEX.node(node))
    assert tex == latex(node)
    if locals_ is not None:
        assert locals_ == [TEX.local(edge) for edge in edges(node)]


def evaluate(tree: ET.Element, names: dict[str, float]) -> float:
    """The number that MathML of + − · fractions, powers and brackets means, so that a missing bracket gives a wrong one."""

    def code(element: ET.Element) -> str:
        parts = [code(child) for child in element]
        match element.tag:
            case "mfrac":
                return f"(({parts[0]})/({parts[1]}))"
            case "msup":
                return f"({parts[0]})**({parts[1]})"
            case "mn" | "mi":
                return str(element.text)
            case "mo":
                return {"·": "*", "−": "-"}.get(str(element.text), str(element.text))
        return " ".join(parts)

    return float(eval(code(tree), {}, dict(names)))


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide", "negate", "power"])
@pytest.mark.parametrize("inner", ["add", "subtract", "multiply", "divide", "negate", "power"])
def test_nested_arithmetic_means_the_number_it_shows(operation: str, inner: str) -> None:
    """Every operation in every place of every other: the MathML, read as mathematics, has the node's value and its local derivatives."""
    a, b, c = (Value(x, label=name) for x, name in ((1.7, "a"), (0.6, "b"), (2.3, "c")))
    names = {"a": 1.7, "b": 0.6, "c": 2.3}

    def apply(name: str, x: Value, y: Value) -> Value:
        result: Value = function_of(PRIMITIVES[name])(*([x] if name == "negate" else [x, 3.0] if name == "power" else [x, y]))
        return result

    for node in (apply(operation, apply(inner, a, b), c), apply(operation, c, apply(inner, a, b))):
        for source, expected in [(TEX.node(node), node.data), *((TEX.local(edge), edge.partial) for edge in edges(node))]:
            assert math.isclose(expected, evaluate(ET.fromstring(mathml(source)), names), rel_tol=1e-12), source


@pytest.mark.parametrize("row", list(PRIMITIVES.values()), ids=list(PRIMITIVES))
def test_every_row_has_formulas_in_balanced_latex_and_well_formed_mathml(row: Primitive) -> None:
    """With a compound operand and with a word; every local derivative too. No slot of a template is left, nor an unknown command."""
    operands = [Value(1.7 if row.name == "acosh" else 0.7, label="a") * Value(0.9, label="b"), Value(0.3, label="w1")][: len(row.operands)]
    if row.partials[-1] is None:
        operands = operands[:1]
    node: Value = function_of(row)(*(operands if row.partials[-1] is not None else [operands[0], 2.0]))
    for source in [TEX.node(node), *(TEX.local(edge) for edge in edges(node)), TEX.fraction(node, operands[0])]:
        assert source.count("{") == source.count("}")
        assert source.count(r"\left") == source.count(r"\right")
        assert not re.search("<[a-z]+>", source)
        tree = ET.fromstring(mathml(source))
        assert "".join(tree.itertext())
        assert not {element.tag for element in tree.iter()} - {"math", "mrow", "mi", "mn", "mo", "mfrac", "msup", "msub", "msqrt", "mtext"}


@pytest.mark.parametrize("label", [label for label in HOSTILE if label and "\ud800" not in label and "\0" not in label])
def test_a_label_stays_text(label: str) -> None:
    """Whatever stands in a label, LaTeX keeps its braces and MathML its elements, and shows the label."""
    node = Value(2.0, label=label) * Value(3.0, label="b")
    tree = ET.fromstring(mathml(TEX.node(node)))
    assert label in "".join(tree.itertext())
    assert {"math", "mrow", "mtext", "mi", "mo"} >= {element.tag for element in tree.iter()}


def test_labels_as_mathematics_writes_them() -> None:
    words = {
        "w1": "w_{1}",
        "alpha": r"\alpha",
        "Alpha": r"\mathrm{A}",
        "x_i": "x_{i}",
        "apple": r"\text{apple}",
        "사과": r"\text{사과}",
        "Sigma_2": r"\Sigma_{2}",
    }
    assert list(words.values()) == [latex(Value(1.0, label=label)) for label in words]
    assert r"\text{50\% \{off\} \$\&\#\_\textasciicircum{}\textasciitilde{}\textbackslash{}}" == latex(
        Value(1.0, label="50% {off} $&#_^~\\")
    )


def test_long_formulas_end_in_dots_and_deep_ones_do_not_recurse() -> None:
    y = Value(1.0)
    for _ in range(900):
        y = y + y
    assert len(latex(y)) < 3 * Notation.LONGEST
    assert r"\ldots" in latex(y)
    deep = Value(0.5)
    for _ in range(20_000):
        deep = sigmoid(deep)
    assert len(latex(deep)) < 3 * Notation.LONGEST


def test_a_row_from_elsewhere_shows_its_own_text() -> None:
    """A textbook form is shown as it stands; a template of LaTeX gets its brackets."""
    row = Primitive(
        name="odd",
        operands=("x",),
        forward=lambda x: x**3,
        partials=(lambda z, x: 3.0 * x * x,),
        symbol="odd",
        formula="x**3",
        latex="<x>^3",
        textbook=("3*x*x",),
        domain=PRIMITIVES["exp"].domain,
    )
    (node,) = [Value(8.0)]
    node.op, node.x, node.dx = row, A, 12.0
    assert "3·a·a" == PLAIN.local(Edge(node, 0, A, 12.0))


def test_mathml_of_what_it_does_not_know_shows_its_name() -> None:
    assert "<math><mi>alef</mi></math>" == mathml(r"\alef")
    assert "<math><mrow></mrow></math>" == mathml("{}")
    for broken in (r"\frac", r"\frac{1", r"\left(", "}", "^", r"\text{", r"\right)", "_2", r"\sqrt"):
        mathml(broken)
