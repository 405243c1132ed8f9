"""One step of learning, and the mean loss over a set: example by example, or as array operations. What both mean is the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import autograd
from autograd import Value, given, gradient
from autograd.context import recording

from .judging import Arrays, at_hand, evaluate, explained, taken
from .module import Module
from .optim import Optimiser, clip_grad_norm, clip_grad_value
from .telling import each

Loss = Callable[[Any, Any], Any]


@dataclass
class Learning:
    """What a step of learning needs.

    weights     a number for each example, by which its loss is multiplied; None for 1
    clip_norm   how long the gradient may be; None for any length. `clip_value`: how large each of its numbers
    executor    where shards of a batch are computed, of so many examples each
    native      whether array operations run as C, as for `autograd.pack`
    """

    model: Module
    loss: Loss
    optimiser: Optimiser
    weights: list[float] | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    executor: Executor | None = None
    shard: int | None = None
    native: bool | Literal["auto"] = False

    def loss_of(self, x: Any, t: Any, weight: float | None = None) -> Any:
        """The loss of one example, times its weight."""
        error = self.loss(self.model(x), t)
        if not isinstance(error, Value):
            what = f"{given.shorten(error)} of type {type(error).__name__}"
            raise TypeError(f"the loss must be a Value, but is {what}: did float(), .data or a math function end the graph?")
        return error if weight is None else weight * error

    def step(self, examples: Sequence[Any], targets: Sequence[Any], numbers: Sequence[int]) -> float:
        """One step of learning from a batch, whose examples have these numbers; its mean loss before the step."""
        with recording():
            return self._step(examples, targets, numbers)

    def _step(self, examples: Sequence[Any], targets: Sequence[Any], numbers: Sequence[int]) -> float:
        self.optimiser.zero_grad()
        weights = iter([1.0] * len(numbers) if self.weights is None else [self.weights[i] for i in numbers])

        def learn(x: Any, t: Any) -> float:
            error = self.loss_of(x, t)
            weight = next(weights)
            error.backward(weight / len(numbers))  # the gradients of the mean add up, example by example
            return float(error.data) * weight

        losses = [*each(learn, examples, targets, numbers)]
        if self.clip_norm is not None:
            clip_grad_norm(self.optimiser.parameters, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value(self.optimiser.parameters, self.clip_value)
        self.optimiser.step()
        return math.fsum(losses) / len(numbers)

    def once(self, x: Any, t: Any) -> float:
        """The loss of one example, and a look at its gradients: what is wrong with it is told."""
        with recording():
            error = self.loss_of(x, t)
            gradient(error, self.optimiser.parameters)
        return float(error.data)


Step = Callable[[list[int]], float]
MeanLoss = Callable[[Sequence[Any], Sequence[Any]], float]


@contextmanager
def stepping(
    learning: Learning, examples: Sequence[Any], targets: Sequence[Any], pack: bool, others: bool
) -> Iterator[tuple[Step, MeanLoss]]:
    """Two functions: one makes a step of learning from the examples of these numbers, and returns their mean loss before it; the other
    gives the mean loss over examples and targets. Packed, both are array operations.

    others   whether code of others runs between steps, such as callbacks: packed, lists are then read anew, as plain training reads them
    """
    model, loss = learning.model, learning.loss
    if pack:
        with _packed(learning, examples, targets, others) as found:
            yield found
    else:
        yield (
            lambda chosen: learning.step([examples[i] for i in chosen], [targets[i] for i in chosen], chosen),
            lambda examples, targets: evaluate(model, examples, targets, loss),
        )


@contextmanager
def _packed(learning: Learning, examples: Sequence[Any], targets: Sequence[Any], others: bool) -> Iterator[tuple[Step, MeanLoss]]:
    model, loss, weights = learning.model, learning.loss, learning.weights
    trainer, arrays = Trainer(learning), Arrays(model)
    options: dict[str, Any] = {}
    if learning.executor is not None:
        options = {"executor": learning.executor, "shard": learning.shard}
    known: dict[int, Any] = {}
    once = not others and _is_plain(examples, targets)

    def read(examples: Any, targets: Any, numbers: Sequence[int]) -> tuple[Any, Any]:
        try:
            return taken(examples, "examples"), taken(targets, "targets")
        except Exception as error:
            explained(error, learning.once, examples, targets, numbers)
            raise

    def mean_loss(examples: Sequence[Any], targets: Sequence[Any]) -> float:
        if not _is_plain(examples, targets):
            examples, targets = zip(*zip(examples, targets, strict=True), strict=True)  # in the order in which plain training asks
        elif not others:
            if id(examples) not in known:
                known[id(examples)] = (examples, targets, *read(examples, targets, range(len(targets))))
            first, second, *both = known[id(examples)]
            if first is examples and second is targets:
                try:
                    return arrays.loss(both[0], both[1], loss, "fit")
                except Exception as error:
                    explained(error, learning.once, examples, targets, range(len(targets)))
                    raise
        return evaluate(model, examples, targets, loss)

    def step(chosen: list[int]) -> float:
        some, answers = [examples[i] for i in chosen], [targets[i] for i in chosen]
        batch = [xs[chosen], ts[chosen]] if once else [*read(some, answers, chosen)]
        if weights is not None:
            batch.append([weights[i] for i in chosen])
        try:
            return float(trainer.session()(*batch, **options))
        except Exception as error:
            explained(error, learning.once, some, answers, chosen)
            raise

    with trainer, at_hand(arrays):
        trainer.session()
        if once:
            xs, ts = read(examples, targets, range(len(targets)))
        yield step, mean_loss


class Trainer(ExitStack):
    """The training on arrays, begun anew where a callback has given the optimiser other parameters, or the model."""

    def __init__(self, learning: Learning) -> None:
        super().__init__()
        self.learning = learning
        self._session: Any = None
        self._given: list[Value] = []
        self._params: list[Value] = []
        self._count, self._changes = 0, -1

    def session(self) -> Any:
        """What makes a step."""
        optimiser, model = self.learning.optimiser, self.learning.model
        if self._session is None or optimiser.parameters is not self._given or len(self._given) != self._count or self._model_changed():
            self.close()
            self._session = None
            self.program = self._program()
            self._given, self._count = optimiser.parameters, len(optimiser.parameters)
            self._params, self._changes = model.parameters(), model._changes[0]
            limits = self.learning.clip_norm, self.learning.clip_value
            self._session = self.enter_context(self.program.training(optimiser, *limits))
        return self._session

    def _model_changed(self) -> bool:
        model = self.learning.model
        if model._changes[0] == self._changes:
            return False
        self._changes = model._changes[0]
        return model.parameters() != self._params

    def _program(self) -> Any:
        model, loss = self.learning.model, self.learning.loss
        params = [*dict.fromkeys([*model.parameters(), *self.learning.optimiser.parameters])]
        if self.learning.weights is None:
            return autograd.pack(lambda x, t: loss(model(x), t), params=params, native=self.learning.native)
        return autograd.pack(lambda x, t, weight: weight * loss(model(x), t), params=params, native=self.learning.native)


def _is_plain(*sequences: Any) -> bool:
    """Whether they hold what they held, as long as nobody else's code runs: other sequences may augment what they are asked for."""
    return all(type(each) in (list, tuple) or type(each).__module__ == "numpy" for each in sequences)
