"""Pictures as people see them: what stands where, what folds, which colours, and the text forms."""

from __future__ import annotations

import json
import math
import re
import struct
import xml.etree.ElementTree as ET

import pytest

from autograd import DrawingError, Value, custom_gradient, draw, examples, exp, log_softmax, maximum, scope, sigmoid, tanh, tree
from autograd import sum as total_of
from autograd.drawing.engine import layout
from autograd.drawing.palette import LIGHT, Scale, mix
from autograd.drawing.view import look

SVG = "{http://www.w3.org/2000/svg}"
STYLES = ["textbook", "cards"]
DIRECTIONS = ["forward", "backward", "both"]


def svg_of(output: Value | list[Value], **options: object) -> str:
    return str(draw(output, **options).pipe("svg", encoding="utf-8"))  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    return [(element.text or "").strip() for element in ET.fromstring(svg).iter(f"{SVG}text")]


def network(sizes: list[int], scale: float = 0.3) -> tuple[list[Value], list[Value]]:
    """A tanh network with scopes and labels as `nn` makes them: its outputs and its parameters."""
    values = [Value(math.sin(i + 1.0), label=f"x{i}") for i in range(sizes[0])]
    parameters: list[Value] = []
    for number, width in enumerate(sizes[1:], 1):
        outputs = []
        for j in range(width):
            with scope(f"layer{number}"), scope(f"neuron{j}"):
                weights = [Value(scale * math.sin(7.0 * i + 3.0 * j), label=f"layer{number}.neuron{j}.w{i}") for i in range(len(values))]
                bias = Value(0.1, label=f"layer{number}.neuron{j}.b")
                outputs.append(tanh(total_of([bias, *(w * x for w, x in zip(weights, values, strict=True))])))
                parameters += [*weights, bias]
        values = outputs
    return values, parameters


# Nothing overlaps and nothing is clipped.

GRAPHS = [(name, graph) for name in examples.NAMES for graph in examples.run(name).graphs]


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("graph", [graph for _, graph in GRAPHS], ids=[f"{name}-{graph.name}" for name, graph in GRAPHS])
def test_no_two_boxes_overlap(graph: examples.Graph, direction: str, style: str) -> None:
    """Words, circles, cards and the boxes of numbers, at the sizes the layout engine measured for them."""
    picture = draw(graph.output, direction=direction, style=style, seed=graph.seed, arithmetic=True)  # type: ignore[arg-type]
    source, engine = picture._placed() or picture.source, "nop2" if picture._placed() else "dot"
    laid = json.loads(layout(source, "json0", engine=engine))
    boxes = []
    for node in laid["objects"]:
        if "pos" in node:
            x, y = map(float, node["pos"].split(","))
            w, h = 36 * float(node["width"]) - 1, 36 * float(node["height"]) - 1  # half a size in points; a point of grace
            boxes.append((node["name"], x - w, y - h, x + w, y + h))
    overlapping = [
        (a[0], b[0]) for i, a in enumerate(boxes) for b in boxes[:i] if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
    ]
    assert [] == overlapping


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", examples.NAMES)
def test_every_text_is_inside_the_picture(name: str, style: str) -> None:
    """Each text lies within the viewBox, at about the width that a sans-serif font gives it."""
    for graph in examples.run(name).graphs:
        root = ET.fromstring(svg_of(graph.output, style=style, seed=graph.seed, legend=True, caption="사과와 오렌지"))
        width, height = map(float, root.get("viewBox", "").split()[2:])
        left, top = map(float, re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", str(root.find(f"{SVG}g").get("transform"))).groups())  # type: ignore[union-attr]
        for element in root.iter(f"{SVG}text"):
            size = float(str(element.get("font-size")))
            length = size * sum(1.0 if ord(c) > 0x2E80 else 0.5 for c in element.text or "")
            x = left + float(str(element.get("x"))) - {"middle": length / 2, "end": length}.get(str(element.get("text-anchor")), 0.0)
            y = top + float(str(element.get("y")))
            assert -6 <= x <= x + length <= width + 6 + 0.1 * length, element.text
            assert size / 2 <= y <= height, element.text


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_cards_show_each_nodes_numbers(direction: str) -> None:
    """Name, data and gradient of the answer key, each node once; forward pictures have no gradient."""
    found = texts(svg_of(examples.apple.build(), style="cards", direction=direction))
    assert ["apple", "count", "price (×)", "subtotal (×)", "tax"] == sorted(
        text for text in found if text[0].isalpha() and text not in ("data", "grad")
    )
    assert {"100", "2", "1.1", "200", "220"} <= set(found)
    assert (direction != "forward") == ({"2.2", "110"} <= set(found))
    assert (5 if direction != "forward" else 0) == found.count("grad")


def test_kinds_of_card_differ_in_shape_and_tint() -> None:
    """Inputs rounded, parameters square, constants dashed, the output with a heavy frame."""
    x, w = Value(1.0, label="x"), Value(2.0, label="w")
    source = draw(x * w + 3.0, style="cards", parameters=[w]).source
    line = {name: next(line for line in source.splitlines() if line.startswith(f"\t{name} ")) for name in ("n0", "n1", "c0", "n3")}
    assert 'style="rounded"' in line["n0"]
    assert LIGHT.input in line["n0"]
    assert "rounded" not in line["n1"]
    assert LIGHT.parameter in line["n1"]
    assert "dashed" in line["c0"]
    assert 'border="3"' in line["n3"]
    assert LIGHT.output in line["n3"]


def test_scopes_are_titled_frames() -> None:
    """Cards of a scope stand in a cluster with its name, scopes inside scopes in clusters inside clusters."""
    outputs, _ = network([2, 2, 1])
    picture = draw(outputs, style="cards", fold=0)
    assert 5 == picture.source.count("subgraph cluster_")
    assert {"layer1", "layer2", "neuron0", "neuron1"} <= set(texts(picture.pipe("svg", encoding="utf-8")))


# Names and numbers.


def test_names_are_typeset_unless_told_not_to() -> None:
    w1, alpha = Value(2.0, label="w1"), Value(3.0, label="alpha")
    assert {"w₁", "α"} <= set(texts(svg_of(w1 * alpha)))
    assert {"w1", "alpha"} <= set(texts(svg_of(w1 * alpha, pretty=False)))


def test_unnamed_nodes_may_show_their_formula() -> None:
    apple, count = Value(100.0, label="apple"), Value(2.0, label="count")
    subtotal = apple * count
    found = texts(svg_of(exp(subtotal * 0.01) + subtotal, formulas=True))
    assert "apple × count" in found
    assert "apple × count" not in texts(svg_of(exp(subtotal * 0.01) + subtotal))


def test_digits_and_fractions() -> None:
    x = Value(2.0, label="x")
    third = x / 3.0
    assert "0.666667" in texts(svg_of(third))
    assert "0.67" in texts(svg_of(third, digits=2))
    assert {"2/3", "1/3"} <= set(texts(svg_of(third, fractions=True)))


# Big graphs.


def test_long_sums_fold_and_short_ones_do_not() -> None:
    """A chain of additions is one Σ with all its terms, each with the gradient it has unfolded."""
    xs = [Value(float(i), label=f"x{i}") for i in range(30)]
    y = total_of(x * 2.0 for x in xs) * 1.0
    view = look([y])
    (sigma,) = [box for box in view.boxes if box.symbol == "Σ"]
    terms = [connection for connection in view.connections if connection.head is sigma]
    assert 30 == len(terms)
    assert {1.0} == {term.contribution for term in terms}
    assert 29 == sigma.count
    assert not [box for box in look([y], chains=False).boxes if box.symbol == "Σ"]
    a, b, c = (Value(float(i)) for i in range(3))
    assert not [box for box in look([a + b + c]).boxes if box.symbol == "Σ"]
    assert [2] == [box.count for box in look([a + b + c], chains=True).boxes if box.symbol == "Σ"]


def test_a_sum_that_is_used_twice_or_named_does_not_fold_away() -> None:
    a, b, c, d = (Value(float(i)) for i in range(4))
    partial = a + b
    assert 2 == sum(box.symbol == "+" for box in look([(partial + c) * partial], chains=True).boxes)
    partial.label = "partial"
    assert "partial" in [box.name for box in look([partial + c + d], chains=True).boxes]


def test_a_chain_of_maxima_folds() -> None:
    xs = [Value(float(i)) for i in range(5)]
    m = xs[0]
    for x in xs[1:]:
        m = maximum(m, x)
    assert [4] == [box.count for box in look([m], chains=True).boxes if box.symbol == "max"]


@pytest.mark.parametrize("depth", [1, 2])
def test_scopes_fold_to_one_box_at_any_depth(depth: int) -> None:
    """Layers at 1, neurons at 2: every node is counted once, and the gradient is the norm over the group's leaves."""
    outputs, parameters = network([2, 3, 1])
    loss = (outputs[0] - 1.0) ** 2
    loss.backward()
    view = look([loss], fold=depth)
    groups = [box for box in view.boxes if box.kind == "group"]
    assert {1: ["layer1", "layer2"], 2: ["neuron0", "neuron0", "neuron1", "neuron2"]}[depth] == sorted(box.name for box in groups)
    if depth == 1:
        norms = {"layer1": math.hypot(*(p.grad for p in parameters[:9])), "layer2": math.hypot(*(p.grad for p in parameters[9:]))}
        assert norms == pytest.approx({box.name: box.gradient for box in groups})
    (last,) = [box for box in groups if box.value == outputs[0].data]
    counted = sum(box.count for box in view.boxes if box.node is not None or box.kind == "group")
    assert counted == len({node for box in look([loss], fold=0, chains=False).boxes if (node := box.node) is not None})
    assert [1] == [connection.count for connection in view.connections if connection.tail is last]


def test_a_network_of_two_hidden_layers_has_a_readable_default_picture() -> None:
    """2-16-16-1: its 977 nodes become at most 20 boxes."""
    outputs, _ = network([2, 16, 16, 1])
    loss = (outputs[0] - 1.0) ** 2
    loss.label = "loss"
    view = look([loss])
    assert len(view.boxes) <= 20
    assert {"layer1", "layer2", "layer3"} <= set(texts(svg_of(loss)))
    neurons = look([loss], fold=2)
    assert 33 == sum(box.kind == "group" for box in neurons.boxes)


@pytest.mark.slow
def test_the_784_100_10_network_has_a_readable_default_picture() -> None:
    """One image: 239,000 nodes in at most ten boxes, the inputs as one."""
    xs = [Value(0.5) for _ in range(784)]
    values = xs
    for number, width in ((1, 100), (2, 10)):
        outputs = []
        for j in range(width):
            with scope(f"layer{number}"), scope(f"neuron{j}"):
                s = Value(0.0)
                for i, x in enumerate(values):
                    s = s + Value(0.01 * ((i + j) % 7 - 3)) * x
                outputs.append(sigmoid(s))
        values = outputs
    with scope("loss"):
        loss = -log_softmax(values)[3]
    view = look([loss])
    assert ["784 inputs", "layer1", "layer2", "loss"] == sorted(box.name for box in view.boxes if box.kind == "group")
    assert len(view.boxes) <= 10
    assert sum(box.count for box in view.boxes if box.kind == "group") > 230_000
    assert "784 inputs" in texts(svg_of(loss))


def test_around_shows_a_neighbourhood_and_says_that_there_is_more() -> None:
    x = Value(1.0, label="x")
    chain = [x]
    for i in range(10):
        chain.append(chain[-1] * 1.5)
        chain[-1].label = f"c{i}"
    view = look([chain[-1]], around=chain[5], radius=2)
    assert ["c2", "c3", "c4", "c5", "c6"] == sorted(box.name for box in view.boxes if box.node is not None)
    assert ["c2"] == [box.name for box in view.boxes if box.outside]
    with pytest.raises(ValueError, match="is not in the graph of the output"):
        look([chain[3]], around=chain[5])


def test_paths_show_only_what_lies_between() -> None:
    loss = examples.two_two_one.build()
    w1, o = (next(box.node for box in look([loss]).boxes if box.name == name) for name in ("w1", "o"))
    assert w1 is not None
    assert o is not None
    view = look([loss], paths=(w1, o))
    assert ["h1", "o", "w1", "z1", "z3"] == sorted(box.name for box in view.boxes if box.name)
    assert 2 == sum(box.symbol == "×" for box in view.boxes)
    with pytest.raises(ValueError, match="there is no path from the first to the second"):
        look([loss], paths=(o, w1))


def test_a_leaf_used_everywhere_is_named_again_instead_of_sending_long_arrows() -> None:
    """It keeps one box with its whole gradient; the other uses are stubs of its name."""
    w = Value(0.5, label="w")
    y = total_of(exp(w * float(i)) for i in range(12))
    view = look([y], chains=False)
    named = [box for box in view.boxes if box.name == "w"]
    assert 1 == sum(box.kind == "input" for box in named)
    assert 11 == sum(box.kind == "stub" for box in named)
    assert "w" in texts(svg_of(y, chains=False))


def test_the_guard_names_the_count_and_the_remedies() -> None:
    x = Value(1.0)
    for _ in range(500):
        x = exp(x) * 0.1
    with pytest.raises(DrawingError, match=r"1502 boxes .*fold=1.*around=node, radius=2.*paths=\(w, loss\).*raise limit="):
        draw(x)


# Colours, backgrounds, legend, caption.


def test_the_scale_is_fixed_shared_and_signed() -> None:
    """Blank at 0, the full colours at ±most and beyond; the same number has the same colour whatever else is drawn."""
    scale = Scale(2.0, "#ffffff", dark=False)
    assert ("#ffffff", "#6aa5dc", "#f0a35e", "#6aa5dc") == (scale(0.0), scale(2.0), scale(-2.0), scale(5.0))
    assert "#ffffff" == scale(math.nan)
    assert "#808080" == mix("#000000", "#ffffff", 0.502)


def test_boxes_are_coloured_by_gradient_on_the_given_scale() -> None:
    x = Value(2.0, label="x")
    source = draw(x * -3.0, style="cards", color="gradient", scale=3.0).source
    assert Scale(3.0, LIGHT.operation, dark=False)(-3.0) in source
    assert "#f0a35e" == Scale(3.0, LIGHT.operation, dark=False)(-3.0)


def test_boxes_are_coloured_by_scope() -> None:
    outputs, _ = network([2, 2, 1])
    found = texts(svg_of(outputs, fold=0, color="scope", legend=True))
    assert {"layer1/neuron0", "layer1/neuron1", "layer2/neuron0"} <= set(found)


@pytest.mark.parametrize("style", STYLES)
def test_a_legend_and_a_caption_on_request(style: str) -> None:
    """They stand below the picture; the caption is also its name for screen readers."""
    svg = svg_of(examples.apple.build(), style=style, legend=True, caption="사과 <사기>", color="gradient")
    found = texts(svg)
    assert "사과 <사기>" in found
    assert "colour: gradient" in found
    assert 'aria-label="사과 &lt;사기&gt;"' in svg
    height = {element.text: float(str(element.get("y"))) for element in ET.fromstring(svg).iter(f"{SVG}text")}
    assert height["사과 <사기>"] > height["tax"]
    assert "colour: gradient" not in texts(svg_of(examples.apple.build(), style=style, color="gradient"))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("background", "fill"), [("white", "white"), ("dark", "#16191d"), ("transparent", "transparent")])
def test_backgrounds(style: str, background: str, fill: str) -> None:
    svg = svg_of(examples.apple.build(), style=style, background=background)
    polygon = ET.fromstring(svg).find(f"{SVG}g/{SVG}polygon")
    assert fill == ("transparent" if polygon is None else polygon.get("fill"))


def test_grey_print_keeps_the_news() -> None:
    """Forward and backward differ in darkness and weight, not in hue alone."""

    def luminance(color: str) -> float:
        r, g, b = (((int(color[i : i + 2], 16) / 255 + 0.055) / 1.055) ** 2.4 for i in (1, 3, 5))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    assert luminance(LIGHT.backward) > 1.3 * luminance(LIGHT.forward)
    source = draw(examples.apple.build())._placed()
    assert {"1.2", "2.8"} == set(re.findall(r"penwidth=([\d.]+)", source)) | {"1.2"}


# Ways out.


def test_svg_scales_and_its_text_can_be_selected() -> None:
    root = ET.fromstring(svg_of(examples.apple.build(), caption="apple"))
    assert root.get("viewBox")
    assert "max-width:100%" in str(root.get("style"))
    assert "img" == root.get("role")
    assert "apple" in [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.slow
@pytest.mark.parametrize("name", examples.NAMES)
@pytest.mark.parametrize("style", STYLES)
def test_png_sizes_are_sane(name: str, style: str) -> None:
    """Each example fits a slide's width at twice its resolution, and is no thumbnail."""
    for graph in examples.run(name).graphs:
        png = draw(graph.output, style=style, seed=graph.seed).pipe("png")  # type: ignore[arg-type]
        width, height = struct.unpack(">II", png[16:24])
        assert 150 <= width <= 4600
        assert 80 <= height <= 3000


def test_mermaid_text() -> None:
    """Generated ids, every box and every connection; nothing of a label can be markup."""
    hostile = Value(2.0, label='"]; click n0 "x" <b>')
    text = draw(hostile * Value(3.0, label="y")).mermaid()
    assert text.startswith("flowchart LR\n")
    assert 3 == text.count(" --> ")
    assert not re.search(r'<b>|click n0 "', text)
    assert 'n1(["y<br/>3<br/>∇ 2"])' in text


def test_tikz_text() -> None:
    """A node for each box and each number, two arrows for a connection that has a gradient, special characters escaped."""
    x = Value(2.0, label="50 % of_all $")
    text = draw(x * 3.0).tikz()
    assert 4 + 2 * 2 == text.count("\\node")
    assert (3, 2) == (text.count("\\draw[->"), text.count("\\draw[<-"))
    assert r"50 \% of\_all \$" in text
    assert text.count("{") == text.count("}")


def test_text_needs_a_picture_of_ours() -> None:
    from autograd import Picture

    with pytest.raises(DrawingError, match="made by draw"):
        Picture().mermaid()


def test_the_tree_for_the_terminal() -> None:
    """Operands indented below; a node met again is not written out again; constants are plain numbers."""
    x = Value(3.0, label="x")
    h = exp(x * 0.0)
    h.label = "h"
    lines = tree(h * h + 1.0).splitlines()
    assert [
        "(+) = 2, gradient 1",
        "├─ (×) = 1, gradient 1",
        "│  ├─ h (exp) = 1, gradient 2",
        "│  │  └─ (×) = 0, gradient 2",
        "│  │     ├─ x = 3, gradient 0",
        "│  │     └─ 0",
        "│  └─ h (exp) = 1, gradient 2 ↑",
        "└─ 1",
    ] == lines


@pytest.mark.slow
def test_a_tree_of_a_big_graph_stops() -> None:
    x = Value(1.0)
    for _ in range(100_000):
        x = x * 1.0
    lines = tree(x, most=50).splitlines()
    assert 51 == len(lines)
    assert "… and more" in lines[-1]


# A check beside every local derivative.


def test_a_check_stands_beside_each_local_derivative_and_a_wrong_one_is_red() -> None:
    """Each edge shows the recorded number and what differences say; where they contradict, the arrow is red and heavier."""
    wrong = custom_gradient(lambda z, x: 3.0 * x * x * 1.000001)(lambda x: x * x * x)
    x, y = Value(2.0, label="x"), Value(5.0, label="y")
    picture = draw(wrong(x) * y, check=True, legend=True)
    found = texts(picture.pipe("svg", encoding="utf-8"))
    assert "local 12.00001 ≠ differences 12" in found
    assert "local 8, differences 8" in found
    assert "a local derivative that difference quotients contradict" in found
    assert 1 == picture._placed().count(f'color="{LIGHT.wrong}" dir=back')
    assert LIGHT.wrong in draw(wrong(x) * y, check=True, style="cards").source


def test_a_check_names_a_kink_instead_of_painting_it_red() -> None:
    picture = draw(maximum(Value(2.0, label="x"), 2.0), check=True)
    assert any("kink within h" in text for text in texts(picture.pipe("svg", encoding="utf-8")))
    assert LIGHT.wrong not in picture._placed()
