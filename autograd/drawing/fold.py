"""Folding: which nodes of a big graph stand together for one box.

Scopes first: everything made inside `scope("hidden/h1")` is one box at depth 2, everything inside `scope("hidden")` one box at
depth 1. Leaves without a scope that feed the same boxes only, such as a network's inputs, stand together too. Then chains: a
chain of additions whose inner nodes have one consumer and no label is one Σ; chains of max and min fold alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import joined
from ..value import Value

READABLE_BOXES, READABLE_CONNECTIONS = 80, 160
"""What a person can follow in one picture: beyond, scopes fold by themselves."""
LONG_CHAIN = 3
"""A chain of so many operations folds by itself, in a graph that is not small."""
SMALL = 40
"""Nodes up to which no chain folds unless asked for."""
CHAINS = {"add": "Σ", "maximum": "max", "minimum": "min"}
"""Operations whose chains fold, and the symbol of the whole."""


class Group:
    """Nodes that stand for one box.

    output   the one node whose number leaves the group; None where several do
    weighed  the nodes whose gradients make up the group's: its leaves, or without any, the nodes whose numbers leave
    """

    __slots__ = ("nodes", "output", "scope", "title", "weighed")

    def __init__(self, path: str) -> None:
        self.scope, _, self.title = path.rpartition("/")
        self.nodes: list[Value] = []
        self.output: Value | None = None
        self.weighed: list[Value] = []


Unit = Value | Group
"""What is drawn as one box."""


class Fold:
    """How the nodes of a picture are folded.

    units    what is drawn, operands before what is made of them: single nodes and groups
    members  for a chain's last node, all nodes of the chain; for a group, those that take a number from outside of it
    """

    def __init__(self, nodes: Sequence[Value], outputs: Sequence[Value], *, depth: int | None, chains: bool | None) -> None:
        scopes = dict.fromkeys(node.scope for node in nodes)
        if depth is None:
            depth = _readable_depth(nodes, scopes)
        groups: dict[str, Group] = {}
        self._by_scope: dict[str | None, Group | None] = dict.fromkeys(scopes)
        for scope in scopes if depth else ():
            path = _cut(scope, depth)
            if path:
                self._by_scope[scope] = groups.setdefault(path, Group(path))
        self._units: dict[Value, Unit] = {}
        self.members: dict[Unit, list[Value]] = {}
        # One pass over all nodes; what follows looks at the few edges that cross from one box to another.
        found: dict[Unit, None] = {}
        crossing: list[tuple[Value, Value]] = []
        of = self._by_scope
        for node in nodes:
            group = of[node.scope]
            if group is None:
                found[node] = None
            else:
                found[group] = None
                group.nodes.append(node)
            for operand in (node.x, node.y):
                if operand is not None and (group is None or of.get(operand.scope) is not group):
                    crossing.append((operand, node))
        self._fold_joins(nodes)
        self.units: list[Unit] = [unit for unit in found if isinstance(unit, Group) or self.unit(unit) is unit]
        if groups:
            self._finish_groups(crossing, outputs)
        if chains or (chains is None and len(self.units) > SMALL):
            self._fold_chains(crossing, outputs, 2 if chains else LONG_CHAIN)

    def _fold_joins(self, nodes: Sequence[Value]) -> None:
        """A function of several operands is one box, though its nodes are a chain."""
        for node in nodes:
            if node.op is not None and node.op.whole is not None and not joined.is_hidden(node) and not self._by_scope[node.scope]:
                self.members[node] = [*joined.chain(node)]
                self._units.update(dict.fromkeys(self.members[node], node))

    def unit(self, node: Value) -> Unit:
        """What the node is drawn as: itself, its chain's last node, or its group."""
        return self._by_scope.get(node.scope) or self._units.get(node, node)

    def _finish_groups(self, crossing: list[tuple[Value, Value]], outputs: Sequence[Value]) -> None:
        leaving: dict[Group, dict[Value, None]] = {}
        feeds: dict[Value, dict[Unit, None]] = {}
        for operand, node in crossing:
            tail, head = self.unit(operand), self.unit(node)
            if isinstance(tail, Group):
                leaving.setdefault(tail, {})[operand] = None
            elif operand.op is None:
                feeds.setdefault(operand, {})[head] = None
            if isinstance(head, Group):
                entered = self.members.setdefault(head, [])
                if not entered or entered[-1] is not node:
                    entered.append(node)
        for node in outputs:
            unit = self.unit(node)
            if isinstance(unit, Group):
                leaving.setdefault(unit, {})[node] = None
        for unit in self.units:
            if isinstance(unit, Group):
                out = [*leaving.get(unit, ())]
                unit.output = out[0] if len(out) == 1 else None
                unit.weighed = [node for node in unit.nodes if node.op is None] or out
        # Leaves outside of every group that feed the same groups only are one box.
        alike: dict[frozenset[Unit], list[Value]] = {}
        for leaf, heads in feeds.items():
            if all(isinstance(head, Group) for head in heads):
                alike.setdefault(frozenset(heads), []).append(leaf)
        for leaves in alike.values():
            if len(leaves) > 3:
                group = Group(f"{len(leaves)} inputs")
                group.nodes = group.weighed = leaves
                self._units.update(dict.fromkeys(leaves, group))
                gathered = set(leaves)
                first = self.units.index(leaves[0])
                self.units[first] = group
                self.units = [unit for unit in self.units if unit not in gathered]

    def _fold_chains(self, crossing: list[tuple[Value, Value]], outputs: Sequence[Value], least: int) -> None:
        uses: dict[Value, int] = {}
        consumer: dict[Value, Value] = {}
        for operand, node in crossing:
            uses[operand] = uses.get(operand, 0) + 1
            consumer[operand] = node
        last_of: dict[Value, Value] = {}
        chains: dict[Value, list[Value]] = {}
        kept = set(outputs)
        singles = [unit for unit in self.units if isinstance(unit, Value)]
        for node in reversed(singles):  # consumers first, so that a chain is known by its last node
            if node.op is None or node.op.name not in CHAINS:
                continue
            above = consumer.get(node)
            joins = above in last_of and above.op is node.op and uses[node] == 1 and not node.label and node not in kept
            last_of[node] = last_of[above] if joins and above is not None else node
            chains.setdefault(last_of[node], []).append(node)
        inside: set[Unit] = set()
        for last, chain in chains.items():
            if len(chain) >= least:
                self.members[last] = chain[::-1]
                self._units.update(dict.fromkeys(chain, last))
                inside.update(chain[1:])
        self.units = [unit for unit in self.units if unit not in inside]


def _cut(scope: str | None, depth: int) -> str:
    """The first `depth` parts of a scope; "" where it has fewer, so that its nodes stay single."""
    parts = (scope or "").split("/", depth)
    return "/".join(parts[:depth]) if scope and len(parts) >= depth else ""


def _readable_depth(nodes: Sequence[Value], scopes: dict[str | None, None]) -> int:
    """The deepest folding of scopes whose picture a person can follow; 0, no folding, for a small graph or one without scopes."""
    deepest = max((scope.count("/") + 1 for scope in scopes if scope), default=0)
    if len(nodes) <= READABLE_BOXES or not deepest:
        return 0
    for depth in range(deepest, 1, -1):
        cut = {scope: _cut(scope, depth) for scope in scopes}
        groups = set(cut.values()) - {""}
        singles = sum(node.op is not None and not cut[node.scope] for node in nodes)
        if len(groups) + singles > READABLE_BOXES:
            continue
        links = {
            (cut[operand.scope] or operand, cut[node.scope] or node)
            for node in nodes
            for operand in (node.x, node.y)
            if operand is not None and operand.scope != node.scope and operand.scope in cut
        }
        if len(links) <= READABLE_CONNECTIONS:
            return depth
    return 1
