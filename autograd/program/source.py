"""From statements to a text: the program as Python that needs nothing else."""

from __future__ import annotations

import builtins
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from ..primitive import forward_of
from .body import Action, Body, Compare, Computable, Exists, Finite, Missing, Needed, Statement, Zero, comment
from .syntax import Assign
from .trace import TracingError

GRADIENT = '"a local derivative that is needed does not exist, or the gradient leaves the range of floats"'

MOST = 1500
"""The most statements in one Python function; longer programs are split."""

MANY = 100
"""From so many numbers on, the arguments come as one tuple."""

FEW = 12
"""Up to so many numbers are looked at by way of their sum."""

WIDTH = 110
"""Longer lists are written on several lines."""


@dataclass
class Text:
    """The program's functions as a text, with the node that each line belongs to (line 1 is the first) and the errors of ours it raises."""

    lines: list[str] = field(default_factory=list)
    nodes: dict[int, int] = field(default_factory=dict)
    errors: set[str] = field(default_factory=set)

    def add(self, line: str, node: int | None = None, indent: int = 1) -> None:
        """One more line."""
        self.lines.append("    " * indent + line if line else "")
        if node is not None:
            self.nodes[len(self.lines)] = node

    def add_list(self, start: str, items: list[str], end: str, indent: int = 1) -> None:
        """A line with a list in it; several lines where one would be too long."""
        inside = ", ".join(items)
        if len(start) + len(inside) + len(end) <= WIDTH:
            self.add(start + inside + end, indent=indent)
            return
        self.add(start, indent=indent)
        glued = [item.replace(" ", "\xa0") for item in items]
        for line in textwrap.wrap(", ".join(glued), WIDTH, break_long_words=False, break_on_hyphens=False):
            self.add(line.replace("\xa0", " "), indent=indent + 1)
        self.add(end, indent=indent)


def functions(body: Body) -> Text:
    """The program as Python functions; the last is `value_and_gradients`, and there are others only where it would be too long."""
    text = Text()
    size = len(body.tape.labels)
    whole = len(body.statements) <= MOST
    if not whole:
        _parts(body, text)
    few = whole and size <= MANY
    numbers = [f"v{i}" for i in range(size)]
    text.add_list("def value_and_gradients(", numbers if few else ["*numbers"], "):", indent=0)
    for i, label in enumerate(body.tape.labels[:MANY]):
        if label:
            text.add(f"# v{i}:{comment(label)[3:]}", i)
    if not few:
        text.add(f"if len(numbers) != {size}:")
        text.add(f'    raise TypeError(f"{size} numbers are needed, but got {{len(numbers)}}")')
    if not whole:
        text.add("return run(numbers)")
        return text
    if not few:
        text.add_list("(", numbers, ",) = numbers")
    if body.language.stops:
        _look(text, numbers, 'ValueError("the numbers have to be finite")')
    _write(text, body.statements[: body.forward], 1)
    sweep = body.statements[body.forward :]
    if body.fallible:
        text.add("try:")
    _write(text, sweep, 1 + body.fallible)
    if body.fallible:
        _except(text)
    gradients = [g for g in body.gradients if g]
    if body.language.stops:
        _look(text, gradients, f"GradientError({GRADIENT})")
        text.errors |= {"GradientError"} if gradients else set()
    # The engine's gradients start as 0.0, and 0.0 + -0.0 is 0.0; so do these.
    returned = [f"{g} + 0.0" if g else "0.0" for g in body.gradients]
    text.add_list(f"return {body.value}, (", returned, f"{',' * (size == 1)})")
    return text


def _look(text: Text, names: list[str], error: str) -> None:
    """Raise the error where one of the numbers is not finite."""
    names = list(dict.fromkeys(names))
    if not names:
        return
    # The sum of finite numbers is finite, unless it overflows: that is the quick look.
    quick = f"({' + '.join(names)}) * 0.0" if len(names) > 1 else f"{names[0]} * 0.0"
    if len(names) == 1:
        text.add(f"if {quick}:")
    else:
        text.add_list(f"if {f'{quick} and ' if len(names) <= FEW else ''}not all(map(math.isfinite, (", names, "))):")
    text.add(f"    raise {error}")


def _except(text: Text) -> None:
    text.add("except (ArithmeticError, ValueError) as error:")
    text.add(f"    raise GradientError({GRADIENT}) from error")
    text.errors.add("GradientError")


def python(step: Action) -> list[str]:
    """A step as lines of Python."""
    refuse = f"raise GradientError({GRADIENT})"
    if isinstance(step, Assign):
        return [f"{step}{comment(step.note)}"]
    if isinstance(step, Zero):
        return [" = ".join(step.names) + " = 0.0"]
    if isinstance(step, Finite):
        test = " or ".join(f"{chain[-1]} * 0.0" for chain in step.chains)
        return [f"if {test}:", '    raise OverflowError("a number is beyond the largest float")']
    if isinstance(step, Compare):
        test = f"not {step.test}" if step.outcome else f"{step.test}"
        return [f"if {test}:", f'    raise BranchError("recorded where {step.test} is {step.outcome}")']
    if isinstance(step, Exists):
        return [f"if {step.part} * 0.0:", f"    {refuse}"]
    if isinstance(step, Missing):
        return [refuse]
    if isinstance(step, Computable):
        return [f"{step.partial}  # has to exist"]
    then, otherwise = ([f"    {line}" for inner in steps for line in python(inner)] for steps in (step.then, step.otherwise))
    return [f"if {step.upstream}:", *then, *(["else:", *otherwise] if otherwise else [])]


def errors_of(step: Action) -> set[str]:
    """The errors of ours that a step may raise."""
    if isinstance(step, Compare):
        return {"BranchError"}
    if isinstance(step, Needed):
        return {error for inner in (*step.then, *step.otherwise) for error in errors_of(inner)}
    return {"GradientError"} if isinstance(step, (Exists, Missing)) else set()


def _write(text: Text, statements: Iterable[Statement], indent: int) -> None:
    for statement in statements:
        for step in statement.lines:
            for line in python(step):
                text.add(line, statement.node, indent)
            text.errors |= errors_of(step)


@dataclass
class Part:
    """Statements of one function among several. It needs some numbers from a memory, and puts those there that others need."""

    forward: bool
    statements: list[Statement]
    needed: list[str]
    written: list[str]


def split(body: Body, most: int) -> tuple[list[Part], dict[str, int]]:
    """The statements in parts of at most so many, and the place in the memory of each number that moves between them; the leaves first."""
    groups: list[tuple[bool, list[Statement]]] = []
    for forward, statements in ((True, body.statements[: body.forward]), (False, body.statements[body.forward :])):
        groups += [(forward, statements[i : i + most]) for i in range(0, len(statements), most)]
    size = len(body.tape.labels)
    writers: dict[str, set[int]] = {f"v{i}": {-1} for i in range(size)}
    readers: dict[str, set[int]] = {name: {-1} for name in (*body.gradients, body.value) if name}
    for i, (_, statements) in enumerate(groups):
        for statement in statements:
            for name in statement.writes:
                writers.setdefault(name, set()).add(i)
            for name in statement.reads:
                readers.setdefault(name, set()).add(i)
    moving = [name for name, places in writers.items() if len(places | readers.get(name, set())) > 1]
    place = {f"v{i}": i for i in range(size)}
    for name in moving:
        place.setdefault(name, len(place))
    parts = []
    for forward, statements in groups:
        written: set[str] = set()
        needed: dict[str, None] = {}
        for statement in statements:
            for name in sorted(statement.reads - written):
                needed[name] = None
            written |= statement.writes
        parts.append(Part(forward, statements, [*needed], sorted(written & place.keys(), key=lambda name: place[name])))
    return parts, place


def _parts(body: Body, text: Text) -> None:
    """Functions of at most MOST statements each, which hand numbers on in a list m; and all of it as one function."""
    parts, place = split(body, MOST)
    size = len(body.tape.labels)
    for i, part in enumerate(parts):
        text.add(f"def part{i}(m):", indent=0)
        for name in part.needed:
            text.add(f"{name} = m[{place[name]}]")
        guarded = body.fallible and not part.forward
        if guarded:
            text.add("try:")
        _write(text, part.statements, 2 if guarded else 1)
        if guarded:
            _except(text)
        for name in part.written:
            text.add(f"m[{place[name]}] = {name}")
        text.add("", indent=0)
        text.add("", indent=0)
    text.add("def run(numbers):", indent=0)
    if body.language.stops:
        text.add("if not all(map(math.isfinite, numbers)):")
        text.add('    raise ValueError("the numbers have to be finite")')
    text.add(f"m = [*numbers] + [0.0] * {len(place) - size}")
    for i in range(len(parts)):
        text.add(f"part{i}(m)")
    value = f"m[{place[body.value]}]" if body.value in place else body.value
    text.add(f"gradients = tuple([m[i] + 0.0 if i else 0.0 for i in {[place[g] if g else 0 for g in body.gradients]!r}])")
    if body.language.stops:
        text.add("if not all(map(math.isfinite, gradients)):")
        text.add(f"    raise GradientError({GRADIENT})")
        text.errors.add("GradientError")
    text.add(f"return {value}, gradients")
    text.add("", indent=0)
    text.add("", indent=0)


# ------------------------------------------------------------------------------------------------------------------------
# What a text needs to stand by itself


def header(body: Body, text: Text) -> list[str]:
    """The lines that come before the functions: imports, errors, and the source of the helpers that are called."""
    lines = ['"""A value and its gradients, by reverse-mode differentiation. Generated; needs Python alone."""', "", "import math", "", ""]
    for name, base, what in (
        ("GradientError", "ArithmeticError", "A local derivative that is needed does not exist, or the numbers left the range of floats."),
        ("BranchError", "RuntimeError", "A comparison comes out otherwise than where the program was recorded."),
    ):
        if name in text.errors:
            lines += [f"class {name}({base}):", f'    """{what}"""', "", ""]
    helpers: dict[str, Any] = {}
    for function, name in body.language.calls.items():
        lines += [*_source_of(function, name, helpers).splitlines(), "", ""]
    return lines


RESERVED = re.compile(r"math|value_and_gradients|run|GradientError|BranchError|(v|g|row|part)\d+")
"""Names that mean something in a program."""


def _source_of(function: Callable[..., Any], name: str, helpers: dict[str, Any]) -> str:
    """A forward function's own source under the name it has in the program, after that of the functions and numbers it uses.

    helpers   what is used so far by forward functions, by name; it grows
    """
    own = getattr(function, "__name__", "")
    source = "\n\n\n".join(_carry(function, own or repr(function), helpers))
    if helpers.get(own, function) is not function:
        raise _two_things(own, own)
    return source if own == name else f"{source}\n\n\n{name} = {own}\n"


def _carry(function: Callable[..., Any], asked: str, helpers: dict[str, Any]) -> list[str]:
    """The texts of what a function uses that are not there yet, and its own."""
    code, own, around = (getattr(function, name, None) for name in ("__code__", "__name__", "__globals__"))
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        source = ""
    known = {*dir(math), *dir(builtins), "math", own}
    uses = {n: (around or {}).get(n) for n in code.co_names if n not in known} if code else {}
    possible = all(isinstance(thing, (FunctionType, float, int)) for thing in uses.values())
    if not source.startswith(f"def {own}(") or not possible or (code and code.co_freevars) or getattr(function, "__defaults__", None):
        raise TracingError(
            f"the forward function {asked} cannot be carried along as source: write it as a def that uses math, numbers, and functions"
            " beside it of its kind, and nothing else"
        )
    texts = []
    for n, thing in uses.items():
        if RESERVED.fullmatch(n) or helpers.get(n, thing) != thing or getattr(thing, "__name__", n) != n:
            raise _two_things(asked, n)
        if n not in helpers:
            helpers[n] = thing
            texts += _carry(thing, asked, helpers) if isinstance(thing, FunctionType) else [f"{n} = {thing!r}"]
    return [*texts, source.rstrip()]


def _two_things(asked: str, name: str) -> TracingError:
    return TracingError(f"the forward function {asked} cannot be carried along as source: two things in it would be called {name}")


def standalone(body: Body, text: Text) -> tuple[str, dict[int, int]]:
    """The whole source, and the node that each of its lines belongs to."""
    above = header(body, text)
    return "\n".join([*above, *text.lines, ""]), {line + len(above): node for line, node in text.nodes.items()}


def executable(body: Body, text: Text, names: dict[str, Any]) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """The same functions, ready to run in this process, with these names for errors."""
    rows = body.language.rows
    calls = {name: forward_of(rows[function]) for function, name in body.language.calls.items()}
    namespace: dict[str, Any] = {"math": math, **names, **calls}
    exec(compile("\n".join(text.lines), "<program>", "exec"), namespace)  # every name in it is generated, every constant a repr
    run: Callable[..., tuple[float, tuple[float, ...]]] = namespace["value_and_gradients"]
    return run
