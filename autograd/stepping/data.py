"""What the script of a page needs to know of one graph: every step, number and formula, and along which paths gradients come."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..javascript import Script
from ..mathml import mathml
from ..typeset import Notation, is_sum, number
from ..value import Value
from ..words import TABLE, carried, said
from .chain import ChainRule, Factor
from .computing import program, why_not
from .frames import Film
from .order import Order, depth_first, layer_by_layer, natural
from .paths import counted
from .recorder import Backward, Forward, in_brackets, one_word
from .walk import Walk

EXPLAINED = 2_000
"""Nodes up to which the page says along which paths gradients come, and computes by itself."""
CHAINS, LINKS = 5, 24
"""Of one gradient, so many products at most are written out, and of a longer product the ends."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
"""How large the local derivative of a squashing function can be."""
LEARNS = re.compile(r"(^|[^a-z])(weights?|bias(es)?|theta|[wbθ])($|[^a-z])", re.IGNORECASE)
"""Names of numbers that learn, where nobody says which do."""


class Data:
    """What the script needs to know of one graph."""

    def __init__(self, walk: Walk, film: Film, prefix: str, script: Script) -> None:
        self.walk, self.film, self.prefix = walk, film, prefix
        self.maths: dict[str, int] = {}
        self.rules: dict[str, int] = {}
        self.recording = walk.recording
        self.names = self.recording.pretty
        self.output = self.recording.output
        values, index = self.recording.values, self.recording.index
        self.figures = Notation(lambda node: number(values[index[node]]), ready=True)
        self.factors: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.written: list[Any] = []
        self.order = Order(self.recording, depth_first(self.recording))
        steps = () if self.recording.problem is not None else layer_by_layer(self.recording)
        self.layers = Order(self.recording, steps) if any(k != i for i, k in enumerate(steps)) else None
        self.unexplained, self.unmoved = self._unexplained(), ""
        self.program = ""
        if not self.unexplained:
            self.unmoved = self._unmoved()
            self.program = "" if self.unmoved else program(self.recording, script)

    def math(self, tex: str) -> int:
        """Where in the page's template the formula stands; it is put there when first met."""
        return self.maths.setdefault(mathml(tex), len(self.maths))

    def all(self) -> Any:
        """Everything, ready for JSON."""
        recording, film = self.recording, self.film
        numbers = film.steps()
        at = next((j for j, number in enumerate(numbers, 1) if number > self.walk.position), len(numbers) + 1) - 1
        sources = {link.id: film.boxes[recording.tails[k]].id for k, link in film.connection.items()}  # a stub stands for a leaf
        leaves, why = ([], {}) if self.unexplained else (list(self._leaves()), self._why())
        return {
            "prefix": self.prefix,
            "output": self.names(self.output),
            "at": at,
            "total": len(recording),
            "forward": recording.forward,
            "backward": len(recording.heads),
            "seed": number(recording.seed),
            "problem": carried(recording.problem_said),
            "steps": [self._step(recording.step(number)) for number in numbers],
            "layers": self._layers(),
            "nodes": [self._node(place) for place in self._natural(film.places)],
            "links": [
                [link.id, link.tail.id, link.head.id, link.tail.kind, sources.get(link.id, "")] for link in film.style.view.connections
            ],
            "part": "" if film.whole else carried(self._part()),
            "rules": list(self.rules),
            "inputs": [exact(x) if node.op is None else 0 for node, x in zip(recording.order, recording.values, strict=True)]
            if self.program
            else [],
            "value": exact(recording.values[-1]),
            "learns": self._learning() if self.program else [],
            "leaves": leaves,
            "why": why,
            "factors": self.written,
            "noWhy": carried(self.unexplained),
            "noWhat": carried(self.unmoved),
        }

    def _node(self, place: int) -> Any:
        node, box = self.recording.order[place], self.film.boxes[place]
        return {
            "id": box.id,
            "place": place,
            "name": self.names(node),
            "value": number(self.recording.values[place]),
            "sum": box.uses > 1,
            "output": node is self.output,
            "math": self.math(self.recording.names.tex.fraction(self.output, node)),
            "ready": [self._ready(order, place) for order in (self.order, self.layers) if order is not None and node.op is not None],
        }

    def _ready(self, order: Order, place: int) -> list[int]:
        """By which step a node's gradient is complete, and by which it is handed on."""
        return [order.complete.get(place, self.recording.forward), order.done.get(place, 0)]

    def _natural(self, places: Sequence[int]) -> list[int]:
        """What goes in, in natural order, then what is computed from it, in the order of computation."""
        leaves = [place for place in places if self.recording.order[place].op is None]
        names = [self.names(self.recording.order[place]) for place in leaves]
        return [leaves[i] for i in natural(names)] + [place for place in places if self.recording.order[place].op is not None]

    def _layers(self) -> Any:
        """The backward steps layer by layer: each as the place of the step in the other order, and what is different here."""
        order, recording = self.layers, self.recording
        if order is None:
            return []
        at = {step: i for i, step in enumerate(self.film.steps())}  # `number` would hide the function of that name in Python 3.12.1
        shown = sorted(self.film.connection, key=lambda k: order.number[k])
        return [
            {
                "i": at[recording.forward + k + 1],
                "n": order.number[k],
                "before": number(order.before[k]),
                "after": number(order.after[k]),
                "sum": exact(order.after[k]),
                "since": order.complete.get(recording.heads[k], 0),
                "arrived": order.arrived[k],
            }
            for k in shown
        ]

    # -- steps -----------------------------------------------------------------------------------------------------------

    def _step(self, step: Forward | Backward) -> Any:
        return self._forward(step) if isinstance(step, Forward) else self._backward(step)

    def _forward(self, step: Forward) -> Any:
        node, names, tex = step.node, self.names, self.recording.names.tex
        data: dict[str, Any] = {
            "n": step.number,
            "box": self.film.boxes[self.recording.index[node]].id,
            "name": names(node),
            "value": number(step.data),
            "exact": exact(step.data),
        }
        if node.op is not None:
            data["math"] = self.math(" = ".join(dict.fromkeys([tex.word(node), tex.node(node)])))
            data["formula"] = names.text.node(node)
            data["numbers"] = names.text.numbers(node, step.operands)
            data["op"] = node.op.name
            data["operands"] = [exact(x) for x in step.operands]
            if step.edited:
                data["edited"] = True
        return data

    def _backward(self, step: Backward) -> Any:
        recording, names, k = self.recording, self.names, step.number - self.recording.forward - 1
        tex = recording.names.tex
        link = self.film.connection[k]
        assert step.node.op is not None
        local = tex.local(step.edge)
        value = tex.bare(step.local)
        tail = recording.tails[k]
        return {
            "n": step.number,
            "k": k,
            "e": link.id,
            "rule": self.rules.setdefault(step.formula, len(self.rules)),
            "target": one_word(names(step.operand)),
            "head": self.film.boxes[recording.heads[k]].id,
            "tail": self.film.boxes[tail].id,
            "from": names(step.node),
            "to": names(step.operand),
            "u": number(step.upstream),
            "l": number(step.local),
            "c": number(step.contribution),
            "before": number(step.before),
            "after": number(step.after),
            "exact": [exact(step.upstream), exact(step.local), exact(step.contribution), exact(step.after)],
            "since": self.order.complete.get(recording.heads[k], 0),
            "uses": self.order.uses[tail],
            "arrived": self.order.arrived[k],
            "mathU": self.math(tex.fraction(self.output, step.node)),
            "mathC": self.math(tex.fraction(self.output, step.operand)),
            "because": [self.math(part) for part in dict.fromkeys([tex.fraction(step.node, step.operand), local, value])],
            "does": self.math(" = ".join(dict.fromkeys([tex.word(step.node), tex.node(step.node)]))),
            "law": self._law(step),
            "figures": self._figures(step),
            "bound": self._bound(step.node, step.operand, step.local),
            "hands": carried(self._hands(step.node)),
            "own": exact(recording.values[tail]),
        }

    def _law(self, step: Backward) -> str:
        """The local derivative in the graph's own letters: ∂o/∂z₃ = o·(1 − o)."""
        text = self.names.text
        return f"{text.fraction(step.node, step.operand)} = {text.local(step.edge)}"

    def _hands(self, node: Value) -> str:
        """What the operation hands to its operands, in words, where the row's summary says so."""
        assert node.op is not None
        row = f"hands.{node.op.name}"
        return "" if "hands" not in node.op.summary else said(row) if row in TABLE else node.op.summary

    def _figures(self, step: Backward) -> str:
        """The same with numbers in place of the letters, where there is something to compute."""
        figures = self.figures.local(step.edge)
        return "" if figures in (number(step.local), in_brackets(step.local), self.names.text.local(step.edge)) else figures

    def _bound(self, node: Value, operand: Value, local: float) -> Any:
        """What a squashing function's slope is at most, and what says so; None for other operations."""
        if node.op is None:
            return None
        name = self.names(node)
        slope = ""
        if node.op.name in STEEPEST and operand is node.x:
            most, kind = STEEPEST[node.op.name], node.op.name
            slope = f"{name}·(1 − {name})" if most < 1.0 else f"1 − {_squared(name)}"
        elif operand in softmax_scores(node):
            most, kind = 0.25, "softmax"
        else:
            return None
        share = number(100.0 * abs(local) / most, 2)
        return [most, carried(said(f"bound.{kind}", name=name, slope=slope, local=number(local), share=share))]

    # -- leaves: paths, and what if ------------------------------------------------------------------------------------

    def _part(self) -> str:
        """What the last step of a page that shows a part of a graph says."""
        last, total = self.film.steps()[-1], len(self.recording)
        rest = said("page.part.more", more=total - last) if last < total else said("page.part.end")
        return said("page.part.last", rest=rest, here=len(self.film.steps()), total=total)

    def _unexplained(self) -> str:
        """Why the page says nothing about paths and what-if; "" where it does."""
        recording = self.recording
        if recording.problem is not None:
            return said("no.why.problem")
        if recording.forward > EXPLAINED:
            return said("no.why.size", most=EXPLAINED, count=recording.forward)
        return "" if self._ends() else said("no.why.leaves")

    def _unmoved(self) -> str:
        """Why the page does not compute by itself, where there are leaves; "" where it does."""
        recording = self.recording
        if recording.seed != 1.0:
            return said("no.what.seed", seed=number(recording.seed))
        if not all(map(math.isfinite, recording.values)):
            return said("no.what.finite")
        if op := why_not(recording):
            return said("no.what.row", op=op)
        if any(recording.computing(place).edited for place in range(recording.forward)):
            return said("no.what.edited")
        return ""

    def _learning(self) -> list[int]:
        """The places of the numbers that learn: those said, else those named as weights and biases are, else all that go in."""
        recording = self.recording
        leaves = [place for place, node in enumerate(recording.order) if node.op is None]
        if self.walk.parameters is not None:
            return self._natural([place for place in leaves if recording.order[place] in self.walk.parameters])
        named = [place for place in leaves if LEARNS.search(recording.names.given(recording.order[place]))]
        return self._natural(named or leaves)

    def _ends(self) -> list[int]:
        """The places of the leaves in the picture."""
        return [place for place in self._natural(self.film.places) if self.recording.order[place].op is None]

    def _leaves(self) -> Iterator[Any]:
        recording = self.recording
        for place in self._ends():
            leaf = recording.order[place]
            yield {
                "id": self.film.boxes[place].id,
                "place": place,
                "name": self.names(leaf),
                "value": number(recording.values[place]),
                "gradient": number(recording.gradients[place]),
                "exact": [exact(recording.values[place]), exact(recording.gradients[place])],
            }

    # -- why ---------------------------------------------------------------------------------------------------------------

    def _why(self) -> Any:
        """Of every box, the chains along which its node's gradient comes."""
        rule = ChainRule(self.recording)
        self.links = {k: link.id for k, link in self.film.connection.items()}
        return {self.film.boxes[place].id: self._chains(rule, place) for place in self.film.places}

    def _chains(self, rule: ChainRule, place: int) -> Any:
        found = rule.to(place, CHAINS)
        products = [product for _, product in found.largest]
        chains = []
        for factors, product in found.largest:
            numbers: list[int | None] = [self._factor(rule, factor) for factor in factors if len(factors) <= LINKS]
            if not numbers and factors:
                half = LINKS // 2
                numbers = [*(self._factor(rule, f) for f in factors[:half]), None, *(self._factor(rule, f) for f in factors[-half:])]
            chains.append([numbers, number(product)])
        return {
            "count": counted(found.count),
            "chains": chains,
            "all": found.count == len(products),
            "total": number(found.total),
            "gradient": number(self.recording.gradients[place]),
            "sum": " + ".join([number(products[0]), *map(in_brackets, products[1:])]) if products else "0",
        }

    def _factor(self, rule: ChainRule, factor: Factor) -> int:
        """Where in the list of factors it stands; it is written there when first met."""
        key = (factor.head, factor.tail, factor.steps)
        if key not in self.factors:
            self.factors[key] = len(self.written)
            head, tail = self.recording.order[factor.head], self.recording.order[factor.tail]
            seen = [k for k in factor.steps if k in self.links]
            place = next((k for k in seen if abs(self.recording.partials[k]) != 1.0), seen[0] if seen else None)
            law = self._product(rule, factor)
            value = self.recording.names.tex.bare(factor.local)
            self.written.append(
                {
                    "math": self.math(self.recording.names.tex.fraction(head, tail)),
                    "name": self.names.text.fraction(head, tail),
                    "l": number(factor.local),
                    "exact": exact(factor.local),
                    "law": self.math(law) if law and law != value else "",
                    "edges": [self.links[k] for k in seen],
                    "at": "" if place is None else self.links[place],
                    "bound": self._bound(head, tail, factor.local),
                }
            )
        return self.factors[key]

    def _product(self, rule: ChainRule, factor: Factor) -> str:
        """The factor in letters: the product of the local derivatives along each way, and their sum; "" where that would be long."""
        tex, (head, tail) = self.recording.names.tex, (self.recording.order[i] for i in (factor.head, factor.tail))
        if law := self._softmax_law(head, softmax_scores(head).get(tail), factor.local):
            return law
        ways = rule.ways(factor, 3)
        if ways is None or max(map(len, ways), default=0) > 8:
            return ""
        terms = []
        for way in ways:
            minus, parts = False, []
            for k in way:
                text = tex.local(self.recording.edge(k))
                if text.startswith("-") and not is_sum(text[1:]):
                    minus, text = not minus, text[1:]
                if text != "1":
                    parts.append(rf"\left({text}\right)" if is_sum(text) and len(way) > 1 else text)
            terms.append((minus, r" \cdot ".join(parts) or "1"))
        first, *others = terms
        law = ("-" if first[0] else "") + first[1] + "".join((" - " if minus else " + ") + term for minus, term in others)
        return law if len(law) <= 300 else ""

    def _softmax_law(self, y: Value, exponential: Value | None, local: float) -> str:
        """y·(1 − y) by its own score, −y·y′ by that of another softmax y′ in the graph; "" where that is not so or y′ is not there."""
        recording, word = self.recording, self.recording.names.tex.word
        if exponential is None or not self.names.given(y):
            return ""
        mine, other = word(y), next((z for z in recording.order if z.op is y.op and z.args == (exponential, y.args[1])), None)
        if other is None:
            return ""
        p, q = recording.values[recording.index[y]], recording.values[recording.index[other]]
        law = (rf"{mine} \cdot \left(1 - {mine}\right)", p * (1.0 - p)) if other is y else (rf"-{mine} \cdot {word(other)}", -p * q)
        return law[0] if math.isclose(law[1], local, rel_tol=1e-9, abs_tol=1e-300) else ""


def softmax_scores(node: Value) -> dict[Value, Value]:
    """Of exp(x)/(exp(x) + exp(y) + …), by each score x, y, … its exponential, also where a shift is subtracted from it; else nothing."""
    if node.op is None or node.op.name != "divide" or not (isinstance(node.args[0], Value) and isinstance(node.args[1], Value)):
        return {}
    terms = {node.args[1]: None}
    rim, exponentials = [node.args[1]], []
    while rim:
        term = rim.pop()
        if term.op is None or term.op.name not in ("add", "exp"):
            return {}
        if term.op.name == "exp":
            exponentials.append(term)
            continue
        rim += [parent for parent in term.parents if parent not in terms]
        terms.update(dict.fromkeys(term.parents))
    scores: dict[Value, Value] = {}
    for exponential in exponentials:
        (score,) = exponential.parents
        scores[score] = exponential
        if score.op is not None and score.op.name == "subtract" and isinstance(score.args[0], Value):
            scores[score.args[0]] = exponential
    return scores if node.args[0] in exponentials and len(exponentials) > 1 else {}


def _squared(name: str) -> str:
    return f"{name}²" if re.fullmatch(r"\w+", name) else f"({name})²"


def exact(x: float) -> float | None:
    """The number for JSON, which has no nan and no infinity."""
    return x if math.isfinite(x) else None
