"""A program beside its picture and its formulas, as one self-contained page: pointing at one shows the same node in the others."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

STYLE = """
.program { display: flex; flex-wrap: wrap; gap: 1.5em; align-items: flex-start; font: 14px/1.45 system-ui, sans-serif }
.program { color: #222; background: #fff }
.program svg { max-width: 46em; height: auto }
.program table { border-collapse: collapse }
.program td { padding: 0 .8em 0 0; white-space: pre; vertical-align: top }
.program td.code { font-family: ui-monospace, monospace; font-size: 12px }
.program tr.at, .program text.at { background: #ffe08a; fill: #b00020; font-weight: bold }
"""

SCRIPT = """
document.querySelectorAll('.program').forEach(function (page) {
  var rows = Array.from(page.querySelectorAll('tr[data-node]')), words = Array.from(page.querySelectorAll('svg text'));
  function nodeOf(word) { var found = /^\\s*v(\\d+)(?!\\d)/.exec(word.textContent); return found && found[1]; }
  function show(node) {
    rows.forEach(function (row) { row.classList.toggle('at', row.dataset.node === node); });
    words.forEach(function (word) { word.classList.toggle('at', node !== null && nodeOf(word) === node); });
  }
  rows.forEach(function (row) { row.addEventListener('mouseenter', function () { show(row.dataset.node); }); });
  words.forEach(function (word) { word.addEventListener('mouseenter', function () { show(nodeOf(word)); }); });
});
"""


def page(lines: Sequence[str], nodes: Mapping[int, int], formulas: Mapping[int, str], svg: str) -> str:
    """The page, as HTML.

    lines     the program's lines; `nodes` says to which node each belongs, counted from 1
    formulas  what each node computes, for people
    svg       its picture, in which a node's name begins with v and its number
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
    return f'<style>{STYLE}</style>\n<div class="program"><div>{picture}</div><table>\n{table}\n</table></div>\n<script>{SCRIPT}</script>\n'
