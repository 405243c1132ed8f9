"""Pages, pictures of moments and frames, read without a browser: what they hold, what they hide, and that labels stay data."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import random
import re
import struct
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograd import DrawingError, Stepper, Value, add, compile, examples, exp, log, multiply, sigmoid, softmax, sqrt, subtract, tanh  # noqa: A004
from autograd.__main__ import main
from autograd.graph import topological
from autograd.program import PASSES
from autograd.program.page import stepper as program_steps
from autograd.stepping.chain import ChainRule
from autograd.stepping.order import Order, depth_first, layer_by_layer, natural
from autograd.stepping.recorder import Forward, Recording
from autograd.words import Said

from .test_drawing import HOSTILE
from .test_stepping import big

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("pygraphviz")

from autograd.stepping.data import CHAINS, LINKS  # noqa: E402
from autograd.stepping.frames import WINDOW, Film  # noqa: E402
from autograd.stepping.page import Page, embedded, static_table  # noqa: E402

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"
Out = pytest.CaptureFixture[str]


def apple() -> Value:
    return examples.apple.build()


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def page_of(*steppers: Stepper) -> tuple[Elements, list[Any]]:
    """The elements of the steppers' page, and its data, with formulas and sentences in place of their numbers and rows."""
    text = Page(steppers).html()
    elements = Elements(text)
    data, *_ = elements.scripts
    maths = [re.findall("<math>.*?</math>", inside) for inside in re.findall(r'<template id="g\d+-math">(.*?)</template>', text)]
    return elements, [spelled(walk, formulas) for walk, formulas in zip(json.loads(data), maths, strict=True)]


def spelled(thing: Any, formulas: list[str], key: str = "") -> Any:
    """The data of a page's graph as its reader sees them, in English."""
    if isinstance(thing, dict):
        return {name: spelled(part, formulas, name) for name, part in thing.items()}
    if key in FORMULAS and isinstance(thing, int):
        return formulas[thing]
    if isinstance(thing, list) and len(thing) == 2 and isinstance(thing[1], dict) and isinstance(thing[0], str):
        return str(Said(thing[0], {name: str(spelled(part, formulas)) for name, part in thing[1].items()}))
    return [spelled(part, formulas, key) for part in thing] if isinstance(thing, list) else thing


FORMULAS = {"math", "mathU", "mathC", "because", "does", "law"}
"""What of the data is a formula, by its place in the page's template, or a list of such."""


# What a page holds.


def test_a_page_is_small_and_alone() -> None:
    """The apple's page is under 120 kB, the 2-2-1 network's under 180 kB, with all words in both languages; no address stands in them but
    names of formats."""
    sizes = {}
    for name in ("apple", "two_two_one"):
        text = Page([Stepper(examples.run(name).output)]).html()
        sizes[name] = len(text.encode())
        assert {"http://www.w3.org/2000/svg"} == set(re.findall(r"https?://[^\s\"'<>]+", text))
        assert not re.search(r"@import|url\(|\bsrc=|\bhref=|fetch\(|XMLHttp|WebSocket|localStorage|eval\(", text)
    assert sizes["apple"] < 120_000
    assert sizes["two_two_one"] < 180_000


def test_only_its_own_script_may_run() -> None:
    """The policy names the two scripts by their digests, that which computes and that which shows, and allows nothing to be loaded."""
    elements, _ = page_of(Stepper(apple()))
    (policy,) = [
        attributes["content"] for tag, attributes in elements.elements if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    data, words, *scripts = elements.scripts
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts)
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}" == policy
    assert 2 == len(scripts)
    assert [list, dict] == [type(json.loads(text)) for text in (data, words)]


def test_the_data_of_a_step() -> None:
    """What the script shows of the apple's step: every number as text, the formulas as MathML, the rule."""
    _, (data,) = page_of(Stepper(apple()))
    step = data["steps"][7]
    assert ("1.1", "2", "2.2", "0", "2.2") == tuple(step[key] for key in ("u", "l", "c", "before", "after"))
    assert [1.1, 2.0, 2.2, 2.2] == [round(x, 12) for x in step["exact"]]
    assert ("subtotal", "apple", 6, 1, 1) == tuple(step[key] for key in ("from", "to", "since", "uses", "arrived"))
    assert "∂subtotal/∂apple = count" == step["law"]
    assert "∂price" in "".join(ET.fromstring(step["mathU"]).itertext())
    assert ["∂subtotal∂apple", "count", "2"] == ["".join(ET.fromstring(part).itertext()) for part in step["because"]]


@pytest.mark.parametrize("name", examples.NAMES)
def test_pages_of_all_examples_have_an_element_for_every_step(name: str) -> None:
    """Ids that a step names are in the picture, once; every formula is well formed; the steps are all there in order."""
    for graph in examples.run(name).graphs:
        stepper = Stepper(graph.output, seed=graph.seed)
        elements, (data,) = page_of(stepper)
        ids = [attributes["id"] for _, attributes in elements.elements if attributes.get("id")]
        assert len(set(ids)) == len(ids)
        assert list(range(1, len(stepper) + 1)) == [step["n"] for step in data["steps"]]
        for step in data["steps"]:
            assert {"g0-" + step[key] for key in ("box", "head", "tail", "e") if key in step} <= set(ids)
            for math_ in [step.get("math"), step.get("mathU"), step.get("mathC"), step.get("does"), *step.get("because", [])]:
                assert math_ is None or ET.fromstring(math_).tag == "math"
        assert {node["id"] for node in data["nodes"]} == set(data["why"])
        assert set(range(len(data["factors"]))) == {i for why in data["why"].values() for numbers, _ in why["chains"] for i in numbers}
        for factor in data["factors"]:
            assert {"g0-" + edge for edge in factor["edges"]} <= set(ids)
            assert "∂" in "".join(ET.fromstring(factor["math"]).itertext())


def test_graphs_beside_each_other() -> None:
    """The sigmoid opened up and whole: two sections, each with its heading and its ids."""
    four, one = examples.run("sigmoid").graphs
    page = Stepper(four.output, title=four.title).beside(Stepper(one.output, title=one.title), title="Both")
    text = page.html()
    assert ["g0-walk", "g1-walk"] == re.findall(r'<section class="walk" id="([^"]+)"', text)
    assert all(f"<h2>{html.escape(graph.title)}</h2>" in text for graph in (four, one))
    assert "<h1>Both</h1>" in text


# Why, as lectures write it.


def why(output: Value, name: str) -> tuple[list[list[str]], Any]:
    """Of each chain down to the node of that name, its factors as "∂o/∂z₃ = o·(1−o) = 0.228767", and what else the page knows of it."""
    _, (data,) = page_of(Stepper(output))
    found = data["why"][next(node["id"] for node in data["nodes"] if node["name"] == name)]

    def said(i: int) -> str:
        factor = data["factors"][i]
        law = "".join(ET.fromstring(factor["law"]).itertext()) if factor["law"] else ""
        return " = ".join(part for part in (factor["name"], law, factor["l"]) if part)

    return [[said(i) for i in numbers] for numbers, _ in found["chains"]], found


def test_the_five_factors_of_w1() -> None:
    """From named node to named node, the unnamed ones between them merged, each in the graph's own letters."""
    chains, found = why(examples.two_two_one.build(), "w₁")
    assert [
        [
            "∂C/∂o = −2·(y−o) = −0.708572",
            "∂o/∂z₃ = o·(1−o) = 0.228767",
            "∂z₃/∂h₁ = w5 = 0.55",
            "∂h₁/∂z₁ = h1·(1−h1) = 0.236687",
            "∂z₁/∂w₁ = x1 = 0.5",
        ]
    ] == chains
    assert ("1", True, "−0.0105508") == (found["count"], found["all"], found["gradient"])


def test_two_paths_are_a_sum_of_two_products() -> None:
    _, found = why(examples.two_two_one.build(), "x₁")
    assert ("2", "−0.0147711 + (−0.00532453)", "−0.0200956") == (found["count"], found["sum"], found["total"])


def test_ways_between_two_named_nodes_are_one_factor() -> None:
    """u·u + u·3 is one factor of u: 2u + 3, and not three paths; without a name in between, every node counts as named."""
    u = Value(2.0, label="u")
    v = u * u + u * 3.0
    v.label = "v"
    chains, found = why(v * v, "u")
    assert [["∂(v·v)/∂v = v+v = 20", "∂v/∂u = u+u+3 = 7"]] == chains
    assert "1" == found["count"]
    x = Value(0.5, label="x")
    assert [["∂(σ(2·x))/∂(2·x) = σ(2·x)·(1−σ(2·x)) = 0.196612", "∂(2·x)/∂x = 2"]] == why(sigmoid(2.0 * x), "x")[0]


def test_the_bound_of_a_squashing_function() -> None:
    """How steep a sigmoid, a tanh and a softmax can be, and how near this one is; of other operations nothing."""
    scores = [Value(score, label=f"a{i}") for i, score in enumerate((1.0, 2.0, 0.5), 1)]
    second = softmax(scores)[1]
    second.label = "y2"
    x = Value(0.3, label="x")
    for output, name, most, said in (
        (
            sigmoid(x),
            "x",
            0.25,
            "σ(x) is a sigmoid: its slope σ(x)·(1 − σ(x)) is at most 0.25, where σ(x) = 0.5. Here it is 0.244458, 98",
        ),
        (tanh(x), "x", 1.0, "tanh(x) is a tanh: its slope 1 − (tanh(x))² is at most 1, where tanh(x) = 0. Here it is 0.915137, 92"),
        (-log(second), "a₂", 0.25, "y₂ is a softmax: its slopes, y·(1 − y) and −y·y′, are at most 0.25 in size. Here it is 0.23348, 93"),
        (exp(x), "x", None, ""),
    ):
        _, (data,) = page_of(Stepper(output))
        found = data["why"][next(node["id"] for node in data["nodes"] if node["name"] == name)]
        bound = data["factors"][found["chains"][0][0][-1]]["bound"]
        assert (None if most is None else [most, f"{said} % of that."]) == bound
    assert "∂y₂/∂a₂ = y2·(1−y2) = 0.23348" == why(-log(second), "a₂")[0][0][-1]


def test_chains_that_are_long_or_many() -> None:
    """Of a long chain the ends, and of many chains the largest, with the exact count of all and the sum over them."""
    x = Value(0.5, label="x")
    deep = x
    for i in range(55):
        deep = deep * Value(1.0, label=f"w{i}")
        deep.label = f"d{i}"
    _, (data,) = page_of(Stepper(deep))
    numbers, product = data["why"][data["nodes"][0]["id"]]["chains"][0]
    assert (LINKS + 1, 1, "1") == (len(numbers), numbers.count(None), product)
    total: Value = Value(0.0, label="total")
    for i in range(9):
        part = sigmoid(x * float(i))
        part.label = f"p{i}"
        total = total + part
        total.label = f"t{i}"
    _, found = why(total, "x")
    assert ("9", CHAINS, False, found["gradient"]) == (found["count"], len(found["chains"]), found["all"], found["total"])


@pytest.mark.parametrize("seed", range(12))
def test_chains_add_up_to_the_gradient(seed: int) -> None:
    """Over random graphs with random names: the sum over all chains is the sweep's gradient, of every node, merged or not."""
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(4)]
    for i in range(40):
        x, y = rng.choice(nodes[-9:]), rng.choice(nodes)
        nodes.append((multiply, add, subtract, lambda x, _: tanh(x), lambda x, _: x * x)[rng.randrange(5)](x, y))
        nodes[-1].label = f"n{i}" if rng.random() < 0.4 else ""
    recording = Recording(nodes[-1])
    for rule in (ChainRule(recording), ChainRule(recording, merged=False)):
        for place in range(recording.forward):
            found = rule.to(place, 10**6)
            assert found.count == len(found.largest)
            for total in (found.total, math.fsum(product for _, product in found.largest)):
                assert math.isclose(recording.gradients[place], total, rel_tol=1e-9, abs_tol=1e-9)


# Orders.


@pytest.mark.parametrize("name", examples.NAMES)
def test_any_order_gives_the_same_gradients(name: str) -> None:
    """Layer by layer every backward step is there once; a node hands on only what is complete; the sums end as the sweep's. Layers do not
    mix: whoever hands on is as far from the output as the one before, or farther."""
    for graph in examples.run(name).graphs:
        recording = Recording(graph.output, graph.seed)
        far = {recording.forward - 1: 0}
        for head, tail in zip(recording.heads, recording.tails, strict=True):
            far[tail] = max(far.get(tail, 0), far[head] + 1)
        order = Order(recording, layer_by_layer(recording))
        assert list(range(len(recording.heads))) == sorted(order.steps)
        layers = [far[recording.heads[k]] for k in order.steps]
        assert sorted(layers) == layers
        assert [recording.forward + i for i in range(1, len(layers) + 1)] == [order.number[k] for k in order.steps]
        for k in order.steps:
            head, tail = recording.heads[k], recording.tails[k]
            assert order.complete.get(head, recording.forward) < order.number[k] <= order.complete[tail]
            assert order.number[k] <= order.done[head]
            if order.arrived[k] == order.uses[tail]:
                assert recording.gradients[tail] == order.after[k]
            else:
                contribution = recording.gradients[head] * recording.partials[k]
                assert math.isclose(order.before[k] + contribution, order.after[k], abs_tol=1e-12)
        own = Order(recording, depth_first(recording))
        assert list(recording.before) == own.before


def test_the_lectures_order_of_the_network() -> None:
    """Both products of a layer, then both activations, then both sums, and the weights of the first layer at the end."""
    stepper = Stepper(examples.two_two_one.build())
    _, (data,) = page_of(stepper)
    steps = [data["steps"][layer["i"]] for layer in data["layers"]]
    assert ["y − o", "y", "o", "z₃", "h₁·w₅", "h₂·w₆", "h₂", "w₆", "h₁", "w₅", "z₂", "z₁"] == [step["to"] for step in steps[:12]]
    assert {"x₁", "x₂", "w₁", "w₂", "w₃", "w₄"} == {step["to"] for step in steps[-8:]}


def test_names_in_natural_order() -> None:
    """Families as they first appear, in each by number, in the table and among the buttons; then what is computed."""
    names = ["y", "x₁", "w₁", "w₁₀", "w₂", "b", "layer2.w1", "layer1.w3", "layer1.w2"]
    assert ["y", "x₁", "w₁", "w₂", "w₁₀", "b", "layer1.w2", "layer1.w3", "layer2.w1"] == [names[i] for i in natural(names)]
    _, (data,) = page_of(Stepper(examples.two_two_one.build()))
    leaves = ["y", "x₁", "x₂", "w₁", "w₂", "w₃", "w₄", "w₅", "w₆"]
    assert leaves == [leaf["name"] for leaf in data["leaves"]] == [node["name"] for node in data["nodes"]][:9]


# Security: labels are data.

NASTY = [
    *HOSTILE,
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"></iframe><script>alert(2)</script>',
    "' onload='alert(3)",
    "</title></style><img src=x onerror=alert(4)>",
    "\u2028\u2029",
    "{{svg}}",
    "<img src='http://example.com/x.png'>",
    "&lt;b&gt;",
    "&quot;",
]


@pytest.mark.slow
@pytest.mark.parametrize("label", NASTY)
def test_a_label_adds_no_element_and_no_attribute(label: str) -> None:
    """The page of a graph has the same elements with a hostile label as with a tame one; so has its frame in a notebook."""

    def page(name: str) -> str:
        x, w = Value(2.0, label=name), Value(3.0, label="w")
        y = x * w + sigmoid(x)
        y.label = name
        return Page([Stepper(y, title=name)], name)._repr_html_()

    def shape(text: str) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in Elements(text).elements]

    def inside(text: str) -> str:
        (source,) = [attributes["srcdoc"] for tag, attributes in Elements(text).elements if tag == "iframe"]
        math = re.findall(r"<template[^>]*>(.*?)</template>", str(source), re.DOTALL)
        assert not {tag for tag, _ in shape("".join(math))} - {"math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msub", "msup"}
        return re.sub(r"(<template[^>]*>).*?</template>", r"\1</template>", str(source), flags=re.DOTALL)

    tame, hostile = page("tame"), page(label or "tame")
    hostile.encode()
    assert shape(tame) == shape(hostile)
    drawn = [[tag for tag, _ in shape(inside(text)) if tag != "br"] for text in (tame, hostile)]
    assert drawn[0] == drawn[1]
    data = Elements(inside(hostile)).scripts[0]
    assert not set("<>&\u2028\u2029") & set(data)
    assert json.loads(data)


def test_embedded_data_cannot_end_its_element() -> None:
    text = "</script> <!-- & \u2028 \u2029 사과 🍎"
    assert text == json.loads(embedded(text))
    assert not set("<>&\u2028\u2029") & set(embedded(text))
    with pytest.raises(ValueError, match="JSON"):
        embedded(float("nan"))


# In a notebook.


def test_the_frame_is_a_sandbox_and_stands_after_the_table() -> None:
    text = Stepper(apple())._repr_html_()
    elements = Elements(text).elements
    (frame,) = [attributes for tag, attributes in elements if tag == "iframe"]
    assert "allow-scripts" == frame["sandbox"]
    assert frame["title"]
    assert text.index("<table") < text.index("<iframe")
    assert "script" not in {tag for tag, _ in elements}
    assert "subtotal -&gt; apple: upstream 1.1 × local 2" in text


def test_the_static_table_hides_what_is_to_come() -> None:
    stepper = Stepper(apple())
    stepper.jump(6)
    table = stepper._repr_html_().partition("<iframe")[0]
    assert "<b>price -&gt; subtotal" in table
    assert "subtotal -&gt; apple" not in table
    assert "2.2" not in table


def test_what_a_page_asks_for_stands_open_nowhere_around_it() -> None:
    """The table before the frame is closed until it is opened: it has every answer."""
    before = Stepper(apple())._repr_html_().partition("<iframe")[0]
    assert before.index('<details class="glassgrad-all"><summary>') < before.index("<table")
    assert "2.2" in before.partition("<table")[2]
    assert "2.2" not in re.sub(r"<style>.*?</style>", "", before).partition("<table")[0]
    assert "details open" not in before


STORED = {path.stem: path for path in (ROOT / "notebooks").glob("0[12]*.ipynb")}


@pytest.mark.parametrize("name", ["01_apple_shopping", "02_two_two_one"])
def test_stored_notebooks_show_the_fallback_first(name: str) -> None:
    """From the stored JSON: a stepper's outputs are its picture as SVG and PNG, then HTML that has the table before the frame, and
    text beside it; a viewer that runs nothing, or allows no frame, still has picture, table and words.
    """
    cells = [
        cell
        for cell in nbformat.read(STORED[name], as_version=4).cells
        if "Stepper(" in cell.source and not "".join(cell.source).startswith("stepper")
    ]
    assert cells
    for cell in cells:
        *pictures, page = [output.data for output in cell.outputs]
        assert pictures
        assert all({"image/png", "image/svg+xml", "application/pdf", "text/plain"} == set(data) for data in pictures)
        assert {"text/html", "text/plain"} == set(page)
        markup = page["text/html"]
        assert 0 < markup.index("<table") < markup.index("<iframe")
        assert "sandbox=&quot;" not in markup
        assert 'sandbox="allow-scripts"' in markup
        assert "forward" in page["text/plain"]


def test_the_static_table_says_how_much_it_shows() -> None:
    """Of a graph shown whole, every step, however many; of a part, how many of all."""
    total: Value = Value(0.0, label="total")
    for i in range(59):
        total = total + total * Value(0.5, label=f"w{i}") if i < 30 else total + total
    whole, part = Stepper(total), Stepper(big(1000))
    assert len(whole) > 200
    tables = [static_table(stepper) for stepper in (whole, part)]
    counts = [table.count('<th scope="row">') for table in tables]
    assert len(whole) == counts[0]
    assert f", all {len(whole)} steps</caption>" in tables[0]
    assert f", {counts[1]} of {len(part):,} steps</caption>" in tables[1]


# Paper.


def test_a_page_lists_every_step_for_paper() -> None:
    """In order, each with its number: also those of a part of a graph."""
    part = Stepper(big(500))
    part.jump(1200)
    for stepper in (Stepper(apple()), part):
        text = stepper.beside().html()
        (listed,) = re.findall(r'<div class="steps"><h2 data-t="page.list">Step by step</h2><ol>(.*?)</ol></div>', text)
        _, (data,) = page_of(stepper)
        pretty = stepper.recording.pretty
        listed_ = (replace(stepper.recording.step(step["n"]), names=pretty) for step in data["steps"])
        said = [(str(step.number), html.escape(str(step))) for step in listed_]
        assert said == re.findall(r'<li value="(\d+)">(.*?)</li>', listed)


# Light and dark.


def test_the_theme_of_a_page() -> None:
    """ "auto" asks the reader's system, "light" and "dark" do not; on paper every page is light. A stepper's theme is its page's."""
    condition = "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;"
    pages = {theme: Stepper(apple(), theme=theme).beside().html() for theme in ("auto", "light", "dark")}  # type: ignore[arg-type]
    assert condition in pages["auto"]
    assert pages["light"] == pages["auto"].replace(condition, "@media not all{:root{color-scheme:dark;")
    assert pages["dark"] == pages["auto"].replace(condition, "@media screen{:root{color-scheme:dark;")
    stepper = Stepper(apple(), theme="dark")
    assert pages["light"] == stepper.beside(theme="light").html()
    assert pages["auto"] == Stepper(apple()).beside().html()


@pytest.mark.parametrize("wrong", ["blue", "", "Dark", None, 1])
def test_a_theme_that_there_is_not(wrong: Any, tmp_path: Path) -> None:
    program = compile(apple())
    calls = [lambda: Stepper(apple(), theme=wrong), lambda: Page([Stepper(apple())], theme=wrong), lambda: program.page(theme=wrong)]
    if wrong is not None:  # unless said, it is the stepper's own
        calls.append(lambda: Stepper(apple()).write(tmp_path / "page.html", theme=wrong))
    for call in calls:
        with pytest.raises(ValueError, match=f"theme is 'auto', 'light' or 'dark', but got {wrong!r}"):
            call()
    assert [] == os.listdir(tmp_path)


def test_the_frame_in_a_notebook_has_its_theme_from_around_it() -> None:
    """A style beside the frame gives it the notebook's color-scheme, or the one that was asked for; and the picture above it is dark
    where the page was asked to be."""
    auto, dark = Stepper(apple())._repr_html_(), Stepper(apple(), theme="dark")._repr_html_()
    assert 'class="glassgrad-page auto"' in auto
    for host, scheme in (("[data-jp-theme-light=false]", "dark"), (".vscode-dark", "dark"), ("html[theme=dark]", "dark")):
        assert re.search(rf":where\([^)]*{re.escape(host)}[^)]*\) \.glassgrad-page\.auto{{color-scheme:{scheme}}}", auto)
    assert ".glassgrad-page.dark{color-scheme:dark}" in dark.partition("<iframe")[0]


def test_the_command_has_a_theme(tmp_path: Path, capsys: Out) -> None:
    page = tmp_path / "page.html"
    assert 0 == main(["step", "apple", "--theme", "dark", "-o", str(page)])
    assert "@media screen{:root{color-scheme:dark;" in page.read_text(encoding="utf-8")
    assert 2 == main(["step", "apple", "--theme", "blue", "-o", str(page)])
    assert "'auto', 'light', 'dark'" in capsys.readouterr().err


def test_frames_have_a_background(tmp_path: Path) -> None:
    """White, dark or transparent as a picture's; dark unless said where the stepper is. All shapes stand where they stood."""
    written = {}
    for theme, background in (("auto", None), ("dark", None), ("auto", "dark"), ("dark", "white"), ("light", "transparent")):
        folder = tmp_path / f"{theme}-{background}"
        paths = Stepper(apple(), theme=theme).write_frames(folder, "svg", background=background)  # type: ignore[arg-type]
        written[theme, background] = [path.read_text(encoding="utf-8") for path in paths]
    assert written["dark", None] == written["auto", "dark"] != written["auto", None] == written["dark", "white"]
    papers = {key: set(re.findall('<polygon fill="([^"]*)" stroke="none"', "".join(svgs))) for key, svgs in written.items()}
    assert [{"white"}, {"#16191d"}, set()] == [papers[key] for key in (("auto", None), ("dark", None), ("light", "transparent"))]
    assert list(map(boxes, written["auto", None])) == list(map(boxes, written["dark", None]))
    with pytest.raises(ValueError, match="background is 'white', 'dark' or 'transparent', but got 'black'"):
        Stepper(apple()).write_frames(tmp_path / "new", background="black")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_frames_as_pdf_are_all_of_one_size(tmp_path: Path) -> None:
    written = [path.read_bytes() for path in Stepper(apple()).write_frames(tmp_path / "frames", "pdf")]
    assert 1 == len({re.search(rb"/MediaBox[^\n]*", data)[0] for data in written})  # type: ignore[index]


# Pictures of moments.


def texts(svg: str) -> set[str]:
    return {(element.text or "").strip() for element in ET.fromstring(svg).iter(f"{SVG}text")}


def test_a_moment_shows_what_is_known_and_nothing_else() -> None:
    """At each step of the apple the numbers in the picture are those of the state; no sentence tells a later one."""
    stepper = Stepper(apple())
    film = Film(stepper.recording)
    later = {3: {"220", "2.2", "110"}, 6: {"2.2", "110"}, 8: {"110"}, 9: set()}
    there = {3: {"100", "= 200"}, 6: {"220", "1.1", "1"}, 8: {"2.2", "200"}, 9: {"110"}}
    for position in later:
        stepper.jump(position)
        from autograd.stepping.frames import picture

        svg = picture(stepper).pipe("svg", encoding="utf-8")
        assert there[position] <= texts(svg)
        assert not later[position] & texts(svg)
        assert not any(number in title for number in later[position] for title in re.findall("<title>(.*?)</title>", svg))
    assert film.whole


def boxes(svg: str) -> dict[str, str]:
    """Where each operation's circle is."""
    groups = (group for group in ET.fromstring(svg).iter(f"{SVG}g") if str(group.get("id", "")).startswith("n"))
    return {str(group.get("id")): f"{ellipse.get('cx')} {ellipse.get('cy')}" for group in groups for ellipse in group.iter(f"{SVG}ellipse")}


@pytest.mark.slow
def test_frames_are_one_picture_a_position_all_of_one_size_and_no_box_jumps(tmp_path: Path) -> None:
    stepper = Stepper(examples.two_two_one.build())
    stepper.jump(13)
    written = stepper.write_frames(tmp_path / "frames", "svg")
    assert [f"{i:03}.svg" for i in range(len(stepper) + 1)] == [path.name for path in written] == sorted(os.listdir(tmp_path / "frames"))
    assert 13 == stepper.position
    first, *others = [boxes(path.read_text(encoding="utf-8")) for path in written]
    assert len(first) == sum(node.op is not None for node in topological(stepper.output))
    assert all(first == other for other in others)
    assert 1 == len({re.search(r'<svg [^>]*?width="[^"]+" height="[^"]+"', path.read_text(encoding="utf-8"))[0] for path in written})  # type: ignore[index]


@pytest.mark.slow
def test_frames_as_png(tmp_path: Path) -> None:
    written = Stepper(apple()).write_frames(tmp_path / "frames", "png")
    sizes = {struct.unpack(">II", path.read_bytes()[16:24]) for path in written}
    assert (10, 1) == (len(written), len(sizes))
    assert written == Stepper(apple()).write_frames(tmp_path / "frames")


def test_frames_of_an_earlier_walk_are_removed(tmp_path: Path) -> None:
    """A film made of the folder shows one walk; what is no frame, or of another format, stays."""
    long = Stepper(apple()).write_frames(tmp_path, "svg")
    others = {"notes.svg": long[0].read_bytes(), "12.svg": long[0].read_bytes(), "003.txt": b"kept", "0999.svg": b"no picture"}
    for name, content in others.items():
        (tmp_path / name).write_bytes(content)
    short = Stepper(Value(2.0) * 3.0).write_frames(tmp_path, "svg")
    assert len(short) < len(long)
    assert sorted([*others, *(path.name for path in short)]) == sorted(os.listdir(tmp_path))


def test_frames_that_cannot_be_written(tmp_path: Path) -> None:
    stepper = Stepper(apple())
    (tmp_path / "file").write_text("kept")
    for folder, format in ((tmp_path / "file", "png"), (tmp_path / "no" / "where", "png"), (tmp_path / "new", "gif")):
        with pytest.raises(DrawingError):
            stepper.write_frames(folder, format)
    with pytest.raises(DrawingError, match="too many to write one by one"):
        Stepper(big(1000)).write_frames(tmp_path / "new")
    assert ["file"] == os.listdir(tmp_path)


@pytest.mark.slow
def test_a_big_graph_shows_a_window_that_holds_the_step(tmp_path: Path) -> None:
    """A page of some nodes around the step, in under two seconds and a few hundred kB, which says how much it leaves out."""
    output = big(30_000)
    stepper = Stepper(output)
    for position in (0, 7, 61_000, 100_000, len(stepper)):
        stepper.jump(position)
        start = time.process_time()
        _, (data,) = page_of(stepper)
        assert time.process_time() - start < 5.0
        assert WINDOW >= len(data["nodes"]) >= 10
        assert len(stepper) == data["total"]
        assert position in {0, *(step["n"] for step in data["steps"])}
        assert data["at"] == sum(step["n"] <= position for step in data["steps"])
    text = stepper.write(tmp_path / "big.html").read_text(encoding="utf-8")
    assert "The picture shows 40 of 60,001 nodes, and the page has the " in text
    assert len(text.encode()) < 400_000


@pytest.mark.slow
def test_what_a_page_leaves_out_is_said() -> None:
    """Steps before the end of a window's last; paths and what-if, where there are none, with the reason."""
    stepper = Stepper(big(500))
    stepper.jump(1200)
    _, (data,) = page_of(stepper)
    last, total = data["steps"][-1]["n"], len(stepper)
    assert last < total
    rest = f"this is not the end: {total - last:,} steps come after it. The page shows {len(data['steps'])} of {total:,} steps."
    assert f"The last step on this page, and {rest}" == data["part"]
    x = Value(1.0)
    deep = x
    for _ in range(300):
        deep = sigmoid(deep)
    middle = Stepper(deep)
    middle.jump(150)
    assert "about numbers that go in, and there are none in this part of the graph" in page_of(middle)[1][0]["noWhy"]
    middle.jump(len(middle))
    assert "it is the last of all" in page_of(middle)[1][0]["part"]
    for stepper, why, what in (
        (Stepper(apple()), "", ""),
        (Stepper(apple(), seed=2.0), "", "for a seed of 1: with 2,"),
        (Stepper(big(1500)), "for graphs of up to 2,000 nodes; this one has 3,001", ""),
        (Stepper(sqrt(Value(0.0)) * 1.0), "the sweep stops before every gradient is there", ""),
    ):
        _, (data,) = page_of(stepper)
        assert (bool(why), bool(what)) == (bool(data["noWhy"]), bool(data["noWhat"]))
        assert why in data["noWhy"]
        assert what in data["noWhat"]


# A program beside the steps.


def test_lines_beside_the_steps() -> None:
    """Each line of the source is a button for its steps, and only for these; what belongs to no step is plain; nothing in it is markup."""
    stepper = Stepper(apple())
    assert 'class="source"' not in stepper.beside().html()
    stepper.source = [("<b>top</b>", ()), ("subtotal = apple * count", (3,)), ("", ()), ("g_apple, g_count = …", (8, 9))]
    text = stepper.beside().html()
    assert "<span>&lt;b&gt;top&lt;/b&gt;</span>" in text
    lines = re.findall(r'<button type="button" tabindex="-1" class="(line[^"]*)" data-at="([^"]+)">([^<]*)</button>', text)
    assert [("line", "3", "subtotal = apple * count"), ("line back", "8 9", "g_apple, g_count = …")] == lines


def test_programs_with_hardly_a_line() -> None:
    """An argument that is returned as it is, and a constant: the function stands there, with no line to click or one."""
    for graph, inputs, expected in ((Value(2.0), None, 0), (Value(2.0, label="x"), None, 1), (Value(2.0), [], 0)):
        program = compile(graph, inputs=inputs)
        program(*([2.0] if inputs is None else []))
        walk = program_steps(program.source(), program.lines, program.graph())
        assert walk.source[0][0].startswith("def value_and_gradients(")
        assert expected == walk.beside().html().count('<button type="button" tabindex="-1" class="line')


def test_of_a_part_of_a_graph_only_its_lines() -> None:
    stepper = Stepper(big(500))
    stepper.jump(1200)
    stepper.source = [(f"line {number}", (number,)) for number in range(1, len(stepper) + 1)]
    text, (_, (data,)) = stepper.beside().html(), page_of(stepper)
    lines = re.findall(r'class="line[^"]*" data-at="([^"]+)">line (\d+)</button>', text)
    assert [(str(i), str(step["n"])) for i, step in enumerate(data["steps"], 1)] == lines
    assert "<span>⋮</span>" in text


def test_every_line_of_a_program_goes_to_its_own_step() -> None:
    """A line that computes v7 to the step that does; one that hands v7's gradient on to v5, to that step; with and without passes."""

    def f(x: Value, y: Value) -> Any:
        return tanh(x * y) * x + exp(y) ** 2

    for passes in (PASSES, ()):
        program = compile(f, passes=passes)
        program(0.5, 1.5)
        walk = program_steps(program.source(), program.lines, program.graph())
        recording, met = walk.recording, set()

        def number(node: Value) -> str:
            return str(node.label).partition(":")[0][1:]

        assert walk.source[0][0].startswith("def value_and_gradients(")
        for line, steps in walk.source:
            met.update(steps)
            for step in map(recording.step, steps):
                if isinstance(step, Forward):
                    assert re.match(rf"    (v{number(step.node)} = |# v{number(step.node)}: )", line)
                elif found := re.search(r"\bg(\d+) \+?= ", line):
                    assert passes == () or found[1] == number(step.operand)
        without = [walk.recording.step(i) for i in range(1, len(walk) + 1) if i not in met]
        # Without passes every step has its line. With them, a sum hands its gradient on in the same variable.
        assert {"add"} >= {step.node.op.name for step in without if step.node.op is not None}
        assert passes == PASSES or not without


def test_a_leaf_with_many_uses_is_named_at_each_place() -> None:
    """In a picture of many boxes a leaf's later arrows start at a copy of its name; the copies count as known when the leaf is."""
    x = Value(2.0, label="x")
    y = x
    for i in range(15):
        y = y * x + Value(float(i), label=f"b{i}")
    _, (data,) = page_of(Stepper(y))
    stubs = [link for link in data["links"] if link[3] == "stub"]
    leaf = next(node["id"] for node in data["nodes"] if node["name"] == "x")
    assert len(stubs) >= 4
    assert {leaf} == {link[4] for link in stubs}


def test_a_sweep_that_fails_says_so_on_its_page() -> None:
    x = Value(0.0, label="x")
    _, (data,) = page_of(Stepper(sqrt(x) * 2.0))
    assert data["problem"].startswith("no gradient through sqrt")
    assert [] == data["leaves"]


def test_pages_of_leaves_edited_numbers_and_seeds() -> None:
    """A graph of one node; numbers edited to what JSON has no word for; another seed."""
    _, (data,) = page_of(Stepper(Value(3.0)))
    assert 1 == len(data["steps"])
    x = Value(3.0, label="x")
    y = x * 2.0
    x.data = float("nan")
    _, (data,) = page_of(Stepper(y))
    assert "does not exist" == data["steps"][0]["value"]
    x.data = 3.0
    stepper = Stepper(y)
    before = stepper.beside().html()
    x.data = 50.0
    assert before == stepper.beside().html()
    assert 'class="edited"' in Stepper(y).beside().html()
    _, (data,) = page_of(Stepper(Value(3.0) * 2.0, seed=1.3))
    assert ("1.3", "2.6") == (data["seed"], data["steps"][2]["c"])


# Files.


def test_writing_a_page(tmp_path: Path) -> None:
    """Whole, or not at all; our own page is replaced, anything else is kept, also another page."""
    stepper = Stepper(apple())
    path = stepper.write(tmp_path / "apple.html")
    first = path.read_bytes()
    assert path == stepper.write(str(path))
    assert first == path.read_bytes()
    other = tmp_path / "index.html"
    other.write_text("<!DOCTYPE html><html>somebody's</html>")
    (tmp_path / "folder.html").mkdir()
    for wrong in (other, tmp_path / "folder.html", tmp_path / "no" / "page.html", tmp_path / "page.pdf", tmp_path / "page"):
        with pytest.raises(DrawingError, match="cannot write"):
            stepper.write(wrong)
    assert "somebody's" in other.read_text()
    assert ["apple.html", "folder.html", "index.html"] == sorted(os.listdir(tmp_path))


def test_the_command(tmp_path: Path, capsys: Out) -> None:
    """An example or an expression: the steps in words, and the page where one is asked for."""
    page = tmp_path / "page.html"
    assert 0 == main(["step", "apple", "-o", str(page)])
    out, err = capsys.readouterr()
    assert "   8  subtotal -> apple: upstream 1.1 × local 2 (∂(x·y)/∂x = y) = 2.2; apple.grad 0 + 2.2 = 2.2\n" in out
    assert ("", True) == (err, out.endswith(f"The page is in {page}\n"))
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert 0 == main(["step", "-a*b + exp(c)", "a=2", "b=3", "c=1"])
    assert "−a·b + exp(c) -> exp(c): upstream 1 × local 1" in capsys.readouterr().out
    assert 0 == main(["step", "sqrt(a)", "a=0", "-o", str(page)])
    assert "no gradient through sqrt" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["step"], 2),
        (["step", "2*3"], 2),
        (["step", "apple", "a=2"], 2),
        (["step", "a*", "a=2"], 2),
        (["step", "a*b", "a=2"], 2),
        (["step", "log(a)", "a=-1"], 1),
        (["step", "apple", "-o", "page.png"], 1),
        (["step", "apple", "-o", "no/where/page.html"], 1),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: list[str], code: int, capsys: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert code == main(arguments)
    err = capsys.readouterr().err
    assert "error" in err
    assert "Traceback" not in err
    assert [] == os.listdir(tmp_path)


def test_colours_can_be_read() -> None:
    """Text on its ground has a contrast of at least 4.5 in both schemes, numbers and quiet words included."""
    css = (ROOT / "autograd" / "stepping" / "page.css").read_text(encoding="utf-8")

    def luminance(color: str) -> float:
        color = color if len(color) == 7 else "#" + "".join(c * 2 for c in color[1:])
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    schemes = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", css)]
    assert 2 == len(schemes)
    for scheme in schemes:
        for text, grounds in {
            "ink": ("paper", "soft", "warm", "cool"),
            "quiet": ("paper", "soft", "warm", "cool"),
            "dim": ("paper",),
            "val": ("paper", "cool", "warm"),
            "grad": ("paper", "warm", "soft", "cool"),
            "good": ("paper",),
            "path": ("paper",),
        }.items():
            for ground in grounds:
                light, dark = sorted((luminance(scheme[text]), luminance(scheme[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_a_recording_changes_nothing() -> None:
    """Making, showing and writing a stepper leaves every field of every node as it was."""
    output = examples.two_two_one.build()
    output.backward(3.0)
    order = topological(output)
    fields = [(node.data, node.grad, node.label, node.dx, node.dy) for node in order]
    stepper = Stepper(output)
    stepper.run()
    stepper._repr_html_()
    Recording(output)
    assert fields == [(node.data, node.grad, node.label, node.dx, node.dy) for node in order]


def test_frames_replace_pictures_alone(tmp_path: Path) -> None:
    """A file of somebody else's with a frame's name is an error, and kept."""
    (tmp_path / "000.png").write_text("a photograph")
    with pytest.raises(DrawingError, match="the file there is no PNG picture"):
        Stepper(Value(2.0) * 3.0).write_frames(tmp_path)
    assert "a photograph" == (tmp_path / "000.png").read_text()


def test_with_a_seed_of_its_own_a_page_has_no_what_if() -> None:
    """There, gradient × Δ is not the change of the output."""
    u = Value(2.0, label="u")
    assert [2.0, 0] == page_of(Stepper(u * u))[1][0]["inputs"]
    elements, (data,) = page_of(Stepper(u * u, seed=-2.5))
    assert [] == data["inputs"]
    assert 3 == len(elements.scripts)
