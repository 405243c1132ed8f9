"""A function and its inputs against differences: what a graph cannot tell, the function is asked itself."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from numbers import Real
from typing import Any, Literal

from .. import given
from ..errors import AutogradError, GradientError
from ..failures import label_of
from ..given import is_bool
from ..graph import cotangents, edges, topological
from ..numbers import as_float
from ..primitive import Primitive
from ..reverse import gradient
from ..transforms import begun, under_way
from ..trees import flatten, rebuild, walk
from ..typeset import shown
from ..value import Value
from .differences import checked_step, plain, positive, rounding_error
from .graphs import Replay, names_of, report_on
from .judging import TOLERANCE, judge, judge_second, point_of
from .report import Finding, Report


def check_gradients(
    f: Callable[..., Any], *inputs: Any, step: float | None = None, tolerance: float = TOLERANCE, order: Literal[1, 2] = 1
) -> Report:
    """A Report on f at the inputs: every input and every inner node of the graph that f records, against differences.

    Inputs are numbers, Values, or lists, tuples and dicts of them; f is called with fresh Values in their place and returns one Value. The
    graph is checked as by `check_graph`. Beyond that, f itself is called with numbers nearby, so a report also sees what no
    graph can: numbers that bypass the graph (x.data), other branches, randomness.

    step       the first step of the differences, which others compete with; derived from the numbers unless given
    tolerance  the relative mistake that must be visible before a verdict is "agrees"; it does not widen any bound
    order      2 adds the second derivatives: each first derivative, as the graph that `gradient` makes, is held against
               differences in turn, as are the local derivatives in that graph, and the derivative of each rule. At the kinks of abs,
               relu, maximum and minimum, where the first derivative is a step, the second is 0 by convention, and the verdict says so

    TypeError: f returns no number. ValueError: no inputs, a step that changes nothing, or f writes into its inputs. What f
    raises is passed on.

    >>> print(check_gradients(lambda x, y: x * y + x.sin(), 2.0, 3.0).nodes[0].verdict)
    agrees
    """
    step, tolerance = checked_step(step), positive(tolerance, "tolerance")
    given.choice(order, (1, 2), "order")
    asked = _Asked(f, inputs)
    for name, x in zip(asked.names, asked.numbers, strict=True):
        if step is not None and not x - step < x < x + step:
            raise ValueError(f"a step of {step!r} does not change {name}={x!r}: take one above {math.ulp(x)!r}")
    output, leaves = asked.call(asked.numbers)
    again, _ = asked.call(asked.numbers)
    if not isinstance(output, Value) or not isinstance(again, Value):
        return Report(output, [asked.bypassing(i, leaf, step, tolerance) for i, leaf in enumerate(leaves)])
    if output.data != again.data or _shape(output) != _shape(again):
        what = f"{output.data!r} and {again.data!r}" if output.data != again.data else "two different graphs"
        note = f"two calls with the same numbers gave {what}"
        recorded = cotangents(output)
        return Report(
            output,
            [
                Finding(leaf, None, name, "input", recorded.get(leaf, 0.0), math.nan, math.inf, "not deterministic", note)
                for leaf, name in zip(leaves, asked.names, strict=True)
            ],
        )
    report = report_on(output, dict(zip(leaves, asked.names, strict=True)), step, tolerance)
    replay = Replay(output)
    place = {node: i for i, node in enumerate(replay.order)}
    findings = {finding.node: finding for finding in report.nodes}
    apart = [asked.bypassing(i, leaf, step, tolerance) for i, leaf in enumerate(leaves) if leaf not in place]
    for i, leaf in enumerate(leaves):
        departure = asked.departure(i, replay, place[leaf]) if leaf in place else None
        if departure == "":
            findings[leaf] = asked.bypassing(i, leaf, step, tolerance, findings[leaf].analytic)
        elif departure is not None and not findings[leaf].is_wrong:
            findings[leaf] = replace(findings[leaf], verdict="kink within h", note=f"within h, the function {departure}")
    nodes, edges = [*apart, *findings.values()], report.edges
    if order == 2:
        edges = edges + second_of_rules(output, step, tolerance)
        for i, (leaf, name) in enumerate(zip(leaves, asked.names, strict=True)):
            try:
                _refuse_no_further(output)
                second = check_gradients(_slope(f, i), *inputs, step=step, tolerance=tolerance)
            except AutogradError as error:
                nodes.append(_missing(leaf, name, str(error)))
                continue
            nodes += [_of_order_2(finding, name) for finding in second.nodes if finding.op == "input"]
            edges = edges + second.edges
    return Report(output, nodes, edges)


def _refuse_no_further(output: Value) -> None:
    """A GradientError for a graph with an operation whose rules cannot be differentiated again, as it says itself."""
    for node in topological(output):
        if node.op is not None and not node.op.further:
            raise GradientError(f"{node.op.name} says that its rules have no derivative (further=False)")


def _missing(leaf: Value, name: str, why: str) -> Finding:
    """That there is no second derivative, which is no mistake of the first."""
    return Finding(leaf, None, name, "second derivative", math.nan, math.nan, math.inf, "missing", why)


def second_of_rules(output: Value, step: float | None, tolerance: float) -> list[Finding]:
    """What is wrong with the derivatives of the rules in a graph, which make up its second derivative."""
    order = topological(output)
    names, found = names_of(order, {}), []
    for node in order:
        for edge in edges(node):
            assert node.op is not None
            point = point_of(node)
            for by, other in enumerate(node.op.operands):
                judged = judge_second(node.op, point, edge.position, by, step=step, tolerance=tolerance)
                if judged is not None:
                    second, judgement = judged
                    op = f"∂²{node.op.name}/∂{node.op.operands[edge.position]}∂{other}"
                    found.append(Finding.of(judgement, node, edge.position, names[node], op, second, by=other))
    return found


STEPS = ("abs", "relu", "leaky_relu", "hardswish", "maximum", "minimum", "sign", "heaviside", "above", "floor", "ceil", "trunc", "round_")
_STEPPED = tuple(f"{name} at " for name in STEPS)
"""How a note begins that finds the kink in one of these, whose first derivatives are steps there, or in such a step."""


def _of_order_2(finding: Finding, name: str) -> Finding:
    """What was found of a first derivative as what was found of a second."""
    note = finding.note
    if finding.verdict == "kink within h" and note.startswith(_STEPPED):
        note += "; where a first derivative is a step, its own derivative is taken as 0, by convention"
    return replace(finding, name=f"{name}, {finding.name}", op="second derivative", note=note)


def _slope(f: Callable[..., Any], i: int) -> Callable[..., Value]:
    """∂f/∂(its i-th number), as the graph that `gradient` makes."""

    @wraps(f)  # with its names for the inputs
    def slope(*arguments: Any) -> Value:
        leaf: Value = list(walk(arguments, "", "check_gradients"))[i][1]
        return gradient(f(*arguments), leaf, unrelated="zero")

    return slope


def _shape(output: Any) -> list[tuple[Any, ...]]:
    """The graph without its numbers: which operations, by name, since one may be decorated anew in every call, on which nodes."""
    if not isinstance(output, Value):
        return []
    order = topological(output)
    place: dict[Value | None, int] = {node: i for i, node in enumerate(order)}
    return [(node.op and node.op.name, place.get(node.x, -1), place.get(node.y, -1)) for node in order]


def names_of_inputs(f: Callable[..., Any], inputs: Sequence[Any]) -> list[str]:
    """A name for each number among the inputs: its label, or the parameter's that it is for, with its place in a list or dict."""
    row = getattr(f, "primitive", None)
    parameters = list(row.operands) if isinstance(row, Primitive) and not row.joins else []
    try:
        kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = parameters or [p.name for p in inspect.signature(f).parameters.values() if p.kind in kinds]
    except (TypeError, ValueError):
        pass
    return [
        (label_of(x) if isinstance(x, Value) else "") or name
        for i, argument in enumerate(inputs)
        for name, x in walk(argument, parameters[i] if i < len(parameters) else f"x{i}", "check_gradients")
    ]


class _Asked:
    """A function and the inputs it is asked about; lists, tuples and dicts of inputs are laid out flat."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        given.function(f, "check_gradients", "a function first")
        self.f, self.inputs = f, inputs
        self.name = getattr(f, "__name__", type(f).__name__)
        self.numbers: list[float] = []
        self.labels: list[str | None] = []
        self.names = names_of_inputs(f, inputs)
        for name, (_, x) in zip(self.names, walk(inputs, "", "check_gradients"), strict=True):
            self.labels.append(label_of(x) or None if isinstance(x, Value) else None)
            self.numbers.append(x.data if isinstance(x, Value) else as_float(x, f"a number as {name}", "check_gradients"))
        self.structure = flatten(inputs, [], lambda x: x)
        if not self.numbers:
            raise ValueError("check_gradients needs at least one input: there is nothing to differentiate by")

    def call(self, numbers: Sequence[float]) -> tuple[Any, list[Value]]:
        """What f returns for these numbers, as fresh Values, and those Values."""
        leaves = [Value(x, label=label) for x, label in zip(numbers, self.labels, strict=True)]
        arguments = rebuild(self.structure, iter(leaves))
        level = begun()
        level.variables.update(leaves)
        try:
            with under_way(level):
                output = self.f(*arguments)
        except Exception as error:
            at = ", ".join(f"{name}={x!r}" for name, x in zip(self.names, numbers, strict=True))
            error.add_note(f"raised by {self.name} at {shown(at, 200)}")
            raise
        left = [x for _, x in walk(arguments, "", "check_gradients")]
        if len(left) != len(leaves) or any(a is not b for a, b in zip(leaves, left, strict=True)):
            raise ValueError(f"{self.name} changes a list or dict it is given; a function that is checked must leave its inputs alone")
        for leaf, x, name in zip(leaves, numbers, self.names, strict=True):
            if leaf.data != x or leaf.op is not None:
                raise ValueError(f"{self.name} writes into its input {name}: it was {x!r}, then {leaf.data!r}; compute a new Value instead")
        if isinstance(output, Value):
            return output, leaves
        if is_bool(output) or not isinstance(output, Real):
            many = f" of {len(output)}" if hasattr(output, "__len__") else ""
            remedy = "; check its parts one by one, as in lambda x: f(x)[0]" if isinstance(output, (list, tuple)) else ""
            raise TypeError(f"{self.name} must return one Value, but returned {type(output).__name__}{many}{remedy}")
        return as_float(output, "a finite number from", self.name), leaves

    def at(self, i: int, x: float) -> Any:
        """f with x as its i-th number and all others as they are."""
        return self.call([x if k == i else other for k, other in enumerate(self.numbers)])[0]

    def bypassing(self, i: int, leaf: Value, step: float | None, tolerance: float, analytic: float = 0.0) -> Finding:
        """The check of an input through f itself, where the graph does not say all."""
        x, seen = self.numbers[i], set()

        def f(t: float) -> float:
            result = plain(self.at(i, t))
            seen.add(result)
            return result

        slack = rounding_error(analytic)
        judgement = judge(f, x, analytic, noise=rounding_error, slack=slack, most=math.inf, step=step, tolerance=tolerance)
        if len(seen) == 1:
            judgement = replace(judgement, verdict="ignores its input", note="the result never changes")
        elif f(x) != f(x):
            note = "two calls with the same numbers gave different results"
            judgement = replace(judgement, verdict="not deterministic", note=note)
        elif judgement.verdict == "differs":
            note = f"{self.name} computes with {self.names[i]} outside the graph: x.data gives a plain number"
            judgement = replace(judgement, note=note)
        return Finding.of(judgement, leaf, None, self.names[i], "input", analytic)

    def departure(self, i: int, replay: Replay, start: int) -> str | None:
        """What f does for a number nearby that the graph it recorded does not; "" for another result, None for nothing."""
        x = self.numbers[i]
        path, shape = replay.downstream(start, moving=True), _shape(replay.order[-1])
        h = 2.0**-20 * (abs(x) or 1.0)
        for t in (x + h, x - h):
            try:
                expected = replay.run(start, t, path)[-1]
            except AutogradError:
                continue  # beyond an end of the domain
            try:
                output = self.at(i, t)
            except Exception as error:
                return f"raises {type(error).__name__}: {error}"
            if _shape(output) != shape:
                return "takes another branch"
            if output.data != expected:
                return ""
        return None
