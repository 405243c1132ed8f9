"""What a check found, in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..graph import Edge
from ..typeset import aligned, number, shown, table
from ..value import Value, describe_edge
from .judging import Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """One derivative and what the differences say about it.

    node      the node; for an edge, the one whose local derivative it is
    position  of an edge: which operand of the node; None for a check of ∂output/∂node
    name      the node's name in the report
    op        what made the node, in words
    analytic  the derivative of the engine
    numeric   the estimate from differences; nan where there is none
    bound     how far the two may be apart by rounding and truncation
    verdict   in words
    note      what else there is to say
    forward   of a node: the same derivative in forward mode; nan where that has none, and for an edge
    by        the operand by which an edge's local derivative was differentiated once more; "" where it was not
    """

    node: Value
    position: int | None
    name: str
    op: str
    analytic: float
    numeric: float
    bound: float
    verdict: Verdict
    note: str = ""
    forward: float = math.nan
    by: str = ""

    @property
    def difference(self) -> float:
        """How far apart the two numbers are."""
        return abs(self.analytic - self.numeric)

    @property
    def is_wrong(self) -> bool:
        """Whether there is a mistake: it differs, or it cannot be told since the function is not deterministic."""
        return self.verdict in ("differs", "not deterministic")

    def __str__(self) -> str:
        """The finding in one line: which edge or node, at which point, both numbers."""
        note = f" ({self.note})" if self.note else ""
        if self.position is None:
            what = f"∂output/∂{self.name}" + (f" at {self.name}={self.node.data!r}" if self.name else "")
        else:
            operand = self.node.x if self.position == 0 else self.node.y
            assert operand is not None
            assert self.node.op is not None
            what = f"edge {self.node.op.name}: {describe_edge(Edge(self.node, self.position, operand, self.analytic))}"
            if self.by:
                what += f", by {self.by} once more"
        if self.verdict == "not deterministic":
            return f"{what}: not deterministic{note}"
        said = "the engine says" if self.position is None else "its rule as a graph says" if self.by else "recorded"
        text = f"{what}: {said} {self.analytic!r}, differences say {self.numeric!r} ± {self.bound:.1g}: {self.verdict}"
        if self.verdict == "differs" and self.numeric and math.isfinite(self.difference):
            text += f" by {self.difference / abs(self.numeric):.1g} of it"
        return text + note


@dataclass(frozen=True, repr=False)
class Report:
    """What a check found, node by node and edge by edge; printed, a table.

    It is no yes or no, and `if report:` is a TypeError: `mistakes` lists what is wrong, `require()` raises if there is anything,
    and the table says how much each agreement is worth.
    """

    output: Value | float
    nodes: list[Check]
    edges: list[Check] = field(default_factory=list)

    @property
    def mistakes(self) -> list[Check]:
        """What is wrong: guilty edges first, since a node's gradient is wrong because of them."""
        return [check for check in (*self.edges, *self.nodes) if check.is_wrong]

    @property
    def guilty(self) -> list[str]:
        """The mistakes in one line each: edges if there are any, else nodes."""
        edges = [check for check in self.mistakes if check.position is not None]
        lines = [str(check) for check in edges or self.mistakes]
        if not edges and self.edges and any(check.verdict == "differs" and "outside" not in check.note for check in self.nodes):
            lines.append("Every local derivative agrees, so what adds them up along the paths is wrong: the sweep.")
        return lines

    def require(self) -> None:
        """An AssertionError with the guilty edges and the table if anything is wrong."""
        if self.mistakes:
            raise AssertionError(str(self))

    def __bool__(self) -> bool:
        raise TypeError("a report is neither yes nor no: print it, look at report.mistakes, or call report.require()")

    def __str__(self) -> str:
        return "\n".join([*self.guilty, *([""] if self.guilty else []), self.table(), "", self.summary()])

    __repr__ = __str__

    def summary(self) -> str:
        """How many nodes and edges got which verdict."""
        parts = []
        for what, checks in (("node", self.nodes), ("edge", self.edges)):
            if not checks:
                continue
            count: dict[str, int] = {}
            for check in checks:
                count[check.verdict] = count.get(check.verdict, 0) + 1
            verdicts = ", ".join(f"{times} × {verdict}" for verdict, times in count.items())
            parts.append(f"{len(checks)} {what}{'s' if len(checks) > 1 else ''}: {verdicts}")
        return "; ".join(parts) + "."

    def table(self) -> str:
        """node, op, analytic, numeric, difference, bound, verdict."""
        return _table(self.nodes)

    def edge_table(self) -> str:
        """The same for every local derivative."""
        return _table(self.edges)


def _table(checks: Sequence[Check]) -> str:
    if not checks:
        return "nothing to check"

    def small(x: float) -> str:
        return "–" if not math.isfinite(x) else "0" if not x else f"{x:.0e}".replace("-", "−")

    columns: list[list[str]] = [
        ["node", *(shown(check.name, 24) for check in checks)],
        ["op", *(shown(check.op, 40) for check in checks)],
        ["analytic", *aligned([number(check.analytic, 9) for check in checks])],
        ["numeric", *aligned(["–" if math.isnan(check.numeric) else number(check.numeric, 9) for check in checks])],
        ["difference", *(small(check.difference) for check in checks)],
        ["bound", *(small(check.bound) for check in checks)],
        ["verdict", *(check.verdict + (f": {check.note}" if check.note else "") for check in checks)],
    ]
    return table(*columns, right=(2, 3, 4, 5))
