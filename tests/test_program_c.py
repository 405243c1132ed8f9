"""Programs as C: the text compiles without a warning, and computes the engine's numbers; a status says where it stops."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import AutogradError, Value, custom_gradient, exp, log, sqrt, tanh
from autograd.errors import DomainError
from autograd.primitive import PRIMITIVES
from autograd.program import Program, c
from autograd.program import compile as compiler
from autograd.program.trace import TracingError

from .random_functions import random_function
from .sweeps import some

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffp-contract=off", "-fno-builtin"]

NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e200, -1e300, 1e-310, 710.0, -800.0, 0.5, 2.0)


def run_compiler(*arguments: str | Path) -> None:
    done = subprocess.run([str(COMPILER), *map(str, arguments), "-lm"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


class Library:
    """A program's C, compiled."""

    def __init__(self, program: Program, folder: Path, name: str = "program") -> None:
        (folder / f"{name}.c").write_text(program.source("c"), encoding="utf-8")
        run_compiler(*STRICT, "-O1", "-shared", "-fPIC", folder / f"{name}.c", "-o", folder / f"{name}.so")
        self.library = ctypes.CDLL(str(folder / f"{name}.so"))
        self.library.value_and_gradients_failure.restype = ctypes.c_char_p
        self.arguments, self.params = len(program._latest()[1]) - len(program.params), len(program.params)

    def __call__(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        """The status; the value and the gradients."""
        x, params = numbers[: self.arguments], numbers[self.arguments :]
        value = ctypes.c_double()
        gx, gparams = (ctypes.c_double * self.arguments)(), (ctypes.c_double * self.params)()
        given = [*[doubles(x)] * bool(x), *[doubles(params)] * bool(params)]
        got = [*[gx] * bool(x), *[gparams] * bool(params)]
        status = self.library.value_and_gradients(*given, ctypes.byref(value), *got)
        return status, [value.value, *gx, *gparams]

    def words(self, status: int) -> str:
        found = self.library.value_and_gradients_failure(status)
        assert isinstance(found, bytes)
        return found.decode()


def doubles(numbers: Sequence[float]) -> Any:
    return (ctypes.c_double * len(numbers))(*numbers)


def bits(numbers: Sequence[float]) -> bytes:
    return struct.pack(f"{len(numbers)}d", *numbers)


def function(program: Program) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """The same program in Python."""
    namespace: dict[str, Any] = {}
    exec(program.source(), namespace)
    found: Callable[..., tuple[float, tuple[float, ...]]] = namespace["value_and_gradients"]
    return found


def compiled(f: Callable[..., Any], *numbers: float, **options: Any) -> Program:
    """The function's program, recorded at these numbers."""
    program = compiler(f, **{"verify": False, **options})
    program(*numbers)
    return program


def two_two_one() -> tuple[Program, nn.Module]:
    model = nn.MLP(2, [2, 1], activation="sigmoid", rng=0)

    def error(x1: Any, x2: Any, t: Any) -> Any:
        return nn.half_squared_error(model([x1, x2]), t)

    return compiled(error, 0.5, 0.3, 1.0, params=model), model


# ------------------------------------------------------------------------------------------------------------------------
# The text


def test_what_it_looks_like() -> None:
    """Labels stand in comments, operations as in Python, checks where a number may not be finite; a row that C lacks is written out."""
    program, _ = two_two_one()
    lines = program.source("c").splitlines()
    for line in (
        "#include <math.h>",
        "static double sigmoid(double x)",
        "    const double e = exp(-fabs(x));",
        "int value_and_gradients(const double x[3], const double params[9], double *value, double gx[3], double gparams[9])",
        "    const double v3 = params[0];  /* layer0.neuron0.w0 */",
        "    const double v15 = v13 + v14;",
        "    if (!isfinite(v15)) return !isfinite(v12) ? 13 : !isfinite(v13) ? 14 : !isfinite(v14) ? 15 : 16;",
        "    const double v16 = sigmoid(v15);",
        "    double g15 = g16 * (v16 * sigmoid(-v15));",
        "    g0 += g15 * v3;  /* x1 */",
        "    gparams[2] = g15 + 0.0;",
        "    *value = v28;",
    ):
        assert line in lines
    assert len(lines) < 140
    assert max(map(len, lines)) <= 160
    assert [line for line in lines if line.startswith("#include")] == ["#include <math.h>"]
    assert "malloc" not in program.source("c")


def test_a_main_is_there_on_request() -> None:
    """Without being asked for there is none; other languages have none."""
    program, _ = two_two_one()
    assert "int main(void)" not in program.source("c")
    assert "int main(void)" in program.source("c", main=True)
    with pytest.raises(ValueError, match="main for target='c' alone, but got target='python'"):
        program.source(main=True)
    with pytest.raises(TypeError, match="main"):
        program.source("c", main="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["*/ int x; /*", "a\\", "??/", "a\nb", "\u202e", "a" * 300, "π", '"'])
def test_labels_stay_in_their_comments(label: str, tmp_path: Path) -> None:
    """Whatever a label is, it neither ends its comment nor makes the compiler warn."""
    a, b = Value(2.0, label=label), Value(3.0)
    y = a * b
    y.label = label
    program = compiler(y, inputs=[a, b])
    program(2.0, 3.0)
    text = program.source("c", main=True)
    inside = [line for line in text.splitlines() if "/* " in line and not line.startswith("/*")]
    assert all(line.count("*/") == line.count("/*") == 1 and line.endswith("*/") for line in inside)
    if COMPILER:
        assert Library(program, tmp_path)((2.0, 3.0)) == (0, [6.0, 3.0, 2.0])


def test_rows_without_a_form() -> None:
    """A function of one's own cannot be written in C unless its row has a form; the error names it."""

    @custom_gradient(lambda z, x: 1.0)
    def rounded(x: float) -> float:
        return float(round(x))

    with pytest.raises(TracingError, match="rounded has no form on arrays, which this source needs"):
        compiled(lambda x: rounded(x) * x, 2.7).source("c")


@pytest.mark.parametrize("name", ["gamma", "x", "v7", "value", "part0", "double", "pow", "sigmoid"])
def test_rows_of_any_name(name: str, tmp_path: Path) -> None:
    """A row whose name means something else in C, or in the program, gets another."""

    @custom_gradient(lambda z, x: 2.0 * x)
    def square(x: float) -> float:
        return x * x

    op = square.primitive
    op.name, op.arrays = name, lambda m, x: x * x
    program = compiled(lambda x: square(x) + x.sigmoid(), 3.0)
    assert "return x * x;" in program.source("c")
    if COMPILER:
        assert Library(program, tmp_path)([3.0])[0] == 0


def test_long_programs_are_split(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Functions have at most so many statements; what moves between them lies in a memory on the stack, which has an end."""

    def f(x: Any, y: Any) -> Any:
        for i in range(40):
            x = tanh(x * y + float(i)) + x
        return x

    program = compiled(f, 0.1, -0.2)
    whole = program.source("c")
    monkeypatch.setattr(c, "MOST", 16)
    text = program.source("c", main=True)
    functions = text.split("static int part")[1:]
    assert len(functions) > 9
    assert all(part.split("\n}")[0].count(";") < 200 for part in functions)
    if COMPILER:
        again = Library(program, tmp_path, "split")
        monkeypatch.setattr(c, "MOST", 500)
        assert program.source("c") == whole
        assert bits(again((0.3, 0.7))[1]) == bits(Library(program, tmp_path, "whole")((0.3, 0.7))[1])
        assert again((1e308, 1e308))[0] == Library(program, tmp_path, "whole")((1e308, 1e308))[0] != 0
    monkeypatch.setattr(c, "MOST", 16)
    monkeypatch.setattr(c, "MEMORY", 20)
    with pytest.raises(TracingError, match=r"too long for C: its \d+ functions would hand on \d+ numbers, and 20 at most"):
        program.source("c")


# ------------------------------------------------------------------------------------------------------------------------
# The numbers


@needs_compiler
def test_main_reproduces_what_was_recorded(tmp_path: Path) -> None:
    """It prints each number beside the recorded one; it says so if they differ."""
    program, _ = two_two_one()
    text = program.source("c", main=True)
    (tmp_path / "main.c").write_text(text, encoding="utf-8")
    run_compiler(*STRICT, tmp_path / "main.c", "-o", tmp_path / "main")
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True)
    assert done.returncode == 0
    value, _ = program(0.5, 0.3, 1.0)
    lines = done.stdout.splitlines()
    assert len(lines) == 13
    assert lines[0].split()[:2] == ["value", f"{value:.17g}"]
    (tmp_path / "other.c").write_text(text.replace("recorded[13] = {", "recorded[13] = {1.0 + "), encoding="utf-8")
    run_compiler(*STRICT, tmp_path / "other.c", "-o", tmp_path / "other")
    assert subprocess.run([tmp_path / "other"], capture_output=True).returncode == 1


@needs_compiler
@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 80))])
def test_random_functions(seed: int, tmp_path: Path) -> None:
    """At ordinary numbers and at extreme ones, with every set of passes: C stops where Python's text does, and else has its bits."""
    rng = random.Random(seed)
    f, numbers = random_function(rng)
    passes = rng.choice([("fold", "share", "dead"), ("fold", "share", "dead"), (), ("fold",), ("share",), ("dead",)])
    program = compiler(lambda *x: f(*x), verify=False, passes=passes)
    try:
        program(*numbers)
        library = Library(program, tmp_path)
    except (AutogradError, TracingError):
        return
    python = function(program)
    inexact = any(op in f.said for op in ("hypot", "lgamma"))
    for trial in range(12):
        xs = [rng.choice((*NUMBERS, *[rng.uniform(-3.0, 3.0) for _ in range(4)], *[x] * 4)) if trial else x for x in numbers]
        status, got = library(xs)
        try:
            value, gradients = python(*xs)
        except (ArithmeticError, ValueError, RuntimeError):
            assert status != 0, (f, xs, got)
            continue
        expected = [value, *gradients]
        assert status == 0, (f, xs, expected)
        assert inexact or all(p == q or abs(p - q) <= 1e-9 * abs(p) + 1e-12 for p, q in zip(expected, got, strict=True)), (f, xs)


SAME_BITS = {"add", "subtract", "multiply", "divide", "negate", "sqrt", "abs", "sign", "heaviside", "above", "maximum", "minimum",
             "leaky_relu", "stop_gradient"}  # fmt: skip
"""Rows that are arithmetic: their bits are the same with every C library. relu is not among them: at -0.0 its form gives -0.0."""


QUICK = ("sigmoid", "log", "power", "divide", "gaussian")


@needs_compiler
@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in PRIMITIVES])
def test_rows(name: str, tmp_path: Path) -> None:
    """Every row and its rules, at special values: what the engine refuses is refused, arithmetic has the same bits, all else is near."""
    op = PRIMITIVES[name]
    count = len(op.operands)
    plain = count == 2 and op.partials[1] is None
    points = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 1e-310, -1e-200, 1e-9, 25.0, -30.0, 700.0, -745.0, 1e155, -1e308]
    start = next(x for x in (1.5, 0.5) if all(i.low < x < i.high for i in op.domain))
    if plain:
        program = compiled(lambda x: op.kinds[type(x)](x, 2.0 if name == "psi" else 2.5), start)
    elif count == 1:
        program = compiled(lambda x: op.kinds[type(x)](x), start)
    else:
        program = compiled(lambda x, y: op.kinds[type(x)](x, y), start, 0.75)
    library, python = Library(program, tmp_path), function(program)
    grid = [(x,) for x in points] if count == 1 or plain else [(x, y) for x in points for y in points]
    for xs in grid:
        status, got = library(xs)
        try:
            value, gradients = python(*xs)
        except (ArithmeticError, ValueError):
            assert status != 0, (xs, got)
            continue
        assert status == 0, (xs, value, gradients)
        for expected, found in zip((value, *gradients), got, strict=True):
            if name in SAME_BITS:
                assert bits([expected]) == bits([found]), (xs, expected, found)
            assert abs(expected - found) <= 4e-15 * abs(expected) + 1e-320, (xs, expected, found)


@needs_compiler
def test_a_status_says_where(tmp_path: Path) -> None:
    """It names the first number of the forward pass that is not finite, the node without a local derivative, and the comparison."""

    def f(x: Any, y: Any) -> Any:
        a = log(x)  # v2
        b = exp(y)  # v3
        c = a * b + x  # v4, v5
        d = sqrt(y * y)  # v6, v7
        return c + d if x < 100.0 else c

    library = Library(compiled(f, 2.0, 3.0), tmp_path)
    found = {numbers: library(numbers)[0] for numbers in ((2.0, 3.0), (math.inf, 1.0), (1.0, math.nan), (-1.0, 1.0), (1.0, 800.0),
             (1e-300, 709.0), (1.0, -1e200), (1.0, 0.0), (200.0, 1.0))}  # fmt: skip
    assert [*found.values()] == [0, 1, 2, 3, 4, 5, 7, -8, 10]
    assert library.words(1) == library.words(2) == "the numbers have to be finite"
    assert library.words(3) == "log needs x > 0; or log gives a number beyond the largest float (about 1.8e308)"
    assert library.words(4) == "exp gives a number beyond the largest float (about 1.8e308)"
    assert library.words(-8) == "a local derivative that is needed does not exist, or the gradient leaves the range of floats"
    assert library.words(10) == "recorded where v0 < 100.0 is true"
    assert library.words(99) == "there is no such status"
    with pytest.raises(DomainError, match=r"log needs x > 0"):
        f(-1.0, 1.0)


@needs_compiler
def test_many_examples(tmp_path: Path) -> None:
    """A row for each example; the parameters' gradients are added up; what fails is said with its example."""
    program, model = two_two_one()
    library = Library(program, tmp_path)
    params = [p.data for p in model.parameters()]
    rows = [[0.5, 0.3, 1.0], [0.2, -0.8, 0.0], [0.9, 0.1, 1.0]]
    flat = [x for row in rows for x in row]

    def batch(numbers: list[float]) -> tuple[int, int, list[float], list[float], list[float]]:
        values, gx, gparams = (ctypes.c_double * 3)(), (ctypes.c_double * 9)(), (ctypes.c_double * 9)()
        example = ctypes.c_long(-1)
        call = library.library.value_and_gradients_batch
        status = call(ctypes.c_long(3), doubles(numbers), doubles(params), values, gx, gparams, ctypes.byref(example))
        return status, example.value, [*values], [*gx], [*gparams]

    status, example, values, gx, gparams = batch(flat)
    assert (status, example) == (0, -1)
    single = [library([*row, *params])[1] for row in rows]
    assert values == [found[0] for found in single]
    assert gx == [g for found in single for g in found[1:4]]
    assert gparams == [0.0 + a + b + c for a, b, c in zip(*(found[4:] for found in single), strict=True)]
    assert batch([*flat[:3], 1e308 * 10, *flat[4:]])[:2] == (1, 1)


@needs_compiler
@pytest.mark.slow
def test_sanitizers(tmp_path: Path) -> None:
    """No undefined behaviour and no access outside of an array, on some dozens of random programs, whole and split."""
    (tmp_path / "try.c").write_text("int main(void) { return 0; }\n")
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    if subprocess.run([str(COMPILER), *flags, tmp_path / "try.c", "-o", tmp_path / "try"], capture_output=True).returncode:
        pytest.skip("no sanitizers")
    rng = random.Random(7)
    done = 0
    while done < some(8, 200):
        f, numbers = random_function(rng, 30)
        program = compiler(lambda *x, f=f: f(*x), verify=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(c, "MOST", rng.choice((500, 5, 20)))
            try:
                program(*numbers)
                text = program.source("c", main=True)
            except (AutogradError, TracingError):
                continue
        (tmp_path / "main.c").write_text(text, encoding="utf-8")
        run_compiler(*flags, tmp_path / "main.c", "-o", tmp_path / "main")
        result = subprocess.run([tmp_path / "main"], capture_output=True, text=True)
        assert result.returncode == 0, (f, result.stdout, result.stderr)
        done += 1
