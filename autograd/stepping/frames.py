"""The picture of one moment: what is known is drawn, what is hot is marked, what is still to come is hidden.

A film lays its graph out once, so that no box jumps from one moment to the next.
"""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .. import files, given
from ..errors import DrawingError, MissingExtraError
from ..graph import Edge
from ..joined import parents
from ..typeset import number
from ..value import Value
from .recorder import Backward, Recording, Step, in_brackets
from .walk import Walk

try:
    from ..drawing.engine import layout
    from ..drawing.moment import Moment
    from ..drawing.picture import Picture
    from ..drawing.style import Background, Look
    from ..drawing.textbook import Textbook
    from ..drawing.view import Box, Connection, look
except ImportError as error:
    raise MissingExtraError("pictures and pages of steps need the extra `draw`: pip install 'glassgrad[draw]'") from error

WHOLE = 120
"""Up to so many nodes a graph is shown whole; of a bigger one, a window of at most WINDOW nodes around the step."""
WINDOW = 40
FAN = 6
"""Of one node, so many consumers at most stand in a window."""
FRAMES = 1000
"""So many pictures at most are written at once."""


class Film:
    """A recording's graph, or a window of it, laid out once; `connection` is where each of its backward steps runs."""

    def __init__(
        self, recording: Recording, *near: int, title: str = "", lines: Sequence[str] = (), background: Background = "white"
    ) -> None:
        self.recording = recording
        self.places = window(recording, near or (recording.forward - 1,))
        self.whole = len(self.places) == recording.forward
        names = {name: leaf for leaf, name in recording.names.leaves.items()} | recording.names.lent
        only = None if self.whole else {recording.order[i] for i in self.places}
        view = look([recording.output], seed=recording.seed, names=names, only=only, fold=0, chains=False)
        self.boxes: dict[int, Box] = {}
        for box in view.boxes:
            if box.node is not None:
                place = recording.index[box.node]
                self.boxes[place] = box
                box.value, box.edited = recording.values[place], recording.computing(place).edited
        self.style = Textbook(view, Look(caption=title, background=background, lang=recording.names.lang, lines=tuple(lines)))
        self.picture = Picture.of(self.style)
        into: dict[str, list[Connection]] = {}
        for connection in view.connections:
            if connection.tail.kind != "constant":
                into.setdefault(connection.head.id, []).append(connection)
        self.seeds = [connection for connection in view.connections if connection.head.kind == "output"]
        self.connection: dict[int, Connection] = {}
        unused = {head: iter(connections) for head, connections in into.items()}
        for k, (head, tail) in enumerate(zip(recording.heads, recording.tails, strict=True)):
            if head in self.boxes and tail in self.boxes:
                self.connection[k] = next(unused[self.boxes[head].id])

    def steps(self) -> list[int]:
        """The numbers of the steps that the picture can show."""
        return [*(i + 1 for i in self.places), *(self.recording.forward + k + 1 for k in self.connection)]

    def moment(self, walk: Walk) -> Moment:
        """The moment at which the walk stands."""
        recording, step = self.recording, walk.step
        turned = walk.position >= recording.forward
        moment = Moment({box.id for place, box in self.boxes.items() if place < walk.position}, set())
        if turned:
            moment.back = {connection.id for connection in self.seeds}
            moment.boxes |= {connection.head.id for connection in self.seeds}
        for k, connection in self.connection.items():
            if recording.forward + k < walk.position:
                moment.back.add(connection.id)
        for place, box in self.boxes.items():
            if box.uses > 1 and walk.reached(place):
                moment.sums[box.id] = number(walk.gradient(place))
        if step is not None:
            place = recording.index[step.target]
            if place in self.boxes:
                moment.target = self.boxes[place].id
            if isinstance(step, Backward):
                k = step.number - recording.forward - 1
                moment.hot = {self.connection[k].id, self.connection[k].head.id} if k in self.connection else set()
        moment.lines = lines_of(recording, step)
        return moment

    def pictured(self, moment: Moment) -> Picture:
        """The picture of a moment."""
        return Picture.of(self.style, moment)


def window(recording: Recording, near: Sequence[int]) -> list[int]:
    """The places of the nodes to show: all of a small graph; of a big one, those nearest to these, operands and consumers alike."""
    if recording.forward <= WHOLE:
        return list(range(recording.forward))
    above: dict[int, list[int]] = {}
    for head, tail in zip(recording.heads, recording.tails, strict=True):
        consumers = above.setdefault(tail, [])
        if len(consumers) < FAN:
            consumers.append(head)
    found, rim = dict.fromkeys(near), deque(near)
    while rim and len(found) < WINDOW:
        place = rim.popleft()
        node = recording.order[place]
        for other in (*(recording.index[parent] for parent in parents(node)), *above.get(place, ())):
            if other not in found and len(found) < WINDOW:
                found[other] = None
                rim.append(other)
    return sorted(found)


def film_near(walk: Walk, *, title: str = "", lines: Sequence[str] = (), background: Background = "white") -> Film:
    """The film around the place where a walk stands."""
    recording, step = walk.recording, walk.step
    near = [recording.index[node] for node in (step.node, step.target)] if step is not None else []
    return Film(recording, *near, title=title, lines=lines, background=background)


def picture(walk: Walk, background: Background = "white") -> Picture:
    """The picture of the moment at which the walk stands; before the first step, of everything."""
    film = film_near(walk, background=background)
    return film.pictured(film.moment(walk)) if walk.position else film.picture


def highlighted(recording: Recording, path: Iterable[Edge[Value]]) -> Picture:
    """The picture with everything in it, and the edges of a path marked."""
    if recording.forward > WHOLE:
        raise DrawingError(f"{recording.forward} nodes are too many for a picture of the paths (the limit is {WHOLE})")
    film = Film(recording)
    moment = Moment({box.id for box in film.style.view.boxes}, {connection.id for connection in film.style.view.connections})
    moment.sums = {box.id: number(box.gradient or 0.0) for box in film.boxes.values() if box.uses > 1}
    moment.hot = {name for edge in path for name in ids(film, edge.node, edge.position)}
    return film.pictured(moment)


def ids(film: Film, node: Value, position: int) -> Iterable[str]:
    """The ids of an edge's connection and of its two boxes."""
    for k, connection in film.connection.items():
        if film.recording.order[film.recording.heads[k]] is node and film.recording.positions[k] == position:
            return connection.id, connection.head.id, connection.tail.id
    return ()


def lines_of(recording: Recording, step: Step | None) -> tuple[str, str, str]:
    """Three lines below a frame: which step it is, its arithmetic, and the rule or the sum."""
    if step is None:
        counts = {"total": str(len(recording)), "forward": recording.forward, "backward": len(recording.heads)}
        return recording.names.say("frame.start", **counts), "", ""
    names = recording.pretty
    place: dict[str, object] = {"n": str(step.number), "total": str(len(recording))}
    if not isinstance(step, Backward):
        value = number(step.data)
        if step.node.op is None:
            return names.say("frame.forward", **place), f"{names(step.node)} = {value}", ""
        turned = step.number == recording.forward
        last = names.say("frame.turn", name=names(step.node), seed=number(recording.seed)) if turned else ""
        computed = f"{names(step.node)} = {names.text.numbers(step.node, step.operands)} = {value}"
        return names.say("frame.forward", **place), computed, names.text.node(step.node) + last
    return (
        names.say("frame.backward", **place, **{"from": names(step.node), "to": names(step.operand)}),
        names.say("frame.product", u=number(step.upstream), l=in_brackets(step.local), c=number(step.contribution)),
        names.say(
            "frame.sum", rule=step.formula, before=number(step.before), added=in_brackets(step.contribution), after=number(step.after)
        ),
    )


def write_frames(walk: Walk, folder: str | os.PathLike[str], format: str = "png", background: Background = "white") -> list[Path]:
    """One picture for each position of the walk, all of one size."""
    given.choice(background, ("white", "dark", "transparent"), "background")
    folder = files.as_path(folder, "write_frames")
    kind = files.PICTURES.get(f".{format}") if isinstance(format, str) else None
    if kind is None:
        raise DrawingError(f"write_frames writes svg, png or pdf, but got format={given.shorten(format)}")
    files.folder_place(folder, kind)
    recording = walk.recording
    reserved = [lines_of(recording, step) for step in recording] if len(recording) <= FRAMES else []
    lines = [max(column, key=len) for column in zip(*reserved, ("", "", ""), strict=True)]
    film = film_near(walk, lines=lines, background=background)
    numbers = [0, *film.steps()]
    if len(numbers) > FRAMES or len(recording) > FRAMES:
        raise DrawingError(f"{len(recording)} steps are too many to write one by one (the limit is {FRAMES})")
    laid_out: dict[str, Any] = json.loads(layout(film.picture.source, "json0"))
    # A rendered picture is as large as what is drawn, so corners keep the size of the whole in every frame.
    bounds = json.loads(layout(film.style.finish(laid_out), "json0", engine="nop2"))["bb"].split(",")
    left, bottom, right, top = (float(bound) + margin for bound, margin in zip(bounds, (-8, -8, 8, 8), strict=True))
    corner = '[label="" shape=point width=0.01 height=0.01 fixedsize=true style=invis pos="{},{}"]'
    corners = f"\tleast {corner.format(left, bottom)}\n\tmost {corner.format(right, top)}\n}}\n"
    files.make_folder(folder, kind)
    walker = Walk(recording)
    digits = max(3, len(str(len(recording))))
    written = []
    for position in numbers:
        walker.jump(position)
        source = film.style.finish(laid_out, film.moment(walker)).rstrip().removesuffix("}") + corners
        data = layout(source, format, engine="nop2", dpi=192 if format == "png" else None)
        written.append(files.write(folder / f"{position:0{digits}d}.{format}", kind, partial(bytes, data)))
    _remove_others(folder, written, kind.begins)
    return written


def _remove_others(folder: Path, written: list[Path], begins: tuple[bytes, ...]) -> None:
    """Remove the frames of an earlier walk that had others: pictures of the same format whose names are a frame's."""
    for path in set(folder.glob(f"*{written[0].suffix}")) - set(written):
        if re.fullmatch(r"\d{3,}", path.stem) and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                begin = file.read(max(map(len, begins)))
            if begin.startswith(begins):
                path.unlink()
