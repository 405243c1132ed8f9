"""Looking at a plan: a picture of its array operations, and which scalar node became which row."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..typeset import table
from .equations import Equations
from .fuse import Ints
from .plan import Plan

if TYPE_CHECKING:
    from ..drawing.picture import Picture


def owners(plan: Plan) -> Ints:
    """For each node of the tape the number of the group that computes it, -1 for none: products and partial sums belong to their sum."""
    size = len(plan.tape.labels)
    owner = np.full(size + len(plan.tape.ops), -1)
    for i, group in enumerate(plan.groups):
        inner = group.nodes[group.nodes < len(owner)]
        owner[inner] = i
    alive = np.zeros(len(owner), bool)
    alive[plan.graph.nodes[plan.graph.nodes < len(owner)]] = True
    for node in range(len(owner) - 1, size - 1, -1):
        for operand in (plan.tape.xs[node - size], plan.tape.ys[node - size]):
            if operand >= size and not alive[operand] and owner[node] >= 0:
                owner[operand] = owner[node]
    return owner


def places(plan: Plan, equations: Equations) -> dict[int, str]:
    """For each node that has a number of its own, where it is: 'Z¹[3]'."""
    found = {}
    for group in plan.groups:
        name = equations.names[group.start].text(False)
        one = len(group.nodes) == 1
        found.update({int(node): name if one else f"{name}[{row}]" for row, node in enumerate(group.nodes.tolist())})
    return found


def rows(plan: Plan, equations: Equations) -> str:
    """A table: each array, its shape, how many scalar operations it stands for, and the nodes that became its rows."""
    owner = owners(plan)
    counts = np.bincount(owner[owner >= 0], minlength=len(plan.groups))
    lines: list[tuple[str, ...]] = [("array", "shape", "scalars", "rows")]
    for i, group in enumerate(plan.groups):
        symbol = equations.names[group.start]
        if group.start in equations.inside:
            continue
        nodes = [f"v{node}" for node in group.nodes.tolist()]
        shown = ", ".join(nodes if len(nodes) <= 5 else [*nodes[:3], "…", nodes[-1]])
        lines.append((symbol.text(False), symbol.shape(group.batched), str(counts[i]), shown))
    return table(*zip(*lines, strict=True), right=(2,))


def draw(plan: Plan, equations: Equations, title: str) -> Picture:
    """A box for each equation: what is computed and, below, the gradients that come back through it."""
    from ..drawing.palette import LIGHT
    from ..drawing.picture import Picture
    from ..drawing.style import FONT

    graph = Picture()
    graph.caption = f"The array operations of {title}"
    graph.attr("graph", rankdir="BT" if len(equations.forward) > 12 else "LR", nodesep="0.3", ranksep="0.45")
    graph.attr("node", fontname=FONT, fontsize="13", fontcolor=LIGHT.ink, shape="plain")
    graph.attr("edge", color=LIGHT.forward, arrowsize="0.6")
    owner = np.full(plan.same + plan.inputs + plan.computed, -1)
    for i, group in enumerate(plan.groups):
        owner[group.addresses] = i
    sources: dict[int, set[str]] = {}  # the boxes that a group needs, through those that are written where they are needed
    blocks: dict[str, str] = {}
    backward: dict[str, list[Any]] = {}
    for equation in equations.backward:
        backward.setdefault(equation.of, []).append(equation)
    for i, group in enumerate(plan.groups):
        operands = [np.atleast_1d(arg) for arg in group.args if not isinstance(arg, float)] + list(group.terms)
        operands += [group.ragged[0]] if group.ragged else []
        operands += [side for product in group.products for side in (product.left, product.right)]
        found: set[str] = set()
        for addresses in operands:
            for j in np.unique(owner[addresses]).tolist():
                if j >= 0:
                    inner = plan.groups[j].start in equations.inside
                    found |= sources[j] if inner else {f"n{j}"}
            if (owner[addresses] < 0).any():
                for symbol in equations.blocks_of(addresses):
                    found.add(blocks.setdefault(symbol, f"p{len(blocks)}"))
        sources[i] = found
        if group.start in equations.inside:
            continue
        line = next(equation for equation in equations.forward if equation.group is group)
        graph.node(f"n{i}", _box(f"{line.left} = {line.right}", line.shape, backward.get(line.left, []), "operation"))
        for source in sorted(found):
            graph.edge(source, f"n{i}")
    for symbol, name in blocks.items():
        kind = "input" if symbol[0] in "XT" else "parameter"
        graph.node(name, _box(symbol, "", backward.get(symbol, []), kind))
    return graph


def _box(title: str, shape: str, gradients: list[Any], kind: str) -> str:
    """A box as Graphviz's HTML: the equation, the shape, and the gradients."""
    from ..drawing.palette import LIGHT

    lines = [f'<tr><td><font color="{LIGHT.value}" point-size="15">{escape(title)}</font></td></tr>']
    if shape:
        lines.append(f'<tr><td><font color="{LIGHT.quiet}" point-size="11">{escape(shape)}</font></td></tr>')
    for equation in gradients:
        text = f"{equation.left} {'+' if equation.adds else ''}= {equation.right}"
        lines.append(f'<tr><td><font color="{LIGHT.gradient}">{escape(text)}</font></td></tr>')
    look = f'border="1" color="{LIGHT.forward}" bgcolor="{getattr(LIGHT, kind)}" cellborder="0" cellpadding="3" style="rounded"'
    return f"<<table {look}>{''.join(lines)}</table>>"
