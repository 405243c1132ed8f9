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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import files
from ..errors import AutogradError
from ..mathml import mathml
from ..primitive import FAILURES
from ..typeset import Notation, is_sum, number, shown
from ..value import Value
from .chain import ChainRule, Factor
from .frames import Film, film_near, picture
from .notebook import Theme, check_theme, show, themed
from .order import Order, depth_first, layer_by_layer, natural
from .paths import counted
from .recorder import Backward, Forward, in_brackets
from .walk import Walk

if TYPE_CHECKING:
    from ..drawing.style import Background

HERE = Path(__file__).parent
GRID = 50
"""A what-if slider has so many places to either side."""
WHAT_IFS = 2_000_000
"""So many operations at most are computed for what-if; beyond, there is none."""
EXPLAINED = 2_000
"""Nodes up to which the page says along which paths gradients come."""
CHAINS, LINKS = 5, 24
"""Of one gradient, so many products at most are written out, and of a longer product the ends."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
"""How large the local derivative of a squashing function can be."""
WITHOUT_SCRIPT = "svg *{visibility:visible!important}.bar,.now,details{display:none}.steps{display:block}"
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

    theme   "light" or "dark", or "auto": what the reader's system prefers, and in a notebook, what the notebook is. Paper is white.
    """

    def __init__(self, walks: Sequence[Walk], title: str = "", theme: Theme = "auto") -> None:
        check_theme(theme)
        self.walks, self.theme = walks, theme
        names = [walk.title or f"{walk.recording.pretty(walk.output)}, step by step" for walk in walks]
        self.title = shown(title or " and ".join(dict.fromkeys(names)), 120)

    def html(self, *, heading: bool = True) -> str:
        """The page as text."""
        parts = [section(walk, f"g{i}-", len(self.walks) > 1) for i, walk in enumerate(self.walks)]
        script = script_text()
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        return "".join(
            [
                files.PAGE_BEGINS,
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
                f"<title>{html.escape(self.title)}</title><style>{style_text(self.theme)}</style>",
                f"<noscript><style>{WITHOUT_SCRIPT}</style></noscript>",
                "</head><body><main>",
                f"<h1>{html.escape(self.title)}</h1>" if heading else "",
                '<div class="walks">',
                *(markup for markup, _ in parts),
                f'</div></main><script type="application/json" id="data">{embedded([data for _, data in parts])}</script>',
                f"<script>{script}</script></body></html>\n",
            ]
        )

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
        height = max(section_height(walk) for walk in self.walks)
        source = html.escape(self.html(heading=False), quote=True)
        style = OUTSIDE + themed(f".glassgrad-page.{self.theme}", self.theme)
        return (
            f'<style>{style}</style>{tables}<iframe class="glassgrad-page {self.theme}"'
            f' sandbox="allow-scripts" title="{html.escape(self.title, quote=True)}" loading="lazy"'
            f' style="width:100%;height:{height}px;border:1px solid #8884;border-radius:8px" srcdoc="{source}"></iframe>'
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all."""
        path = files.as_path(path, "a page's write")
        return files.write(path, files.kind_of(path, files.PAGES), lambda: self.html().encode())


def style_text(theme: Theme) -> str:
    """The page's style. Its dark colours are for screens that ask for them, for every screen or for none."""
    where = {"auto": "screen and (prefers-color-scheme:dark)", "dark": "screen", "light": "not all"}
    return (HERE / "page.css").read_text(encoding="utf-8").replace(where["auto"], where[theme])


def script_text() -> str:
    """The page's script, without indentation and the comments on lines of their own."""
    lines = (line.strip() for line in (HERE / "page.js").read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def embedded(data: Any) -> str:
    """The data as JSON that can stand in a script element: nothing in it can end the element or a line of a script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


# One graph.


def section(walk: Walk, prefix: str, headed: bool) -> tuple[str, Any]:
    """The markup of one graph, and its data; with a heading where there are others beside it."""
    film = film_near(walk)
    data = Data(walk, film, prefix).all()
    title = html.escape(shown(walk.title, 120) or walk.recording.pretty(walk.output), quote=True)
    named = f"{title}, {int(prefix[1:-1]) + 1}" if headed else title  # what is named on a page, has a name of its own there
    svg = drawing(film, prefix, title)
    output = html.escape(walk.recording.pretty(walk.output))
    part = f"<h2>{title}</h2>" if headed else ""
    if not film.whole:
        part += (
            f'<p class="part">The picture shows {len(film.places)} of {walk.recording.forward:,} nodes, and the page has the'
            f" {len(data['steps'])} steps of these, of {len(walk):,} in all. For another part, jump there and show it again.</p>"
        )
    template = (HERE / "page.html").read_text(encoding="utf-8")
    steps = "".join(f'<li value="{number}">{html.escape(str(walk.recording.step(number)))}</li>' for number in film.steps())
    values = {
        "prefix": prefix,
        "svg": svg,
        "output": output,
        "title": named,
        "part": part,
        "count": str(len(data["steps"])),
        "steps": steps,
    }
    values["source"] = listing(walk, film.steps(), named)
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template), data


def listing(walk: Walk, numbers: Sequence[int], title: str) -> str:
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
        '<div class="program"><p class="hint">The same as a program: the lines of this step are marked, and a click on a line goes to its'
        ' step. <span class="none">This step has no line of its own: nothing is left for the program to do.</span></p>'
        f'<pre class="source" tabindex="0" role="region" aria-label="program of {title}">{"".join(lines)}</pre></div>\n'
    )


def section_height(walk: Walk) -> int:
    """Pixels that a section takes at the usual width of a notebook."""
    svg = film_near(walk).picture.pipe("svg", encoding="utf-8")
    width, height = (float(x) for x in re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2])
    return round(height * 96 / 72 * min(1.0, 900 / (width * 96 / 72))) + 700 + (360 if walk.source else 0)


def drawing(film: Film, prefix: str, title: str) -> str:
    """The picture as SVG with nothing in it but shapes, places and classes: colours and states are the page's. The title is escaped."""
    root = ET.fromstring(film.picture.pipe("svg", encoding="utf-8"))
    canvas = root.find(f"{SVG}g")
    assert canvas is not None
    palette = film.style.palette
    kinds = {box.id: box.kind for box in film.style.view.boxes}
    parts = []
    for group in canvas.iter(f"{SVG}g"):
        name = str(group.get("id"))
        if group is canvas:
            continue
        kind = {"f": "f", "b": "b"}.get(name[-1]) if name[0] == "e" else "sum" if name[-1] == "s" and name[-1:] != name else kinds.get(name)
        kind = kind or "t"
        inside = "".join(shape(element, palette.gradient, palette.value) for element in group if element.tag != f"{SVG}title")
        parts.append(f'<g id="{prefix}{name}" class="{kind}">{inside}</g>')
    box = root.get("viewBox", "0 0 1 1").split()
    scale = 96 / 72
    scale *= 1.4 if float(box[2]) * scale < 700 else 1.0  # a small graph may be large
    size = f'viewBox="{" ".join(box)}" width="{float(box[2]) * scale:.0f}" height="{float(box[3]) * scale:.0f}"'
    return f'<svg {size} role="img" aria-label="the graph of {title}"><g transform="{canvas.get("transform")}">{"".join(parts)}</g></svg>'


def shape(element: ET.Element, gradient: str, value: str) -> str:
    """One shape or text of the picture, without its colours."""

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
        rows.append(f'<tr><th scope="row">{step.number}</th><td>{step.kind}</td><td style="text-align:left">{text}</td></tr>')
    every = f"all {len(walk)} steps" if film.whole else f"{len(numbers)} of {len(walk):,} steps"
    at = f"step {walk.position} of {len(walk):,}" if walk.position else every
    name = html.escape(walk.recording.names(walk.output))
    return (
        f'<details class="glassgrad-all"><summary>{name}, {at}, in words</summary>'
        f'<div class="glassgrad-steps" style="max-height:22em;overflow:auto" tabindex="0" role="region" aria-label="steps of {name}">'
        f'<table><caption style="text-align:left">{name}, {at}</caption><thead><tr><th scope="col">step</th><th scope="col">way</th>'
        f'<th scope="col" style="text-align:left">what happens</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></details>'
    )


class Data:
    """What the script needs to know of one graph."""

    def __init__(self, walk: Walk, film: Film, prefix: str) -> None:
        self.walk, self.film, self.prefix = walk, film, prefix
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

    def all(self) -> Any:
        """Everything, ready for JSON."""
        recording, film = self.recording, self.film
        numbers = film.steps()
        at = next((j for j, number in enumerate(numbers, 1) if number > self.walk.position), len(numbers) + 1) - 1
        sources = {link.id: film.boxes[recording.tails[k]].id for k, link in film.connection.items()}  # a stub stands for a leaf
        leaves, why = ([], {}) if self._unexplained() else (list(self._leaves()), self._why())
        return {
            "prefix": self.prefix,
            "output": self.names(self.output),
            "at": at,
            "total": len(recording),
            "forward": recording.forward,
            "backward": len(recording.heads),
            "seed": number(recording.seed),
            "problem": str(recording.problem).removesuffix(" No gradient was changed.") if recording.problem else "",
            "steps": [self._step(recording.step(number)) for number in numbers],
            "layers": self._layers(),
            "nodes": [self._node(place) for place in self._natural(film.places)],
            "links": [
                [link.id, link.tail.id, link.head.id, link.tail.kind, sources.get(link.id, "")] for link in film.style.view.connections
            ],
            "part": "" if film.whole else self._part(),
            "leaves": leaves,
            "why": why,
            "factors": self.written,
            "noWhy": self._unexplained(),
            "noWhat": "" if any("what" in leaf for leaf in leaves) or self._unexplained() else self._unmoved(),
        }

    def _node(self, place: int) -> Any:
        node, box = self.recording.order[place], self.film.boxes[place]
        return {
            "id": box.id,
            "name": self.names(node),
            "value": number(self.recording.values[place]),
            "sum": box.uses > 1,
            "output": node is self.output,
            "math": mathml(self.recording.names.tex.fraction(self.output, node)),
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
            data["math"] = mathml(" = ".join(dict.fromkeys([tex.word(node), tex.node(node)])))
            data["formula"] = names.text.node(node)
            data["numbers"] = names.text.numbers(node, step.operands)
            data["op"] = node.op.name
            data["operands"] = [exact(x) for x in step.operands]
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
            "e": link.id,
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
            "mathU": mathml(tex.fraction(self.output, step.node)),
            "mathC": mathml(tex.fraction(self.output, step.operand)),
            "because": [mathml(part) for part in dict.fromkeys([tex.fraction(step.node, step.operand), local, value])],
            "does": mathml(" = ".join(dict.fromkeys([tex.word(step.node), tex.node(step.node)]))),
            "law": self._law(step),
            "figures": self._figures(step),
            "bound": self._bound(step.node, step.operand, step.local),
            "hands": step.node.op.summary if "hands" in step.node.op.summary else "",
            "own": exact(recording.values[tail]),
        }

    def _law(self, step: Backward) -> str:
        """The local derivative in the graph's own letters: ∂o/∂z₃ = o·(1 − o)."""
        text = self.names.text
        return f"{text.fraction(step.node, step.operand)} = {text.local(step.edge)}"

    def _figures(self, step: Backward) -> str:
        """The same with numbers in place of the letters, where there is something to compute."""
        figures = self.figures.local(step.edge)
        return "" if figures in (number(step.local), in_brackets(step.local), self.names.text.local(step.edge)) else figures

    def _bound(self, node: Value, operand: Value, local: float) -> Any:
        """What a squashing function's slope is at most, and what says so; None for other operations."""
        if node.op is None:
            return None
        name = self.names(node)
        if node.op.name in STEEPEST and operand is node.x:
            most = STEEPEST[node.op.name]
            slope, top = (f"{name}·(1 − {name})", "0.5") if most < 1.0 else (f"1 − {_squared(name)}", "0")
            said = f"{name} is a {node.op.name}: its slope {slope} is at most {number(most)}, where {name} = {top}"
        elif operand in softmax_scores(node):
            most, said = 0.25, f"{name} is a softmax: its slopes, y·(1 − y) and −y·y′, are at most 0.25 in size"
        else:
            return None
        return [most, f"{said}. Here it is {number(local)}, {number(100.0 * abs(local) / most, 2)} % of that."]

    # -- leaves: paths, and what if ------------------------------------------------------------------------------------

    def _part(self) -> str:
        """What the last step of a page that shows a part of a graph says."""
        last, total = self.film.steps()[-1], len(self.recording)
        rest = f"this is not the end: {total - last:,} steps come after it" if last < total else "it is the last of all"
        return f"The last step on this page, and {rest}. The page shows {len(self.film.steps())} of {total:,} steps."

    def _unexplained(self) -> str:
        """Why the page says nothing about paths and what-if; "" where it does."""
        recording = self.recording
        if recording.problem is not None:
            return "There is no why and no what if, for the sweep stops before every gradient is there."
        if recording.forward > EXPLAINED:
            return f"Why and what if are worked out for graphs of up to {EXPLAINED:,} nodes; this one has {recording.forward:,}."
        if not self._ends():
            return "Why and what if are about numbers that go in, and there are none in this part of the graph."
        return ""

    def _unmoved(self) -> str:
        """Why there is no what-if, where there are leaves."""
        if self.recording.seed != 1.0:
            return (
                f"What if is there for a seed of 1: with {number(self.recording.seed)}, gradient × change is not the change of the output."
            )
        if not self._affordable():
            return "What if would compute this graph too often: it has too many nodes for its numbers that go in."
        return "There is no what if: the numbers are not finite."

    def _ends(self) -> list[int]:
        """The places of the leaves in the picture."""
        return [place for place in self._natural(self.film.places) if self.recording.order[place].op is None]

    def _affordable(self) -> bool:
        return self.recording.forward * len(self._ends()) * (2 * GRID + 1) <= WHAT_IFS

    def _leaves(self) -> Iterator[Any]:
        recording = self.recording
        affordable = self._affordable() and recording.seed == 1.0
        for place in self._ends():
            leaf = recording.order[place]
            data: dict[str, Any] = {
                "id": self.film.boxes[place].id,
                "name": self.names(leaf),
                "value": number(recording.values[place]),
                "gradient": number(recording.gradients[place]),
                "exact": [exact(recording.values[place]), exact(recording.gradients[place])],
            }
            if affordable and math.isfinite(recording.values[place]) and math.isfinite(recording.values[-1]):
                data["what"] = what_if(self.walk, place)
            yield data

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
                    "math": mathml(self.recording.names.tex.fraction(head, tail)),
                    "name": self.names.text.fraction(head, tail),
                    "l": number(factor.local),
                    "exact": exact(factor.local),
                    "law": mathml(law) if law and law != value else "",
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


def what_if(walk: Walk, place: int) -> Any:
    """What the output would be, by the engine's own functions, with this leaf on a grid around its number."""
    recording = walk.recording
    x = recording.values[place]
    step = grid_step(x)
    above: list[int] = []
    depends = {place}
    for i in range(place + 1, recording.forward):
        if any(recording.index[parent] in depends for parent in recording.order[i].parents):
            depends.add(i)
            above.append(i)
    outputs: list[float | None] = []
    for place_on_grid in range(-GRID, GRID + 1):
        values = {place: x + place_on_grid * step}
        try:
            if values[place] * 0.0:
                raise OverflowError
            for i in above:
                node = recording.order[i]
                assert node.op is not None
                data = [
                    (values.get(recording.index[arg], recording.values[recording.index[arg]]) if isinstance(arg, Value) else arg)
                    for arg in node.args
                ]
                values[i] = node.op.forward(*data)
                if values[i] * 0.0:
                    raise OverflowError
            result = values.get(recording.forward - 1, recording.values[-1])
            outputs.append(exact(float(f"{result:.9g}")))
        except FAILURES:
            outputs.append(None)  # outside of some function's domain, or of the floats
    base = recording.values[-1] if outputs[GRID] is None else outputs[GRID]  # rounded as they are: a slider at rest shows no change
    return {"x": x, "step": step, "base": base, "slope": recording.gradients[place], "outputs": outputs}


def grid_step(x: float) -> float:
    """A round step of about a hundredth of the number: 1, 2 or 5 times a power of ten."""
    if not math.isfinite(x) or abs(x) < 1e-300:
        return 0.02
    power = 10.0 ** math.floor(math.log10(abs(x) / 100.0))
    size = abs(x) / 100.0 / power
    return next(step for step in (1.0, 2.0, 5.0, 10.0) if size <= step * (1.0 + 1e-9)) * power
