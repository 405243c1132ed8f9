"""The layout engine: DOT text in, a picture's bytes out. Graphviz in a process of its own through pygraphviz, else `dot` on PATH."""

from __future__ import annotations

import atexit
import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import DrawingError, MissingExtraError
from . import worker
from .fonts import CONFIGURATION, Fonts, all_fonts, fonts_for

SECONDS = 120.0
"""So long at most a layout may take."""
KEPT = 3
"""So many processes at most wait for the next picture."""
INHERITED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
"""What of the environment the process gets: nothing that could change a picture."""


def layout_engine() -> str:
    """Which engine will be used: "pygraphviz" (Graphviz inside), "dot" (the program on PATH), or "" for none."""
    if not trouble():
        return "pygraphviz"
    return "dot" if shutil.which("dot") else ""


def trouble() -> str:
    """Why pygraphviz cannot be used: it is absent, or present without the libraries it was built against. "" where it can."""
    place = _pygraphviz()
    return _trouble(place) if place else "it is not installed"


def runs_apart() -> bool:
    """Whether Graphviz runs in a process of its own; if not, in this one."""
    return _can_start(_pygraphviz())


def layout(source: str, format: str, *, engine: str = "dot", dpi: float | None = None) -> bytes:
    """The DOT text laid out and rendered; in an SVG every text carries the width it was laid out with.

    DrawingError: the engine complains (it would have drawn something else), or takes longer than SECONDS.
    """
    which = layout_engine()
    if not which:
        raise MissingExtraError(
            "no layout engine: install the extra, pip install 'glassgrad[draw]', or Graphviz itself so that `dot` is on PATH;"
            " the picture's DOT text is in its .source"
        )
    fonts = fonts_for(source, format)
    formats = ["svg", "json"] if format == "svg" else [format]
    run = _by_process if which == "pygraphviz" else _by_program
    pictures, said = run(fonts, source, formats, engine, dpi)
    complaints = _complaints(said)
    if complaints or not pictures or not pictures[0]:
        raise DrawingError(f"the layout engine could not draw this: {complaints or 'it gave no picture'}")
    if format == "svg":
        return _with_widths(pictures[0].decode(), json.loads(pictures[1])).encode()
    return _DATE.sub(rb"\1(D:19700101000000Z)", pictures[0]) if format == "pdf" else pictures[0]


_DATE = re.compile(rb"(/(?:Creation|Mod)Date )\(D:\d{14}Z\)")  # replaced by one of its length: places in a PDF are counted in bytes


def _complaints(text: str) -> str:
    """What matters of the engine's messages: not Fontconfig's remarks on the machine's configuration."""
    return "; ".join(line for line in text.splitlines() if line.strip() and not line.startswith("Fontconfig"))


# Graphviz in a process of its own.


class _Process:
    """The worker as a program, which knows some fonts. It is asked and it answers; whatever goes wrong in between, it is ended.

    It runs in a session of its own, so that no Ctrl-C reaches it, and isolated, so that no setting of the person's changes a picture. It
    ends when its standard input does: with its parent, however that ends.
    """

    folder = ""

    def __init__(self, fonts: Fonts, place: str) -> None:
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
        command = [sys.executable, "-I", "-S", "-X", "utf8", worker.__file__, place]
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {"LC_ALL": "C.UTF-8"}
        self.fonts = fonts
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, env=environment, **apart
        )
        _processes.add(self)
        try:
            worker.send(self.process.stdin, {"fonts": fonts, "configuration": CONFIGURATION})
            greeting, _ = worker.receive(self.process.stdout)
            self.folder = greeting.get("folder", "")
        except BaseException:
            self.end()
            raise
        if "error" in greeting:
            self.end()
            raise ImportError(greeting["error"])

    def ask(self, head: dict[str, Any], source: bytes) -> tuple[list[bytes], str]:
        """The pictures, and what the library complained about. EOFError, OSError: it has ended."""
        worker.send(self.process.stdin, head, source)
        answer, pictures = worker.receive(self.process.stdout)
        return pictures, answer["said"]

    def end(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.forget()
        self.process.wait()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __del__(self) -> None:
        process = getattr(self, "process", None)
        if process is not None and process.returncode is None:  # nobody has it any more: an interrupt came between two lines
            self.end()

    def forget(self) -> None:
        """Close this side of its pipes."""
        _processes.discard(self)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


_processes: weakref.WeakSet[_Process] = weakref.WeakSet()
_idle: list[_Process] = []
"""The processes that wait, the last used last. Who asks one takes it out and puts it back after its answer: so no lock is needed, and
one whose answer was interrupted is asked no more."""


def _end_all() -> None:
    for process in list(_processes):
        process.end()


def _forget_all() -> None:
    """In a fork the processes are the parent's."""
    for process in list(_processes):
        process.process.returncode = 0
        process.forget()
    _idle.clear()


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _by_process(fonts: Fonts, source: str, formats: list[str], engine: str, dpi: float | None) -> tuple[list[bytes], str]:
    place = _pygraphviz()
    if not _can_start(place):
        _load()
        return worker.run(source, formats, engine, dpi)
    head = {"formats": formats, "engine": engine, "dpi": dpi, "seconds": SECONDS}
    while True:
        waiting = _take(fonts)
        process = waiting or _Process(fonts, place)
        started = time.monotonic()
        try:
            answer = process.ask(head, source.encode())
        except (EOFError, OSError):
            process.end()
            if time.monotonic() - started >= SECONDS:
                raise DrawingError(
                    f"the layout engine was stopped after {SECONDS:g} s. Remedies: fold=1 folds what was made inside each scope(...);"
                    " around=node, radius=2 shows a neighbourhood; style='cards' needs less room"
                ) from None
            if not waiting:
                status = process.process.returncode
                raise DrawingError(f"the layout engine ended while it drew this (status {status})") from None
            continue  # it had ended while it waited
        except BaseException:
            process.end()
            raise
        _idle.append(process)
        while len(_idle) > KEPT:
            _idle.pop(0).end()
        return answer


def _take(fonts: Fonts) -> _Process | None:
    """A process that waits and knows these fonts."""
    for process in reversed(_idle.copy()):
        if process.fonts == fonts:
            try:
                _idle.remove(process)
            except ValueError:  # another thread was quicker
                continue
            return process
    return None


def _pygraphviz() -> str:
    """The folder that pygraphviz is imported from; "" without it."""
    try:
        spec = importlib.util.find_spec("pygraphviz")
    except ValueError:  # somebody has forbidden the import
        return ""
    return str(Path(spec.origin).parent.parent) if spec and spec.origin else ""


@cache
def _can_start(place: str) -> bool:
    """Whether a process of our own can be started: not in a browser, a sandbox, or inside another program."""
    if sys.platform in ("emscripten", "wasi") or getattr(sys, "frozen", False) or not sys.executable:
        return False
    try:
        _idle.append(_Process(fonts_for("", "svg"), place))
    except (OSError, EOFError):
        return False
    return True


@cache
def _trouble(place: str) -> str:
    try:
        if not _can_start(place):
            import pygraphviz  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


@cache
def _load() -> tempfile.TemporaryDirectory[str]:
    """The folder of this process's fonts: all there are, since the library settles them once. It is removed when the process ends."""
    folder = tempfile.TemporaryDirectory()
    worker.load(folder.name, all_fonts(), CONFIGURATION)
    return folder


# The program `dot`.


def _by_program(fonts: Fonts, source: str, formats: list[str], engine: str, dpi: float | None) -> tuple[list[bytes], str]:
    """It is told the same fonts; whether it heeds them depends on how it was built."""
    pictures, said = [], ""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FONTCONFIG_FILE": worker.prepare(folder, fonts, CONFIGURATION)}
        for format in formats:
            command = ["dot", f"-K{engine}", f"-T{format}", *([] if dpi is None else [f"-Gdpi={dpi}"])]
            try:
                done = subprocess.run(command, input=source.encode(), capture_output=True, check=False, env=environment, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return [], f"it was stopped after {SECONDS:g} s"
            said += done.stderr.decode(errors="replace") or ("" if done.returncode == 0 else f"dot ended with status {done.returncode}")
            pictures.append(done.stdout)
    return pictures, said


# Text of one width everywhere.

_TEXT = re.compile(r'(<text [^>]*? x="(?P<x>[^"]*)"[^>]*?)>(?P<text>[^<]*)</text>')


def _with_widths(svg: str, laid_out: dict[str, Any]) -> str:
    """The SVG with the width of each text as it was laid out, so that it fits whatever font shows it.

    The letters are stretched and not only their distances, since those of some scripts are joined. The library says the widths in
    its JSON alone, where a text is found again by its letters and its place.
    """
    widths: dict[str, list[tuple[float, float]]] = {}
    things = [laid_out, *laid_out.get("objects", ()), *laid_out.get("edges", ())]
    for drawn in (operation for thing in things for key in ("_ldraw_", "_hldraw_", "_tldraw_") for operation in thing.get(key, ())):
        if drawn["op"] == "T":
            widths.setdefault(drawn["text"], []).append((drawn["pt"][0], drawn["width"]))

    def fitted(match: re.Match[str]) -> str:
        x = float(match["x"])
        found = widths.get(html.unescape(match["text"]))
        if not found:
            return match[0]
        _, width = min(found, key=lambda at: abs(at[0] - x))
        return f'{match[1]} textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{match["text"]}</text>' if width else match[0]

    return _TEXT.sub(fitted, svg)
