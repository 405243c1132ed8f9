"""The site of documentation: nothing public is missing from it, and it can be built."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import autograd
import nn
from autograd import arrays, composed

ROOT = Path(__file__).parent.parent
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs/reference").glob("*.md"))}
ENTRY = re.compile(r"^ *(\S+(?:, \S+)*)  +\S", flags=re.MULTILINE)
"""A line of a list of parameters: one name or several, two spaces or more, what it is."""
ROWS = {*autograd.PRIMITIVES, *arrays.NAMES, *arrays.METHODS, *composed.METHODS}
"""The methods that a kind of number has from the table of primitives, where their operands stand in formulas."""
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


def test_every_parameter_is_said() -> None:
    """By its name in the docstring, in those of the classes that it derives from, or in the list of parameters that its module has."""
    said = {f"{name}({parameter})": is_said(parameter, own, module) for name, parameter, own, module in parameters()}
    assert 500 < len(said)
    assert [] == [parameter for parameter, found in said.items() if not found]


def test_a_parameter_that_nothing_names_is_seen() -> None:
    """A part of another word is no name, and in prose a module names nothing."""
    assert not is_said("rate", "The learning_rate.", "The rate is said in prose.")
    assert is_said("rate", "Its rate.", "")
    assert is_said("rate", "", "seed, rate  above 0")


def test_lists_of_parameters_stand_in_two_columns() -> None:
    """A longer name in a list does not move its second column, or the site would show lines instead of a list."""
    blocks = {block for text in docstrings() for block in re.split(r"\n\s*\n", text) if (ENTRY.match(block) and ">>>" not in block)}
    assert 50 < len(blocks)
    assert [] == [block for block in blocks if not in_columns(block.splitlines())]


def test_a_column_that_moves_is_seen() -> None:
    """A line may also go on with the entry above."""
    assert in_columns(["a    one", "bcd  two,", "     and more"])
    assert not in_columns(["a  one", "bcd  two"])


def in_columns(lines: list[str]) -> bool:
    found = ENTRY.match(lines[0])
    assert found is not None
    at = found.end() - 1
    return all(not line[:at].strip() or (line[at - 2 : at] == "  " and line[at : at + 1].strip()) for line in lines)


def docstrings() -> Iterator[str]:
    """Those of everything that is public, and of the modules that it comes from."""
    for package in (autograd, nn):
        for thing in (getattr(package, name) for name in package.__all__):
            members = [getattr(thing, name) for name in vars(thing) if not name.startswith("_")] if inspect.isclass(thing) else []
            for documented in (thing, sys.modules.get(getattr(thing, "__module__", "")), *members):
                if documented is thing or inspect.ismodule(documented) or inspect.isroutine(documented):
                    yield inspect.getdoc(documented) or ""


@pytest.mark.parametrize("room", ["autograd.composed", *sorted(f"nn.{file.stem}" for file in ROOT.glob("nn/[a-z]*.py"))])
def test_the_examples_of_docstrings_run(room: str) -> None:
    """Those of `nn`, and of the functions that are made of rows."""
    assert 0 == doctest.testmod(importlib.import_module(room)).failed


def is_said(parameter: str, own: str, module: str) -> bool:
    listed = {name for names in ENTRY.findall(module) for name in names.split(", ")}
    return parameter in listed or re.search(rf"\b{re.escape(parameter)}\b", own) is not None


def parameters() -> Iterator[tuple[str, str, str, str]]:
    """Each parameter of what is public and callable, with the docstrings where it may be said: its own, and that of the module."""
    for package in (autograd, nn):
        for name in [*{*package.__all__} - {*autograd.PRIMITIVES}]:
            thing = getattr(package, name)
            if not callable(thing):
                continue
            module = inspect.getdoc(sys.modules[thing.__module__]) or ""
            kinds = [kind for kind in inspect.getmro(thing) if is_ours(kind)] if inspect.isclass(thing) else []
            inits = [vars(kind).get("__init__") for kind in kinds]
            places = {name: (thing, [thing, *kinds, *inits])}
            for method in {method for kind in kinds for method in vars(kind) if not method.startswith("_")} - ROWS:
                places[f"{name}.{method}"] = getattr(thing, method), [vars(kind).get(method) for kind in kinds]
            for place, (called, documented) in places.items():
                own = "\n".join(inspect.getdoc(each) or "" for each in documented if each is not None)
                for parameter in taken(called) if callable(called) else []:
                    yield f"{package.__name__}.{place}", parameter, own, module


def is_ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in ("autograd", "nn")


def taken(called: Any) -> list[str]:
    """The names that a caller may give; none where Python knows no signature."""
    try:
        named = inspect.signature(called).parameters
    except ValueError:
        return []
    return [name for name in named if name not in ("self", "cls") and not name.startswith("_")]


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
    unheard = re.compile(r'role="heading">|<aside class="[a-z-]+">|<pre>|<dl>\s*<dd>')
    assert {} == {str(page): unheard.findall(text) for page, text in pages.items() if unheard.search(text)}
    assert "<mfrac>" in pages[tmp_path / "docs/reference/functions.html"]
