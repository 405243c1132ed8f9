"""The command line: `python -m autograd`, also installed as `glassgrad`.

Exit codes: 0 all is well, 1 a run failed, 2 the command line was wrong, 130 interrupted, 141 the reader of our output left.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from . import doctor  # the other rooms are opened when it is sure that they are ours

if TYPE_CHECKING:
    from .examples import Example
    from .expression import Expression
    from .value import Value

FOLDER = "glassgrad-pictures"
QUICK, THOROUGH = 30_000, 10_000_000
DIRECTIONS: tuple[Literal["forward", "backward", "both"], ...] = ("forward", "backward", "both")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. What goes wrong is said in a message, never in a traceback."""
    if sys.stderr is None:  # closed, as by 2>&-; else the next file that is opened would be in its place
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lasts
    parser = _parser()
    if sys.stdout is None:
        return _complain(parser, "cannot write the output: it is closed", 1)
    try:
        try:
            code = _run(parser, list(sys.argv[1:] if argv is None else argv))
        except SystemExit as stop:  # argparse has said what there is to say
            code = stop.code if isinstance(stop.code, int) else 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        _close_output()
        code = 141
    except OSError as error:
        _close_output()
        code = _complain(parser, f"cannot write the output: {error.strerror}", 1)
    return code


def _close_output() -> None:
    """Let go of what is still to be written to an output that takes no more, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(parser: argparse.ArgumentParser, arguments: list[str]) -> int:
    if arguments[:1] == ["train"] and doctor.is_ours():  # the package nn has its own words; it is found only when asked for
        result: int = importlib.import_module("nn.__main__").main(arguments, parser.prog)
        return result
    options, more = parser.parse_known_args(_protected(arguments))
    if hasattr(options, "values"):  # name=value is welcome after an option too
        options.values = [*options.values, *(word for word in more if not word.startswith("-"))]
        more = [word for word in more if word.startswith("-")]
    if more:
        options.parser.error(f"unrecognized arguments: {' '.join(more)}")
    code: int
    if options.run is _doctor:
        code = _doctor(options)
        return code
    if not doctor.is_ours():
        return _complain(parser, f"another package has taken the name autograd; `{parser.prog} doctor` says more", 1)

    from .errors import AutogradError, ExpressionError

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: _say(f"{parser.prog}: note: {message}", sys.stderr)
        try:
            code = options.run(options)
        except AutogradError as error:
            code = _complain(options.parser, error, 2 if isinstance(error, ExpressionError) else 1)
    return code


def _complain(parser: argparse.ArgumentParser, error: object, code: int) -> int:
    if sys.stdout is not None:
        sys.stdout.flush()
    _say("\n".join([f"{parser.prog}: error: {error}", *getattr(error, "__notes__", [])]), sys.stderr)
    return code


# The words of the command line.


def _parser() -> argparse.ArgumentParser:
    prog = "glassgrad" if Path(sys.argv[0]).stem == "glassgrad" else "python -m autograd"
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Automatic differentiation that can be looked at. Without a command: all worked examples, as tables and pictures.",
        allow_abbrev=False,
    )
    version = getattr(sys.modules.get("autograd"), "__version__", "?")
    parser.add_argument("--version", action="version", version=f"glassgrad {version}")
    _add_pictures(parser)
    parser.set_defaults(run=_all, parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Any, summary: str, **more: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False, **more)
        added.set_defaults(run=run, parser=added)
        return added

    example = command("example", _example, "one worked example, as a table and pictures")
    example.add_argument("name", metavar="NAME", help="apple, fruit, chain, sigmoid, two_two_one, two_outputs or softmax_loss")
    example.add_argument("--steps", type=_count, metavar="N", help="how many updates two_two_one makes (1 unless given)")
    _add_pictures(example)

    draw = command(
        "draw",
        _draw,
        "any expression over the table: its numbers, and a picture",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} draw "a*b + exp(c)" a=2 b=3 c=1 -o graph.svg',
    )
    draw.add_argument("expression", metavar="EXPR", help=f"numbers, names, + - * / **, and the functions of `{prog} list`")
    draw.add_argument("values", metavar="name=value", nargs="*", default=[], help="a number for each name")
    where = "write the picture here: .svg, .png or .pdf"
    draw.add_argument("-o", "--output", type=_path, metavar="FILE", default=argparse.SUPPRESS, help=where)
    draw.add_argument("--direction", choices=DIRECTIONS, default="both", help="what the picture shows (both unless given)")

    step = command(
        "step",
        _step,
        "a worked example or an expression, step by step: printed, or as a page for a browser",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} step apple -o apple.html\n  {prog} step "a*b + exp(c)" a=2 b=3 c=1 -o page.html',
    )
    step.add_argument("expression", metavar="NAME|EXPR", help="an example, or numbers, names, + - * / **, and functions")
    step.add_argument("values", metavar="name=value", nargs="*", default=[], help="a number for each name")
    page = "write a page to step through here: .html, one file that needs no network"
    step.add_argument("-o", "--output", type=_path, metavar="FILE", default=argparse.SUPPRESS, help=page)
    theme = "the page's colours (auto unless given: what the reader's system prefers)"
    step.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help=theme)

    source = command(
        "source",
        _source,
        "an expression, or a worked example, as the program that computes its value and gradients",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} source "a*b + exp(c)" a b c > program.py\n'
        f"  {prog} source two_two_one\n  {prog} source sigmoid single",
    )
    source.add_argument("expression", metavar="EXPR", help="as for draw; or the name of an example: every graph of it, one after another")
    source.add_argument(
        "values",
        metavar="name",
        nargs="*",
        default=[],
        help="the program's arguments in their order (the names' own unless given); of an example, which of its graphs",
    )
    source.add_argument(
        "--target", choices=("python", "torch", "jax"), default="python", help="for what it is written (python unless given)"
    )

    check = command("check", _check, "prove the derivatives of this installation: exact numbers, differences, random graphs, mutants")
    size = check.add_mutually_exclusive_group()
    size.add_argument("--thorough", action="store_true", help=f"{THOROUGH:,} cases instead of {QUICK:,}")
    size.add_argument("--cases", type=_count, metavar="N", help="about so many cases")
    check.add_argument("--seed", type=_count, default=0, metavar="N", help="where the random numbers start (0 unless given)")

    command("list", _list, "the primitives with their symbols, derivatives and domains")
    command("train", _train, "a network that learns: moons, digits or mnist (train --help says more)", add_help=False)
    command("doctor", _doctor, "what is installed, which layout engine draws, and what is amiss (then the exit code is 1)")
    return parser


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    # Without a default of its own, so that the option holds on either side of a command's name.
    choice = parser.add_mutually_exclusive_group()
    where = f"the folder for the pictures ({FOLDER} unless given)"
    choice.add_argument("-o", "--output", type=_path, metavar="DIR", default=argparse.SUPPRESS, help=where)
    choice.add_argument("--no-pictures", action="store_true", default=argparse.SUPPRESS, help="print the numbers only")


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number such as 10")
    return int(text)


def _protected(arguments: list[str]) -> list[str]:
    """The arguments, with "-a*b" told from an option: argparse takes no argument with a space in it for one."""
    if arguments[:1] not in (["draw"], ["step"], ["source"]):
        return arguments
    return [" " + word if re.match(r"-(?![-oh]|$)|-h\w", word) else word for word in arguments]


# The commands.


def _all(options: argparse.Namespace) -> int:
    from .examples import NAMES, run

    return _present([run(name) for name in NAMES], options)


def _example(options: argparse.Namespace) -> int:
    from .examples import NAMES, run

    if options.name not in NAMES:
        options.parser.error(f"there is no example {options.name!r}; there are {', '.join(NAMES)}")
    if options.steps is None:
        return _present([run(options.name)], options)
    if options.name != "two_two_one":
        options.parser.error(f"--steps is for two_two_one; {options.name} does not learn")
    return _present([run(options.name, steps=options.steps)], options)


def _present(examples: list[Example], options: argparse.Namespace) -> int:
    """Print every example; draw them too, and if that fails, still print the others."""
    from .errors import AutogradError

    folder: Path = getattr(options, "output", Path(FOLDER))
    problem: AutogradError | None = None
    count = 0
    for example in examples:
        _say(_text(example) + "\n")
        if problem is None and not hasattr(options, "no_pictures"):
            try:
                count += _write_pictures(example, folder)
            except AutogradError as error:
                error.add_note("The numbers above need no pictures: --no-pictures asks for them alone.")
                problem = error
    if problem is not None:
        raise problem
    if count:
        _say(f"{count} pictures are in {folder}{os.sep}")
    return 0


def _text(example: Example) -> str:
    from .typeset import number

    parts = [example.title, "=" * len(example.title)]
    for graph in example.graphs:
        rows = [(str(node.label), number(node.data), number(node.grad)) for node in graph.nodes]
        parts += ["", graph.title, "", textwrap.indent(_numbers(rows), "  ")]
    return "\n".join([*parts, "", *(textwrap.fill(remark, 100, subsequent_indent="  ") for remark in example.remarks)])


def _numbers(rows: list[tuple[str, str, str]]) -> str:
    from .typeset import aligned, shown, table

    names, forward, gradient = zip(*rows, strict=True)
    columns = ["node", *map(shown, names)], ["forward", *aligned(forward)], ["gradient", *aligned(gradient)]
    return table(*columns, right=(1, 2))


def _write_pictures(example: Example, folder: Path) -> int:
    """Forward, backward and both of every graph, as SVG and PNG: how many files these are."""
    from . import files
    from .drawing import draw
    from .drawing.engine import layout

    layout("digraph {}", "dot")  # without an engine, no empty folder is left behind
    count = 0
    files.make_folder(folder, files.PICTURES[".svg"], parents=True)
    for graph in example.graphs:
        name = graph.name if graph.name.startswith(example.name) else f"{example.name}-{graph.name}"
        for direction in DIRECTIONS:
            picture = draw(graph.output, direction=direction, seed=graph.seed, caption=f"{graph.title} ({direction})")
            for ending in ("svg", "png"):
                picture.write(folder / f"{name}-{direction}.{ending}")
                count += 1
    return count


def _draw(options: argparse.Namespace) -> int:
    from .errors import GradientError
    from .expression import parse
    from .graph import cotangents
    from .typeset import formulas, number
    from .value import Value

    expression = parse(options.expression)
    results = expression.results(_values(options, expression.names))
    output = results[-1]
    if not isinstance(output, Value):
        options.parser.error(f"there is no name in the expression, so nothing to differentiate by; its value is {number(output)}")
        return 2
    gradient = cotangents(output)
    names: dict[Value, str] = {}
    for result, text in zip(results, formulas(expression), strict=True):
        if isinstance(result, Value):
            names.setdefault(result, text)
    _say(_numbers([(text, number(node.data), number(gradient[node])) for node, text in names.items()]))
    try:
        output.backward()
    except GradientError as error:
        _say(f"\n{str(error).removesuffix(' No gradient was changed.')}")
    if not hasattr(options, "output"):
        _say("\nNo picture was asked for: -o graph.svg writes one (or .png, .pdf).")
        return 0

    from .drawing import draw

    draw(output, direction=options.direction, caption=names[output]).write(options.output)
    _say(f"\nThe picture is in {options.output}")
    return 0


def _step(options: argparse.Namespace) -> int:
    from .errors import GradientError
    from .examples import NAMES, run
    from .expression import parse
    from .stepping import Stepper
    from .typeset import formula, number
    from .value import Value

    if options.expression in NAMES:
        if options.values:
            options.parser.error(f"{options.expression} has numbers of its own: {options.values[0]} is of no use")
        example = run(options.expression)
        title = example.title
        steppers = [Stepper(graph.output, seed=graph.seed, title=graph.title) for graph in example.graphs]
    else:
        expression = parse(options.expression)
        output = expression.build(_values(options, expression.names))
        if not isinstance(output, Value):
            options.parser.error(f"there is no name in the expression, so nothing to step through; its value is {number(output)}")
            return 2
        title = formula(expression)
        steppers = [Stepper(output, title=title)]
    for stepper in steppers:
        _say(f"{stepper.title}\n")
        try:
            while (step := stepper.next()) is not None:
                _say(f"{step.number:4}  {step}")
        except GradientError as error:
            _say(f"\n{str(error).removesuffix(' No gradient was changed.')}")
        _say("")
        stepper.jump(0)
    if not hasattr(options, "output"):
        _say("No page was asked for: -o page.html writes one to step through.")
        return 0
    steppers[0].beside(*steppers[1:], title=title, theme=options.theme).write(options.output)
    _say(f"The page is in {options.output}")
    return 0


def _source(options: argparse.Namespace) -> int:
    from .examples import NAMES
    from .expression import parse
    from .program import compile as compiled
    from .value import Value

    if options.expression.strip() in NAMES:
        return _source_of_example(options)
    expression = parse(options.expression)
    wanted = [unicodedata.normalize("NFKC", word.strip().partition("=")[0].strip()) for word in options.values] or list(expression.names)
    if sorted(wanted) != sorted(expression.names):
        options.parser.error(f"the expression has {', '.join(expression.names) or 'no names'}, but got {', '.join(wanted) or 'none'}")
    given = _values(argparse.Namespace(**{**vars(options), "values": [word for word in options.values if "=" in word]}), expression.names)
    leaves, result = _somewhere(expression, {name: given.get(name) for name in wanted})
    if not isinstance(result, Value):
        options.parser.error("there is no name in the expression, so nothing to differentiate by")
        return 2
    _write(compiled(result, inputs=list(leaves.values())).source(options.target))
    return 0


def _source_of_example(options: argparse.Namespace) -> int:
    """The programs of an example's graphs, or of those that are named; each under its name where the example has several."""
    from .examples import run
    from .program import compile as compiled

    example = run(options.expression.strip())
    graphs = {graph.name: graph for graph in example.graphs}
    wanted = [name.strip() for name in options.values] or list(graphs)
    unknown = [name for name in wanted if name not in graphs]
    if unknown:
        options.parser.error(f"the graphs of {example.name} are {', '.join(graphs)}, but got {', '.join(unknown)}")
    parts = []
    for name in wanted:
        graph = graphs[name]
        heading = f"# {example.name}, {name}: {graph.title}\n" if len(graphs) > 1 else ""
        heading += f"# The example multiplies its gradients by {graph.seed}, which comes from upstream.\n" if graph.seed != 1.0 else ""
        parts.append(heading + "\n" * bool(heading) + compiled(graph.output).source(options.target))
    _write("\n\n".join(parts))
    return 0


def _somewhere(expression: Expression, given: dict[str, Value | None]) -> tuple[dict[str, Value], Value | float]:
    """The names as leaves, and the expression at some numbers where it has a value: which ones does not matter to its program."""
    from .errors import AutogradError
    from .value import Value

    for number in (1.0, 0.5, 2.0, -0.5, 0.0, 100.0):
        leaves = {name: Value(number, label=name) if leaf is None else leaf for name, leaf in given.items()}
        try:
            return leaves, expression.build(leaves)
        except AutogradError as error:
            failure = error
    failure.add_note("Give numbers at which it has a value, as in a=2.")
    raise failure


def _values(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Value]:
    """The leaves that name=value asks for."""
    from .errors import AutogradError
    from .expression import CONSTANTS
    from .primitive import as_float
    from .value import Value

    values: dict[str, Value] = {}
    for word in map(str.strip, options.values):
        name, equals, text = word.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads names
        if not (equals and name.isidentifier()):
            options.parser.error(f"{word!r} is no name=value, such as a=2")
        if name in values:
            options.parser.error(f"{name} is given twice")
        if name not in names:
            why = f"{name} is a constant" if name in CONSTANTS else f"the expression has {', '.join(names) or 'no names'}"
            options.parser.error(f"{word} is of no use: {why}")
        try:
            values[name] = Value(as_float(float(text), f"a number as {name}"), label=name)
        except ValueError as error:
            options.parser.error(str(error) if isinstance(error, AutogradError) else f"{text!r} is no number, in {word}")
    return values


def _list(options: argparse.Namespace) -> int:
    from .expression import functions
    from .primitive import PRIMITIVES
    from .typeset import formula, table

    rows = [("name", "symbol", "z", "local derivatives", "domain")]
    for primitive in PRIMITIVES.values():
        derivatives = [
            f"∂z/∂{operand} = {formula(text)}" if text else f"{operand} is a plain number"
            for operand, text in zip(primitive.operands, primitive.textbook, strict=True)
        ]
        first = [primitive.name], [primitive.symbol], [formula(primitive.formula)]
        rows += zip_longest(*first, derivatives, textwrap.wrap(primitive.domain_text, 32), fillvalue="")
    _say(table(*zip(*rows, strict=True)))
    composed = [name for name in functions() if name not in PRIMITIVES]
    _say("\nMade of these: " + ", ".join(composed))
    return 0


def _train(options: argparse.Namespace) -> int:
    options.parser.error("write train first, then its options")
    return 2


def _check(options: argparse.Namespace) -> int:
    from .proof import prove

    cases = THOROUGH if options.thorough else QUICK if options.cases is None else options.cases
    if not cases:
        options.parser.error("--cases needs at least 1")
    with _progress(cases) as tick:
        proof = prove(cases, options.seed, tick=tick)
    _say(proof)
    return 0 if proof.is_clean else 1


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    """A function that is told of progress and shows it on a terminal: as tqdm does where it is installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        done, shown = 0, -1

        def tick(n: int) -> None:
            nonlocal done, shown
            done += n
            percent = min(100 * done // total, 100)
            if percent > shown and sys.stderr.isatty():
                shown = percent
                print(f"\r{percent:3d} % of {total:,} cases", end="", file=sys.stderr, flush=True)

        yield tick
        if shown >= 0:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
    else:
        with tqdm(total=total, unit=" cases", disable=None, leave=False) as bar:
            yield bar.update


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor.examine()
    widest = max(len(finding.what) for finding in findings)
    for finding in findings:
        _say(f"{'!' if finding.ails else ' '} {finding.what:{widest}}  {finding.text}")
    return 1 if any(finding.ails for finding in findings) else 0


# Terminals that know few characters.

_PLAIN = {"−": "-", "·": "*", "×": "x", "÷": "/", "√": "sqrt ", "σ": "sigma", "π": "pi", "∂": "d", "∞": "inf"}
_PLAIN |= {"≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "–": "-"}
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_LOWERED = str.maketrans(_RAISED, "0123456789-")


def _say(text: object, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print the text, with what the output's encoding lacks written plainly: a minus must not become a question mark."""
    stream = stream or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"

    def fitting(found: re.Match[str]) -> str:
        try:
            found[0].encode(encoding)
        except UnicodeEncodeError:
            return "^" + found[0].translate(_LOWERED) if found[0][0] in _RAISED else _PLAIN.get(found[0], "?")
        return found[0]

    print(re.sub(f"[{_RAISED}]+|[^\x00-\x7f]", fitting, str(text)), file=stream, end=end)


def _write(program: str) -> None:
    """Print a program; into a file or a pipe as UTF-8, whatever others are written in here, for so Python reads it."""
    if sys.stdout.isatty():
        _say(program, end="")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(program.encode(errors="backslashreplace"))


if __name__ == "__main__":
    sys.exit(main())
