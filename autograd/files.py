"""Files: the one writer of the house, whole or not at all, and a reader that waits for nobody."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from . import given
from .errors import AutogradError, DrawingError
from .words import LANGUAGES

_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe put in a file's place meanwhile is opened without waiting for its other end


class Kind(NamedTuple):
    """A kind of file that is written here.

    name    what people call one: "PNG picture"
    begins  with what bytes a file of the kind begins: only such a one, or an empty one, is ever replaced
    error   what is raised where one cannot be written
    """

    name: str
    begins: tuple[bytes, ...]
    error: type[AutogradError] = DrawingError


PICTURES = {
    ".svg": Kind("SVG picture", (b"<?xml", b"<svg", b"<!DOCTYPE svg")),
    ".png": Kind("PNG picture", (b"\x89PNG",)),
    ".pdf": Kind("PDF picture", (b"%PDF",)),
}
"""By the endings of their names."""
PAGE_BEGINS = {lang: f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta name="generator" content="glassgrad">' for lang in LANGUAGES}
"""By their languages."""
PAGES = dict.fromkeys((".html", ".htm"), Kind("page of glassgrad", tuple(begin.encode() for begin in PAGE_BEGINS.values())))


def as_path(path: Any, asker: str) -> Path:
    """A path, said as a text or as a pathlib.Path. TypeError: it is something else; ValueError: no file can have such a name."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
    if not isinstance(text, str):
        raise given.wrong(asker, "a path, a text or a pathlib.Path", path)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ValueError(f"{asker} needs a path, but no file can have the name {given.shorten(text)}")
    return Path(text)


def kind_of(path: Path, kinds: Mapping[str, Kind]) -> Kind:
    """The kind that the ending of the path says; the kinds' error where it says none of them."""
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        error = next(iter(kinds.values())).error
        *most, last = kinds
        endings = f"{', '.join(most)} and {last}" if most else last
        raise error(f"cannot write {path}: its ending says {path.suffix or 'nothing'}, and there are {endings}")
    return kind


def write(path: Path, kind: Kind, content: Callable[[], bytes]) -> Path:
    """Put the content where the path leads, in one move, and return the path: whoever looks sees the old file or the new one.

    A link stays a link, and a file's permissions stay. Replaced is a regular file of the kind alone; what else stands there is kept,
    and the kind's error says so, as it says what the file system refused. Ctrl-C at any instant leaves nothing beside the file.
    """
    place(path, kind)  # before the work, and again after it, for it may have taken long
    data = content()
    target, found = place(path, kind)
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        try:
            with open(temporary, "xb") as file:  # with the permissions that the umask leaves
                file.write(data)
            if found is not None:
                os.chmod(temporary, stat.S_IMODE(found.st_mode))
            os.replace(temporary, target)
        finally:
            _remove(temporary)
    except OSError as error:
        raise _refusal(path, kind, error, f"write in the folder {target.parent}") from error
    finally:
        _remove(temporary)  # Ctrl-C may have fallen into the first
    return path


def place(path: Path, kind: Kind) -> tuple[Path, os.stat_result | None]:
    """Where the path leads, and what stands there, None for nothing; the kind's error unless a file of the kind can be written there."""
    found, begin = None, b""
    try:
        target = Path(os.path.realpath(path))
        try:
            found = os.stat(path)
        except FileNotFoundError:
            if not target.parent.is_dir():
                raise kind.error(f"cannot write {path}: there is no folder {(target if path.is_symlink() else path).parent}") from None
        if found is not None:
            if what := _other_than_file(found):
                raise kind.error(f"cannot write {path}: it is {what}")
            with open_file(path) as file:
                begin = file.read(max(map(len, kind.begins)))
    except OSError as error:
        raise _refusal(path, kind, error, "look at what stands there") from error
    if begin and not begin.startswith(kind.begins):
        raise kind.error(f"cannot write {path}: the file there is no {kind.name}, and would be lost")
    if found is not None and not os.access(path, os.W_OK):
        raise kind.error(f"cannot write {path}: the file there is write-protected")
    if not os.access(target.parent, os.W_OK):
        raise kind.error(f"cannot write {path}: the folder {target.parent} is write-protected")
    return target, found


def folder_place(folder: Path, kind: Kind) -> None:
    """The kind's error unless the folder is there, or can be made in one that is."""
    try:
        if not stat.S_ISDIR(os.stat(folder).st_mode):
            raise kind.error(f"cannot write into {folder}: it is no folder")
    except FileNotFoundError:
        if not folder.parent.is_dir():
            raise kind.error(f"cannot write into {folder}: there is no folder {folder.parent}") from None
    except OSError as error:
        raise _refusal(folder, kind, error, "look at what stands there") from error


def make_folder(folder: Path, kind: Kind, *, parents: bool = False) -> None:
    """Make the folder unless it is there; the kind's error where it cannot be made."""
    try:
        folder.mkdir(parents=parents, exist_ok=True)
    except FileExistsError:
        raise kind.error(f"cannot write into {folder}: it is no folder") from None
    except OSError as error:
        raise _refusal(folder, kind, error, f"make a folder in {folder.parent}") from error


def open_file(path: Path) -> BinaryIO:
    """A regular file, open for reading. ValueError: it is a pipe, a device or a socket, whose end may never come. OSError as ever."""
    what = _other_than_file(os.stat(path))
    if what and what != _FOLDER:  # that one, Python says in its own words
        raise ValueError(f"{path} is {what}, and no file")
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | _AT_ONCE))


_FOLDER = "a folder"


def _other_than_file(found: os.stat_result) -> str:
    """What it is, in words; nothing for a regular file."""
    kinds = {stat.S_IFREG: "", stat.S_IFDIR: _FOLDER, stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(found.st_mode), "a device")


def _remove(temporary: Path) -> None:
    with suppress(OSError):  # it has been moved to its place, or was never made
        os.unlink(temporary)


_REASONS = {
    "ENOSPC": "the disk is full",
    "EDQUOT": "the disk space that is allowed to you is used up",
    "EFBIG": "the file would be larger than the system allows",
    "EROFS": "the disk can only be read",
    "ENAMETOOLONG": "its name is too long",
    "ELOOP": "its links lead in a circle",
}


def _refusal(path: Path, kind: Kind, error: OSError, forbidden: str) -> AutogradError:
    """The error for what the file system refused; `forbidden` says what it was where a permission is missing."""
    name = errno.errorcode.get(error.errno or 0, "")
    if name in ("EACCES", "EPERM"):
        reason = f"there is no permission to {forbidden}"
    elif name == "ENOTDIR":
        reason = f"there is no folder {path.parent}"
    else:
        reason = _REASONS.get(name) or error.strerror or str(error)
    return kind.error(f"cannot write {path}: {reason}")
