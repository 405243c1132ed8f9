"""How a row of the table is written: `unary(…)` and `binary(…)`, with what most rows have alike filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from .primitive import REALS, Binary, Defaulted, Interval, Primitive, Rule, Unary, register


def unary(
    name: str,
    forward: Callable[[float], float],
    rule: Rule,
    *,
    symbol: str | None = None,
    formula: str | None = None,
    latex: str | None = None,
    textbook: str,
    domain: Interval = REALS,
    kinks: tuple[str, ...] = (),
    flat: Callable[[float], bool] | None = None,
    summary: str,
    **columns: Any,
) -> Unary:
    """A row with one operand, x."""
    row = Primitive(
        name=name,
        operands=("x",),
        forward=forward,
        partials=(rule,),
        symbol=symbol or name,
        formula=formula or f"{name}(x)",
        latex=latex or rf"\operatorname{{{name}}}\left(<x>\right)".replace("_", r"\_"),
        textbook=(textbook,),
        domain=(domain,),
        kinks=kinks,
        flat=(flat,),
        summary=summary,
        **{"zero": "exact", **columns},
    )
    return cast(Unary, _function(row))


def binary(
    name: str,
    forward: Callable[[float, float], float],
    rule_x: Rule,
    rule_y: Rule | None,
    *,
    operands: tuple[str, str] = ("x", "y"),
    symbol: str | None = None,
    formula: str | None = None,
    latex: str | None = None,
    textbook: tuple[str, str],
    domain: tuple[Interval, Interval] = (REALS, REALS),
    condition: str = "",
    kinks: tuple[str, ...] = (),
    flat: tuple[Callable[[float, float], bool] | None, Callable[[float, float], bool] | None] = (None, None),
    once: Callable[[float, float], bool] | None = None,
    hint: str = "",
    summary: str,
    **columns: Any,
) -> Binary:
    """A row with two operands, x and y unless named otherwise."""
    x, y = operands
    row = Primitive(
        name=name,
        operands=operands,
        forward=forward,
        partials=(rule_x, rule_y),
        symbol=symbol or name,
        formula=formula or f"{name}({x}, {y})",
        latex=latex or rf"\operatorname{{{name}}}\left(<{x}>, <{y}>\right)".replace("_", r"\_"),
        textbook=textbook,
        domain=domain,
        condition=condition,
        kinks=kinks,
        flat=flat,
        once=once,
        hint=hint,
        summary=summary,
        **{"zero": "exact", **columns},
    )
    return cast(Binary, _function(row))


def defaulted(*columns: Any, **more: Any) -> Defaulted:
    """A row whose second operand may be left out."""
    return cast(Defaulted, binary(*columns, **more))


def _function(row: Primitive) -> Any:
    function = register(row)
    function.__module__ = f"{__package__}.ops"  # where it is found, for those who ask: help() and pickle
    return function
