"""The command line: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd import PRIMITIVES, composed, examples, hessian
from autograd.__main__ import main
from autograd.cli.commands import Command, Commands
from autograd.cli.expressions import add_expression
from autograd.cli.pictures import FOLDER
from autograd.drawing import engine
from autograd.expression import parse, width
from autograd.graph import topological
from autograd.typeset import number

from .machines import no_fonts

ROOT = Path(__file__).parent.parent
DRAWS = pytest.mark.skipif(importlib.util.find_spec("pygraphviz") is None, reason="the extra `draw` is not installed")
KINDS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}

APPLE = """\
Two apples at 100 each, 10 % tax
================================

price = (apple × count) × tax

  node      forward  gradient
  apple       100         2.2
  count         2       110
  subtotal    200         1.1
  tax           1.1     200
  price       220         1

One more unit of the apple's price costs 2.2 more: an apple at 101 makes 222.2.
One more apple costs 110 more.
A tax of 1.2 instead of 1.1 costs 200 × 0.1 = 20 more.
A product hands each operand the other operand's value times what came from upstream.

"""

Out = pytest.CaptureFixture[str]


def python(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """The command line in a process of its own."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "autograd", *arguments]
    return subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# The examples.


@pytest.mark.slow
def test_everything_at_once(tmp_path: Path, capsys: Out) -> None:
    """Without a command: every example printed, and six pictures of every graph in the folder that is named."""
    pytest.importorskip("pygraphviz")
    folder = tmp_path / "deep" / "pictures"
    assert 0 == main(["-o", str(folder)])
    out, err = capsys.readouterr()
    assert "" == err
    assert out.startswith(APPLE)
    graphs = 0
    for name in examples.NAMES:
        example = examples.run(name)
        graphs += len(example.graphs)
        assert example.title in out
        assert all(graph.title in out for graph in example.graphs)
    written = sorted(folder.iterdir())
    assert 6 * graphs == len(written)
    assert out.endswith(f"{6 * graphs} pictures are in {folder}{os.sep}\n")
    assert all(path.read_bytes().startswith(KINDS[path.suffix]) for path in written)
    assert {"apple-forward.svg", "chain-product-both.png", "two_two_one-updated-backward.svg"} < {path.name for path in written}


def test_one_example_in_the_folder_it_names(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -o the pictures go into a folder of their own where the command was given; a second run replaces them."""
    pytest.importorskip("pygraphviz")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert 0 == main(["example", "apple"])
        assert APPLE + f"6 pictures are in {FOLDER}{os.sep}\n" == capsys.readouterr().out
        assert [FOLDER] == os.listdir(tmp_path)
        names = [f"apple-{direction}.{ending}" for direction in ("backward", "both", "forward") for ending in ("png", "svg")]
        assert names == sorted(os.listdir(FOLDER))


def test_the_numbers_alone(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """--no-pictures writes nothing, on either side of the command's name."""
    monkeypatch.chdir(tmp_path)
    for arguments in (["--no-pictures", "example", "apple"], ["example", "apple", "--no-pictures"]):
        assert 0 == main(arguments)
        assert (APPLE, "") == capsys.readouterr()
        assert [] == os.listdir(tmp_path)


def test_steps_of_learning(capsys: Out) -> None:
    """--steps repeats the update; the losses on the way are the lecture's."""
    assert 0 == main(["example", "two_two_one", "--steps", "100", "--no-pictures"])
    out = capsys.readouterr().out
    assert "The loss before update 10 is 0.109773." in out
    assert "The loss before update 100 is 0.040600." in out


@pytest.mark.parametrize("name", examples.NAMES)
def test_tables_are_aligned(name: str, capsys: Out) -> None:
    """In every table of an example the decimal points of a column stand below each other."""
    assert 0 == main(["example", name, "--no-pictures"])
    for block in capsys.readouterr().out.split("\n\n"):
        if block.startswith("  node"):
            cells = [re.split(r"  +", line.strip()) for line in block.splitlines()[1:]]
            assert all(3 == len(row) for row in cells)
            for column in (1, 2):
                points = set()
                for line, row in zip(block.splitlines()[1:], cells, strict=True):
                    at = line.index(row[1], 2 + len(row[0])) if column == 1 else line.rindex(row[2])
                    points.add(width(line[:at]) + len(re.split("[.·]", row[column])[0]))
                assert 1 == len(points)


# draw.


def test_draw_prints_every_part_of_the_expression(capsys: Out) -> None:
    """A row for every name and every operation, and how to get a picture."""
    assert 0 == main(["draw", "a*b + exp(c)", "a=2", "b=3", "c=1"])
    expected = """\
node          forward  gradient
a             2         3
b             3         2
a·b           6         1
c             1         2.71828
exp(c)        2.71828   1
a·b + exp(c)  8.71828   1

No picture was asked for: -o graph.svg writes one (or .png, .pdf).
"""
    assert (expected, "") == capsys.readouterr()


def test_draw_aligns_hangul(capsys: Out) -> None:
    """Names of two columns a letter do not push the numbers out of line; they may be typed letter by letter."""
    assert 0 == main(["draw", "사과*개수*세율", "\u1109\u1161\u1100\u116a=100", "개수=2", "세율=1.1"])
    out, err = capsys.readouterr()
    assert "" == err
    assert """\
node            forward  gradient
사과              100         2.2
개수                2       110
사과·개수         200         1.1
세율                1.1     200
사과·개수·세율    220         1
""" == out.split("\n\n")[0] + "\n"  # fmt: skip


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("where", ["first", "before", "between", "after"])
def test_draw_writes_the_picture_asked_for(ending: str, where: str, tmp_path: Path, capsys: Out) -> None:
    """Each format by its ending; the option may stand anywhere."""
    pytest.importorskip("pygraphviz")
    path = tmp_path / f"graph{ending}"
    option = ["-o", str(path)]
    words = {
        "first": [*option, "draw", "a*b", "a=2", "b=3"],
        "before": ["draw", *option, "a*b", "a=2", "b=3"],
        "between": ["draw", "a*b", *option, "a=2", "b=3"],
        "after": ["draw", "a*b", "a=2", "b=3", *option],
    }
    assert 0 == main(words[where])
    out, err = capsys.readouterr()
    assert "" == err
    assert out.endswith(f"\n\nThe picture is in {path}\n")
    assert path.read_bytes().startswith(KINDS[ending])


def test_draw_labels_the_leaves_and_knows_directions(tmp_path: Path) -> None:
    """The names of the expression are in the picture; a forward picture has no gradient in it."""
    pytest.importorskip("pygraphviz")
    for direction, gradient in (("forward", False), ("backward", True), ("both", True)):
        path = tmp_path / f"{direction}.svg"
        assert 0 == main(["draw", "사과*개수", "사과=17", "개수=23", "-o", str(path), "--direction", direction])
        svg = path.read_text(encoding="utf-8")
        assert ">사과<" in svg
        assert gradient == (">23</text>" in svg.replace(">23</text>", "", 1))


@pytest.mark.parametrize("text", ["-a*b", "-(a*b)", "- a*b", "-a * b", "+-a*b"])
def test_an_expression_may_begin_with_a_minus(text: str, capsys: Out) -> None:
    """It is no option."""
    assert 0 == main(["draw", text, "a=2", "b=-3"])
    assert re.search(r"−a·b +6 +1\n", capsys.readouterr().out)


def test_a_gradient_that_does_not_exist_is_said(capsys: Out) -> None:
    """The numbers that exist are shown, the others are named, and the reason is given."""
    assert 0 == main(["draw", "sqrt(a)", "a=0"])
    out, err = capsys.readouterr()
    assert "" == err
    assert "does not exist" in out.split("\n\n")[0]
    assert "no gradient through sqrt" in out.split("\n\n")[1]


# grad.


def test_a_report_has_every_way_and_the_numbers_to_the_last_bit(capsys: Out) -> None:
    """All ways but the differences print the same digits; the installation is told as the doctor tells it."""
    assert 0 == main(["report", "x**2*y + log(x)", "x=2", "y=0.1"])
    out = capsys.readouterr().out
    assert "y           0.1  0x1.999999999999ap-4" in out
    ways = dict(re.findall(r"^(backward\(\)|as a graph|forward|compiled|differences) +(.*)$", out, flags=re.MULTILINE))
    assert {"0.9  4.0"} == {re.sub(" +", "  ", ways[way]) for way in ("backward()", "as a graph", "forward", "compiled")}
    assert all(abs(float(a) - float(b)) < 1e-9 for a, b in zip(ways["differences"].split(), ("0.9", "4.0"), strict=True))
    assert "6 nodes: 6 × agrees" in out
    assert "platform " in out
    assert "glassgrad " in out


def test_a_report_goes_on_where_a_way_has_no_answer(capsys: Out) -> None:
    """The error's kind stands in the table, its words below it, once."""
    assert 0 == main(["report", "cos(sqrt(x))", "x=0"])
    out = capsys.readouterr().out
    assert re.search(r"^backward\(\) +GradientError$", out, flags=re.MULTILINE)
    assert 1 == out.count("GradientError: no gradient through sqrt")


def test_grad_prints_the_value_and_every_gradient(capsys: Out) -> None:
    """A row for every name, in the order of the expression, and one for the whole; the Hessian only where it is asked for."""
    first = """\
node   forward  gradient
x            2       −12
y            3        −4
−x²·y      −12         1
"""
    second = """
Hessian   x   y
x        −6  −4
y        −4   0
"""
    for arguments, expected in (([], first), (["--order", "1"], first), (["--order", "2"], first + second)):
        assert 0 == main(["grad", "-x**2*y", *arguments, "y=3", "x=2"])
        assert (expected, "") == capsys.readouterr()


def test_the_hessian_has_a_row_and_a_column_for_every_name(capsys: Out) -> None:
    """Its entries are those of `hessian`, 0 where two names do not meet, and its decimal points stand below each other."""
    text, point = "exp(사과)*b + b*c", {"사과": 0.5, "b": -2.0, "c": 3.0}
    assert 0 == main(["grad", text, *(f"{name}={x}" for name, x in point.items()), "--order", "2"])
    out = capsys.readouterr().out
    assert "exp(사과)·b + b·c  −9.29744   1\n" in out
    expected = hessian(parse(text).build)(point)
    head, *rows = out.split("\n\n")[1].splitlines()
    assert ["Hessian", *point] == head.split()
    assert list(point) == [row.split()[0] for row in rows]
    for name, row in zip(point, rows, strict=True):
        assert [number(expected[name][other]) for other in point] == row.split()[1:]
    columns = [
        [width(row[: cell.start()]) + cell[0].find(".") for cell in re.finditer(r"(?<= )\S+", row) if "." in cell[0]] for row in rows
    ]
    assert [2, 1] == [len(column) for column in columns if column]
    assert columns[0][0] == columns[1][0]


@pytest.mark.parametrize(("text", "jumps"), [("abs(x)", "sign at 0"), ("relu(x)*y", "heaviside at 0, relu at 0"), ("x*y", "")])
def test_a_hessian_that_is_one_by_convention_is_said(text: str, jumps: str, capsys: Out) -> None:
    """Where the gradient jumps, its own derivative is taken as 0: the output says so, and only there."""
    assert 0 == main(["grad", text, "x=0", *["y=2"] * ("y" in text), "--order", "2"])
    said = f"The gradient jumps here ({jumps}): its own derivative there is taken as 0, by convention.\n"
    assert [said] * bool(jumps) == [line for line in capsys.readouterr().out.splitlines(True) if "convention" in line]


def test_one_name_is_its_own_whole(capsys: Out) -> None:
    """A node has one row."""
    assert 0 == main(["grad", "x", "x=1", "--order", "2"])
    assert ("node  forward  gradient\nx           1         1\n\nHessian  x\nx        0\n", "") == capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "said", "shown"),
    [
        (["sqrt(a)*b", "a=0", "b=2"], "no gradient through sqrt: ", "does not exist"),
        (["1e300*x*1e300", "x=1e-300"], "the gradient leaves the range of floats", "∞"),
        (["a**1.5*b", "a=0", "b=2", "--order", "2"], "no gradient through power: ", "\nb              2         0\n"),
    ],
)
def test_derivatives_that_do_not_exist_are_an_error(arguments: list[str], said: str, shown: str, capsys: Out) -> None:
    """Exit code 1 and the reason, after the numbers that exist; of the Hessian it is said that it is the Hessian's."""
    assert 1 == main(["grad", *arguments])
    out, err = capsys.readouterr()
    assert shown in out
    assert "Hessian" not in out
    assert err.startswith(f"python -m autograd grad: error: {said}")
    assert ("--order" in arguments) == ("the Hessian, which is the gradient's own gradient, does not" in err)
    assert "No gradient was changed" not in err


# Expressions.


@pytest.mark.parametrize("text", ["-x**2*y", "-x", "-h*x", "-hx", "-help", "--x*y", "- x", "-(x)", "-.5*x", "-1", "-_x", "-사과", "x"])
@pytest.mark.parametrize(
    "words",
    [
        ["new", "{}", "x=-1", "-n", "3", "y=2", "--deep"],
        ["new", "-n3", "{}", "--deep", "x=-1", "y=2"],
        ["new", "--deep", "{}", "x=-1", "y=2", "--count=3"],
        ["--first", "new", "-n", "3", "--", "{}", "x=-1", "y=2"],
    ],
)
def test_every_command_takes_every_expression(text: str, words: list[str]) -> None:
    """A command that nobody has seen before has its expression, its values and its options, wherever they stand."""
    commands = Commands(Command(allow_abbrev=False))
    commands.parser.add_argument("--first", action="store_true")
    new = commands.add("new", lambda options: 0, "something new")
    add_expression(new, "an expression")
    new.add_argument("-n", "--count", type=int)
    new.add_mutually_exclusive_group().add_argument("--deep", action="store_true")
    options, more = commands.parser.parse_known_args([word.format(text) for word in words])
    assert [] == more
    assert (text, ["x=-1", "y=2"], 3, "--deep" in words) == (options.expression, options.values, options.count, options.deep)


def test_a_value_that_begins_with_a_minus_is_no_path(capsys: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an option that wants one, such a word is what it is everywhere else: no value at all."""
    monkeypatch.chdir(tmp_path)
    assert 2 == main(["draw", "a", "a=1", "-o", "-a.svg"])
    assert "argument -o/--output: expected one argument" in capsys.readouterr().err
    assert [] == os.listdir()


# list, help, version.


def test_list_has_every_primitive(capsys: Out) -> None:
    """Each row with its symbol and a derivative per operand, in columns."""
    assert 0 == main(["list"])
    out, err = capsys.readouterr()
    assert "" == err
    header, *lines = out.split("\n\n")[0].splitlines()
    starts = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert list(PRIMITIVES) == starts
    column = header.index("local derivatives")
    assert {"∂", "c", "n"} == {line[column] for line in lines}  # "c is a plain number"
    assert sum(len(row.operands) for row in PRIMITIVES.values()) == len(lines)
    assert re.search(r"^divide +÷ +x/y +∂z/∂x = 1/y +y ≠ 0\n +∂z/∂y = −x/y²$", out, re.MULTILINE)
    assert re.search(r"^log +log +log\(x\) +∂z/∂x = 1/x +x > 0$", out, re.MULTILINE)
    for name in out.split("Made of these: ")[1].strip().split(", "):
        assert callable(getattr(composed, name))


def test_version_and_help(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both end well; the help names every command, and the installed command calls itself by its own name."""
    assert 0 == main(["--version"])
    assert re.fullmatch(r"glassgrad \d+\.\d+\.\d+\n", capsys.readouterr().out)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/glassgrad"])
    assert 0 == main(["--help"])
    out = capsys.readouterr().out
    assert out.startswith("usage: glassgrad [-h]")
    assert all(re.search(rf"^ +{name} ", out, re.MULTILINE) for name in ("example", "draw", "grad", "list", "doctor"))
    assert 0 == main(["example", "--help"])
    assert f"{', '.join(examples.NAMES[:-1])} or {examples.NAMES[-1]}" in re.sub(r"\s+", " ", capsys.readouterr().out)


def test_arguments_come_from_the_command_line(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments of its own, main takes the process's."""
    monkeypatch.setattr(sys, "argv", ["autograd", "--version"])
    assert 0 == main()
    assert capsys.readouterr().out.startswith("glassgrad ")


# Mistakes.


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["exmple"], 2, "invalid choice: 'exmple'"),
        (["--foo"], 2, "unrecognized arguments: --foo"),
        (["list", "-o", "x"], 2, "unrecognized arguments: -o x"),
        (["-o", ""], 2, "the path is empty"),
        (["-o", "x", "--no-pictures"], 2, "not allowed with"),
        (["example"], 2, "required: NAME"),
        (["example", "aple"], 2, "there is no example 'aple'; there are apple, fruit"),
        (["example", "apple", "--steps", "2"], 2, "--steps is for two_two_one"),
        (["example", "two_two_one", "--steps", "-1"], 2, "'-1' is no count"),
        (["example", "two_two_one", "--steps", "x"], 2, "'x' is no count"),
        (["draw"], 2, "required: EXPR"),
        (["draw", ""], 2, "the expression is empty"),
        (["draw", "a*b", "a=1"], 2, "there is no value for b"),
        (["draw", "a*b", "a=1", "b=abc"], 2, "'abc' is no number, in b=abc"),
        (["draw", "a*b", "a=1", "b="], 2, "'' is no number, in b="),
        (["draw", "a*b", "a=1", "b=nan"], 2, "b needs a finite number (up to about 1.8e308), but got nan"),
        (["draw", "a*b", "a=1", "b=1e999"], 2, "b needs a finite number (up to about 1.8e308), but got 1e999"),
        (["draw", "a*b", "a=1", "b"], 2, "'b' is no name=value"),
        (["draw", "a*b", "a=1", "=2"], 2, "'=2' is no name=value"),
        (["draw", "a*b", "a=1", "2b=2"], 2, "'2b=2' is no name=value"),
        (["draw", "a*b", "a=1", "a=1", "b=2"], 2, "a is given twice"),
        (["draw", "a*b", "a=1", "b=2", "c=3"], 2, "c=3 is of no use: the expression has a, b"),
        (["draw", "a*e", "a=1", "e=3"], 2, "e=3 is of no use: e is a constant"),
        (["draw", "1 + 2"], 2, "nothing to differentiate by; its value is 3"),
        (["grad", "1 + 2"], 2, "nothing to differentiate by; its value is 3"),
        (["grad", "a*b", "a=1"], 2, "there is no value for b; give it, as in b=1\n    a*b\n      ^\n"),
        (["grad", "log(a)", "a=-1"], 1, "log needs x > 0, but got x=-1.0 (label 'a')\n    log(a)\n"),
        (["grad", "a", "a=1", "--order", "3"], 2, "invalid choice: '3'"),
        (["grad", "a", "a=1", "-o", "x.svg"], 2, "'-o' is no name=value"),
        (["draw", "a", "a=1", "--direction", "up"], 2, "invalid choice: 'up'"),
        (["draw", "a", "a=1", "--foo"], 2, "unrecognized arguments: --foo"),
        (["draw", "a", "a=1", "-x"], 2, "'-x' is no name=value"),
        (["draw", "log(a)*2", "a=-1"], 1, "log needs x > 0, but got x=-1.0 (label 'a')\n    log(a)*2\n    ^^^^^^\n"),
        (["draw", "1/a", "a=0"], 1, "got x=1.0, y=0.0 (label 'a')"),
        (["draw", "a*a", "a=1e200"], 1, "beyond the largest float"),
        (["draw", "a + 2b", "a=1"], 2, "a product is written 2*b\n    a + 2b\n         ^\n"),
        (["draw", "__import__('os')"], 2, "has no meaning in an expression"),
        pytest.param(["draw", "a", "a=1", "-o", "graph.gif"], 1, "there are .svg, .png and .pdf", marks=DRAWS),
        pytest.param(["draw", "a", "a=1", "-o", "nowhere/graph.svg"], 1, "there is no folder nowhere", marks=DRAWS),
        pytest.param(["draw", "a", "a=1", "-o", "taken.svg"], 1, "the file there is no SVG picture", marks=DRAWS),
        pytest.param(["example", "apple", "-o", "taken.svg"], 1, "cannot write into taken.svg: it is no folder", marks=DRAWS),
        pytest.param(["draw", "+".join(["a*a"] * 400), "a=1", "-o", "graph.svg"], 1, "boxes are too many", marks=DRAWS),
    ],
)
def test_a_mistake_is_said(
    arguments: list[str], code: int, said: str, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the error output, in words, with the exit code for it; no file is made or changed."""
    monkeypatch.chdir(tmp_path)
    Path("taken.svg").write_text("mine")
    assert code == main(arguments)
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert ": error: " in err
    assert ["taken.svg"] == os.listdir()
    assert "mine" == Path("taken.svg").read_text()


@pytest.mark.parametrize("name", ["apple", "chain"])
def test_without_an_engine_the_numbers_are_still_there(name: str, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tables, then what to install; exit code 1, and no empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine, "layout_engine", lambda: "")
    assert 1 == main([])
    out, err = capsys.readouterr()
    assert examples.run(name).title in out
    assert "pip install 'glassgrad[draw]'" in err
    assert "--no-pictures" in err
    assert 1 == err.count("error")
    assert [] == os.listdir()


def test_without_a_hangul_font_a_note_is_made(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, not a warning with a line of source code; the picture is written."""
    pytest.importorskip("pygraphviz")
    no_fonts(monkeypatch)
    assert 0 == main(["draw", "사과", "사과=1", "-o", str(tmp_path / "graph.png")])
    err = capsys.readouterr().err
    assert err.startswith("python -m autograd: note: no font here has 사과 (Hangul)")
    assert 1 == err.count("\n")


def test_ctrl_c_is_quiet(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, as shells expect, and not a word."""

    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(examples, "run", interrupted)
    assert 130 == main([])
    assert ("", "") == capsys.readouterr()


# Processes of their own.


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="pipes break differently here")
def test_a_reader_that_leaves_is_no_error() -> None:
    """As in `autograd list | head -1`: quiet, also at the interpreter's last flush."""
    process = python("list")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert (141, b"") == (process.wait(), process.stderr.read())
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_is_said() -> None:
    """An output that takes no more is an error with a message."""
    command = [sys.executable, "-m", "autograd", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert 1 == done.returncode
    assert done.stderr.startswith(b"python -m autograd: error: cannot write the output: ")
    assert 1 == done.stderr.count(b"\n")


@pytest.mark.parametrize(("encoding", "expected"), [("ascii", "-a*b/2 + x^-12*(1*10^20)"), ("cp949", "-a·b/2 + x^-12·(1·10^20)")])
def test_a_terminal_of_few_characters(encoding: str, expected: str) -> None:
    """What the encoding lacks is written plainly: a minus stays a minus, an exponent an exponent."""
    process = python("draw", "-a*b/2 + x**-12*1e20", "a=-1", "b=1", "x=2", PYTHONIOENCODING=encoding)
    out, err = process.communicate()
    assert (0, b"") == (process.returncode, err)
    text = out.decode(encoding)
    assert re.search(r"^a +-1 +-0\.5", text, re.MULTILINE)
    assert "?" not in text
    assert expected in text


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "ascii", "utf-8"])
def test_a_program_in_a_file_can_be_run(encoding: str, tmp_path: Path) -> None:
    """Python reads UTF-8, whatever the output's encoding is: so are programs written that go into a file or a pipe."""
    process = python("source", "사과*값 + é**2", "사과=2", "값=3", "é=4", PYTHONIOENCODING=encoding)
    out, err = process.communicate()
    assert (0, b"") == (process.returncode, err)
    assert "# v0: 사과" in out.decode("utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(out, "made.py", "exec"), namespace)
    assert (22.0, (3.0, 2.0, 8.0)) == namespace["value_and_gradients"](2.0, 3.0, 4.0)


@pytest.mark.skipif(os.name != "posix", reason="file descriptors are closed by a shell's words")
def test_outputs_that_are_closed() -> None:
    """Without standard output there is a message, without standard error the exit code alone; never a traceback."""
    for words, code, said in (("list >&-", 1, "cannot write the output: it is closed\n"), ("lisst 2>&-", 2, ""), ("lisst >&- 2>&-", 1, "")):
        command = f"{shlex.quote(sys.executable)} -m autograd {words}"
        done = subprocess.run(command, shell=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
        assert (code, f"python -m autograd: error: {said}" if said else "") == (done.returncode, done.stderr)
        assert "" == done.stdout


@pytest.mark.parametrize("arguments", [["list"], ["grad", "x**2*y", "x=2", "y=3", "--order", "2"]])
def test_rooms_are_opened_only_when_used(arguments: list[str]) -> None:
    """Listing and differentiating need no drawing, and no package beyond the standard library."""
    code = f"import sys; before = {{*sys.modules}}; from autograd.__main__ import main; main({arguments})\n"
    code += "print(*{*sys.modules} - before, sep='\\n', file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    loaded = set(done.stderr.split())
    assert "autograd.typeset" in loaded
    needless = {"autograd.drawing", "autograd.examples", "autograd.program", "autograd.proof", "autograd.stepping"}
    slow = {"pathlib", "importlib.metadata", "importlib.util", "subprocess", "tomllib"}
    assert set() == loaded & {*needless, *slow, "graphviz", "pygraphviz", "numpy"}


def test_the_source_of_every_graph_of_an_example(capsys: Out) -> None:
    """Each under its name, or those that are asked for; the text runs, and its gradients times the seed are the example's."""
    for name in examples.NAMES:
        graphs = examples.run(name).graphs
        assert 0 == main(["source", name])
        text = capsys.readouterr().out
        assert len(graphs) == text.count("def value_and_gradients(")
        assert [graph.name for graph in graphs if len(graphs) > 1] == re.findall(rf"^# {name}, (\w+): ", text, re.MULTILINE)
        for graph in graphs if len(graphs) > 1 else ():
            assert 0 == main(["source", name, graph.name])
            namespace: dict[str, Any] = {}
            exec(capsys.readouterr().out, namespace)
            leaves = [node for node in topological(graph.output) if node.op is None]
            value, gradients = namespace["value_and_gradients"](*(leaf.data for leaf in leaves))
            assert graph.output.data == value
            assert [leaf.grad for leaf in leaves] == pytest.approx([graph.seed * gradient for gradient in gradients], rel=1e-15)
    assert 2 == main(["source", "sigmoid", "single", "dubble"])
    assert "the graphs of sigmoid are opened, single, but got dubble" in capsys.readouterr().err
    assert 0 == main(["source", "--help"])
    assert "of an example, which of its graphs" in " ".join(capsys.readouterr().out.split())
