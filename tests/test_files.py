"""Files: whole or not at all, whatever stands there, whatever the disk says, and whenever Ctrl-C comes."""

from __future__ import annotations

import errno
import gc
import gzip
import json
import os
import random
import re
import resource
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import nn
import nn.plots
from autograd import Stepper, Value, compile, draw, files  # noqa: A004
from autograd.errors import AutogradError, DrawingError

SWEEP = int(os.environ.get("GLASSGRAD_INTERRUPTS", "300"))
"""How many random instants are tried in each interrupt test; thousands by hand, as in GLASSGRAD_INTERRUPTS=5000."""
KIND = files.Kind("note", (b"note",))


def graph() -> Value:
    x = Value(2.0, label="x")
    return x * x


def network() -> nn.MLP:
    return nn.MLP(1, [1], rng=0)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "picture.svg": lambda path: draw(graph()).write(path),
    "page.html": lambda path: Stepper(graph()).write(path),
    "program.html": lambda path: compile(graph()).write(path),
    "model.json": lambda path: nn.save_model(path, network()),
    "plot.svg": lambda path: nn.plots.lines({"a": [1.0, 2.0]}).write(path),
}
"""Everything that writes a file."""


@pytest.fixture(params=WRITERS)
def writing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Callable[[Path], Any]]]:
    """A writer and a path for it; whatever it does there, it leaves nothing beside it."""
    if request.param == "plot.svg":
        pytest.importorskip("matplotlib")
    yield tmp_path / request.param, WRITERS[request.param]
    assert {request.param} >= set(os.listdir(tmp_path))


Writing = tuple[Path, Callable[[Path], Any]]


def test_a_file_of_the_kind_is_replaced_and_keeps_its_permissions(writing: Writing) -> None:
    path, write = writing
    assert path == write(path)
    os.chmod(path, 0o640)
    before = path.read_bytes()
    assert path == write(path)
    assert (0o640, before[:10]) == (path.stat().st_mode & 0o777, path.read_bytes()[:10])


def test_another_file_is_kept(writing: Writing) -> None:
    """Also one of the same ending: what does not begin as the kind does is not ours."""
    path, write = writing
    path.write_bytes(b"<!DOCTYPE html>\nsomebody's")
    with pytest.raises(AutogradError, match=f"cannot write {path}: the file there is no .*, and would be lost"):
        write(path)
    assert b"<!DOCTYPE html>\nsomebody's" == path.read_bytes()


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("what", ["a pipe", "a socket", "a device", "a folder"])
def test_only_regular_files_are_replaced(
    writing: Writing, what: str, linked: bool, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe is not waited for, a device not replaced by a file, neither through a link."""
    path, write = writing
    place = tmp_path_factory.mktemp("x") / "p" if linked else path
    if what == "a pipe":
        os.mkfifo(place)
    elif what == "a socket":
        monkeypatch.chdir(place.parent)  # its whole path would be too long for a socket's name
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    elif what == "a folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/null")
    if linked:
        path.symlink_to(place)
    before = os.stat(path)
    with pytest.raises(AutogradError, match=f"cannot write {path}: it is {what}"):
        write(path)
    assert before == os.stat(path)


def test_a_link_stays_a_link_also_to_what_is_not_there_yet(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    for text in (b"note 1", b"note 2"):
        files.write(link, KIND, lambda text=text: text)  # type: ignore[misc]
        assert (True, text) == (link.is_symlink(), target.read_bytes())


NAMES = [("x" * 300, "its name is too long"), ("none/x", "there is no folder"), ("file/x", "there is no folder"), ("circle", "in a circle")]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_places_that_do_not_exist(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DrawingError, match=words):
        files.write(tmp_path / name, KIND, lambda: b"note")
    assert ["circle", "file"] == sorted(os.listdir(tmp_path))


@pytest.mark.parametrize("name", ["a\0b.svg", "\ud800.svg"])
def test_names_that_no_file_can_have(name: str) -> None:
    for write in (draw(graph()).write, Stepper(graph()).write, compile(graph()).write, lambda p: nn.save_model(p, network()), nn.read_idx):
        with pytest.raises(ValueError, match="no file can have the name"):
            write(name)
        with pytest.raises(TypeError, match=r"needs a path, a text or a pathlib\.Path, but got 3 of type int"):
            write(3)  # type: ignore[arg-type]


REFUSALS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk space that is allowed to you is used up",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "there is no permission to write in the folder",
    errno.EIO: "Input/output error",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_what_the_file_system_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """In words; the old file stays, and nothing beside it."""
    path = files.write(tmp_path / "x", KIND, lambda: b"note 1")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DrawingError, match=REFUSALS[code]):
        files.write(path, KIND, lambda: b"note 2")
    assert (b"note 1", ["x"]) == (path.read_bytes(), os.listdir(tmp_path))


def test_a_folder_that_takes_no_files_is_said_before_the_work(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after it: a training of minutes would be lost. Root may write everywhere, so the system's answer is given here."""
    path, write = writing
    may = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path.parent and may(place, mode))
    with pytest.raises(AutogradError, match=re.escape(f"cannot write {path}: the folder {path.parent} is write-protected")):
        write(path)
    with pytest.raises(DrawingError, match="is write-protected"):
        files.write(path, KIND, lambda: pytest.fail("the work was begun"))


def test_a_file_that_gets_too_large_half_way(tmp_path: Path) -> None:
    """A real failure after some bytes are written: none of them stays."""
    path = files.write(tmp_path / "x", KIND, lambda: b"note 1")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(DrawingError, match="the file would be larger than the system allows"):
            files.write(path, KIND, lambda: b"note" + bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (b"note 1", ["x"]) == (path.read_bytes(), os.listdir(tmp_path))


def test_what_comes_while_the_content_is_made_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "x"

    def content() -> bytes:
        path.write_bytes(b"dear diary")
        return b"note"

    with pytest.raises(DrawingError, match="would be lost"):
        files.write(path, KIND, content)
    assert b"dear diary" == path.read_bytes()


def test_the_umask_is_kept_and_never_changed(tmp_path: Path) -> None:
    """Another thread that makes files meanwhile makes them with its own umask: permissions are those that the system gives."""
    before = os.umask(0o027)
    try:
        seen: set[int] = set()
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                place = tmp_path / "watched"
                os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o666))
                seen.add(place.stat().st_mode & 0o777)
                place.unlink()

        watcher = threading.Thread(target=watch)
        watcher.start()
        for i in range(200):
            files.write(tmp_path / f"x{i}", KIND, lambda: b"note")
        done.set()
        watcher.join()
        assert ({0o640}, {0o640}) == (seen, {(tmp_path / f"x{i}").stat().st_mode & 0o777 for i in range(200)})
    finally:
        os.umask(before)


# Ctrl-C.


def _interrupted_at(instant: int, act: Callable[[], object]) -> bool:
    """Run it with a KeyboardInterrupt at its n-th instruction inside of the room of files; False once there are fewer than n."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename != files.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            count += 1
            if count == instant:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    except DrawingError:
        return count >= instant
    finally:
        sys.settrace(None)
    return False


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a file that Ctrl-C drops as it is opened is closed by Python, which says so
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("full", [False, True])
def test_an_interrupt_at_every_instruction_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    """Neither a temporary file nor half a file, and it is a KeyboardInterrupt and nothing else; with a full disk, too."""
    if full:

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "")

        monkeypatch.setattr(os, "replace", refuse)
    path = tmp_path / "x"
    instant = 1
    _interrupted_at(0, lambda: files.write(path, KIND, lambda: b"note" * 2))  # 3.12 tells instructions from a function's second run on
    while _interrupted_at(instant, lambda: files.write(path, KIND, lambda: b"note" * 2)):
        assert set(os.listdir(tmp_path)) <= {"x"}
        assert not path.exists() or path.read_bytes() == b"note" * 2
        instant += 1
    gc.collect()  # what was dropped half opened is closed now, and not amid another test
    assert instant > 150


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_time_leaves_nothing(tmp_path: Path) -> None:
    """By a real signal, at random instants while several files are written."""
    draws = random.Random(0)
    path = tmp_path / "x"
    fired = True

    def interrupt(*_: object) -> None:
        nonlocal fired
        fired = True
        raise KeyboardInterrupt

    def several() -> None:
        for _ in range(20):
            files.write(path, KIND, lambda: b"note" * 2)

    several()
    started = time.perf_counter()
    several()
    usual = time.perf_counter() - started
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(SWEEP):
            fired = False
            try:
                signal.setitimer(signal.ITIMER_REAL, max(1e-6, draws.random() * usual))
                several()
                time.sleep(0.0 if fired else 1.0)  # no loop: 3.13.0 leaves the jump of one out of its exception table
            except KeyboardInterrupt:  # and nothing in its place
                pass
            assert ["x"] == os.listdir(tmp_path)
            assert b"note" * 2 == path.read_bytes()
    finally:
        signal.signal(signal.SIGALRM, before)
        gc.collect()


# Files that attack.


@pytest.mark.parametrize("read", [lambda path: nn.load_model(path, network()), nn.read_idx])
def test_only_regular_files_are_read(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    """A pipe, or a device without end, would be waited for until the memory is full."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device")):
        with pytest.raises(ValueError, match=f"{path} is {what}, and no file"):
            read(path)


def test_many_names_in_a_saved_model_are_looked_through_in_time(tmp_path: Path) -> None:
    """20,000 names, the last of them twice: the search for it is linear."""
    names = ", ".join(f'"n{i}": 0.0' for i in [*range(20_000), 19_999])
    path = tmp_path / "m.json"
    path.write_text(f'{{"format": "glassgrad model", "version": 1, "parameters": {{{names}}}}}')
    started = time.process_time()
    with pytest.raises(nn.SavedModelError, match="the entry 'n19999' stands there twice"):
        nn.load_model(path, network())
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "[" * 1_000_000, "1" * 100_000, json.dumps({f"n{i}": 0 for i in range(50_000)})])
def test_a_model_that_is_none_is_refused_in_few_words(tmp_path: Path, text: str) -> None:
    """Deep, long or wide: an error that a person can read."""
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(nn.SavedModelError) as caught:
        nn.load_model(tmp_path / "m.json", network())
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def _peak(act: Callable[[], object]) -> int:
    import tracemalloc

    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_is_read_as_far_as_its_sizes_say(tmp_path: Path) -> None:
    """100 MB of zeros in 100 kB, whose sizes say 10 numbers: what is read is no more than a piece."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 10) + bytes(100_000_000), compresslevel=1))

    def read() -> None:
        with pytest.raises(ValueError, match="should have 18 bytes for 10 numbers, but has more"):
            nn.read_idx(path)

    assert _peak(read) < 4_000_000


def test_sizes_beyond_the_file_cost_no_memory(tmp_path: Path) -> None:
    """Sizes that say 2⁶⁴ numbers, or 255 dimensions of the largest size."""
    path = tmp_path / "huge.idx"
    for dimensions in (2, 255):
        path.write_bytes(struct.pack(f">BBBB{dimensions}I", 0, 0, 14, dimensions, *[2**32 - 1] * dimensions) + bytes(100))

        def read() -> None:
            with pytest.raises(ValueError, match=r"should have \d+ bytes for 4294967295 × 4294967295"):
                nn.read_idx(path)

        assert _peak(read) < 4_000_000
