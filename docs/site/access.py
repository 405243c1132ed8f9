"""What Sphinx and its theme leave out for people who listen to a page, put in when the pages are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', flags=re.DOTALL)
LINES = {"<dl>": '<span class="sig-lines">', "</dl>": "</span>", "<dd>": '<span class="sig-line">', "</dd>": "</span>"}


def signature(match: re.Match[str]) -> str:
    """A signature of several lines, as lines: it is no list of definitions, since nothing in it is defined."""
    return re.sub(r"</?d[ld]>", lambda tag: LINES[tag[0]], re.sub(r"\s+(<dl>)|(</dl>)\s+", r"\1\2", match[0]))


PAGES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (SIGNATURE, signature),
    (re.compile(r'role="heading"(?! aria-level)'), 'role="heading" aria-level="2"'),
    (re.compile(r'<aside class="sidebar-drawer"(?! aria-label)'), '<aside class="sidebar-drawer" aria-label="Pages"'),
    (re.compile(r'<aside class="toc-drawer"(?! aria-label)'), '<aside class="toc-drawer" aria-label="On this page"'),
    (re.compile(r'<(pre|div class="(?:table|math)-wrapper[^"]*")>'), r'<\1 tabindex="0">'),  # what scrolls, scrolls by keyboard
    (re.compile(r'<th class="head"><p></p></th>'), "<td></td>"),
    (re.compile(r'(?<!</h1>\n)<div id="search-results">'), '<h1>Search</h1>\n<div id="search-results">'),
]
"""What is replaced by what; what is replaced already stays."""


def finish(app: Sphinx, error: Exception | None) -> None:
    """Go through every page that was written."""
    if error is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            new = text
            for pattern, by in PAGES:
                new = pattern.sub(by, new)
            if new != text:
                page.write_text(new, encoding="utf-8", newline="\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
