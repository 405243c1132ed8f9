"""How each workload is measured: a race between contenders, or our engine against a limit.

Machines are noisy, so a figure counts as a ratio to a peer in the same run. Repetitions alternate between the contenders
(A B A B), each in a process of its own; `gc.collect()` runs outside the clock before every timed run, and the collector's
settings stay as Python ships them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from autograd import compiler

from . import peers
from .contenders import ARRAYS, CONTENDERS, Contender
from .peers import environment
from .programs import programs, recordings
from .report import WITHOUT_NUMPY, Figure, Section, Spread, seconds, significant, spread
from .worker import REPOSITORY, Worker

TOLERANCE = 1e-10
"""How far two contenders' gradients may lie apart, relative to the largest: they round in different places."""


@dataclass
class Settings:
    """What the command line chose. `progress(text)` shows how far a long measurement is; `peers` says whether any may be installed."""

    contenders: list[Contender]
    repetitions: int
    quick: bool
    progress: Callable[[str], None]
    peers: bool = True


class DisagreementError(Exception):
    """Contenders compute different gradients: nothing is timed."""


def agree(checks: dict[str, dict[str, Any]]) -> float:
    """The largest difference between the contenders' outputs and gradients, relative to the largest; the first is the yardstick.

    DisagreementError: it exceeds TOLERANCE.
    """
    (first, yardstick), *others = checks.items()
    worst = 0.0
    for name, check in others:
        for what in ("output", "gradients"):
            wanted, got = ([c[what]] if what == "output" else c[what] for c in (yardstick, check))
            scale = max(map(abs, wanted)) or 1.0
            for a, b in zip(wanted, got, strict=True):
                apart = abs(a - b) / scale
                if not apart <= TOLERANCE:  # so that NaN fails
                    raise DisagreementError(
                        f"{first} and {name} differ in their {what}: {a!r} and {b!r}, {apart:.3g} of the largest (allowed: {TOLERANCE:g})"
                    )
                worst = max(worst, apart)
    return worst


def agreement(apart: float) -> str:
    """What `agree` found, in words."""
    return f"all gradients agree: they differ by at most {apart:.1e} of the largest (allowed: {TOLERANCE:g})"


def race(name: str, sizes: dict[str, Any], contenders: list[Contender], settings: Settings, number: int = 1) -> tuple[Any, Any, float]:
    """What each contender said to `check` and, in alternating repetitions, to `run`; and how far their gradients lie apart."""
    with ExitStack() as stack:
        workers = {}
        checks = {}
        for contender in contenders:
            settings.progress(f"{name}: {contender.name} checks its gradients")
            workers[contender.name] = stack.enter_context(Worker(contender, name, sizes))
            checks[contender.name] = workers[contender.name].ask("check")
        apart = agree(checks)
        runs: dict[str, list[dict[str, float]]] = {who: [] for who in workers}
        for i in range(settings.repetitions):
            for who, worker in workers.items():
                settings.progress(f"{name}: repetition {i + 1} of {settings.repetitions}, {who}")
                runs[who].append(worker.ask("run", number=number))
    return checks, runs, apart


def eager(settings: Settings, name: str, title: str, targets: dict[str, float], number: int = 1) -> Section:
    """A race of all contenders, forward and backward; `targets` says how many times faster than each peer we mean to be."""
    checks, runs, apart = race(name, {}, settings.contenders, settings, number)
    section = Section(name, title, ["contender", "nodes", "forward", "backward", "both", "quartiles", "÷ ours", "quartiles"])
    section.notes.append(agreement(apart))
    section.unit = "ms, forward + backward"
    ours = [run["forward"] + run["backward"] for run in runs["ours"]]
    ratios: dict[str, Spread] = {}
    for contender, own in runs.items():
        both = [run["forward"] + run["backward"] for run in own]
        total = Spread.of(both)
        ratios[contender] = ratio = Spread.of([theirs / mine for theirs, mine in zip(both, ours, strict=True)])
        stages = [seconds(Spread.of([run[stage] for run in own]).median) for stage in ("forward", "backward")]
        row = [contender, f"{checks[contender]['nodes']:,}", *stages, seconds(total.median), spread(total, seconds)]
        section.rows.append([*row, significant(ratio.median), spread(ratio)] if contender != "ours" else [*row, "1", ""])
        section.bars[contender] = total / 1e-3
    for peer, factor in targets.items():
        got = ratios.get(peer)
        text = f"{significant(got.median)}× ({spread(got)})" if got else "–"
        met = got.median >= factor if got else None
        section.figures.append(Figure(f"{name}: times faster than {peer}", f"≥ {factor:g}×", text, met))
    section.data = {"runs": runs, "nodes": {contender: check["nodes"] for contender, check in checks.items()}, "apart": apart}
    return section


@dataclass(frozen=True)
class Packable:
    """A workload that is packed.

    workload  its name, and `sizes`
    scalars   who else computes it, a node for each number
    faster    how many times faster than each of these we mean to be, and
    within    how many times their time we may take,
    what      by "gradients" (with the loss), or by a training "step"
    large     whether a quick run leaves it out
    """

    workload: str
    sizes: dict[str, Any]
    scalars: tuple[str, ...] = ()
    faster: dict[str, float] = field(default_factory=dict)
    within: dict[str, float] = field(default_factory=dict)
    what: str = "gradients"
    large: bool = False


PACKABLE = {
    "moons": Packable("moons", {}, ("slots",), {"torch": 1.8}, {"numpy": 2.0}, "step"),
    "digits, 64": Packable("digits", {}),
    "mnist-shape, 64": Packable("mnist", {}, faster={"torch": 1.0}),
    "mnist-shape, 60,000": Packable("mnist", {"count": 60_000, "steps": 1}, faster={"torch": 1.0}, within={"numpy": 1.15}, large=True),
    "gpt": Packable("gpt", {}, ("slots",), {"slots": 300.0}),
}


def packed(settings: Settings, workloads: dict[str, Packable] = PACKABLE) -> Section:
    """Gradients and training steps on whole batches: packed, by hand in NumPy, in PyTorch, in JAX, and where it is small enough with
    microgpt's nodes.
    """
    columns = ["÷ packed", "quartiles"]
    section = Section("packed", "whole batches, in float64", ["workload", "who", "gradients", *columns, "a step", *columns])
    section.unit = "times the packed program's time"
    section.data = {}
    section.notes += [f"{contender.name}: {contender.title}" for contender in ARRAYS.values()]
    section.notes.append(
        "gradients: the loss and all gradients; a step: that and plain gradient descent; all parameters stay in arrays or tensors"
    )
    if find_spec("numpy") is None:
        section.notes = [WITHOUT_NUMPY]
        return section
    absent = {} if compiler.find() else {"native": "no C compiler"}
    for who, contender in ARRAYS.items():
        if contender.requires:
            settings.progress(f"setting up {who} in {peers.ROOT / who}")
            try:
                if not settings.peers:
                    raise peers.PeerError("left out")
                peers.set_up(contender)
            except peers.PeerError as error:
                absent[who] = str(error).splitlines()[0]
    apart = 0.0
    for name, this in workloads.items():
        if this.large and settings.quick:
            continue
        out = {**absent, **({"native": "one thread: too slow here"} if this.large else {})}
        present = [c for c in ARRAYS.values() if c.name not in out] + [CONTENDERS[scalar] for scalar in this.scalars]
        _, runs, distance = race(this.workload, this.sizes, present, settings)
        apart = max(apart, distance)
        rows = {who: [name, who] for who in runs}
        ratios = {}
        for what in ("gradients", "step"):
            times = {who: [run[what] if what in run else run["forward"] + run["backward"] for run in own] for who, own in runs.items()}
            for who, own in times.items():
                ratio = Spread.of([theirs / ours for theirs, ours in zip(own, times["packed"], strict=True)])
                compared = [significant(ratio.median), spread(ratio)] if who != "packed" else ["1", ""]
                rows[who] += [seconds(Spread.of(own).median), *compared]
                if what == this.what:
                    ratios[who] = ratio
                    if who in ARRAYS and who != "packed":
                        section.bars[f"{who}, {name}"] = ratio
        section.rows += rows.values()
        section.rows += [[name, who, "–", "–", why, "–", "–", ""] for who, why in out.items()]
        for peer, factor in this.faster.items():
            got = ratios.get(peer)
            text = f"{significant(got.median)}× ({spread(got)})" if got else "–"
            met = got.median >= factor if got else None
            section.figures.append(Figure(f"packed: {name}, {this.what}, times faster than {peer}", f"≥ {factor:g}×", text, met))
        for peer, factor in this.within.items():
            got = ratios[peer]
            got = Spread(1.0 / got.median, 1.0 / got.high, 1.0 / got.low)
            text = f"{significant(got.median)}× ({spread(got)})"
            section.figures.append(Figure(f"packed: {name}, {this.what}, time ÷ {peer}'s", f"≤ {factor:g}×", text, got.median <= factor))
        section.data[name] = runs
    section.notes.append("slots: forward and backward, on moons a whole step")
    section.notes.append(agreement(apart))
    return section


def scaling(settings: Settings, name: str, title: str, lengths: tuple[int, ...], limit: float | None = None) -> Section:
    """A race on one shape of graph at several sizes: built, differentiated, dropped; `limit` is the time a node may take.

    A step makes one node with us, and two where a constant is a node."""
    section = Section(name, title, ["nodes", "contender", "forward", "backward", "drop", "a step", "quartiles", "÷ ours"])
    section.unit = "µs a step"
    section.data = {}
    scalars = [contender for contender in settings.contenders if contender.name in ("ours", "slots")]
    ours: dict[int, Spread] = {}  # a step, which makes one node, at each length
    apart = 0.0
    for length in lengths[:-1] if settings.quick and len(lengths) > 1 else lengths:
        checks, runs, distance = race(name, {"length": length}, scalars, settings, number=max(1, 50_000 // length))
        apart = max(apart, distance)
        section.data[length] = runs
        whole = {contender: [sum(run.values()) for run in own] for contender, own in runs.items()}
        for contender, own in runs.items():
            nodes = checks[contender]["nodes"]
            a_step = Spread.of([total / length for total in whole[contender]])
            if contender == "ours":
                ours[length] = a_step
            stages = [seconds(Spread.of([run[stage] for run in own]).median) for stage in ("forward", "backward", "drop")]
            ratio = Spread.of([theirs / mine for theirs, mine in zip(whole[contender], whole["ours"], strict=True)])
            row = [f"{nodes:,}", contender, *stages, seconds(a_step.median), spread(a_step, seconds)]
            section.rows.append([*row, significant(ratio.median) if contender != "ours" else "1"])
            section.bars[f"{contender} {length:,}"] = a_step / 1e-6
    settings.progress(f"{name}: counting visits")
    with Worker(CONTENDERS["ours"], name, {"length": max(ours)}) as worker:
        seen = worker.ask("visits")
    exact = seen["visits"] == seen["nodes"] + seen["edges"]
    counted = f"{seen['visits']:,} for {seen['nodes']:,} + {seen['edges']:,}"
    section.notes.append(agreement(apart))
    section.notes.append(f"to find the order of {seen['nodes']:,} nodes, {seen['looks']:,} operands were looked at")
    section.figures.append(Figure(f"{name}: visits of the sweep", "nodes + edges", counted, exact))
    if limit is not None:
        (small, first), *_, (large, last) = ours.items()
        text = f"{seconds(last.median)} ({spread(last, seconds)})"
        section.figures.append(Figure(f"{name}: {large:,} nodes, time a node", f"≤ {seconds(limit)}", text, last.median <= limit))
        growth = last.median / first.median
        what = f"{name}: time a node, {large:,} nodes ÷ {small:,}"
        section.figures.append(Figure(what, "≤ 3×", f"{significant(growth)}×", growth <= 3.0))
    return section


def graphs(settings: Settings) -> Section:
    """`gradient(output, leaves)`, which makes a graph that can be differentiated again, against `backward()`, which makes numbers."""
    section = Section(
        "gradient",
        "the gradient as a graph, against backward() on the same graph",
        ["network", "nodes", "nodes made", "backward", "gradient", "÷ backward", "quartiles"],
    )
    section.unit = "times backward()"
    section.data = {}
    networks: tuple[tuple[str, str, dict[str, Any], int], ...] = (
        ("small network", "picture", {"sizes": (2, 16, 16, 1)}, 50),
        ("gpt", "gpt", {}, 1),
        ("moons", "moons", {}, 1),
    )
    for name, workload, sizes, number in networks:
        with Worker(CONTENDERS["ours"], workload, sizes) as worker:
            runs: list[dict[str, Any]] = []
            for i in range(settings.repetitions):
                settings.progress(f"gradient: {name}, repetition {i + 1} of {settings.repetitions}")
                runs.append(worker.ask("gradients", number=number))
        if not all(run["same"] for run in runs):
            raise DisagreementError(f"gradient() and backward() differ in their numbers on {name}")
        section.data[name] = runs
        times = [seconds(Spread.of([run[way] for run in runs]).median) for way in ("backward", "gradient")]
        ratio = Spread.of([run["gradient"] / run["backward"] for run in runs])
        section.rows.append([name, f"{runs[0]['nodes']:,}", f"{runs[0]['made']:,}", *times, significant(ratio.median), spread(ratio)])
        section.bars[name] = ratio
        measured = f"{significant(ratio.median)}× ({spread(ratio)})"
        section.figures.append(Figure(f"gradient: {name}, as a graph ÷ backward()", "≤ 6×", measured, ratio.median <= 6.0))
    section.notes.append("gradient() and backward() give the same numbers, bit for bit")
    return section


def memory(settings: Settings) -> Section:
    """Bytes a node, as tracemalloc counts them, for every contender on the larger workloads."""
    section = Section("memory", "bytes a node, leaves included, by tracemalloc", ["graph", "contender", "nodes", "retained", "at the peak"])
    section.unit = "bytes a node at the peak"
    section.notes.append("retained: the graph before backward(); at the peak: the most during it, graph included")
    section.data = []
    ours = []
    for workload in ("moons", "gpt", "chain"):
        for contender in settings.contenders:
            if workload == "chain" and contender.name == "micrograd":
                continue  # it descends by recursion
            settings.progress(f"memory: {contender.name} on {workload}")
            with Worker(contender, workload, {"length": 10**5} if workload == "chain" else {}) as worker:
                bytes_ = worker.ask("memory")
            section.data.append({"graph": workload, "contender": contender.name, **bytes_})
            numbers = [f"{bytes_['nodes']:,}", *(f"{bytes_[when]:.0f}" for when in ("retained", "peak"))]
            section.rows.append([workload, contender.name, *numbers])
            section.bars[f"{contender.name} {workload}"] = Spread.of([bytes_["peak"]])
            if contender.name == "ours":
                ours.append(bytes_)
    for when, what, limit in (("retained", "retained before backward", 250), ("peak", "at its peak", 400)):
        most = max(bytes_[when] for bytes_ in ours)
        figure = Figure(f"memory: bytes a node {what}, the most of three graphs", f"≤ {limit}", f"{most:.0f}", most <= limit)
        section.figures.append(figure)
    return section


def importing(settings: Settings) -> Section:
    """`import autograd` in a fresh interpreter, over one that imports nothing; and what it brings along."""
    here = f"import sys; sys.path.insert(0, {REPOSITORY!r}); "
    foreign = (
        "before = set(sys.modules); import autograd; new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(new - {'autograd'} - set(sys.stdlib_module_names)))"
    )

    def run(statement: str) -> tuple[float, str]:
        start = perf_counter()
        done = subprocess.run([sys.executable, "-P", "-c", here + statement], env=environment(), check=True, capture_output=True, text=True)
        return perf_counter() - start, done.stdout.strip()

    strangers = run(foreign)[1]  # and the first import, which writes the bytecode, is not timed
    times: dict[str, list[float]] = {"pass": [], "import autograd": []}
    for i in range(4 * settings.repetitions):
        settings.progress(f"import: repetition {i + 1} of {4 * settings.repetitions}")
        for statement, spent in times.items():
            spent.append(run(statement)[0])
    over = Spread.of([with_us - bare for bare, with_us in zip(*times.values(), strict=True)])
    section = Section("import", "a fresh interpreter, start to end", ["program", "median", "quartiles"])
    section.unit = "ms"
    for statement, spent in times.items():
        whole = Spread.of(spent)
        section.rows.append([statement, seconds(whole.median), spread(whole, seconds)])
        section.bars[statement] = whole / 1e-3
    section.rows.append(["the difference", seconds(over.median), spread(over, seconds)])
    section.figures = [
        Figure("import autograd, over a bare interpreter", "< 30 ms", seconds(over.median), over.median < 0.03),
        Figure("import autograd: third-party modules", "none", strangers or "none", not strangers),
    ]
    section.data = {"times": times, "third party": strangers}
    return section


def drawing(settings: Settings) -> Section:
    """Graphs of three sizes to SVG: in a fresh process, imports included, and the second picture of that process."""
    section = Section(
        "draw",
        "a graph, differentiated, to SVG, as draw() shows it by itself",
        ["network", "nodes", "first picture", "quartiles", "next picture", "quartiles"],
    )
    section.unit = "ms, the next picture"
    section.data = {}
    for sizes in ((2, 2, 1), (1, 7, 7, 1), (1, 15, 15, 1)):
        name = "-".join(map(str, sizes))
        runs: list[dict[str, float]] = []
        for i in range(settings.repetitions):
            settings.progress(f"draw: {name}, repetition {i + 1} of {settings.repetitions}")
            with Worker(CONTENDERS["ours"], "picture", {"sizes": sizes}) as worker:
                nodes = worker.ask("check")["nodes"]
                answer = worker.ask("draw")
            if "failed" in answer:
                section.notes.append(f"{name} ({nodes} nodes) is left out: {answer['failed']}")
                break
            runs.append(answer)
        if name == "2-2-1":
            typical = Spread.of([run["first"] for run in runs]) if runs else None
            text = f"{seconds(typical.median)} ({spread(typical, seconds)})" if typical else "–"
            met = typical.median < 0.3 if typical else None
            section.figures.append(Figure("draw: the first picture of the 2-2-1 network, after import", "< 300 ms", text, met))
        if not runs:
            continue
        section.data[name] = runs
        first, later = (Spread.of([run[which] for run in runs]) for which in ("first", "next"))
        numbers = [text for s in (first, later) for text in (seconds(s.median), spread(s, seconds))]
        section.rows.append([name, str(nodes), *numbers])
        section.bars[f"{name}, {nodes} nodes"] = later / 1e-3
    return section


def checkers(settings: Settings) -> Section:
    """Derivative checkers, on rules that people wrote; it needs the extra `test`."""
    from .checkers.race import checkers as race

    return race(settings)


MEASURES: dict[str, Callable[[Settings], Section]] = {
    "tiny": partial(eager, name="tiny", title="a 2-2-1 sigmoid network, one example", targets={}, number=500),
    "moons": partial(
        eager,
        name="moons",
        title="a 2-16-16-1 relu network, 100 examples, one training step",
        targets={"micrograd": 6.0, "slots": 1.25},
    ),
    "gpt": partial(eager, name="gpt", title="a scalar transformer, one document", targets={"micrograd": 10.0, "slots": 1.6}),
    "chain": partial(scaling, name="chain", title="one multiplication after the other", lengths=(10**4, 10**5, 10**6), limit=2.5e-6),
    "ladder": partial(scaling, name="ladder", title="y = y + y, a thousand times", lengths=(1000,)),
    "fan": partial(scaling, name="fan", title="one leaf used again and again", lengths=(10**4, 10**6)),
    "gradient": graphs,
    "source": programs,
    "packed": packed,
    "recording": recordings,
    "draw": drawing,
    "memory": memory,
    "import": importing,
    "checkers": checkers,
}
