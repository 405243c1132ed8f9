"""What makes a packed program slow, or record again: which of it this program meets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..trees import ONE_OF, STILL, describe, leaves
from .arrays import Each, kernel
from .recordings import CHOOSE, Form, Recorded

FEW = 4.0
"""An array operation that stands for fewer scalar operations than these is hardly quicker than they are, for one example."""
MANY = 1000
"""A table of more rows than these takes more time by its product with zeros and a one than by anything else in most networks."""


def report(program: Recorded) -> str:
    """A line for each thing that costs time, with what it costs here, and what to do; a first line that says what there is."""
    forms = [*program.forms.values()]
    variants = [variant for form in forms for variant in form.variants]
    if not variants:
        return f"{program.__name__}: nothing is packed yet; call it once"
    seconds = sum(variant.seconds for variant in variants)
    scalars, arrays = sum(len(variant.tape.ops) for variant in variants), sum(variant.code.operations for variant in variants)
    recordings = "1 recording" if len(variants) == 1 else f"{len(variants)} recordings"
    found = [line for check in CHECKS for line in check(program, forms)] or ["nothing here makes it slow"]
    first = f"{program.__name__}: {recordings}, {scalars:,} scalar operations in {arrays:,} array operations, made in {seconds:.3g} s"
    return "\n- ".join([first, *found])


def _shapes(program: Recorded, forms: list[Form]) -> Iterator[str]:
    shapes = [describe(form.signature) for form in forms if not _is_fixed(form)]
    if len(shapes) > 1:
        yield f"{len(shapes)} shapes of examples, each with a recording of its own and computed apart: {_some(shapes)}"


def _is_fixed(form: Form) -> bool:
    return any(part[0] == STILL for part in leaves(form.signature))


def _sets(program: Recorded, forms: list[Form]) -> Iterator[str]:
    fixed = [form for form in forms if _is_fixed(form)]
    if len(fixed) > 1:
        each = sum(variant.seconds for form in fixed for variant in form.variants) / len(fixed)
        yield (
            f"{len(fixed)} sets of whole numbers, texts or switches, each with recordings of its own ({each:.2g} s) and computed apart:"
            f" {_some([describe(form.signature) for form in fixed])}. take(table, i) looks up without that, and a number to compute with is"
            " better a float"
        )


def _ways(program: Recorded, forms: list[Form]) -> Iterator[str]:
    most = max(forms, key=lambda form: len(form.variants)).variants
    if len(most) > 1:
        each = sum(variant.seconds for variant in most) / len(most)
        yield f"{len(most)} ways through its comparisons, each with a recording ({each:.2g} s) and computed apart. {CHOOSE}"


def _by_number(program: Recorded, forms: list[Form]) -> Iterator[str]:
    slow: dict[str, int] = {}
    for group in program.latest().plan.groups:
        if group.op is not None and isinstance(kernel(group.op), Each):
            slow[group.op.name] = slow.get(group.op.name, 0) + len(group.nodes)
    for name, count in slow.items():
        yield f"{name} is computed number by number, {count} for each example: its row has no form on arrays (the column `arrays`)"


def _little(program: Recorded, forms: list[Form]) -> Iterator[str]:
    variant = program.latest()
    share = len(variant.tape.ops) / max(variant.code.operations, 1)
    if variant.alone:
        yield "its operations have too little in common for arrays: it runs as scalar source"
    elif share < FEW:
        yield (
            f"each array operation stands for {share:.1f} scalar operations of an example, and takes some microseconds whatever the batch:"
            " it is quick for large batches alone"
        )


def _lookups(program: Recorded, forms: list[Form]) -> Iterator[str]:
    for size in sorted({part[1] for form in forms for part in leaves(form.signature) if part[0] == ONE_OF and part[1] > MANY}):
        yield f"a row of {size:,} is looked up by a product with {size - 1:,} zeros and a 1, for each example"


def _drawn(program: Recorded, forms: list[Form]) -> Iterator[str]:
    count = max(len(form.layout.draws) for form in forms)
    if count:
        yield f"{count} random numbers are drawn for each example, one after the other, in Python"


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


Check = Callable[[Recorded, list[Form]], Iterator[str]]
CHECKS: tuple[Check, ...] = (_shapes, _sets, _ways, _by_number, _little, _lookups, _drawn)
