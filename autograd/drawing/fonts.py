"""Fonts: our own faces, what they cover, and which fonts a picture needs.

A layout must not depend on the fonts of a machine. So the layout engine knows *Glassgrad Sans* and, for every letter that it lacks,
*Glassgrad Measure*, which has widths and no shapes. Each text of an SVG carries the width it was laid out with; whoever shows the SVG
has letters. PNG and PDF need shapes: letters beyond ours come from the extra `korean` or, where that lacks them too, from the
machine's fonts.
"""

from __future__ import annotations

import html
import importlib.util
import os
import struct
import sys
import unicodedata
import warnings
from array import array
from bisect import bisect_right
from functools import cache
from pathlib import Path

from ..errors import DrawingError

FAMILY = "Glassgrad Sans"
FONT = f"{FAMILY},DejaVu Sans Condensed,Helvetica,Arial,sans-serif"
"""The font of every text: ours, or for whoever shows a picture without it, one of nearly its widths."""
FACES = Path(__file__).parent / "faces"
OWN = ("GlassgradSans-Regular.ttf", "GlassgradSans-Italic.ttf", "GlassgradSans-Bold.ttf")
MEASURE = "GlassgradMeasure-Regular.ttf"
HANGUL = "NotoSansKR-Regular.otf"
"""The face of the extra `korean`, in the package pylopdf_fonts_ko, of which nothing is imported."""

Fonts = tuple[str, ...]
"""The font files that a layout engine is told of, and no others."""
CJK = {"HANGUL", "CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH"}
"""How the names of the letters begin that the extra `korean` has at large."""


# What a font file says.


class Face:
    """The letters of a font file and their widths, read from its tables (TrueType and OpenType, version 1.9: cmap, hmtx)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            start = file.read(16)
            at = struct.unpack(">I", start[12:16])[0] if start[:4] == b"ttcf" else 0  # of a collection, the first
            file.seek(at)
            count = struct.unpack(">4xH6x", file.read(12))[0]
            records = struct.iter_unpack(">4s4xII", file.read(16 * count))
            tables = {name: (offset, length) for name, offset, length in records}
            self._tables = {}
            for name in (b"cmap", b"head", b"hhea", b"hmtx"):
                offset, length = tables[name]
                file.seek(offset)
                self._tables[name] = file.read(length)
        self._groups = self._letters()
        self._starts = [group[0] for group in self._groups]

    def _letters(self) -> list[tuple[int, int, int]]:
        """Runs of letters: the first, the last, and the glyph of the first; or, negative, where in the table their glyphs are listed."""
        cmap = self._tables[b"cmap"]
        best: tuple[int, int] = (0, 0)
        for i in range(struct.unpack_from(">H", cmap, 2)[0]):
            offset = struct.unpack_from(">I", cmap, 8 + 8 * i)[0]
            best = max(best, (struct.unpack_from(">H", cmap, offset)[0], offset), key=lambda found: (found[0] in (4, 12), found))
        kind, at = best
        if kind == 12:
            count = struct.unpack_from(">I", cmap, at + 12)[0]
            return sorted(struct.iter_unpack(">III", cmap[at + 16 : at + 16 + 12 * count]))
        if kind != 4:
            return []
        count = struct.unpack_from(">H", cmap, at + 6)[0] // 2
        last, first, delta, ranges = (struct.unpack_from(f">{count}H", cmap, at + 14 + 2 * count * i + (2 if i else 0)) for i in range(4))
        listed = at + 16 + 6 * count
        return [
            (a, b, (a + d) & 0xFFFF if r == 0 else -(listed + 2 * i + r))
            for i, (a, b, d, r) in enumerate(zip(first, last, delta, ranges, strict=True))
            if a != 0xFFFF
        ]

    def __contains__(self, letter: str) -> bool:
        return self._group(letter) is not None

    def _group(self, letter: str) -> tuple[int, int, int] | None:
        i = bisect_right(self._starts, ord(letter)) - 1
        return self._groups[i] if i >= 0 and ord(letter) <= self._groups[i][1] else None

    def width(self, text: str) -> float:
        """The width of a text in units of the font's size; letters that the face lacks count as 1."""
        em = struct.unpack_from(">H", self._tables[b"head"], 18)[0]
        count = struct.unpack_from(">H", self._tables[b"hhea"], 34)[0]
        total = 0.0
        for letter in text:
            group = self._group(letter)
            if group is None:
                total += 1.0
                continue
            first, _, glyph = group
            glyph = (
                glyph + ord(letter) - first
                if glyph >= 0
                else struct.unpack_from(">H", self._tables[b"cmap"], -glyph + 2 * (ord(letter) - first))[0]
            )
            total += struct.unpack_from(">H", self._tables[b"hmtx"], 4 * min(glyph, count - 1))[0] / em
        return total


@cache
def own(style: str = "Regular") -> Face:
    """A face of our own. DrawingError: its file is missing or damaged."""
    path = FACES / f"GlassgradSans-{style}.ttf"
    for name in (*OWN, MEASURE):
        _undamaged(FACES / name)
    return Face(path)


@cache
def _undamaged(path: Path) -> None:
    remedy = "Remedy: pip install --force-reinstall 'glassgrad[draw]'"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DrawingError(f"the font {path.name} of this package is missing ({error.strerror}). {remedy}") from None
    words = array("I", data[: len(data) // 4 * 4])
    if sys.byteorder == "little":
        words.byteswap()
    if len(data) % 4 or sum(words) % 2**32 != 0xB1B0AFBA:  # what every whole font file adds up to (OpenType, table head)
        raise DrawingError(f"the font {path.name} of this package is damaged. {remedy}")


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in points, in our own font."""
    return size * own("Bold" if bold else "Regular").width(text)


def fitting(text: str, size: float, room: float) -> float:
    """The size at which the text is no wider than the room, in points; at most the size that is wanted."""
    return min(size, room * size / width(text, size)) if text else size


# Which letters are ours, and where others are.


def lacking(text: str) -> str:
    """The letters of a text, each once, that our own font lacks; DOT text may have entities."""
    letters = dict.fromkeys(html.unescape(text))
    return "".join(c for c in letters if c > "~" and c not in own() and not _invisible(c))


def _invisible(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Mn") or letter.isspace()


def korean_folder() -> Path | None:
    """The folder with the font of the extra `korean`; None without it."""
    spec = importlib.util.find_spec("pylopdf_fonts_ko")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / HANGUL).is_file():
            return Path(place)
    return None


@cache
def _korean() -> Face | None:
    folder = korean_folder()
    try:
        return Face(folder / HANGUL) if folder else None
    except (struct.error, KeyError, OSError):
        warnings.warn(
            f"the font {HANGUL} of the extra korean is damaged. Remedy: pip install --force-reinstall pylopdf-fonts-ko", stacklevel=2
        )
        return None


def system_folders() -> list[Path]:
    """The folders in which this machine's fonts are."""
    if sys.platform == "win32":
        folders = [rf"{os.environ.get('SYSTEMROOT', 'C:/Windows')}\Fonts", r"~\AppData\Local\Microsoft\Windows\Fonts"]
    elif sys.platform == "darwin":
        folders = ["/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"]
    else:
        data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        folders = ["/usr/share/fonts", "/usr/local/share/fonts", f"{data}/fonts", "~/.fonts"]
    return [path for path in (Path(folder).expanduser() for folder in folders) if path.is_dir()]


@cache
def system_faces() -> tuple[Path, ...]:
    """The font files of this machine, plain ones first."""
    return tuple(sorted((path for folder in system_folders() for path in folder.rglob("*.[oOtT][tT][fFcC]")), key=_plainness))


def _plainness(path: Path) -> tuple[bool, bool, int, str]:
    name = path.stem.lower()
    styled = any(word in name for word in ("bold", "italic", "oblique", "light", "thin", "black", "condensed", "medium"))
    return styled, "serif" in name or "mono" in name, len(name), str(path)


@cache
def _face(path: Path) -> Face | None:
    try:
        return Face(path)
    except (struct.error, KeyError, OSError):
        return None  # damaged, or of another kind: it has no letter for us


@cache
def somewhere(letter: str) -> str:
    """The file of this machine's that has the letter; "" where none has."""
    return next((str(path) for path in system_faces() if (face := _face(path)) is not None and letter in face), "")


def hangul_font() -> str:
    """The file with Hangul for PNG and PDF; "" where there is none."""
    korean = _korean()
    return str(korean.path) if korean else somewhere("한")


def fonts_for(source: str, format: str) -> Fonts:
    """The fonts that a picture needs: ours, and for letters beyond them a font with widths or, where letters are painted, one with
    shapes. Letters that no font here has are said, once.

    DrawingError: a file of ours is missing or damaged.
    """
    own()
    ours = tuple(str(FACES / name) for name in OWN)
    missing = "" if format in ("svg", "json", "json0") else lacking(source)
    if not missing:
        return (*ours, str(FACES / MEASURE))
    korean = _korean()
    found: dict[str, Face] = {str(korean.path): korean} if korean else {}
    nowhere = ""
    for letter in missing:
        if not any(letter in face for face in found.values()):
            file = somewhere(letter)
            face = _face(Path(file)) if file else None
            if face is None:
                nowhere += letter
            else:
                found[file] = face
    if nowhere:
        _say(nowhere)
    return (*ours, *found)


def all_fonts() -> Fonts:
    """Every font that is here: for a layout engine that is told only once."""
    korean = _korean()
    return (*(str(FACES / name) for name in OWN), *([str(korean.path)] if korean else []), *map(str, system_faces()))


@cache
def _say(letters: str) -> None:
    names = [unicodedata.name(c, "UNKNOWN") for c in letters]
    scripts = list(dict.fromkeys(name.split()[0] for name in names))
    remedy = "pip install 'glassgrad[korean]' brings Hangul and Hanja" if CJK & set(scripts) else "install a font that has it"
    shown = f"{letters[:12]}{'…' if len(letters) > 12 else ''} ({', '.join(script.capitalize() for script in scripts[:4])})"
    warnings.warn(
        f"no font here has {shown}, so PNG and PDF show boxes in its place; SVG is right wherever it is shown. Remedy: {remedy}",
        stacklevel=_outside(),
    )


def _outside() -> int:
    """How many calls away the line is that asked for the picture."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("autograd."):
        level, frame = level + 1, frame.f_back
    return level


# What the layout engine is told.


_SETTINGS = "".join(
    f'<edit name="{name}" mode="assign">{value}</edit>'
    for name, value in (
        ("antialias", "<bool>true</bool>"),
        ("hinting", "<bool>false</bool>"),
        ("autohint", "<bool>false</bool>"),
        ("hintstyle", "<const>hintnone</const>"),
        ("rgba", "<const>none</const>"),
        ("lcdfilter", "<const>lcdnone</const>"),
    )
)
CONFIGURATION = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>'
    "<dir>{folder}</dir><cachedir>{folder}/fonts.conf/none</cachedir><config><rescan><int>0</int></rescan></config>"
    f'<match target="pattern">{_SETTINGS}</match><match target="font">{_SETTINGS}</match></fontconfig>'
)
"""A fontconfig file: the fonts in one folder, without a cache (where it is to be, no folder can be made).

Nothing of the person's own settings is read: hinting and antialiasing set there would change every byte of a picture.
"""


def upright(text: str) -> bool:
    """Whether a text is not to be slanted: Hangul and its neighbours have no italics."""
    return any(unicodedata.east_asian_width(c) in "WF" for c in text)
