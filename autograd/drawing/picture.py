"""Picture: a real `graphviz.Digraph` that can lay itself out, show itself in a notebook, and write itself to a file."""

from __future__ import annotations

import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import graphviz

from .. import files, given
from ..errors import AutogradError, DrawingError
from ..numbers import as_float
from ..typeset import shown
from ..words import into, said
from . import text
from .engine import layout
from .moment import Moment
from .style import Style

_SIZE = re.compile(r'width="([\d.]+)pt" height="([\d.]+)pt"')
PNG_DPI, NOTEBOOK_DPI = 192, 144
NOTEBOOK_WIDTH = 860
"""Pixels: what a cell's output shows without scrolling on a small screen. The SVG of a wider picture is as wide as there is room, and
its PNG is so wide, which every viewer shrinks where there is less room."""
PAPER_WIDTH, PAPER_HEIGHT = 576, 860
"""Pixels: what a printed notebook has room for on A4 and Letter; nbconvert cuts an SVG of a larger size, but none that has no size."""


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A drawing of a graph: a `graphviz.Digraph` whose `pipe()` needs no Graphviz on the system.

    `source` is its DOT text, complete in itself. In a notebook it shows as SVG, with a PNG beside it for untrusted notebooks.
    """

    style: Style | None = None
    caption: str = ""
    moment: Moment | None = None
    _plan: tuple[str, ...] = ()
    _finished: str = ""

    @classmethod
    def of(cls, style: Style, moment: Moment | None = None) -> Picture:
        """The picture of a view in a style; of everything, or of one moment, laid out as the whole is."""
        picture = cls()
        picture.moment = moment
        style.plan(picture)
        picture.style, picture.caption, picture._plan = style, shown(into(style.look.caption, style.look.lang), 120), tuple(picture.body)
        return picture

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, dpi: float | None = None, **options: Any) -> Any:
        """The picture's bytes in a format of Graphviz's ("svg", "png", "pdf", …), or its text where `encoding` is given.

        DrawingError: the engine complains. MissingExtraError: there is no engine.
        """
        if args or {name for name, value in options.items() if value not in (None, False)}:
            raise TypeError("pipe of a Picture takes a format, an encoding and a dpi only")
        format = self.format if format is None else given.text(format, "format", "pipe")
        if format.partition(":")[0] not in graphviz.FORMATS:
            raise DrawingError(f"pipe needs a format of Graphviz's, such as svg, png or pdf, but got {given.shorten(format)}")
        dpi = None if dpi is None else _dpi(dpi)
        encoding = None if encoding is None else given.text(encoding, "encoding", "pipe")
        source, engine = self._placed(), "nop2"
        if not source:
            source, engine = self.source, self.engine
        result = layout(source, format, engine=engine, dpi=dpi if dpi is not None or format != "png" else PNG_DPI)
        if format == "svg":
            result = _accessible(
                result.decode(),
                self.caption or said("picture.graph").into(self.style.look.lang if self.style else "en"),
                self.style.descriptions() if self.style and self.moment is None else {},
            ).encode()
        try:
            return result.decode(encoding) if encoding else result
        except (LookupError, ValueError):
            raise LookupError(f"pipe needs an encoding that Python knows, but got {given.shorten(encoding)}") from None

    def _placed(self) -> str:
        """The DOT text with every place fixed, by the engine's layout and then the style's finish; laid out once."""
        finish = getattr(self.style, "finish", None)  # a style without one is rendered as it is laid out
        if finish is None:
            return ""
        if tuple(self.body) != self._plan:
            return ""  # somebody added to the graph: that is in the plan only
        if not self._finished:
            laid_out = json.loads(layout(self.source, "json0"))
            self._finished = finish(laid_out) if self.moment is None else finish(laid_out, self.moment)
        return self._finished

    def write(self, path: str | os.PathLike[str], *, dpi: float | None = None) -> Path:
        """Write the picture to a .svg, .png or .pdf file, whole or not at all, and return its path.

        A picture of the same format that stands there is replaced; anything else there, a missing folder, an unknown ending
        or a full disk is a DrawingError. dpi: dots per inch of a PNG, 192 unless given.
        """
        path = files.as_path(path, "Picture.write")
        kind = files.kind_of(path, files.PICTURES)
        return files.write(path, kind, lambda: self.pipe(path.suffix[1:].lower(), dpi=dpi))

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = True,
        format: str | None = None,
        *unused: Any,
        outfile: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> str:
        """Write the picture as `graphviz` does, render("out", format="png") to out.png, and return the path. PDF unless said.

        Like `write`, it needs no Graphviz on the system, replaces only a picture of the same format, and leaves no other file: none with
        the DOT text, whatever `cleanup` says. view: open it, too.
        """
        other = {name for name, value in options.items() if value not in (None, False)} - {"quiet", "quiet_view", "overwrite_source"}
        if unused or other:
            raise TypeError(f"render of a Picture takes a filename, directory, view, format and outfile only, but got {[*unused, *other]}")
        path = files.as_path(outfile if outfile is not None else "picture" if filename is None else filename, "Picture.render")
        ending = path.suffix.lower()
        if format is None:
            format = ending[1:] if ending in files.PICTURES else self.format
        if outfile is None and ending != f".{format}":
            path = path.with_name(f"{path.name}.{format}")
        if directory is not None:
            folder = files.as_path(directory, "Picture.render")
            files.make_folder(folder, files.PICTURES[".svg"], parents=True)
            path = folder / path
        kind = files.kind_of(path.with_suffix(f".{given.text(format, 'format', 'render')}"), files.PICTURES)
        files.write(path, kind, lambda: self.pipe(format))
        if given.flag(view, "view", "render"):
            self._open(path, format)
        return str(path)

    def view(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *unused: Any,
        format: str | None = None,
        **options: Any,
    ) -> str:
        """Open the picture with the system's own program for it, and return its path: in the folder for temporary files unless a
        filename is given."""
        if filename is None and directory is None:
            directory = tempfile.mkdtemp(prefix="picture-")
        options.pop("cleanup", None)
        return self.render(filename, directory, True, True, format, *unused, **options)

    def _open(self, path: Path, format: str) -> None:
        try:
            self._view(path, format=format, quiet=True)
        except (OSError, RuntimeError) as error:
            raise DrawingError(f"the picture is in {path}, but nothing was found here that could show it ({error})") from error

    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart."""
        return text.mermaid(self._styled())

    def tikz(self) -> str:
        """The picture as a TikZ picture for LaTeX, laid out as here."""
        return text.tikz(self._styled(), json.loads(layout(self.source, "json0")))

    def _styled(self) -> Style:
        if self.style is None:
            raise DrawingError("only a picture made by draw can be written as text")
        return self.style

    def _repr_mimebundle_(self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any) -> Any:
        """For notebooks: SVG; a PNG of the same size where SVG is not trusted; a PDF for nbconvert's way through LaTeX, which would need
        Inkscape to make one of the SVG; and the reason in words where none can be had."""
        if _in_a_terminal():
            return {"text/plain": repr(self)}, {}
        wanted = set(include or ("image/svg+xml", "image/png", "application/pdf", "text/plain")) - set(exclude or ())
        data: dict[str, Any] = {"text/plain": self._title()}
        sizes: dict[str, Any] = {}
        try:
            svg = self.pipe("svg", encoding="utf-8")
            width, height = (float(points) * 96 / 72 for points in _SIZE.search(svg).groups())  # type: ignore[union-attr]
            fluid = width > NOTEBOOK_WIDTH and height / width < PAPER_HEIGHT / PAPER_WIDTH
            scale = min(1.0, (NOTEBOOK_WIDTH if fluid else PAPER_WIDTH) / width, PAPER_HEIGHT / height)
            if "image/svg+xml" in wanted:  # its viewBox scales what stands inside
                size = "" if fluid else f' width="{width * scale:.0f}" height="{height * scale:.0f}"'
                data["image/svg+xml"] = re.sub(f" {_SIZE.pattern}", size, svg, count=1)
            if "image/png" in wanted:
                data["image/png"] = self.pipe("png", dpi=NOTEBOOK_DPI * scale)
                sizes["image/png"] = {"width": round(width * scale), "height": round(height * scale)}
            if "application/pdf" in wanted:
                data["application/pdf"] = self.pipe("pdf")
        except AutogradError as error:
            data["text/plain"] = f"{self._title()}: {error}"
        return {kind: thing for kind, thing in data.items() if kind in wanted}, sizes

    def __repr__(self) -> str:
        return f"{self._title()[:-1]}, to be seen in a notebook, by .view(), or in a file by .write('picture.svg')>"

    def _title(self) -> str:
        return f"<Picture{': ' + self.caption if self.caption else ''}>"


def _in_a_terminal() -> bool:
    """Whether IPython runs here without a place for pictures."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and shell.display_formatter.active_types == ["text/plain"]


def _dpi(dpi: float) -> float:
    number = as_float(dpi, "a number as dpi", "a picture")
    if not 0.0 < number <= 10_000.0:
        raise ValueError(f"a picture needs a dpi above 0 and up to 10,000, but got {dpi!r}")
    return int(number) if number.is_integer() else number


def _accessible(svg: str, caption: str, descriptions: Mapping[str, str]) -> str:
    """The SVG for readers and hands: a name for screen readers, a sentence on everything a pointer can rest on, and as wide
    as its page allows."""

    def say(match: re.Match[str]) -> str:
        sentence = descriptions.get(match["id"])
        return match[0] if sentence is None else f"{match['before']}{html.escape(sentence)}{match['after']}"

    svg = re.sub(r'(?P<before><g id="(?P<id>\w+)" class="(?:node|edge)">\s*<title>)[^<]*(?P<after></title>)', say, svg)
    name = html.escape(caption, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{name}" style="max-width:100%;height:auto" ', 1)
