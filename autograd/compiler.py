"""The machine's C compiler: found, run, and what it made kept for the next time. It runs only where somebody asks for it.

What it made lies in a folder of the user's alone, `folder()`. Each file's name says what it was made of, and its SHA-256: a damaged file
is made again, and one that another user could have put there is not loaded.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from .errors import CompilerError, MissingExtraError
from .files import Kind, make_folder, open_file, write

SECONDS = 120.0
"""A compiler may take so long."""
WORDS = 2_000
"""So many letters of what it said are shown."""
WINDOWS = sys.platform == "win32"
FLAGS = ("-std=c99", "-O3", "-ffp-contract=off", "-shared", *(() if WINDOWS else ("-fPIC",)))
CHOICES = (("-march=native",), ())
"""Flags that not every compiler knows: the first that work."""
LIBRARY = Kind("library", (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ"), CompilerError)
NAMES = ("cc", "gcc", "clang")
MISSING = (
    "native programs need a C compiler, and there is none: install one (cc, gcc or clang on PATH, or named in CC), or pip install ziglang,"
    " which brings one and takes 0.4 GB"
)

_loaded: dict[str, ctypes.CDLL] = {}


def find() -> list[str] | None:
    """How a C compiler is called here: as $CC says, or cc, gcc or clang, or that of the package ziglang. None: there is none."""
    try:
        named = shlex.split(os.environ.get("CC", ""))
    except ValueError:  # a quotation without an end: no program
        return None
    for command in [named] if named else [[name] for name in NAMES]:
        program = shutil.which(command[0])
        if program:
            return [program, *command[1:]]
    if named:
        return None
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def command() -> list[str]:
    """The same; MissingExtraError where there is none."""
    found = find()
    if found is None:
        named = os.environ.get("CC", "").strip()
        raise MissingExtraError(f"{MISSING} (CC={named!r} is no program)" if named else MISSING)
    return found


@cache
def version(*command: str) -> str:
    """What the compiler says of itself."""
    return _said(command, ["--version"], None)[1]


def load(source: str) -> ctypes.CDLL:
    """The C source as a library, from the user's folder where it is there, and else compiled. Calls of it release the GIL.

    MissingExtraError: there is no compiler. CompilerError: it failed, took too long, or made no library; its words are shown.
    """
    called = command()
    made_of = [source, called, version(*called), FLAGS, CHOICES, sys.platform, platform.machine(), processor()]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]
    library = _loaded.get(key)
    if library is None:
        library = _loaded[key] = _kept(key) or _built(key, source, called)
    return library


def _built(key: str, source: str, called: list[str]) -> ctypes.CDLL:
    with TemporaryDirectory(prefix="glassgrad-", ignore_cleanup_errors=True) as name:
        made = _compiled(Path(name), source, called)
        content = made.read_bytes()
        if not content.startswith(LIBRARY.begins):
            raise CompilerError(f"the C compiler {shlex.join(called)} made no library, but a file that begins with {content[:16]!r}")
        place = made
        try:
            safe = own_folder()
            place = write(safe / f"{key}.{_digest(content)}.so", LIBRARY, lambda: content)
            place.chmod(0o700)
        except (CompilerError, OSError) as error:
            place = made
            warnings.warn(f"what was compiled is not kept for the next time: {error}", RuntimeWarning, stacklevel=2)
        return _opened(place, called)


def _compiled(build: Path, source: str, called: list[str]) -> Path:
    """The library that the compiler makes in this folder."""
    (build / "packed.c").write_text(source, encoding="utf-8")
    status, said = 0, ""
    for more in CHOICES:
        words = [*FLAGS, *more, "packed.c", "-o", "packed.so", *([] if WINDOWS else ["-lm"])]
        status, said = _said(called, words, build)
        if status == 0:
            break
    else:
        raise CompilerError(f"the C compiler {shlex.join(called)} failed with exit code {status}, and said: {said or 'nothing'}")
    made = build / "packed.so"
    if not made.is_file():
        raise CompilerError(f"the C compiler {shlex.join(called)} made no library, and said: {said or 'nothing'}")
    return made


def _said(called: tuple[str, ...] | list[str], words: list[str], build: Path | None) -> tuple[int, str]:
    """The exit code of the compiler, and the end of what it said."""
    with TemporaryFile() as out:  # no pipe: what it started, and left behind, could hold that open for ever
        try:
            process = subprocess.Popen(
                [*called, *words], cwd=build, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, "LC_ALL": "C"}, start_new_session=not WINDOWS,
            )  # fmt: skip
        except OSError as error:
            raise CompilerError(f"the C compiler {shlex.join(called)} cannot be run: {error}") from error
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise CompilerError(
                f"the C compiler {shlex.join(called)} took more than {SECONDS:g} s and was stopped; it had said: {_end(out) or 'nothing'}"
            ) from None
        finally:
            if process.returncode is None:  # Ctrl-C ends it as well
                with suppress(OSError):
                    process.kill() if WINDOWS else os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return status, _end(out)


def _end(out: IO[bytes]) -> str:
    """The last letters of a file, those that no screen shows as escapes."""
    out.seek(0, os.SEEK_END)
    out.seek(max(0, out.tell() - WORDS))
    text = out.read().decode("utf-8", "replace").strip()
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


def _opened(place: Path, called: list[str]) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(place))
    except OSError as error:
        raise CompilerError(f"what the C compiler {shlex.join(called)} made cannot be loaded: {error}") from error


# -- what is kept ----------------------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where libraries are kept: glassgrad in $XDG_CACHE_HOME, or in ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "glassgrad"


def own_folder() -> Path:
    """The folder, made where it is not there. CompilerError: it cannot be made, or somebody else could put something into it."""
    here = folder()
    try:
        make_folder(here.parent, LIBRARY, parents=True)
        with suppress(FileExistsError):
            here.mkdir(mode=0o700)
    except OSError as error:
        raise CompilerError(f"cannot make the folder {here}: {error.strerror}") from error
    if why := _not_own(here, stat.S_ISDIR, 0o077):
        raise CompilerError(f"the folder {here} {why}; remove it, or make it yours: chmod 700")
    return here


def kept() -> list[Path]:
    """The files that are kept."""
    try:
        return sorted(path for path in folder().iterdir() if path.suffix in (".so", ".tmp"))
    except OSError:
        return []


def clear() -> int:
    """Remove them; how many there were. CompilerError: the folder is not the user's own."""
    files = kept()
    if files:
        own_folder()
    for path in files:
        with suppress(FileNotFoundError):  # another process was quicker
            path.unlink()
    return len(files)


def _kept(key: str) -> ctypes.CDLL | None:
    """The library of this key; None where it is not there, or not as it was written."""
    if not folder().is_dir() or _not_own(folder(), stat.S_ISDIR, 0o077):
        return None
    for path in folder().glob(f"{key}.*.so"):
        if not _not_own(path, stat.S_ISREG, 0o022):
            try:
                with open_file(path) as file:
                    if path.name == f"{key}.{_digest(file.read())}.so":
                        return ctypes.CDLL(str(path))
            except OSError:
                pass
        with suppress(OSError):
            path.unlink()  # damaged: it is made again
    return None


def _not_own(path: Path, kind: Callable[[int], bool], others: int) -> str:
    """Why this is not the user's alone; nothing where it is."""
    try:
        found = os.lstat(path)
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    if not kind(found.st_mode):
        return "is something else"
    if WINDOWS:  # where a user's folder is that user's
        return ""
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}, not to user {os.geteuid()}"
    return f"has the mode {stat.S_IMODE(found.st_mode):o}, which lets others in" if found.st_mode & others else ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


@cache
def processor() -> str:
    """What tells this processor from others: `-march=native` makes code for it alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    names = ("vendor_id", "cpu family", "model", "model name", "flags", "Features", "CPU part", "CPU implementer", "isa")
    return "\n".join(line for line in lines if line.partition("\t")[0].partition(":")[0].strip() in names)
