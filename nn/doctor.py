"""A doctor for training mistakes: `diagnose(model, loss)` looks at a model and the graph of its loss, and changes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from autograd import Value, given

from .layers import Linear
from .module import Module, model_given

ENOUGH = 10
"""A relu is called dead only if it was 0 for at least so many examples."""
SMALL_SHARE = 0.01
"""A sigmoid or tanh whose derivative is below this share of its largest is saturated."""
RATIO = 1e3
"""Gradients of two layers that differ by more vanish or explode."""
HUGE = 1e6
"""Gradients above it explode, in whatever layer."""
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}


Finding = tuple[str, str]
"""Where something is wrong; and what it is, and what to do. What is the same in several places is one line."""


def diagnose(model: Module, loss: Value) -> list[str]:
    """What is wrong, a line each: where, what, and what to do. An empty list if nothing is found.

    model   the module whose parameters learn
    loss    a Value, made from a batch rather than a single example: a relu unit is dead only if no example wakes it

    The gradients are those of a sweep of its own, so no `backward()` is needed; after one, what it has left in `grad` is looked at too.
    Nothing is changed.
    """
    model_given(model, "diagnose")
    if not isinstance(loss, Value):
        what = f"the loss is {given.shorten(loss)} of type {type(loss).__name__}, no Value"
        return [f"{what}: float(), .data and math functions end the graph; use autograd's functions, and keep the Value"]
    order = nodes_below(loss)
    gradient = _sweep(order)
    named = model.named_parameters()
    places: dict[str, list[str]] = {}
    for where, what in chain(
        _stale(order),
        _added_up(named, gradient, loss),
        _unconnected(model, named, gradient),
        _left(order, {parameter for _, parameter in named}),
        _probabilities(order),
        _alike(model),
        _dead(order),
        _saturated(order),
    ):
        places.setdefault(what, []).append(where)
    return [*(f"{_several(where)}: {what}" for what, where in places.items()), *_by_layer(named, gradient)]


# The graph.


def nodes_below(output: Value) -> list[Value]:
    """Every node below the output, operands before the nodes made of them."""
    order: list[Value] = []
    seen = {output}
    path = [(output, iter(output.parents))]
    while path:
        node, parents = path[-1]
        for parent in parents:
            if parent not in seen:
                seen.add(parent)
                path.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            path.pop()
    return order


def _sweep(order: list[Value]) -> dict[Value, float]:
    """∂output/∂node for every node, without touching any `grad`."""
    gradient = dict.fromkeys(order, 0.0)
    gradient[order[-1]] = 1.0
    for node in reversed(order):
        upstream = gradient[node]
        if upstream:
            for parent, partial in zip(node.parents, node.partials, strict=True):
                gradient[parent] += upstream * partial
    return gradient


def _name(node: Value) -> str:
    return repr(node.label) if node.label is not None else node.scope or (node.op.name if node.op else f"Value({node.data!r})")


# Each mistake.


def _stale(order: list[Value]) -> Iterator[Finding]:
    """Nodes whose number does not follow from their operands' any more, because somebody has changed a leaf since."""
    stale = []
    for node in order:
        if node.op is not None:
            try:
                now: Any = node.op.forward(*(arg.data if isinstance(arg, Value) else arg for arg in node.args))
            except (ArithmeticError, ValueError, TypeError):
                now = None
            if now != node.data:
                stale.append(node)
    if stale:
        edited = [arg for node in stale for arg in node.parents if arg.op is None]
        first = _name(edited[0] if edited else stale[0])
        yield (
            f"the loss ({len(stale)} of its nodes, the first made of {first})",
            "the numbers that it was computed from have changed since, as by a step of an optimiser. If every step has this loss, compute"
            " it anew inside the loop, for backward() goes on giving the gradients of then",
        )


def _added_up(named: list[tuple[str, Value]], gradient: dict[Value, float], loss: Value) -> Iterator[Finding]:
    """Gradients that hold more than this loss's backward() has put there. One that was clipped holds less."""
    if type(loss.grad) is not float or loss.grad == 0.0:
        return  # backward() was not called yet, so what is there may be of the step before, which zero_grad() will clear
    more = []
    for name, parameter in named:
        expected = loss.grad * gradient.get(parameter, 0.0)
        held = parameter.grad or 0.0
        if math.isfinite(expected) and (abs(held) > abs(expected) * (1.0 + 1e-9) + 1e-300 or held * expected < 0.0):
            more.append(name)
    if more:
        yield (
            f"{_several(more)} ({len(more)} of {len(named)} parameters)",
            "grad holds more than this loss's gradient, for backward() adds to what is there: call zero_grad() before each backward(),"
            " unless several losses are meant to add up",
        )


def _unconnected(model: Module, named: list[tuple[str, Value]], gradient: dict[Value, float]) -> Iterator[Finding]:
    why = "not used, or the results left the graph: float(), .data and math functions give plain numbers; use autograd's functions"
    what = f"not connected to the loss: {why}"
    told: set[Value] = set()
    for module in model.modules():  # a module before what is inside it: one line for all of it
        mine = [parameter for parameter in module.parameters() if parameter not in told]
        if mine and not any(parameter in gradient for parameter in mine):
            told.update(mine)
            where = module._path or f"the whole {type(model).__name__}"
            yield f"{where} ({len(mine)} parameters, the first is {_name(mine[0])})", what
    for name, parameter in named:
        if parameter not in gradient and parameter not in told:
            yield name, what


_WAYS: dict[str, Callable[[float], float]] = {
    "float() or .data": lambda x: x,
    "math.exp": math.exp,
    "math.log": math.log,
    "math.sqrt": math.sqrt,
    "math.tanh": math.tanh,
    "math.sin": math.sin,
    "math.cos": math.cos,
}


def _left(order: list[Value], parameters: set[Value]) -> Iterator[Finding]:
    """Numbers that left the graph and came back: a constant with all the digits of a node's number, or of a function of it."""
    entered: dict[float, Value] = {}
    for node in order:
        if node.op is None and node not in parameters and _odd(node.data):
            entered.setdefault(node.data, node)
        for arg in node.args:
            if not isinstance(arg, Value) and _odd(arg):
                entered.setdefault(arg, node)
    if not entered:
        return
    for way, function in _WAYS.items():  # the plain number first: that of math.tanh(x) is a tanh node's, too
        for node in order:
            if node.op is None or any(parent.data == node.data for parent in node.parents):
                continue  # a leaf may share its number by chance or by seed; one handed on unchanged, as by relu, has not left
            try:
                number = function(node.data)
            except (ValueError, OverflowError):
                continue
            if number in entered and number not in node.args:  # √(c·c) is c by itself
                at = entered.pop(number)
                yield (
                    f"{_name(node)} (back in {_name(at)} as the constant {number!r})",
                    f"the number seems to have left the graph by {way} and come back as a constant, through which no gradient flows:"
                    " use autograd's functions, or stop_gradient where it is meant",
                )


def _odd(x: float) -> bool:
    """Whether x has so many digits that nobody typed it."""
    return float(f"{x:.9g}") != x


_LOSS = re.compile(r"(?:^|/)loss(?:/(\w+))?$")


def _in_loss(node: Value) -> str | None:
    """The loss that made the node; None for a node of none."""
    found = _LOSS.search(node.scope or "")
    return None if found is None else found[1] or ""


def _probabilities(order: list[Value]) -> Iterator[Finding]:
    told = set()
    for node in order:
        loss = _in_loss(node)
        if loss not in ("cross_entropy", "binary_cross_entropy_with_logits") or loss in told:
            continue
        for parent in node.parents:
            if _in_loss(parent) is None and parent.op is not None:
                softmax = parent.op.name == "divide" and _is_a(parent.x, "exp")
                if softmax or parent.op.name == "sigmoid" or _written_out(parent):
                    told.add(loss)
                    other = loss.removesuffix("_with_logits") if loss.startswith("binary") else "cross_entropy_from_probabilities"
                    yield (
                        _name(parent),
                        f"probabilities of a {'softmax' if softmax else 'sigmoid'} go into {loss}, which takes scores and makes its own:"
                        f" leave the activation out, or use {other}",
                    )
                    break


def _is_a(node: Any, op: str) -> bool:
    return isinstance(node, Value) and node.op is not None and node.op.name == op


def _written_out(node: Value) -> bool:
    """Whether it is a sigmoid by hand: 1 / (1 + exp(-x)), or (1 + exp(-x))**-1."""
    if _is_a(node, "divide") and node.args[0] == 1.0:
        under = node.args[1]
    elif _is_a(node, "power") and node.args[1] == -1.0:
        under = node.args[0]
    else:
        return False
    return isinstance(under, Value) and _is_a(under, "add") and 1.0 in under.args and any(_is_a(arg, "exp") for arg in under.args)


def _alike(model: Module) -> Iterator[Finding]:
    layers = [module for module in model.modules() if isinstance(module, Linear)]
    for layer in layers[:-1]:  # the neurons of the last one are told apart by their targets
        rows = {tuple(parameter.data for parameter in neuron.parameters()) for neuron in layer.neurons}
        if len(rows) == 1 < len(layer.neurons):
            zero = " (all 0)" if not any(next(iter(rows))) else ""
            yield (
                f"{layer._path or 'the layer'} ({len(layer.neurons)} neurons)",
                f"the neurons of a layer have the same weights{zero}, get the same gradients, and stay alike for ever:"
                " start from random weights, such as he_uniform or xavier_uniform",
            )


def _by_scope(order: list[Value], names: tuple[str, ...]) -> dict[str, dict[str, list[Value]]]:
    """The nodes of those operations outside of losses: by layer, then by unit."""
    layers: dict[str, dict[str, list[Value]]] = {}
    for node in order:
        if node.op is not None and node.op.name in names and _in_loss(node) is None:
            layer, _, unit = (node.scope or "").rpartition("/")
            layers.setdefault(layer, {}).setdefault(unit, []).append(node)
    return layers


def _dead(order: list[Value]) -> Iterator[Finding]:
    for layer, units in _by_scope(order, ("relu",)).items():
        dead = [unit for unit, nodes in units.items() if len(nodes) >= ENOUGH and not any(node.data for node in nodes)]
        if dead:
            yield (
                f"{layer or 'relu'} ({len(dead)} of {len(units)} units, {_several(dead)})",
                f"relu units that are 0 for all {len(units[dead[0]])} examples and learn nothing:"
                " a smaller learning rate, he_uniform weights, or leaky_relu",
            )


def _saturated(order: list[Value]) -> Iterator[Finding]:
    outputs = {parent for node in order if _in_loss(node) is not None for parent in node.parents}  # sure of its answer, as it should be
    for layer, units in _by_scope(order, tuple(STEEPEST)).items():
        nodes = [node for unit in units.values() for node in unit if node not in outputs]
        flat = [node for node in nodes if abs(node.partials[0]) < SMALL_SHARE * STEEPEST[node.op.name]]  # type: ignore[union-attr]
        if 2 * len(flat) > len(nodes):
            worst = max(flat, key=lambda node: abs(node.parents[0].data))
            yield (
                f"{layer or worst.op.name} ({100 * len(flat) / len(nodes):.0f} %, {_name(worst)} gets {worst.parents[0].data:.3g})",  # type: ignore[union-attr]
                f"{worst.op.name} units that are saturated and pass almost no gradient: scale the inputs, or start from smaller weights",  # type: ignore[union-attr]
            )


def _by_layer(named: list[tuple[str, Value]], gradient: dict[Value, float]) -> Iterator[str]:
    norms = layer_gradients([(name, gradient[parameter]) for name, parameter in named if parameter in gradient])
    if not norms:
        return
    if not all(map(math.isfinite, norms.values())):
        yield "the gradients leave the range of floats: loss.backward() names the edge where it happens"
        return
    if not any(norms.values()):
        yield "every gradient is exactly 0: the loss is flat here, so nothing will be learned from it"
        return
    last_name, last = list(norms.items())[-1]
    silent = [name for name, norm in norms.items() if norm == 0.0]
    if silent:
        why = "something between and the loss passes nothing on (dead relus, weights of 0)"
        yield f"{_several(silent)}: the gradients are all exactly 0; {why}"
    vanishing = [name for name, norm in norms.items() if 0.0 < norm * RATIO < last]
    if vanishing:
        least = min(vanishing, key=lambda name: norms[name])
        cure = "relu instead of sigmoid or tanh, he_uniform or xavier_uniform weights, fewer layers"
        small = f"{norms[least]:.2g} on average at {least}, {last / norms[least]:.2g} times smaller than at {last_name}"
        yield f"{_several(vanishing)}: the gradients vanish: {small}; {cure}"
    exploding = [name for name, norm in norms.items() if norm > RATIO * last > 0.0 or norm > HUGE]
    if exploding:
        most = max(exploding, key=lambda name: norms[name])
        cure = "smaller initial weights, scaled inputs, clip_grad_norm"
        yield f"{_several(exploding)}: the gradients explode: {norms[most]:.2g} on average at {most}; {cure}"


def _several(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def layer_gradients(gradients: list[tuple[str, float]]) -> dict[str, float]:
    """For each layer, by the names of its parameters, the root of the mean square of its gradients."""
    layers: dict[str, list[float]] = {}
    for name, gradient in gradients:
        layers.setdefault(layer_of(name), []).append(gradient)
    return {layer: math.hypot(*each) / math.sqrt(len(each)) for layer, each in layers.items()}


def layer_of(name: str) -> str:
    """The layer in a parameter's name: "layer1" of "layer1.neuron0.w2"."""
    parts = name.split(".")[:-1]
    if parts and re.fullmatch(r"neuron\d+", parts[-1]):
        parts.pop()
    return ".".join(parts) or "the model"
