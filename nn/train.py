"""Training: the loop that everybody writes, once and readably. And what it leaves behind: a History."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from random import Random
from typing import Any

import autograd
from autograd import DivisionByZeroError, DomainError, GradientError, MissingExtraError, RangeError, Value, dot, given, heaviside, maximum
from autograd.context import recording
from autograd.numbers import as_float, as_operand
from autograd.process import lending, updating

from .data import index_batches, same_length, tabular
from .init import generator
from .layers import as_list, size
from .losses import CLASSES, NUMBERS, class_index
from .module import Module, model_given, number, numbers_of, put_numbers
from .optim import Optimiser, optimiser_given

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Module, Sequence[Any], Sequence[Any]], float]


@dataclass
class Epoch:
    """One pass over the examples.

    number      from 1 on
    loss        the mean over the examples, each at the parameters of its own step
    validation  the mean loss over the validation set after the epoch; None without one
    metric      the metric after the epoch, of the validation set if there is one; None without a metric
    """

    number: int
    loss: float
    validation: float | None = None
    metric: float | None = None

    def __str__(self) -> str:
        parts = [f"epoch {self.number}: loss {self.loss:.6f}"]
        parts += [f"validation {self.validation:.6f}"] if self.validation is not None else []
        parts += [f"metric {self.metric:.4f}"] if self.metric is not None else []
        return ", ".join(parts)


@dataclass
class History:
    """What happened.

    losses   the mean loss of every step's batch, before its update
    epochs   an Epoch for each that was finished
    stopped  why it ended before its time; "" if it did not
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    stopped: str = ""


Callback = Callable[[History], Any]


def fit(
    model: Module,
    examples: Sequence[Any],
    targets: Sequence[Any],
    loss: Loss,
    optimiser: Optimiser,
    *,
    epochs: int = 1,
    batch_size: int | None = None,
    rng: Random | int | None = 0,
    validation: tuple[Sequence[Any], Sequence[Any]] | None = None,
    metric: Metric | None = None,
    patience: int | None = None,
    callbacks: Iterable[Callback] = (),
    progress: bool | None = None,
    pack: bool = False,
) -> History:
    """Train the model and return the History: for every batch the mean gradient, then one step of the optimiser.

    optimiser   of the model's parameters, all or some: those it does not hold stay as they are
    loss        a function of one example's output and target, such as `cross_entropy`. Each example's graph is used and dropped
                before the next is made, so memory is one example's, whatever the batch
    batch_size  examples a step: None for all (gradient descent), 1 for stochastic, or between (mini-batch)
    rng         shuffles the examples anew for every epoch: a generator or a seed; None keeps their order
    validation  examples and targets that are not learnt from, looked at after every epoch
    metric      such as `accuracy`: a function of the model, examples and targets
    patience    end after so many epochs without a lower loss (of validation, if there is one), with the best epoch's parameters
    callbacks   called with the History after every epoch; one that returns True ends the training
    progress    a bar (extra `train`): True, False, or None for one on a terminal if it takes longer than a second
    pack        train the same network as array operations (`autograd.pack`, extra `pack`), some hundred times faster; the numbers differ by
                rounding alone. Examples and targets must have one shape, and what draws random numbers for every example is refused.
                Classes are made one-hot for the cross-entropies; for a loss of your own, whole numbers stay as they are, and every one
                has a program of its own. Lists are read once if there are neither callbacks nor a metric, which may change them; else,
                and from sequences of another class, each batch is read when it is its turn (arrays take least time for it)

    Ctrl-C ends the training and keeps what was learned. So does divergence: a number beyond the floats (RangeError, or a
    GradientError on the way back) is a warning that names the step. In both cases `History.stopped` says it. A no_grad() around it does
    not keep it from learning.
    """
    model_given(model, "fit"), given.function(loss, "fit", "a function as loss")
    pack, progress = given.flag(pack, "pack", "fit"), None if progress is None else given.flag(progress, "progress", "fit")
    if metric is not None:
        given.function(metric, "fit", "a function as metric")
    examples, targets = tabular(examples, targets)
    count = same_length(examples, targets, "fit")
    epochs, batch_size = size(epochs, "fit", "epochs"), count if batch_size is None else size(batch_size, "fit", "batch_size")
    patience = None if patience is None else size(patience, "fit", "patience")
    if validation is not None:
        validation = _pair(validation)
        validation = tabular(*validation)
        same_length(*validation, "fit's validation")
    shuffler = None if rng is None else generator(rng)
    callbacks = _functions(callbacks)
    _check_optimiser(model, optimiser)
    history = History()
    best, best_epoch, best_state = math.inf, 0, _state(optimiser)

    try:
        model.train()
        with (
            _stepping(model, examples, targets, loss, optimiser, pack, bool(callbacks or metric)) as (step, mean_loss),
            _bar(epochs * -(-count // batch_size), progress) as tick,
        ):
            for turn in range(1, epochs + 1):
                total = 0.0
                for chosen in index_batches(count, batch_size, shuffler):
                    batch_loss = step(chosen)
                    history.losses.append(batch_loss)
                    total += batch_loss * len(chosen)
                    tick(f"epoch {turn}, loss {batch_loss:.4g}")
                epoch = Epoch(turn, total / count)
                model.eval()
                if validation is not None:
                    epoch.validation = mean_loss(*validation)
                if metric is not None:
                    epoch.metric = as_float(metric(model, *(validation or (examples, targets))), "a metric that returns a number", "fit")
                model.train()
                history.epochs.append(epoch)
                now = epoch.loss if epoch.validation is None else epoch.validation
                if now < best:
                    best, best_epoch, best_state = now, turn, _state(optimiser)
                asked = [callback(history) is True for callback in callbacks]  # all of them are called
                if any(asked):
                    history.stopped = f"a callback asked for it after epoch {turn}"
                elif patience is not None and turn - best_epoch >= patience:
                    _put_back(*best_state)
                    history.stopped = f"no lower loss for {patience} epochs; the parameters are those after epoch {best_epoch}"
                if history.stopped:
                    break
    except KeyboardInterrupt:
        history.stopped = f"interrupted in step {len(history.losses) + 1}; what was learned before it is kept"
    except (RangeError, GradientError, DomainError, DivisionByZeroError) as error:
        if not history.losses and isinstance(error, (DomainError, DivisionByZeroError)):
            raise  # before anything was learned that is no divergence: the function is wrong for these numbers
        history.stopped = f"diverged in step {len(history.losses) + 1}: {error}"
        warnings.warn(f"training {history.stopped} (a smaller learning rate may help)", RuntimeWarning, stacklevel=2)
    finally:
        try:
            model.eval()
        except BaseException:  # Ctrl-C came amid it
            model.eval()
            raise
    return history


def _check_optimiser(model: Module, optimiser: Any) -> None:
    """Whether its steps are the model's: a TypeError for what is no optimiser, a ValueError where it holds nothing of the model."""
    optimiser_given(optimiser, "fit")
    held = set(optimiser.parameters)
    if not any(parameter in held for parameter in model.parameters()):  # some of them will do: layers may be kept as they are
        raise ValueError(
            "fit needs an optimiser of the model's parameters, but this one holds none of them: make it anew, with model.parameters(),"
            " whenever the model is"
        )


def _pair(validation: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    if not isinstance(validation, (tuple, list)) or len(validation) != 2 or not all(hasattr(part, "__len__") for part in validation):
        parts = validation if isinstance(validation, tuple) else [validation]
        got = ", ".join(f"a list of {len(part)}" if isinstance(part, list) else given.shorten(part, 40) for part in parts)
        raise TypeError(f"fit needs two lists as validation, (examples, targets), but got {got or 'none'}")
    return validation[0], validation[1]


def _functions(callbacks: Any) -> list[Callback]:
    if callable(callbacks):
        raise TypeError("fit needs a list as callbacks, even of one function: callbacks=[f]")
    several = given.items(callbacks, "a list of functions as callbacks", "fit")
    return [given.function(callback, "fit", "functions as callbacks") for callback in several]


@contextmanager
def _stepping(
    model: Module, examples: Sequence[Any], targets: Sequence[Any], loss: Loss, optimiser: Optimiser, pack: bool, others: bool
) -> Iterator[tuple[Callable[[list[int]], float], Callable[[Sequence[Any], Sequence[Any]], float]]]:
    """Two functions: one makes a step of learning from the examples of these numbers, and returns their mean loss before it; the other
    gives the mean loss over examples and targets. Packed, both are array operations.

    others   whether code of others runs between steps, such as callbacks: packed, lists are then read anew, as plain training reads them
    """
    if not pack:
        yield (
            lambda chosen: _step(model, [examples[i] for i in chosen], [targets[i] for i in chosen], loss, optimiser),
            lambda examples, targets: evaluate(model, examples, targets, loss),
        )
        return
    reader = _Reader(model, loss)
    program = autograd.pack(lambda x, t: reader.loss(model(x), t), params=model.parameters())
    known: dict[int, Any] = {}

    def arrays(examples: Sequence[Any], targets: Sequence[Any]) -> tuple[Any, Any]:
        if not _is_plain(examples, targets):
            return reader.read(*zip(*zip(examples, targets, strict=True), strict=True))  # in the order in which plain training asks
        if others or id(examples) not in known:
            known[id(examples)] = reader.read(examples, targets)
        return known[id(examples)]  # type: ignore[no-any-return]

    def step(chosen: list[int]) -> float:
        if once:
            return float(session(xs[chosen], ts[chosen]))
        return float(session(*reader.read([examples[i] for i in chosen], [targets[i] for i in chosen])))

    once = not others and _is_plain(examples, targets)
    if _is_plain(examples, targets):
        xs, ts = arrays(examples, targets)
    with program.training(optimiser) as session:
        yield step, lambda examples, targets: float(program(*arrays(examples, targets)).value)


def _is_plain(*sequences: Any) -> bool:
    """Whether they hold what they held, as long as nobody else's code runs: other sequences may augment what they are asked for."""
    return all(type(each) in (list, tuple) or type(each).__module__ == "numpy" for each in sequences)


class _Reader:
    """Examples and targets as arrays, as a packed loss takes them; and that loss, which depends on how the targets are written.

    classes  how many there are, once a target was the index of one
    floats   whether targets were floats: then those that are whole numbers are floats too
    """

    def __init__(self, model: Module, loss: Loss) -> None:
        self.model, self.given, self.classes, self.floats = model, loss, 0, False

    @property
    def loss(self) -> Loss:
        """Where classes are written by their index, the arrays have them one-hot."""
        return CLASSES[self.given] if self.classes else self.given

    def read(self, examples: Sequence[Any], targets: Sequence[Any]) -> tuple[Any, Any]:
        """Both as arrays."""
        import numpy as np

        xs, ts = np.asarray(_array(examples, "examples", "fit"), np.float64), _array(targets, "targets", "fit")
        if self.given in CLASSES and ts.ndim == 1 and ts.dtype.kind in "iu":
            if not self.classes:
                output = self.model(xs[0].tolist())
                self.classes = len(output) if isinstance(output, list) else 1
            for t in np.unique(ts).tolist():
                class_index(t, self.classes, "fit")
            ts = np.eye(self.classes)[ts]
        elif self.floats or self.given in NUMBERS or self.given in CLASSES:
            ts = ts.astype(np.float64)
        self.floats = ts.dtype.kind == "f"
        return xs, ts


def _array(rows: Any, what: str, asker: str) -> Any:
    """Rows of numbers as an array. What is no number is refused as a Value refuses it: NumPy would make 3 of "3", 1 of True and 2 of 2+5j.
    (A True among floats is past finding: NumPy makes it 1.0 at once.)
    """
    import numpy as np

    try:
        found = np.asarray(rows)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{asker} needs {what} of one shape to pack them: {error}") from None
    if found.dtype.kind in "fiu":
        return found
    found = np.asarray(rows, object)
    return np.array([as_float(x, f"numbers as {what}", asker) for x in found.flat], np.float64).reshape(found.shape)


def _state(optimiser: Optimiser) -> tuple[list[Value], list[float]]:
    """The parameters and their numbers: a callback may give the optimiser others."""
    parameters = [*optimiser.parameters]
    return parameters, numbers_of(parameters)


def _put_back(parameters: list[Value], numbers: list[float]) -> None:
    with lending, updating:
        put_numbers(parameters, numbers)


@recording()
def _step(model: Module, batch: list[Any], answers: list[Any], loss: Loss, optimiser: Optimiser) -> float:
    """One step of learning from a batch; its mean loss before the step."""
    optimiser.zero_grad()
    losses = []
    for x, t in zip(batch, answers, strict=True):
        error = loss(model(x), t)
        if not isinstance(error, Value):
            what = f"{given.shorten(error)} of type {type(error).__name__}"
            raise TypeError(f"the loss must be a Value, but is {what}: did float(), .data or a math function end the graph?")
        error.backward(1.0 / len(batch))  # the gradients of the mean add up, example by example
        losses.append(error.data)
    optimiser.step()
    return math.fsum(losses) / len(batch)


def evaluate(model: Module, examples: Sequence[Any], targets: Sequence[Any], loss: Loss) -> float:
    """The mean loss over the examples."""
    examples, targets = tabular(examples, targets)
    count = same_length(examples, targets, "evaluate")
    model_given(model, "evaluate"), given.function(loss, "evaluate", "a function as loss")
    losses = (as_operand(loss(model(x), t), "a loss that returns a number", "evaluate") for x, t in zip(examples, targets, strict=True))
    return math.fsum(map(float, losses)) / count


def predict(output: Any, threshold: float = 0.0) -> int:
    """The class that an output says: of a list, the index of the largest; of one number, 1 above the threshold, else 0.

    The threshold 0 is right for scores; probabilities want 0.5.
    """
    if isinstance(output, (list, tuple)):
        if not output:
            raise ValueError("predict needs a number for each class as output, but got an empty list")
        return max(range(len(output)), key=lambda k: float(as_operand(output[k], "numbers as output", "predict")))
    return int(float(as_operand(output, "a number, or a list, as output", "predict")) > number(threshold, "predict's threshold"))


def accuracy(model: Module, examples: Sequence[Any], targets: Sequence[Any], threshold: float = 0.0, *, pack: bool = False) -> float:
    """The share of examples whose class the model says rightly. Targets are classes; for one output, 0 or -1 and 1.

    pack   compute it as array operations (`autograd.pack`): for thousands of examples. A tie of two classes counts as right
    """
    model_given(model, "accuracy")
    examples, targets = tabular(examples, targets)
    count = same_length(examples, targets, "accuracy")
    threshold = number(threshold, "accuracy's threshold")
    if given.flag(pack, "pack", "accuracy"):
        return _packed_accuracy(model, examples, targets, threshold)
    right = 0
    for x, t in zip(examples, targets, strict=True):
        output = model(x)
        wanted = class_index(t, len(output), "accuracy") if isinstance(output, (list, tuple)) else _side(t)
        right += predict(output, threshold) == wanted
    return right / count


def _packed_accuracy(model: Module, examples: Sequence[Any], targets: Sequence[Any], threshold: float) -> float:
    """The mean over the examples of a number that is 1 where the class is right, and 0 where it is not."""
    output = model(as_list(examples[0]))
    classes = len(output) if isinstance(output, (list, tuple)) else 0

    def right(x: Any, t: Any) -> Any:
        z = model(x)
        if classes:
            return 1.0 - heaviside(reduce(maximum, z) - dot(t, z))  # none is above the wanted one
        return 1.0 - abs(heaviside(z - threshold) - t)

    program = autograd.pack(right, params=model.parameters())
    import numpy as np  # where there is none, the line above says so

    wanted = [class_index(t, classes, "accuracy") if classes else _side(t) for t in targets]
    answers = np.eye(classes)[wanted] if classes else np.array(wanted, np.float64)
    return float(program(np.asarray(_array(examples, "examples", "accuracy"), np.float64), answers).value)


def _side(t: Any) -> int:
    """The class that a target says, for one output: 1, or 0 which may be written -1."""
    if number(t, "accuracy's class") not in (-1.0, 0.0, 1.0):
        raise IndexError(f"accuracy has the classes 0 (or -1) and 1 for one output, but got class {t}")
    return int(float(t) > 0.0)


@contextmanager
def _bar(total: int, progress: bool | None) -> Iterator[Callable[[str], None]]:
    """A progress bar on standard error: `tick(text)` moves it on by one step."""
    if progress is False:
        yield lambda text: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        if progress:
            raise MissingExtraError("a progress bar needs tqdm: pip install 'glassgrad[train]'") from None
        tqdm = None
    if tqdm is None:
        yield lambda text: None
        return
    disable, delay = (False, 0.0) if progress else (None, 1.0)  # tqdm's None means: off where there is no terminal
    with tqdm(total=total, disable=disable, delay=delay, leave=False, unit=" steps") as bar:

        def tick(text: str) -> None:
            bar.set_postfix_str(text, refresh=False)
            bar.update()

        yield tick
