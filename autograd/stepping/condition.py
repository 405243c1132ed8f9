"""Conditions: what a stepper is told to stop at, as a text.

abs(grad) > 10              arithmetic as in any expression, compared
1 <= data < 2               comparisons may be chained
grad == 110                 equal is what is shown alike, to six digits: 2.2 is equal to 2.2000000000000002
grad > 1 and not data > 2   and, or, not, and brackets
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from ..errors import ExpressionError
from ..expression import parse
from ..typeset import number

Truth = bool | None
"""True or False; None where a number that decides is not known."""
Condition = Callable[[Mapping[str, float]], Truth]


def is_condition(text: str) -> bool:
    """Whether the text is meant as a condition, rightly written or not."""
    return any(sign in text for sign in "<>=≤≥≠")


def condition(text: str, words: tuple[str, ...]) -> Condition:
    """The condition as a function of the numbers that the words stand for; an ExpressionError where it is none."""
    text = re.sub(r"\s", " ", text).strip()
    if re.search(r"(?<![<>=!])=(?!=)", text):
        raise ExpressionError(f"the condition {text!r} has a single =: equality is written ==")
    try:
        return _truth(ast.parse(text, mode="eval").body, text, words)
    except (SyntaxError, RecursionError, MemoryError):
        if not re.search(r"\b(and|or|not)\b", text):
            parse(text)  # which says what is wrong
        raise ExpressionError(f"this is no condition: {text!r}; one is written as in 'abs(grad) > 10 and data < 2'") from None


def _truth(tree: ast.expr, text: str, words: tuple[str, ...]) -> Condition:
    match tree:
        case ast.BoolOp(op=op, values=values):
            parts = [_truth(value, text, words) for value in values]
            decides = isinstance(op, ast.Or)  # one such part is enough, whatever is not known of the others

            def joined(known: Mapping[str, float]) -> Truth:
                found = [part(known) for part in parts]
                return decides if decides in found else None if None in found else not decides

            return joined
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            part = _truth(operand, text, words)
            return lambda known: None if (truth := part(known)) is None else not truth
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _RELATIONS for op in ops):
            sides = [_side(side, text, words) for side in (left, *others)]
            relations = [_RELATIONS[type(op)] for op in ops]

            def compared(known: Mapping[str, float]) -> Truth:
                numbers = [x for side in sides if (x := side(known)) is not None]
                if len(numbers) < len(sides):
                    return None
                return all(relation(x, y) for relation, (x, y) in zip(relations, pairwise(numbers), strict=True))

            return compared
    side = _side(tree, text, words)  # a product of comparisons, as in (grad > 1)*(data > 2)
    return lambda known: None if (x := side(known)) is None else x != 0.0


def _side(tree: ast.expr, text: str, words: tuple[str, ...]) -> Callable[[Mapping[str, float]], float | None]:
    expression = parse(ast.get_source_segment(text, tree) or text)
    needed = set(expression.names)
    unknown = [name for name in expression.names if name not in words]
    if unknown:
        raise ExpressionError(f"the condition {text!r} names {', '.join(unknown)}; there are {', '.join(words)}")
    return lambda known: float(expression.build(known)) if needed <= known.keys() else None


def _alike(x: float, y: float) -> bool:
    return number(x) == number(y)


_RELATIONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: _alike,
    ast.NotEq: lambda x, y: not _alike(x, y),
}
