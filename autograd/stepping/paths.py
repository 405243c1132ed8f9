"""Along which paths a gradient comes: ∂output/∂x is the sum over all paths from x to the output, of the product of the local
derivatives along each.

There may be astronomically many paths (a graph of 1,001 nodes can have 2¹⁰⁰⁰), so they are counted without walking them, and only
the largest are walked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from .. import given
from ..errors import AutogradError
from ..graph import Edge
from ..shown import Text
from ..typeset import number
from ..value import Value, as_value
from ..words import Language
from .notebook import show
from .recorder import Names, Recording, in_brackets

if TYPE_CHECKING:
    from ..drawing import Picture

LONGEST = 12
"""Of a longer path, a sentence leaves out the middle."""
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class Path:
    """One path from the output down to x: its edges in that order, and the seed times their local derivatives."""

    edges: tuple[Edge[Value], ...]
    product: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the gradient of x comes from. `print` it, or show it in a notebook, where the largest path is marked in the picture.

    x, output  the two ends
    gradient   ∂output/∂x, from the sweep
    count      how many paths there are, exactly
    paths      the largest of them by the size of their products, largest first
    total      the sum over all paths, from a sweep of its own in the other direction: from x up, every node adds what its operands
               hand it. It equals `gradient` but for rounding.
    """

    x: Value
    output: Value
    seed: float
    gradient: float
    count: int
    paths: tuple[Path, ...]
    total: float
    names: Names
    recording: Recording

    @property
    def adds_up(self) -> bool:
        """Whether the sum over all paths is the gradient, but for rounding."""
        sizes = [abs(path.product) for path in self.paths]
        return math.isclose(self.total, self.gradient, rel_tol=1e-9, abs_tol=1e-12 * max(sizes, default=0.0))

    def __str__(self) -> str:
        x, output, say = self.names(self.x), self.names(self.output), self.names.say
        if not self.count:
            return say("paths.none", output=output, x=x)
        whole = self.count == len(self.paths)
        lines = [say("paths.all" if whole else "paths.largest", output=output, x=x, count=counted(self.count), some=str(len(self.paths)))]
        for path in self.paths:
            nodes = [output, *(self.names(edge.operand) for edge in path.edges)]
            lines += ["  " + " -> ".join(_shortened(nodes)), "    " + product(path, self.seed)]
        if self.count == len(self.paths) > 1:
            lines.append(
                say(
                    "paths.together",
                    sum=sum_of([path.product for path in self.paths]),
                    total=number(math.fsum(p.product for p in self.paths)),
                )
            )
        elif self.count > len(self.paths):
            lines.append(say("paths.upwards", count=counted(self.count), x=x, total=number(self.total)))
        lines.append(say("paths.right" if self.adds_up else "paths.wrong", output=output, x=x, gradient=number(self.gradient)))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Explanation of ∂{self.names(self.output)}/∂{self.names(self.x)} = {number(self.gradient)}: {counted(self.count)} paths>"

    def picture(self) -> Picture:
        """The picture of the graph with the largest path marked. Needs the extra `draw`; a DrawingError if there are too many nodes."""
        from .frames import highlighted

        return highlighted(self.recording, self.paths[0].edges if self.paths else ())

    def _repr_html_(self) -> str:
        """For front-ends that are no IPython: the same in one."""
        words = Text(str(self))._repr_html_()
        try:
            return f"{self.picture().pipe('svg', encoding='utf-8').partition('?>')[2]}{words}"
        except AutogradError:
            return words

    def _ipython_display_(self) -> None:
        """The largest path in the picture, then the words."""
        with suppress(AutogradError):  # no engine, or too many nodes: the words are what matters
            show(self.picture())
        show({"text/plain": str(self)})


def explain(
    x: Value, output: Value, *, most: int = 5, seed: float = 1.0, names: Mapping[str, Any] | None = None, lang: Language = "en"
) -> Explanation:
    """The gradient of the output by x, as a sum over paths: how many there are, the largest ones, and the check that they add up.

    x       the node that the gradient is by
    output  the node whose gradient is taken, times `seed`
    most    how many paths to list, at most
    names   names for nodes without a label, as from locals()
    lang    the language of the words: "en" or "ko"

    GradientError where `backward()` raises one. ValueError: x is not below the output.

    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> print(explain(x, x * y + x))
    x·y + x depends on x along 2 paths:
      x·y + x -> x·y -> x
        1 × 2 = 2
      x·y + x -> x
        1
    together 2 + 1 = 3
    that is the gradient of x·y + x by x: 3
    """
    recording = Recording(output, seed, names, asker="explain", lang=lang)
    as_value(x, "explain", "two Values")
    most = given.count(most, "most, how many paths to list", "explain", 1)
    if x not in recording.index:
        raise ValueError(f"the output does not depend on {x!r}: it is not in the graph below it")
    if recording.problem is not None:
        raise recording.problem
    return explanation(recording, x, most)


def explanation(recording: Recording, x: Value, most: int) -> Explanation:
    """The explanation from a recording that has no problem."""
    start = recording.index[x]
    counts, totals = {start: 1}, {start: recording.seed}
    # For every node above x: its largest paths down to x, each as (log of its size, edge, which of the operand's largest paths goes on).
    largest: dict[int, list[tuple[float, int, int]]] = {start: [(0.0, -1, 0)]}
    own = _edges_of_nodes(recording)
    for i in range(start + 1, recording.forward):
        candidates: list[tuple[float, int, int]] = []
        for k in own(i):
            tail, local = recording.tails[k], recording.partials[k]
            if tail in counts:
                counts[i] = counts.get(i, 0) + counts[tail]
                totals[i] = totals.get(i, 0.0) + (totals[tail] * local if totals[tail] and math.isfinite(local) else 0.0)
                candidates += [(_log_size(local) + size, k, rank) for rank, (size, _, _) in enumerate(largest[tail])]
        if candidates:
            largest[i] = (
                candidates if len(candidates) <= most else nlargest(most, candidates, key=lambda path: (path[0], -path[1], -path[2]))
            )
    end = recording.forward - 1
    paths = sorted(
        (_walked(recording, largest, end, rank) for rank in range(len(largest.get(end, ())))), key=lambda path: -abs(path.product)
    )
    return Explanation(
        x,
        recording.output,
        recording.seed,
        recording.gradients[start],
        counts.get(end, 0),
        tuple(paths),
        totals.get(end, 0.0),
        recording.names,
        recording,
    )


def _edges_of_nodes(recording: Recording) -> Any:
    """For a node's place, its edges, as places among the backward steps: these are in the order of the nodes, the last node first."""
    first = [0] * (recording.forward + 1)
    for head in recording.heads:
        first[head] += 1
    at = 0
    for i in range(recording.forward - 1, -1, -1):
        first[i], at = at, at + first[i]
    return lambda i: range(first[i], first[i - 1] if i else len(recording.heads))


def _log_size(x: float) -> float:
    return math.log(abs(x)) if x and math.isfinite(x) else -math.inf


def _walked(recording: Recording, largest: Mapping[int, Sequence[tuple[float, int, int]]], i: int, rank: int) -> Path:
    edges = []
    result = recording.seed
    while (step := largest[i][rank])[1] >= 0:
        _, k, rank = step
        edges.append(recording.edge(k))
        local = recording.partials[k]
        result = result * local if result and not math.isnan(local) else 0.0  # what does not exist is masked, or there is no explanation
        i = recording.tails[k]
    return Path(tuple(edges), result)


# Words.


def product(path: Path, seed: float = 1.0) -> str:
    """The product along a path, written out: 1.1 × 2 = 2.2."""
    factors = [*([] if seed == 1.0 and path.edges else [seed]), *(edge.partial for edge in path.edges)]
    written = [number(factors[0]), *map(in_brackets, factors[1:])]
    return " × ".join(_shortened(written)) + (f" = {number(path.product)}" if len(factors) > 1 else "")


def sum_of(numbers: Sequence[float]) -> str:
    """The numbers with plus signs between them, negative ones in brackets."""
    return " + ".join(_shortened([number(numbers[0]), *map(in_brackets, numbers[1:])]))


def counted(count: int) -> str:
    """A count, exactly; one of many digits also as a power of ten: it says more than its digits."""
    if count < 10**15:
        return f"{count:,}"
    power = int(count.bit_length() * math.log10(2.0)) - 1  # str() of a count of 10,000 digits would be slow, or refused
    leading = count // 10 ** (power - 3)
    while leading >= 10**4:
        leading, power = leading // 10, power + 1
    return f"{leading // 1000}.{leading % 1000:03d}·10{str(power).translate(_RAISED)}"


def _shortened(words: list[str]) -> Iterator[str]:
    half = LONGEST // 2
    yield from words if len(words) <= LONGEST else [*words[:half], "…", *words[-half:]]
