"""One row adds an operation everywhere: a row that the table has never seen is used in every feature, with no other edit."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import (
    PRIMITIVES,
    Value,
    check_gradients,
    compile,  # noqa: A004
    complex_step,
    derivative,
    grad,
    gradient,
    latex,
    pack,
    steps,
    tree,
)
from autograd.expression import parse
from autograd.ops import exp, psi, sech
from autograd.primitive import REALS, Primitive, function_of, register
from autograd.testing import assert_primitive
from autograd.typeset import formula

ROOT = Path(__file__).parent.parent
THIRD = 1.0 / 3.0


def half(x: float) -> float:
    """x/2, called by a function that the row's own function calls."""
    return 0.5 * x


def bump_of(x: float) -> float:
    """x·exp(-x²/3) + tanh(x)/2."""
    return x * math.exp(-THIRD * x * x) + half(math.tanh(x))


def slope(z: Any, x: Any) -> Any:
    """Its derivative, in the table's functions."""
    s = sech(x)
    return (1.0 - 2.0 * THIRD * x * x) * exp(-THIRD * x * x) + 0.5 * (s * s)


@pytest.fixture(scope="module")
def bump() -> Iterator[Any]:
    """The row, for as long as these tests run."""
    row = Primitive(
        name="bump",
        operands=("x",),
        forward=bump_of,
        partials=(slope,),
        symbol="bump",
        formula="x*exp(-x**2/3) + tanh(x)/2",
        latex=r"\operatorname{bump}\left(<x>\right)",
        textbook=("(1 - 2*x**2/3)*exp(-x**2/3) + (1 - tanh(x)**2)/2",),
        domain=(REALS,),
        summary="A bump.",
        result="finite",
        arrays=lambda m, x: x * m.exp(-THIRD * x * x) + 0.5 * m.tanh(x),
        init="he",
    )
    yield register(row)
    del PRIMITIVES["bump"]


X = 0.7
DX = slope(None, X)


def test_the_engine(bump: Any) -> None:
    """Backward, forward mode, and derivatives of every order."""
    x = Value(X, label="x")
    y = bump(x)
    y.backward()
    second = derivative(derivative(bump))(X)
    assert (bump_of(X), DX, DX, DX) == (y.data, x.grad, grad(bump)(X), derivative(bump)(X))
    assert pytest.approx((slope(None, X + 1e-6) - slope(None, X - 1e-6)) / 2e-6, rel=1e-8) == second
    assert pytest.approx(second, rel=1e-14) == gradient(gradient(bump(x), x), x).data


def test_what_people_look_at(bump: Any, tmp_path: Path) -> None:
    """Tree, steps, formula, picture and page."""
    x = Value(X, label="x")
    y = bump(x) * 2.0
    assert "(bump)" in tree(y)
    assert any("bump(x)" in str(step) for step in steps(y))
    assert r"\operatorname{bump}\left(x\right)" in latex(y)
    assert "x·exp(−x²/3) + tanh(x)/2" == formula(PRIMITIVES["bump"].formula)
    pytest.importorskip("pygraphviz")
    from autograd import Stepper, draw

    assert ">bump<" in draw(y).pipe("svg", encoding="utf-8")
    assert "bump" in Stepper(y).write(tmp_path / "page.html").read_text(encoding="utf-8")


def test_checks(bump: Any) -> None:
    """Differences, the complex step, and everything that the table's own rows pass."""
    check_gradients(lambda x: bump(x) * x, X).require()
    assert pytest.approx(DX, rel=1e-14) == complex_step(bump, X)
    counted = assert_primitive(bump)
    assert counted["complex step"] > 0
    assert counted["formula"] > 0


def test_programs(bump: Any) -> None:
    """Compiled, as Python with all it needs, and in the words of the array libraries that are here."""
    program = compile(lambda x: bump(x) * x)
    expected = program(X)
    namespace: dict[str, Any] = {}
    exec(program.source(), namespace)
    assert (expected.value, expected.gradients) == namespace["value_and_gradients"](X)
    for target in ("torch", "jax"):
        text = program.source(target)  # type: ignore[arg-type]
        assert "def bump(x):" in text
        try:
            __import__(target)
        except ImportError:
            continue
        there: dict[str, Any] = {}
        exec(text, there)
        value, (by_x,) = there["value_and_gradients"](there["number"](X))
        assert pytest.approx((expected.value, *expected.gradients), rel=1e-14) == (float(value), float(by_x))


def test_c(bump: Any, tmp_path: Path) -> None:
    """Compiled and packed, as C in which the row is a function; run where there is a compiler, it reproduces what was recorded."""
    program = compile(lambda x: bump(x) * x)
    program(X)
    texts = [program.source("c", main=True)]
    with suppress(ImportError):
        texts.append(pack(lambda x: bump(x) * x, wrt="arguments").source("c", main=([X, 0.5],)))
    compiler = shutil.which("cc")
    for text in texts:
        assert "static double bump(double x)" in text
        if compiler:
            (tmp_path / "bump.c").write_text(text, encoding="utf-8")
            flags = ["-std=c99", "-Wall", "-Wextra", "-Werror"]
            subprocess.run([compiler, *flags, tmp_path / "bump.c", "-o", tmp_path / "bump", "-lm"], check=True)
            assert subprocess.run([tmp_path / "bump"], capture_output=True).returncode == 0


def test_packed(bump: Any) -> None:
    """On arrays, not number by number; equations and sources too."""
    np = pytest.importorskip("numpy")
    from autograd.packing.arrays import ByForm, kernel

    assert isinstance(kernel(PRIMITIVES["bump"]), ByForm)
    program = pack(lambda x: bump(x) * x, batch="sum")
    points = [-1.5, -0.1, 0.0, X, 2.0]
    value, (by_x,) = program(points)
    assert pytest.approx(sum(bump_of(x) * x for x in points), rel=1e-14) == value
    assert pytest.approx([slope(None, x) * x + bump_of(x) for x in points], rel=1e-13) == by_x.tolist()
    assert "bump(" in str(program.equations())
    assert "number by number" not in str(program)
    slow = pack(lambda x: psi(x, 2.0) * x)
    slow([0.5, 2.0])
    assert str(slow).endswith("; number by number, for want of a form on arrays: psi")
    namespace: dict[str, Any] = {}
    exec(program.source("numpy"), namespace)
    found, _ = namespace["value_and_gradients"](np.array(points).reshape(-1, 1))
    assert pytest.approx(value, rel=1e-14) == float(found)


def test_networks(bump: Any) -> None:
    """An activation by its name, which begins as its row says."""
    model = nn.MLP(2, [8, 1], activation="bump", rng=0)
    assert "bump" in str(model)
    assert nn.init.suited("bump") is nn.init.he_uniform
    assert isinstance(model([0.5, 0.3]), Value)


def test_the_language_of_formulas(bump: Any) -> None:
    """Expressions know it, and so does every command that takes one."""
    assert bump_of(X) == parse("bump(x)").build({"x": X})


def test_the_command_line(tmp_path: Path) -> None:
    """A row that a module registers is in `list` and can be drawn, from a shell that imports it first."""
    code = "import runpy, sys; from tests.test_one_row import bump; next(bump.__wrapped__())\n"
    code += "sys.argv = ['glassgrad', 'list']\nrunpy.run_module('autograd', run_name='__main__')"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert ("", True) == (done.stderr, "\nbump " in done.stdout)


def test_rows_of_one_name_and_rows_of_comparisons() -> None:
    """In a source two rows of one name are two functions, and a form that is a comparison gives numbers: on arrays True + True is True."""
    pytest.importorskip("numpy")

    def row(name: str, factor: float) -> Any:
        columns: dict[str, Any] = {
            "operands": ("x",),
            "symbol": "s",
            "formula": "x",
            "latex": "<x>",
            "textbook": ("1",),
            "domain": (REALS,),
        }
        forward, rule = (lambda x: factor * x), (lambda z, x: factor)
        return function_of(Primitive(name=name, forward=forward, partials=(rule,), arrays=lambda m, x: factor * x, **columns))

    a, b = row("scale", 3.0), row("scale", 5.0)
    program = pack(lambda x: a(x) + b(x), batch="sum")
    program([1.0])
    namespace: dict[str, Any] = {}
    exec(program.source("numpy"), namespace)
    assert 8.0 == program([1.0]).value == float(namespace["value_and_gradients"]([[1.0]])[0])
    columns: dict[str, Any] = {"operands": ("x",), "symbol": "s", "formula": "x", "latex": "<x>", "textbook": ("0",), "domain": (REALS,)}
    step = function_of(
        Primitive(name="step", forward=lambda x: float(x > 0), partials=(lambda z, x: 0.0,), arrays=lambda m, x: x > 0.0, **columns)
    )
    counted = pack(lambda x: step(x) + step(x) * x, batch="sum")
    assert (2.0, [1.0]) == (counted([1.0]).value, counted([1.0]).gradients[0].tolist())
