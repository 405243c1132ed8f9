"""The notebooks run as they stand, and are stored with what they print and draw."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


STORED = pytest.mark.skipif('"output_type"' not in NOTEBOOKS[0].read_text(encoding="utf-8"), reason="a source archive has no outputs")


def execute() -> dict[str, Any]:
    """What notebooks/execute.py defines: the command that stores them."""
    return runpy.run_path(str(ROOT / "notebooks" / "execute.py"))


def said(notebook: Any) -> list[list[str]]:
    """What each code cell prints and shows, as words, and which kinds of output it has; a picture is the words and numbers in it."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            printed = "".join("".join(o.get("text", "")) for o in cell.outputs)
            shown = ["".join(o.get("data", {}).get("text/plain", "")) for o in cell.outputs if "data" in o]
            drawn = [word for o in cell.outputs for word in WORDS.findall("".join(o.get("data", {}).get("image/svg+xml", "")))]
            kinds = [kind for o in cell.outputs for kind in sorted(o.get("data", {}))]
            cells.append([_anywhere(text) for text in (printed, *shown, *drawn)] + kinds)
    return cells


WORDS = re.compile(r"<(?:text|title)[^>]*>([^<]*)<")
CHANCE = re.compile(
    r"\d[\d.]* ?(?:ms|µs|s)\b"  # a time
    r"|\d\.\de-\d+"  # the last digits of a tiny difference
    r"|\(-?\d+\.\d+, ?-?\d+\.\d+\)"  # a place in a picture, of which the layout engine's version and the fonts have a say
)


def _anywhere(text: str) -> str:
    """The text without what differs from run to run, or from machine to machine."""
    return CHANCE.sub("…", text)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_a_notebook_runs_and_says_what_is_stored(path: Path) -> None:
    """Executed anew, every cell gives the stored words and the stored kinds of picture; nothing goes to standard error."""
    stored, fresh = nbformat.read(path, as_version=4), execute()["executed"](path)
    if not STORED.args[0]:
        assert said(stored) == said(fresh)
    assert not [o for cell in fresh.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"]


@STORED
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_notebooks_are_stored_by_the_command(path: Path) -> None:
    """Byte for byte as notebooks/execute.py writes them: nothing is in the file but the notebook and what it says."""
    stored = path.read_text(encoding="utf-8")
    tidied = execute()["tidied"](nbformat.reads(stored, as_version=4))
    assert stored == nbformat.writes(tidied) + "\n"
    counts = [cell.execution_count for cell in tidied.cells if cell.cell_type == "code"]
    assert list(range(1, len(counts) + 1)) == counts


@STORED
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_pictures_are_visible_in_a_static_viewer(path: Path) -> None:
    """A reader who only scrolls sees every picture: stored as SVG and as PNG; and no error is stored."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pictures = [output.data for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert all("image/svg+xml" in data for data in pictures)
    assert not [output for output in outputs if output.output_type == "error"]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 2


CELLS = """
import sys, time
print("one")
sys.stdout.flush()
time.sleep(0.05)
print("two")
"""


@pytest.mark.slow
def test_a_notebook_is_stored_alike_whenever_it_is_run(tmp_path: Path) -> None:
    """Twice the same bytes: text that came in pieces is one piece; no time, no chance name and nobody's settings are in it."""
    program = execute()
    path = tmp_path / "made.ipynb"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("Words."), nbformat.v4.new_code_cell(CELLS), nbformat.v4.new_code_cell("6 * 7")],
        metadata={"language_info": {"name": "python", "version": "3.0.0"}, "widgets": {}},
    )
    nbformat.write(notebook, path)
    store: Callable[[Path], None] = program["store"]
    store(path)
    once = path.read_bytes()
    store(path)
    assert once == path.read_bytes()
    words, printing, answer = nbformat.read(path, as_version=4).cells
    assert (["one\ntwo\n"], ["42"]) == ([o.text for o in printing.outputs], [o.data["text/plain"] for o in answer.outputs])
    assert [("cell-00", {}), ("cell-01", {}), ("cell-02", {})] == [(cell.id, cell.metadata) for cell in (words, printing, answer)]
