"""What other checkers say: each run where it is installed, in a process of its own.

Each gets a rule as it is written for us, with its own functions in place of the table's, and the function as plain Python on floats. They
are asked at three everyday points, and at a hundred generated ones: log-uniform and uniform numbers as ours draws them, inside of the
domain. A checker that raises anything but its own verdict counts as alarming: a person's test would fail.
"""

from __future__ import annotations

import math
import random
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from .cases import Case, Rules, Said, Span

ALL = ("exp", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign", "floor")
"""Functions that every namespace has under these names."""
Point = tuple[float, ...]
Checker = Callable[[Case, Callable[[Any], Rules], Sequence[Point]], None]


def generated(case: Case, count: int = 100) -> list[Point]:
    """So many points at which the function has a value, the same for every checker."""
    domain = case.options.get("domain", Span())
    intervals = (domain,) * len(case.points[0] if case.points else (0.0,)) if isinstance(domain, Span) else domain
    rng = random.Random(case.name)
    found: list[Point] = []
    for _ in range(50 * count):
        point = tuple(
            rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-9.0, 2.0) if rng.random() < 0.5 else rng.uniform(-10.0, 10.0) for _ in intervals
        )
        try:
            if all(x in interval for x, interval in zip(point, intervals, strict=True)) and math.isfinite(case.forward(*point)):
                found.append(point)
        except (ArithmeticError, ValueError, TypeError):
            continue
        if len(found) == count:
            break
    return found


def everyday(case: Case) -> Sequence[Point]:
    """The three points that a person thinks of."""
    return case.points or ((0.7,), (-1.3,), (2.1,))


def _functions(namespace: Any, names: Sequence[str]) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(namespace, name) for name in names})


def plain(second: bool) -> Checker:
    """Plain central differences, written by hand as people write them: step 1e-6, a relative 1e-5 and an absolute 1e-7."""
    m = _functions(math, [name for name in ALL if name not in ("abs", "sign")])
    m.abs, m.maximum, m.minimum = abs, max, min
    m.sign = lambda x: math.copysign(1.0, x) if x else 0.0
    m.where = lambda c, x, y: x if c else y
    m.equal = lambda x, y: x == y
    m.stop = lambda x: x
    m.sigmoid = lambda x: 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0
    m.softplus = lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x)))

    def check(case: Case, rules: Any, points: Sequence[Point]) -> None:
        for point in points:
            z = case.forward(*point)
            for i, rule in enumerate(rules(m)):
                h = 1e-6
                above, below = (case.forward(*point[:i], point[i] + sign * h, *point[i + 1 :]) for sign in (1.0, -1.0))
                assert abs(rule(z, *point) - (above - below) / (2.0 * h)) <= 1e-7 + 1e-5 * abs(rule(z, *point))

    return check


def torch(second: bool) -> Checker:
    """torch.autograd.gradcheck, and gradgradcheck after it."""
    import torch as t

    m = SimpleNamespace(
        **{
            name: getattr(t, name)
            for name in ["exp", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign", "floor", "sigmoid"]
        }
    )
    tensor = lambda x: x if isinstance(x, t.Tensor) else t.tensor(float(x), dtype=t.float64)  # noqa: E731
    m.maximum, m.minimum = (lambda x, y: t.maximum(tensor(x), tensor(y))), (lambda x, y: t.minimum(tensor(x), tensor(y)))
    m.where = lambda c, x, y: t.where(t.as_tensor(c), tensor(x), tensor(y))
    m.equal, m.stop, m.softplus = (lambda x, y: x == y), (lambda x: x.detach()), t.nn.functional.softplus

    def check(case: Case, rules: Any, points: Sequence[Point]) -> None:
        class Function(t.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(ctx: Any, *xs: Any) -> Any:
                z = t.tensor(case.forward(*(float(x) for x in xs)), dtype=t.float64)
                ctx.save_for_backward(*xs)
                return z

            @staticmethod
            def backward(ctx: Any, *gradients: Any) -> Any:
                xs = ctx.saved_tensors
                z = Function.apply(*xs)
                return tuple(gradients[0] * rule(z, *xs) for rule in rules(m))

        for point in points:
            xs = tuple(t.tensor(x, dtype=t.float64, requires_grad=True) for x in point)
            t.autograd.gradcheck(Function.apply, xs)
            if second:
                t.autograd.gradgradcheck(Function.apply, xs)

    return check


def jax(second: bool) -> Checker:
    """jax.test_util.check_grads, of both modes."""
    import jax as j
    from jax import numpy as jnp
    from jax.test_util import check_grads

    j.config.update("jax_enable_x64", True)
    m = SimpleNamespace(
        **{
            name: getattr(jnp, name)
            for name in [
                "exp",
                "log",
                "log1p",
                "sqrt",
                "sin",
                "cos",
                "tan",
                "sinh",
                "cosh",
                "tanh",
                "abs",
                "sign",
                "floor",
                "maximum",
                "minimum",
                "where",
            ]
        }
    )
    m.equal, m.stop, m.sigmoid, m.softplus = (lambda x, y: x == y), j.lax.stop_gradient, j.nn.sigmoid, j.nn.softplus

    def check(case: Case, rules: Any, points: Sequence[Point]) -> None:
        shape = j.ShapeDtypeStruct((), jnp.float64)

        @j.custom_jvp
        def f(*xs: Any) -> Any:
            return j.pure_callback(lambda *numbers: jnp.float64(case.forward(*map(float, numbers))), shape, *xs)

        @f.defjvp
        def rule(primals: Any, tangents: Any) -> Any:
            z = f(*primals)
            return z, sum(each(z, *primals) * tangent for each, tangent in zip(rules(m), tangents, strict=True))

        for point in points:
            check_grads(f, tuple(map(jnp.float64, point)), order=2 if second else 1)

    return check


def hips(second: bool) -> Checker:
    """check_grads of HIPS autograd, whose package has the name of ours: it is asked where only that one is found."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    from autograd import numpy as np

    m = SimpleNamespace(
        **{
            name: getattr(np, name)
            for name in [
                "exp",
                "log",
                "log1p",
                "sqrt",
                "sin",
                "cos",
                "tan",
                "sinh",
                "cosh",
                "tanh",
                "abs",
                "sign",
                "floor",
                "maximum",
                "minimum",
                "where",
            ]
        }
    )
    m.equal, m.stop = (lambda x, y: x == y), (lambda x: getattr(x, "_value", x))
    m.sigmoid = lambda x: 0.5 * (1.0 + np.tanh(0.5 * x))
    m.softplus = lambda x: np.logaddexp(x, 0.0)

    def check(case: Case, rules: Any, points: Sequence[Point]) -> None:
        f = primitive(lambda *xs: case.forward(*map(float, xs)))
        defvjp(f, *[lambda z, *xs, rule=rule: lambda g: g * rule(z, *xs) for rule in rules(m)])
        for point in points:
            check_grads(f, argnum=list(range(len(point))), modes=["rev"], order=2 if second else 1)(*point)

    return check


CHECKERS: dict[str, Callable[[bool], Checker]] = {"plain": plain, "torch": torch, "jax": jax, "hips": hips}


def ask(checker: Checker, case: Case, rules: Callable[[Any], Rules], points: Sequence[Point]) -> Said:
    """What a checker says of a case with these rules."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checker(case, rules, points)
    except Exception as error:
        return Said(True, f"{type(error).__name__}: {error}", time.perf_counter() - start)
    return Said(False, "", time.perf_counter() - start)


def smallest(alarms: Callable[[Case, Callable[[Any], Rules]], bool]) -> float:
    """The smallest relative mistake in the slope of exp, a power of ten, that raises an alarm."""
    seen = 1.0
    for k in range(1, 14):
        wrong = lambda m, k=k: (lambda z, x: z * (1.0 + 10.0**-k),)  # noqa: E731
        if not alarms(Case("exp", math.exp, wrong), wrong):
            break
        seen = 10.0**-k
    return seen


def main(name: str, counts: Sequence[int] = (3, 100)) -> int:
    """Print what one checker says of all cases, a line for each: set, case, which rules, how many points, alarm, seconds."""
    from . import intervals, right, wrong

    checker = CHECKERS[name](True)
    for cases, where in ((wrong.CASES, "wrong"), (right.CASES, "right"), (intervals.CASES, "intervals")):
        for case in cases:
            for count in counts:
                points = everyday(case) if count == 3 else generated(case, count)
                for which, rules in (("wrong", case.wrong), ("right", case.right)):
                    if rules is not None:
                        said = ask(checker, case, rules, points)
                        print(f"{where}\t{case.name}\t{which}\t{count}\t{int(said.alarmed)}\t{said.seconds:.6f}", flush=True)
    seen = smallest(lambda case, rules: ask(checker, case, rules, ((1.0,),)).alarmed)
    print(f"mistake\t\t\t0\t0\t{seen:.0e}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
