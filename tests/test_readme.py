"""The README tells the truth: its Python runs and prints what it says, its files and commands exist."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize(("program", "expected"), PROGRAMS, ids=[f"program{i}" for i in range(len(PROGRAMS))])
def test_a_program_prints_what_the_readme_says(program: str, expected: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, env=_environment()
    )
    assert ("", expected) == (done.stderr, done.stdout)


def _environment() -> dict[str, str]:

    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def test_every_python_block_has_its_output() -> None:
    assert len(PROGRAMS) == TEXT.count("```python") >= 5


def test_the_first_program_is_twelve_lines_and_ends_with_the_difference_quotient() -> None:
    """Twelve lines besides blank ones at most; the last prints the gradient beside the quotient."""
    lines = [line for line in PROGRAMS[0][0].splitlines() if line.strip()]
    assert len(lines) <= 12
    assert "apple.grad" in lines[-1]
    assert "(2 * h)" in lines[-1]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_linked_file_exists(name: str) -> None:
    """So does every file that a command or a sentence names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    named = re.findall(r"(?<![\w/])(?:autograd|nn|notebooks|tests)/[\w/]+\.\w+|\.ci/run", text)
    assert links
    assert len(named) >= 2
    assert [] == [file for file in links + named if not (ROOT / file).exists()]


def test_the_pictures_are_what_is_drawn_today() -> None:
    """Every word and number of the README's pictures, as a fresh drawing has them."""
    program = runpy.run_path(str(ROOT / "notebooks/pictures/make.py"))
    shown = {f"notebooks/pictures/{name}.svg" for name in program["pictures"]()}
    assert shown == set(re.findall(r"\]\((notebooks/pictures/[^)]+)\)", TEXT))
    for name, picture in program["pictures"]().items():
        stored = (ROOT / f"notebooks/pictures/{name}.svg").read_text(encoding="utf-8")
        words = re.compile(r"<(?:text|title)[^>]*>([^<]*)<")
        assert words.findall(stored) == words.findall(picture.pipe("svg", encoding="utf-8"))
