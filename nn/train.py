"""Training: the loop that everybody writes, once and readably. And what it leaves behind: a History."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from autograd import DivisionByZeroError, DomainError, GradientError, MissingExtraError, RangeError, Value, given
from autograd.numbers import as_float
from autograd.process import lending, updating

from .data import index_batches, same_length, tabular
from .init import generator
from .judging import accuracy
from .layers import size
from .losses import right_class
from .module import Module, model_given, number, numbers_of, put_numbers
from .optim import Optimiser, optimiser_given
from .steps import Learning, stepping

Loss = Callable[[Any, Any], Any]
Metric = Callable[[Module, Sequence[Any], Sequence[Any]], float]


@dataclass
class Epoch:
    """One pass over the examples.

    number      from 1 on
    loss        the mean over the examples, each at the parameters of its own step
    validation  the mean loss over the validation set after the epoch; None without one
    metric      the metric after the epoch, of the validation set if there is one; None without a metric
    rate        the learning rate of its last step
    """

    number: int
    loss: float
    validation: float | None = None
    metric: float | None = None
    rate: float | None = None

    def __str__(self) -> str:
        parts = [f"epoch {self.number}: loss {self.loss:.6f}"]
        parts += [f"validation {self.validation:.6f}"] if self.validation is not None else []
        parts += [f"metric {self.metric:.4f}"] if self.metric is not None else []
        return ", ".join(parts)


@dataclass
class History:
    """What happened.

    losses       the mean loss of every step's batch, before its update
    epochs       an Epoch for each that was finished
    stopped      why it ended before its time; "" if it did not
    rates        the learning rate of every step; where the optimiser has groups of parameters, the first one's
    group_rates  the rates of all groups in every step
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    stopped: str = ""
    rates: list[float] = field(default_factory=list)
    group_rates: list[tuple[float, ...]] = field(default_factory=list)


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
    sample_weight: Sequence[float] | None = None,
    class_weight: Mapping[int, float] | Sequence[float] | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    restore_best: bool = False,
    pack: bool = False,
    executor: Executor | None = None,
    shard: int | None = None,
    native: bool | Literal["auto"] = False,
) -> History:
    """Train the model and return the History: for every batch the mean gradient, then one step of the optimiser.

    loss           a function of one example's output and target, such as `cross_entropy`. Each example's graph is used and dropped
                   before the next is made, so memory is one example's, whatever the batch
    optimiser      of the model's parameters, all or some: those it does not hold stay as they are
    epochs         how often it goes through all examples, from 1 on
    batch_size     examples a step: None for all (gradient descent), 1 for stochastic, or between (mini-batch)
    rng            shuffles the examples anew for every epoch: a generator or a seed; None keeps their order
    validation     examples and targets that are not learnt from, looked at after every epoch
    metric         such as `accuracy`: a function of the model, examples and targets
    patience       end after so many epochs without a lower loss (of validation, if there is one), with the best epoch's parameters
    callbacks      called with the History after every epoch; one that returns True ends the training
    progress       a bar (extra `train`): True, False, or None for one on a terminal if it takes longer than a second
    sample_weight  a number for each example, from 0 on: its loss is multiplied by it. The mean stays one over the number of examples
    class_weight   the same by class: a number for each, in a list or a dict of some (the others have 1)
    clip_norm      how long a step's gradient may be: a longer one is scaled, as by `clip_grad_norm`
    clip_value     how large each number of it may be, after that, as by `clip_grad_value`
    restore_best   whether the parameters are those of the best epoch in the end, by the validation's loss if there is one
    pack           train the same network as array operations (`autograd.pack`, extra `pack`), some hundred times faster; the numbers differ
                   by rounding alone, and what it takes and refuses is the same. Validation, `accuracy` and `evaluate` are array
                   operations then, too. What makes it slow is said in docs/cliffs.md. Lists are read once if there are neither callbacks
                   nor a metric of your own, which may change them; else, and from sequences of another class, each batch is read when it
                   is its turn
    executor       with pack: where shards of each batch are computed, with `shard` examples each, as for a packed program
    native         with pack: whether steps run as C that the machine's compiler builds, as for `autograd.pack`; "auto" if there is one

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
    restore_best = given.flag(restore_best, "restore_best", "fit")
    keeps = restore_best or patience is not None
    if executor is not None and not pack:
        raise ValueError("fit computes with an executor where pack=True alone")
    given.choice(native, (False, True, "auto"), "native")
    if native and not pack:
        raise ValueError("fit runs as C where pack=True alone")
    weights = _weights(sample_weight, class_weight, targets)
    clip_norm, clip_value = _limit(clip_norm, "clip_norm"), _limit(clip_value, "clip_value")
    learning = Learning(model, loss, optimiser, weights, clip_norm, clip_value, executor, shard, native)
    history = History()
    best, best_epoch, best_state = math.inf, 0, _state(optimiser) if keeps else None

    try:
        model.train()
        with (
            stepping(learning, examples, targets, pack, bool(callbacks or metric not in (None, accuracy))) as (step, mean_loss),
            _bar(epochs * -(-count // batch_size), progress) as tick,
        ):
            for turn in range(1, epochs + 1):
                total = 0.0
                for chosen in index_batches(count, batch_size, shuffler):
                    rate, *_ = rates = optimiser.rates
                    batch_loss = step(chosen)
                    history.losses.append(batch_loss)
                    history.rates.append(rate)
                    history.group_rates.append(rates)
                    total += batch_loss * len(chosen)
                    tick(f"epoch {turn}, loss {batch_loss:.4g}")
                epoch = Epoch(turn, total / count, rate=rate)
                model.eval()
                if validation is not None:
                    epoch.validation = mean_loss(*validation)
                if metric is not None:
                    epoch.metric = as_float(metric(model, *(validation or (examples, targets))), "a metric that returns a number", "fit")
                model.train()
                history.epochs.append(epoch)
                now = epoch.loss if epoch.validation is None else epoch.validation
                if now < best:
                    best, best_epoch, best_state = now, turn, _state(optimiser) if keeps else None
                asked = [callback(history) is True for callback in callbacks]  # all of them are called
                if any(asked):
                    history.stopped = f"a callback asked for it after epoch {turn}"
                elif patience is not None and turn - best_epoch >= patience:
                    restore_best = True
                    history.stopped = f"no lower loss for {patience} epochs; the parameters are those after epoch {best_epoch}"
                if history.stopped:
                    break
            if restore_best and best_state is not None and best_epoch < turn:
                _put_back(*best_state)
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


def _limit(x: Any, what: str) -> float | None:
    return None if x is None else _from_zero(x, f"fit's {what}")


def _weights(by_example: Any, by_class: Any, targets: Sequence[Any]) -> list[float] | None:
    """The weight of each example; None where all have 1."""
    if by_example is None and by_class is None:
        return None
    found = [1.0] * len(targets)
    if by_example is not None:
        given.items(by_example, "a list of numbers as sample_weight", "fit")
        if not hasattr(by_example, "__len__"):
            raise given.wrong("fit", "a list of numbers as sample_weight", by_example)
        if len(by_example) != len(targets):
            raise ValueError(f"fit needs a weight for every example, but got {len(targets)} examples and {len(by_example)} weights")
        found = [_from_zero(w, f"sample_weight[{i}]") for i, w in enumerate(by_example)]
    if by_class is not None:
        if not hasattr(by_class, "__len__"):
            raise given.wrong("fit", "a list, or a dict, of numbers as class_weight", by_class)
        some = isinstance(by_class, Mapping)
        weights = by_class if some else dict(enumerate(given.items(by_class, "a list, or a dict, of numbers as class_weight", "fit")))
        for i, t in enumerate(targets):
            known = _class(t)
            if not some and known not in weights:
                raise ValueError(
                    f"fit's class_weight needs a weight for every class, but got {len(weights)}, and target {i} is of class {known}: a dict"
                    " has weights for some"
                )
            found[i] *= _from_zero(weights.get(known, 1.0), f"class_weight[{known}]")
    return found


def _class(t: Any) -> int:
    """The class that a target says, for its weight."""
    if hasattr(t, "__len__") and not isinstance(t, str):
        return right_class(t, len(t), "fit's class_weight")
    x = number(t, "fit's class_weight, a target,")
    if not x.is_integer():
        raise ValueError(f"fit's class_weight needs classes as targets, but got {x}")
    return int(x)


def _from_zero(x: Any, what: str) -> float:
    found: float = number(x, what)
    if found < 0.0:
        raise ValueError(f"{what} needs a number from 0 on, but is {found}")
    return found


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


def _state(optimiser: Optimiser) -> tuple[list[Value], list[float]]:
    """The parameters and their numbers: a callback may give the optimiser others."""
    parameters = [*optimiser.parameters]
    return parameters, numbers_of(parameters)


def _put_back(parameters: list[Value], numbers: list[float]) -> None:
    with lending, updating:
        put_numbers(parameters, numbers)


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
