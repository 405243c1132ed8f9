"""The drawing room: what a picture says, read back from its SVG, and what happens to hostile input."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograd import (
    DrawingError,
    MissingExtraError,
    Stepper,
    Value,
    check_graph,
    custom_gradient,
    draw,
    draw_modes,
    examples,
    exp,
    latex,
    relu,
    scope,
    sqrt,
    steps,
    tanh,
    tree,
)
from autograd.drawing import engine, layout_engine
from autograd.drawing.picture import Picture
from autograd.drawing.view import look
from autograd.graph import topological
from autograd.naming import find_names
from autograd.program import compile as compiled
from autograd.typeset import shown

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    'say "hi"',
    "back\\slash \\N \\G \\n",
    "two\nlines",
    "nul\0byte",
    "<b>bold</b>",
    "<<b>bold</b>>",
    "{a|b}",
    "a & b &lt; c",
    "</svg><script>alert(1)</script>",
    "\u202eright to left",
    "🍎",
    "사과 가격",
    "x -> y; }",
    "]]>",
    "",
    "\ud800",
]


def texts(svg: str) -> list[str]:
    """Every text in the picture, pieces of one line joined."""
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def titles(svg: str) -> dict[str, str]:
    """The sentence on every node and edge, by id."""
    groups = [group for group in ET.fromstring(svg).iter(f"{SVG}g") if group.get("class") in ("node", "edge")]
    assert len({group.get("id") for group in groups}) == len(groups)
    return {str(group.get("id")): group.findtext(f"{SVG}title") or "" for group in groups}


def apple() -> Value:
    return examples.apple.build()


@pytest.mark.parametrize("name", examples.NAMES)
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_every_example_draws_every_node_and_every_connection_once(name: str, direction: str) -> None:
    """One group per box and per arrow, each with its sentence; forward has no backward arrow."""
    for graph in examples.run(name).graphs:
        svg = draw(graph.output, direction=direction, seed=graph.seed).pipe("svg", encoding="utf-8")
        view = look([graph.output], seed=graph.seed, names=None)
        found = titles(svg)
        expected = {box.id for box in view.boxes} | {f"{c.id}f" for c in view.connections}
        flowing = [c for c in view.connections if c.contribution is not None]
        expected |= {c.id for c in flowing} | ({f"{c.id}b" for c in flowing} if direction != "forward" else set())
        assert expected == {key for key in found if not re.fullmatch(r"n\d+s", key)}
        assert all(found.values())


def test_the_apple_picture_says_the_answer_key() -> None:
    """Values and gradients of the answer key stand at the right arrows."""
    found = list(titles(draw(apple()).pipe("svg", encoding="utf-8")).values())
    for sentence in [
        "apple: 100, gradient 2.2",
        "count: 2, gradient 110",
        "tax: 1.1, gradient 200",
        "subtotal = ×: 200, gradient 1.1",
        "apple → ×: value 100",
        "× → apple: upstream gradient 1.1 × local derivative 2 = 2.2",
        "× → count: upstream gradient 1.1 × local derivative 100 = 110",
        "× → tax: upstream gradient 1 × local derivative 200 = 200",
        "× → ×: upstream gradient 1 × local derivative 1.1 = 1.1",
        "price → ×: upstream gradient 1 × local derivative 1 = 1",
        "price = 220",
    ]:
        assert sentence in found


def test_numbers_stand_in_the_picture_by_direction() -> None:
    """Forward shows values alone; both shows gradients too; arithmetic shows how each came about."""
    shown = {d: texts(draw(apple(), direction=d).pipe("svg", encoding="utf-8")) for d in ("forward", "both")}
    assert "2.2" not in shown["forward"]
    assert {"apple", "100", "2.2", "110", "1.1"} <= set(shown["both"])
    assert "= 1.1 × 2" in texts(draw(apple(), arithmetic=True).pipe("svg", encoding="utf-8"))


def test_a_negative_factor_stands_in_brackets() -> None:
    x = Value(2.0, label="x")
    assert "= 1 × (−1)" in texts(draw(5.0 - x, arithmetic=True).pipe("svg", encoding="utf-8"))


def test_parallel_edges_stay_and_their_sum_is_said() -> None:
    """x·x has two connections of gradient 3 each, and Σ = 6 at x."""
    x = Value(3.0, label="x")
    svg = draw(x * x).pipe("svg", encoding="utf-8")
    assert ["× → x: upstream gradient 1 × local derivative 3 = 3"] * 2 == [t for t in titles(svg).values() if "→ x" in t]
    assert "Σ = 6" in texts(svg)


def test_the_sum_at_an_operation_stands_beside_it() -> None:
    x = Value(3.0, label="x")
    h = exp(x)
    assert texts(draw(h * h).pipe("svg", encoding="utf-8")).count("Σ = 40.1711") == 1


def test_constants_are_drawn_and_send_nothing_back() -> None:
    x = Value(3.0, label="x")
    found = titles(draw(x * 2.5).pipe("svg", encoding="utf-8"))
    assert "constant 2.5" in found.values()
    assert "2.5 → ×: value 2.5" in found.values()
    assert "c0" in found
    assert not [sentence for sentence in found.values() if "→ 2.5" in sentence]


def test_operands_keep_their_order_where_it_matters() -> None:
    """In a ÷ b, a stands above b, whichever was made first."""
    for make in (lambda a, b: a / b, lambda a, b: a - b, lambda a, b: a**b):
        b, a = Value(2.0, label="b"), Value(3.0, label="a")
        root = ET.fromstring(draw(make(a, b)).pipe("svg", encoding="utf-8"))
        height = {element.text: float(str(element.get("y"))) for element in root.iter(f"{SVG}text")}
        assert height["a"] < height["b"]


def test_looking_changes_nothing() -> None:
    """No grad is read or written: the gradients shown are those of the given output, whatever backward() left."""
    price = apple()
    (price * 3.0).backward()
    before = [node.grad for node in topological(price)]
    svg = draw(price).pipe("svg", encoding="utf-8")
    after = [node.grad for node in topological(price)]
    assert before == after
    assert "2.2" in texts(svg)


def test_a_seed_scales_every_gradient() -> None:
    assert (
        "× → apple: upstream gradient 11 × local derivative 2 = 22"
        in titles(draw(apple(), seed=10.0).pipe("svg", encoding="utf-8")).values()
    )


def test_names_come_from_labels_then_from_the_namespace() -> None:
    """A label wins; locals() names the rest, list members with their index; what has neither shows its number."""
    a, b, c = Value(1.5), Value(2.5, label="b!"), [Value(3.5)]
    total = a * b + c[0] * Value(4.5)
    shown = texts(draw(total, names=locals()).pipe("svg", encoding="utf-8"))
    assert {"a", "b!", "c[0]", "4.5", "total"} <= set(shown)
    assert "b" not in shown


def test_names_skip_private_and_take_the_first() -> None:
    x = Value(1.0)
    assert {x: "first"} == find_names({"_hidden": x, "first": x, "second": x, "n": 3})


def test_several_outputs_share_one_picture() -> None:
    """The gradient is that of their sum, and each output is named."""
    x = Value(2.0, label="x")
    h = x * 3.0
    h.label = "h"
    o = h * h
    o.label = "o"
    found = titles(draw([o, h]).pipe("svg", encoding="utf-8")).values()
    assert "x: 2, gradient 39" in found
    assert {"o = 36", "h = 6"} <= set(found)


def test_an_edited_node_is_marked() -> None:
    x = Value(2.0, label="x")
    y = x * 3.0
    assert "stroke-dasharray" not in draw(y).pipe("svg", encoding="utf-8")
    x.data = 5.0
    svg = draw(y).pipe("svg", encoding="utf-8")
    assert "stroke-dasharray" in svg
    assert "edited since it was recorded" in svg


def test_a_derivative_that_does_not_exist_is_said() -> None:
    assert "does not exist" in texts(draw(sqrt(Value(0.0, label="x"))).pipe("svg", encoding="utf-8"))


def test_zero_hands_nothing_on() -> None:
    """Strong zero: behind a closed relu the picture shows 0, not what a division by zero would make of it."""
    x = Value(0.0, label="x")
    found = titles(draw(relu(sqrt(x) - 1.0)).pipe("svg", encoding="utf-8")).values()
    assert "x: 0, gradient 0" in found


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_stays_one_node_and_is_shown_literally(label: str) -> None:
    """As an input, as an inner node and as an output; the graph keeps its three connections, and no markup appears."""
    x = Value(2.0, label=label)
    y = x * Value(3.0, label="y")
    y.label = label
    z = exp(y)
    z.label = label
    svg = draw(z).pipe("svg", encoding="utf-8")
    view = look([z], seed=1.0, names=None)
    assert 4 == len(view.connections)
    assert len(view.boxes) + 3 * 4 == len(titles(svg))
    assert not list(ET.fromstring(svg).iter(f"{SVG}script"))
    assert not list(ET.fromstring(svg).iter(f"{SVG}a"))
    if label.isprintable() and label:
        assert label in texts(svg)


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_caption_leaves_the_picture_whole(label: str) -> None:
    """Control characters and halves of letters become spaces, in the caption and in the name for screen readers."""
    svg = draw(Value(1.0), caption=f"\x00\x07\ud800{label}\uffff").pipe("svg", encoding="utf-8")
    assert "svg" in ET.fromstring(svg).tag


@pytest.mark.parametrize("scope_name", [" ", "\n", "\t", "\x00", "a\nb", " / ", "<b>"])
@pytest.mark.parametrize("style", ["textbook", "cards"])
def test_a_scope_of_spaces_and_control_characters_is_drawn(scope_name: str, style: str) -> None:
    """What cannot be printed is a space, and spaces alone have a frame all the same."""
    with scope(scope_name):
        y = Value(2.0, label="x") * 3.0
    with scope(scope_name):
        y = y + 1.0
    assert b"<svg" in draw(y, style=style).pipe("svg")  # type: ignore[arg-type]
    assert b"<svg" in draw(y, fold=1, style=style).pipe("svg")  # type: ignore[arg-type]


@pytest.mark.parametrize("label", [3, 2.5, ["a", "b"], b"bytes", True, Value(7.0), print])
def test_a_label_of_any_type_is_shown_as_text(label: Any) -> None:
    """A label is whatever somebody puts there: every picture, formula, table and program shows it as Python writes it."""
    x = Value(2.0)
    inner = x * 3.0
    y = exp(inner) + x
    x.label = inner.label = y.label = label
    text = shown(str(label))
    assert text in html.unescape(draw(y).source)
    assert b"<svg" in draw(y, style="cards").pipe("svg")
    assert text in tree(y)
    for look_at in (latex, check_graph, lambda node: list(steps(node)), lambda node: Stepper(node).view()):
        assert str(look_at(y))
    program = compiled(y)
    assert program(2.0).value == y.data
    assert f"# v0: {text}" in program.source()


@pytest.mark.parametrize("letters", [1, 2, 5, 8, 9, 12, 40])
def test_an_operation_of_any_name_fits_its_circle(letters: int) -> None:
    """The widest letters there are, in the picture, in both modes and in the steps: the layout engine refuses what does not fit."""
    wide = custom_gradient(lambda z, x: 1.0)(lambda x: x)
    wide.primitive.symbol = "W" * letters
    x = Value(2.0, label="x")
    y = wide(x) * x
    assert b"<svg" in draw(y).pipe("svg")
    assert b"<svg" in draw_modes(y, [x]).pipe("svg")
    assert "&lt;svg" in Stepper(y).beside()._repr_html_()


def test_all_paths_from_a_node_to_itself() -> None:
    """They are the node alone: a picture without arrows."""
    x = Value(2.0, label="x")
    assert b"<svg" in draw(x * x, paths=(x, x)).pipe("svg")


def test_a_megabyte_of_label_is_shortened() -> None:
    svg = draw(Value(1.0, label="long " * 200_000)).pipe("svg", encoding="utf-8")
    assert len(svg) < 5000
    assert "…" in svg


def test_a_leaf_alone_is_a_picture() -> None:
    assert "x" in texts(draw(Value(1.0, label="x")).pipe("svg", encoding="utf-8"))


def test_dot_text_is_the_same_every_time() -> None:
    assert draw(apple()).source == draw(apple()).source


def test_what_somebody_adds_to_a_picture_is_drawn() -> None:
    """A Picture is a Digraph: nodes added to it appear, whether it was rendered before or not."""
    picture = draw(apple())
    picture.node("early", "my first note")
    assert "my first note" in texts(picture.pipe("svg", encoding="utf-8"))
    picture = draw(apple())
    picture.pipe("svg")
    picture.node("mine", "my own note")
    assert "my own note" in texts(picture.pipe("svg", encoding="utf-8"))


def test_bad_arguments_say_what_is_needed() -> None:
    with pytest.raises(TypeError, match=r"draw needs a Value, or several, but got 3\.0 of type float"):
        draw(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="but got 'a' of type str"):
        draw(["a"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="empty list"):
        draw([])
    with pytest.raises(ValueError, match="direction is 'forward', 'backward' or 'both', but got 'up'"):
        draw(Value(1.0), direction="up")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a format, an encoding and a dpi only"):
        draw(Value(1.0)).pipe("svg", renderer="cairo")


def test_too_many_boxes_are_refused_with_their_count() -> None:
    x = Value(1.0)
    for _ in range(500):
        x = x * 1.0
    with pytest.raises(DrawingError, match=r"1002 boxes are too many .* \(the limit is"):
        draw(x)


# Files.


@pytest.mark.parametrize(("ending", "begin"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_write_makes_each_format_and_replaces_its_own_kind(tmp_path: Path, ending: str, begin: bytes) -> None:
    path = tmp_path / f"사과.{ending}"
    for _ in range(2):
        assert path == draw(apple()).write(path)
        assert path.read_bytes().startswith(begin)
    assert [path] == list(tmp_path.iterdir())
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_write_refuses_what_it_would_destroy_or_cannot_name(tmp_path: Path) -> None:
    """Another kind of file, a folder, a missing folder, an unknown ending: an error each, and nothing touched."""
    other = tmp_path / "letter.png"
    other.write_text("Dear reader")
    (tmp_path / "folder.svg").mkdir()
    for path, words in [
        (other, "the file there is no PNG picture"),
        (tmp_path / "folder.svg", "it is a folder"),
        (tmp_path / "nowhere" / "a.svg", "there is no folder"),
        (tmp_path / "a.bmp", r"its ending says \.bmp"),
        (tmp_path / "a", "its ending says nothing"),
    ]:
        with pytest.raises(DrawingError, match=words):
            draw(apple()).write(path)
    assert other.read_text() == "Dear reader"
    assert {"letter.png", "folder.svg"} == {path.name for path in tmp_path.iterdir()}


def test_a_failed_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DrawingError, match="disk full"):
        draw(apple()).write(tmp_path / "a.svg")
    assert [] == list(tmp_path.iterdir())


def test_png_resolution_is_chosen(tmp_path: Path) -> None:
    """Twice the dots per inch, twice the pixels."""
    sizes = []
    for dpi in (96, 192):
        data = draw(apple()).write(tmp_path / "a.png", dpi=dpi).read_bytes()
        sizes.append(int.from_bytes(data[16:20], "big"))
    assert 1.95 < sizes[1] / sizes[0] < 2.05


# Notebooks, engines, messages.


def test_a_notebook_gets_svg_and_png_of_one_size() -> None:
    data, metadata = draw(apple(), caption="apple shopping")._repr_mimebundle_()
    assert {"image/svg+xml", "image/png", "application/pdf", "text/plain"} == set(data)
    assert 'aria-label="apple shopping"' in data["image/svg+xml"]
    assert "max-width:100%" in data["image/svg+xml"]
    width = int(re.search(r'width="(\d+)"', data["image/svg+xml"])[1])  # type: ignore[index]
    assert abs(width - metadata["image/png"]["width"]) <= 2


def test_no_picture_in_a_notebook_is_wider_than_paper() -> None:
    """An SVG has no more pixels than A4 has room for in a printed notebook, 576 by 860, or no size, and then it is as wide as there is
    room; a PNG, which every viewer shrinks, is as large as that, or 860 pixels wide."""
    row, column = tanh(tanh(Value(1.0, label="a"))) * 2.0, sum(Value(float(i), label=f"x{i}") for i in range(40))
    for output, sized in ((apple(), True), (row, True), (examples.two_two_one.build(), False), (column, True)):
        picture = draw(output, chains=output is column)
        natural = [float(x) * 96 / 72 for x in re.findall(r'(?:width|height)="([\d.]+)pt"', picture.pipe("svg", encoding="utf-8"))[:2]]
        data, metadata = picture._repr_mimebundle_()
        root = re.search("<svg [^>]*>", data["image/svg+xml"])[0]  # type: ignore[index]
        size, png = [int(x) for x in re.findall(r' (?:width|height)="(\d+)"', root)], metadata["image/png"]
        assert sized == bool(size)
        assert "viewBox=" in root
        if sized:
            scale = min(1.0, 576 / natural[0], 860 / natural[1])
            assert [pytest.approx(x * scale, abs=1) for x in natural] == size == pytest.approx([png["width"], png["height"]], abs=1)
        else:
            assert natural[0] > 860 == png["width"]


def test_a_pdf_has_the_size_of_the_svg(tmp_path: Path) -> None:
    """Its page ends where the SVG does; and every address in the file is right."""
    drawn = draw(apple()), draw(apple(), style="cards", caption="apple shopping", legend=True)
    for picture in drawn:
        svg, pdf = picture.pipe("svg", encoding="utf-8"), picture.pipe("pdf")
        size = [float(x) for x in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2]]
        (box,) = re.findall(rb"/MediaBox \[ *0 0 ([\d.]+) ([\d.]+) *\]", pdf)
        assert size == pytest.approx([float(x) for x in box], abs=1)
        table = re.search(rb"\nxref\n0 \d+\n(.*)trailer.*startxref\n(\d+)", pdf, re.DOTALL)
        assert table
        assert pdf.startswith(b"xref", int(table[2]))
        for number, line in enumerate(table[1].splitlines()):
            assert number == 0 or pdf.startswith(b"%d 0 obj" % number, int(line.split()[0]))


def test_a_notebook_without_an_engine_gets_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a traceback in a cell's output; and the DOT text is still there."""
    monkeypatch.setattr(engine, "layout_engine", lambda: "")
    picture = draw(apple())
    data, _ = picture._repr_mimebundle_()
    assert {"text/plain"} == set(data)
    assert "pip install 'glassgrad[draw]'" in data["text/plain"]
    with pytest.raises(MissingExtraError, match=r"glassgrad\[draw\].*`dot` is on PATH"):
        picture.pipe("svg")
    assert "apple" in picture.source


def test_without_the_extra_draw_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'glassgrad\[draw\]'"):
        draw(apple())


def test_engine_detection(monkeypatch: pytest.MonkeyPatch) -> None:
    """pygraphviz when it imports, else dot on PATH, else none."""
    pytest.importorskip("pygraphviz")
    assert "pygraphviz" == layout_engine()
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(engine.shutil, "which", lambda _: "/usr/bin/dot")
    assert "dot" == layout_engine()
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)
    assert "" == layout_engine()


def test_the_program_dot_serves_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same picture through a `dot` on PATH (here a stand-in that speaks its command line and lays out in process)."""
    pytest.importorskip("pygraphviz")
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, pygraphviz\n"
        "engine, form, *rest = sys.argv[1:]\n"
        "graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())\n"
        "for word in rest:\n"
        "    graph.graph_attr['dpi'] = word.removeprefix('-Gdpi=')\n"
        "sys.stdout.buffer.write(graph.draw(format=form.removeprefix('-T'), prog=engine.removeprefix('-K')))\n"
    )
    program.chmod(0o755)
    expected = draw(apple()).pipe("svg")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(engine, "layout_engine", lambda: "dot")
    assert expected == draw(apple()).pipe("svg")
    assert draw(apple()).pipe("png").startswith(b"\x89PNG")


def test_broken_markup_cannot_pass_silently() -> None:
    """The engine only writes to file descriptor 2 and draws something else; here that is an error."""
    picture = draw(apple())
    picture.node("mine", "<<b>never closed>")
    with pytest.raises(DrawingError, match="mismatched tag"):
        picture.pipe("svg")


def test_a_thousand_boxes_are_drawn_where_somebody_insists() -> None:
    """The engine's remark that this takes long is no complaint."""
    x = Value(1.0)
    for _ in range(400):
        x = x * 1.0
    assert b"</svg>" in draw(x, limit=10_000, style="textbook").pipe("svg")


def test_nothing_reaches_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    draw(apple()).pipe("svg")
    draw(apple()).pipe("png")
    assert "" == capfd.readouterr().err


def test_the_two_two_one_picture_takes_under_a_second_from_a_cold_start() -> None:
    """Generously above the figure the benchmarks measure: a guard against hanging, not a timing."""
    pytest.importorskip("pygraphviz")
    code = "from autograd import draw, examples; draw(examples.two_two_one.build()).pipe('svg')"
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize(
    ("call", "name", "begins"),
    [
        (lambda picture, folder: picture.render(folder / "out"), "out.pdf", b"%PDF"),
        (lambda picture, folder: picture.render(str(folder / "out"), format="png"), "out.png", b"\x89PNG"),
        (lambda picture, folder: picture.render("out.svg", directory=folder / "made"), "made/out.svg", b"<?xml"),
        (lambda picture, folder: picture.render("out.gv", folder, cleanup=True, quiet=True), "out.gv.pdf", b"%PDF"),
        (lambda picture, folder: picture.render(outfile=folder / "out.png"), "out.png", b"\x89PNG"),
    ],
)
def test_render_is_graphvizs_without_its_program_and_its_stray_file(
    call: Callable[[Any, Path], str], name: str, begins: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """draw(y).render("out") writes one file and returns its path; no `dot` is asked for."""
    monkeypatch.setenv("PATH", "")
    x = Value(3.0, label="x")
    written = call(draw(x * x), tmp_path)
    assert [tmp_path / name] == [path for path in tmp_path.rglob("*") if path.is_file()] == [Path(written)]
    assert Path(written).read_bytes().startswith(begins)


def test_render_replaces_pictures_alone_and_says_what_it_takes(tmp_path: Path) -> None:
    picture = draw(Value(1.0, label="x") * 2.0)
    notes = tmp_path / "notes.svg"
    notes.write_text("mine")
    with pytest.raises(DrawingError, match="would be lost"):
        picture.render(notes)
    assert "mine" == notes.read_text()
    with pytest.raises(DrawingError, match=r"there are \.svg, \.png and \.pdf"):
        picture.render(tmp_path / "out", format="jpg")
    with pytest.raises(TypeError, match="render of a Picture takes"):
        picture.render(tmp_path / "out", renderer="cairo")


def test_view_opens_a_file_for_a_while_or_the_one_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left where the program runs; without a viewer the error says where the picture is."""
    monkeypatch.chdir(tmp_path)
    opened: list[tuple[Path, str]] = []
    monkeypatch.setattr(Picture, "_view", lambda self, path, *, format, quiet: opened.append((Path(path), format)))
    picture = draw(Value(1.0, label="x") * 2.0)
    path = Path(picture.view())
    assert ([(path, "pdf")], []) == (opened, [*tmp_path.iterdir()])
    assert path.read_bytes().startswith(b"%PDF")
    assert "here.svg" == picture.view("here.svg")
    assert (["here.svg"], "svg") == ([path.name for path in tmp_path.iterdir()], opened[-1][1])

    def none(self: Any, path: Path, *, format: str, quiet: bool) -> None:
        raise FileNotFoundError("no xdg-open")

    monkeypatch.setattr(Picture, "_view", none)
    with pytest.raises(DrawingError, match=r"the picture is in .*picture\.pdf, but nothing was found here that could show it"):
        picture.view()


def test_a_terminal_says_how_to_see_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Python's own and in IPython's; a notebook, which shows it, does not."""
    picture = draw(Value(1.0, label="x") * 2.0, caption="twice")
    told = "<Picture: twice, to be seen in a notebook, by .view(), or in a file by .write('picture.svg')>"
    assert told == repr(picture)
    shell = SimpleNamespace(display_formatter=SimpleNamespace(active_types=["text/plain"]))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    assert ({"text/plain": told}, {}) == picture._repr_mimebundle_()
    shell.display_formatter.active_types = ["text/plain", "image/svg+xml"]
    assert "<Picture: twice>" == picture._repr_mimebundle_()[0]["text/plain"]


def test_stored_gradients_stand_beside_the_sweeps() -> None:
    """gradients="stored": each card shows what is in grad, in another colour where that is something else; nothing is changed."""
    x, w = Value(3.0, label="x"), Value(2.0, label="w")
    y = x * w
    y.backward()
    y.backward()
    picture = draw(y, gradients="stored")
    shown_texts = texts(picture.pipe("svg", encoding="utf-8"))
    assert 3 == shown_texts.count("stored")
    assert {"4", "6", "2", "3"} <= {text.strip("\u2009") for text in shown_texts}  # two sweeps beside one
    wrong = picture.style.palette.wrong  # type: ignore[union-attr]
    assert 2 == picture.source.count(f'<font color="{wrong}">')
    w.grad = None  # type: ignore[assignment]
    assert "None" in {text.strip("\u2009") for text in texts(draw(y, gradients="stored").pipe("svg", encoding="utf-8"))}
    assert ("stored" in draw(y, style="cards").source, w.grad) == (False, None)
    with pytest.raises(ValueError, match="needs the cards style"):
        draw(y, gradients="stored", style="textbook")
    with pytest.raises(ValueError, match="gradients is 'sweep' or 'stored'"):
        draw(y, gradients="mine")  # type: ignore[arg-type]
