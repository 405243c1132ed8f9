"""What the sweep decides, for all who write it: where gradients go, through which local derivatives, and whether a zero is a strong one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..primitive import PRIMITIVES, Primitive
from ..terms import ANY, Term, local_derivative, may_be_missing
from .fuse import Bools, Ints
from .grids import Product
from .plan import Group, Plan


def carrying(plan: Plan) -> Bools:
    """Whether the gradient by the number at each address is needed."""
    found = np.zeros(plan.same + plan.inputs + plan.computed, bool)
    nodes = np.nonzero(plan.where >= 0)[0]
    found[plan.where[nodes]] = plan.graph.carries[nodes]
    return found


class Local(NamedTuple):
    """A local derivative.

    rule     what it is, or its number where it is a constant
    strong   whether 0 times it has to be 0 whatever it is; else it is finite, or, where it does not exist, it is the engine that decides
    """

    rule: Term | float
    strong: bool


def local(op: Primitive, position: int, z: Term, args: tuple[Any, ...]) -> Local:
    """The local derivative by the operand at this position."""
    rule = local_derivative(op, position, z, args)
    if isinstance(rule, float):
        return Local(rule, not math.isfinite(rule))
    # Where products and squares are finite, so are their local derivatives.
    product = op is PRIMITIVES["multiply"] or (op is PRIMITIVES["power"] and args[1] == 2.0)
    finite = product or (rule.sure and rule.size < ANY)
    missing = not rule.sure and may_be_missing(op, args)  # 0·∞ has no value: it is nan
    return Local(simplified(rule), not (finite or missing))


def simplified(rule: Term | float) -> Term | float:
    """A rule without powers of 1."""
    if isinstance(rule, float) or rule.name:
        return rule
    args = tuple(simplified(arg) for arg in rule.args)
    if args[1:] == (1.0,) and (rule.sign == "**" or rule.op is PRIMITIVES["power"]):
        return args[0]
    return Term(args, sign=rule.sign, op=rule.op)


def ways(group: Group, carries: Bools) -> Iterator[tuple[int, Ints]]:
    """For each operand of a single operation to which a gradient goes, its position and its addresses."""
    for position, arg in enumerate(group.args):
        if not isinstance(arg, float) and carries[arg].any():
            yield position, arg


def squares(product: Product) -> bool:
    """Whether both sides of a matrix product are the same numbers, in the same order."""
    return product.left.shape == product.right.shape and bool((product.left == product.right).all())
