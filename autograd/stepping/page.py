"""The page: steps to walk through in a browser, in one file that needs no network.

Python computes and words everything; the script in page.js shows, hides and compares. Labels are data: they are escaped wherever
they enter markup, the data cannot end its element, and the page's own policy lets no other script run and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import files
from ..errors import AutogradError
from ..javascript import Script
from ..typeset import Notation, is_sum, mathml, number, shown
from ..value import Value
from ..words import CLOSED, LANGUAGES, LIQUID, TABLE, Language, Said, carried, check_language, into, keys_of, page, said
from .chain import ChainRule, Factor
from .computing import program, script_of, why_not
from .frames import Film, film_near, picture
from .notebook import Theme, check_theme, show, themed
from .order import Order, depth_first, layer_by_layer, natural
from .paths import counted
from .recorder import Backward, Forward, in_brackets, one_word
from .walk import Walk

if TYPE_CHECKING:
    from ..drawing.style import Background

HERE = Path(__file__).parent
EXPLAINED = 2_000
"""Nodes up to which the page says along which paths gradients come, and computes by itself."""
CHAINS, LINKS = 5, 24
"""Of one gradient, so many products at most are written out, and of a longer product the ends."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
"""How large the local derivative of a squashing function can be."""
SCRIPTS = ("words", "predict", "why", "moves", "page")
LEARNS = re.compile(r"(^|[^a-z])(weights?|bias(es)?|theta|[wbθ])($|[^a-z])", re.IGNORECASE)
"""Names of numbers that learn, where nobody says which do."""
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
        height = max(section_height(walk) for walk in self.walks) + 44
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
        part = f"<h2>{html.escape(into(own, lang))}</h2>" if headed else ""
        if not self.film.whole:
            recording, here = walk.recording, len(self.data["steps"])
            counts = {"shown": len(self.film.places), "total": recording.forward, "here": here, "steps": len(walk)}
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
    return round(height * 96 / 72 * min(1.0, 900 / (width * 96 / 72))) + 700 + (360 if walk.source else 0)


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


class Data:
    """What the script needs to know of one graph."""

    def __init__(self, walk: Walk, film: Film, prefix: str, script: Script) -> None:
        self.walk, self.film, self.prefix = walk, film, prefix
        self.maths: dict[str, int] = {}
        self.rules: dict[str, int] = {}
        self.recording = walk.recording
        self.names = self.recording.pretty
        self.output = self.recording.output
        values, index = self.recording.values, self.recording.index
        self.figures = Notation(lambda node: number(values[index[node]]), ready=True)
        self.factors: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.written: list[Any] = []
        self.order = Order(self.recording, depth_first(self.recording))
        steps = () if self.recording.problem is not None else layer_by_layer(self.recording)
        self.layers = Order(self.recording, steps) if any(k != i for i, k in enumerate(steps)) else None
        self.unexplained, self.unmoved = self._unexplained(), ""
        self.program = ""
        if not self.unexplained:
            self.unmoved = self._unmoved()
            self.program = "" if self.unmoved else program(self.recording, script)

    def math(self, tex: str) -> int:
        """Where in the page's template the formula stands; it is put there when first met."""
        return self.maths.setdefault(mathml(tex), len(self.maths))

    def all(self) -> Any:
        """Everything, ready for JSON."""
        recording, film = self.recording, self.film
        numbers = film.steps()
        at = next((j for j, number in enumerate(numbers, 1) if number > self.walk.position), len(numbers) + 1) - 1
        sources = {link.id: film.boxes[recording.tails[k]].id for k, link in film.connection.items()}  # a stub stands for a leaf
        leaves, why = ([], {}) if self.unexplained else (list(self._leaves()), self._why())
        return {
            "prefix": self.prefix,
            "output": self.names(self.output),
            "at": at,
            "total": len(recording),
            "forward": recording.forward,
            "backward": len(recording.heads),
            "seed": number(recording.seed),
            "problem": carried(recording.problem_said),
            "steps": [self._step(recording.step(number)) for number in numbers],
            "layers": self._layers(),
            "nodes": [self._node(place) for place in self._natural(film.places)],
            "links": [
                [link.id, link.tail.id, link.head.id, link.tail.kind, sources.get(link.id, "")] for link in film.style.view.connections
            ],
            "part": "" if film.whole else carried(self._part()),
            "rules": list(self.rules),
            "inputs": [exact(x) if node.op is None else 0 for node, x in zip(recording.order, recording.values, strict=True)]
            if self.program
            else [],
            "value": exact(recording.values[-1]),
            "learns": self._learning() if self.program else [],
            "leaves": leaves,
            "why": why,
            "factors": self.written,
            "noWhy": carried(self.unexplained),
            "noWhat": carried(self.unmoved),
        }

    def _node(self, place: int) -> Any:
        node, box = self.recording.order[place], self.film.boxes[place]
        return {
            "id": box.id,
            "place": place,
            "name": self.names(node),
            "value": number(self.recording.values[place]),
            "sum": box.uses > 1,
            "output": node is self.output,
            "math": self.math(self.recording.names.tex.fraction(self.output, node)),
            "ready": [self._ready(order, place) for order in (self.order, self.layers) if order is not None and node.op is not None],
        }

    def _ready(self, order: Order, place: int) -> list[int]:
        """By which step a node's gradient is complete, and by which it is handed on."""
        return [order.complete.get(place, self.recording.forward), order.done.get(place, 0)]

    def _natural(self, places: Sequence[int]) -> list[int]:
        """What goes in, in natural order, then what is computed from it, in the order of computation."""
        leaves = [place for place in places if self.recording.order[place].op is None]
        names = [self.names(self.recording.order[place]) for place in leaves]
        return [leaves[i] for i in natural(names)] + [place for place in places if self.recording.order[place].op is not None]

    def _layers(self) -> Any:
        """The backward steps layer by layer: each as the place of the step in the other order, and what is different here."""
        order, recording = self.layers, self.recording
        if order is None:
            return []
        at = {number: i for i, number in enumerate(self.film.steps())}
        shown = sorted(self.film.connection, key=lambda k: order.number[k])
        return [
            {
                "i": at[recording.forward + k + 1],
                "n": order.number[k],
                "before": number(order.before[k]),
                "after": number(order.after[k]),
                "sum": exact(order.after[k]),
                "since": order.complete.get(recording.heads[k], 0),
                "arrived": order.arrived[k],
            }
            for k in shown
        ]

    # -- steps -----------------------------------------------------------------------------------------------------------

    def _step(self, step: Forward | Backward) -> Any:
        return self._forward(step) if isinstance(step, Forward) else self._backward(step)

    def _forward(self, step: Forward) -> Any:
        node, names, tex = step.node, self.names, self.recording.names.tex
        data: dict[str, Any] = {
            "n": step.number,
            "box": self.film.boxes[self.recording.index[node]].id,
            "name": names(node),
            "value": number(step.data),
            "exact": exact(step.data),
        }
        if node.op is not None:
            data["math"] = self.math(" = ".join(dict.fromkeys([tex.word(node), tex.node(node)])))
            data["formula"] = names.text.node(node)
            data["numbers"] = names.text.numbers(node, step.operands)
            data["op"] = node.op.name
            data["operands"] = [exact(x) for x in step.operands]
            if step.edited:
                data["edited"] = True
        return data

    def _backward(self, step: Backward) -> Any:
        recording, names, k = self.recording, self.names, step.number - self.recording.forward - 1
        tex = recording.names.tex
        link = self.film.connection[k]
        assert step.node.op is not None
        local = tex.local(step.edge)
        value = tex.bare(step.local)
        tail = recording.tails[k]
        return {
            "n": step.number,
            "k": k,
            "e": link.id,
            "rule": self.rules.setdefault(step.formula, len(self.rules)),
            "target": one_word(names(step.operand)),
            "head": self.film.boxes[recording.heads[k]].id,
            "tail": self.film.boxes[tail].id,
            "from": names(step.node),
            "to": names(step.operand),
            "u": number(step.upstream),
            "l": number(step.local),
            "c": number(step.contribution),
            "before": number(step.before),
            "after": number(step.after),
            "exact": [exact(step.upstream), exact(step.local), exact(step.contribution), exact(step.after)],
            "since": self.order.complete.get(recording.heads[k], 0),
            "uses": self.order.uses[tail],
            "arrived": self.order.arrived[k],
            "mathU": self.math(tex.fraction(self.output, step.node)),
            "mathC": self.math(tex.fraction(self.output, step.operand)),
            "because": [self.math(part) for part in dict.fromkeys([tex.fraction(step.node, step.operand), local, value])],
            "does": self.math(" = ".join(dict.fromkeys([tex.word(step.node), tex.node(step.node)]))),
            "law": self._law(step),
            "figures": self._figures(step),
            "bound": self._bound(step.node, step.operand, step.local),
            "hands": carried(self._hands(step.node)),
            "own": exact(recording.values[tail]),
        }

    def _law(self, step: Backward) -> str:
        """The local derivative in the graph's own letters: ∂o/∂z₃ = o·(1 − o)."""
        text = self.names.text
        return f"{text.fraction(step.node, step.operand)} = {text.local(step.edge)}"

    def _hands(self, node: Value) -> str:
        """What the operation hands to its operands, in words, where the row's summary says so."""
        assert node.op is not None
        row = f"hands.{node.op.name}"
        return "" if "hands" not in node.op.summary else said(row) if row in TABLE else node.op.summary

    def _figures(self, step: Backward) -> str:
        """The same with numbers in place of the letters, where there is something to compute."""
        figures = self.figures.local(step.edge)
        return "" if figures in (number(step.local), in_brackets(step.local), self.names.text.local(step.edge)) else figures

    def _bound(self, node: Value, operand: Value, local: float) -> Any:
        """What a squashing function's slope is at most, and what says so; None for other operations."""
        if node.op is None:
            return None
        name = self.names(node)
        slope = ""
        if node.op.name in STEEPEST and operand is node.x:
            most, kind = STEEPEST[node.op.name], node.op.name
            slope = f"{name}·(1 − {name})" if most < 1.0 else f"1 − {_squared(name)}"
        elif operand in softmax_scores(node):
            most, kind = 0.25, "softmax"
        else:
            return None
        share = number(100.0 * abs(local) / most, 2)
        return [most, carried(said(f"bound.{kind}", name=name, slope=slope, local=number(local), share=share))]

    # -- leaves: paths, and what if ------------------------------------------------------------------------------------

    def _part(self) -> str:
        """What the last step of a page that shows a part of a graph says."""
        last, total = self.film.steps()[-1], len(self.recording)
        rest = said("page.part.more", more=total - last) if last < total else said("page.part.end")
        return said("page.part.last", rest=rest, here=len(self.film.steps()), total=total)

    def _unexplained(self) -> str:
        """Why the page says nothing about paths and what-if; "" where it does."""
        recording = self.recording
        if recording.problem is not None:
            return said("no.why.problem")
        if recording.forward > EXPLAINED:
            return said("no.why.size", most=EXPLAINED, count=recording.forward)
        return "" if self._ends() else said("no.why.leaves")

    def _unmoved(self) -> str:
        """Why the page does not compute by itself, where there are leaves; "" where it does."""
        recording = self.recording
        if recording.seed != 1.0:
            return said("no.what.seed", seed=number(recording.seed))
        if not all(map(math.isfinite, recording.values)):
            return said("no.what.finite")
        if op := why_not(recording):
            return said("no.what.row", op=op)
        if any(recording.computing(place).edited for place in range(recording.forward)):
            return said("no.what.edited")
        return ""

    def _learning(self) -> list[int]:
        """The places of the numbers that learn: those said, else those named as weights and biases are, else all that go in."""
        recording = self.recording
        leaves = [place for place, node in enumerate(recording.order) if node.op is None]
        if self.walk.parameters is not None:
            return [place for place in leaves if recording.order[place] in self.walk.parameters]
        named = [place for place in leaves if LEARNS.search(recording.names.given(recording.order[place]))]
        return self._natural(named or leaves)

    def _ends(self) -> list[int]:
        """The places of the leaves in the picture."""
        return [place for place in self._natural(self.film.places) if self.recording.order[place].op is None]

    def _leaves(self) -> Iterator[Any]:
        recording = self.recording
        for place in self._ends():
            leaf = recording.order[place]
            yield {
                "id": self.film.boxes[place].id,
                "place": place,
                "name": self.names(leaf),
                "value": number(recording.values[place]),
                "gradient": number(recording.gradients[place]),
                "exact": [exact(recording.values[place]), exact(recording.gradients[place])],
            }

    # -- why ---------------------------------------------------------------------------------------------------------------

    def _why(self) -> Any:
        """Of every box, the chains along which its node's gradient comes."""
        rule = ChainRule(self.recording)
        self.links = {k: link.id for k, link in self.film.connection.items()}
        return {self.film.boxes[place].id: self._chains(rule, place) for place in self.film.places}

    def _chains(self, rule: ChainRule, place: int) -> Any:
        found = rule.to(place, CHAINS)
        products = [product for _, product in found.largest]
        chains = []
        for factors, product in found.largest:
            numbers: list[int | None] = [self._factor(rule, factor) for factor in factors if len(factors) <= LINKS]
            if not numbers and factors:
                half = LINKS // 2
                numbers = [*(self._factor(rule, f) for f in factors[:half]), None, *(self._factor(rule, f) for f in factors[-half:])]
            chains.append([numbers, number(product)])
        return {
            "count": counted(found.count),
            "chains": chains,
            "all": found.count == len(products),
            "total": number(found.total),
            "gradient": number(self.recording.gradients[place]),
            "sum": " + ".join([number(products[0]), *map(in_brackets, products[1:])]) if products else "0",
        }

    def _factor(self, rule: ChainRule, factor: Factor) -> int:
        """Where in the list of factors it stands; it is written there when first met."""
        key = (factor.head, factor.tail, factor.steps)
        if key not in self.factors:
            self.factors[key] = len(self.written)
            head, tail = self.recording.order[factor.head], self.recording.order[factor.tail]
            seen = [k for k in factor.steps if k in self.links]
            place = next((k for k in seen if abs(self.recording.partials[k]) != 1.0), seen[0] if seen else None)
            law = self._product(rule, factor)
            value = self.recording.names.tex.bare(factor.local)
            self.written.append(
                {
                    "math": self.math(self.recording.names.tex.fraction(head, tail)),
                    "name": self.names.text.fraction(head, tail),
                    "l": number(factor.local),
                    "exact": exact(factor.local),
                    "law": self.math(law) if law and law != value else "",
                    "edges": [self.links[k] for k in seen],
                    "at": "" if place is None else self.links[place],
                    "bound": self._bound(head, tail, factor.local),
                }
            )
        return self.factors[key]

    def _product(self, rule: ChainRule, factor: Factor) -> str:
        """The factor in letters: the product of the local derivatives along each way, and their sum; "" where that would be long."""
        tex, (head, tail) = self.recording.names.tex, (self.recording.order[i] for i in (factor.head, factor.tail))
        if law := self._softmax_law(head, softmax_scores(head).get(tail), factor.local):
            return law
        ways = rule.ways(factor, 3)
        if ways is None or max(map(len, ways), default=0) > 8:
            return ""
        terms = []
        for way in ways:
            minus, parts = False, []
            for k in way:
                text = tex.local(self.recording.edge(k))
                if text.startswith("-") and not is_sum(text[1:]):
                    minus, text = not minus, text[1:]
                if text != "1":
                    parts.append(rf"\left({text}\right)" if is_sum(text) and len(way) > 1 else text)
            terms.append((minus, r" \cdot ".join(parts) or "1"))
        first, *others = terms
        law = ("-" if first[0] else "") + first[1] + "".join((" - " if minus else " + ") + term for minus, term in others)
        return law if len(law) <= 300 else ""

    def _softmax_law(self, y: Value, exponential: Value | None, local: float) -> str:
        """y·(1 − y) by its own score, −y·y′ by that of another softmax y′ in the graph; "" where that is not so or y′ is not there."""
        recording, word = self.recording, self.recording.names.tex.word
        if exponential is None or not self.names.given(y):
            return ""
        mine, other = word(y), next((z for z in recording.order if z.op is y.op and z.args == (exponential, y.args[1])), None)
        if other is None:
            return ""
        p, q = recording.values[recording.index[y]], recording.values[recording.index[other]]
        law = (rf"{mine} \cdot \left(1 - {mine}\right)", p * (1.0 - p)) if other is y else (rf"-{mine} \cdot {word(other)}", -p * q)
        return law[0] if math.isclose(law[1], local, rel_tol=1e-9, abs_tol=1e-300) else ""


def softmax_scores(node: Value) -> dict[Value, Value]:
    """Of exp(x)/(exp(x) + exp(y) + …), by each score x, y, … its exponential, also where a shift is subtracted from it; else nothing."""
    if node.op is None or node.op.name != "divide" or not (isinstance(node.args[0], Value) and isinstance(node.args[1], Value)):
        return {}
    terms = {node.args[1]: None}
    rim, exponentials = [node.args[1]], []
    while rim:
        term = rim.pop()
        if term.op is None or term.op.name not in ("add", "exp"):
            return {}
        if term.op.name == "exp":
            exponentials.append(term)
            continue
        rim += [parent for parent in term.parents if parent not in terms]
        terms.update(dict.fromkeys(term.parents))
    scores: dict[Value, Value] = {}
    for exponential in exponentials:
        (score,) = exponential.parents
        scores[score] = exponential
        if score.op is not None and score.op.name == "subtract" and isinstance(score.args[0], Value):
            scores[score.args[0]] = exponential
    return scores if node.args[0] in exponentials and len(exponentials) > 1 else {}


def _squared(name: str) -> str:
    return f"{name}²" if re.fullmatch(r"\w+", name) else f"({name})²"


def exact(x: float) -> float | None:
    """The number for JSON, which has no nan and no infinity."""
    return x if math.isfinite(x) else None
