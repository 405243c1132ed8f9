"""What was measured: numbers with their spread, tables for the screen and for files, and the plot."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from unicodedata import east_asian_width

from autograd import files
from autograd.files import Kind


@dataclass(frozen=True)
class Spread:
    """A median with its quartiles: half of what was measured lies between low and high."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """The spread of one or more numbers."""
        low, _, high = quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3
        return cls(median(numbers), low, high)

    def __truediv__(self, divisor: float) -> Spread:
        return Spread(self.median / divisor, self.low / divisor, self.high / divisor)


def seconds(x: float) -> str:
    """A time with three significant digits and its unit."""
    scale, unit = next((pair for pair in ((1.0, "s"), (1e-3, "ms")) if x >= pair[0]), (1e-6, "µs"))
    return f"{significant(x / scale)} {unit}"


def significant(x: float) -> str:
    """A number with three significant digits, and no exponent."""
    return f"{x:#.3g}".rstrip(".") if abs(x) < 1000.0 else f"{x:,.0f}"


def spread(s: Spread, show: Any = significant) -> str:
    """The quartiles, as 'low – high'."""
    return f"{show(s.low)} – {show(s.high)}"


@dataclass
class Figure:
    """A figure that is to be reached, and what was measured; `met` is None where it was not measured."""

    what: str
    wanted: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        return "not measured" if self.met is None else "met" if self.met else "MISSED"


@dataclass
class Section:
    """One table. `bars` holds what the plot shows: a name and its spread, under the section's unit."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    unit: str = ""
    bars: dict[str, Spread] = field(default_factory=dict)
    data: Any = None

    def text(self) -> str:
        """The table for the screen."""
        lines = [f"{self.name}: {self.title}", *aligned(self.columns, self.rows), *self.notes]
        return "\n".join([lines[0], *(f"  {line}" for line in lines[1:])])

    def markdown(self) -> str:
        """The table for a file."""
        head = [f"## {self.name}", "", self.title, ""]
        rule = "|".join(["---", *["---:"] * (len(self.columns) - 1)])
        table = [f"| {' | '.join(row)} |" for row in (self.columns, *self.rows)]
        return "\n".join([*head, table[0], f"|{rule}|", *table[1:], "", *(f"{note}  " for note in self.notes)]).rstrip()


def targets(figures: list[Figure]) -> Section:
    """The last table: each figure to be reached beside the measured one."""
    rows = [[figure.what, figure.wanted, figure.measured, figure.verdict] for figure in figures]
    return Section("targets", "what is to be reached, and what was measured", ["figure", "wanted", "measured", ""], rows)


def width(text: str) -> int:
    """Columns on a screen: letters of East Asian scripts take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def aligned(columns: list[str], rows: list[list[str]]) -> list[str]:
    """Lines with words to the left and numbers to the right."""
    table = [columns, *rows]
    widths = [max(width(row[i]) for row in table) for i in range(len(columns))]
    words = [not any(letter.isdigit() for row in rows for letter in row[i]) or i == 0 for i in range(len(columns))]

    def pad(i: int, text: str) -> str:
        space = " " * (widths[i] - width(text))
        return text + space if words[i] else space + text

    return ["  ".join(pad(i, text) for i, text in enumerate(row)).rstrip() for row in table]


KINDS = {
    "tables.md": Kind("table of measurements", (b"# Measured",)),
    "tables.csv": Kind("table of measurements", (b"workload,",)),
    "measured.json": Kind("table of measurements", (b'{\n "about": ',)),
}


def write(folder: Path, sections: list[Section], about: dict[str, Any]) -> list[Path]:
    """Write the tables as Markdown, CSV and JSON, and the plot where matplotlib is installed; returns what was written."""
    facts = [f"- {key}: {value}" for key, value in about.items()]
    lines = io.StringIO()
    writer = csv.writer(lines)
    for section in sections:
        writer.writerow(["workload", *section.columns])
        writer.writerows([section.name, *row] for row in section.rows)
    measured = {"about": about, "sections": [asdict(section) for section in sections]}
    texts = {
        "tables.md": "\n\n".join(["# Measured", "\n".join(facts), *(section.markdown() for section in sections)]) + "\n",
        "tables.csv": lines.getvalue(),
        "measured.json": json.dumps(measured, indent=1, ensure_ascii=False) + "\n",
    }
    files.make_folder(folder, KINDS["tables.md"], parents=True)
    written = [files.write(folder / name, KINDS[name], text.encode) for name, text in texts.items()]
    shown = [section for section in sections if section.bars]
    if shown and plot(folder / "plot.png", shown):
        written.append(folder / "plot.png")
    return written


WITHOUT_NUMPY = "not measured: it needs NumPy, pip install 'glassgrad[pack]'"

COLOURS = {"ours": "#c04a00", "packed": "#c04a00", "slots": "#0b5394", "micrograd": "#44546a"}


def plot(path: Path, sections: list[Section]) -> bool:
    """One panel a section, a bar a contender or size, the quartiles as a line; False without matplotlib."""
    try:
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        return False
    across = min(3, len(sections))
    down = -(-len(sections) // across)
    canvas = Canvas(figsize=(4.2 * across, 2.3 * down), layout="constrained")
    for i, section in enumerate(sections, 1):
        axes = canvas.add_subplot(down, across, i)
        names, spreads = list(section.bars), list(section.bars.values())
        middles = [s.median for s in spreads]
        reach = [[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]]
        colours = [next((COLOURS[word] for word in name.split() if word in COLOURS), "#7f7f7f") for name in names]
        bars = axes.barh(names, middles, xerr=reach, color=colours, height=0.6, ecolor="#222222", capsize=3)
        axes.bar_label(bars, [f" {significant(middle)}" for middle in middles], padding=4, fontsize=9)
        axes.margins(x=0.22)
        axes.invert_yaxis()
        axes.set_title(section.name, loc="left", fontsize=11, fontweight="bold")
        axes.set_xlabel(section.unit, fontsize=9)
        axes.tick_params(labelsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    canvas.savefig(picture, dpi=150)
    files.write(path, files.PICTURES[".png"], picture.getvalue)
    return True
