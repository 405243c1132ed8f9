"""Derivatives held against difference quotients, which know nothing of rules or graphs.

    (f(x + h) − f(x − h)) / 2h = f′(x) + f‴(x)·h²/6 + f⁽⁵⁾(x)·h⁴/120 + …

Two errors pull on the step. *Truncation*, the terms in h², h⁴, …, wants it small; *rounding* wants it large, for if each value
of f may be off by δ, the quotient may be off by δ/h. A single quotient balances the two at h ≈ ε^⅓, and has then a third of a
float's digits left to lose. Halving the step and combining the quotients so that h², then h⁴, … cancel (Richardson 1911; Romberg
1955; with this stopping rule, Ridders 1982) leaves twice as many digits. Every entry of that tableau gets two numbers beside it:

- *truncation*: how far it lies from the two entries it was made of, which are less accurate than it is;
- *rounding*: δ/h, sent through the same combinations with every minus turned into a plus.

The entry with the least sum is the estimate, and that sum its error. Where does δ come from? For one row of the table it is
`ROUNDING` units in the last place of the result. For an output far downstream of a node, every operation in between adds so many
units of its own result, times the absolute local derivatives from there to the output. A bound for a gradient has one more part,
for the gradient itself is rounded: a product along a path of m operations is off by at most about m·`ROUNDING`·ε, and the sum of
its absolute contributions says of what. Near 0 this relative error is not all, since the floats there are `LEAST` apart whatever their
size: a local derivative may be off by `ROUNDING` of these, a product by one, and the local derivatives that follow multiply the loss.

Where estimate and derivative disagree, nothing is said yet: the quotients are taken anew with much smaller steps, the noise of f is
measured, and only a disagreement that much smaller steps confirm, and steps of an odd ratio, and that bends as smooth functions do, is
called one. A `Report` has words for the other cases too.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from numbers import Real
from typing import Any, Literal

from . import given
from .checking.complex_step import complex_step as complex_step
from .checking.differences import EPSILON as EPSILON
from .checking.differences import LEAST as LEAST
from .checking.differences import ROUNDING as ROUNDING
from .checking.differences import Estimate as Estimate
from .checking.differences import (
    _checked,
    _first_step,
    _plain,
    _positive,
    _units,
)
from .checking.differences import central_difference as central_difference
from .checking.differences import extrapolated_difference as extrapolated_difference
from .checking.judging import _STOP, _judge, _room
from .checking.judging import TOLERANCE as TOLERANCE
from .checking.judging import Judgement as Judgement
from .checking.judging import Verdict as Verdict
from .checking.judging import corner as corner
from .checking.judging import judge_function as judge_function
from .checking.judging import judge_partial as judge_partial
from .checking.judging import judge_second as judge_second
from .checking.judging import kink_distance as kink_distance
from .checking.report import Check as Check
from .checking.report import Report as Report
from .context import recording
from .errors import AutogradError, StaleGraphError
from .forward import Dual
from .given import is_bool
from .graph import Edge, cotangents, edges, topological
from .masking import substitutes
from .primitive import as_float
from .reverse import gradient
from .transforms import _like as like
from .transforms import begun, under_way
from .typeset import number, shown
from .value import Value, as_value, label_of

# ------------------------------------------------------------------------------------------------------------------------
# The edges of a graph: each recorded local derivative against its own row


def check_edges(output: Value, *, step: float | None = None, tolerance: float = TOLERANCE) -> list[Check]:
    """Every local derivative recorded below the output, held against differences of its own operation, in topological order.

    This finds the guilty: a gradient is wrong where one of these is.
    """
    step, tolerance = _checked(step), _positive(tolerance, "tolerance")
    order = topological(as_value(output, "check_edges"))
    names = _names(order, {})
    _fresh(order)
    return [_check_edge(edge, names, step, tolerance) for node in order for edge in edges(node)]


def _check_edge(edge: Edge[Value], names: dict[Value, str], step: float | None, tolerance: float) -> Check:
    node, position = edge.node, edge.position
    op = node.op
    assert op is not None
    judgement = judge_partial(op, [_number(arg) for arg in node.args], position, edge.partial, step=step, tolerance=tolerance)
    return Check(
        node,
        position,
        names[node],
        f"∂{op.name}/∂{op.operands[position]}",
        edge.partial,
        judgement.numeric,
        judgement.bound,
        judgement.verdict,
        judgement.note,
    )


def _number(arg: Value | float) -> float:
    return arg.data if isinstance(arg, Value) else arg


def _fresh(order: Iterable[Value]) -> None:
    """A StaleGraphError for a graph whose numbers are no longer those of the recording."""
    for node in order:
        if node.op is not None:
            now = node.op.kinds[float](*map(_number, node.args))
            if now != node.data:
                raise StaleGraphError(
                    f"{node.op.name} gives {now!r} now, but {node.data!r} was recorded: data was edited since, or the primitive is not"
                    " deterministic; compute the graph anew"
                )


def _names(order: Sequence[Value], given: dict[Value, str]) -> dict[Value, str]:
    """A name for each node: what was given, its label, or its place in the order."""
    return {node: given.get(node) or label_of(node) or f"#{i}" for i, node in enumerate(order)}


# ------------------------------------------------------------------------------------------------------------------------
# The nodes of a graph: the gradient against a replay of what lies downstream


class _Replay:
    """A recorded graph as a function of any one of its nodes: what lies downstream is computed again, by the forward functions.

    A stop_gradient holds its number, as it does for the gradient, unless asked to move.
    """

    def __init__(self, output: Value) -> None:
        self.order = topological(output)
        self.data = [node.data for node in self.order]
        place: dict[Value | None, int] = {node: i for i, node in enumerate(self.order)}
        self.operands = [(place.get(node.x, -1), place.get(node.y, -1)) for node in self.order]
        self.constants = [(node.dx, node.dy) for node in self.order]
        # A node matters if a path without a stop leads from it to the output.
        self.matters = {len(self.order) - 1}
        for i in reversed(range(len(self.order))):
            if i in self.matters and self.order[i].op is not _STOP:
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
            if (x in reached or y in reached) and (moving or (i in self.matters and self.order[i].op is not _STOP)):
                reached.add(i)
        reached.discard(start)
        return sorted(reached)

    def point(self, i: int, data: list[float]) -> list[float]:
        """The operands of the node at place i."""
        op, places, constants = self.order[i].op, self.operands[i], self.constants[i]
        assert op is not None
        return [data[p] if p >= 0 else c for p, c, _ in zip(places, constants, op.operands, strict=False)]  # type: ignore[misc]

    def run(self, start: int, x: float, path: list[int]) -> list[float]:
        """All numbers, with x in place of the one at `start`."""
        data = self.data.copy()
        data[start] = x
        order, operands, constants = self.order, self.operands, self.constants
        for i in path:
            op = order[i].op
            p, q = operands[i]
            a: Any = data[p] if p >= 0 else constants[i][0]
            assert op is not None
            if len(op.operands) == 1:
                data[i] = op.kinds[float](a)
            else:
                data[i] = op.kinds[float](a, data[q] if q >= 0 else constants[i][1])
        return data

    def forward(self, start: int, path: list[int]) -> float:
        """∂output/∂node in forward mode, by the rules anew; nan where it does not exist or leaves the range of floats on its way."""
        data: list[Any] = list(self.data)
        data[start] = Dual(0, data[start], 1.0)
        with recording():
            for i in path:
                op = self.order[i].op
                assert op is not None
                data[i] = op.kinds[Dual](*self.point(i, data))
        tangent = data[-1].tangent if isinstance(data[-1], Dual) else 0.0
        return tangent if isinstance(tangent, float) else math.nan

    def slack(self, start: int, operations: int) -> float:
        """What floats may cost a gradient: `ROUNDING` units for every operation on the way, and what underflows there."""
        return operations * ROUNDING * EPSILON * self.weight[start] + self.lost[start]

    def slack_of_both(self, start: int, path: list[int]) -> float:
        """How far apart the two modes may be. What a tangent loses to underflow at a node, the way from there on multiplies."""
        return 2.0 * self.slack(start, len(path) + 1) + 2.0 * LEAST * math.fsum(self.weight[i] for i in path)

    def judge(self, start: int, path: list[int], analytic: float, step: float | None, tolerance: float) -> Judgement:
        x = self.data[start]
        if not path and start != len(self.order) - 1:
            return Judgement(0.0, 0.0, "agrees" if analytic == 0.0 else "differs", "stopped: no gradient passes")
        around: list[list[float]] = []

        def nearness(h: float) -> float:
            around[:] = [self.run(start, x + h, path), self.run(start, x - h, path)]
            near = math.inf
            for i in path:
                op = self.order[i].op
                assert op is not None
                if op.kinks:
                    ratio = kink_distance(op, self.point(i, self.data), *(self.point(i, data) for data in around))
                    if ratio < near:
                        near = ratio
            return near

        most = _room(_first_step(x, step), _first_step(x, None), nearness)
        sizes = [max(map(abs, numbers)) for numbers in zip(self.data, *around, strict=True)]
        noise = sum(self.weight[i] * _units(sizes[i]) for i in path)
        judgement = _judge(
            lambda t: self.run(start, t, path)[-1],
            x,
            analytic,
            noise=lambda size: noise,
            slack=self.slack(start, len(path) + 1),
            most=most,
            step=step,
            tolerance=tolerance,
        )
        if judgement.verdict == "kink within h":
            return replace(judgement, note=self._where(path, around) or judgement.note)
        return judgement

    def _where(self, path: list[int], around: list[list[float]]) -> str:
        """Which operation has its kink near."""
        for i in path:
            op = self.order[i].op
            assert op is not None
            point = self.point(i, self.data)
            if op.kinks and around and kink_distance(op, point, *(self.point(i, data) for data in around)) <= 1.0:
                return f"{op.name} at " + ", ".join(f"{name}={x!r}" for name, x in zip(op.operands, point, strict=True))
        return ""


def check_graph(output: Value, *, step: float | None = None, tolerance: float = TOLERANCE) -> Report:
    """A Report on a recorded graph: ∂output/∂node for every node, and every local derivative, against differences.

    Reverse mode is held against forward mode too, which evaluates the rules anew.

    Nothing is recorded anew and no `grad` is read or changed. A node costs some tens of passes over what lies downstream of it, so the
    whole costs the square of the graph's size: 0.1 s for 100 nodes, half a minute to two minutes for 2,000. `check_edges` alone costs a
    fixed number of evaluations an edge, 0.1 s for those 2,000 nodes, and finds every wrong rule; what it cannot see is a wrong sweep, or
    numbers that bypass the graph.

    StaleGraphError: data was edited since the graph was recorded.
    """
    return _report(as_value(output, "check_graph"), {}, _checked(step), _positive(tolerance, "tolerance"))


def _report(output: Value, given: dict[Value, str], step: float | None, tolerance: float) -> Report:
    edge_checks = check_edges(output, step=step, tolerance=tolerance)
    replay = _Replay(output)
    names = _names(replay.order, given)
    gradient = cotangents(output)
    guilty = any(check.is_wrong for check in edge_checks)
    node_checks = []
    for i, node in enumerate(replay.order):
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
        found = judgement.numeric, judgement.bound, judgement.verdict, judgement.note
        node_checks.append(Check(node, None, names[node], op, analytic, *found, forward))
    return Report(output, node_checks, edge_checks)


def _written(node: Value, names: dict[Value, str]) -> str:
    assert node.op is not None
    return f"{node.op.name}({', '.join(names[arg] if isinstance(arg, Value) else number(arg) for arg in node.args)})"


# ------------------------------------------------------------------------------------------------------------------------
# A function and its inputs


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

    >>> print(check_gradients(lambda x, y: x * y + ops.sin(x), 2.0, 3.0).nodes[0].verdict)
    agrees
    """
    step, tolerance = _checked(step), _positive(tolerance, "tolerance")
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
                Check(leaf, None, name, "input", recorded.get(leaf, 0.0), math.nan, math.inf, "not deterministic", note)
                for leaf, name in zip(leaves, asked.names, strict=True)
            ],
        )
    report = _report(output, dict(zip(leaves, asked.names, strict=True)), step, tolerance)
    replay = _Replay(output)
    place = {node: i for i, node in enumerate(replay.order)}
    checks = {check.node: check for check in report.nodes}
    apart = [asked.bypassing(i, leaf, step, tolerance) for i, leaf in enumerate(leaves) if leaf not in place]
    for i, leaf in enumerate(leaves):
        departure = asked.departure(i, replay, place[leaf]) if leaf in place else None
        if departure == "":
            checks[leaf] = asked.bypassing(i, leaf, step, tolerance, checks[leaf].analytic)
        elif departure is not None and not checks[leaf].is_wrong:
            checks[leaf] = replace(checks[leaf], verdict="kink within h", note=f"within h, the function {departure}")
    nodes, edges = [*apart, *checks.values()], report.edges
    if order == 2:
        edges = edges + _second(output, step, tolerance)
        for i, name in enumerate(asked.names):
            second = check_gradients(_slope(f, i), *inputs, step=step, tolerance=tolerance)
            nodes += [_of_order_2(check, name) for check in second.nodes if check.op == "input"]
            edges = edges + second.edges
    return Report(output, nodes, edges)


def _second(output: Value, step: float | None, tolerance: float) -> list[Check]:
    """What is wrong with the derivatives of the rules in a graph, which make up its second derivative."""
    order = topological(output)
    names, found = _names(order, {}), []
    for node in order:
        for edge in edges(node):
            assert node.op is not None
            point = [_number(arg) for arg in node.args]
            for by, other in enumerate(node.op.operands):
                judged = judge_second(node.op, point, edge.position, by, step=step, tolerance=tolerance)
                if judged is not None:
                    second, judgement = judged
                    op = f"∂²{node.op.name}/∂{node.op.operands[edge.position]}∂{other}"
                    said = judgement.numeric, judgement.bound, judgement.verdict, judgement.note
                    found.append(Check(node, edge.position, names[node], op, second, *said, by=other))
    return found


_STEPPED = tuple(f"{name} at " for name in ("abs", "relu", "leaky_relu", "maximum", "minimum", "sign", "heaviside", "above"))
"""How a note begins that finds the kink in one of these, whose first derivatives are steps there, or in such a step."""


def _of_order_2(check: Check, name: str) -> Check:
    """A check of a first derivative as one of a second."""
    note = check.note
    if check.verdict == "kink within h" and note.startswith(_STEPPED):
        note += "; where a first derivative is a step, its own derivative is taken as 0, by convention"
    return replace(check, name=f"{name}, {check.name}", op="second derivative", note=note)


def _slope(f: Callable[..., Any], i: int) -> Callable[..., Value]:
    """∂f/∂(its i-th number), as the graph that `gradient` makes."""

    @wraps(f)  # with its names for the inputs
    def slope(*arguments: Any) -> Value:
        leaf: Value = list(_flat(arguments))[i][1]
        return gradient(f(*arguments), leaf, unrelated="zero")

    return slope


def _shape(output: Any) -> list[tuple[Any, ...]]:
    """The graph without its numbers: which operations on which nodes."""
    if not isinstance(output, Value):
        return []
    order = topological(output)
    place: dict[Value | None, int] = {node: i for i, node in enumerate(order)}
    return [(node.op, place.get(node.x, -1), place.get(node.y, -1)) for node in order]


def _flat(tree: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What stands in nested lists, tuples and dicts, one after the other, each with its name: xs[0], weights['b']."""
    if depth > given.DEPTH:
        raise ValueError(f"check_gradients got lists in lists, more than {given.DEPTH} deep, or one that contains itself, at {name:.60}…")
    if isinstance(tree, (list, tuple, dict)):
        for key, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _flat(part, f"{name}[{key!r}]", depth + 1)
    else:
        yield name, tree


class _Asked:
    """A function and the inputs it is asked about; lists, tuples and dicts of inputs are laid out flat."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        given.function(f, "check_gradients", "a function first")
        self.f, self.inputs = f, inputs
        self.name = getattr(f, "__name__", type(f).__name__)
        self.numbers: list[float] = []
        self.labels: list[str | None] = []
        self.names: list[str] = []
        try:
            kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
            parameters = [p.name for p in inspect.signature(f).parameters.values() if p.kind in kinds]
        except (TypeError, ValueError):
            parameters = []
        for i, argument in enumerate(inputs):
            for name, x in _flat(argument, parameters[i] if i < len(parameters) else f"x{i}"):
                self.labels.append(label_of(x) or None if isinstance(x, Value) else None)
                self.names.append(self.labels[-1] or name)
                self.numbers.append(x.data if isinstance(x, Value) else as_float(x, f"a number as {name}", "check_gradients"))
        if not self.numbers:
            raise ValueError("check_gradients needs at least one input: there is nothing to differentiate by")

    def call(self, numbers: Sequence[float]) -> tuple[Any, list[Value]]:
        """What f returns for these numbers, as fresh Values, and those Values."""
        leaves = [Value(x, label=label) for x, label in zip(numbers, self.labels, strict=True)]
        arguments = like(self.inputs, iter(leaves))
        level = begun()
        level.variables.update(leaves)
        try:
            with under_way(level):
                output = self.f(*arguments)
        except Exception as error:
            at = ", ".join(f"{name}={x!r}" for name, x in zip(self.names, numbers, strict=True))
            error.add_note(f"raised by {self.name} at {shown(at, 200)}")
            raise
        left = [x for _, x in _flat(arguments)]
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

    def bypassing(self, i: int, leaf: Value, step: float | None, tolerance: float, analytic: float = 0.0) -> Check:
        """The check of an input through f itself, where the graph does not say all."""
        x, seen = self.numbers[i], set()

        def f(t: float) -> float:
            result = _plain(self.at(i, t))
            seen.add(result)
            return result

        judgement = _judge(f, x, analytic, noise=_units, slack=_units(analytic), most=math.inf, step=step, tolerance=tolerance)
        verdict, note = judgement.verdict, judgement.note
        if len(seen) == 1:
            verdict, note = "ignores its input", "the result never changes"
        elif f(x) != f(x):
            verdict, note = "not deterministic", "two calls with the same numbers gave different results"
        elif verdict == "differs":
            note = f"{self.name} computes with {self.names[i]} outside the graph: x.data gives a plain number"
        return Check(leaf, None, self.names[i], "input", analytic, judgement.numeric, judgement.bound, verdict, note)

    def departure(self, i: int, replay: _Replay, start: int) -> str | None:
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
