"""What a type checker and an editor know: every row by its name and as a method, and a person's mistakes."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PROGRAM = """\
from autograd import Dual, Value, abs, draw, exp, grad, hypot, maximum, pow, sigmoid, softmax
import nn

x = Value(1.0, label="x")
value: Value = exp(x) * x.tanh() + hypot(x, 3.0) + maximum(2.0, x) - abs(x) / pow(x, x)
number: float = exp(2.0) + hypot(3.0, 4.0)
dual: Dual = sigmoid(Dual(0, 1.0, 2.0))
method: Value = x.hypot(2.0).leaky_relu(0.1).power(2.0).clip(0.0, 1.0)
values: list[Value] = softmax([x, x * 2])
value.backward()
slope: float = x.grad
model = nn.MLP(2, [3, 1], activation="tanh")
weights: list[Value] = model.parameters()
"""
MISTAKES = [
    "value.backwards()",
    "x.zero_gard()",
    'x.lable = "a"',
    "x.exp(3.0)",
    "x.hypot()",
    "x.atan3(2.0)",
    'exp("1")',
    "hypot(x)",
    'x.power("2")',
    "text: str = exp(x)",
    'Value(1.0, lable="x")',
    "draw(value, direktion=3)",
    'nn.MLP(2, [3, 1], activtion="relu")',
]


def checked(tmp_path: Path, *command: str) -> dict[int, str]:
    """What a checker says of the program with the mistakes below it, by line."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM + "\n".join(MISTAKES) + "\n", encoding="utf-8")
    done = subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.findall(r"program\.py:(\d+)(?::\d+)?:? -? ?error: (.*)", done.stdout)
    assert found, done.stdout + done.stderr
    return {int(line): text for line, text in found}


def missed(found: dict[int, str]) -> list[str]:
    """The mistakes that a checker does not name, and what it says of the program above them."""
    start = len(PROGRAM.splitlines()) + 1
    wrong = [f"line {line}: {text}" for line, text in found.items() if line < start]
    return wrong + [mistake for line, mistake in enumerate(MISTAKES, start) if line not in found]


def test_the_file_of_types_is_what_the_table_says() -> None:
    """Remedy: python .ci/make_types.py."""
    made = runpy.run_path(str(ROOT / ".ci/make_types.py"))["stub"]()
    assert made == (ROOT / "autograd/typed.pyi").read_text(encoding="utf-8")


@pytest.mark.slow
def test_mypy_knows_the_names_and_finds_the_mistakes(tmp_path: Path) -> None:
    """A program as people write it passes --strict; every mistake is an error in its line."""
    pytest.importorskip("mypy")
    assert [] == missed(checked(tmp_path, sys.executable, "-m", "mypy", "--strict", "--no-error-summary"))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed")
def test_pyright_knows_the_names_and_finds_the_mistakes(tmp_path: Path) -> None:
    """The same in the checker that editors use."""
    assert [] == missed(checked(tmp_path, "pyright", "--pythonpath", sys.executable))
