"""The site of documentation: nothing public is missing from it, and it can be built."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn

ROOT = Path(__file__).parent.parent
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs/reference").glob("*.md"))}
NAMED = set(re.findall(r"^\.\. auto\w+:: (?:[a-z_.]+\.)?(\w+)$", "\n".join(PAGES.values()), flags=re.MULTILINE))


@pytest.mark.parametrize("package", [autograd, nn], ids=["autograd", "nn"])
def test_every_public_name_has_its_place_in_the_reference(package: ModuleType) -> None:
    """By hand, except for the rows of the table, whose page is made from it."""
    assert "```{primitives}" in PAGES["functions"]
    assert set() == set(package.__all__) - NAMED - set(autograd.PRIMITIVES)


def test_what_the_reference_names_is_there() -> None:
    """Every page of it is found from the first page as well."""
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert [] == [page for page in PAGES if f"reference/{page}\n" not in index]
    missing = {name for name in NAMED if not (hasattr(autograd, name) or hasattr(nn, name))}
    assert {"GuardError", "TracingError"} == missing - {"testing", "checking", "init"}, "names of rooms, imported from there"


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("sphinx", "furo", "myst_nb"))), reason="the dependency group `docs` is not installed"
)
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Every link inside leads somewhere, formulas are MathML, and no page fetches anything."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(ROOT / "docs/site"), str(ROOT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ("", 0) == (done.stderr, done.returncode)
    pages = {page: page.read_text(encoding="utf-8") for page in (tmp_path / "docs").rglob("*.html")}
    assert 20 < len(pages)
    fetched = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?:https?:)?//")
    assert {} == {str(page): fetched.findall(text) for page, text in pages.items() if fetched.search(text)}
    assert 'id="row-tanh"' in pages[tmp_path / "docs/reference/functions.html"]
    assert "<mfrac>" in pages[tmp_path / "docs/reference/functions.html"]
