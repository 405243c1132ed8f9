"""What this installation is made of, and what ails it.

Uses nothing of the package but what it examines, and that only if it can be imported: another package named `autograd`, installed
over this one, may have replaced half of it. Every command asks here whether the package is ours, so what only an examination needs
is imported in its functions.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .mixed import REMEDY, is_mixed, words

DISTRIBUTION = "glassgrad"
HERE = os.path.dirname(os.path.realpath(__file__))


@dataclass(frozen=True)
class Finding:
    """One thing examined: what it is, what was found, and whether something must be done about it."""

    what: str
    text: str
    ails: bool = False


def examine(developer: bool = False) -> list[Finding]:
    """Everything worth knowing about this installation, in the order of reading; for a developer, the groups of pyproject.toml as well."""
    findings: list[Finding] = []
    looks = {
        "autograd": _autograd,
        "nn": _nn,
        "collision": _collisions,
        "layout": _layout,
        "Hangul": _hangul,
        "compiler": _compiler,
        "extras": _extras,
    }
    if developer:
        looks["groups"] = _groups
    for what, look in looks.items():
        try:
            findings += look()
        except Exception as error:  # whatever is broken here, the rest of the report is needed all the more
            findings.append(Finding(what, f"cannot tell: {error}", ails=True))
    return [
        Finding(DISTRIBUTION, f"{_own_version()}, on Python {sys.version.split()[0]} ({sys.executable})"),
        *findings,
        Finding("remember", "float(v) and math.exp(v) give plain numbers: no gradient flows through them. exp(v) keeps it."),
    ]


def is_ours() -> bool:
    """Whether the `autograd` that was imported is this one, and whole."""
    return hasattr(sys.modules.get("autograd"), "PRIMITIVES")


def _own_version() -> str:
    return (
        str(getattr(sys.modules.get("autograd"), "__version__", "of unknown version")) if is_ours() else _version(DISTRIBUTION) or "damaged"
    )


def _version(distribution: str) -> str:
    """The installed version, '' if there is none."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


# Who answers to our names.


def _autograd() -> Iterator[Finding]:
    if is_ours():
        yield Finding("autograd", f"this one, in {HERE}")
    elif not os.path.exists(os.path.join(HERE, "__init__.py")):
        yield Finding("autograd", words(HERE), ails=True)
    else:
        file = getattr(sys.modules.get("autograd"), "__file__", None)
        yield Finding("autograd", f"another package has taken the name: {file}. Remedy: {REMEDY}", ails=True)


def _nn() -> Iterator[Finding]:
    from importlib.util import find_spec

    ours = os.path.join(os.path.dirname(HERE), "nn")
    spec = find_spec("nn")
    place = (spec.origin or next(iter(spec.submodule_search_locations or ["?"]))) if spec else None
    if place is None:
        yield Finding("nn", f"cannot be imported. Remedy: {REMEDY}", ails=True)
    elif os.path.realpath(place) == os.path.join(ours, "__init__.py"):
        yield Finding("nn", f"this one, in {ours}")
    else:
        yield Finding("nn", f"`import nn` finds another one, at {place}. Remedy: remove it, or start Python elsewhere", ails=True)


def _collisions() -> Iterator[Finding]:
    """Other installed distributions that bring a package `autograd` or `nn`: who was installed last has overwritten the other."""
    from importlib.metadata import packages_distributions

    providers = packages_distributions()
    others = set()
    for package in ("autograd", "nn"):
        for other in sorted(set(providers.get(package, ())) - {DISTRIBUTION}):
            others.add(other)
            remedy = f"pip uninstall {other} {DISTRIBUTION}, then pip install {DISTRIBUTION}; or an environment for each"
            yield Finding("collision", f"{other} {_version(other)} installs a package {package} too. Remedy: {remedy}", ails=True)
    if is_mixed(HERE) and not others:  # that distribution is gone, or was never one
        yield Finding("collision", words(HERE), ails=True)


# What drawing needs.


def _layout() -> Iterator[Finding]:
    """The engine that a drawing will use, by the judgement of the room that draws."""
    from importlib.util import find_spec

    from .drawing.engine import layout_engine, runs_apart, trouble

    engine = layout_engine()
    found = _dot() if engine else "none"
    if engine == "pygraphviz":
        found = f"pygraphviz {_version('pygraphviz')}, in {'a process of its own' if runs_apart() else 'this process'}"
    if engine != "pygraphviz" and (present := _version("pygraphviz")):
        found += f" (pygraphviz {present} is installed and cannot be loaded: {trouble()})"
    if not engine:
        found += ". Remedy: pip install 'glassgrad[draw]', or install Graphviz so that dot is on PATH"
    elif find_spec("graphviz") is None:
        engine, found = "", f"{found}; but draw needs the package graphviz. Remedy: pip install 'glassgrad[draw]'"
    yield Finding("layout", found, ails=not engine)


def _dot() -> str:
    import shutil
    import subprocess

    program = shutil.which("dot") or "dot"
    try:
        said = subprocess.run([program, "-V"], capture_output=True, timeout=20, check=False).stderr.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    version = re.search(r"version ([\w.]+)", said)
    return f"dot {version[1] if version else said.strip()}, the program {program}"


def _hangul() -> Iterator[Finding]:
    from .drawing.fonts import hangul_font

    missing = f"no font found: in PNG and PDF it shows as boxes, in SVG it is right. Remedy: pip install '{DISTRIBUTION}[korean]'"
    yield Finding("Hangul", hangul_font() or missing)


# What native programs need.


def _compiler() -> Iterator[Finding]:
    import shlex

    from . import compiler
    from .errors import MissingExtraError

    try:
        found = compiler.command()
    except MissingExtraError as error:
        yield Finding("compiler", str(error))
    else:
        said = (compiler.version(*found).splitlines() or ["it says nothing of itself"])[0]
        yield Finding("compiler", f"{said}, called as {shlex.join(found)}; what it built lies in {compiler.folder()}")


# Extras.


def _extras() -> Iterator[Finding]:
    """A line for each extra: the versions of its packages, and what is missing."""
    for extra, wanted in _wanted(_requirements()).items():
        yield Finding(f"extra {extra}", _presence(wanted, f"pip install '{DISTRIBUTION}[{extra}]'"))


def _groups() -> Iterator[Finding]:
    """The same for each group of packages that developers need besides, as pyproject.toml in a clone names them."""
    table = _pyproject().get("dependency-groups")
    if table is None:
        yield Finding("groups", "what developers need is named in the pyproject.toml of a clone of the repository, and this is none")
    for group, wanted in _wanted(_pairs(table or {})).items():
        yield Finding(f"group {group}", _presence(wanted, f"in a clone, pip install --group {group}"))


def _presence(wanted: dict[str, str], remedy: str) -> str:
    """The versions of these packages, and what is missing."""
    present, missing = [], []
    for name, least in wanted.items():
        version = _version(name)
        if not version:
            missing.append(name)
        elif _numbers(version) < _numbers(least):
            missing.append(f"{name} {least} (here {version})")
        else:
            present.append(f"{name} {version}")
    absent = f"missing: {', '.join(missing)}. Remedy: {remedy}" if missing else ""
    return "; ".join(part for part in (", ".join(present), absent) if part)


def _wanted(requirements: Iterator[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """For each extra but `all`, which is the others together: its packages, and the least version of each."""
    extras: dict[str, dict[str, str]] = {}
    for extra, requirement in requirements:
        name, least = re.match(r"\s*([\w.-]+)(?:\[[^]]*\])?\s*(?:\(?>=\s*([\w.]+))?", requirement).groups(default="0")  # type: ignore[union-attr]
        if extra != "all" and name != DISTRIBUTION:  # in a checkout, an extra may still include another by name
            extras.setdefault(extra, {})[name] = least
    return extras


def _requirements() -> Iterator[tuple[str, str]]:
    """Every extra's requirements, from the installed distribution or, in a checkout that is not installed, from its pyproject.toml."""
    from importlib import metadata

    try:
        for requirement in metadata.requires(DISTRIBUTION) or []:
            if extra := re.search(r"""extra\s*==\s*['"]([\w.-]+)""", requirement):
                yield extra[1], requirement
    except metadata.PackageNotFoundError:
        yield from _pairs(_pyproject().get("project", {}).get("optional-dependencies", {}))


def _pairs(table: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((name, requirement) for name, requirements in table.items() for requirement in requirements)


def _pyproject() -> dict[str, Any]:
    """The pyproject.toml of the clone that this is, {} where it is none."""
    import tomllib

    file = os.path.join(os.path.dirname(HERE), "pyproject.toml")
    if not os.path.isfile(file):
        return {}
    with open(file, "rb") as text:
        return tomllib.load(text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
