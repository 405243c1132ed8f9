"""`python -m autograd train …`, and `python -m nn train …`: what they print, save, and how they end."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import nn
from autograd.__main__ import main
from nn.__main__ import main as own

ROOT = Path(__file__).parent.parent
Out = pytest.CaptureFixture[str]


def test_moons_learns_and_saves(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model, a line an epoch, the accuracy, the file it names, which loads; nothing on standard error."""
    monkeypatch.chdir(tmp_path)
    assert 0 == main(["train", "moons", "--epochs", "2", "--examples", "40", "--hidden", "4"])
    out, err = capsys.readouterr()
    assert "" == err
    assert out.startswith("MLP(2 → 4 → 1)  17 parameters\n")
    assert "moons: learning from 40 examples, testing on 200\n\nepoch 1: loss " in out
    assert re.search(r"\nTest accuracy \d+\.\d %\. The model is saved in glassgrad-moons\.json\n$", out)
    assert ["glassgrad-moons.json"] == os.listdir(tmp_path)
    nn.load_model(tmp_path / "glassgrad-moons.json", nn.MLP(2, [4, 1]))


def test_both_ways_to_call_it_and_every_run_give_the_same(tmp_path: Path, capsys: Out) -> None:
    """The same seed, the same bits; and --from goes on from a saved model."""
    files = [tmp_path / f"{name}.json" for name in ("a", "b", "c", "d")]
    arguments = ["train", "moons", "--epochs", "1", "--examples", "20", "--hidden", "3", "--batch", "5", "--rate", "0.02"]
    assert 0 == main([*arguments, "-o", str(files[0])])
    assert 0 == own([*arguments, "-o", str(files[1])])
    assert 0 == own([*arguments, "--seed", "7", "-o", str(files[2])])
    assert 0 == own([*arguments, "--from", str(files[0]), "-o", str(files[3])])
    a, b, c, d = (file.read_text() for file in files)
    assert a == b
    assert 3 == len({a, c, d})
    capsys.readouterr()


@pytest.mark.slow
def test_the_scale_of_a_full_run(tmp_path: Path, capsys: Out) -> None:
    """moons as it stands tells nearly all points."""
    assert 0 == main(["train", "moons", "-o", str(tmp_path / "m.json")])
    found = re.search(r"Test accuracy ([\d.]+) %", capsys.readouterr().out)
    assert found is not None
    assert float(found[1]) > 97.0


@pytest.mark.slow
def test_digits(tmp_path: Path, capsys: Out) -> None:
    assert 0 == main(["train", "digits", "--examples", "30", "--epochs", "1", "--hidden", "4", "-o", str(tmp_path / "m.json")])
    assert "digits: learning from 30 of 1348 examples, testing on 449\n" in capsys.readouterr().out


def test_mnist_from_a_folder(tmp_path: Path, capsys: Out) -> None:
    """Small files of that form, made here."""
    for stem, count in (("train", 30), ("t10k", 10)):
        pixels = bytes(i * 7 % 256 for i in range(count * 16))
        (tmp_path / f"{stem}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 4, 4) + pixels)
        (tmp_path / f"{stem}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))
    arguments = ["train", "mnist", "--data", str(tmp_path), "--epochs", "1", "--hidden", "3", "-o", str(tmp_path / "m.json")]
    assert 0 == main(arguments)
    out = capsys.readouterr().out
    assert "MLP(16 → 3 → 10)" in out
    assert "mnist: learning from 30 examples, testing on 10\n" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "the following arguments are required: set"),
        (["sea"], 2, "invalid choice: 'sea'"),
        (["mnist"], 2, "mnist needs --data DIR"),
        (["moons", "--data", "x"], 2, "--data is for mnist, not moons"),
        (["moons", "--epochs", "0"], 2, "'0' is no count"),
        (["moons", "--epochs", "-3"], 2, "epochs"),
        (["moons", "--rate", "fast"], 2, "'fast' is no learning rate"),
        (["moons", "--rate", "inf"], 2, "'inf' is no learning rate"),
        (["moons", "--hidden", "0"], 2, "'0' is no count"),
        (["moons", "-o", "none/m.json"], 2, "there is no folder none to save in"),
        (["mnist", "--data", "none"], 1, "there is no train-images-idx3-ubyte"),
        (["moons", "--from", "none.json"], 1, "none.json"),
        (["moons", "--rate", "1e200"], 1, "error: training diverged in step "),
    ],
)
def test_mistakes_are_messages(
    arguments: list[str], code: int, says: str, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback, the right exit code, and nothing saved."""
    monkeypatch.chdir(tmp_path)
    assert code == main(["train", *arguments])
    assert says in capsys.readouterr().err
    assert [] == os.listdir(tmp_path)


def test_train_comes_first(capsys: Out) -> None:
    """Its options are its own."""
    assert 2 == main(["-o", "x", "train"])
    assert "write train first, then its options" in capsys.readouterr().err
    assert 0 == main(["--help"])
    assert "train" in capsys.readouterr().out
    assert 0 == main(["train", "--help"])
    assert "python -m autograd train" in capsys.readouterr().out


@pytest.mark.slow
def test_ctrl_c_saves_what_was_learned(tmp_path: Path) -> None:
    """The signal arrives in the middle of a long training: exit code 130, and a model that loads."""
    path = tmp_path / "m.json"
    command = [sys.executable, "-m", "autograd", "train", "moons", "--epochs", "100000", "-o", str(path)]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background job would ignore it
    ) as run:
        try:
            assert run.stdout is not None
            for line in run.stdout:
                if line.startswith("epoch 2"):
                    break
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=60)
        finally:
            run.kill()
    assert 130 == run.returncode
    assert f"The model is saved in {path}" in out
    assert re.search(r"interrupted in step \d+; what was learned before it is kept", err)
    assert "Traceback" not in err
    nn.load_model(path, nn.MLP(2, [16, 16, 1]))


def test_a_file_that_would_be_lost_is_said_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not after a training whose model would be lost with it."""
    path = tmp_path / "mine.json"
    path.write_text('{"a": 1}')
    assert 1 == main(["train", "moons", "-o", str(path)])
    out, err = capsys.readouterr()
    assert "epoch" not in out
    assert "the file there is no saved model" in err
    assert '{"a": 1}' == path.read_text()


def test_packed_training_from_the_command_line(tmp_path: Path, capsys: Out) -> None:
    """--pack takes all examples of the IDX files and tests on all of the test set."""
    pytest.importorskip("numpy")
    for prefix, count in (("train", 40), ("t10k", 20)):
        pixels = bytes(200 if i // 16 % 2 else i % 40 for i in range(16 * count))
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 4, 4) + pixels)
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(i % 2 for i in range(count)))
    arguments = [
        "train",
        "mnist",
        "--data",
        str(tmp_path),
        "--pack",
        "--epochs",
        "30",
        "--batch",
        "10",
        "--hidden",
        "6",
        "-o",
        str(tmp_path / "m.json"),
    ]
    assert 0 == main(arguments)
    out, err = capsys.readouterr()
    assert "" == err
    assert "mnist: learning from 40 examples, testing on 20\n" in out
    assert "Test accuracy 100.0 %" in out


@pytest.mark.slow
def test_why_backpropagation_from_the_command_line(capsys: Out) -> None:
    """The lecture's hours, what they would be here, and the seconds that the packed gradient takes."""
    pytest.importorskip("numpy")
    assert 0 == own(["why", "--images", "100"])
    out, err = capsys.readouterr()
    assert "" == err
    assert "123.8 hours, by the lecture" in out
    assert re.search(r"here, packed: \d+\.\d\d seconds for the gradient over 100 images, after \d+\.\d seconds of packing\n", out)


def test_why_backpropagation_looks_for_the_images_first(capsys: Out) -> None:
    """A folder without them is said before anything is measured."""
    assert 1 == own(["why", "--data", "none"])
    out, err = capsys.readouterr()
    assert "" == out
    assert "there is no train-images-idx3-ubyte" in err
