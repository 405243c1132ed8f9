"""Graphviz, by itself: DOT text in, pictures out. It runs as a program of its own, and in this process only where none can be started.

A process of its own keeps Ctrl-C from the layout library, where one kills the interpreter. It tells the library's complaints, which
are only printed, from what everybody else prints. It can be ended when a layout takes too long. And it chooses the fonts, which the
library settles once a process.

The program reads requests and answers them, JSON and bytes, and ends with its standard input.
It imports nothing of this package, so that it starts in the time that Python and Graphviz need.
"""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


def run(source: str, formats: Sequence[str], engine: str, dpi: float | None) -> tuple[list[bytes], str]:
    """The text laid out once and rendered in each of the formats, and what the library complained about."""
    import pygraphviz
    from pygraphviz import graphviz as library

    pictures: list[bytes] = []
    with _standard_error() as said:
        try:
            graph = pygraphviz.AGraph(string=source)
            if dpi is not None:
                graph.graph_attr["dpi"] = str(dpi)
            context = library.gvContextWithBuiltins()
            if library.gvLayout(context, graph.handle, engine.encode()):
                raise ValueError(f"there is no layout named {engine!r}")
            for format in formats:
                failed, picture = library.gvRenderData(context, graph.handle, format.encode())
                if failed:
                    raise ValueError(f"it cannot write {format!r}")
                pictures.append(bytes(picture))
            library.gvFreeLayout(context, graph.handle)
            library.gvFreeContext(context)
            graph.close()
        except (pygraphviz.agraph.DotError, ValueError) as error:
            said.append(str(error))
    return pictures, "\n".join(said)


def load(folder: str, fonts: Sequence[str], configuration: str) -> None:
    """Make the library read these fonts and no others. It settles its fonts at its first text, and opens their files when it needs them:
    the folder must stay as long as the library is used.
    """
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = prepare(folder, fonts, configuration)
    try:
        run('graph { a [fontname="Glassgrad Sans" label=<a<b>b</b><i>c</i>>] }', ["json0"], "dot", None)
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before


def prepare(folder: str, fonts: Sequence[str], configuration: str) -> str:
    """The path of a fontconfig file that names a folder with these fonts alone.

    They are linked, since fontconfig leaves a file of its own in every folder in which it looks for fonts.
    """
    for i, font in enumerate(fonts):
        link = os.path.join(folder, f"{i}-{os.path.basename(font)}")
        try:
            os.symlink(font, link)
        except (OSError, NotImplementedError):  # Windows does not let everybody
            shutil.copyfile(font, link)
    file = os.path.join(folder, "fonts.conf")
    with open(file, "w", encoding="utf-8") as written:
        written.write(configuration.format(folder=folder))
    return file


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


def send(stream: Any, head: dict[str, Any], *parts: bytes) -> None:
    """What is to be said as JSON, and bytes; before each its length."""
    parts = (json.dumps(head).encode(), *parts)
    data = memoryview(b"".join([struct.pack(">I", len(parts)), *(struct.pack(">I", len(part)) + part for part in parts)]))
    while data:  # a pipe takes as much as it has room for
        data = data[stream.write(data) :]


def receive(stream: Any) -> tuple[dict[str, Any], list[bytes]]:
    """What `send` has sent. EOFError: the other side is gone."""
    count = struct.unpack(">I", _exactly(stream, 4))[0]
    head, *parts = [_exactly(stream, struct.unpack(">I", _exactly(stream, 4))[0]) for _ in range(count)]
    return json.loads(head), parts


def _exactly(stream: Any, length: int) -> bytes:
    parts = []
    while length:
        part = stream.read(length)
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def serve(requests: Any, answers: Any) -> None:
    """Answer until there are no more requests. A request that takes longer than its `seconds` ends the program, even inside C code.

    The first request says which fonts there are; its answer, in which folder they are linked, or why this cannot work.
    """
    settings, _ = receive(requests)
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w", encoding="utf-8") as nowhere:
        try:
            load(folder, **settings)
        except ImportError as error:
            send(answers, {"error": str(error)})
            return
        send(answers, {"folder": folder})
        while True:
            head, (source,) = receive(requests)
            faulthandler.dump_traceback_later(head["seconds"], exit=True, file=nowhere)
            pictures, said = run(source.decode(), head["formats"], head["engine"], head["dpi"])
            faulthandler.cancel_dump_traceback_later()
            send(answers, {"said": said}, *pictures)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.append(sys.argv[1])  # where pygraphviz is: this interpreter was started without site-packages
    channel = [os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)]
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.dup2(silence, 1)  # the library prints a word now and then
    with suppress(EOFError, BrokenPipeError):  # nobody asks any more
        serve(*channel)
