"""Data to learn from: toy sets made here, digits from scikit-learn, and files of the MNIST family that are already on disk.

Every set is a pair: a list of examples, each a list of floats, and a list of their classes, whole numbers from 0 on.
Nothing is ever downloaded, and nothing moves Python's global generator.

n         how many examples, from 1 on
noise     the standard deviation of the Gaussian noise on each coordinate, from 0 on; for `spiral` on the angle, in radians
rng       a `random.Random`, or a whole number as seed, which gives the same every time
examples  a list with an entry for each example, or an array or a frame of pandas' with a row for each
targets   as many, in the same order; ValueError where the numbers differ
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, overload

from autograd import MissingExtraError, files, given
from autograd.whole import Whole

from .init import generator
from .layers import size
from .losses import class_index
from .module import number

Examples = tuple[list[list[float]], list[int]]


# Toy sets in the plane.


def moons(n: int = 100, noise: float = 0.1, rng: Random | int = 0) -> Examples:
    """n points on two half circles that reach into one another, blurred by Gaussian noise; class 0 above, class 1 below."""
    n, noise, rng = size(n, "moons", "n"), _noise(noise), generator(rng)
    upper = n - n // 2
    points = []
    for i in range(upper):
        angle = math.pi * i / max(upper - 1, 1)
        points.append((math.cos(angle), math.sin(angle), 0))
    for i in range(n // 2):
        angle = math.pi * i / max(n // 2 - 1, 1)
        points.append((1.0 - math.cos(angle), 0.5 - math.sin(angle), 1))
    return _blurred(points, noise, rng)


def circles(n: int = 100, noise: float = 0.05, inner: float = 0.5, rng: Random | int = 0) -> Examples:
    """n points on two circles around 0: class 0 at radius 1, class 1 at radius `inner`; blurred by Gaussian noise."""
    n, noise, rng = size(n, "circles", "n"), _noise(noise), generator(rng)
    inner = number(inner, "circles' inner radius")
    outside = n - n // 2
    turns = [(i / outside, 1.0, 0) for i in range(outside)] + [(i / (n // 2), inner, 1) for i in range(n // 2)]
    return _blurred([(r * math.cos(math.tau * turn), r * math.sin(math.tau * turn), c) for turn, r, c in turns], noise, rng)


def spiral(n: int = 150, classes: int = 3, noise: float = 0.1, turns: float = 0.6, rng: Random | int = 0) -> Examples:
    """n points on as many arms of a spiral as there are classes, from the middle to radius 1; blurred along the turn.

    classes  how many arms, from 1 on
    turns    how far an arm winds on its way out, in whole turns: 0 makes it straight, a negative number winds it clockwise
    """
    n, classes, noise, rng = size(n, "spiral", "n"), size(classes, "spiral", "classes"), _noise(noise), generator(rng)
    turns = number(turns, "spiral's turns")
    if abs(turns) > 1e6:
        raise ValueError(f"spiral needs at most a million turns, but got {turns}")
    points = []
    for i in range(n):
        arm, place = i % classes, i // classes
        r = (place + 1) / -(-n // classes)
        angle = math.tau * (arm / classes + turns * r) + rng.gauss(0.0, noise)
        points.append((r * math.cos(angle), r * math.sin(angle), arm))
    return _blurred(points, 0.0, rng)


def xor(n: int = 100, noise: float = 0.1, rng: Random | int = 0) -> Examples:
    """n points around the corners (±1, ±1), blurred by Gaussian noise; class 1 where the signs differ."""
    n, noise, rng = size(n, "xor", "n"), _noise(noise), generator(rng)
    corners = [(1.0, 1.0, 0), (1.0, -1.0, 1), (-1.0, -1.0, 0), (-1.0, 1.0, 1)]
    return _blurred([corners[i % 4] for i in range(n)], noise, rng)


def _blurred(points: list[tuple[float, float, int]], noise: float, rng: Random) -> Examples:
    """The points moved by noise, in random order."""
    rng.shuffle(points)
    examples = [[x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)] if noise else [x, y] for x, y, _ in points]
    return examples, [c for *_, c in points]


def _noise(noise: float) -> float:
    noise = number(noise, "noise")
    if noise < 0.0:
        raise ValueError(f"noise needs a number from 0 on, but got {noise}")
    return noise


# Digits.


def digits() -> Examples:
    """scikit-learn's 1,797 handwritten digits of 8 × 8 pixels, from 0 (paper) to 1 (ink). Needs the extra `data`."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("digits needs scikit-learn: pip install 'glassgrad[data]'") from None
    images, classes = load_digits(return_X_y=True)
    return [[float(pixel) / 16.0 for pixel in image] for image in images], [int(c) for c in classes]


# IDX files (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type, the number of dimensions, the sizes, the numbers.

_PIECE = 2**20
_TYPES = {0x08: ("B", 1), 0x09: ("b", 1), 0x0B: ("h", 2), 0x0C: ("i", 4), 0x0D: ("f", 4), 0x0E: ("d", 8)}


def read_idx(path: str | Path) -> tuple[tuple[int, ...], array[Any]]:
    """The sizes and the numbers, in one flat array, of an IDX file, the format of MNIST.

    path   the file, plain or gzipped. ValueError: it is not what it says; OSError: it cannot be read
    """
    path = files.as_path(path, "read_idx")
    with files.open_file(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _idx(path, gzip.open(file) if zipped else file)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path} is no whole gzip file: {error}") from None


def _idx(path: Path, file: BinaryIO | gzip.GzipFile) -> tuple[tuple[int, ...], array[Any]]:
    """What stands in an IDX file. Of a gzip file that unfolds to gigabytes, no more is read than its sizes say."""
    begin = file.read(4)
    if len(begin) < 4 or begin[:2] != b"\0\0" or begin[2] not in _TYPES or not begin[3]:
        raise ValueError(f"{path} is no IDX file: it begins with {begin.hex(' ') or 'nothing'}")
    code, width = _TYPES[begin[2]]
    header = file.read(4 * begin[3])
    if len(header) < 4 * begin[3]:
        raise ValueError(f"{path} breaks off within its sizes: it has {4 + len(header)} bytes of {4 + 4 * begin[3]}")
    sizes = struct.unpack(f">{begin[3]}I", header)
    wanted = width * math.prod(sizes)
    content = bytearray()
    while len(content) <= wanted and (part := file.read(min(_PIECE, wanted + 1 - len(content)))):
        content += part
    if len(content) != wanted:
        start = 4 + len(header)
        has = f"{start + len(content)}" if len(content) < wanted else "more"
        many = " × ".join(map(str, sizes))
        raise ValueError(f"{path} should have {start + wanted!s:.40} bytes for {many:.80} numbers, but has {has}")
    numbers = array(code)
    numbers.frombytes(content)
    if struct.pack("=h", 1) != struct.pack(">h", 1) and width > 1:  # the files are big-endian
        numbers.byteswap()
    return sizes, numbers


class Images(Sequence[list[float]]):
    """Images as lists of floats from 0 to 1, each made when it is asked for: 60,000 of them stay 47 MB.

    pixels  their bytes, one image after another, in an `array("B")`: 0 becomes 0.0, and 255 becomes 1.0
    count   how many images share them

    >>> Images(array("B", [0, 255, 51, 0]), 2)[1]
    [0.2, 0.0]
    """

    def __init__(self, pixels: array[Any], count: int) -> None:
        count = given.count(count, "count", "Images")
        if not isinstance(pixels, array) or pixels.typecode != "B" or len(pixels) != count * (len(pixels) // max(count, 1)):
            raise given.wrong("Images", f"pixels in an array('B') of bytes that {count} images share", pixels)
        self._pixels, self._count = pixels, count
        self.width = len(pixels) // count if count else 0

    def __len__(self) -> int:
        return self._count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """All of them as one NumPy array of floats, a row for each."""
        import numpy as np

        return (np.frombuffer(self._pixels, np.uint8).reshape(self._count, self.width) / 255.0).astype(dtype or np.float64, copy=False)

    @overload
    def __getitem__(self, i: int) -> list[float]: ...
    @overload
    def __getitem__(self, i: slice) -> list[list[float]]: ...
    def __getitem__(self, i: int | slice) -> list[float] | list[list[float]]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if given.is_bool(i) or not hasattr(i, "__index__") or isinstance(i, Iterable):
            raise given.wrong("Images", "a whole number or a slice as index", i)
        if not -len(self) <= i < len(self):
            raise IndexError(f"there are {len(self)} images, but number {i} was asked for")
        at = (i % len(self)) * self.width
        return [pixel / 255.0 for pixel in self._pixels[at : at + self.width]]


def mnist(folder: str | Path, kind: str = "train") -> tuple[Images, list[int]]:
    """The images and classes of an MNIST folder: `train-images-idx3-ubyte` and its fellows, plain or .gz.

    folder  where they are, or where MNIST/raw is with them in it. FileNotFoundError: they are in neither; ValueError: they are damaged
    kind    "train", or "test" for the files that begin with t10k
    """
    if not isinstance(kind, str) or kind not in ("train", "test"):
        raise ValueError(f"mnist has the kinds 'train' and 'test', but got {given.shorten(kind)}")
    folder = files.as_path(folder, "mnist")
    prefix = "train" if kind == "train" else "t10k"
    image_file, label_file = _find(folder, f"{prefix}-images", "idx3"), _find(folder, f"{prefix}-labels", "idx1")
    (count, *sides), pixels = read_idx(image_file)
    sizes, labels = read_idx(label_file)
    if len(sides) != 2 or pixels.typecode != "B":
        raise ValueError(f"{image_file} should hold images of bytes, but has {1 + len(sides)} sizes of type {pixels.typecode!r}")
    if len(sizes) != 1 or labels.typecode != "B":
        raise ValueError(f"{label_file} should hold one byte an image, but has {len(sizes)} sizes of type {labels.typecode!r}")
    if count != sizes[0]:
        raise ValueError(f"{image_file} has {count} images, but {label_file} has {sizes[0]} labels")
    if count == 0:
        raise ValueError(f"{image_file} has no images")
    return Images(pixels, count), [class_index(label, 10, str(label_file)) for label in labels]


def _find(folder: Path, stem: str, kind: str) -> Path:
    names = [f"{stem}{dash}{kind}-ubyte{ending}" for dash in "-." for ending in ("", ".gz")]
    for place in (place / name for place in (folder, folder / "MNIST" / "raw", folder / "raw") for name in names):
        if place.is_file():
            return place
    raise FileNotFoundError(f"there is no {names[0]} or {names[1]} in {folder}, nor in its MNIST/raw")


# Batches.


def minibatches(
    examples: Sequence[Any], targets: Sequence[Any], batch_size: int | None = None, rng: Random | int | None = None
) -> Iterator[tuple[list[Any], list[Any]]]:
    """All examples with their targets, in shuffled batches; the last may be smaller.

    batch_size  how many examples a batch has, from 1 on; without it all are one batch
    rng         what shuffles them: a seed gives the same order every time, a `random.Random` moves on; without one the order stays

    >>> [*minibatches([[1.0], [2.0], [3.0]], [0, 1, 0], batch_size=2)]
    [([[1.0], [2.0]], [0, 1]), ([[3.0]], [0])]
    """
    examples, targets = tabular(examples, targets)
    n = same_length(examples, targets, "minibatches")
    batch_size = n if batch_size is None else size(batch_size, "minibatches", "batch_size")
    return (([examples[i] for i in chosen], [targets[i] for i in chosen]) for chosen in index_batches(n, batch_size, rng))


def index_batches(n: int, batch_size: int, rng: Random | int | None = None) -> Iterator[list[int]]:
    """The numbers from 0 to n - 1 in shuffled batches, as `minibatches` takes them."""
    order = list(range(n))
    if rng is not None:
        generator(rng).shuffle(order)
    return (order[start : start + batch_size] for start in range(0, n, batch_size))


def split(
    examples: Sequence[Any], targets: Sequence[Any], test: float = 0.25, rng: Random | int = 0
) -> tuple[tuple[list[Any], list[Any]], tuple[list[Any], list[Any]]]:
    """Two sets, one to learn from and one to test on, after a shuffle: (examples, targets), (examples, targets).

    test   the share of the second, between 0 and 1; ValueError where a set would be empty
    """
    examples, targets = tabular(examples, targets)
    n = same_length(examples, targets, "split")
    share = number(test, "split's share")
    count = round(n * share) if 0.0 < share < 1.0 else 0
    if not 0 < count < n:
        raise ValueError(f"split of {n} examples needs a share that leaves some on both sides, but got {share}")
    order = list(range(n))
    generator(rng).shuffle(order)
    rest, chosen = order[:-count], order[-count:]
    return ([examples[i] for i in rest], [targets[i] for i in rest]), ([examples[i] for i in chosen], [targets[i] for i in chosen])


def one_hot(index: int, classes: int) -> list[float]:
    """1.0 at the index, 0.0 at the other classes.

    >>> one_hot(1, 3)
    [0.0, 1.0, 0.0]
    """
    classes = size(classes, "one_hot", "classes")
    if isinstance(index, Whole):
        return index.one_hot(classes)
    index = class_index(index, classes, "one_hot")
    return [float(k == index) for k in range(classes)]


def tabular(examples: Any, targets: Any) -> tuple[Any, Any]:
    """Both, where they are frames or rows of pandas' as arrays; and targets that are a column of an array as its numbers."""
    examples, targets = (things.to_numpy() if hasattr(things, "to_numpy") else things for things in (examples, targets))
    column = getattr(targets, "ndim", 0) == 2 and targets.shape[1] == 1
    return examples, targets.ravel() if column else targets


def same_length(examples: Sequence[Any], targets: Sequence[Any], asker: str) -> int:
    """How many there are; ValueError with both numbers where they differ, or where there are none."""
    for what, things in (("examples", examples), ("targets", targets)):
        if not hasattr(things, "__len__") or isinstance(things, (str, bytes, Mapping, Set)) or getattr(things, "ndim", None) == 0:
            raise given.wrong(asker, f"a list of {what}", things)
    if len(examples) != len(targets):
        raise ValueError(f"{asker} needs a target for every example, but got {len(examples)} examples and {len(targets)} targets")
    if not len(examples):
        raise ValueError(f"{asker} needs at least one example, but got none")
    return len(examples)
