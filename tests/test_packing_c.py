"""Packed programs as C: the loops compute what the packed program does, and say which check failed at which example."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import AutogradError, Value, exp, log, maximum, sqrt, stop_gradient, tanh
from autograd.program import GuardError
from autograd.program.trace import TracingError
from benchmarks import workloads

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402
from autograd.packing import c  # noqa: E402
from autograd.packing.packed import Packed  # noqa: E402

from .random_programs import WHOLE, RandomProgram  # noqa: E402
from .sweeps import some  # noqa: E402
from .test_packing import eagerly  # noqa: E402

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffp-contract=off"]


class Library:
    """A packed program's C, compiled."""

    def __init__(self, program: Packed, folder: Path, *flags: str) -> None:
        (folder / "packed.c").write_text(program.source("c"), encoding="utf-8")
        name = folder / f"packed{len(list(folder.iterdir()))}.so"
        arguments = [str(COMPILER), *STRICT, "-O1", *flags, "-shared", "-fPIC", str(folder / "packed.c"), "-o", str(name), "-lm"]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + program.source("c")
        self.library = ctypes.CDLL(str(name))
        self.library.value_and_gradients_failure.restype = ctypes.c_char_p
        self.program = program

    def __call__(self, *args: Any) -> tuple[int, int, float, list[Any]]:
        """The status, the example, the value, and the gradients: the parameters' last, as the packed program has them."""
        program = self.program
        arrays = [np.ascontiguousarray(arg, np.float64) for arg in args if np.size(arg) and np.asarray(arg).dtype.kind == "f"]
        params = np.array([p.data for p in program.params])
        given = [*[params] * bool(program.params), *arrays]
        batched = program.batch is not None
        value, example = ctypes.c_double(), ctypes.c_long(-2)
        wanted = [*[params] * (bool(program.params) and program.wrt != "arguments"), *(arrays if program.wrt != "params" else [])]
        gradients = [np.full_like(array, math.nan) for array in wanted]
        size = len(next(arg for i, arg in enumerate(args) if i not in program.shared)) if batched else 0
        status = self.library.value_and_gradients(
            *[ctypes.c_long(size)] * batched,
            *(array.ctypes.data_as(ctypes.c_void_p) for array in given),
            ctypes.byref(value),
            *(gradient.ctypes.data_as(ctypes.c_void_p) for gradient in gradients),
            *[ctypes.byref(example)] * batched,
        )
        if program.params and program.wrt != "arguments":
            gradients.append(gradients.pop(0))
        return status, example.value, value.value, gradients

    def words(self, status: int) -> str:
        """The status in words."""
        found = self.library.value_and_gradients_failure(status)
        assert isinstance(found, bytes)
        return found.decode()


def assert_same(program: Packed, folder: Path, *args: Any) -> None:
    """C computes what the packed program does."""
    value, gradients = program(*args)
    status, example, got, found = Library(program, folder)(*args)
    assert (status, example) == (0, -1 if program.batch else -2)
    assert abs(value - got) <= 1e-12 * (1.0 + abs(value))
    expected = [gradient for gradient in gradients if gradient is not None]
    assert [np.shape(g) for g in expected] == [np.shape(g) for g in found]
    for e, g in zip(expected, found, strict=True):
        assert np.abs(np.asarray(e) - g).max() <= 1e-11 * (1.0 + np.abs(e).max())


def numbers(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape)


def network(**options: Any) -> tuple[Packed, Any]:
    model = nn.MLP(2, [2, 1], activation="sigmoid", rng=0)
    program = pack(lambda x, t: nn.half_squared_error(model(x), t), params=model, **options)
    args = [[0.5, 0.3], [0.2, 0.8], [0.9, 0.1]], [1.0, 0.0, 1.0]
    program(*args)
    return program, args


def test_what_it_looks_like() -> None:
    """Each loop stands under its equation, forward and back; the arrays are called as in the equations."""
    program, _ = network()
    text = program.source("c")
    for lines in (
        """
        /* Z¹ = b¹ + W¹ X⁰ */
        for (int i = 0; i < 2; i++) {
            double z = params[3 * i + 2];
            for (int k = 0; k < 2; k++) z += params[3 * i + k] * x[k];
            Z1[i] = z;
            if (!isfinite(z)) { *example = n; return 2; }
        }

        /* X¹ = σ(Z¹) */
        for (int i = 0; i < 2; i++)
            X1[i] = sigmoid(Z1[i]);
""",
        """
        /* ∇b¹ = row_sum(∇Z¹) */
        /* ∇W¹ = ∇Z¹ X⁰ᵀ */
""",
        """
        for (int i = 0; i < 2; i++)
            gZ1[i] += gX1[i] * (X1[i] * sigmoid(-Z1[i]));
""",
    ):
        assert lines in text
    assert [line for line in text.splitlines() if line.startswith("#include")] == ["#include <math.h>"]
    for equation in str(program.equations()).splitlines()[3:7]:
        left, right = equation.split(" = ")
        assert f"{left.strip()} = {right.split('  ')[0].strip()} */" in text


@needs_compiler
@pytest.mark.parametrize("batch", ["mean", "sum", None])
def test_main_reproduces_a_call(batch: str | None, tmp_path: Path) -> None:
    """It prints value and gradients beside those of the call; it says so if they differ."""
    w = [Value(0.3), Value(-0.7)]
    options: dict[str, Any] = {"shared": (1,)} if batch else {}
    program = pack(lambda x, s: tanh(x[0] * w[0] + x[1] * w[1]) * s, params=w, batch=batch, wrt="all", **options)
    args = ([[0.5, 1.0], [2.0, -1.0]] if batch else [0.5, 1.0]), 0.25
    text = program.source("c", main=args)
    value, gradients = program(*args)
    for name, source in (("same", text), ("other", text.replace("got[i] - ", "got[i] + 1.0 - "))):
        (tmp_path / f"{name}.c").write_text(source, encoding="utf-8")
        done = subprocess.run(
            [str(COMPILER), *STRICT, tmp_path / f"{name}.c", "-o", tmp_path / name, "-lm"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    done = subprocess.run([tmp_path / "same"], capture_output=True, text=True)
    assert done.returncode == 0
    found = [float(line.split()[1]) for line in done.stdout.splitlines()]
    expected = [value, *gradients[-1], *np.ravel(gradients[0]), gradients[1]]
    assert [pytest.approx(x, rel=1e-13) for x in expected] == found
    assert subprocess.run([tmp_path / "other"], capture_output=True).returncode == 1


def test_a_main_is_of_one_call() -> None:
    """It is written for C, of a tuple of arguments that one program computes."""
    program, args = network()
    assert "int main(void)" not in program.source("c")
    assert "static const double ts[3] = {1.0, 0.0, 1.0};" in program.source("c", main=args)
    for wrong in ({"main": args}, {"target": "c", "main": 3}):
        with pytest.raises(ValueError, match="source writes a main for target='c', of a tuple of arguments, but got"):
            program.source(**wrong)
    classes = pack(lambda x, k: x[k] * 2.0, wrt="arguments")
    with pytest.raises(ValueError, match="a main computes one program, but these arguments of <lambda> need 2"):
        classes.source("c", main=(numbers(2, 2), np.array([0, 1])))


@needs_compiler
@pytest.mark.parametrize("batch", ["mean", "sum"])
@pytest.mark.parametrize("wrt", ["params", "all", "arguments"])
def test_a_network(batch: str, wrt: str, tmp_path: Path) -> None:
    """The mean and the sum over the examples, and every choice of gradients."""
    program, args = network(batch=batch, wrt=wrt)
    assert_same(program, tmp_path, *args)


@needs_compiler
def test_layers_and_losses(tmp_path: Path) -> None:
    """A classifier whose largest score is found without a gradient, over a batch."""
    model = nn.MLP(3, [5, 4], activation="tanh", rng=0)
    program = pack(lambda x, t: nn.cross_entropy(model(x), t), params=model, wrt="all")
    assert_same(program, tmp_path, numbers(6, 3), np.eye(4)[[0, 1, 2, 3, 1, 1]])


@needs_compiler
def test_a_transformer(tmp_path: Path) -> None:
    """A transformer that looks back, without a batch, where sums have as many terms as there are places before."""
    model = workloads.gpt(Value, document="ada", width=8, heads=2, block=6, largest=lambda scores: 0.0)
    assert_same(pack(model.forward, params=model.leaves, batch=None), tmp_path)


@needs_compiler
def test_attention_over_a_batch(tmp_path: Path) -> None:
    """Products of which both sides are batched, and of weights with the places of a sequence."""
    rng = random.Random(0)
    rows = [[Value(rng.gauss(0.0, 0.5)) for _ in range(4)] for _ in range(12)]

    def attend(x: Any) -> Any:
        q, k, v = (
            [[sum(w * a for w, a in zip(row, place, strict=True)) for row in part] for place in x]
            for part in (rows[:4], rows[4:8], rows[8:])
        )
        scores = [[exp(sum(a * b for a, b in zip(left, right, strict=True))) for right in k] for left in q]
        weights = [[s / sum(row) for s in row] for row in scores]
        return sum(sum(p * b[j] for p, b in zip(row, v, strict=True)) ** 2 for row in weights for j in range(4))

    program = pack(attend, params=[w for row in rows for w in row], wrt="all", batch="sum")
    assert_same(program, tmp_path, numbers(5, 3, 4) * 0.5)


@needs_compiler
def test_what_is_the_same_for_all(tmp_path: Path) -> None:
    """Numbers that are the same for all examples are computed once, and swept once; some are read out of order, or from several arrays."""
    w = [Value(x) for x in (0.3, -0.7, 1.1, 0.2)]

    def f(x: Any, s: Any) -> Any:
        norm = sqrt(sum(a * a for a in w)) + tanh(s[0] * s[1])
        mixed = [x[1], w[2], x[0], s[1]]
        top = maximum(maximum(w[0], w[1]), stop_gradient(w[3]))
        return (
            sum(tanh(a * b) for a, b in zip(mixed, reversed(w), strict=True)) * norm
            + top
            + sum(a * b for a, b in zip(mixed, w, strict=True))
        )

    for batch in ("mean", "sum"):
        assert_same(pack(f, params=w, shared=(1,), wrt="all", batch=batch), tmp_path, numbers(4, 2), [0.5, -0.25])


@needs_compiler
@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 80))])
def test_random_programs(seed: int, tmp_path: Path) -> None:
    """With every sort of argument, however wide, the value and the gradients are within the bounds that hold for the packed program."""
    case = RandomProgram(random.Random(seed))
    if any(a.sort == WHOLE for a in case.arguments) or not case.judged(eagerly):
        return
    program, args = case.program(batch="sum", wrt="all" if case.has_params else "arguments", branches="raise")
    try:
        program(*args)
        library = Library(program, tmp_path)
    except (GuardError, TracingError, AutogradError):
        return
    status, _, value, gradients = library(*args)
    if status == -1:  # what the engine alone knows to be masked
        return
    assert status == 0, (case, library.words(status))
    case.compare(type(program(*args))(value, tuple(gradients)), program.wrt, 1.0, 2.0**-53 * 8)


@needs_compiler
def test_a_status_says_what_and_where(tmp_path: Path) -> None:
    """The check that failed in words, and the first example at which it did; -1 where it is about no example."""
    w = [Value(2.0, label="w")]
    program = pack(lambda x: log(x) * w[0] + sqrt(x) + exp(x), params=w, wrt="all")
    program([1.0, 2.0])
    library = Library(program, tmp_path)
    found = [library(np.array(x))[:2] for x in ([1.0, 2.0], [1.0, -1.0, 3.0], [1.0, 2.0, 800.0], [math.nan], [1.0, 2.0, 1e-320])]
    assert [example for _, example in found] == [-1, 1, 2, 0, 2]
    words = [library.words(status) for status, _ in found]
    assert words[1].endswith("log needs x > 0; or log gives a number beyond the largest float (about 1.8e308)")
    assert words[2].endswith("exp gives a number beyond the largest float (about 1.8e308)")
    assert words[3] == "the numbers have to be finite"
    assert words[4] == "a local derivative that is needed does not exist, or the gradient leaves the range of floats"
    w[0].data = 1e308
    status, example, _, _ = library(np.array([1.0, 10.0]))
    assert (library.words(status).partition(": ")[2], example) == ("a product or a sum is beyond the largest float (about 1.8e308)", 1)


@needs_compiler
def test_comparisons(tmp_path: Path) -> None:
    """Where an example compares otherwise than the recorded one, the status says how it was recorded."""
    program = pack(lambda x: x * 2.0 if x > 0.0 else x * 3.0, wrt="arguments", branches="raise")
    program([1.0, 2.0])
    library = Library(program, tmp_path)
    assert library(np.array([1.0, 2.0]))[0] == 0
    status, example, _, _ = library(np.array([1.0, 2.0, -1.0]))
    assert (library.words(status), example) == ("recorded where x[0] > 0.0 is true", 2)


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack has an end, and so has a compiler's patience; the error says how much there is."""
    program, _ = network()
    monkeypatch.setattr(c, "MEMORY", 5)
    with pytest.raises(TracingError, match="too large for C: one example needs 16 numbers on the stack, and 5 may lie there"):
        program.source("c")
    monkeypatch.setattr(c, "LOOPS", 5)
    with pytest.raises(TracingError, match="too long for C: it has 6 arrays, and 5 at most make one function"):
        program.source("c")


@needs_compiler
@pytest.mark.slow
def test_sanitizers(tmp_path: Path) -> None:
    """No undefined behaviour on random programs; checked at run time by traps, which end the process."""
    (tmp_path / "try.c").write_text("int main(void) { return 0; }\n")
    flags = ["-fsanitize=undefined,bounds", "-fsanitize-undefined-trap-on-error"]
    if subprocess.run([str(COMPILER), *flags, tmp_path / "try.c", "-o", tmp_path / "try"], capture_output=True).returncode:
        pytest.skip("no sanitizers")
    for seed in range(200, some(210, 500)):
        case = RandomProgram(random.Random(seed))
        if any(a.sort == WHOLE for a in case.arguments) or not case.judged(eagerly):
            continue
        program, args = case.program(batch="mean", wrt="all" if case.has_params else "arguments", branches="raise")
        try:
            program(*args)
        except (GuardError, TracingError, AutogradError):
            continue
        assert Library(program, tmp_path, *flags)(*args)[0] in (0, -1)
