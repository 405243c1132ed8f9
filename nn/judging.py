"""How good a model is: what it says of examples, and how often that is right. Example by example, or as array operations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import autograd
from autograd import given
from autograd.numbers import as_operand

from .data import same_length, tabular
from .losses import right_class
from .module import Module, model_given, number
from .telling import each


class Arrays:
    """A model as array operations: its outputs, and its losses, for whole batches."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._losses: dict[int, tuple[Any, Any]] = {}
        self._outputs: Any = None

    def outputs(self, examples: Sequence[Any], asker: str) -> Any:
        """An array with the outputs for each example."""
        if self._outputs is None:
            self._outputs = autograd.pack(self.model)
        return self._outputs.predict(taken(examples, f"{asker}'s examples"))

    def loss(self, examples: Sequence[Any], targets: Sequence[Any], loss: Callable[[Any, Any], Any], asker: str) -> float:
        """The mean loss."""
        if id(loss) not in self._losses:
            self._losses[id(loss)] = loss, autograd.pack(lambda x, t: loss(self.model(x), t), params=self.model)
        return float(self._losses[id(loss)][1](taken(examples, f"{asker}'s examples"), taken(targets, f"{asker}'s targets")).value)


def taken(examples: Any, what: str) -> Any:
    """Examples taken apart, as a packed program takes them."""
    from autograd.packing.inputs import Examples

    return examples if isinstance(examples, Examples) else Examples(examples, what)


_trained: ContextVar[Arrays | None] = ContextVar("trained", default=None)


@contextmanager
def at_hand(arrays: Arrays) -> Iterator[None]:
    """Meanwhile, whoever asks how good this model is computes it as array operations."""
    token = _trained.set(arrays)
    try:
        yield
    finally:
        _trained.reset(token)


def _arrays_of(model: Any, pack: bool) -> Arrays | None:
    trained = _trained.get()
    if trained is not None and trained.model is model:
        return trained
    return Arrays(model) if pack else None


def explained(
    error: Exception, plain: Callable[[Any, Any], Any], examples: Sequence[Any], targets: Sequence[Any], numbers: Sequence[int]
) -> None:
    """Raise what plain training says of the example that an error of array operations is about, or of one of the first, which it meets
    before; return where it finds nothing wrong.
    """
    place = getattr(error, "example", 0)
    places = [i for i in dict.fromkeys([*range(min(place, FIRST)), place]) if i < len(examples)]
    try:
        for _ in each(plain, [examples[i] for i in places], [targets[i] for i in places], [numbers[i] for i in places]):
            pass
    except Exception as found:
        raise found from error


FIRST = 200
"""So many examples are looked at one by one for what is wrong, besides the one that an error names."""


def evaluate(
    model: Module, examples: Sequence[Any], targets: Sequence[Any], loss: Callable[[Any, Any], Any], *, pack: bool = False
) -> float:
    """The mean loss over the examples.

    targets  what is right, one for each example
    loss     a function of one example's output and target, such as `cross_entropy`
    pack     compute it as array operations (`autograd.pack`), for thousands of examples; it is so anyway during a packed `fit` of this
             model
    """
    examples, targets = tabular(examples, targets)
    count = same_length(examples, targets, "evaluate")
    model_given(model, "evaluate"), given.function(loss, "evaluate", "a function as loss")
    arrays = _arrays_of(model, given.flag(pack, "pack", "evaluate"))

    def plain(x: Any, t: Any) -> float:
        return float(as_operand(loss(model(x), t), "a loss that returns a number", "evaluate"))

    if arrays is None:
        return math.fsum(each(plain, examples, targets)) / count
    try:
        return arrays.loss(examples, targets, loss, "evaluate")
    except Exception as error:
        explained(error, plain, examples, targets, range(count))
        raise


def predict(output: Any, threshold: float = 0.0) -> int:
    """The class that an output says: of a list, the index of the largest; of one number, 1 above the threshold, else 0.

    output     a number, or a list with one for each class; ValueError: an empty list
    threshold  0 is right for scores; probabilities want 0.5

    >>> predict([0.1, 2.0, -1.0]), predict(0.3), predict(0.3, threshold=0.5)
    (1, 1, 0)
    """
    if isinstance(output, (list, tuple)):
        if not output:
            raise ValueError("predict needs a number for each class as output, but got an empty list")
        return max(range(len(output)), key=lambda k: float(as_operand(output[k], "numbers as output", "predict")))
    return int(float(as_operand(output, "a number, or a list, as output", "predict")) > number(threshold, "predict's threshold"))


def classes(outputs: Any, threshold: float = 0.0) -> list[int]:
    """What `predict` says of each row of an array of outputs."""
    found: list[int] = (outputs.argmax(1) if outputs.ndim > 1 else (outputs > threshold).astype(int)).tolist()
    return found


def accuracy(model: Module, examples: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0, *, pack: bool = False) -> float:
    """The share of examples, from 0 to 1, whose class the model says rightly.

    targets    the right classes, by their index or one-hot; for one output, 0 or -1 and 1
    threshold  as for `predict`: above it, one output says class 1
    pack       compute it as array operations (`autograd.pack`), for thousands of examples; it is so anyway during a packed `fit` of this
               model

    >>> from nn import Linear, init
    >>> accuracy(Linear(1, 1, bias=False, init=init.constant(1.0)), [[1.0], [2.0], [-1.0], [-2.0]], [1, 0, 0, 0])
    0.75
    """
    pairs = _judged(model, examples, targets, threshold, pack, "accuracy")
    return sum(said == wanted for said, wanted, _ in pairs) / len(pairs)


def confusion(
    model: Module, examples: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0, *, pack: bool = False
) -> list[list[int]]:
    """How many examples of each class (a row) the model says to be of each class (a column).

    targets, threshold, pack  as for `accuracy`

    >>> from nn import Linear, init
    >>> confusion(Linear(1, 1, bias=False, init=init.constant(1.0)), [[1.0], [2.0], [-1.0]], [1, 0, 0])
    [[1, 1], [0, 1]]
    """
    pairs = _judged(model, examples, targets, threshold, pack, "confusion")
    several = max(count for _, _, count in pairs)
    table = [[0] * several for _ in range(several)]
    for said, wanted, _ in pairs:
        table[wanted][said] += 1
    return table


def _judged(
    model: Module, examples: Sequence[Any], targets: Sequence[Any], threshold: float, pack: bool, asker: str
) -> list[tuple[int, int, int]]:
    """For each example the class that the model says, the right one, and how many there are."""
    model_given(model, asker)
    examples, targets = tabular(examples, targets)
    count = same_length(examples, targets, asker)
    threshold = number(threshold, f"{asker}'s threshold")
    arrays = _arrays_of(model, given.flag(pack, "pack", asker))

    def plain(x: Any, t: Any) -> tuple[int, int, int]:
        output = model(x)
        several = len(output) if isinstance(output, (list, tuple)) else 0
        return predict(output, threshold), _wanted(t, several, asker), several or 2

    if arrays is None:
        return [*each(plain, examples, targets)]
    try:
        output = arrays.outputs(examples, asker)
        several = output.shape[1] if output.ndim > 1 else 0
        wanted = each(lambda _, t: _wanted(t, several, asker), examples, targets)
        return [(a, b, several or 2) for a, b in zip(classes(output, threshold), wanted, strict=True)]
    except Exception as error:
        explained(error, plain, examples, targets, range(count))
        raise


def _wanted(t: Any, classes: int, asker: str) -> int:
    """The class that a target says, one of so many; for one output: 1, or 0 which may be written -1."""
    if classes:
        return right_class(t, classes, asker)
    if number(t, f"{asker}'s class") not in (-1.0, 0.0, 1.0):
        raise IndexError(f"{asker} has the classes 0 (or -1) and 1 for one output, but got class {t}")
    return int(float(t) > 0.0)
