"""A program beside its picture and its formulas, as one self-contained page: pointing at one shows the same node in the others."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..failures import label_of
from ..stepping.notebook import Theme, themed
from ..value import Value
from ..words import Language, said

if TYPE_CHECKING:
    from ..stepping import Stepper

STYLE = """
.glassgrad-program { display: flex; flex-wrap: wrap; gap: 1.5em; align-items: flex-start; font: 14px/1.45 system-ui, sans-serif }
.glassgrad-program { color: #1f2933; background: white; color: light-dark(#1f2933, #e6eaee); background: light-dark(white, #16191d) }
.glassgrad-program > div { flex: 1 1 40em; min-width: 0; max-width: 100%; overflow-x: auto }
.glassgrad-program > .picture { flex: 0 1 auto }
main > .glassgrad-program > .picture { position: sticky; top: 0; z-index: 1; max-height: 48vh; overflow: auto; background: inherit }
main > .glassgrad-program tr { scroll-margin: 50vh 0 1em }
.glassgrad-program table { border-collapse: collapse }
.glassgrad-program td { padding: 0 .8em 0 0; white-space: pre; vertical-align: top; text-align: left !important }
.glassgrad-program th { text-align: left !important; font-weight: normal; padding: 0 .8em .3em 0 }
.glassgrad-program .hint, .glassgrad-program th { color: light-dark(#56616c, #a9b4be) }
.glassgrad-program .hint { margin: 0 0 .6em }
.glassgrad-program:lang(ko) { word-break: keep-all }
.glassgrad-program :focus-visible { outline: 3px solid light-dark(#0b5394, #7fb8f0); outline-offset: -2px }
.glassgrad-program tr { background: none !important }
.glassgrad-program td.code { font-family: ui-monospace, monospace; font-size: 12px; min-width: 24em; white-space: pre-wrap }
.glassgrad-program tr.at { background: #ffe08a !important; background: light-dark(#ffe08a, #453414) !important; font-weight: bold }
.glassgrad-program text.at { fill: #b00020 !important; fill: light-dark(#b00020, #ffa765) !important; font-weight: bold }
@media print {
.glassgrad-program { display: block; color-scheme: light !important }
.glassgrad-program .hint { display: none }
.glassgrad-program > div, main > .glassgrad-program > .picture { position: static; max-height: none; overflow: visible }
.glassgrad-program > .picture { margin-bottom: 1em }
.glassgrad-program svg { max-height: 85vh }
.glassgrad-program td { white-space: pre-wrap; min-width: 8em }
.glassgrad-program tr { break-inside: avoid }
.jp-OutputArea-child:has(.glassgrad-program) { break-inside: auto }
}
"""

SCRIPT = """
document.querySelectorAll('.glassgrad-program').forEach(function (page) {
  var rows = Array.from(page.querySelectorAll('tr[data-node]')), words = Array.from(page.querySelectorAll('svg text'));
  function nodeOf(word) { var found = /^\\s*v(\\d+)(?!\\d)/.exec(word.textContent); return found && found[1]; }
  function show(node) {
    rows.forEach(function (row) { row.classList.toggle('at', row.dataset.node === node); });
    words.forEach(function (word) { word.classList.toggle('at', node !== null && nodeOf(word) === node); });
  }
  rows.forEach(function (row, i) {
    row.tabIndex = i ? -1 : 0;
    row.addEventListener('mouseenter', function () { show(row.dataset.node); });
    row.addEventListener('focus', function () {
      rows.forEach(function (other) { other.tabIndex = other === row ? 0 : -1; });
      show(row.dataset.node);
    });
    row.addEventListener('keydown', function (event) {
      var steps = { ArrowDown: 1, ArrowUp: -1, Home: -i, End: rows.length - 1 - i };
      var next = event.key in steps && rows[i + steps[event.key]];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  });
  words.forEach(function (word) { word.addEventListener('mouseenter', function () { show(nodeOf(word)); }); });
});
"""

_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'"
"""What a page of its own may do: run this script, and load nothing."""


def stepper(source: str, nodes: Mapping[int, int], output: Value, **options: Any) -> Stepper:
    """The steps of a program's graph; on their page the program's functions stand beside them, each line with its steps.

    source   the program, and `nodes`, for each of its lines, counted from 1, to which node it belongs
    output   its graph, each node labelled by its name in the source: v7, or v7:loss
    """
    from ..stepping import Stepper

    walk = Stepper(output, **options)
    recording = walk.recording
    found = [re.match(r"v(\d+)(:|$)", label_of(node)) for node in recording.order]
    numbers = [int(match[1]) if match else -1 for match in found]  # an output that is a constant has no name in the source
    forward = {node: [number] for number, node in enumerate(numbers, 1)}
    backward: dict[int, dict[int, list[int]]] = {}  # of each node, by operand
    for number, (head, tail) in enumerate(zip(recording.heads, recording.tails, strict=True), recording.forward + 1):
        backward.setdefault(numbers[head], {}).setdefault(numbers[tail], []).append(number)

    def belonging(line: str, node: int | None) -> list[int]:
        if node is None:
            return []
        if line.lstrip().startswith(("v", "#")):
            return forward.get(node, [])
        edges = backward.get(node, {})
        to = [int(tail) for tail in re.findall(r"\bg(\d+)(?= \+?= )", line)]
        return [number for tail in to if tail in edges for number in edges[tail]] or [number for each in edges.values() for number in each]

    lines = source.splitlines()
    first = min(nodes, default=len(lines))
    start = max(i for i in range(first) if lines[i].startswith("def "))  # what is above are imports and helpers
    walk.source = [(line, belonging(line, nodes.get(i))) for i, line in enumerate(lines[start:], start + 1)]
    return walk


def page(
    lines: Sequence[str], nodes: Mapping[int, int], formulas: Mapping[int, str], svg: str, theme: Theme = "auto", lang: Language = "en"
) -> str:
    """The page, as HTML.

    lines     the program's lines; `nodes` says to which node each belongs, counted from 1
    formulas  what each node computes, for people
    svg       its picture, in which a node's name begins with v and its number
    theme     "light", "dark", or "auto": that of the page around it
    lang      the language of what readers hear and see beside the program

    By mouse or by keyboard: Tab goes to the lines, arrow up and down from line to line.
    """
    rows = []
    told: set[int] = set()
    for i, line in enumerate(lines, 1):
        node = nodes.get(i)
        formula = formulas.get(node, "") if node is not None and node not in told and line.strip().startswith(("v", "#")) else ""
        if formula and node is not None:
            told.add(node)
        mark = "" if node is None else f' data-node="{node}"'
        rows.append(f'<tr{mark}><td class="code">{html.escape(line)}</td><td>{html.escape(formula)}</td></tr>')
    picture = re.sub(r"^.*?(?=<svg)", "", svg, flags=re.DOTALL)
    table = "\n".join(rows)

    def say(row: str) -> str:
        return html.escape(said(row).into(lang), quote=True)

    def region(row: str) -> str:
        return f'tabindex="0" role="region" aria-label="{say(row)}"'

    head = f'<thead class="heads"><tr><th scope="col">{say("program.line")}</th><th scope="col">{say("program.formula")}</th></tr></thead>'
    style = STYLE + themed(f".glassgrad-program.{theme}", theme)
    return (
        f'<style>{style}</style>\n<div class="glassgrad-program {theme}" lang="{lang}">'
        f'<div class="picture" {region("program.picture")}>{picture}</div>'
        f'<div {region("program.lines")}><p class="hint">{say("program.keys")}</p>'
        f"<table>{head}<tbody>\n{table}\n</tbody></table></div></div>"
        f"\n<script>{SCRIPT}</script>\n"
    )


def either(light: str, dark: str) -> str:
    """One SVG of two that differ in nothing but colours: dark where its place on a page is, and light where a browser cannot tell."""
    parts = []
    for tag, other in zip(re.split("(<[^>]*>)", light), re.split("(<[^>]*>)", dark), strict=True):
        colours = [re.findall(r'\b(fill|stroke)="([^"]*)"', text) for text in (tag, other)]
        differing = [f"{name}:light-dark({one},{two})" for (name, one), (_, two) in zip(*colours, strict=True) if one != two]
        style = f' style="{";".join(differing)}"' if differing else ""
        parts.append(re.sub(r"(?=\s*/?>$)", style, tag, count=1))
    return "".join(parts)
