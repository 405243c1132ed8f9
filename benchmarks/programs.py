"""Generated source against the same program written by hand; what recording a function costs over computing it, and packing it.

Times that are compared are of one process: there is no other engine here whose garbage could be charged to ours.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any

from autograd import Value
from autograd.examples import two_two_one
from autograd.floats import sigmoid
from autograd.graph import topological
from autograd.program import compile as compiled

from .contenders import ARRAYS
from .report import WITHOUT_NUMPY, Figure, Section, Spread, seconds, significant, spread
from .worker import Worker
from .workloads import SEED, network, two_moons

if TYPE_CHECKING:
    from .measures import Settings

Gradients = tuple[float, tuple[float, ...]]


def by_hand(
    y: float, x1: float, w1: float, x2: float, w3: float, w5: float, w2: float, w4: float, w6: float
) -> Gradients:  # fmt: skip
    """The 2-2-1 network's loss and gradients as a person writes them, with the accurate form of sigmoid and of its derivative."""
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    h1 = sigmoid(z1)
    h2 = sigmoid(z2)
    z3 = h1 * w5 + h2 * w6
    o = sigmoid(z3)
    e = y - o
    dy = 2.0 * e
    d3 = -dy * (o * sigmoid(-z3))
    d1 = d3 * w5 * (h1 * sigmoid(-z1))
    d2 = d3 * w6 * (h2 * sigmoid(-z2))
    return e**2, (dy, d1 * w1 + d2 * w2, d1 * x1, d1 * w3 + d2 * w4, d1 * x2, d3 * h1, d2 * x1, d2 * x2, d3 * h2)


NUMBERS = (1.0, 0.5, 0.7, 0.3, 0.4, 0.55, 0.3, 0.6, 0.45)
"""The lecture's, in the order of the arguments above."""


def generated() -> Callable[..., Gradients]:
    """The network's generated source, executed: exactly what a person gets who saves and imports it."""
    namespace: dict[str, Any] = {}
    exec(compiled(two_two_one.build()).source(), namespace)
    function: Callable[..., Gradients] = namespace["value_and_gradients"]
    return function


def margin_loss(examples: int) -> tuple[list[Value], Callable[[], Any]]:
    """The parameters of a 2-16-16-1 relu network, and its loss on so many examples, whose coordinates are plain numbers."""
    rng = random.Random(SEED)
    points, sides = two_moons(examples, rng)
    parameters, score = network(Value, (2, 16, 16, 1), rng, last=False)

    def forward() -> Any:
        return sum((1.0 + -side * score(point)).relu() for point, side in zip(points, sides, strict=True)) * (1.0 / examples)

    return parameters, forward


def timed(function: Callable[[], Any]) -> float:
    """Seconds of one call; what it returns is freed outside the clock."""
    gc.collect()
    start = perf_counter()
    kept = function()
    spent = perf_counter() - start
    del kept
    return spent


def programs(settings: Settings, number: int = 20_000, examples: int = 85) -> Section:
    """Both measurements as one table."""
    made = generated()
    if made(*NUMBERS) != by_hand(*NUMBERS):
        from .measures import DisagreementError

        raise DisagreementError(f"the generated source and the program by hand differ: {made(*NUMBERS)} and {by_hand(*NUMBERS)}")
    parameters, forward = margin_loss(examples)
    nodes = len(topological(forward()))

    def repeat(function: Callable[..., Any]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(number):
                function(*NUMBERS)

        return run

    numbers = [parameter.data for parameter in parameters]
    program = compiled(forward, params=parameters, verify=False)

    def record() -> Any:
        return program.record((tuple, ()), numbers)

    races: dict[str, tuple[str, Callable[[], Any], str, Callable[[], Any], int]] = {
        "2-2-1, one step": ("generated source", repeat(made), "by hand", repeat(by_hand), number),
        f"{nodes:,} nodes": ("recorded", record, "computed eagerly", forward, 1),
    }
    section = Section(
        "source", "programs: generated against written by hand, recorded against computed", ["what", "who", "median", "ratio", "quartiles"]
    )
    section.unit = "times the other"
    section.notes.append("the generated source and the program by hand have the same bits")
    section.data = {}
    for what, (name, ours, other, theirs, count) in races.items():
        spent: dict[str, list[float]] = {name: [], other: []}
        for i in range(settings.repetitions):
            settings.progress(f"source: {what}, repetition {i + 1} of {settings.repetitions}")
            spent[name].append(timed(ours) / count)
            spent[other].append(timed(theirs) / count)
        ratio = Spread.of([mine / yours for mine, yours in zip(spent[name], spent[other], strict=True)])
        section.rows.append([what, name, seconds(Spread.of(spent[name]).median), significant(ratio.median), spread(ratio)])
        section.rows.append([what, other, seconds(Spread.of(spent[other]).median), "1", ""])
        section.bars[f"{name}, {what}"] = ratio
        measured = f"{significant(ratio.median)}× ({spread(ratio)})"
        section.figures.append(Figure(f"source: {what}, {name} ÷ {other}", "≤ 1.5×", measured, ratio.median <= 1.5))
        section.data[what] = spent
    return section


def recordings(settings: Settings, sizes: tuple[int, ...] = (784, 100, 10)) -> Section:
    """The first call of a packed network with one example: it is recorded, packed and run; each time in a fresh process."""
    section = Section(
        "recording",
        "a network's program recorded and packed, from one example",
        ["network", "function run", "nodes", "first call", "quartiles", "a node", "bytes a node, at the peak"],
    )
    section.unit = "ms"
    section.data = {}
    name = "-".join(map(str, sizes))
    if find_spec("numpy") is None:
        section.notes.append(WITHOUT_NUMPY)
        return section

    def first(verify: bool, memory: bool) -> Any:
        with Worker(ARRAYS["packed"], "mnist", {"count": 1, "sizes": sizes}) as worker:
            return worker.ask("first", verify=verify, memory=memory)

    for verify in (False, True):
        way = "twice, to compare" if verify else "once"
        answers = []
        for i in range(settings.repetitions):
            settings.progress(f"recording: {name}, {way}, repetition {i + 1} of {settings.repetitions}")
            answers.append(first(verify, False))
        nodes = answers[0]["nodes"]
        peak = first(verify, True)["peak"] / nodes
        took = Spread.of([answer["seconds"] for answer in answers])
        section.rows.append(
            [name, way, f"{nodes:,}", seconds(took.median), spread(took, seconds), seconds(took.median / nodes), f"{peak:.0f}"]
        )
        section.bars[f"{name}, {way}"] = took / 1e-3
        section.data[way] = {"answers": answers, "peak": peak}
        if not verify:
            measured = f"{seconds(took.median)} ({spread(took, seconds)})"
            section.figures.append(Figure(f"recording: {nodes:,} nodes recorded and packed", "< 1 s", measured, took.median < 1.0))
            section.figures.append(Figure("recording: bytes a node at the peak", "≤ 600", f"{peak:.0f}", peak <= 600))
    section.notes.append("run twice: by default, what the function does is compared with what it does again; verify=False leaves that out")
    section.notes.append("bytes: by tracemalloc, in a run of its own")
    return section
