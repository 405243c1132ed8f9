"""Mutants: mistakes made on purpose."""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .. import graph, reverse, value
from ..errors import AutogradError
from ..graph import topological
from ..primitive import Primitive
from ..value import Value
from .chance import common_points, random_recipe, smooth_rows
from .exact import graph_ratio
from .ladder import _evaluated, _rules, climb


def mutants(primitive: Primitive) -> Iterator[tuple[str, Primitive]]:
    """The row with each of its rules slightly wrong in turn, and what is wrong about it."""
    for position, rule in _rules(primitive):
        flat = not any(_evaluated(rule, primitive.kinds[float](*operands), *operands) for operands in common_points(primitive))
        # −0 is 0, so a rule that is 0 everywhere has no sign to flip.
        changes = [(0.0, 1e-6), (0.0, 1e-9)] if flat else [(1e-6, 0.0), (1e-9, 0.0), (-2.0, 0.0)]
        for factor, summand in changes:

            def wrong(z: Any, *operands: Any, rule: Any = rule, factor: float = factor, summand: float = summand) -> Any:
                return rule(z, *operands) * (1.0 + factor) + summand

            what = f"+ {summand:g}" if flat else "× −1" if factor < -1.0 else f"× (1 + {factor:g})"
            partials = tuple(wrong if i == position else other for i, other in enumerate(primitive.partials))
            columns = {name: column for name, column in vars(primitive).items() if name != "kinds"}
            yield f"∂{primitive.name}/∂{primitive.operands[position]} {what}", Primitive(**columns | {"partials": partials})


class _Mutation(ast.NodeTransformer):
    """One mistake in a sweep's source: at the `which`-th place where contributions add up, the last one stays alone or is dropped."""

    def __init__(self, which: int, drop: bool) -> None:
        self.which, self.drop, self.place, self.what = which, drop, -1, ""

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """x += upstream * partial, as x = upstream * partial."""
        return self._mutated(node, [node.target], node.value) if "upstream" in ast.unparse(node.value) else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """cotangent = … plus(before, contribution), as cotangent = contribution."""
        calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call) and ast.unparse(part.func) in ("plus", "_plus")]
        return self._mutated(node, node.targets, calls[0].args[1]) if calls else node

    def _mutated(self, node: ast.stmt, targets: list[ast.expr], alone: ast.expr) -> ast.stmt:
        self.place += 1
        if self.place != self.which:
            return node
        mutant = ast.copy_location(ast.Pass() if self.drop else ast.Assign(targets, alone), node)
        self.what = f"{ast.unparse(mutant)} for {ast.unparse(node)}"
        return mutant


Sweep = Callable[[Value], Mapping[Value, float]]


def sweeps() -> Iterator[tuple[str, Sweep, bool]]:
    """The three sweeps, each as it is and with every mutation: what it is, output to gradients, and whether it is a mutant.

    The mutations are "=" for "+=", which forgets all paths but the last, and nothing at all, which drops an edge. Each stands in
    its room only while its sweep runs.
    """
    entries: tuple[tuple[Any, Sweep], ...] = ((value, _by_backward), (graph, _by_cotangents), (reverse, _by_gradient))
    for room, sweep in entries:
        name, found = sweep.__name__.removeprefix("_by_"), 0
        yield name, sweep, False
        for function in [
            f for f in vars(room).values() if inspect.isfunction(f) and f.__module__ == room.__name__ and "guilty" not in f.__name__
        ]:
            tree = "from __future__ import annotations\n" + textwrap.dedent(inspect.getsource(function))
            places = _Mutation(-1, False)
            places.visit(ast.parse(tree))
            for which in range(places.place + 1):
                for drop in (False, True):
                    mutation = _Mutation(which, drop)
                    mutant = ast.fix_missing_locations(mutation.visit(ast.parse(tree)))
                    names = dict(vars(room))
                    exec(compile(mutant, f"<mutant of {name}>", "exec"), names)
                    found += 1
                    yield f"{name}: {mutation.what}", _standing_in(room, names[function.__name__], sweep), True
        if found < 4:
            raise LookupError(f"{room.__name__} has no sweep to mutate: contributions add up at {found // 2} places")


def _standing_in(room: Any, mutant: Callable[..., Any], sweep: Sweep) -> Sweep:
    def run(output: Value) -> Mapping[Value, float]:
        original = getattr(room, mutant.__name__)
        setattr(room, mutant.__name__, mutant)
        try:
            return sweep(output)
        finally:
            setattr(room, mutant.__name__, original)

    return run


def _by_backward(output: Value) -> Mapping[Value, float]:
    order = topological(output)
    output.zero_grad()
    output.backward()
    return {node: node.grad for node in order}


def _by_cotangents(output: Value) -> Mapping[Value, float]:
    return graph.cotangents(output)


def _by_gradient(output: Value) -> Mapping[Value, float]:
    order = topological(output)
    return {node: result.data for node, result in zip(order, reverse.gradient(output, order), strict=True)}


def sweep_is_right(sweep: Callable[[Value], Mapping[Value, float]], seed: int = 0, count: int = 40) -> bool:
    """Whether a sweep gives the exact gradient, up to rounding, on so many random graphs."""
    rng = random.Random(seed)
    rows = smooth_rows()
    for _ in range(count):
        output = random_recipe(rng, rows).record()
        try:
            if graph_ratio(output, sweep(output)) > 1.0:
                return False
        except AutogradError:
            return False
    return True


def survivors(primitives: Iterable[Primitive], tick: Callable[[], object] = lambda: None) -> tuple[list[str], int]:
    """The mutants, of these rows and of the sweeps, that every check lets pass, and how many mutants there were."""
    alive, count = [], 0
    for primitive in primitives:
        for name, mutant in mutants(primitive):
            count += 1
            tick()
            try:
                climb(mutant)
            except AssertionError:
                continue
            alive.append(name)
    for name, sweep, is_mutant in sweeps():
        if is_mutant:
            count += 1
            tick()
            if sweep_is_right(sweep):
                alive.append(name)
    return alive, count
