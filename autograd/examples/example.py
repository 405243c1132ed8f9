"""What an example returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..graph import topological
from ..value import Value


@dataclass
class Graph:
    """One graph of an example, after its backward pass.

    name    short, unique within the example: the file name of its pictures
    title   what it shows
    output  the node that `backward(seed)` was called on
    seed    the gradient that came from upstream, 1 unless said otherwise
    order   the labels in the order of reading; without it, the nodes are read in the order of computation
    """

    name: str
    title: str
    output: Value
    seed: float = 1.0
    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.output.zero_grad()
        self.output.backward(self.seed)

    @property
    def nodes(self) -> list[Value]:
        """The labelled nodes in the order of reading."""
        nodes = [node for node in topological(self.output) if node.label is not None]
        return sorted(nodes, key=lambda node: self.order.index(str(node.label))) if self.order else nodes

    def __getitem__(self, label: str) -> Value:
        """The node of that label."""
        for node in self.nodes:
            if node.label == label:
                return node
        raise KeyError(f"no node is labelled {label!r}; there are {', '.join(str(node.label) for node in self.nodes)}")


@dataclass
class Example:
    """A worked example: its graphs, and in `remarks` what to notice, a line each. `numbers` holds what is no node's number."""

    name: str
    title: str
    graphs: list[Graph]
    remarks: list[str]
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def output(self) -> Value:
        """The output of the first graph."""
        return self.graphs[0].output
