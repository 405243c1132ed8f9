"""A recorded graph against differences: its edges against their own rows, its nodes against a replay of what lies downstream."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..context import recording
from ..errors import StaleGraphError
from ..failures import label_of
from ..forward import Dual
from ..graph import Edge, cotangents, edges, topological
from ..joined import edges_seen, is_hidden, seen
from ..masking import substitutes
from ..typeset import number
from ..value import Value, as_value
from .differences import EPSILON, LEAST, ROUNDING, checked_step, first_step, positive, rounding_error
from .judging import STOP, TOLERANCE, Judgement, clear_step, judge, judge_partial, kink_distance, point_of
from .report import Finding, Report


def check_edges(output: Value, *, step: float | None = None, tolerance: float = TOLERANCE) -> list[Finding]:
    """Every local derivative recorded below the output, held against differences of its own operation, in topological order.

    This finds the guilty: a gradient is wrong where one of these is.
    """
    step, tolerance = checked_step(step), positive(tolerance, "tolerance")
    order = topological(as_value(output, "check_edges"))
    names = names_of(order, {})
    _fresh(order)
    return [_check_edge(edge, names, step, tolerance) for node in order if not is_hidden(node) for edge in edges_seen(node)]


def _check_edge(edge: Edge[Value], names: dict[Value, str], step: float | None, tolerance: float) -> Finding:
    node, position = edge.node, edge.position
    op = node.op
    assert op is not None
    judgement = judge_partial(op, point_of(node), position, edge.partial, step=step, tolerance=tolerance)
    return Finding.of(judgement, node, position, names[node], f"∂{op.name}/∂{op.operands[position]}", edge.partial)


def _fresh(order: Iterable[Value]) -> None:
    """A StaleGraphError for a graph whose numbers are no longer those of the recording."""
    for node in order:
        if node.op is not None:
            now = node.op.kinds[float](*point_of(node))
            if now != node.data:
                raise StaleGraphError(
                    f"{node.op.name} gives {now!r} now, but {node.data!r} was recorded: data was edited since, or the primitive is not"
                    " deterministic; compute the graph anew"
                )


def names_of(order: Sequence[Value], given: dict[Value, str]) -> dict[Value, str]:
    """A name for each node: what was given, its label, or its place in the order. A chain, which ends in the one that is seen, is one."""
    names: dict[Value, str] = {}
    i = 0
    for node in order:
        names[node] = given.get(node) or label_of(node) or f"#{i}"
        i += not is_hidden(node)
    return names


class Replay:
    """A recorded graph as a function of any one of its nodes: what lies downstream is computed again, by the forward functions.

    The graph's nodes are known by their places in `order`. A stop_gradient holds its number, as it does for the gradient, unless it is
    asked to move.
    """

    def __init__(self, output: Value) -> None:
        self.order = topological(output)
        self.data = [node.data for node in self.order]
        place: dict[Value | None, int] = {node: i for i, node in enumerate(self.order)}
        self.rows = {i: node.op for i, node in enumerate(self.order) if node.op is not None}
        self.operands = [(place.get(node.x, -1), place.get(node.y, -1)) for node in self.order]  # their places; -1 for a constant
        self.constants = [[0.0 if isinstance(arg, Value) else arg for arg in node.args] for node in self.order]
        # A node matters if a path without a stop leads from it to the output.
        self.matters = {len(self.order) - 1}
        for i in reversed(range(len(self.order))):
            if i in self.matters and self.order[i].op is not STOP:
                self.matters.update(p for p in self.operands[i] if p >= 0)
        # |∂output/∂node|, summed over all paths without cancellation: what rounding in a node can cost. Beside it, what a gradient may
        # lose to underflow: by a local derivative that is off by some of the least floats, and by a product that is.
        self.weight = [0.0] * len(self.order)
        self.lost = [0.0] * len(self.order)
        self.broken: set[int] = set()  # below a local derivative that is no number
        self.weight[-1] = 1.0
        missing = substitutes(self.order, (output,))
        for i in reversed(range(len(self.order))):
            for edge in edges(self.order[i]):
                partial: Any = missing[edge.node][edge.position] if edge.node in missing else edge.partial
                p, size = place[edge.operand], abs(partial)
                if i in self.broken or math.isnan(size) or (self.weight[i] and not math.isfinite(size)):
                    self.broken.add(p)
                if (self.weight[i] or self.lost[i]) and math.isfinite(size):
                    self.weight[p] += self.weight[i] * size
                    self.lost[p] += self.lost[i] * size + (ROUNDING * self.weight[i] + 1.0) * LEAST

    def downstream(self, start: int, *, moving: bool = False) -> list[int]:
        """The places of the nodes between the one at `start` and the output, itself not among them; stopped paths if `moving`."""
        reached = {start}
        for i in range(start + 1, len(self.order)):
            x, y = self.operands[i]
            if (x in reached or y in reached) and (moving or (i in self.matters and self.order[i].op is not STOP)):
                reached.add(i)
        reached.discard(start)
        return sorted(reached)

    def point(self, i: int, data: list[float]) -> list[float]:
        """The operands of the node at place i."""
        return [data[p] if p >= 0 else constant for p, constant in zip(self.operands[i], self.constants[i], strict=False)]

    def run(self, start: int, x: float, path: list[int]) -> list[float]:
        """All numbers, with x in place of the one at `start`."""
        data = self.data.copy()
        data[start] = x
        rows, operands, constants = self.rows, self.operands, self.constants
        for i in path:  # as `point` has them, written out: most of a check's time is spent here
            evaluate, others = rows[i].kinds[float], constants[i]
            p, q = operands[i]
            if len(others) == 1:
                data[i] = evaluate(data[p])
            else:
                data[i] = evaluate(data[p] if p >= 0 else others[0], data[q] if q >= 0 else others[1])
        return data

    def forward(self, start: int, path: list[int]) -> float:
        """∂output/∂node in forward mode, by the rules anew; nan where it does not exist or leaves the range of floats on its way."""
        data: list[Any] = list(self.data)
        data[start] = Dual(0, data[start], 1.0)
        with recording():
            for i in path:
                data[i] = self.rows[i].kinds[Dual](*self.point(i, data))
        tangent = data[-1].tangent if isinstance(data[-1], Dual) else 0.0
        return tangent if isinstance(tangent, float) else math.nan

    def slack(self, start: int, operations: int) -> float:
        """What floats may cost a gradient: `ROUNDING` units for every operation on the way, and what underflows there."""
        return operations * ROUNDING * EPSILON * self.weight[start] + self.lost[start]

    def slack_of_both(self, start: int, path: list[int]) -> float:
        """How far apart the two modes may be. What a tangent loses to underflow at a node, the way from there on multiplies."""
        return 2.0 * self.slack(start, len(path) + 1) + 2.0 * LEAST * math.fsum(self.weight[i] for i in path)

    def judge(self, start: int, path: list[int], analytic: float, step: float | None, tolerance: float) -> Judgement:
        """What differences of the replay say about ∂output/∂node, `analytic`, of the node at `start`."""
        x = self.data[start]
        if not path and start != len(self.order) - 1:
            return Judgement(0.0, 0.0, "agrees" if analytic == 0.0 else "differs", "stopped: no gradient passes")
        around: list[list[float]] = []

        def nearness(h: float) -> float:
            around[:] = [self.run(start, x + h, path), self.run(start, x - h, path)]
            near = math.inf
            for i in path:
                if self.rows[i].kinks:
                    near = min(near, self._kink_distance(i, around))
            return near

        most = clear_step(first_step(x, step), first_step(x, None), nearness)
        sizes = [max(map(abs, numbers)) for numbers in zip(self.data, *around, strict=True)]
        noise = sum(self.weight[i] * max(rounding_error(sizes[i]), self.rows[i].accept * sizes[i]) for i in path)
        accept = sum(self.rows[i].accept for i in path)
        judgement = judge(
            lambda t: self.run(start, t, path)[-1],
            x,
            analytic,
            noise=lambda size: noise,
            slack=self.slack(start, len(path) + 1) + (4.0 * accept * abs(analytic) if accept and math.isfinite(analytic) else 0.0),
            most=most,
            step=step,
            tolerance=max(tolerance, 1024.0 * accept),
        )
        surrogate = next((self.rows[i].name for i in path if self.rows[i].surrogate), None)
        if surrogate is not None and judgement.verdict == "differs":
            return replace(judgement, verdict="not the derivative", note=f"{surrogate} says so: its rules are a surrogate")
        if judgement.verdict == "kink within h":
            return replace(judgement, note=self._where(path, around) or judgement.note)
        return judgement

    def _where(self, path: list[int], around: list[list[float]]) -> str:
        """Which operation has its kink near."""
        for i in path:
            op = self.rows[i]
            if op.kinks and around and self._kink_distance(i, around) <= 1.0:
                return f"{op.name} at " + ", ".join(f"{name}={x!r}" for name, x in zip(op.operands, self.point(i, self.data), strict=True))
        return ""

    def _kink_distance(self, i: int, around: list[list[float]]) -> float:
        return kink_distance(self.rows[i], self.point(i, self.data), *(self.point(i, data) for data in around))


def check_graph(output: Value, *, step: float | None = None, tolerance: float = TOLERANCE) -> Report:
    """A Report on a recorded graph: ∂output/∂node for every node, and every local derivative, against differences.

    Reverse mode is held against forward mode too, which evaluates the rules anew.

    Nothing is recorded anew and no `grad` is read or changed. A node costs some tens of passes over what lies downstream of it, so the
    whole costs the square of the graph's size: 0.1 s for 100 nodes, half a minute to two minutes for 2,000. `check_edges` alone costs a
    fixed number of evaluations an edge, 0.1 s for those 2,000 nodes, and finds every wrong rule; what it cannot see is a wrong sweep, or
    numbers that bypass the graph.

    output           the node at the end of the graph
    step, tolerance  as for `check_gradients`

    StaleGraphError: data was edited since the graph was recorded.
    """
    return report_on(as_value(output, "check_graph"), {}, checked_step(step), positive(tolerance, "tolerance"))


def report_on(output: Value, given: dict[Value, str], step: float | None, tolerance: float) -> Report:
    """A Report on a recorded graph, in which some nodes have the names that are `given`."""
    edge_findings = check_edges(output, step=step, tolerance=tolerance)
    replay = Replay(output)
    names = names_of(replay.order, given)
    gradient = cotangents(output)
    guilty = any(finding.is_wrong for finding in edge_findings)
    node_findings = []
    for i, node in enumerate(replay.order):
        if is_hidden(node):
            continue
        analytic = gradient[node]
        path = replay.downstream(i)
        judgement = replay.judge(i, path, analytic, step, tolerance)
        if not math.isfinite(analytic) and not guilty:
            if i in replay.broken:
                judgement = replace(judgement, verdict="kink within h", note="a local derivative downstream does not exist")
            elif not math.isfinite(replay.weight[i]):
                judgement = replace(judgement, verdict="beyond the floats", note="a product of local derivatives overflows")
        forward = replay.forward(i, path)
        if abs(forward - analytic) > replay.slack_of_both(i, path):
            judgement = replace(judgement, verdict="differs", note=f"forward mode says {forward!r}")
        op = _written(node, names) if node.op else "input" if node in given else "leaf"
        node_findings.append(Finding.of(judgement, node, None, names[node], op, analytic, forward=forward))
    return Report(output, node_findings, edge_findings)


def _written(node: Value, names: dict[Value, str]) -> str:
    op, args = seen(node)
    return f"{op.name}({', '.join(names[arg] if isinstance(arg, Value) else number(arg) for arg in args)})"
