"""What a check found, in words and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..failures import describe_partial
from ..joined import place_of, seen
from ..typeset import aligned, number, shown, table
from ..value import Value
from .judging import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
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

    @classmethod
    def of(
        cls,
        judgement: Judgement,
        node: Value,
        position: int | None,
        name: str,
        op: str,
        analytic: float,
        *,
        forward: float = math.nan,
        by: str = "",
    ) -> Finding:
        """The finding that a judgement of `analytic` is."""
        said = judgement.numeric, judgement.bound, judgement.verdict, judgement.note
        return cls(node, position, name, op, analytic, *said, forward, by)

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
            op, args = seen(self.node)
            what = f"edge {op.name}: {describe_partial(op, place_of(self.node, self.position), args)}"
            if self.by:
                what += f", by {self.by} once more"
        if self.verdict == "not deterministic":
            return f"{what}: not deterministic{note}"
        said = "the engine says" if self.position is None else "its rule as a graph says" if self.by else "recorded"
        text = f"{what}: {said} {self.analytic!r}, differences say {self.numeric!r} ± {self.bound:.1g}: {self.verdict}"
        if self.verdict == "differs" and self.numeric and math.isfinite(self.difference):
            text += self._by_how_much()
        return text + note

    def _by_how_much(self) -> str:
        ratio = self.analytic / self.numeric
        if abs(ratio - 1.0) < 0.1:
            return f" by {abs(ratio - 1.0):.1g} of it"
        if abs(ratio + 1.0) < 1e-6:
            return ": the sign is wrong"
        return f": {number(ratio, 3)} times what it should be" if ratio else ": it should not be 0"


@dataclass(frozen=True, repr=False)
class Report:
    """What a check found, node by node and edge by edge; printed, a table.

    It is no yes or no, and `if report:` is a TypeError: `mistakes` lists what is wrong, `require()` raises if there is anything,
    and the table says how much each agreement is worth.
    """

    output: Value | float
    nodes: list[Finding]
    edges: list[Finding] = field(default_factory=list)

    @property
    def mistakes(self) -> list[Finding]:
        """What is wrong: guilty edges first, since a node's gradient is wrong because of them."""
        return [finding for finding in (*self.edges, *self.nodes) if finding.is_wrong]

    @property
    def guilty(self) -> list[str]:
        """The mistakes in one line each: edges if there are any, else nodes."""
        edges = [finding for finding in self.mistakes if finding.position is not None]
        lines = [str(finding) for finding in edges or self.mistakes]
        if not edges and self.edges and any(finding.verdict == "differs" and "outside" not in finding.note for finding in self.nodes):
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
        for what, findings in (("node", self.nodes), ("edge", self.edges)):
            if not findings:
                continue
            count: dict[str, int] = {}
            for finding in findings:
                count[finding.verdict] = count.get(finding.verdict, 0) + 1
            verdicts = ", ".join(f"{times} × {verdict}" for verdict, times in count.items())
            parts.append(f"{len(findings)} {what}{'s' if len(findings) > 1 else ''}: {verdicts}")
        return "; ".join(parts) + "."

    def table(self) -> str:
        """node, op, analytic, numeric, difference, bound, verdict."""
        return _table(self.nodes)

    def edge_table(self) -> str:
        """The same for every local derivative."""
        return _table(self.edges)


def _table(findings: Sequence[Finding]) -> str:
    if not findings:
        return "nothing to check"

    def small(x: float) -> str:
        return "–" if not math.isfinite(x) else "0" if not x else f"{x:.0e}".replace("-", "−")

    columns: list[list[str]] = [
        ["node", *(shown(finding.name, 24) for finding in findings)],
        ["op", *(shown(finding.op, 40) for finding in findings)],
        ["analytic", *aligned([number(finding.analytic, 9) for finding in findings])],
        ["numeric", *aligned(["–" if math.isnan(finding.numeric) else number(finding.numeric, 9) for finding in findings])],
        ["difference", *(small(finding.difference) for finding in findings)],
        ["bound", *(small(finding.bound) for finding in findings)],
        ["verdict", *(finding.verdict + (f": {finding.note}" if finding.note else "") for finding in findings)],
    ]
    return table(*columns, right=(2, 3, 4, 5))
