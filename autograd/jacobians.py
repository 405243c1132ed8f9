"""Jacobians to look at: the chain rule as a product of small matrices, and what the two modes cost on one graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import given
from .graph import edges, topological
from .numbers import as_operand
from .primitive import Primitive
from .shown import Text
from .transforms import jacobian
from .typeset import aligned, number, table
from .value import Value, as_value, as_values

Matrix = list[list[float]]


def matrix(rows: Sequence[Sequence[float]], digits: int = 4) -> Text:
    """A matrix as text, a row a line, its numbers aligned.

    rows    lists of numbers, all of one length, as `jacobian` and `hessian` return them
    digits  significant digits of each number, at most

    >>> print(matrix([[0.21, -0.06], [-0.06, 0.16]]))
    ⎡ 0.21 −0.06⎤
    ⎣−0.06  0.16⎦
    """
    entries = [_numbers(row, "matrix") for row in given.items(rows, "a list of rows", "matrix")]
    if len({len(row) for row in entries}) > 1:
        raise ValueError(f"matrix needs rows of one length, but got rows of {', '.join(str(len(row)) for row in entries):.60} numbers")
    columns = [aligned([number(x, digits) for x in column]) for column in zip(*entries, strict=True)]
    lines = [" ".join(cells) for cells in zip(*columns, strict=True)] if columns else [""] * len(entries)
    if len(lines) < 2:
        return Text(f"[{lines[0] if lines else ''}]")
    brackets = [("⎡", "⎤"), *[("⎢", "⎥")] * (len(lines) - 2), ("⎣", "⎦")]
    return Text("\n".join(f"{left}{line}{right}" for (left, right), line in zip(brackets, lines, strict=True)))


def elementwise(f: Callable[[Any], Any]) -> Callable[[Iterable[Any]], list[Any]]:
    """f number by number, as a function from a list to a list; its Jacobian is diagonal.

    >>> from autograd import relu
    >>> jacobian(elementwise(relu))([2.0, -1.0])
    [[1.0, 0.0], [0.0, 0.0]]
    """

    given.function(f, "elementwise")

    def each(xs: Iterable[Any]) -> list[Any]:
        return [f(x) for x in given.items(xs, "a list of numbers", each.__name__)]

    each.__name__ = each.__qualname__ = getattr(f, "__name__", "elementwise")
    return each


@dataclass(frozen=True)
class JacobianChain:
    """The gradient of a composition Fₙ ∘ … ∘ F₁, pulled back one transposed Jacobian at a time: ∇ₖ₋₁ = Jₖᵀ ∇ₖ.

    names      of the functions, F₁ first
    points     x₀, and what each function made of the one before; the last has one number
    jacobians  Jₖ, the Jacobian of Fₖ at xₖ₋₁
    gradients  ∇ₖ, the gradient of the last number by xₖ; ∇ₙ = 1
    """

    names: list[str]
    points: list[list[float]]
    jacobians: list[Matrix]
    gradients: list[list[float]]

    @property
    def gradient(self) -> list[float]:
        """∇₀: the gradient by x₀."""
        return self.gradients[0]

    def __str__(self) -> str:
        lines = [f"x{_index(0)} = {_vector(self.points[0])}"]
        lines += [f"x{_index(k)} = {name}(x{_index(k - 1)}) = {_vector(self.points[k])}" for k, name in enumerate(self.names, 1)]
        lines += ["", f"∇{_index(len(self.names))} = 1"]
        for k in reversed(range(len(self.names))):
            transposed = [list(column) for column in zip(*self.jacobians[k], strict=True)]
            arriving, found = ([[x] for x in self.gradients[i]] for i in (k + 1, k))
            text = f"∇{_index(k)} = J{_index(k + 1)}ᵀ ∇{_index(k + 1)} = "
            lines += ["", _beside(text, matrix(transposed), " ", matrix(arriving), " = ", matrix(found))]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return Text(str(self))._repr_html_()


def jacobian_chain(functions: Sequence[Callable[..., Any]], x: Sequence[float]) -> JacobianChain:
    """The chain of Jacobians of functions applied one after another to the numbers x, the last of which returns one number.

    Each takes a list of numbers and returns a list. A row of the table with one operand works number by number.

    >>> from autograd import relu
    >>> print(jacobian_chain([relu, sum], [2.0, -1.0]))
    x₀ = (2, −1)
    x₁ = relu(x₀) = (2, 0)
    x₂ = sum(x₁) = (2)
    <BLANKLINE>
    ∇₂ = 1
    <BLANKLINE>
    ∇₁ = J₂ᵀ ∇₂ = ⎡1⎤ [1] = ⎡1⎤
                  ⎣1⎦       ⎣1⎦
    <BLANKLINE>
    ∇₀ = J₁ᵀ ∇₁ = ⎡1 0⎤ ⎡1⎤ = ⎡1⎤
                  ⎣0 0⎦ ⎣1⎦   ⎣0⎦
    """
    points = [_numbers(x, "jacobian_chain")]
    if not points[0]:
        raise ValueError("jacobian_chain needs at least one number as x")
    names: list[str] = []
    jacobians: list[Matrix] = []
    chain = [given.function(f, "jacobian_chain", "functions") for f in given.items(functions, "a list of functions", "jacobian_chain")]
    if not chain:
        raise ValueError("jacobian_chain needs at least one function")
    for f in chain:
        primitive = getattr(f, "primitive", None)
        step = elementwise(f) if isinstance(primitive, Primitive) and len(primitive.operands) == 1 else f
        result: Any = step(points[-1])
        many = isinstance(result, (list, tuple))
        points.append(_numbers(result if many else [result], f"jacobian_chain's function {getattr(f, '__name__', f)}"))
        found = jacobian(step)(points[-2])
        jacobians.append([[float(entry) for entry in row] for row in (found if many else [found])])
        names.append(getattr(f, "__name__", type(f).__name__).replace("<lambda>", f"F{_index(len(names) + 1)}"))
    if len(points[-1]) != 1:
        raise ValueError(f"jacobian_chain needs a last function that returns one number, but {names[-1]} returned {len(points[-1])}")
    gradients = [[1.0]]
    for found in reversed(jacobians):
        gradients.append([sum(row[j] * g for row, g in zip(found, gradients[-1], strict=True)) for j in range(len(found[0]))])
    return JacobianChain(names, points, jacobians, gradients[::-1])


def _numbers(xs: Any, asker: str) -> list[float]:
    return [float(as_operand(x, "a number", asker)) for x in given.items(xs, "a list of numbers", asker)]


def _index(k: int) -> str:
    return str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _vector(xs: Sequence[float]) -> str:
    return f"({', '.join(number(x, 4) for x in xs)})"


def _beside(*blocks: str) -> str:
    """Blocks of lines side by side, each beginning at the top."""
    parts = [block.split("\n") for block in blocks]
    height = max(map(len, parts))
    widths = [max(map(len, part)) for part in parts]
    return "\n".join(
        "".join((part[i] if i < len(part) else "").ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
        for i in range(height)
    )


@dataclass(frozen=True)
class Modes:
    """What the gradient of one graph costs in either mode, in multiplications by a local derivative.

    forward   for each input, those of its sweep: one for every edge that it reaches
    reverse   those of the one sweep back: one for every edge on a way from an input to the output
    reached   for each node, how many inputs reach it: so many forward sweeps cross each edge that leaves it
    """

    forward: list[int]
    reverse: int
    reached: dict[Value, int] = field(repr=False)

    def __str__(self) -> str:
        sweeps, total = len(self.forward), sum(self.forward)
        return table(
            ["", "forward mode", "reverse mode"],
            ["sweeps", f"{sweeps}, one an input", "1"],
            ["multiplications", f"{total}", f"{self.reverse}"],
            right=(2,),
        )


def modes(output: Value, wrt: Iterable[Value]) -> Modes:
    """The operations that the gradient of this output by these inputs takes in forward and in reverse mode, counted on the graph.

    output  the node whose gradient is taken
    wrt     the Values that it is taken by, in a list

    >>> xs = [Value(float(i)) for i in range(10)]
    >>> print(modes(sum(xs) * 2.0, xs))
                  sweeps            multiplications
    forward mode  10, one an input               64
    reverse mode  1                              19
    """
    order = topological(as_value(output, "modes", "a Value as output"))
    forward = []
    reached = dict.fromkeys(order, 0)
    for source in as_values(wrt, "modes", "a list of Values as wrt"):
        changing = {source}
        count = 0
        for node in order:
            arriving = sum(parent in changing for parent in node.parents)
            if arriving:
                changing.add(node)
                count += arriving
        forward.append(count)
        for node in changing & reached.keys():
            reached[node] += 1
    return Modes(forward, sum(reached[edge.operand] > 0 for node in order for edge in edges(node)), reached)
