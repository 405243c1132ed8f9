"""A plan as source to read, for NumPy, PyTorch or JAX: one array for each group of the plan, and our own sweep, without this package.

The text is a function of flat parameters and batched arguments. Inside, examples are the last axis, as in the equations. An operand that
is a view of one array is written as a slice, a reshape, a transpose; else its places stand in a constant. No array is written to after it
is made, since JAX forbids it: gradients are put together from those of their parts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from keyword import iskeyword

from .. import given
from ..primitive import PRIMITIVES
from ..program.syntax import Attribute, Listed, Name, Node
from .backwards import Backward
from .plan import Plan
from .sources import Source
from .spelling import WORDS, Words, pick, reshaped, statement
from .views import regular

TAKEN = {
    *PRIMITIVES, "BranchError", "all", "float", "jax", "jnp", "map", "math", "np", "number", "place", "special", "strong",
    "torch",
}  # fmt: skip
"""Names that programs use."""

BRANCH = """class BranchError(RuntimeError):
    \"\"\"A comparison comes out otherwise than where the program was recorded.\"\"\""""


def _number(words: Words) -> str:
    return f'def number(x):\n    """Double precision."""\n    return {words.number}'


def _strong(words: Words) -> str:
    return f'''def strong(gradient, partial):
    """Their product, but 0 where the gradient is 0, whatever the local derivative is."""
    return {words.module}.where(gradient == 0.0, 0.0, gradient * partial)'''


def _place(words: Words) -> str:
    return "\n    ".join(
        [
            "def place(count, where, numbers):",
            '"""The numbers at their places among `count` zeros; those that meet are added."""',
            "rest = numbers.shape[where.ndim :]",
            "numbers = numbers.reshape(-1, *rest)",
            f"total = {words.doubles(f'{words.module}.zeros', '(count, *rest)')}",
            *words.place,
        ]
    )


def source(
    plan: Plan,
    target: str = "numpy",
    name: str = "value_and_gradients",
    *,
    arguments: Sequence[tuple[bool, int]] | None = None,
    batch: str | None = "mean",
) -> str:
    """The program as source for "numpy", "torch" or "jax": a function of the parameters, flat, and of the arguments.

    name       what the function is called
    arguments  for each argument, whether it is batched, and how many numbers it has; all are batched unless said
    batch      whether the value is the "mean" or the "sum" over the examples; None without a batch
    """
    given.choice(target, WORDS, "target")
    if not name.isidentifier() or iskeyword(name) or name in TAKEN:
        raise ValueError(f"name needs a free name for a function, but got {name!r}")
    if arguments is None:
        arguments = [(True, count) for _, count in plan.parts]
    return _Author(plan, WORDS[target], name, arguments, batch).text()


class _Author(Backward):
    """Writes the program: what is given, the forward pass, the sweep, and what is returned."""

    def __init__(self, plan: Plan, words: Words, name: str, arguments: Sequence[tuple[bool, int]], batch: str | None) -> None:
        super().__init__(plan, words, arguments)
        self.name, self.batch = name, batch
        _, seed = self.compute(batch)
        forward, self.lines = self.lines, []
        self.sweep(seed)
        returned = self._returned()
        backward, self.lines = self.lines, []
        for array in self.sources:
            if array.leaf and not array.batched:
                self._write_parts(array)
        parts, self.lines = self.lines, []
        self._write_columns()
        names = ", ".join(self.names)
        made = f"{names} = map(number, ({names}))" if len(self.names) > 1 else f"{names} = number({names})"
        self.body = [made, *self.lines, *parts, "", *forward, "", *backward]
        if words.module == "np":
            checked = Listed((*(array.array for array in self.of.values()), *returned))
            test = "if not all(np.isfinite(array).all() for array in results):"
            self.body += [*statement("results", checked), test, '    raise FloatingPointError("a number is not finite")']
        self.body.append(f"return {', '.join(['value', *map(str, returned)])}")

    def _returned(self) -> list[Node]:
        """The gradients that are returned: by the parameters, and by arguments in their shapes."""
        returned: list[Node] = []
        self.returns_params = self.params is not None and bool(self.plan.wanted[-1])
        if self.params is not None and self.returns_params:
            self._write_gradient(self.params)
            returned.append(Name("gparams"))
        for (letter, column), wanted in zip(self.columns, self.wanted, strict=True):
            if wanted:
                gradient: Node = self._write_gradient(column)
                gradient = gradient.turned if column.batched and column.shape != () else gradient
                returned.append(gradient.method("reshape", Attribute(Name(letter), "shape")))
        return returned

    def _write_gradient(self, array: Source) -> Name:
        name = self.arrived(array)
        if name is None:
            name = Name(f"g{array.name}")
            self.write(name, self.zeros(array.shape, array.batched))
        elif array is self.params and name.name != "gparams":
            self.write("gparams", name)
        return name

    def _write_columns(self) -> None:
        """The arguments as arrays of which examples are the last axis, and how many of those there are."""
        for letter, column in self.columns:
            if column.batched and column.shape:
                self.write(column.name, Name(letter).method("reshape", -1, column.count).turned)
            else:
                self.write(column.name, reshaped(Name(letter), column.shape, column.batched))
        batched = [column for _, column in self.columns if column.batched]
        if batched:
            self.write("size", Attribute(batched[0].array, "shape")["-1"])

    def _write_parts(self, array: Source) -> None:
        """The named parts of the parameters. What lies beside others in a table is written as a part of that."""
        outer: dict[str, tuple[int, int, int]] = {}  # how many rows, how far apart, and where the first begins
        for name, places in array.pieces.items():
            view = regular(places.reshape([n for n in places.shape if n > 1]))
            if view is not None and view.shape:
                stride, size = max(zip(view.strides, view.shape, strict=True))
                outer[name] = size, stride, view.offset
        starts: dict[tuple[int, int], list[int]] = {}
        for size, stride, offset in sorted(outer.values()):
            starts.setdefault((size, stride), []).append(offset)
        for name, places in sorted(array.pieces.items(), key=lambda piece: (int(piece[1].min()), piece[0])):
            start = None
            if name in outer and outer[name][1] > 1:
                size, stride, offset = outer[name]
                others = starts[size, stride]
                start = others[bisect_right(others, offset - stride)]
            part = pick(array.array, array.shape, False, places, self.words.permute, start)
            self.write(name, part or self.taken(array.array, array.shape, False, places))

    # -- the text --------------------------------------------------------------------------------------------------------

    def text(self) -> str:
        """All of it."""
        words = self.words
        rows = list(self.language.written.rows.values())
        lines = [f'"""A value and its gradients in array operations, by reverse-mode differentiation, for {words.title}. Generated."""', ""]
        lines += ["import math", ""] * self.language.math + [*words.imports, "", ""]
        functions = [BRANCH] * bool(self.plan.checks) + [_number(words), *rows]
        functions += [write(words) for helper, write in (("strong", _strong), ("place", _place)) if helper in self.helpers]
        for function in functions:
            lines += [*function.splitlines(), "", ""]
        for constant, name in self.constants.items():
            lines += statement(name.name, constant)
        lines += ["", ""] * bool(self.constants)
        lines += ['@np.errstate(all="ignore")'] * (words.module == "np")
        lines += [f"def {self.name}({', '.join(self.names)}):", *(f"    {line}".rstrip() for line in [*self._about(), *self.body])]
        return "\n".join([*lines, ""])

    def _about(self) -> list[str]:
        """The docstring."""
        what = {"mean": "The mean over the examples", "sum": "The sum over the examples"}.get(self.batch or "", "The value")
        by = [*(["params"] * self.returns_params), *(name for (name, _), wanted in zip(self.columns, self.wanted, strict=True) if wanted)]
        known = [("params", self.params)] if self.params is not None else []
        width = max(map(len, self.names))
        lines = []
        for name, array in [*known, *self.columns]:
            many = f"{array.count} number{'s' * (array.count > 1)}"
            lines.append(f"{name:<{width}}  {f'examples as rows, {many} each' if array.batched else many}")
        return [f'"""{what}, and the gradient{"s" * (len(by) > 1)} by {", ".join(by)}.', "", *lines, '"""']
