"""The notebooks run as they stand, and are stored with what they print and draw."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def said(notebook: Any) -> list[list[str]]:
    """What each code cell prints and shows as text, and which kinds of output it has. How printed text came in pieces is chance."""
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            printed = "".join("".join(o.get("text", "")) for o in cell.outputs)
            shown = ["".join(o.get("data", {}).get("text/plain", "")) for o in cell.outputs if "data" in o]
            kinds = [kind for o in cell.outputs for kind in sorted(o.get("data", {}))]
            cells.append([_timeless(printed), *map(_timeless, shown), *kinds])
    return cells


def _timeless(text: str) -> str:
    """The text without what differs from run to run: times, and the last digits of tiny differences."""
    return re.sub(r"\d[\d.]* ?(ms|µs|s)\b|\d\.\de-\d+", "…", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_what_is_stored(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Executed anew, every cell gives the stored text and the stored kinds of picture; nothing goes to standard error."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])))
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    NotebookClient(fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    assert said(stored) == said(fresh)
    assert not [o for cell in fresh.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
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
