"""Data: toy sets, digits, IDX files good and bad, batches."""

from __future__ import annotations

import builtins
import gzip
import math
import random
import struct
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nn
from autograd import MissingExtraError

TOYS: list[Callable[..., Any]] = [nn.moons, nn.circles, nn.spiral, nn.xor]


@pytest.mark.parametrize("make", TOYS)
def test_toy_sets_are_made_from_their_seed(make: Callable[..., Any]) -> None:
    """The same seed, the same bits; another seed, another set; the global generator rests; every size from 1 on works."""
    state = random.getstate()
    assert make(50, rng=3) == make(50, rng=random.Random(3)) != make(50, rng=4)
    assert state == random.getstate()
    for n in (1, 2, 3, 10):
        examples, classes = make(n)
        assert n == len(examples) == len(classes)
        assert all(2 == len(x) and all(math.isfinite(v) for v in x) for x in examples)
    with pytest.raises(ValueError, match="at least 1 as n, but got 0"):
        make(0)
    with pytest.raises(ValueError, match="noise needs a number from 0 on"):
        make(5, noise=-1.0)


def test_without_noise_the_points_are_where_they_belong() -> None:
    """Half circles, circles, arms, corners; the classes share the points evenly."""
    for (x, y), c in zip(*nn.moons(40, noise=0.0), strict=True):
        assert math.isclose(1.0, math.hypot(x - c, y - 0.5 * c))
        assert (y >= -1e-12) if c == 0 else (y <= 0.5 + 1e-12)
    for (x, y), c in zip(*nn.circles(40, noise=0.0, inner=0.4), strict=True):
        assert math.isclose((1.0, 0.4)[c], math.hypot(x, y))
    for (x, y), c in zip(*nn.xor(40, noise=0.0), strict=True):
        assert int(x * y < 0) == c
    for (x, y), c in zip(*nn.spiral(60, 3, noise=0.0, turns=0.25), strict=True):
        r = math.hypot(x, y)
        turn = math.atan2(y, x) / math.tau - 0.25 * r - c / 3
        assert math.isclose(0.0, turn - round(turn), abs_tol=1e-12)
        assert 0.0 < r < 1.0 + 1e-12
    assert {0: 30, 1: 30} == Counter(nn.moons(60)[1]) == Counter(nn.xor(60)[1]) == Counter(nn.circles(60)[1])
    assert {0: 20, 1: 20, 2: 20} == Counter(nn.spiral(60)[1])


@pytest.mark.slow
def test_digits() -> None:
    images, classes = nn.digits()
    assert (1797, 1797, 64) == (len(images), len(classes), len(images[0]))
    assert (0.0, 1.0) == (min(map(min, images)), max(map(max, images)))
    assert set(range(10)) == set(classes)
    assert {float} == {type(pixel) for pixel in images[0]}


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'glassgrad\[data\]'"):
        nn.digits()


# IDX files.


def idx(numbers: Any, *sizes: int, code: int = 0x08, kind: str = "B") -> bytes:
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, code, len(sizes), *sizes) + struct.pack(f">{len(numbers)}{kind}", *numbers)


@pytest.mark.parametrize(
    ("code", "kind", "numbers"),
    [
        (0x08, "B", [0, 7, 255]),
        (0x09, "b", [-128, 0, 127]),
        (0x0B, "h", [-300, 0, 300]),
        (0x0C, "i", [-70000, 0, 70000]),
        (0x0D, "f", [-1.5, 0.0, 0.25]),
        (0x0E, "d", [-1e-300, 0.1, 1e300]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_of_every_type(code: int, kind: str, numbers: list[Any], packed: bool, tmp_path: Path) -> None:
    """Big-endian numbers and sizes, plain and gzipped, whatever the file's name."""
    content = idx(numbers, 1, 3, code=code, kind=kind)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    sizes, found = nn.read_idx(path)
    assert ((1, 3), numbers) == (sizes, list(found))


GOOD = idx(range(8), 2, 2, 2)
ZIPPED = gzip.compress(GOOD, mtime=0)  # it would hold the time of day, and so would the names of tests


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no IDX file: it begins with nothing"),
        (b"\x00\x00\x08", "no IDX file: it begins with 00 00 08"),
        (b"PK\x03\x04", "no IDX file: it begins with 50 4b 03 04"),
        (b"\x00\x00\x07\x01" + bytes(4), "no IDX file"),
        (b"\x00\x00\x08\x00", "no IDX file"),
        (GOOD[:9], "breaks off within its sizes: it has 9 bytes of 16"),
        (GOOD[:-1], "should have 24 bytes for 2 × 2 × 2 numbers, but has 23"),
        (GOOD + b"x", "should have 24 bytes for 2 × 2 × 2 numbers, but has more"),
        (ZIPPED[:-9], "no whole gzip file"),
        (b"\x1f\x8bnonsense", "no whole gzip file"),
        (ZIPPED[:12] + b"\xff\xff\xff" + ZIPPED[15:], "no whole gzip file"),
    ],
)
def test_broken_idx_files_say_what_is_wrong(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says):
        nn.read_idx(path)


def write_mnist(folder: Path, images: bytes, labels: bytes, stem: str = "train", ending: str = "", dash: str = "-") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pack = gzip.compress if ending else bytes
    (folder / f"{stem}-images{dash}idx3-ubyte{ending}").write_bytes(pack(images))
    (folder / f"{stem}-labels{dash}idx1-ubyte{ending}").write_bytes(pack(labels))


@pytest.mark.parametrize("place", ["", "MNIST/raw", "raw"])
@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("dash", ["-", "."])
def test_the_usual_folders_of_mnist(place: str, ending: str, dash: str, tmp_path: Path) -> None:
    """Images as floats from 0 to 1, made when asked for; slices, negative places and iteration as in any sequence."""
    write_mnist(tmp_path / place, idx([0, 51, 102, 153, 204, 255, 0, 255], 2, 2, 2), idx([7, 0], 2), "t10k", ending, dash)
    images, labels = nn.mnist(tmp_path, "test")
    assert [7, 0] == labels
    assert [[0.0, 0.2, 0.4, 0.6], [0.8, 1.0, 0.0, 1.0]] == list(images)
    assert images[-1] == images[1]
    assert [images[1], images[0]] == images[::-1]
    for i in (2, -3):
        with pytest.raises(IndexError, match="there are 2 images"):
            images[i]
    with pytest.raises(FileNotFoundError, match="there is no train-images-idx3-ubyte"):
        nn.mnist(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels", "error", "says"),
    [
        (GOOD, idx([1, 2, 3], 3), ValueError, "has 2 images, but .* has 3 labels"),
        (idx(range(4), 4), idx([1], 1), ValueError, "should hold images of bytes, but has 1 sizes"),
        (idx([0.0] * 4, 1, 2, 2, code=0x0D, kind="f"), idx([1], 1), ValueError, "should hold images of bytes"),
        (GOOD, idx([1, 2], 2, 1), ValueError, "should hold one byte an image, but has 2 sizes"),
        (GOOD, idx([1, 10], 2), IndexError, "has 10 classes, 0 to 9, but got class 10"),
    ],
)
def test_files_that_do_not_belong_together(images: bytes, labels: bytes, error: type[Exception], says: str, tmp_path: Path) -> None:
    write_mnist(tmp_path, images, labels)
    with pytest.raises(error, match=says):
        nn.mnist(tmp_path)


def test_mnist_knows_two_kinds(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the kinds 'train' and 'test', but got 'validation'"):
        nn.mnist(tmp_path, "validation")


# Batches.


def test_minibatches_hold_every_example_once() -> None:
    """Shuffled by seed, targets beside their examples; without a generator in order; without a size all at once."""
    x, t = list(range(10)), [-i for i in range(10)]
    batches = list(nn.minibatches(x, t, 4, rng=1))
    assert [4, 4, 2] == [len(xs) for xs, _ in batches]
    assert x == sorted(i for xs, _ in batches for i in xs)
    assert all([-i for i in xs] == ts for xs, ts in batches)
    assert batches == list(nn.minibatches(x, t, 4, rng=1)) != list(nn.minibatches(x, t, 4, rng=2))
    assert [(x, t)] == list(nn.minibatches(x, t))
    moving = random.Random(1)
    assert list(nn.minibatches(x, t, 4, moving)) != list(nn.minibatches(x, t, 4, moving))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nn.minibatches([1, 2], [1], 1), "2 examples and 1 targets"),
        (lambda: nn.minibatches([], []), "at least one example"),
        (lambda: nn.minibatches([1], [1], 0), "at least 1 as batch_size, but got 0"),
        (lambda: nn.split([1, 2], [1], 0.5), "2 examples and 1 targets"),
        (lambda: nn.split([1, 2], [1, 2], 0.0), "leaves some on both sides"),
        (lambda: nn.split([1], [1], 0.5), "leaves some on both sides"),
        (lambda: nn.one_hot(0, 0), "at least 1 as classes"),
    ],
)
def test_wrong_sizes_are_said_at_once(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_split_keeps_pairs_together() -> None:
    (x, t), (test_x, test_t) = nn.split(list(range(20)), [-i for i in range(20)], 0.25, rng=2)
    assert (15, 5) == (len(x), len(test_x))
    assert list(range(20)) == sorted(x + test_x)
    assert [-i for i in x + test_x] == t + test_t


def test_one_hot() -> None:
    assert [0.0, 0.0, 1.0] == nn.one_hot(2, 3)
    for bad in (3, -1):
        with pytest.raises(IndexError, match=f"has 3 classes, 0 to 2, but got class {bad}"):
            nn.one_hot(bad, 3)
    with pytest.raises(TypeError, match="whole number"):
        nn.one_hot(True, 3)


def test_importing_nn_needs_the_standard_library_alone() -> None:
    """No NumPy, no matplotlib, no scikit-learn, no tqdm."""
    import subprocess

    code = "import sys, nn; print(sorted({'numpy', 'matplotlib', 'sklearn', 'tqdm', 'graphviz'} & set(sys.modules)))"
    root = Path(nn.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
