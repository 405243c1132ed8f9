"""The benchmarks' own numbers are right: contenders run the same arithmetic, and what is counted and printed is what happened."""

import importlib.util
import math
from pathlib import Path

import pytest

from autograd import compiler
from benchmarks import programs
from benchmarks.__main__ import main
from benchmarks.contenders import ARRAYS, CONTENDERS, Contender
from benchmarks.measures import MEASURES, PACKABLE, TOLERANCE, DisagreementError, Packable, Settings, agree, packed
from benchmarks.peers import ROOT, interpreter
from benchmarks.report import Figure, Section, Spread, aligned, plot, seconds, significant, targets, write
from benchmarks.worker import Bench, Worker, WorkerError
from benchmarks.workloads import MODELS, two_moons

pytestmark = pytest.mark.slow

SMALL = {
    "tiny": {},
    "moons": {"examples": 6, "hidden": (3, 2)},
    "gpt": {"document": "abc", "width": 4, "heads": 2, "block": 4},
    "chain": {"length": 50},
    "ladder": {"length": 50},
    "fan": {"length": 50},
    "picture": {"sizes": (2, 2, 1)},
}


def test_every_workload_is_tried_here() -> None:
    """No workload is left out of the tests below."""
    assert set(MODELS) == set(SMALL)


@pytest.mark.parametrize("workload", SMALL)
def test_contenders_agree(workload: str) -> None:
    """Every contender that runs on this interpreter finds the same output and gradients, and they are not all 0."""
    checks = {who: Bench(who, workload, SMALL[workload]).check() for who, contender in CONTENDERS.items() if not contender.requires}
    assert list(checks) == ["ours", "slots"]
    assert agree(checks) <= TOLERANCE
    assert any(checks["ours"]["gradients"])


@pytest.mark.parametrize(
    ("workload", "output", "gradient"),
    [("chain", 1.000001**50, 1.000001**50), ("ladder", 2.0**50, 2.0**50), ("fan", 51.0, 51.0)],
)
def test_shapes_are_what_they_say(workload: str, output: float, gradient: float) -> None:
    """The long graphs have the outputs and gradients that follow from their shape."""
    check = Bench("ours", workload, {"length": 50}).check()
    assert check["output"] == pytest.approx(output, rel=1e-12)
    assert check["gradients"] == [pytest.approx(gradient, rel=1e-12)]


def test_training_step_learns_and_is_undone() -> None:
    """A run of moons moves the parameters down the gradient; `reset` takes the step back, so that every run is the same."""
    bench = Bench("ours", "moons", SMALL["moons"])
    before = bench.check()
    moved = [leaf.data for leaf in bench.model.leaves]
    assert moved == [p - g for p, g in zip(bench.model.start, before["gradients"], strict=True)]
    assert bench.check() == before


def test_full_sizes() -> None:
    """The graphs have the sizes that the figures are stated for."""
    assert Bench("ours", "tiny", {}).check()["nodes"] == 32
    assert 65_000 < Bench("ours", "moons", {}).check()["nodes"] < 67_000
    assert 38_000 < Bench("ours", "gpt", {}).check()["nodes"] < 90_000
    assert [Bench("ours", "picture", {"sizes": s}).check()["nodes"] for s in ((2, 2, 1), (1, 7, 7, 1), (1, 15, 15, 1))] == [26, 220, 828]


def test_two_moons() -> None:
    """Half of the points lie on either half circle, blurred by no more than noise does."""
    import random

    points, sides = two_moons(100, random.Random(1))
    assert (sides.count(-1.0), sides.count(1.0)) == (50, 50)
    for (x, y), side in zip(points, sides, strict=True):
        centre = (0.0, 0.0) if side < 0 else (1.0, 0.5)
        assert abs(math.dist((x, y), centre) - 1.0) < 0.6


@pytest.mark.parametrize(("what", "value"), [("output", 1.0 + 1e-9), ("gradients", [1.0, 2.0 + 1e-9]), ("gradients", [1.0, math.nan])])
def test_disagreement_stops_the_clock(what: str, value: object) -> None:
    """A difference beyond the tolerance, or a NaN, is an error that names the contenders."""
    check = {"output": 1.0, "gradients": [1.0, 2.0]}
    with pytest.raises(DisagreementError, match=f"ours and other differ in their {what}"):
        agree({"ours": check, "other": check | {what: value}})


@pytest.mark.parametrize(("workload", "nodes", "edges"), [("chain", 51, 50), ("ladder", 51, 100), ("fan", 51, 100)])
def test_visits_are_counted(workload: str, nodes: int, edges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep comes to each node and each edge exactly once; the order is found by looking at each operand a few times."""
    monkeypatch.setattr("autograd.value.MISSING", set())  # of the graphs of other tests that are still there
    seen = Bench("ours", workload, {"length": 50}).visits()
    assert (seen["nodes"], seen["edges"], seen["visits"]) == (nodes, edges, nodes + edges)
    assert nodes <= seen["looks"] <= 3 * (nodes + edges)


@pytest.mark.parametrize("workload", ["tiny", "moons", "gpt", "chain"])
def test_gradient_as_a_graph_is_measured(workload: str) -> None:
    """Both ways take time and give the same numbers, and the nodes that the gradient adds are counted."""
    answer = Bench("ours", workload, SMALL[workload]).gradients(number=2)
    assert answer["same"]
    assert answer["nodes"] == Bench("ours", workload, SMALL[workload]).check()["nodes"]
    assert answer["made"] > 0
    assert min(answer["backward"], answer["gradient"]) > 0.0


def test_memory_is_measured() -> None:
    """A node takes at least its header and slots, and the backward pass needs some more."""
    answer = Bench("slots", "chain", {"length": 1000}).memory()
    assert answer["nodes"] == 2001
    assert 60 < answer["retained"] < answer["peak"]


def test_run_times_every_stage() -> None:
    """A run takes time in each of its stages."""
    assert all(time > 0.0 for time in Bench("ours", "tiny", {}).run(number=2).values())


def test_a_peer_needs_one_entry() -> None:
    """What has to be installed gets an environment named after it; the rest runs on this Python."""
    here = Contender("a", "", CONTENDERS["ours"].load)
    there = Contender("b", "", CONTENDERS["ours"].load, requires=("b",))
    assert interpreter(here) == interpreter(CONTENDERS["ours"])
    assert Path(interpreter(there)).is_relative_to(ROOT / "b")


def test_worker_that_dies(capfd: pytest.CaptureFixture[str]) -> None:
    """A process that ends without an answer is an error that names the contender and the workload; its traceback is shown."""
    with Worker(CONTENDERS["slots"], "tiny", {"no": "such size"}) as worker, pytest.raises(WorkerError, match="slots on tiny"):
        worker.ask("check")
    assert "TypeError" in capfd.readouterr().err


def test_spread() -> None:
    """The median and the quartiles; of one number, that number."""
    assert Spread.of([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


def test_numbers_for_people() -> None:
    """Three significant digits, and the unit that suits."""
    assert [seconds(x) for x in (2.0, 0.0499, 1.234e-5, 4e-8)] == ["2.00 s", "49.9 ms", "12.3 µs", "0.0400 µs"]
    assert [significant(x) for x in (1.0, 12.34, 999.4, 123456.0)] == ["1.00", "12.3", "999", "123,456"]


def test_aligned() -> None:
    """Words stand to the left, numbers to the right, and a Hangul syllable takes two columns."""
    rows = [["사과", "ours", "1.0"], ["pear", "slots", "12.5"]]
    assert aligned(["fruit", "who", "n"], rows) == ["fruit  who       n", "사과   ours    1.0", "pear   slots  12.5"]


def test_verdicts() -> None:
    """A figure is met, missed or not measured, and says so."""
    figures = [Figure("a", "≥ 2", "3", True), Figure("b", "≥ 2", "1", False), Figure("c", "≥ 2", "–", None)]
    assert [row[-1] for row in targets(figures).rows] == ["met", "MISSED", "not measured"]


def test_no_plot_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra there are tables and no plot."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    section = Section("a", "b", ["c", "d"], [["e", "1"]], bars={"e": Spread(1.0, 0.5, 2.0)})
    assert [file.name for file in write(tmp_path, [section], {})] == ["tables.md", "tables.csv", "measured.json"]


def test_plot(tmp_path: Path) -> None:
    """With the extra there is a picture."""
    pytest.importorskip("matplotlib")
    section = Section("a", "b", ["c", "d"], [["ours", "1"]], unit="ms", bars={"ours": Spread(1.0, 0.5, 2.0)})
    assert plot(tmp_path / "plot.png", [section])
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One workload from end to end: the table, the target and the folder are printed, the files are there, stderr stays empty."""
    assert main(["ladder", "--repetitions", "1", "--no-peers", "--output", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "ladder: visits of the sweep" in out
    assert str(tmp_path / "out") in out
    assert {"tables.md", "tables.csv", "measured.json"} <= {file.name for file in (tmp_path / "out").iterdir()}


def test_generated_source_is_what_is_written_by_hand() -> None:
    """The two programs that race compute the same bits, and a recorded function has as many entries as its graph has operations."""
    assert programs.generated()(*programs.NUMBERS) == programs.by_hand(*programs.NUMBERS)
    section = programs.programs(Settings([], 1, True, lambda text: None), number=10, examples=2)
    assert [row[1] for row in section.rows] == ["generated source", "by hand", "recorded", "computed eagerly"]
    assert ["≤ 1.5×", "≤ 1.5×"] == [figure.wanted for figure in section.figures]


SMALL_ARRAYS = {
    "digits": {"count": 12, "batch": 5, "steps": 3},
    "mnist": {"count": 6, "steps": 2, "sizes": (7, 4, 3)},
    "moons": SMALL["moons"] | {"steps": 2},
    "gpt": SMALL["gpt"] | {"steps": 2},
}


def test_every_packed_workload_is_tried_here() -> None:
    """No workload on arrays is left out of the test below, and those that are timed are among them."""
    arrays = pytest.importorskip("benchmarks.arrays")
    assert set(arrays.PROBLEMS) == set(SMALL_ARRAYS)
    assert {this.workload for this in PACKABLE.values()} == set(SMALL_ARRAYS)


@pytest.mark.parametrize("workload", SMALL_ARRAYS)
def test_contenders_on_arrays_agree(workload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are installed here find the loss and gradients of the same network, and so do the scalar engines where they race too; after
    some steps the loss is smaller, and still the same for all.
    """
    arrays = pytest.importorskip("benchmarks.arrays")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    here = [who for who in ARRAYS if who in ("packed", "numpy") or (compiler.find() if who == "native" else importlib.util.find_spec(who))]
    benches = {who: arrays.Bench(who, workload, SMALL_ARRAYS[workload]) for who in here}
    checks = {who: bench.check() for who, bench in benches.items()}
    assert {"packed", "numpy"} <= set(checks)
    if workload in SMALL:
        checks["slots"] = Bench("slots", workload, SMALL[workload]).check()
    assert agree(checks) <= TOLERANCE
    assert any(checks["packed"]["gradients"])
    for bench in benches.values():
        assert all(time > 0.0 for time in bench.run(number=3).values())
    later = {who: dict(zip(("output", "gradients"), bench.engine.gradients(), strict=True)) for who, bench in benches.items()}
    assert agree(later) <= TOLERANCE
    assert later["packed"]["output"] < checks["packed"]["output"]


def test_packed_section(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each workload has a row for everybody; who is left out has one that says so, and a figure that needs it is not measured."""
    pytest.importorskip("numpy")
    small = Packable("moons", SMALL_ARRAYS["moons"], faster={"torch": 1.8}, within={"numpy": 2.0})
    monkeypatch.setattr(compiler, "find", lambda: None)
    section = packed(Settings([], 1, True, lambda text: None, peers=False), {"moons": small, "large": Packable("moons", {}, large=True)})
    assert [row[:2] for row in section.rows] == [["moons", who] for who in ("packed", "numpy", "native", "torch", "jax")]
    assert [row[4] for row in section.rows[2:]] == ["no C compiler", "left out", "left out"]
    assert [figure.verdict == "not measured" for figure in section.figures] == [True, False]


def test_recording_and_packing_are_measured() -> None:
    """The first call of a packed program takes time and memory, and its nodes are counted."""
    pytest.importorskip("numpy")
    section = programs.recordings(Settings([], 1, True, lambda text: None), (7, 4, 3))
    assert [row[:3] for row in section.rows] == [["7-4-3", way, section.rows[0][2]] for way in ("once", "twice, to compare")]
    assert int(section.rows[0][2]) > 7 * 4 + 4 * 3
    assert all(found["peak"] > 10 for found in section.data.values())
    assert [figure.wanted for figure in section.figures] == ["< 1 s", "≤ 600"]


@pytest.mark.parametrize(("argv", "message"), [(["nonsense"], ", ".join(MEASURES)), (["tiny", "-r", "0"], "from 1 on, but got 0")])
def test_wrong_arguments(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake on the command line is exit code 2 and one line that helps."""
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
