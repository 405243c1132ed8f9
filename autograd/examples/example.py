"""What an example returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..graph import topological
from ..value import Value

if TYPE_CHECKING:
    from ..stepping import Stepper
    from ..stepping.notebook import Theme
    from ..stepping.page import Page
    from ..words import Language


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
    """A worked example: its graphs, and in `remarks` what to notice, a line each. `numbers` holds what is no node's number.

    Titles and remarks are sentences of the table of words: `title.into("ko")` is the Korean one.
    """

    name: str
    title: str
    graphs: list[Graph]
    remarks: Sequence[str]
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def output(self) -> Value:
        """The output of the first graph."""
        return self.graphs[0].output

    def steppers(self, *, lang: Language = "en") -> list[Stepper]:
        """A Stepper for each graph, in a language."""
        from ..stepping import Stepper

        return [Stepper(graph.output, seed=graph.seed, title=graph.title, lang=lang) for graph in self.graphs]

    def page(self, *, lang: Language = "en", theme: Theme = "auto") -> Page:
        """The page with the steps of every graph and with what to notice, to show in a notebook or to `.write()`. Needs the extra `draw`.

        lang  the language it begins in, "en" or "ko", and theme: "auto", "light" or "dark"
        """
        first, *others = self.steppers(lang=lang)
        return first.beside(*others, title=self.title, theme=theme, remarks=self.remarks)
