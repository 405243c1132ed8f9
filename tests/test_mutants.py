"""The tests are tested: small mistakes made on purpose, each of which must be found."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from autograd import Primitive, Value, marks
from autograd.check import check_graph
from autograd.checking import graphs
from autograd.checking.mutants import mutations
from autograd.graph import cotangents
from autograd.proof import (
    check_differences,
    climb,
    common_points,
    graph_ratio,
    mutants,
    smooth_rows,
    sweep_is_right,
    sweeps,
)
from autograd.testing import over_primitives

from .special_values import sample
from .test_ops import allowance, evaluated, exact_derivative, rules, verdict


@pytest.mark.slow
@over_primitives()
def test_every_mutant_of_a_row_is_refused_by_the_ladder(primitive: Primitive) -> None:
    """Each rule times 1 + 1e-6 and 1 + 1e-9 (plus, where it is 0), and of the other sign; the row itself passes."""
    climb(primitive)
    made = [name for name, _ in mutants(primitive)]
    assert len(made) >= 2 * len(list(rules(primitive)))
    for name, mutant in mutants(primitive):
        with pytest.raises(AssertionError, match=rf"∂²?{primitive.name}/∂|{primitive.name}"):
            climb(mutant)
        assert name in made


@over_primitives()
def test_differences_alone_refuse_every_mutant(primitive: Primitive) -> None:
    """The picture a person understands is strong enough by itself, a billionth included."""
    for _, mutant in mutants(primitive):
        with pytest.raises(AssertionError, match="but differences of the function give"):
            _differences_everywhere(mutant)


def _differences_everywhere(primitive: Primitive) -> None:
    for operands in common_points(primitive):
        check_differences(primitive, operands)


@over_primitives()
def test_exact_numbers_alone_refuse_every_mutant(primitive: Primitive) -> None:
    """So are the independent identities in 50 digits that the table's own test is written with."""
    points = [(z, operands) for z, operands in sample(primitive, 200) if max(map(abs, operands)) < 1e3][:: len(primitive.operands) ** 2]
    for name, mutant in mutants(primitive):
        killed = any(
            not verdict(
                evaluated(rule, z, *operands),
                exact_derivative(primitive.name, position, operands),
                allowance(primitive.name, primitive.operands[position], z, operands),
            )
            for z, operands in points
            for position, rule in rules(mutant)
        )
        assert killed, name


SWEEPS = [pytest.param(sweep, is_mutant, id=name) for name, sweep, is_mutant in sweeps()]


@pytest.mark.parametrize(("sweep", "is_mutant"), SWEEPS)
def test_every_mutant_of_a_sweep_is_refused(sweep: object, is_mutant: bool) -> None:
    """`=` for `+=` and dropped edges in backward(), in the sweeps that change nothing, and in gradients as graphs."""
    assert is_mutant != sweep_is_right(sweep)  # type: ignore[arg-type]


@pytest.mark.parametrize(("sweep", "is_mutant"), [param for param in SWEEPS if str(param.id).startswith("cotangents")])
def test_differences_tell_a_wrong_sweep(sweep: object, is_mutant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """check_graph blames the sweep, not an edge."""
    monkeypatch.setattr(graphs, "cotangents", sweep)
    x, y = Value(0.7), Value(1.3)
    inner = x * y + x
    report = check_graph(inner * inner + inner * y)
    assert is_mutant == bool(report.mistakes)
    assert [] == [found for found in report.edges if found.verdict != "agrees"]
    assert is_mutant == any("the sweep" in line for line in report.guilty)


def _handed_on(order: list[Any], total: dict[Any, float]) -> None:
    for node in order:
        total[node] += 1.0  # no contribution of an edge
        total[node.x] += total[node] * node.dx


def test_sweeps_are_found_by_their_mark_whatever_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place where a product is added makes two mutants. A marked sweep that nothing runs is refused, not passed over."""
    added, alone = "total[node.x] += total[node] * node.dx", "total[node.x] = total[node] * node.dx"
    assert [f"{alone} for {added}", f"pass for {added}"] == [what for what, _ in mutations(_handed_on)]
    assert ["swept", "cotangents", "_sweep", "_pull"] == [function.__name__ for function in marks.SWEEPS]
    places = Counter(name.split(":")[0] for name, _, is_mutant in sweeps() if is_mutant)
    assert {"backward": 4, "cotangents": 4, "swept": 6, "gradient": 4} == places
    monkeypatch.setattr(marks, "SWEEPS", marks.SWEEPS.copy())
    assert _handed_on is marks.sweep(_handed_on)
    with pytest.raises(LookupError, match="_handed_on is marked as a sweep, and nothing here runs it"):
        list(sweeps())


def test_the_graph_oracle_sees_one_edge_dropped_anywhere() -> None:
    """Whichever edge of a graph is cut, the gradient is out of its bound."""
    x, y = Value(0.7), Value(1.3)
    inner = x * y + x
    output = inner * inner + inner / y

    def without(cut: int) -> Mapping[Value, float]:
        gradient = {output: 1.0}
        count = 0
        for node in order:
            for operand, partial in zip(node.parents, node.partials, strict=True):
                count += 1
                gradient[operand] = gradient.get(operand, 0.0) + (0.0 if count == cut else gradient.get(node, 0.0) * partial)
        return gradient

    from autograd.graph import topological

    order = topological(output)[::-1]
    edges = sum(len(node.parents) for node in order)
    assert graph_ratio(output, without(0)) <= 1.0
    assert all(graph_ratio(output, without(cut)) > 1.0 for cut in range(1, edges + 1))


def test_the_graph_oracle_sees_a_gradient_wrong_where_nothing_may_be_rounded() -> None:
    """The output's own gradient is 1 exactly: any other number is infinitely many bounds off, and so is nan, which says there is none.

    Where there is none, a number is wrong.
    """
    x = Value(0.7)
    output = x * x
    right = cotangents(output)
    assert [0.0, math.inf, math.inf] == [graph_ratio(output, right | {output: seed, x: 1.4}) for seed in (1.0, 2.0, math.nan)]
    nowhere = Value(0.0).sqrt()
    assert [0.0, math.inf] == [graph_ratio(nowhere), graph_ratio(nowhere, cotangents(nowhere) | {nowhere.args[0]: 0.0})]


def test_smooth_rows_have_no_kinks() -> None:
    """What the sweeps are tried on has every derivative."""
    assert len(smooth_rows()) >= 25
    assert not any(row.kinks for row in smooth_rows())
