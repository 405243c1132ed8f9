"""The layout engine: DOT text in, a picture's bytes out. Graphviz inside this process through pygraphviz, else `dot` on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..errors import DrawingError, MissingExtraError

_laying_out = threading.Lock()  # Graphviz keeps its state in globals


def layout_engine() -> str:
    """Which engine will be used: "pygraphviz" (in process), "dot" (the program on PATH), or "" for none."""
    try:
        import pygraphviz  # noqa: F401
    except ImportError:  # absent, or present without the libraries it was built against
        return "dot" if shutil.which("dot") else ""
    return "pygraphviz"


def layout(source: str, format: str, *, engine: str = "dot", dpi: float | None = None) -> bytes:
    """The DOT text laid out and rendered. Whatever the engine complains about is a DrawingError: it would have drawn something else."""
    which = layout_engine()
    if not which:
        raise MissingExtraError(
            "no layout engine: install the extra, pip install 'glassgrad[draw]', or Graphviz itself so that `dot` is on PATH;"
            " the picture's DOT text is in its .source"
        )
    run = _in_process if which == "pygraphviz" else _by_program
    result, complaints = run(source, format, engine, dpi)
    if complaints or not result:
        raise DrawingError(f"the layout engine could not draw this: {complaints or 'it gave no picture'}")
    return result


def _in_process(source: str, format: str, engine: str, dpi: float | None) -> tuple[bytes, str]:
    import pygraphviz

    result = b""
    with _laying_out, _standard_error() as said:
        try:
            graph = pygraphviz.AGraph(string=source)
            if dpi is not None:
                graph.graph_attr["dpi"] = str(dpi)
            result = graph.draw(format=format, prog=engine)
            graph.close()
        except (pygraphviz.agraph.DotError, ValueError) as error:
            said.append(str(error))
    return result, _complaints("\n".join(said))


def _by_program(source: str, format: str, engine: str, dpi: float | None) -> tuple[bytes, str]:
    command = ["dot", f"-K{engine}", f"-T{format}", *([] if dpi is None else [f"-Gdpi={dpi}"])]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    complaints = _complaints(done.stderr.decode(errors="replace"))
    return done.stdout, complaints or ("" if done.returncode == 0 else f"dot ended with status {done.returncode}")


def _complaints(text: str) -> str:
    """What matters of the engine's messages: neither Fontconfig's remarks on its own configuration, nor pygraphviz's that a
    layout may take long."""
    return "; ".join(
        line for line in text.splitlines() if line.strip() and not line.startswith("Fontconfig") and "may take a long" not in line
    )


@contextmanager
def _standard_error() -> Iterator[list[str]]:
    """Collect what C code writes to file descriptor 2, the only place where Graphviz says that it drew something else."""
    said: list[str] = []
    try:
        saved = os.dup(2)
    except OSError:  # no standard error at all, as under pythonw
        yield said
        return
    if sys.stderr is not None:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            said.append(file.read().decode(errors="replace"))


# Fonts. SVG leaves them to whoever shows it; PNG and PDF need them here.


@cache
def hangul_font() -> str:
    """The name of an installed font with Hangul, or "" where none can be found."""
    program = shutil.which("fc-list")
    if program:
        done = subprocess.run([program, ":lang=ko", "family"], capture_output=True, check=False)
        families = sorted(line.split(",")[0].strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip())
        return families[0] if families else ""
    folders = ["/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"]
    folders += ["/Library/Fonts", "/System/Library/Fonts", r"C:\Windows\Fonts"]
    known = ("cjk", "nanum", "malgun", "applesdgothic", "unifont", "gulim", "batang", "droidsansfallback")
    for folder in folders:
        for path in Path(folder).expanduser().rglob("*.[ot]t[fc]"):
            if any(name in path.name.lower() for name in known):
                return path.stem
    return ""


@cache
def _say_hangul_needs_a_font() -> None:
    warnings.warn(
        "no font with Hangul is installed, so PNG and PDF show boxes in its place; SVG is right wherever it is shown", stacklevel=6
    )


def check_fonts(text: str) -> None:
    """Say once that Hangul will not be readable in a bitmap, where that is so."""
    if any("가" <= c <= "힣" or "ᄀ" <= c <= "ᇿ" or "ㄱ" <= c <= "ㆎ" for c in text) and not hangul_font():
        _say_hangul_needs_a_font()
