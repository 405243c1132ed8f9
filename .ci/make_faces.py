"""Make the faces in autograd/drawing/faces from DejaVu's: `python .ci/make_faces.py FOLDER_OF_DEJAVU` (needs fonttools).

*Glassgrad Sans* is DejaVu Sans Condensed with the letters and signs that pictures use, under a name of its own as its licence asks:
regular, italic and bold, without hinting, kerning and dates. Its widths are within 3 % of Helvetica's and Arial's, so a viewer without it
hardly has to stretch a text to the width that it was laid out with.

*Glassgrad Measure* has no shapes. It gives every other letter a width and a height, those of Noto Sans KR for Hangul, so that a layout
does not depend on the fonts of a machine.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

FACES = Path(__file__).parent.parent / "autograd" / "drawing" / "faces"
TEXT = [
    *[(0x20, 0x7E), (0xA0, 0x17F), (0x18F, 0x192), (0x218, 0x21B), (0x2B0, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x45F)],
    *[(0x490, 0x491), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x2000, 0x20CF), (0x2100, 0x23FF), (0x25A0, 0x25FF), (0xFB00, 0xFB06)],
    (0xFFFD, 0xFFFD),
]
"""Latin, Greek, Cyrillic, sub- and superscripts, arrows and mathematical signs: in every face."""
SIGNS = [(0x180, 0x2AF), (0x460, 0x52F), (0x1F00, 0x1FFF), (0x20D0, 0x20FF), (0x2460, 0x259F), (0x2600, 0x27FF), (0x2900, 0x2BFF)]
SIGNS += [(0x1D400, 0x1D7FF)]
"""And these in the regular face alone."""
WIDTHS = {"zero": 0, "narrow": 600, "hangul": 920, "wide": 1000}


def sans(source: Path, style: str, ranges: list[tuple[int, int]]) -> None:
    """One face of Glassgrad Sans."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[], notdef_outline=True)
    options.drop_tables += ["FFTM", "GDEF", "GPOS", "GSUB", "MATH", "gasp"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[c for first, last in ranges for c in range(first, last + 1)])
    subsetter.subset(font)
    font["head"].created = font["head"].modified = 0
    font["OS/2"].usWidthClass = 5  # in a family of its own it is the normal width
    named(font, "Glassgrad Sans", style, "Copyright (c) 2003 by Bitstream, Inc. All Rights Reserved. DejaVu changes are in public domain.")
    font.save(FACES / f"GlassgradSans-{style}.ttf")


def named(font: TTFont, family: str, style: str, owner: str) -> None:
    """The names of a face."""
    full = f"{family} {style}"
    names = {0: owner, 1: family, 2: style, 3: full, 4: full, 5: "Version 1.0", 6: full.replace(" ", "", 1).replace(" ", "-")}
    font["name"].names = []
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)


def width(letter: str) -> str:
    """Which of the widths a letter has."""
    if unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc"):
        return "zero"
    if unicodedata.east_asian_width(letter) in "WF":
        return "hangul" if "HANGUL" in unicodedata.name(letter, "") else "wide"
    return "narrow"


def measure() -> None:
    """The face without shapes: four glyphs, and many letters to each."""
    builder = FontBuilder(1000, isTTF=True)
    order = [".notdef", *WIDTHS]
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap({})
    builder.setupGlyf({name: TTGlyphPen(None).glyph() for name in order})
    builder.setupHorizontalMetrics({".notdef": (600, 0)} | {name: (advance, 0) for name, advance in WIDTHS.items()})
    builder.setupHorizontalHeader(ascent=1160, descent=-288)
    builder.setupOS2(sTypoAscender=1160, sTypoDescender=-288, usWinAscent=1160, usWinDescent=288)
    builder.setupNameTable({})
    builder.setupPost()
    font = builder.font
    letters = [c for c in range(0x80, 0x110000) if not 0xD800 <= c < 0xF900]
    table = CmapSubtable.newSubtable(13)
    table.platformID, table.platEncID, table.format, table.reserved, table.length, table.language, table.nGroups = 3, 10, 13, 0, 0, 0, 0
    table.cmap = {c: width(chr(c)) for c in letters}
    font["cmap"].tables = [table]
    font["head"].created = font["head"].modified = 0
    font.recalcTimestamp = False
    named(font, "Glassgrad Measure", "Regular", "The glassgrad developers")
    font.save(FACES / "GlassgradMeasure-Regular.ttf")


if __name__ == "__main__":
    dejavu = Path(sys.argv[1])
    sans(dejavu / "DejaVuSansCondensed.ttf", "Regular", TEXT + SIGNS)
    sans(dejavu / "DejaVuSansCondensed-Oblique.ttf", "Italic", TEXT)
    sans(dejavu / "DejaVuSansCondensed-Bold.ttf", "Bold", TEXT)
    measure()
