"""Packed programs that run as C: the same numbers and errors as on arrays, whatever compiler and cache there are."""

from __future__ import annotations

import copy
import math
import os
import pickle
import random
import stat
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import (
    AutogradError,
    CompilerError,
    DomainError,
    MissingExtraError,
    Value,
    compiler,
    custom_gradient,
    exp,
    log,
    relu,
    sqrt,
    tanh,
)
from autograd.__main__ import main
from autograd.program import GuardError, Outcome
from autograd.program.trace import TracingError

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402
from autograd.packing import native as room  # noqa: E402

from .random_programs import RandomProgram  # noqa: E402
from .test_packing import eagerly  # noqa: E402

needs_compiler = pytest.mark.skipif(compiler.find() is None, reason="no C compiler")
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts as compilers, modes and owners are those of POSIX")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and no library loaded."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setattr(compiler, "_loaded", {})
    compiler.version.cache_clear()
    return tmp_path / "caches" / "glassgrad"


def network(native: bool | str = True, **options: Any) -> tuple[Any, Any]:
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    program = pack(lambda x, t: nn.half_squared_error(model(x), t), params=model, native=native, **options)
    return program, (np.random.default_rng(0).normal(size=(20, 2)), np.linspace(-1.0, 1.0, 20))


def runs_as_c(program: Any) -> bool:
    return str(program).endswith("and run as C")


def fake(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiler that is a shell script."""
    path = folder / "fake-cc"
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    return path


# -- numbers -----------------------------------------------------------------------------------------------------------------


@needs_compiler
@pytest.mark.parametrize("wrt", ["params", "arguments", "all"])
@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_a_network(wrt: str, batch: str) -> None:
    """Value and gradients are those on arrays, in the same shapes, whole or in shards."""
    (program, args), (arrays, _) = network(wrt=wrt, batch=batch), network(native=False, wrt=wrt, batch=batch)
    value, gradients = arrays(*args)
    for options in ({}, {"shard": 7}):
        got, found = program(*args, **options)
        assert runs_as_c(program)
        assert pytest.approx(value, rel=1e-13) == got
        for expected, actual in zip(gradients, found, strict=True):
            assert np.shape(expected) == np.shape(actual)
            if expected is not None:
                assert np.allclose(expected, actual, rtol=1e-12, atol=1e-14)


@needs_compiler
def test_without_a_batch_and_what_is_shared() -> None:
    """A function of numbers, however small, and one with numbers that are the same for all examples."""
    w = [Value(0.3), Value(-0.7)]
    one = pack(lambda x, s: tanh(x[0] * w[0] + x[1] * w[1]) * s, params=w, batch=None, wrt="all", native=True)
    many = pack(lambda x, s: tanh(x[0] * w[0] + x[1] * w[1]) * s, params=w, batch="sum", shared=(1,), wrt="all", native=True)
    z = math.tanh(0.5 * 0.3 - 0.7)
    slope = (1.0 - z * z) * 0.25
    value, (dx, ds, dw) = one([0.5, 1.0], 0.25)
    assert [pytest.approx(n, rel=1e-14) for n in (z * 0.25, slope * 0.3, slope * -0.7, z, slope * 0.5, slope)] == [value, *dx, ds, *dw]
    value, (dx, ds, dw) = many([[0.5, 1.0]] * 3, 0.25)
    expected = (z * 0.75, slope * 0.3, slope * -0.7, 3 * z, slope * 1.5, slope * 3)
    assert [pytest.approx(n, rel=1e-14) for n in expected] == [value, *dx[2], ds, *dw]
    assert runs_as_c(one)
    assert runs_as_c(many)


@needs_compiler
@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 60))])
def test_random_programs(seed: int) -> None:
    """With every sort of argument, the value and the gradients are within the bounds that hold for arrays, and errors are the same."""
    case = RandomProgram(random.Random(seed))
    if not case.judged(eagerly):
        return
    found: list[Any] = []
    for native in (False, True):
        program, args = case.program(batch="sum", wrt="all" if case.has_params else "arguments")
        program.native = native
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # that some examples are computed on arrays
            try:
                found.append(program(*args))
            except (GuardError, TracingError, AutogradError) as error:
                found.append((type(error), str(error)))
    if isinstance(found[0], Outcome):
        assert runs_as_c(program)
        case.compare(found[1], program.wrt, 1.0, 2.0**-53 * 8)
    elif TracingError in found[1]:
        return  # that has no form in C
    else:
        assert found[0] == found[1]


@needs_compiler
def test_backward_and_training() -> None:
    """Gradients are added to the parameters, and a training takes the steps that it takes on arrays."""
    losses = []
    for native in (False, True):
        program, args = network(native)
        assert program.backward(*args) > 0.0
        grads = [p.grad for p in program.params]
        with program.training(nn.Adam(program.params, lr=0.01)) as step:
            losses.append([step(*args) for _ in range(20)] + grads)
        assert runs_as_c(program) == native
    assert [pytest.approx(x, rel=1e-10) for x in losses[0]] == losses[1]
    assert losses[1][19] < losses[1][0]


@needs_compiler
def test_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training takes the same steps as on arrays; without pack, native is refused."""
    X, T = np.random.default_rng(0).normal(size=(20, 2)), np.linspace(-1.0, 1.0, 20)
    losses, called, real = [], [], room.Native.sums
    monkeypatch.setattr(room.Native, "sums", lambda self, *args: called.append(1) or real(self, *args))
    for native in (False, True):
        model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
        options: dict[str, Any] = {"batch_size": 5, "pack": True, "native": native}
        losses.append(nn.fit(model, X, T, nn.half_squared_error, nn.SGD(model.parameters(), lr=0.1), epochs=3, **options).losses)
        assert len(called) == (12 if native else 0)
    assert [pytest.approx(x, rel=1e-10) for x in losses[0]] == losses[1]
    with pytest.raises(ValueError, match="fit runs as C where pack=True alone"):
        nn.fit(model, X, T, nn.half_squared_error, nn.SGD(model.parameters(), lr=0.1), epochs=1, native=True)


@needs_compiler
def test_errors_are_the_engines() -> None:
    """What C refuses, the engine says: which operation, and which example."""
    program = pack(lambda x: log(x) + sqrt(x), wrt="arguments", native=True)
    assert program([1.0, 4.0])[0] == pytest.approx((1.0 + math.log(4.0) + 2.0) / 2.0)
    for bad in (-1.0, math.nan):
        messages = []
        for one in (program, pack(lambda x: log(x) + sqrt(x), wrt="arguments")):
            with pytest.raises(AutogradError) as caught:
                one([*[1.0] * 20, bad, *[2.0] * 5])
            messages.append((type(caught.value), str(caught.value), getattr(caught.value, "__notes__", [])))
        assert messages[0] == messages[1]
    with pytest.raises(DomainError, match="example 2"):
        program([1.0, 2.0, -3.0])
    assert runs_as_c(program)


@needs_compiler
def test_examples_that_branch_otherwise() -> None:
    """Each way through the comparisons is C of its own, and examples are shared out as on arrays."""
    program = pack(lambda x: x * 2.0 if x > 0.0 else x * 3.0, wrt="arguments", batch="sum", native=True)
    value, (gradient,) = program([1.0, -1.0, 2.0, -2.0])
    assert (value, gradient.tolist()) == (-3.0, [2.0, 3.0, 2.0, 3.0])
    assert [True, True] == [bool(v.code.native) for form in program.forms.values() for v in form.variants]


@needs_compiler
def test_what_only_arrays_compute_is_said() -> None:
    """Where a check of the C is stricter than arrays are, they compute, and a warning says which check it was."""
    program = pack(lambda x: relu(x) * 2.0, wrt="arguments", batch="sum", native=True)
    program([1.0])
    (variant,) = [v for form in program.forms.values() for v in form.variants]

    class Strict:
        said = ""

        def sums(self, *args: Any) -> None:
            self.said = "too strict"

    variant.code.native = Strict()
    with pytest.warns(RuntimeWarning, match="computes some examples on arrays, since a check of its C is stricter: too strict"):
        value, _ = program([1.0, 3.0])
    assert value == 8.0


@needs_compiler
def test_threads_pickles_and_copies() -> None:
    """Any number of threads gives the same bits; a pickle and copies run as C too."""
    program, args = network(wrt="all")
    expected = program(*args, shard=3)
    with ThreadPoolExecutor(4) as executor:
        for one in (program, copy.copy(program), pickle.loads(pickle.dumps(program))):
            value, gradients = one(*args, shard=3, executor=executor)
            assert runs_as_c(one)
            assert expected[0] == value
            assert [g.tobytes() for g in expected[1]] == [g.tobytes() for g in gradients]


# -- what is asked, and what there is ------------------------------------------------------------------------------------------


def test_nothing_is_compiled_unasked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without native no compiler is looked for, and no folder is made."""
    monkeypatch.setattr(compiler, "find", lambda: pytest.fail("looked for a compiler"))
    program, args = network(native=False)
    program(*args)
    assert not cache.exists()
    with pytest.raises(ValueError, match="native"):
        network(native="yes")


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names both ways to one; native="auto" says it once, and computes on arrays."""
    monkeypatch.setattr(compiler, "find", lambda: None)
    with pytest.raises(MissingExtraError, match=r"install one \(cc, gcc or clang on PATH.*pip install ziglang"):
        network()
    program, args = network(native="auto")
    with pytest.warns(RuntimeWarning, match="runs on arrays and not as C: native programs need a C compiler") as told:
        first = program(*args)
    assert (len(told), first[0]) == (1, program(*args)[0])
    assert not runs_as_c(program)
    assert network(native=False)[0](*args)[0] == first[0]


def test_which_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one in CC, with its arguments; where that is none, the error says so. Else the first of cc, gcc and clang, else ziglang's."""
    monkeypatch.setenv("CC", f"{sys.executable} -m ziglang cc")
    assert [sys.executable, "-m", "ziglang", "cc"] == compiler.find()
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(MissingExtraError, match=r"\(CC='no-such-compiler' is no program\)"):
        network()
    monkeypatch.setenv("CC", "cc 'no end")
    with pytest.raises(MissingExtraError, match="no end"):
        network()
    monkeypatch.delenv("CC")
    monkeypatch.setattr(compiler.shutil, "which", lambda name: f"/bin/{name}" if name == "clang" else None)
    assert ["/bin/clang"] == compiler.find()
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: object())
    assert [sys.executable, "-m", "ziglang", "cc"] == compiler.find()


@needs_compiler
def test_what_has_no_form_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is too large for C is refused with the count, or runs on arrays and says why."""
    monkeypatch.setattr(room, "STACK", 5)
    program, args = network()
    with pytest.raises(TracingError, match=r"too large to run as C: one example needs \d+ numbers on the stack, and 5 may lie there"):
        program(*args)
    program, args = network("auto")
    with pytest.warns(RuntimeWarning, match="runs on arrays and not as C: the program is too large"):
        program(*args)


@needs_compiler
def test_a_row_of_ones_own_and_a_hostile_label() -> None:
    """What has no form in C is named, and runs on arrays with "auto"; a label stays a remark."""
    cube = custom_gradient(lambda z, x: 3.0 * x * x)(lambda x: x**3)
    with pytest.raises(TracingError, match="has no form on arrays, which this source needs"):
        pack(lambda x: cube(x), wrt="arguments", native=True)([1.0, 2.0])
    program = pack(lambda x: cube(x), wrt="arguments", native="auto")
    with pytest.warns(RuntimeWarning, match="runs on arrays and not as C: .* has no form on arrays"):
        assert program([1.0, 2.0])[0] == 4.5
    w = Value(3.0, label="*/ #error evil /*")
    assert pack(lambda x: w * x, params=[w], native=True)([2.0])[0] == 6.0


# -- compilers that fail -------------------------------------------------------------------------------------------------------


@needs_posix
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no space for you' >&2; exit 3", r"failed with exit code 3, and said: no space for you"),
        ("exit 1", r"failed with exit code 1, and said: nothing"),
        (r"printf '\377\033[2Jrubbish'", r"made no library, and said: �\\x1b\[2Jrubbish"),
        ("echo junk > packed.so", r"made no library, but a file that begins with b'junk\\n'"),
        (r"printf '\177ELFjunk' > packed.so", r"cannot be loaded: "),
        ("yes | head -c 5000000; exit 1", r"(y\n){900}y$"),
    ],
)
def test_fake_compilers(script: str, words: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fails, prints rubbish or makes no library: the error has its words; native="auto" goes on with arrays."""
    path = fake(tmp_path, f'[ "$1" = --version ] && exit\n{script}', monkeypatch)
    program, args = network()
    with pytest.raises(CompilerError, match=words) as caught:
        program(*args)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 2_500
    program, args = network("auto")
    with pytest.warns(RuntimeWarning, match="runs on arrays and not as C"):
        assert program(*args)[0] == network(False)[0](*args)[0]


@needs_posix
def test_a_compiler_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped, with all that it started, when its time is over; the error has what it had said."""
    fake(tmp_path, '[ "$1" = --version ] && exit\necho thinking; sleep 600 & echo $! > "$0.pid"; wait', monkeypatch)
    monkeypatch.setattr(compiler, "SECONDS", 0.5)
    program, args = network()
    with pytest.raises(CompilerError, match=r"took more than 0\.5 s and was stopped; it had said: thinking"):
        program(*args)
    child = int((tmp_path / "fake-cc.pid").read_text())
    for _ in range(100):
        try:
            if Path(f"/proc/{child}/stat").exists() and Path(f"/proc/{child}/stat").read_text().split(") ")[1][0] == "Z":
                break
            os.kill(child, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("what it started still runs")


@needs_posix
@needs_compiler
def test_a_compiler_that_does_not_know_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that refuses -march=native is asked again without it."""
    real = compiler.find()
    fake(tmp_path, f'for a; do [ "$a" = -march=native ] && exit 1; done\nexec {" ".join(real or [])} "$@"', monkeypatch)
    program, args = network()
    program(*args)
    assert runs_as_c(program)


# -- what is kept --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How often the compiler has run."""
    real = " ".join(compiler.find() or [])
    log = tmp_path / "runs"
    fake(tmp_path, f'[ "$1" = --version ] || echo run >> {log}\nexec {real} "$@"', monkeypatch)

    def count() -> int:
        monkeypatch.setattr(compiler, "_loaded", {})  # as in another process
        return len(log.read_text().splitlines()) if log.exists() else 0

    return count


@needs_posix
@needs_compiler
def test_it_is_compiled_once(cache: Path, counted: Any) -> None:
    """The second time it is loaded from the folder, which is the user's alone; another program is another file."""
    for _ in range(2):
        program, args = network()
        program(*args)
        assert counted() == 1
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert [0o700] == [stat.S_IMODE(path.stat().st_mode) for path in cache.iterdir()]
    pack(lambda x: exp(x), wrt="arguments", native=True)([1.0])
    assert (counted(), len(compiler.kept())) == (2, 2)


@needs_posix
@needs_compiler
@pytest.mark.parametrize("damage", [b"", b"\x7fELF", b"rubbish"])
def test_a_damaged_file_is_made_again(damage: bytes, cache: Path, counted: Any) -> None:
    """What is not as it was written is not loaded, but made again."""
    program, args = network()
    expected = program(*args)[0]
    (path,) = cache.iterdir()
    path.unlink()
    path.write_bytes(damage)
    assert counted() == 1
    program, args = network()
    assert (expected, 2) == (program(*args)[0], counted())
    assert [path] == [*cache.iterdir()]
    network()[0](*args)
    assert counted() == 2


@needs_posix
@needs_compiler
@pytest.mark.parametrize("what", ["mode", "owner", "file", "link"])
def test_a_folder_that_others_can_write(what: str, cache: Path, counted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded from it, or put there; the program is built for this process, and a warning says why."""
    cache.parent.mkdir()
    if what == "file":
        cache.write_text("")
    elif what == "link":
        cache.symlink_to(cache.parent)
    else:
        cache.mkdir(mode=0o700)
        if what == "mode":
            cache.chmod(0o777)
        else:
            monkeypatch.setattr(compiler.os, "geteuid", lambda: 12345)
    why = {"mode": "has the mode 777", "owner": r"belongs to user \d+, not to user 12345"}.get(what, "is something else")
    for count in (1, 2):
        program, args = network()
        with pytest.warns(RuntimeWarning, match=f"not kept for the next time: the folder .*{why}"):
            program(*args)
        assert (count, True) == (counted(), runs_as_c(program))


@needs_posix
@needs_compiler
def test_a_file_that_others_can_write(cache: Path, counted: Any) -> None:
    """It is not loaded, but made again."""
    program, args = network()
    program(*args)
    (path,) = cache.iterdir()
    path.chmod(0o777)
    counted()
    network()[0](*args)
    assert counted() == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


@needs_compiler
def test_a_full_disk(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs, and a warning says why it is not kept."""

    def full(*_: Any) -> None:
        raise CompilerError("cannot write it: the disk is full")

    monkeypatch.setattr(compiler, "write", full)
    program, args = network()
    with pytest.warns(RuntimeWarning, match="not kept for the next time: cannot write it: the disk is full"):
        program(*args)
    assert runs_as_c(program)


@needs_compiler
@pytest.mark.slow
def test_several_processes_and_threads(cache: Path) -> None:
    """Those that build the same at once all find the same numbers, and leave one file."""
    script = (
        "import numpy as np; from autograd import pack, tanh\n"
        "print(pack(lambda x: tanh(x) * x, wrt='arguments', native=True)(np.linspace(-1, 1, 9))[0].hex())"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert 1 == len({process.communicate(timeout=120)[0] for process in processes})
    assert [0] * 4 == [process.returncode for process in processes]
    assert 1 == len([*cache.iterdir()])
    found: list[float] = []
    program, args = network()
    threads = [threading.Thread(target=lambda: found.append(program(*args)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (4, 1) == (len(found), len(set(found)))


@needs_compiler
def test_the_command(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`glassgrad cache` says what is kept and where; with --clear it is removed."""
    program, args = network()
    program(*args)
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.startswith(f"kept in {cache}: 1, ")
    assert main(["cache", "--clear"]) == 0
    assert capsys.readouterr().out == f"removed from {cache}: 1\n"
    assert [] == [*cache.iterdir()]
    assert main(["cache", "--clear"]) == 0
