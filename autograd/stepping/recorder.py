"""The recorder: a graph as steps, one per node forward and one per edge backward, in the order of the engine's own sweep.

Everything is computed once, when the recording is made, into flat arrays of numbers: a step is an object only while somebody
looks at it, so that a graph of 100,000 nodes costs a few megabytes and any step can be looked at out of turn.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from .. import given
from ..errors import ExpressionError, GradientError
from ..failures import label_of, no_derivative, out_of_range
from ..graph import Edge, topological
from ..joined import edges_seen, is_hidden, parents, place_of, seen
from ..masking import Partials, substitutes
from ..naming import find_names
from ..numbers import as_float
from ..primitive import FAILURES, Primitive
from ..typeset import Notation, formula, number, shown
from ..typeset import name as pretty_name
from ..value import Value
from ..words import Language, check_language, said


class Names:
    """What to call the nodes of a recording: their labels, the names in `names`, v1, v2, … for other leaves, and what they compute
    for other operations while that is short, else the number of their forward step: #12.
    """

    SHORT = 24

    def __init__(self, index: Mapping[Value, int], names: Mapping[str, Any] | None, lang: Language = "en") -> None:
        self._index, self.lang = index, lang
        self.lent = given.names(names)
        self._given = find_names(self.lent)
        self._pretty = False
        taken = {label_of(node) for node in index} | set(self._given.values())
        free = (name for name in (f"v{i}" for i in count(1)) if name not in taken)
        self.leaves = {node: next(free) for node in index if node.op is None and not self._own(node)}
        self._start()

    def _start(self) -> None:
        self._short: dict[Value, str] = {}
        self.text, self.tex = Notation(self.label), Notation(self.label, tex=True)

    def prettily(self) -> Names:
        """The same names as mathematics writes them: w₁ for w1."""
        names = copy(self)
        names._pretty = True
        names._start()
        return names

    def say(self, row: str, /, **slots: object) -> str:
        """A sentence of the table of words, in the language of the recording."""
        return said(row, **slots).into(self.lang)

    def _own(self, node: Value) -> str:
        return label_of(node) or self._given.get(node, "")

    def given(self, node: Value) -> str:
        """The name somebody gave the node, as it was given, or a leaf's v1, v2, …; "" without one."""
        return self._own(node) or self.leaves.get(node, "")

    def label(self, node: Value) -> str:
        """What formulas call the node; "" where they write out what it computes."""
        given = self.given(node)
        if given:
            return pretty_name(shown(given)) if self._pretty else shown(given)
        return "" if self._formula(node) else f"#{self._index[node] + 1}"

    def __call__(self, node: Value) -> str:
        """What sentences and tables call the node."""
        return self.label(node) or self._formula(node)

    def _formula(self, node: Value) -> str:
        """What an operation without a name computes, if that is short, else ""."""
        if node not in self._short:
            text = self.text.node(node) if self._shallow(node, 3) else ""
            self._short[node] = text if len(text) <= self.SHORT else ""
        return self._short[node]

    def _shallow(self, node: Value, depth: int) -> bool:
        unnamed = (parent for parent in parents(node) if not self.given(parent))
        return all(depth and self._shallow(parent, depth - 1) for parent in unnamed)


@dataclass(frozen=True, eq=False)
class Forward:
    """A forward step: one node's number is computed.

    number  which step it is, from 1
    node    the node; a leaf's number was given
    data    its number, as it was when the recording was made, and `operands` those of its operands
    """

    number: int
    node: Value
    data: float
    operands: tuple[float, ...]
    names: Names

    kind = "forward"

    @property
    def target(self) -> Value:
        """The node whose number or gradient the step changes."""
        return self.node

    @property
    def edited(self) -> bool:
        """Whether the number does not follow from its operands': one of them had been changed when the recording was made."""
        if self.node.op is None:
            return False
        try:
            now = seen(self.node)[0].forward(*self.operands)
        except FAILURES:
            return True
        return now != self.data and not (math.isnan(now) and math.isnan(self.data))

    def __str__(self) -> str:
        name, value = self.names(self.node), number(self.data)
        if self.node.op is None:
            return f"{name} = {value}"
        parts = dict.fromkeys([name, self.names.text.node(self.node), self.names.text.numbers(self.node, self.operands), value])
        return self.names.say("line.forward", computed=" = ".join(parts), edited=said("line.edited") if self.edited else "")

    def __repr__(self) -> str:
        return f"<step {self.number}: {self}>"


@dataclass(frozen=True, eq=False)
class Backward:
    """A backward step: one edge hands its contribution to an operand's gradient.

    number        which step it is, from 1
    node          where the gradient comes from
    operand       where it goes to: the node's operand at this position, from 0
    upstream      the gradient of the node, complete
    local         the local derivative ∂node/∂operand
    contribution  upstream × local; 0 where upstream is exactly 0, and where the local derivative does not exist and is masked
    before, after the gradient of the operand
    """

    number: int
    node: Value
    operand: Value
    position: int
    upstream: float
    local: float
    contribution: float
    before: float
    after: float
    names: Names

    kind = "backward"

    @property
    def target(self) -> Value:
        """The node whose number or gradient the step changes."""
        return self.operand

    @property
    def edge(self) -> Edge[Value]:
        """The edge of the graph that the step goes along."""
        return Edge(self.node, self.position, self.operand, self.local)

    @property
    def formula(self) -> str:
        """The local derivative as a rule of the table: ∂(x·y)/∂x = y."""
        return rule(seen(self.node)[0], self.position)

    def __str__(self) -> str:
        name, operand = self.names(self.node), self.names(self.operand)
        slots = {"u": number(self.upstream), "l": number(self.local), "rule": self.formula, "c": number(self.contribution)}
        slots |= {"before": number(self.before), "added": in_brackets(self.contribution), "after": number(self.after)}
        return self.names.say("line.backward", **{"from": name, "to": operand, "target": one_word(operand)}, **slots)

    def __repr__(self) -> str:
        return f"<step {self.number}: {self}>"


Step = Forward | Backward


@cache
def rule(op: Primitive, position: int) -> str:
    """A row's local derivative as mathematics writes it: ∂(x·y)/∂x = y."""

    def written(text: str) -> str:
        try:
            return formula(text)
        except ExpressionError:  # a row from elsewhere may be written in its own way
            return text

    function = op.symbol.isidentifier()  # as in σ(x), which says more than 1/(1 + exp(−x))
    inside = f"{op.symbol}({', '.join(op.operands)})" if function else f"({written(op.formula)})"
    return f"∂{inside}/∂{op.operands[position]} = {written(op.textbook[position])}"


def in_brackets(x: float) -> str:
    """A number as it stands after a sign: a negative one in brackets."""
    text = number(x)
    return f"({text})" if text.startswith("−") else text


def one_word(name: str) -> str:
    """A name as what stands before a dot: a formula in brackets."""
    return f"({name})" if re.search(r"[-+−*/·×÷√^ ]", name) else name


class Recording:
    """A graph, and every step of its forward pass and of its sweep. Making one reads the graph and changes nothing of it.

    order     the nodes in the order of computation
    values    their numbers
    forward   how many forward steps there are: one per node
    heads, tails, positions, partials, before
              of every backward step: the places in `order` of the node and of the operand, the operand's position, the local
              derivative, and the operand's gradient before the step
    gradients the nodes' gradients after all steps
    problem   why the sweep cannot go on after the last step, where `backward()` would fail; None where it would not
    """

    def __init__(
        self,
        output: Value,
        seed: float = 1.0,
        names: Mapping[str, Any] | None = None,
        *,
        asker: str = "steps",
        lang: Language = "en",
    ) -> None:
        if not isinstance(output, Value):
            advice = "; a plain number has no graph, wrap what goes in: Value(…)" if isinstance(output, (int, float)) else ""
            raise given.wrong(asker, "a Value", output, advice)
        self.output, self.seed = output, as_float(seed, "a seed", asker)
        self._all = topological(output)
        self.order = [node for node in self._all if not is_hidden(node)]
        self.index = {node: i for i, node in enumerate(self.order)}
        self.names = Names(self.index, names, check_language(lang))
        self.pretty = self.names.prettily()
        self.values = array("d", [node.data for node in self.order])
        self.forward = len(self.order)
        self.heads, self.tails, self.positions, self.partials = array("l"), array("l"), array("l"), array("d")
        for i in range(self.forward - 1, -1, -1):
            for edge in edges_seen(self.order[i]):
                self.heads.append(i)
                self.tails.append(self.index[edge.operand])
                self.positions.append(place_of(edge.node, edge.position))
                self.partials.append(edge.partial)
        self.problem: GradientError | None = None
        self.problem_said = ""
        self._sweep()

    def _sweep(self) -> None:
        """The sweep of `backward()`, edge by edge, with the same arithmetic in the same order."""
        gradients = array("d", bytes(8 * self.forward))
        gradients[-1] = self.seed
        self.before, self.gradients = array("d"), gradients
        partials = substitutes(self._all, (self.output,))
        for k, (head, tail, partial) in enumerate(zip(self.heads, self.tails, self.partials, strict=True)):
            upstream, before = gradients[head], gradients[tail]
            self.before.append(before)
            if partials and math.isnan(partial):
                partial = self._masked(partials, self.order[head], self.positions[k])
            if upstream or partial != partial:  # a gradient of exactly 0 hands nothing on, unless 0·∞ has no value here
                after = before + upstream * partial
                if after * 0.0:
                    edge = self.edge(k)
                    failing = no_derivative(edge, upstream) if not math.isfinite(partial) else out_of_range(edge, upstream, before)
                    self.problem, self.problem_said = failing, self._problem(failing, edge, upstream)
                    break
                gradients[tail] = after
        else:
            return
        for steps in (self.heads, self.tails, self.positions, self.partials, self.before):
            del steps[k:]

    def _masked(self, partials: Mapping[Value, Partials], node: Value, place: int) -> float:
        """A local derivative that does not exist as the sweep takes it: 0 where it is masked."""
        edge = next(edge for edge in edges_seen(node) if place_of(edge.node, edge.position) == place)
        return partials[edge.node][edge.position]  # type: ignore[return-value]

    def _problem(self, failing: GradientError, edge: Edge[Value], upstream: float) -> str:
        """What the page says of the problem: the error's own words, or in another language where it is and which numbers meet there."""
        names = self.pretty
        kind = "range" if math.isfinite(edge.partial) else "missing" if math.isnan(edge.partial) else "infinite"
        return said(
            f"problem.{kind}",
            error=str(failing).removesuffix(" No gradient was changed."),
            at=f"{names(edge.node)} → {names(edge.operand)}",
            partial=names.text.fraction(edge.node, edge.operand),
            u=number(upstream),
            l=number(edge.partial),
        )

    def edge(self, k: int) -> Edge[Value]:
        """The edge of the k-th backward step, from 0."""
        return Edge(self.order[self.heads[k]], self.positions[k], self.order[self.tails[k]], self.partials[k])

    def __len__(self) -> int:
        return self.forward + len(self.heads)

    def computing(self, place: int) -> Forward:
        """The step that computes the node at this place in the order."""
        node = self.order[place]
        operands = (
            tuple(self.values[self.index[arg]] if isinstance(arg, Value) else arg for arg in seen(node)[1]) if node.op is not None else ()
        )
        return Forward(place + 1, node, self.values[place], operands, self.names)

    def step(self, number: int) -> Step:
        """The step of that number, from 1."""
        if number <= self.forward:
            return self.computing(number - 1)
        k = number - self.forward - 1
        head, tail, local, before = self.heads[k], self.tails[k], self.partials[k], self.before[k]
        upstream = self.gradients[head]  # complete before it is handed on
        passes = upstream and not math.isnan(local)  # one that does not exist is masked, or the steps end before it
        contribution = upstream * local if passes else 0.0
        after = before + contribution if passes else before
        node, operand = self.order[head], self.order[tail]
        return Backward(number, node, operand, self.positions[k], upstream, local, contribution, before, after, self.names)

    def __iter__(self) -> Iterator[Step]:
        return map(self.step, range(1, len(self) + 1))


def steps(
    output: Value, *, seed: float = 1.0, names: Mapping[str, Any] | None = None, apply: bool = False, lang: Language = "en"
) -> Iterator[Step]:
    """The steps of the graph below the output: a Forward for every node, then a Backward for every edge, as `backward(seed)` goes.

    The gradients start from 0 and belong to these steps alone: no `grad` is read, and none is changed unless asked for.

    names  names for nodes without a label, as from locals()
    apply  do each step on the graph too, as it is reached: forward steps set `grad` to 0.0, backward steps to what it then is. In
           the end the gradients are, bit for bit, those of zero_grad() and backward(seed).
    lang   the language of the steps as texts: "en" or "ko"

    GradientError, after the last step that can be done: a local derivative that is needed does not exist, or the numbers leave the
    range of floats.

    >>> apple, count = Value(100.0, label="apple"), Value(2.0, label="count")
    >>> print(*steps(apple * count), sep="\\n")
    apple = 100
    count = 2
    apple·count = 100 × 2 = 200
    apple·count -> apple: upstream 1 × local 2 (∂(x·y)/∂x = y) = 2; apple.grad 0 + 2 = 2
    apple·count -> count: upstream 1 × local 100 (∂(x·y)/∂y = x) = 100; count.grad 0 + 100 = 100
    """
    return _walk(Recording(output, seed, names, lang=lang), given.flag(apply, "apply", "steps"))


def _walk(recording: Recording, apply: bool) -> Iterator[Step]:
    for step in recording:
        if apply:
            step.target.grad = 0.0 if isinstance(step, Forward) else step.after
            if step.number == recording.forward:
                recording.output.grad = recording.seed
        yield step
    if recording.problem is not None:
        raise recording.problem
