"""The process in which one contender runs one workload.

`Worker` is the handle: it starts the process and asks, a line of JSON each way. A peer's own packages come before anything
of this repository on its path; our engine is always the one beside this folder, whatever else is installed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from .contenders import ARRAYS, CONTENDERS, Contender
from .peers import cores, environment, interpreter, threads
from .workloads import MODELS

REPOSITORY = str(Path(__file__).resolve().parent.parent)


class WorkerError(Exception):
    """A contender's process ended without an answer."""


class Worker:
    """A contender in a process of its own: `ask("run", number=3)` returns what `Bench.run(number=3)` returns there."""

    def __init__(self, contender: Contender, workload: str, sizes: dict[str, Any]) -> None:
        self.name = f"{contender.name} on {workload}"
        here = f"append({REPOSITORY!r})" if contender.requires else f"insert(0, {REPOSITORY!r})"
        program = f"import sys; sys.path.{here}; from benchmarks.worker import serve; serve(*sys.argv[1:])"
        command = [interpreter(contender), "-P", "-c", program, contender.name, workload, json.dumps(sizes)]
        self.process = subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, method: str, **arguments: Any) -> Any:
        """The answer of the method; WorkerError if the process has died."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps([method, arguments]) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise WorkerError(f"{self.name}: the process ended with code {self.process.wait()}; what it said stands above")
        return json.loads(answer)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()  # it holds nothing worth keeping, and freeing a million nodes takes time
        self.process.communicate()


class Bench:
    """The other side: one engine, one model."""

    def __init__(self, contender: str, workload: str, sizes: dict[str, Any]) -> None:
        self.engine = CONTENDERS[contender].load()
        self.build = lambda: MODELS[workload](self.engine.value, **sizes)
        self.model = self.build()

    def check(self) -> dict[str, Any]:
        """One run, before anything is timed: the output, the gradients of the leaves, the number of nodes."""
        self.model.reset()
        output = self.model.forward()
        self.model.backward(output)
        gradients = [float(leaf.grad) for leaf in self.model.leaves]
        return {"output": float(output.data), "gradients": gradients, "nodes": len(self.engine.nodes(output))}

    def run(self, number: int = 1) -> dict[str, float]:
        """Seconds of one run, in the mean over so many: to build the graph, to differentiate it, to drop it."""
        self.model.reset()
        gc.collect()
        spent = [0.0, 0.0, 0.0]
        for _ in range(number):
            start = perf_counter()
            output = self.model.forward()
            built = perf_counter()
            self.model.backward(output)
            differentiated = perf_counter()
            del output
            dropped = perf_counter()
            for i, seconds in enumerate((built - start, differentiated - built, dropped - differentiated)):
                spent[i] += seconds
        return dict(zip(("forward", "backward", "drop"), (seconds / number for seconds in spent), strict=True))

    def gradients(self, number: int = 1) -> dict[str, Any]:
        """Seconds of `backward()` and of our `gradient()`, each on a graph just built, in the mean over so many; nodes of either graph,
        and whether all numbers are the same."""
        from autograd import gradient
        from autograd.graph import topological

        self.model.reset()
        leaves = self.model.leaves
        ways: dict[str, Callable[[Any], Any]] = {
            "backward": lambda output: output.backward(),
            "gradient": lambda output: gradient(output, leaves, unrelated="zero"),
        }
        answer: dict[str, Any] = {}
        for way, differentiate in ways.items():
            gc.collect()
            spent = 0.0
            for _ in range(number):
                output = found = None  # what was kept is freed outside the clock
                output = self.model.forward()
                start = perf_counter()
                found = differentiate(output)
                spent += perf_counter() - start
            answer[way] = spent / number
        self.model.reset()
        output.backward()
        answer["same"] = [leaf.grad for leaf in leaves] == [derivative.data for derivative in found]
        answer["nodes"] = len(topological(output))
        answer["made"] = len(topological(output, *found)) - answer["nodes"]
        return answer

    def memory(self) -> dict[str, float]:
        """Bytes a node, leaves and all: held before the backward pass, and at the most during it."""
        del self.model
        gc.collect()
        tracemalloc.start()
        model = self.build()
        output = model.forward()
        gc.collect()
        retained, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        output.backward()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.model = model
        nodes = len(self.engine.nodes(output))
        return {"nodes": nodes, "retained": retained / nodes, "peak": peak / nodes}

    def visits(self) -> dict[str, int]:
        """What `backward()` of our engine touches, counted by the nodes themselves.

        The nodes of a recorded graph are given a class that counts how often their operands and partials are read, and the
        engine's own `backward()` runs on them. It first orders the graph (`looks`: operands read on the way). Its sweep then
        reads the first operand once a node and a partial once an edge: these are its visits.
        """
        from autograd import Value, value

        reads = dict.fromkeys(("x", "y", "dx", "dy"), 0)
        seen = {"nodes": 0, "edges": 0, "visits": 0, "looks": 0}

        def counting(name: str) -> property:
            slot = getattr(Value, name)

            def read(node: Any) -> Any:
                reads[name] += 1
                return slot.__get__(node)

            return property(read, slot.__set__)

        def order_of(*outputs: Any) -> list[Any]:
            order = original(*outputs)
            seen["looks"] = reads["x"] + reads["y"]
            reads.update(dict.fromkeys(reads, 0))
            return order

        counted = type("Counted", (Value,), {"__slots__": (), **{name: counting(name) for name in reads}})
        output = self.model.forward()
        for node in self.engine.nodes(output):
            seen["nodes"] += 1
            seen["edges"] += (node.x is not None) + (node.y is not None)
            node.__class__ = counted
        original, value.topological = value.topological, order_of
        try:
            output.backward()
        finally:
            value.topological = original
        seen["visits"] = reads["x"] + reads["dx"] + reads["dy"]
        return seen

    def draw(self) -> dict[str, Any]:
        """Seconds from a differentiated graph to its SVG: the first picture of a process, imports included, and the next.
        Or why there is no picture, under "failed"."""
        output = self.model.forward()
        output.backward()
        seconds: dict[str, Any] = {}
        try:
            for which in ("first", "next"):
                gc.collect()
                start = perf_counter()
                from autograd import draw  # loads the room and its extra, the first time

                draw(output, limit=10_000).pipe("svg")
                seconds[which] = perf_counter() - start
        except (ImportError, RuntimeError) as error:  # no such room, no such extra, no layout engine, a graph too big
            return {"failed": f"{type(error).__name__}: {error}"}
        return seconds


def serve(contender: str, workload: str, sizes: str) -> None:
    """Answer until there are no more questions."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other side, which ends this process
    bench: Any
    if contender in ARRAYS:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores()[-threads() :])  # for who does not look at OMP_NUM_THREADS
        from .arrays import Bench as ArrayBench

        bench = ArrayBench(contender, workload, json.loads(sizes))
    else:
        bench = Bench(contender, workload, json.loads(sizes))
    for line in sys.stdin:
        method, arguments = json.loads(line)
        print(json.dumps(getattr(bench, method)(**arguments)), flush=True)
