"""The page: steps to walk through in a browser, in one file that needs no network.

Python computes and words everything; the script in page.js shows, hides and compares. Labels are data: they are escaped wherever
they enter markup, the data cannot end its element, and the page's own policy lets no other script run and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import files
from ..errors import AutogradError
from ..javascript import Script
from ..typeset import shown
from ..words import CLOSED, LANGUAGES, LIQUID, TABLE, Language, Said, carried, check_language, into, keys_of, page, said
from .computing import script_of
from .data import Data
from .frames import Film, film_near, picture
from .notebook import Theme, check_theme, show, themed
from .recorder import Backward, Forward
from .walk import Walk

if TYPE_CHECKING:
    from ..drawing.style import Background

HERE = Path(__file__).parent
SCRIPTS = ("words", "predict", "why", "moves", "page")
WITHOUT_SCRIPT = "svg *{visibility:visible!important}.bar,.now,.tongue,.side{display:none}.steps{display:block}"
OUTSIDE = (
    "@media print{.glassgrad-page,.glassgrad-all>summary{display:none}"
    ".glassgrad-all::details-content{content-visibility:visible;display:block}"
    ".glassgrad-steps{max-height:none!important;overflow:visible!important}"
    ".jp-OutputArea-child:has(.glassgrad-steps){break-inside:auto}.glassgrad-steps tr{break-inside:avoid}"
    ".glassgrad-steps td:last-child{white-space:normal;overflow-wrap:anywhere}"
    ".glassgrad-steps caption,.glassgrad-steps thead,.glassgrad-steps thead tr{break-after:avoid}}"
)
"""On paper, what stands before the frame says everything; a frame would be cut. The table breaks between rows, and not after its head."""
SVG = "{http://www.w3.org/2000/svg}"


class Page:
    """One page with the steps of one or several graphs.

    theme    "light" or "dark", or "auto": what the reader's system prefers, and in a notebook, what the notebook is. Paper is white.
    lang     the language it begins in, "en" or "ko"; that of the first graph unless said. Its reader can switch, and page.html#lang=ko
             is the address of the page in Korean
    remarks  what to notice, a line each
    """

    def __init__(
        self,
        walks: Sequence[Walk],
        title: str = "",
        theme: Theme = "auto",
        lang: Language | None = None,
        remarks: Sequence[str] = (),
    ) -> None:
        check_theme(theme)
        self.walks, self.theme, self.remarks = walks, theme, [cut(remark, 1000) for remark in remarks]
        self.lang = walks[0].recording.names.lang if lang is None else check_language(lang)
        names = dict.fromkeys(walk.title or said("page.title", name=walk.recording.pretty(walk.output)) for walk in walks)
        self.title: str = cut(title or reduce(lambda one, other: said("page.and", one=one, other=other), names), 120)

    def html(self, *, heading: bool = True) -> str:
        """The page as text."""
        script = Script()
        sections = [Section(walk, f"g{i}-", len(self.walks) > 1, self.lang, script) for i, walk in enumerate(self.walks)]
        scripts = [script_text()]
        if any(section.program for section in sections):
            scripts.insert(0, script_of([section.program or "null" for section in sections], script))
        allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts)
        policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"
        title = html.escape(into(self.title, self.lang))
        data = [section.data for section in sections]
        return "".join(
            [
                files.PAGE_BEGINS[self.lang],
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
                f"<title>{title}</title><style>{style_text(self.theme)}</style>",
                f"<noscript><style>{WITHOUT_SCRIPT}</style></noscript>",
                f"</head><body><header>{f'<h1>{title}</h1>' if heading else ''}{self._languages()}</header><main>",
                self._remarks(),
                '<div class="walks">',
                *(section.html for section in sections),
                f'</div></main><script type="application/json" id="data">{embedded(data)}</script>',
                f'<script type="application/json" id="words">{embedded(self._words(data))}</script>',
                *(f"<script>{text}</script>" for text in scripts),
                "</body></html>\n",
            ]
        )

    def _languages(self) -> str:
        options = "".join(
            f'<option value="{lang}" lang="{lang}"{" selected" if lang == self.lang else ""}>{name}</option>'
            for lang, name in LANGUAGES.items()
        )
        label = f'<span class="sr" data-t="page.language">{said("page.language").into(self.lang)}</span>'
        return f'<label class="tongue">{label}<select class="language">{options}</select></label>'

    def _remarks(self) -> str:
        if not self.remarks:
            return ""
        lines = "".join(f"<li>{html.escape(into(remark, self.lang))}</li>" for remark in self.remarks)
        summary = f'<summary data-t="page.remarks">{said("page.remarks").into(self.lang)}</summary>'
        return f'<details class="remarks">{summary}<ul>{lines}</ul></details>'

    def _words(self, data: Any) -> Any:
        """What the script says in every language: the rows of the page, and those that sentences in its data are of."""
        title, remarks = carried(self.title), [carried(remark) for remark in self.remarks]
        needed = {
            *page.ROWS,
            "line.forward",
            "line.edited",
            "line.backward",
            "picture.output",
            "number.none",
            *keys_of([title, remarks, data]),
        }
        return {
            "lang": self.lang,
            "languages": list(LANGUAGES.items()),
            "rows": {row: TABLE[row] for row in TABLE if row in needed},
            "closed": CLOSED,
            "liquid": LIQUID,
            "title": title,
            "remarks": remarks,
        }

    def _ipython_display_(self) -> None:
        """The pictures first, as SVG and PNG for viewers that run nothing, then the tables of steps, then the page itself."""
        words = "\n\n".join(walk.view() for walk in self.walks)
        try:
            background: Background = "dark" if self.theme == "dark" else "white"
            pictures, markup = [picture(walk, background) for walk in self.walks], self._repr_html_()
        except AutogradError as error:
            show({"text/plain": f"{words}\n\n{error}"})
        else:
            show(*pictures, {"text/html": markup, "text/plain": words})

    def _repr_html_(self) -> str:
        """A table of the steps that every viewer shows, then the page in a frame of its own."""
        tables = "".join(static_table(walk) for walk in self.walks)
        height = max(section_height(walk) for walk in self.walks) + (90 if self.remarks else 44)
        source = html.escape(self.html(heading=False), quote=True)
        style = OUTSIDE + themed(f".glassgrad-page.{self.theme}", self.theme)
        title = html.escape(into(self.title, self.lang), quote=True)
        return (
            f'<style>{style}</style>{tables}<iframe class="glassgrad-page {self.theme}"'
            f' sandbox="allow-scripts" title="{title}" loading="lazy"'
            f' style="width:100%;height:{height}px;border:1px solid #8884;border-radius:8px" srcdoc="{source}"></iframe>'
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all."""
        path = files.as_path(path, "a page's write")
        return files.write(path, files.kind_of(path, files.PAGES), lambda: self.html().encode())


def cut(text: str, most: int) -> str:
    """A text that somebody gave, as it is shown and not too long; a sentence of the table as it is."""
    return text if isinstance(text, Said) else shown(text, most)


def style_text(theme: Theme) -> str:
    """The page's style. Its dark colours are for screens that ask for them, for every screen or for none."""
    where = {"auto": "screen and (prefers-color-scheme:dark)", "dark": "screen", "light": "not all"}
    return (HERE / "page.css").read_text(encoding="utf-8").replace(where["auto"], where[theme])


def script_text() -> str:
    """The page's script, without indentation and the comments on lines of their own."""
    files = ((HERE / "script" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    lines = (line.strip() for text in files for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def embedded(data: Any) -> str:
    """The data as JSON that can stand in a script element: nothing in it can end the element or a line of a script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


# One graph.


class Section:
    """The markup of one graph, its data, and the program by which the page computes it, "" without one."""

    def __init__(self, walk: Walk, prefix: str, headed: bool, lang: Language, script: Script) -> None:
        self.walk, self.prefix, self.lang = walk, prefix, lang
        self.film = film_near(walk)
        output = walk.recording.pretty(walk.output)
        own = cut(walk.title, 120) or output
        # What is named on a page has a name of its own there.
        self.slots = {"title": said("name.of", title=own, number=int(prefix[1:-1]) + 1) if headed else own, "output": output}
        data = Data(walk, self.film, prefix, script)
        self.data = data.all()
        self.data["slots"] = {name: carried(text) for name, text in self.slots.items()}
        self.program = data.program
        part = ""
        if headed:
            self.data["own"] = carried(own)
            part = f"<h2>{html.escape(into(own, lang))}</h2>"
        if not self.film.whole:
            recording, here = walk.recording, len(self.data["steps"])
            counts = {"shown": len(self.film.places), "total": recording.forward, "here": here, "steps": len(walk)}
            self.data["window"] = said("page.part", **counts).carried
            part += f'<p class="part">{html.escape(said("page.part", **counts).into(lang))}</p>'
        svg = drawing(self.film, prefix)
        values = {
            "prefix": prefix,
            "svg": svg,
            "wide": " wide" if _is_wide(svg) else "",
            "part": part,
            "count": str(len(self.data["steps"])),
            "steps": "".join(f'<li value="{n}">{html.escape(str(self._step(n)))}</li>' for n in self.film.steps()),
            "math": "".join(data.maths),
            "source": listing(walk, self.film.steps()),
        }
        self.html = self._filled((HERE / "page.html").read_text(encoding="utf-8"), values)

    def _filled(self, template: str, values: dict[str, str]) -> str:
        """The template with these values. Labels, which may look like places, come in last."""
        inside_tags = ("prefix", "wide", "count")
        template = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]] if found[1] in inside_tags else found[0], template)
        parts = re.split(r"\{\{(\w+)\}\}", template)
        return "".join(self._speaking(values[part] if i % 2 else part) for i, part in enumerate(parts))

    def _step(self, number: int) -> Forward | Backward:
        step = self.walk.recording.step(number)
        return replace(step, names=self.walk.recording.pretty)

    def _speaking(self, markup: str) -> str:
        """The markup with its words: a text where data-t names a row, a name for screen readers where data-l does, a hint where data-h."""

        def speak(found: re.Match[str]) -> str:
            tag, words = found[0], dict(re.findall(r'data-([tlhn])="([^"]*)"', found[0]))
            slots = self.slots | {"n": words.get("n", "")}
            texts = {kind: html.escape(said(words[kind], **slots).into(self.lang), quote=True) for kind in "tlh" if kind in words}
            tag = tag.replace(f'data-l="{words.get("l")}"', f'data-l="{words.get("l")}" aria-label="{texts.get("l")}"')
            tag = tag.replace(f'data-h="{words.get("h")}"', f'data-h="{words.get("h")}" title="{texts.get("h")}"')
            return tag + texts.get("t", "")

        return re.sub(r'<[^<>]*\bdata-[tlh]="[\w.]+"[^<>]*>', speak, markup)


def _is_wide(svg: str) -> bool:
    """Whether a picture would be small on paper that is higher than wide."""
    width, height = (float(x) for x in re.findall(r'(?:width|height)="(\d+)"', svg)[:2])
    return width > 900.0 and width > 1.4 * height


def listing(walk: Walk, numbers: Sequence[int]) -> str:
    """The markup of the lines that say the same in another way, those of a step as buttons; of a part of the graph, only those."""
    if not walk.source:
        return ""
    at = {number: position for position, number in enumerate(numbers, 1)}
    whole, lines, left_out = len(at) == len(walk), [], False
    for text, steps in walk.source:
        places = sorted(at[number] for number in steps if number in at)
        if not places and not whole:
            left_out = True
            continue
        lines += ["<span>⋮</span>"] if left_out else []
        left_out = False
        written = html.escape(text) or "\u200b"
        backward = " back" if places and numbers[places[0] - 1] > walk.recording.forward else ""
        positions = " ".join(map(str, places))
        lines.append(
            f'<button type="button" tabindex="-1" class="line{backward}" data-at="{positions}">{written}</button>'
            if places
            else f"<span>{written}</span>"
        )
    return (
        '<div class="program"><p class="hint"><span data-t="program.hint"></span> <span class="none" data-t="program.none"></span></p>'
        f'<pre class="source" tabindex="0" role="region" data-l="name.program">{"".join(lines)}</pre></div>\n'
    )


def section_height(walk: Walk) -> int:
    """Pixels that a section takes at the usual width of a notebook."""
    svg = film_near(walk).picture.pipe("svg", encoding="utf-8")
    width, height = (float(x) for x in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2])
    return round(height * 96 / 72 * min(1.0, 900 / (width * 96 / 72))) + 750 + (360 if walk.source else 0)


def drawing(film: Film, prefix: str) -> str:
    """The picture as SVG with nothing in it but shapes, places and classes: colours and states are the page's."""
    root = ET.fromstring(film.picture.pipe("svg", encoding="utf-8"))
    canvas = root.find(f"{SVG}g")
    assert canvas is not None
    palette = film.style.palette
    kinds = {box.id: box.kind for box in film.style.view.boxes}
    nameless = {box.id for box in film.style.view.boxes if not box.name}
    none, unnamed_output = film.style.say("number.none"), film.style.say("picture.output")
    parts = []
    for group in canvas.iter(f"{SVG}g"):
        name = str(group.get("id"))
        if group is canvas:
            continue
        kind = {"f": "f", "b": "b"}.get(name[-1]) if name[0] == "e" else "sum" if name[-1] == "s" and name[-1:] != name else kinds.get(name)
        kind = kind or "t"
        unnamed = kinds.get(name) == "output" and name in nameless
        spoken = {none: "number.none"} | ({unnamed_output: "picture.output"} if unnamed else {})
        inside = "".join(shape(element, palette.gradient, palette.value, spoken) for element in group if element.tag != f"{SVG}title")
        parts.append(f'<g id="{prefix}{name}" class="{kind}">{inside}</g>')
    box = root.get("viewBox", "0 0 1 1").split()
    scale = 96 / 72
    scale *= 1.4 if float(box[2]) * scale < 700 else 1.0  # a small graph may be large
    size = f'viewBox="{" ".join(box)}" width="{float(box[2]) * scale:.0f}" height="{float(box[3]) * scale:.0f}"'
    return f'<svg {size} role="img" data-l="name.graph"><g transform="{canvas.get("transform")}">{"".join(parts)}</g></svg>'


def shape(element: ET.Element, gradient: str, value: str, spoken: Mapping[str, str]) -> str:
    """One shape or text of the picture, without its colours. `spoken` are texts that are rows of the table of words."""

    def rounded(text: str) -> str:
        return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text)

    tag = element.tag.removeprefix(SVG)
    if tag == "text":
        kinds = {gradient: ' class="g"', value: ' class="v"'}
        style = ' font-style="italic"' if element.get("font-style") else ""
        middle = ' text-anchor="middle"' if element.get("text-anchor") == "middle" else ""
        size = str(element.get("font-size")).removesuffix(".00")
        place = f'x="{rounded(str(element.get("x")))}" y="{rounded(str(element.get("y")))}"'
        mark = kinds.get(str(element.get("fill")), "")
        fitted = f' textLength="{element.get("textLength")}" lengthAdjust="spacingAndGlyphs"' if element.get("textLength") else ""
        said = re.sub("^ | $", "\u00a0", element.text or "")
        if said in spoken:
            return f'<text {place} font-size="{size}"{middle}{style}{mark} data-t="{spoken[said]}"></text>'
        return f'<text {place} font-size="{size}"{fitted}{middle}{style}{mark}>{html.escape(said)}</text>'
    kept = {key: rounded(text) for key, text in element.attrib.items() if key in ("d", "points", "cx", "cy", "rx", "ry")}
    dashed = ' class="edited"' if element.get("stroke-dasharray") else ""
    written = " ".join(f'{key}="{text}"' for key, text in kept.items())
    return f"<{tag} {written}{dashed}/>"


def static_table(walk: Walk) -> str:
    """The steps as a table without styles or scripts: those done, or before the first, all. It is closed, or it would give away on a screen
    what the page below asks for; on paper it is open."""
    film = film_near(walk)
    numbers = film.steps()
    if walk.position:
        numbers = [number for number in numbers if number <= walk.position]
    rows = []
    for step in map(walk.recording.step, numbers):
        hot = step.number == walk.position
        text = f"<b>{html.escape(str(step))}</b>" if hot else html.escape(str(step))
        way = walk.recording.names.say(f"way.{step.kind}")
        rows.append(f'<tr><th scope="row">{step.number}</th><td>{way}</td><td style="text-align:left">{text}</td></tr>')
    names, total = walk.recording.names, len(walk)
    every = said("page.every", total=total) if film.whole else said("page.some", count=len(numbers), total=total)
    at = said("page.at", n=walk.position, total=total) if walk.position else every

    def say(row: str, **slots: object) -> str:
        return html.escape(names.say(row, **slots))

    name = names(walk.output)
    heads = f'<th scope="col">{say("page.step")}</th><th scope="col">{say("page.way")}</th>'
    return (
        f'<details class="glassgrad-all"><summary>{say("page.words", name=name, at=at)}</summary>'
        '<div class="glassgrad-steps" style="max-height:22em;overflow:auto" tabindex="0" role="region"'
        f' aria-label="{say("name.steps", title=name)}">'
        f'<table><caption style="text-align:left">{say("page.caption", name=name, at=at)}</caption><thead><tr>{heads}'
        f'<th scope="col" style="text-align:left">{say("page.happens")}</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )
