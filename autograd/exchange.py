"""Graphs for other tools: as JSON and back, for networkx, and as a table of nodes for pandas."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from . import copies, given
from .errors import MissingExtraError
from .failures import label_of
from .graph import cotangents, topological
from .joined import edges_seen, is_hidden, seen
from .naming import find_names
from .numbers import as_float
from .primitive import PRIMITIVES
from .value import Value, as_values

FORMAT, VERSION = "glassgrad graph", 1


def node_table(output: Value | Iterable[Value], *, names: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A row for each node below the output, in the order of computation: what `pandas.DataFrame` takes.

    node      its number, from 0 on
    name      its label, or its name in `names`; "" without one
    op        the operation, "" for a leaf
    operands  their numbers, or the constant itself
    partials  the local derivative by each operand that is a node
    data      its number
    gradient  ∂output/∂node from a sweep of its own; of several outputs, of their sum
    stored    what stands in its `grad`
    scope     where it was made, "" outside of any

    >>> x = Value(3.0, label="x")
    >>> [(row["op"], row["data"], row["gradient"]) for row in node_table(x * x)]
    [('', 3.0, 6.0), ('multiply', 9.0, 1.0)]
    """
    return _table(_outputs(output, "node_table"), names)


def _table(outputs: list[Value], names: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    order = topological(*outputs)
    gradient = cotangents(*outputs, order=order)
    order = [node for node in order if not is_hidden(node)]
    named, number = find_names(given.names(names)), {node: i for i, node in enumerate(order)}
    return [
        {
            "node": number[node],
            "name": label_of(node) or named.get(node, ""),
            "op": node.op.name if node.op is not None else "",
            "operands": [number[arg] if isinstance(arg, Value) else arg for arg in seen(node)[1]] if node.op is not None else [],
            "partials": [edge.partial for edge in edges_seen(node)],
            "data": node.data,
            "gradient": gradient[node],
            "stored": node.grad,
            "scope": node.scope or "",
        }
        for node in order
    ]


def to_networkx(output: Value | Iterable[Value], *, names: Mapping[str, Any] | None = None) -> Any:
    """The graph as a `networkx.MultiDiGraph`. Nodes are numbered in the order of computation and carry their row of `node_table`; edges
    lead from operand to node, with the operand's `position` and the local derivative, `partial`. x * x has two of them.

    output  the node at the end of the graph, or several of them in a list
    names   names for nodes without a label, as from locals()

    MissingExtraError: there is no networkx.
    """
    table = _table(_outputs(output, "to_networkx"), names)
    try:
        import networkx
    except ImportError as error:
        raise MissingExtraError("to_networkx needs networkx: pip install networkx") from error
    graph = networkx.MultiDiGraph()
    for row in table:
        graph.add_node(row["node"], **{key: value for key, value in row.items() if key not in ("node", "operands", "partials")})
        partials = iter(row["partials"])
        for position, operand in enumerate(row["operands"]):
            if isinstance(operand, int):
                graph.add_edge(operand, row["node"], position=position, partial=next(partials))
    return graph


def to_json(output: Value | Iterable[Value]) -> str:
    """The graph below the output, or below several, as JSON: every number to the bit, labels, scopes and gradients included.

    `from_json` makes the graph of it again. Nodes are plain Values then, whatever class they were of. TypeError: an operation is in no
    table, as one by `custom_gradient`, so that nobody could find it by its name.

    >>> x = Value(3.0, label="x")
    >>> again = from_json(to_json(x * x))
    >>> again.backward()
    >>> again.parents[0].grad
    6.0
    """
    outputs = _outputs(output, "to_json")
    order = topological(*outputs)
    number = {node: i for i, node in enumerate(order)}
    nodes: list[dict[str, Any]] = []
    for node in order:
        entry: dict[str, Any] = {"data": _written(node.data, "data", node), "grad": _written(node.grad or 0.0, "grad", node)}
        if node.op is not None:
            if PRIMITIVES.get(node.op.name) is not node.op:
                raise TypeError(
                    f"to_json cannot write a node made by {node.op.name}: its row is in no table, where its name could be found"
                )
            entry["op"] = node.op.name
            entry["args"] = [{"node": number[arg]} if isinstance(arg, Value) else arg for arg in node.args]
            entry["partials"] = [partial if math.isfinite(partial) else str(float(partial)) for partial in node.partials]
        entry |= {key: text for key, text in (("label", label_of(node)), ("scope", node.scope)) if text}
        nodes.append(entry)
    one = isinstance(output, Value)
    found = {"format": FORMAT, "version": VERSION, "nodes": nodes, "output": number[outputs[0]] if one else [number[y] for y in outputs]}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """The output of the graph that `to_json` has written, or a list of several. ValueError: the text is none of that, and why."""
    try:
        found = json.loads(given.text(text, "JSON", "from_json"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"from_json needs JSON as to_json writes it, but {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("nodes"), list):
        raise ValueError("from_json needs JSON as to_json writes it, but this is something else")
    if found.get("version") != VERSION:
        raise ValueError(f"from_json reads version {VERSION} of the format, but got version {given.shorten(found.get('version'))}")
    nodes: list[Value] = []
    for i, entry in enumerate(found["nodes"]):
        try:
            nodes.append(_read(entry, nodes))
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            raise ValueError(f"from_json cannot make node {i}: {error}") from None
    output = found.get("output")
    try:
        return [nodes[_index(i, nodes)] for i in output] if isinstance(output, list) else nodes[_index(output, nodes)]
    except ValueError as error:
        raise ValueError(f"from_json cannot find the output: {error}") from None


def _outputs(output: Any, asker: str) -> list[Value]:
    outputs = [output] if isinstance(output, Value) else as_values(output, asker, "a Value, or several")
    if not outputs:
        raise ValueError(f"{asker} needs at least one Value, but got an empty list")
    return outputs


def _written(x: Any, what: str, node: Value) -> float:
    return as_float(x, f"a number in {what} of {node!r}", "to_json")


def _read(entry: Any, nodes: list[Value]) -> Value:
    if not isinstance(entry, dict) or not {"data", "grad"} <= entry.keys() <= {"data", "grad", "op", "args", "partials", "label", "scope"}:
        raise ValueError(f"a node has data and grad, and may have op, args, partials, label and scope, but got {given.shorten(entry)}")
    data, grad = (as_float(entry[name], f"a number as {name}") for name in ("data", "grad"))
    label, scope = (None if entry.get(name) is None else given.text(entry[name], name, "a node") for name in ("label", "scope"))
    op, x, y, dx, dy = None, None, None, None, None
    if "op" in entry:
        name = given.text(entry["op"], "op", "a node")
        if name not in PRIMITIVES:
            raise ValueError(f"there is no operation named {name!r} here: import the module that registers it first")
        op = PRIMITIVES[name]
        args, partials = entry.get("args"), entry.get("partials")
        if not (isinstance(args, list) and isinstance(partials, list) and len(args) == len(op.operands)):
            raise ValueError(f"{name} needs {len(op.operands)} args, and a partial for each that is a node")
        kept = [nodes[_index(arg["node"], nodes)] if isinstance(arg, dict) and "node" in arg else as_float(arg, "a number") for arg in args]
        slopes = iter(partials)
        sides = [
            (arg, _partial(next(slopes, None))) if isinstance(arg, Value) else (None, arg)
            for arg in kept
        ]  # fmt: skip
        if next(slopes, None) is not None or not any(node is not None for node, _ in sides):
            raise ValueError(f"{name} needs a partial for each operand that is a node, of which it has one at least")
        (x, dx), (y, dy) = [*sides, (None, None)][:2]
    made: Value = copies.restore(Value, None, op, data, grad, label, scope, dx, dy, x, y)
    return made


def _partial(x: Any) -> float:
    return float(x) if x in ("inf", "-inf", "nan") else as_float(x, "a number, inf or nan as partial")


def _index(i: Any, nodes: list[Value]) -> int:
    """The number of a node that is there already: operands come first."""
    if type(i) is not int or not 0 <= i < len(nodes):
        raise ValueError(f"node {given.shorten(i)} is not among the {len(nodes)} before")
    return i
