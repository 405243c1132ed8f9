"""The command line: `python -m nn train moons|digits|mnist`, also reached as `python -m autograd train …`; and `python -m nn why`.

Exit codes: 0 all is well, 1 the training failed, 2 the command line was wrong, 130 interrupted (and what was learned is saved).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from autograd import AutogradError, files

from . import data
from .examples import why_backpropagation
from .judging import accuracy
from .layers import MLP
from .losses import binary_cross_entropy_with_logits, cross_entropy
from .optim import Adam, linear_decay
from .save import MODEL, load_model, save_model
from .train import History, Loss, fit

Set = tuple[Sequence[Any], Sequence[int]]


@dataclass(frozen=True)
class Plan:
    """What a data set is trained with, unless the command line says otherwise."""

    about: str
    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch: int
    rate: float
    examples: int
    packed: tuple[int, int, float] = (0, 0, 0.0)
    """Epochs, batch and rate with --pack, which has all examples."""


PLANS = {
    "moons": Plan("two half circles that reach into one another, made here", (16, 16), "relu", 20, 10, 0.02, 200, (100, 10, 0.02)),
    "digits": Plan("scikit-learn's 8 × 8 digits (extra data); about a minute", (32,), "relu", 2, 4, 0.01, 10_000, (60, 64, 0.003)),
    "mnist": Plan("28 × 28 digits from IDX files; a subset, in minutes", (100,), "sigmoid", 3, 10, 0.02, 500, (20, 64, 0.003)),
}


def main(argv: Sequence[str] | None = None, prog: str = "python -m nn") -> int:
    """Run one command and return its exit code. What goes wrong is said in a message, never in a traceback."""
    try:
        options = _parser(prog).parse_args(sys.argv[1:] if argv is None else argv)
        if "set" in options:
            return _train(options)
        for line in why_backpropagation.report(options.data, options.images):
            print(line, flush=True)
        return 0
    except SystemExit as stop:  # argparse has said what there is to say
        return stop.code if isinstance(stop.code, int) else 0
    except (AutogradError, ValueError, OSError) as error:
        sys.stdout.flush()
        print(f"{prog}: error: {error}", file=sys.stderr)
        return 1


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Networks of Values that learn.", allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    summary = "train a network, print how it goes, and save it"
    train = commands.add_parser(
        "train",
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="data sets: " + "; ".join(f"{name}, {plan.about}" for name, plan in PLANS.items()),
        allow_abbrev=False,
    )
    train.set_defaults(parser=train)
    train.add_argument("set", choices=PLANS, help="what to learn from")
    train.add_argument("--data", type=Path, metavar="DIR", help="mnist: the folder of its IDX files, plain or .gz")
    train.add_argument("--examples", type=_count, metavar="N", help="how many examples to learn from")
    train.add_argument("--hidden", type=_count, metavar="N", nargs="+", help="the sizes of the hidden layers")
    train.add_argument("--epochs", type=_count, metavar="N", help="how often to go through the examples")
    train.add_argument("--batch", type=_count, metavar="N", help="examples an update")
    train.add_argument("--rate", type=_rate, metavar="η", help="Adam's learning rate at the start; it falls to a tenth")
    train.add_argument(
        "--pack", action="store_true", help="compute with arrays (extra pack): some hundred times faster, all examples, more epochs"
    )
    train.add_argument("--seed", type=int, metavar="N", default=0, help="for weights, shuffles and made data (0 unless given)")
    train.add_argument("--from", type=Path, metavar="FILE", dest="start", help="a saved model of the same sizes to go on from")
    train.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to save the model (glassgrad-SET.json unless given)")
    summary = "why backpropagation at all: the lecture's 123.8 hours, and the same gradient here (extra pack)"
    why = commands.add_parser("why", help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False)
    why.add_argument("--data", type=Path, metavar="DIR", help="the folder of MNIST's IDX files; images made up without it")
    why.add_argument("--images", type=_count, metavar="N", default=why_backpropagation.IMAGES, help="how many (60000 unless given)")
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:8]) < 10**7):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number such as 10")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no learning rate; write a number such as 0.01")
    return rate


def _sets(name: str, folder: Path | None, count: int, seed: int, pack: bool) -> tuple[Set, Set, int, int]:
    """What to learn from and what to test on; then how many examples there are to choose from, and how many classes."""
    if name == "moons":
        return data.moons(count, rng=seed), data.moons(200, rng=seed + 1), count, 1
    training: Set
    test: Set
    if name == "digits":
        training, test = data.split(*data.digits(), rng=0)
    else:
        assert folder is not None
        training = data.mnist(folder, "train")
        images, labels = data.mnist(folder, "test")
        test = (images, labels) if pack else (images[:200], labels[:200])
    available = len(training[1])
    if pack and count >= available:
        return training, test, available, 10
    chosen = Random(seed).sample(range(available), min(count, available))
    return ([training[0][i] for i in chosen], [training[1][i] for i in chosen]), test, available, 10


def _train(options: argparse.Namespace) -> int:
    name: str = options.set
    if (name == "mnist") != (options.data is not None):
        options.parser.error("mnist needs --data DIR, the folder of its files" if name == "mnist" else f"--data is for mnist, not {name}")
    plan = PLANS[name]
    output: Path = options.output or Path(f"glassgrad-{name}.json")
    if not output.parent.is_dir():
        options.parser.error(f"there is no folder {output.parent} to save in")
    files.place(output, MODEL)  # before the work, not after it
    try:
        training, test, available, classes = _sets(
            name,
            options.data,
            options.examples or (10**7 if options.pack and name != "moons" else plan.examples),
            options.seed,
            options.pack,
        )
    except IndexError as error:  # a class in a file that is none
        raise ValueError(str(error)) from None
    hidden = options.hidden or plan.hidden
    model = MLP(len(training[0][0]), [*hidden, classes], plan.activation, rng=options.seed)
    if options.start is not None:
        load_model(options.start, model)
    loss: Loss = binary_cross_entropy_with_logits if classes == 1 else cross_entropy
    count = len(training[1])
    print(repr(model))
    print(
        f"\n{name}: learning from {count}{f' of {available}' if count < available else ''} examples, testing on {len(test[1])}\n",
        flush=True,
    )

    usual = plan.packed if options.pack else (plan.epochs, plan.batch, plan.rate)
    epochs, batch, rate = options.epochs or usual[0], options.batch or usual[1], options.rate or usual[2]
    metric = partial(accuracy, pack=options.pack)
    steps = epochs * -(-count // batch)

    def report(history: History) -> None:
        print(history.epochs[-1], flush=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a divergence is told below
        history = fit(
            model,
            *training,
            loss,
            Adam(model.parameters(), lr=linear_decay(rate, rate / 10.0, steps)),
            epochs=epochs,
            batch_size=batch,
            rng=options.seed,
            validation=test,
            metric=metric,
            callbacks=[report],
            pack=options.pack,
        )
    if history.stopped.startswith("diverged"):
        print(f"{options.parser.prog}: error: training {history.stopped}; try a smaller --rate. Nothing was saved.", file=sys.stderr)
        return 1
    save_model(output, model)
    print(f"\nTest accuracy {100.0 * metric(model, *test):.1f} %. The model is saved in {output}")
    if history.stopped:
        print(f"{options.parser.prog}: {history.stopped}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
