"""Programs: a function, or a graph, made into code that computes its value and its gradients from new numbers."""

from __future__ import annotations

import html
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial, reduce
from types import FunctionType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .. import files, given, trees
from ..failures import label_of, refuse_misplaced
from ..forward import Dual
from ..graph import topological
from ..numbers import as_float
from ..process import lending, uncollected
from ..stepping.notebook import Theme, check_theme
from ..trees import ARRAY, DRAWN, TUPLE, Structure, describe, flatten, rebuild
from ..typeset import Notation, number
from ..value import Value
from ..whole import Draws
from ..words import Language, check_language
from . import c, script, source, targets
from .arguments import parameters_of, still
from .body import Python
from .page import POLICY, either, page, stepper
from .passes import PASSES
from .reach import Reach
from .recording import GuardError as GuardError
from .recording import Moved as Moved
from .recording import Recording as Recording
from .recording import State as State
from .recording import Trace
from .surroundings import Surroundings, changes, randomness
from .tape import Tape, of_graph
from .trace import Traced, TracingError, add_gradients, leaf, numbers_of, record

if TYPE_CHECKING:
    from pathlib import Path

    from ..drawing import Picture
    from ..stepping import Stepper

TARGETS = ("python", "torch", "jax", "c", "javascript")
TRIES = 8
"""So often a recording begins again, amid which somebody changes what the function finds."""
STATES = 8
"""For so many different surroundings of its function a program keeps its recordings: for training, say, and for use."""


class Outcome(NamedTuple):
    """What a program returns.

    value      the function's value
    gradients  ∂value/∂x for each number x, in the structure of the arguments: one entry an argument, None for what is no number to
               differentiate by; and, where there are parameters, one more entry, the list of theirs
    """

    value: float
    gradients: tuple[Any, ...]


class Program:
    """A function made into code. Call it with numbers, and it returns their value and gradients (an `Outcome`).

    Called with Values (or Duals) among its arguments it is the function itself, and returns what that returns: so `grad`,
    `value_and_grad` and the other transforms take it.

    A program is made for the *signature* of its arguments: their structure, and what is no float in them, such as an index or a class.
    Another signature gets a program of its own, when it is first met. So does another state of what the function finds around itself: the
    numbers, switches and functions in its closure, in its module, and in attributes that it reads, such as `training`. They are looked at
    before each call; inside of arrays and lists of more than a hundred entries nobody looks.

    `compile` makes it from function, params, branches, limit, passes and verify, and says what each of them means.
    """

    def __init__(
        self, function: Callable[..., Any], params: Sequence[Value], branches: str, limit: int, passes: Sequence[str], verify: bool
    ) -> None:
        self.function, self.params = function, list(params)
        self.branches, self.limit, self.passes, self.verify = branches, limit, tuple(passes), verify
        self._state = State(None, {})  # what the function found around itself last, and what was recorded then
        self._states: list[State] = []  # and otherwise
        self._last: tuple[Recording, list[float]] | None = None
        self.__name__ = getattr(function, "__name__", type(function).__name__)

    # -- calls -----------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        """The value and the gradients at these numbers; with Values among them, what the function returns."""
        numbers: list[Any] = []
        signature = self._flatten(args, numbers)
        for x in numbers:  # any(…) would take longer than the rest of this method
            if type(x) is not float:
                if self.function is None:
                    raise self._without("with Values among the arguments it is the function itself")
                return self.function(*args)
        made, (value, gradients) = self._run(signature, numbers)
        if type(value) is not float:
            refuse_misplaced(*self.params)
        self._last = made, numbers
        return self._outcome(signature, len(numbers) - len(self.params), value, gradients)

    def _flatten(self, args: tuple[Any, ...], numbers: list[Any]) -> Structure:
        return flatten(args, numbers, _number, still, (ARRAY,))

    def _outcome(self, signature: Structure, size: int, value: float, gradients: tuple[float, ...]) -> Outcome:
        shaped = tuple(rebuild(signature, iter(gradients), lambda constant: None))
        return Outcome(value, (*shaped, list(gradients[size:])) if self.params else shaped)

    def _run(self, signature: Structure, numbers: list[float], tries: int = 1) -> tuple[Recording, tuple[float, tuple[float, ...]]]:
        if self.params:
            numbers += numbers_of(self.params)
        state = self._state
        if state.around is None or (state.around.watched and not state.around.holds()):
            state = self._now()
        recordings = state.recordings
        found = recordings.get(signature, [])
        for i, made in enumerate(found):
            try:
                result = made.run(numbers)
            except GuardError as error:
                if self.branches == "raise":
                    raise GuardError(f"{self.__name__} takes another branch at these numbers: {error}") from None
                continue
            if i:  # what fitted now is tried first the next time
                recordings[signature] = [made, *found[:i], *found[i + 1 :]]
            return made, result
        if len(found) >= self.limit:
            raise GuardError(
                f"{self.__name__} has taken {len(found)} different ways through its comparisons, and limit={self.limit}: choose with"
                " where(condition, x, y) instead, raise the limit, or do not compile it"
            )
        try:
            tape = self.record(signature, numbers, state.around)
        except Moved:
            if tries == TRIES:
                raise self.restless() from None
            return self._run(signature, numbers[: len(numbers) - len(self.params)], tries + 1)
        earlier = (made for _, others in self._states for made in others.get(signature, ()) if made.tape == tape)
        made = next(earlier, None) or Recording(tape, self.passes)
        recordings[signature] = [made, *found]
        return made, made.run(numbers)

    def backward(self, *args: Any) -> float:
        """The value at args, with the gradients of the parameters added to their `grad`, as backward() does. ValueError: it has none."""
        if not self.params:
            raise ValueError(f"{self.__name__} has no parameters to add gradients to: compile it with params=")
        value, gradients = self(*args)
        add_gradients(self.params, gradients[-1])
        return float(value)

    # -- recording -------------------------------------------------------------------------------------------------------

    @property
    def recordings(self) -> dict[Structure, list[Recording]]:
        """Those that were made in the same surroundings as the last ones."""
        return self._state.recordings

    def surroundings(self) -> Surroundings | None:
        """What the function finds around itself now. None without a function."""
        around = self._state.around
        if self.function is None or (around is not None and (not around.watched or around.holds())):
            return around
        return self._now().around

    def _now(self) -> State:
        """The recordings that were made in what the function finds around itself now."""
        if self.function is None:
            return self._state
        known = next((state for state in self._states if state.around is not None and state.around.holds()), None)
        if known is None:
            known = State(Surroundings(self.function, set(self.params)), {})
        self._states = [*[state for state in self._states if state is not known][1 - STATES :], known]
        self._state = known
        return known

    def record(self, signature: Structure, numbers: Sequence[float], around: Surroundings | None = None) -> Tape:
        """The tape of the function for these numbers, the arguments' and then the parameters'.

        signature  the structure of the arguments, and what is no float in them
        around     what has to be around the function: Moved, if it is not so, or not so any more, in another thread perhaps
        """
        if self.function is None:
            raise self._without(f"{describe(signature)} or these numbers need another recording")
        around = around or self.surroundings()
        assert around is not None  # for the type checker: without a function nothing is recorded
        one = self._trace(signature, numbers, around, looks=self.verify)
        if self.verify:
            other = self._trace(signature, numbers, around, expected=one.after, looks=bool(one.drawn))
            if one.drawn and other.drawn:  # not by another thread, then
                raise TracingError(
                    f"{self.__name__} draws random numbers, from {one.drawn}, and what it drew would stay in the program for good. Pass"
                    " such numbers as arguments; verify=False does not look"
                )
            # What both runs change, such as a number of calls, the function changes itself. What one of them changes may be another's.
            alike = one.tape == other.tape
            if changes(one.before, one.after) != changes(other.before, other.after) or not (alike or one.before is one.after):
                raise Moved
            if not alike:
                raise TracingError(
                    f"{self.__name__} does something else when it is run again with the same numbers: it draws random numbers, or changes"
                    " what it depends on. Pass such numbers as arguments; verify=False leaves out the second run"
                )
        if one.before is not one.after:
            around.take(other.after if self.verify else one.after)
        return one.tape

    def restless(self) -> TracingError:
        """The error where each recording was moved."""
        return TracingError(
            f"{self.__name__} does something else each time it is run with the same numbers, for it, or another thread, changes what it"
            " depends on. Pass such things as arguments"
        )

    def _without(self, why: str) -> TracingError:
        return TracingError(f"{self.__name__} was unpickled, and has no function any more: it runs what was recorded before; {why}")

    def probe(self, signature: Structure, numbers: Sequence[float], draws: Draws, around: Surroundings | None = None) -> None:
        """Run the function as `record` does, with the same signature, numbers and around, and keep nothing: to see what it does with whole
        numbers, and what it draws, which goes to `draws`."""
        around = around or self.surroundings()
        assert around is not None  # as in `record`
        self._trace(signature, numbers, around, draws, looks=False)

    def _trace(
        self,
        signature: Structure,
        numbers: Sequence[float],
        around: Surroundings,
        draws: Draws | None = None,
        *,
        expected: Reach | None = None,
        looks: bool,
    ) -> Trace:
        """One run of the function; Moved, if before it something else was around than expected."""
        leaves: list[Any] = [leaf(x, label) for x, label in zip(numbers, self._labels(signature), strict=False)]
        args = rebuild(signature, iter(leaves))
        if signature[1] and signature[1][-1][0] == DRAWN:
            *args, drawn = args
            draws = draws or Draws(drawn)
        watch = draws or Draws(())

        def run() -> Traced:
            output = watch.call(self.function, *args)
            if not isinstance(output, Traced):
                raise TracingError(f"{self.__name__} {_returned(output, bool(leaves or self.params))}")
            return output

        with lending, uncollected():
            before = around.reach()  # while nobody else records
            if changes(before, expected) if expected is not None else not around.agrees(before):
                raise Moved
            told, drawn = before.told(), randomness(before.generators) if looks else {}
            tape = record(leaves, self.params, [x for x in before.values if x not in around.own], run)
            now = randomness(before.generators) if looks else {}
            after = before if told == before.told() and around.holds() else around.reach()
        return Trace(tape, before, after, next((name for name, state in now.items() if state != drawn.get(name, state)), ""))

    def _labels(self, signature: Structure) -> list[str]:
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        names += [f"args[{i}]" for i in range(len(signature[1]) - len(names))]
        return [label for name, part in zip(names, signature[1], strict=False) for label in trees.names(part, name)]

    # -- to be looked at -------------------------------------------------------------------------------------------------

    def _latest(self) -> tuple[Recording, list[float]]:
        if self._last is None:
            raise ValueError(f"nothing is recorded yet: call the program once, with numbers for {self.__name__}")
        return self._last

    def source(self, target: Literal["python", "torch", "jax", "c", "javascript"] = "python", *, main: bool = False) -> str:
        """The program that ran last, as source that needs nothing of this package: a function `value_and_gradients`.

        It takes the arguments' numbers one after another, then the parameters', and returns the value and a tuple of gradients. Where a
        local derivative does not exist the program asks the engine whether it is masked; the source by itself cannot, and raises its
        GradientError there (as "torch" and "jax" it gives nan).

        In C it needs math.h alone: `value_and_gradients(x, params, &value, gx, gparams)`, without what there is none of, returns 0, or a
        status that says which check failed, which `value_and_gradients_failure` puts into words; `value_and_gradients_batch` computes many
        examples, and says at which one a check failed. Nothing is allocated.

        In JavaScript, for browsers and Node, it is `value_and_gradients(...numbers)`: sums, products, quotients and roots to the bit, other
        functions as `Math` has them (`autograd.javascript.ULPS` says how near), and errors as here.

        target   "python", or the same program in the words of "torch", "jax", "c" or "javascript"
        main     for "c": whether there is a `main` that computes the recorded numbers again
        """
        given.flag(main, "main", "source")
        if main and target != "c":
            raise ValueError(f"source writes a main for target='c' alone, but got target={target!r}")
        return self._source(target, main)[0]

    def _source(self, target: str, main: bool = False) -> tuple[str, dict[int, int]]:
        given.choice(target, TARGETS, "target")
        made, numbers = self._latest()
        if target == "javascript":
            return script.source(made.tape, made.passes)
        if target == "c":
            return c.source(made.tape, made.passes, len(self.params), (numbers, *made.run(numbers)) if main else None), {}
        if target != "python":
            return targets.source(made.tape, made.passes, target)
        body = made.body(Python())
        return source.standalone(body, source.functions(body))

    @property
    def lines(self) -> dict[int, int]:
        """For each line of `source()` that belongs to a node, counted from 1, the node's number: 7 for v7 and g7."""
        return self._source("python")[1]

    def graph(self) -> Value:
        """The graph that was computed last, as the engine records it, each node labelled by its name in the source: 'v7' or 'v7:loss'."""
        made, numbers = self._latest()
        nodes = made.nodes(numbers)
        for i, node in enumerate(nodes):
            if isinstance(node, Value):
                node.label = f"v{i}:{node.label}" if node.label else f"v{i}"
        output: Value = made.tape.output_of(nodes)
        return output

    def draw(self, **options: Any) -> Picture:
        """A picture of the graph that was computed last, where each node has its name in the source; options as for `draw`.

        Cards unless said otherwise, since on them every node has its name.
        """
        from ..drawing import draw

        return draw(self.graph(), **{"style": "cards", "pretty": False, **options})

    def page(self, *, theme: Theme = "auto", lang: Language = "en", **options: Any) -> str:
        """The picture, the formulas and the lines of the program that ran last side by side, as HTML: pointing at one, or going to it by
        the keyboard, shows the others.

        theme    "light" or "dark", or "auto": that of the notebook or the page around it
        lang     the language beside the program, "en" or "ko"
        options  those of `draw`

        What is the v7 of the source is the v7 of the picture, and of `steps(program.graph())` too.
        """
        check_language(lang)
        check_theme(theme)
        text = source.functions(self._latest()[0].body(Python()))
        notation = Notation(lambda node: str(node.label).partition(":")[0])
        formulas = {}
        for node in topological(self.graph()):
            i = int(str(node.label).partition(":")[0][1:])
            formulas[i] = f"v{i} = {notation.node(node)}" if node.op else f"{node.label} = {number(node.data)}"
        grounds = {"auto": ("white", "dark"), "light": ("white",), "dark": ("dark",)}[theme]
        pictures = [self.draw(**{"background": ground, "lang": lang, **options}).pipe("svg", encoding="utf-8") for ground in grounds]
        return page(text.lines, text.nodes, formulas, reduce(either, pictures), theme, lang)

    def stepper(self, **options: Any) -> Stepper:
        """The steps of the graph that was computed last, to walk through: on their page the program's lines stand beside them.

        options   those of `Stepper`, such as title= and lang=
        """
        return stepper(self.source(), self.lines, self.graph(), **options)

    def write(self, path: str | os.PathLike[str], *, theme: Theme = "auto", lang: Language = "en", **options: Any) -> Path:
        """Write the page to a .html file, whole or not at all, and return its path. It works offline.

        theme    "light" or "dark", or "auto": what the reader's system prefers
        lang     the language of the page, "en" or "ko"
        options  those of `draw`

        A page of glassgrad's that stands there is replaced; anything else there, a missing folder or another ending is a DrawingError.
        """
        path = files.as_path(path, "Program.write")
        return files.write(path, files.kind_of(path, files.PAGES), lambda: self._document(theme, lang, options).encode())

    def _document(self, theme: Theme, lang: Language, options: dict[str, Any]) -> str:
        inside = self.page(theme=theme, lang=lang, **options)
        head = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
        head += f'\n<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        scheme = "light dark" if theme == "auto" else theme
        style = f":root{{color-scheme:{scheme};background:light-dark(white,#16191d)}}@media print{{:root{{color-scheme:light}}}}"
        style += "h1{font:600 1.35rem system-ui,sans-serif;color:light-dark(#1f2933,#e6eaee)}body{margin:12px 16px 24px}"
        name = html.escape(self.__name__)
        title = f"<title>{name}</title>\n<style>{style}</style></head>"
        return f"{files.PAGE_BEGINS[lang]}\n{head}\n{title}\n<body><main><h1>{name}</h1>{inside}</main></body></html>\n"

    # -- copies ----------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: the function where it can be found again, else the recordings alone; and what ran last, to be printed."""
        state = {**self.__dict__, "_state": State(None, self.recordings), "_states": []}
        if not _is_found(self.function):
            if not self.recordings:
                raise TypeError(
                    f"cannot pickle the program of {self.__name__}: nothing is recorded yet, and Python cannot pickle its function. Define"
                    " that at the top level of a module, or call the program before"
                )
            state["function"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.function is not None:  # it finds other surroundings here than where its recordings were made: nobody can compare the two
            self._state = State(None, {})
        self._state = State(Surroundings(self.function, set(self.params)), self.recordings)
        self._states = [self._state]

    def __copy__(self) -> Program:
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__, _state=State(self._state.around, dict(self.recordings)))
        copy._states = [copy._state]
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        copy = memo[id(self)] = type(self).__new__(type(self))
        copy.__setstate__(deepcopy({**self.__dict__, "_state": State(None, self.recordings), "_states": []}, memo))
        return copy

    def __str__(self) -> str:
        """The functions of the program that ran last, without what `source()` puts before them."""
        if self._last is None:
            return repr(self)
        body = self._last[0].body(Python())
        return "\n".join(source.functions(body).lines)

    def __repr__(self) -> str:
        made = ", ".join(f"{describe(signature)} × {len(found)}" for signature, found in [*self.recordings.items()][:5])
        more = f" and {len(self.recordings) - 5} more" if len(self.recordings) > 5 else ""
        return f"<program {self.__name__}: {made or 'nothing recorded yet'}{more}>"


class _Graph(Program):
    """The program of a graph that is there already: one signature, one recording."""

    def __init__(self, output: Value, inputs: Any, params: Sequence[Value], passes: Sequence[str]) -> None:
        super().__init__(self._replay, params, "raise", 1, passes, False)
        self.__name__ = label_of(output) or "graph"
        leaves: list[Value] = []
        self.signature = flatten(tuple(inputs), leaves, _leaf, None, (TUPLE, ARRAY))
        if len({*leaves, *params}) < len(leaves) + len(params):
            raise ValueError("compile got a leaf twice, among the inputs and the parameters")
        tape = of_graph(output, [*leaves, *params])
        below = {*tape.xs, *tape.ys, tape.output}
        lost = [x for i, x in enumerate(leaves) if i not in below]
        if lost:
            raise ValueError(f"the output does not depend on {', '.join(map(repr, lost[:5]))}; leave it out of inputs")
        self._tape = tape
        made = Recording(tape, passes)
        self._state = State(Surroundings(None), {self.signature: [made]})
        self._last = made, [x.data for x in (*leaves, *params)]

    def _flatten(self, args: Any, numbers: list[Any]) -> Structure:
        signature = flatten(args, numbers, _number, None, (TUPLE, ARRAY))
        if signature != self.signature:
            raise TypeError(f"the program of {self.__name__} takes {describe(self.signature)}, but got {describe(signature)}")
        return signature

    def record(self, signature: Structure, numbers: Sequence[float], around: Surroundings | None = None) -> Tape:
        """The graph's tape, whatever the numbers are."""
        if len(numbers) != len(self._tape.labels):
            raise TypeError(f"the program of {self.__name__} takes {describe(self.signature)}, but got {describe(signature)}")
        return self._tape

    def _replay(self, *args: Any) -> Any:
        numbers: list[Any] = []
        self._flatten(args, numbers)
        tape = self.recordings[self.signature][0].tape
        return tape.output_of(tape.replay([*numbers, *self.params]))


def compile(  # noqa: A001 - in the field's words; it is not among the names of `from autograd import *`
    f: Callable[..., Any] | Value,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    inputs: Sequence[Any] | None = None,
    params: Any = (),
    branches: Literal["record", "raise"] = "record",
    limit: int = 16,
    passes: Sequence[str] = PASSES,
    verify: bool = True,
) -> Program:
    """The function as a `Program`: straight code for its value and its gradients, recorded when it is first called.

    f          a function of numbers (in lists, tuples and dicts, too) that returns one number and is written in this package's
               functions; a module, together with a `loss`; or a graph, that is its output: then exactly that graph, as it is
    loss       for a module: the program computes loss(module(x), t) for the arguments (x, t)
    inputs     for a graph: the leaves that are the program's arguments, one after another or in lists; all its leaves unless said
               (or said to be params). Leaves that are neither keep the numbers they have now
    params     leaves, or a module that has them: their numbers are read anew at each call, and their gradients come last
    branches   what to do where a comparison of numbers comes out otherwise than when the program was recorded: "record" the function
               again, or "raise" a GuardError
    limit      how many recordings there may be for one signature, before that is an error as well
    passes     what makes the program tidy: "fold" constants, "share" what is computed twice, leave out what is "dead". Without them
               the program is the engine's own sweep, line by line. What is dead cannot fail: with that pass, the sweep's errors on a
               way that ends at no argument (such as behind a stop_gradient) are gone with the way
    verify     whether a function is run twice when it is recorded, to see that it does the same again

    While it is recorded, the function's numbers cannot be read: `.data`, `float()`, `int()` and the like are a TracingError, for what
    they give would be frozen into the program. What else the function does, such as printing, it does when it is recorded, and not
    when the program runs. What stands around the first call (no_grad(), a scope, a derivative) does not matter. Whoever uses a parameter
    in another thread meanwhile waits until it is given back.

    What the function finds around itself is looked at before each call, and where it has changed the function is recorded again: numbers,
    texts and functions in its closure, its defaults and the globals it names; lists, dicts and arrays of up to 100 entries there, and
    lists of parameters; what modules and other objects with parameters have as attributes; and of other objects, of classes and of
    imported modules the attributes that the function, or one that it calls, asks for. **Not looked at** is what is inside an array, a
    list or a dict of more entries, or in a list of parameters that a module of `nn` holds, and what only functions of other libraries
    read: what may change there is an argument, or the program is compiled anew.

    >>> program = compile(lambda x, y: x * y + x)
    >>> program(2.0, 3.0)
    Outcome(value=8.0, gradients=(4.0, 2.0))
    """
    if isinstance(passes, str):
        raise ValueError(f"passes is some of {', '.join(PASSES)}, but got {passes!r}")
    chosen_passes = given.items(passes, f"some of {', '.join(PASSES)} as passes", "compile")
    passes = [given.choice(each, PASSES, "each of passes") for each in chosen_passes]
    given.choice(branches, ("record", "raise"), "branches")
    limit, verify = given.count(limit, "limit", "compile", 1), given.flag(verify, "verify", "compile")
    if isinstance(f, Value):
        if loss is not None:
            raise TypeError("a loss goes with a module; a graph is compiled as it is")
        if isinstance(f, Traced):
            raise TracingError("a graph cannot be compiled inside a function that is being recorded")
        chosen = parameters_of(params)
        if inputs is None:
            inputs = [node for node in topological(f) if node.op is None and node not in set(chosen)]
        elif isinstance(inputs, Value):
            inputs = [inputs]
        several = given.items(inputs, "a list of leaves as inputs", "compile")
        with lending:  # lent to another thread's recording, a leaf is none meanwhile
            return _Graph(f, [x if isinstance(x, (list, tuple, dict)) else _leaf(x) for x in several], chosen, passes)
    if inputs is not None:
        raise TypeError("inputs are for a graph; a function's are its arguments")
    given.function(f, "compile", "a function, a module or a Value")
    if loss is not None:
        given.function(loss, "compile", "a function as loss")
    function: Callable[..., Any] = f
    if loss is not None:
        params = f if isinstance(params, tuple) and not params else (f, params)
        named: Any = partial(_loss_of, f, loss)
        named.__name__ = type(f).__name__
        function = named
    return Program(function, parameters_of(params), branches, limit, passes, verify)


def _loss_of(module: Callable[[Any], Any], loss: Callable[[Any, Any], Any], x: Any, t: Any) -> Any:
    return loss(module(x), t)


def _is_found(function: Any) -> bool:
    """Whether a pickle of the function can be loaded: of a function it has the name alone. Of other objects nobody knows."""
    if isinstance(function, partial):
        return all(map(_is_found, (function.func, *function.args, *function.keywords.values())))
    if not isinstance(function, FunctionType):
        return True
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _number(x: Any) -> Any:
    """A float; a Value or a Dual as it is."""
    return x if isinstance(x, (Value, Dual)) else as_float(x, "numbers as arguments", "a program")


def _leaf(x: Any) -> Value:
    if type(x) is not Value or x.op is not None:
        what = ", which was computed from others" if isinstance(x, Value) else f" of type {type(x).__name__}"
        raise TypeError(f"inputs needs leaves of the graph, but got {given.shorten(x)}{what}")
    return x


def _returned(output: Any, numbers: bool) -> str:
    """What is wrong with what a function returned."""
    if not numbers:
        return "got no number to differentiate by: whole numbers are taken for indices, so write 2.0 and not 2"
    if output is None:
        return "returned None: is a return missing?"
    if isinstance(output, (list, tuple, dict)):
        return f"returned a {type(output).__name__}, but a program has one value: return one number, such as a sum"
    if isinstance(output, Value):
        return "returned a Value that has nothing to do with its arguments and parameters: make it one of them"
    what = f"{given.shorten(output)} of type {type(output).__name__}"
    return (
        f"returned {what}, which does not depend on its arguments: somewhere they were left behind, as where a plain number is returned"
        " instead of a Value"
    )
