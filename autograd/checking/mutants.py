"""Mutants: small mistakes made on purpose, in rows and in sweeps, each of which a check must find."""

from __future__ import annotations

import ast
import inspect
import random
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from .. import graph, marks, masking, reverse, value
from ..errors import AutogradError
from ..graph import topological
from ..primitive import Primitive
from ..value import Value
from .chance import LIMIT, common_points, random_recipe, smooth_rows
from .exact import graph_ratio
from .ladder import climb, evaluated, rules_of


def mutants(primitive: Primitive) -> Iterator[tuple[str, Primitive]]:
    """The row with each of its rules slightly wrong in turn, and what is wrong about it."""
    for position, rule in rules_of(primitive):
        flat = not any(evaluated(rule, primitive.kinds[float](*operands), *operands) for operands in common_points(primitive))
        # −0 is 0, so a rule that is 0 everywhere has no sign to flip.
        changes = [(0.0, 1e-6), (0.0, 1e-9)] if flat else [(1e-6, 0.0), (1e-9, 0.0), (-2.0, 0.0)]
        for factor, summand in changes:

            def wrong(z: Any, *operands: Any, rule: Any = rule, factor: float = factor, summand: float = summand) -> Any:
                return rule(z, *operands) * (1.0 + factor) + summand

            what = f"+ {summand:g}" if flat else "× −1" if factor < -1.0 else f"× (1 + {factor:g})"
            partials = tuple(wrong if i == position else other for i, other in enumerate(primitive.partials))
            yield f"∂{primitive.name}/∂{primitive.operands[position]} {what}", primitive.altered(partials=partials)


Sweep = Callable[[Value], Mapping[Value, float]]
"""From an output to the gradients of all nodes below it."""


def sweeps() -> Iterator[tuple[str, Sweep, bool]]:
    """The sweeps that are marked as such, each as it is and with every mutation: its name, output to gradients, whether it is a mutant.

    The mutations are "=" for "+=", which forgets all paths but the last, and nothing at all, which drops an edge. Each stands in
    its room only while its sweep runs.

    LookupError: a marked sweep that nothing here runs, or a room with none in which contributions add up.
    """
    ways: dict[ModuleType, Sweep] = {value: _by_backward, graph: _by_cotangents, masking: _by_swept, reverse: _by_gradient}
    rooms = {room.__name__: [function for function in marks.SWEEPS if function.__module__ == room.__name__] for room in ways}
    for function in marks.SWEEPS:
        if function.__module__ not in rooms:
            raise LookupError(f"{function.__module__}.{function.__name__} is marked as a sweep, and nothing here runs it")
    for room, sweep in ways.items():
        name = sweep.__name__.removeprefix("_by_")
        made = [mutation for function in rooms[room.__name__] for mutation in mutations(function)]
        if not made:
            raise LookupError(f"{room.__name__} has no sweep to mutate: nowhere in a marked function do contributions add up")
        yield name, sweep, False
        for what, mutant in made:
            yield f"{name}: {what}", _standing_in(room, mutant, sweep), True


def mutations(function: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The function with one mistake, at every place where contributions add up: what is wrong, and the mutant."""
    names = vars(sys.modules[function.__module__])
    source = "from __future__ import annotations\n" + textwrap.dedent(inspect.getsource(function))
    places = _Mutation(names)
    places.visit(ast.parse(source))
    for which in range(places.count):
        for drop in (False, True):
            mutation = _Mutation(names, which, drop)
            mutant = ast.fix_missing_locations(mutation.visit(ast.parse(source)))
            own = dict(names)
            exec(compile(mutant, f"<mutant of {function.__name__}>", "exec"), own)
            yield mutation.what, own[function.__name__]


class _Mutation(ast.NodeTransformer):
    """One mistake in a sweep's source: at the `which`-th place where contributions add up, the last one stays alone or is dropped.

    names  what the names in the source mean
    count  how many such places were met
    """

    def __init__(self, names: Mapping[str, Any], which: int = -1, drop: bool = False) -> None:
        self.names, self.which, self.drop, self.count, self.what = names, which, drop, 0, ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """The mutant bears no mark."""
        node.decorator_list = []
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        """x += upstream * partial, as x = upstream * partial."""
        product = isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Mult)
        return self._mutated(node, [node.target], node.value) if product and isinstance(node.op, ast.Add) else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """cotangent = … plus(before, contribution), as cotangent = contribution."""
        for part in ast.walk(node.value):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and self.names.get(part.func.id) is reverse.plus:
                return self._mutated(node, node.targets, part.args[1])
        return node

    def _mutated(self, node: ast.stmt, targets: list[ast.expr], alone: ast.expr) -> ast.stmt:
        self.count += 1
        if self.count != self.which + 1:
            return node
        mutant = ast.copy_location(ast.Pass() if self.drop else ast.Assign(targets, alone), node)
        self.what = f"{ast.unparse(mutant)} for {ast.unparse(node)}"
        return mutant


def _standing_in(room: ModuleType, mutant: Callable[..., Any], sweep: Sweep) -> Sweep:
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


def _by_swept(output: Value) -> Mapping[Value, float]:
    """By the sweep for graphs with a local derivative that does not exist: half of the gradient comes by the node that has one.

    That node is z¹ for a z below 0. It is differentiable by z alone, and its exponent depends on no leaf.
    """
    z, one = output - 2.0 * LIMIT, 1.0 + 0.0 * Value(1.0)
    whole = 0.5 * z**one + 0.5 * z
    found = masking.swept(topological(whole), [whole], 1.0)
    if found is None:
        raise LookupError("no local derivative is missing, so the sweep that looks for one had nothing to do")
    return {node: found[node] for node in topological(output)}


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
