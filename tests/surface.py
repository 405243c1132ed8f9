"""The public surface, each part of it with a call that works, and the values that people put there by mistake.

`calls()` has a good call for every public name; the fuzzer of `test_surface.py` takes one, puts a bad value in the place of one
argument, and judges what comes.
"""

from __future__ import annotations

import dis
import inspect
import itertools
import os
import random
import re
import signal
import struct
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import pytest

import autograd
import nn
import nn.plots
from autograd import (
    PRIMITIVES,
    Dual,
    Value,
    compile,  # noqa: A004
    examples,
    expression,
    mathml,
    pack,
    program,
    proof,
    stepping,
    testing,
    typeset,
)
from autograd import check as checking
from autograd import primitive as primitives
from autograd.errors import (
    AutogradError,
    DivisionByZeroError,
    DomainError,
    ExpressionError,
    GradientError,
    NonFiniteError,
    RangeError,
    StaleGraphError,
)

np, *_ = [pytest.importorskip(package, reason="the whole surface needs every extra") for package in ("numpy", "pygraphviz", "matplotlib")]

ROOT = Path(autograd.__file__).parent.parent

# What people put there by mistake. Each is made anew for every call.


def _circle() -> list[Any]:
    inside: list[Any] = [1.0]
    inside.append(inside)
    return inside


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    return deep


def _raising(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the person's own error")


def _endless() -> Iterator[object]:
    while True:  # in Python, so that a signal can end whoever takes them all
        yield object()


def _nan() -> Value:
    x = Value(1.0)
    x.data = float("nan")
    return x


BAD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "3": lambda: 3,
    "1.5": lambda: 1.5,
    "2**70": lambda: 2**70,
    "10**400": lambda: 10**400,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-0.0": lambda: -0.0,
    "1e308": lambda: 1e308,
    "1j": lambda: 1j,
    "Decimal('sNaN')": lambda: Decimal("sNaN"),
    "Fraction(1, 3)": lambda: Fraction(1, 3),
    "''": lambda: "",
    "'x'": lambda: "x",
    "'a\\0\\n<b>'": lambda: "a\0\n<b>",
    "b'x'": lambda: b"x",
    "[]": list,
    "()": lambda: (),
    "[1.0]": lambda: [1.0],
    "[1.0, 'x']": lambda: [1.0, "x"],
    "[None]": lambda: [None],
    "[[1.0, 2.0], [3.0]]": lambda: [[1.0, 2.0], [3.0]],
    "(1, 2, 3)": lambda: (1, 2, 3),
    "{}": dict,
    "{'x': 1.0}": lambda: {"x": 1.0},
    "{1: None}": lambda: {1: None},
    "{1.0}": lambda: {1.0},
    "a list in itself": _circle,
    "a deep list": _deep,
    "range(2)": lambda: range(2),
    "an iterator without end": _endless,
    "object()": object,
    "a class": lambda: nn.Tanh,
    "an exception": lambda: ValueError("x"),
    "a function of nothing": lambda: lambda: None,
    "a function to None": lambda: lambda *_, **__: None,
    "a function to a text": lambda: lambda *_, **__: "x",
    "a function that raises": lambda: _raising,
    "array(1.0)": lambda: np.array(1.0),
    "array([1.0, 2.0])": lambda: np.array([1.0, 2.0]),
    "array(['x'])": lambda: np.array(["x"]),
    "array of objects": lambda: np.array([None, Value(1.0)], object),
    "float32(nan)": lambda: np.float32("nan"),
    "int64(2)": lambda: np.int64(2),
    "a Value": lambda: Value(2.0),
    "a Value of nan": _nan,
    "[a Value]": lambda: [Value(2.0)],
    "a Dual": lambda: Dual(autograd.forward.Level(1), 1.0, 1.0),  # type: ignore[attr-defined]
    "a module": lambda: nn.MLP(1, [1], rng=0),
    "a primitive": lambda: PRIMITIVES["exp"],
}

# A good call for everything.


class Call(NamedTuple):
    """A call that works. `use` is what is done with its result, for what is wrong is often found only then."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    use: Callable[[Any], object]


def call(function: Callable[..., Any], *args: Any, **options: Any) -> Call:
    return Call(function, args, options, _used)


def then(use: Callable[[Any], object], made: Call) -> Call:
    return made._replace(use=use)


def _used(result: Any) -> object:
    if isinstance(result, Iterator):
        deque(itertools.islice(result, 50), 0)
    with suppress(RecursionError):  # Python's own, of a deep list that came back
        return repr(result)
    return None


def _graph() -> Value:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    return autograd.exp(x * y) + x


def _leaves(output: Value) -> list[Value]:
    return [node for node in autograd.graph.topological(output) if node.op is None]  # type: ignore[attr-defined]


def _model() -> nn.MLP:
    return nn.MLP(2, [2, 1], rng=0)


def _parameters() -> list[Value]:
    parameters = [Value(1.0), Value(2.0)]
    for parameter in parameters:
        parameter.grad = 0.5
    return parameters


def _program() -> program.Program:
    made = compile(lambda x, y: x[0] * x[1] + y)
    made([1.0, 2.0], 3.0)
    return made


def _packed() -> Any:
    return pack(lambda x, y: x[0] * x[1] + y)


def _stepper() -> stepping.Stepper:
    return stepping.Stepper(_graph())


def _images() -> nn.Images:
    from array import array

    return nn.Images(array("B", range(8)), 2)


def _idx(name: str = "x.idx", sizes: tuple[int, ...] = (2,)) -> str:
    content = struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + bytes(range(int(np.prod(sizes))))
    Path(name).write_bytes(content)
    return name


def _mnist() -> str:
    Path("mnist").mkdir(exist_ok=True)
    _idx("mnist/train-images-idx3-ubyte", (2, 2, 2))
    _idx("mnist/train-labels-idx1-ubyte", (2,))
    return "mnist"


def _saved() -> str:
    return str(nn.save_model("saved.json", _model()))


def _primitive(**other: Any) -> Any:
    exp = PRIMITIVES["exp"]
    fields = {name: getattr(exp, name) for name in inspect.signature(primitives.Primitive).parameters}
    return fields | other


XS, TS = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1.0, 0.0, 1.0]


def _fit(model: nn.MLP, **options: Any) -> Call:
    return call(nn.fit, model, XS, TS, nn.squared_error, nn.SGD(model.parameters(), lr=0.1), **options)


def _twice(run: Callable[..., Any], *args: Any) -> Callable[[Any], object]:
    """A use: the result called."""
    return lambda function: _used(function(*args))


SKIPPED = {
    "nn.Activation": "an abstract class",
    "nn.Module": "has no argument",
    "nn.digits": "has no argument",
    "nn.init": "a module, whose functions stand here one by one",
    "autograd.PRIMITIVES": "a dict",
    "autograd.program.PASSES": "a tuple",
    "autograd.program.Outcome": "a result",
    "autograd.program.Program": "what compile makes",
    "autograd.Program": "what compile makes",
    "autograd.stepping.Backward": "a result",
    "autograd.stepping.Forward": "a result",
    "autograd.stepping.Explanation": "a result",
    "autograd.stepping.State": "a result",
    "autograd.stepping.Step": "a union",
    "autograd.testing.SPECIAL": "a tuple",
    "autograd.testing.Recipe": "a result",
    "autograd.drawing.Picture": "what draw makes",
    "autograd.drawing.hangul_font": "has no argument",
    "autograd.drawing.layout_engine": "has no argument",
    "nn.Epoch": "a record of results",
    "nn.History": "a record of results",
    "autograd.Dual": "made by transforms alone",
}

LISTS = ("softmax", "log_softmax", "logsumexp", "sum", "mean", "prod", "norm")
COMPOSED = ("square", "silu", "gelu", "gelu_tanh")
"""Functions of one number that are written in rows, and checked by these."""
OTHERWISE: dict[str, list[Any]] = {"acosh": [1.5], "psi": [Value(0.5), 2], "polygamma": [1, Value(0.5)]}
"""Good operands of those that have no value at others'."""
LONG = {("nn.fit", "epochs"), ("nn.fit packed", "epochs")}
"""So many as were asked for, until Ctrl-C: large numbers are no mistake there."""


def calls() -> dict[str, Callable[[], Call]]:
    """A good call for every public name, made anew whenever it is asked for."""
    found: dict[str, Callable[[], Call]] = {}

    def rows() -> None:
        for name in (*autograd.ops.__all__, *autograd.composed.__all__):
            function = getattr(autograd, name)
            operands = len(getattr(getattr(function, "primitive", None), "operands", "x"))
            if name in LISTS:
                found[f"autograd.{name}"] = lambda f=function: call(f, [Value(0.5), 0.25])
            elif name not in ("dot", "where", "clip"):
                found[f"autograd.{name}"] = lambda f=function, n=operands: call(f, *OTHERWISE.get(f.__name__, [Value(0.5), 0.25][:n]))

    rows()
    f = lambda x, y=2.0: x * y * x  # noqa: E731
    made: dict[str, Callable[[], Call]] = {
        "autograd.dot": lambda: call(autograd.dot, [Value(1.0), 2.0], [3.0, 4.0]),
        "autograd.where": lambda: call(autograd.where, True, Value(1.0), 2.0),
        "autograd.clip": lambda: call(autograd.clip, Value(1.0), 0.0, 2.0),
        "autograd.Value": lambda: call(Value, 1.0, label="x"),
        "Value.backward": lambda: call(_graph().backward, 1.0),
        "Value.__add__": lambda: call(lambda other: Value(1.0) + other, 2.0),
        "Value.__radd__": lambda: call(lambda other: other + Value(1.0), 2.0),
        "Value.__mul__": lambda: call(lambda other: Value(1.0) * other, 2.0),
        "Value.__rmul__": lambda: call(lambda other: other * Value(1.0), 2.0),
        "Value.__sub__": lambda: call(lambda other: Value(1.0) - other, 2.0),
        "Value.__rsub__": lambda: call(lambda other: other - Value(1.0), 2.0),
        "Value.__truediv__": lambda: call(lambda other: Value(1.0) / other, 2.0),
        "Value.__rtruediv__": lambda: call(lambda other: other / Value(1.0), 2.0),
        "Value.__pow__": lambda: call(lambda other: Value(1.0) ** other, 2.0),
        "Value.__rpow__": lambda: call(lambda other: other ** Value(1.0), 2.0),
        "Value.__lt__": lambda: call(lambda other: Value(1.0) < other, 2.0),
        "Value.__ge__": lambda: call(lambda other: other >= Value(1.0), 2.0),
        "Value.hypot": lambda: call(Value(1.0).hypot, 2.0),
        "Value.clip": lambda: call(Value(1.0).clip, 0.0, 2.0),
        "autograd.central_difference": lambda: call(autograd.central_difference, lambda x: x * x, 1.0, step=1e-3),
        "autograd.extrapolated_difference": lambda: call(autograd.extrapolated_difference, lambda x: x * x, 1.0, step=1e-3),
        "autograd.complex_step": lambda: call(autograd.complex_step, lambda x: x * x, 1.0),
        "autograd.check_gradients": lambda: call(autograd.check_gradients, f, 1.0, 2.0),
        "autograd.check_graph": lambda: call(autograd.check_graph, _graph()),
        "autograd.check.check_edges": lambda: call(checking.check_edges, _graph()),
        "autograd.custom_gradient": lambda: then(lambda d: d(lambda x: x)(Value(1.0)), call(autograd.custom_gradient, lambda z, x: 1.0)),
        "custom_gradient(…)": lambda: then(lambda g: g(Value(1.0)), call(autograd.custom_gradient(lambda z, x: 1.0), lambda x: x)),
        "autograd.derivative": lambda: then(_twice(f, 1.0), call(autograd.derivative, f)),
        "autograd.grad": lambda: then(_twice(f, 1.0), call(autograd.grad, f)),
        "autograd.value_and_grad": lambda: then(_twice(f, 1.0), call(autograd.value_and_grad, f)),
        "autograd.hessian": lambda: then(_twice(f, 1.0), call(autograd.hessian, f)),
        "autograd.jacobian": lambda: then(_twice(f, 1.0), call(autograd.jacobian, f)),
        "grad(…)": lambda: call(autograd.grad(lambda x: x[0] * x[1]), [1.0, 2.0]),
        "jacobian(…)": lambda: call(autograd.jacobian(lambda x: [x[0] * x[1]], mode="forward"), [1.0, 2.0]),
        "hessian(…)": lambda: call(autograd.hessian(lambda x: x[0] * x[1]), [1.0, 2.0]),
        "derivative(…)": lambda: call(autograd.derivative(f), 1.0, 2.0),
        "autograd.hvp": lambda: call(autograd.hvp, f, (1.0,), (1.0,)),
        "autograd.jvp": lambda: call(autograd.jvp, f, (1.0,), (1.0,)),
        "autograd.vjp": lambda: then(lambda r: r[1](1.0), call(autograd.vjp, f, 1.0)),
        "vjp pullback": lambda: call(autograd.vjp(lambda x: [x, x * x], 1.0)[1], [1.0, 2.0]),
        "autograd.elementwise": lambda: then(_twice(f, [1.0]), call(autograd.elementwise, autograd.relu)),
        "elementwise(…)": lambda: call(autograd.elementwise(autograd.relu), [1.0]),
        "autograd.gradient": lambda: (lambda y: call(autograd.gradient, y, _leaves(y)))(_graph()),
        "autograd.jacobian_chain": lambda: then(str, call(autograd.jacobian_chain, [autograd.relu, autograd.sum], [1.0, 2.0])),
        "autograd.latex": lambda: call(autograd.latex, "a*b"),
        "autograd.matrix": lambda: call(autograd.matrix, [[1.0, 2.0], [3.0, 4.0]]),
        "autograd.modes": lambda: (lambda y: then(str, call(autograd.modes, y, _leaves(y))))(_graph()),
        "autograd.no_grad": lambda: then(_entered, call(autograd.no_grad)),
        "autograd.scope": lambda: then(_entered, call(autograd.scope, "a")),
        "autograd.tangents": lambda: (lambda y: call(autograd.tangents, y, _leaves(y)[0]))(_graph()),
        "autograd.tree": lambda: call(autograd.tree, _graph()),
        "autograd.node_table": lambda: call(autograd.node_table, _graph()),
        "autograd.to_networkx": lambda: call(autograd.to_networkx if find_spec("networkx") else autograd.node_table, _graph()),
        "autograd.to_json": lambda: call(autograd.to_json, _graph()),
        "autograd.from_json": lambda: call(autograd.from_json, autograd.to_json(_graph())),
        "autograd.explain": lambda: (lambda y: then(lambda e: (str(e), e.picture()), call(autograd.explain, _leaves(y)[0], y)))(_graph()),
        "autograd.steps": lambda: call(autograd.steps, _graph()),
        "autograd.draw": lambda: call(autograd.draw, _graph()),
        "autograd.draw cards": lambda: call(autograd.draw, _graph(), style="cards", legend=True, color="gradient"),
        "draw and pipe": lambda: then(lambda p: p.pipe("svg"), call(autograd.draw, Value(1.0) * 2.0)),
        "Picture.pipe": lambda: call(autograd.draw(Value(1.0) * 2.0).pipe, "svg"),
        "Picture.write": lambda: call(autograd.draw(Value(1.0) * 2.0).write, "a.svg"),
        "autograd.draw_modes": lambda: (lambda y: call(autograd.draw_modes, y, _leaves(y)))(_graph()),
        "autograd.pack": lambda: then(lambda p: p([[1.0, 2.0]], [3.0]), call(pack, lambda x, y: x[0] * x[1] + y)),
        "pack params": lambda: (lambda w: then(lambda p: p([[1.0, 2.0]]), call(pack, lambda x: x[0] * w, params=[w])))(Value(1.0)),
        "pack loss": lambda: then(lambda p: p(XS, TS), call(pack, _model(), nn.squared_error)),
        "Packed.__call__": lambda: call(_packed(), [[1.0, 2.0], [3.0, 4.0]], [3.0, 4.0]),
        "Packed.backward": lambda: (lambda w: call(pack(lambda x: x[0] * w, params=[w]).backward, [[1.0, 2.0]]))(Value(1.0)),
        "Packed.graph": lambda: (lambda p: (p([[1.0, 2.0]], [3.0]), call(p.graph, [1.0, 2.0], 3.0))[1])(_packed()),
        "Packed.source": lambda: (lambda p: (p([[1.0, 2.0]], [3.0]), call(p.source, "numpy"))[1])(_packed()),
        "Packed.training": lambda: (lambda m: then(_entered, call(pack(m, nn.squared_error).training, nn.SGD(m.parameters(), 0.1))))(
            _model()
        ),
        "Stepper.run_to": lambda: call(_stepper().run_to, "x"),
        "Stepper.jump": lambda: call(_stepper().jump, 2),
        "Stepper.gradient": lambda: call(_stepper().gradient, 0),
        "Stepper.view": lambda: call(_stepper().view),
        "Stepper.beside": lambda: call(_stepper().beside, _stepper()),
        "Stepper.write": lambda: call(_stepper().write, "a.html"),
        "Stepper.write_frames": lambda: call(stepping.Stepper(Value(1.0) * 2.0).write_frames, "frames", "svg"),
        "Stepper.breakpoints": lambda: call(lambda where: _broken(where), "x"),
        "Program.__call__": lambda: call(_program(), [1.0, 2.0], 3.0),
        "Program.backward": lambda: (lambda w: call(compile(lambda x: x * w, params=[w]).backward, 1.0))(Value(1.0)),
        "Program.source": lambda: call(_program().source, "python"),
        "Program.draw": lambda: call(_program().draw, direction="both"),
        "Program.stepper": lambda: call(_program().stepper, title="x"),
        "Program.write": lambda: call(_program().write, "p.html"),
        "autograd.Primitive": lambda: call(primitives.Primitive, **_primitive()),
        "autograd.primitive.register": lambda: then(
            _unregistered, call(primitives.register, primitives.Primitive(**_primitive(name="mine")))
        ),
        "register(Primitive(…))": lambda: call(_registered, **_primitive(name="mine")),
        "autograd.expression.parse": lambda: call(expression.parse, "a*b"),
        "Expression.build": lambda: call(expression.parse("a*b").build, {"a": 1.0, "b": Value(2.0)}),
        "autograd.typeset.number": lambda: call(typeset.number, 0.5),
        "autograd.typeset.name": lambda: call(typeset.name, "alpha"),
        "autograd.typeset.formula": lambda: call(typeset.formula, "a*b"),
        "autograd.mathml.mathml": lambda: call(mathml.mathml, "a*b"),
        "autograd.proof.prove": lambda: call(proof.prove, 1, 0, primitives=[PRIMITIVES["exp"]]),
        "autograd.testing.assert_gradients": lambda: call(
            testing.assert_gradients, lambda x: x * x, testing.floats_in(size=3.0), examples=2
        ),
        "autograd.testing.assert_primitive": lambda: call(testing.assert_primitive, PRIMITIVES["negate"], examples=2),
        "autograd.testing.expressions": lambda: call(testing.expressions),
        "autograd.testing.floats_in": lambda: call(testing.floats_in, primitives.Interval(0.0, 1.0)),
        "autograd.testing.networks": lambda: call(testing.networks, 2),
        "autograd.testing.operands": lambda: call(testing.operands, PRIMITIVES["exp"]),
        "autograd.testing.over_primitives": lambda: then(lambda d: d(_about_a_primitive), call(testing.over_primitives)),
        "autograd.examples.run": lambda: call(examples.run, "apple"),
        "examples.run steps": lambda: call(examples.run, "two_two_one", steps=1),
        "autograd.compile": lambda: then(lambda p: p(1.0), call(compile, lambda x: x * x)),
        "compile graph": lambda: (lambda y: call(compile, y, inputs=_leaves(y)))(_graph()),
        "compile loss": lambda: then(lambda p: p([1.0, 2.0], 1.0), call(compile, _model(), nn.squared_error)),
        # Networks.
        "nn.MLP": lambda: then(_twice(f, [1.0, 2.0]), call(nn.MLP, 2, [2, 1], "tanh", rng=0)),
        "nn.Linear": lambda: then(_twice(f, [1.0, 2.0]), call(nn.Linear, 2, 2, "softmax", rng=0)),
        "nn.LayerNorm": lambda: then(_twice(f, [1.0, 2.0]), call(nn.LayerNorm, 2)),
        "nn.Layer": lambda: then(_twice(f, [1.0, 2.0]), call(nn.Layer, 2, 2, rng=0)),
        "nn.Neuron": lambda: then(_twice(f, [1.0, 2.0]), call(nn.Neuron, 2, "relu", rng=0)),
        "nn.Sequential": lambda: then(_twice(f, [1.0, 2.0]), call(nn.Sequential, nn.Linear(2, 2, rng=0), nn.ReLU())),
        "Module.attribute": lambda: call(_holding, Value(1.0)),
        "Module.train": lambda: call(_model().train, True),
        "Module.load_state_dict": lambda: call(_model().load_state_dict, _model().state_dict()),
        "Module.__call__": lambda: call(_model(), [1.0, 2.0]),
        "Sequential.__getitem__": lambda: call(nn.Sequential(nn.ReLU()).__getitem__, 0),
        "nn.LeakyReLU": lambda: then(_twice(f, Value(-1.0)), call(nn.LeakyReLU, 0.1)),
        "nn.ELU": lambda: then(_twice(f, Value(-1.0)), call(nn.ELU, 0.1)),
        "nn.Images": lambda: then(lambda images: images[0], call(nn.Images, _images()._pixels, 2)),
        "Images.__getitem__": lambda: call(_images().__getitem__, 1),
        "nn.Optimiser": lambda: call(nn.Optimiser, _parameters(), 0.1),
        "Optimiser.load_state_dict": lambda: call(nn.SGD(_parameters(), 0.1).load_state_dict, nn.SGD(_parameters(), 0.1).state_dict()),
        "nn.clip_grad_norm": lambda: call(nn.clip_grad_norm, _parameters(), 0.1),
        "nn.clip_grad_value": lambda: call(nn.clip_grad_value, _parameters(), 0.1),
        "nn.constant_rate": lambda: then(_twice(f, 1), call(nn.constant_rate, 0.1)),
        "nn.cosine_decay": lambda: then(_twice(f, 1), call(nn.cosine_decay, 0.1, 0.01, 10)),
        "nn.linear_decay": lambda: then(_twice(f, 1), call(nn.linear_decay, 0.1, 0.01, 10)),
        "nn.exponential_decay": lambda: then(_twice(f, 1), call(nn.exponential_decay, 0.1, 0.9)),
        "nn.step_decay": lambda: then(_twice(f, 1), call(nn.step_decay, 0.1, 0.9, 10)),
        "nn.warm_up": lambda: then(_twice(f, 1), call(nn.warm_up, 10, nn.constant_rate(0.1))),
        "nn.moons": lambda: call(nn.moons, 10),
        "nn.circles": lambda: call(nn.circles, 10),
        "nn.spiral": lambda: call(nn.spiral, 10),
        "nn.xor": lambda: call(nn.xor, 10),
        "nn.mnist": lambda: call(nn.mnist, _mnist(), "train"),
        "nn.read_idx": lambda: call(nn.read_idx, _idx()),
        "nn.one_hot": lambda: call(nn.one_hot, 1, 3),
        "nn.minibatches": lambda: call(nn.minibatches, XS, TS, 2, 0),
        "nn.split": lambda: call(nn.split, XS, TS, 0.4),
        "nn.save_model": lambda: call(nn.save_model, "model.json", _model()),
        "nn.load_model": lambda: call(nn.load_model, _saved(), _model()),
        "nn.predict": lambda: call(nn.predict, [1.0, 2.0]),
        "nn.accuracy": lambda: call(nn.accuracy, _model(), XS, [0, 1, 0]),
        "nn.accuracy packed": lambda: call(nn.accuracy, _model(), XS, [0, 1, 0], pack=True),
        "nn.evaluate": lambda: call(nn.evaluate, _model(), XS, TS, nn.squared_error),
        "nn.diagnose": lambda: (lambda m: call(nn.diagnose, m, nn.squared_error(m([1.0, 2.0]), 1.0)))(_model()),
        "nn.fit": lambda: _fit(_model(), epochs=1, batch_size=2),
        "nn.fit packed": lambda: _fit(_model(), epochs=1, batch_size=2, pack=True),
        "nn.init.constant": lambda: then(_twice(f, 1, 1, random.Random(0)), call(nn.init.constant, 0.5)),
        "nn.init.uniform": lambda: then(_twice(f, 1, 1, random.Random(0)), call(nn.init.uniform, -1.0, 1.0)),
        "nn.init.gaussian": lambda: then(_twice(f, 1, 1, random.Random(0)), call(nn.init.gaussian, 1.0, 0.0)),
        "nn.plots.lines": lambda: call(nn.plots.lines, {"a": [1.0, 2.0]}),
        "nn.plots.loss_curves": lambda: call(nn.plots.loss_curves, nn.History([1.0], [nn.Epoch(1, 1.0)])),
        "nn.plots.decision_boundary": lambda: call(nn.plots.decision_boundary, _model(), XS, [0, 1, 0], resolution=3),
        "nn.plots.panels": lambda: call(nn.plots.panels, 1),
    }
    for loss in (nn.cross_entropy, nn.cross_entropy_from_probabilities, nn.max_margin):
        made[f"nn.{loss.__name__}"] = lambda loss=loss: call(loss, [Value(0.25), 0.75], 1)
        made[f"nn.{loss.__name__} batch"] = lambda loss=loss: call(loss, [[Value(0.25), 0.75]], [[0.0, 1.0]])
    for loss in nn.losses.NUMBERS:
        made[f"nn.{loss.__name__}"] = lambda loss=loss: call(loss, [Value(0.5), 0.5], [1.0, 1.0])
    for optimiser in (nn.SGD, nn.AdaGrad, nn.RMSProp, nn.Adam, nn.AdamW):
        made[f"nn.{optimiser.__name__}"] = lambda kind=optimiser: then(lambda o: (o.step(), repr(o)), call(kind, _parameters(), 0.1))
    for activation in (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.GELU, nn.SiLU, nn.Identity, nn.Softmax, nn.LogSoftmax):
        made[f"nn.{activation.__name__}"] = lambda kind=activation: call(kind().__call__, [Value(0.5), 0.5])
    found |= made
    found["autograd.Stepper"] = lambda: call(stepping.Stepper, _graph())
    return found


def _entered(manager: Any) -> None:
    with manager:
        pass


def _about_a_primitive(primitive: Any) -> None: ...


def _broken(where: Any) -> None:
    stepping.Stepper(_graph(), breakpoints=[where]).run()


def _unregistered(function: Any) -> None:
    del PRIMITIVES[function.primitive.name]


def _registered(**fields: Any) -> None:
    function = primitives.register(primitives.Primitive(**fields))
    try:
        function(Value(0.5)).backward()
        typeset.formula(f"{function.primitive.name}(x)")
    finally:
        _unregistered(function)


def _holding(thing: Any) -> None:
    module = nn.Module()
    module.held = thing
    module.named_parameters()
    repr(module)


# What is done with them.


class Slow(BaseException):
    """A call that took longer than it may."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Slow unless what stands inside is done in so many seconds."""

    def ring(*_: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again and again: what is raised in a callback of C is lost
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def slots(made: Call) -> dict[str | int, str]:
    """The places where a value can stand: positions of arguments, and names of options; each with the parameter's name."""
    found: dict[str | int, str] = {}
    try:
        parameters = list(inspect.signature(made.function).parameters.values())
    except ValueError:
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    several = next((p.name for p in parameters if p.kind == p.VAR_POSITIONAL), "")
    for i in range(len(made.args)):
        found[i] = positional[i] if i < len(positional) else several
    if several and len(made.args) <= len(positional):
        found[len(made.args)] = several
    for p in parameters:
        taken = p.name in positional and positional.index(p.name) < len(made.args)
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and not taken and not (several and p.kind == p.POSITIONAL_OR_KEYWORD):
            found[p.name] = p.name
    for name in made.options:
        found[name] = name
    return found


SPEAKING = (ExpressionError, DomainError, DivisionByZeroError, RangeError, NonFiniteError, GradientError, StaleGraphError)
"""They name the operation and its numbers, wherever in a function of the person's these met; or mark the spot in a text."""
BARE = re.compile(
    r"object (is not|has no|cannot be|does not|of type)|has no attribute|unsupported operand|not subscriptable|unhashable|list index out|"
    r"invalid literal|could not convert|argument of type|^'?\w+'?$|must be real number|"
    r"not supported between|embedded null|too many values|not enough values|ambiguous|must be str|dictionary update|Traceback"
)


def blame(error: BaseException, called: str, parameter: str, value: str, function: Callable[..., Any]) -> str:
    """What is wrong with an error, in a word; nothing where a person can act on it."""
    if isinstance(error, Slow):
        return "hangs"
    if isinstance(error, RuntimeError) and str(error) == "the person's own error":
        return ""
    if not isinstance(error, (AutogradError, TypeError, ValueError, LookupError, OSError, AssertionError)):
        return "class"
    if isinstance(error, OSError) and not isinstance(error, AutogradError) and error.filename is None and _raiser(error) != "ours":
        return "class"
    if isinstance(error, AssertionError) and not called.startswith("autograd.testing.assert"):
        return "class"
    text = str(error)
    if len(text) > 2000:
        return "long"
    if ",, but got" in text:
        return "stops"
    raiser = _raiser(error)
    if raiser == "person" or re.match(r"<?[\w.<>]+\(\) (takes|missing|got)", text):
        return ""  # the person's own function met something, or was called with what it does not take: Python names it
    if BARE.search(text) or (isinstance(error, KeyError) and raiser != "ours"):
        return "internal"
    if isinstance(error, (AssertionError, *SPEAKING)):
        return ""
    if isinstance(error, OSError) or text.startswith("cannot "):  # write this, load that: a file is named
        return ""
    words = {w.lower() for w in re.findall(r"\w+", text)}
    names = {w.lower() for w in re.findall(r"\w+", f"{called.removeprefix('autograd.').removeprefix('nn.')} {parameter}")}
    names |= {w.lower().rstrip("s") for w in names}
    names.add(getattr(function, "__name__", "").lower())
    with suppress(ValueError):
        names |= inspect.signature(function).parameters.keys()
    if any(word in value for word in ("function", "class", "module")):
        names |= {"function", "lambda", "output", *PRIMITIVES}
    if called.startswith("Value.__") or called.rpartition(".")[2].lower() in COMPOSED or _within_a_given_function(error):
        names |= PRIMITIVES.keys()  # what is written as an operator has its row's name
    names |= {"layer0", "inputs", "squared_error"}  # a network's, and its loss
    if re.match("compile|pack|program", called.lower().removeprefix("autograd.")):
        names |= {"argument", "arguments", "program", "lambda"}

    if "function" in value:
        names.add("mlp")  # the model that a loss is given with
    text = text.replace("_", "")
    if not (words & names or any(name and name in text.lower() for name in names if len(name) > 3)):
        return "nameless"
    if not isinstance(error, AutogradError) and raiser == "python" and parameter not in words:
        return "internal"
    return ""


def _within_a_given_function(error: BaseException) -> bool:
    """Whether the house was called by a function that it had been given."""
    files_met = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [i for i, name in enumerate(files_met) if name != __file__]
    return any(name == __file__ and any(k < i for k in own) for i, name in enumerate(files_met))


def _raiser(error: BaseException) -> str:
    """Who raised it: "ours" for a raise statement of this house, "person" for a function that was given, "python" for the rest."""
    frame: TracebackType | None = error.__traceback__
    assert frame is not None
    while frame.tb_next is not None:
        frame = frame.tb_next
    code = frame.tb_frame.f_code
    if code.co_filename == __file__:
        return "person"
    if not code.co_filename.startswith(str(ROOT)):
        return "python"
    instruction = next((i.opname for i in dis.get_instructions(code) if i.offset == frame.tb_lasti), "")
    if instruction in ("RAISE_VARARGS", "RERAISE"):
        return "ours"
    return "python"


class Finding(NamedTuple):
    """A bad value that was answered badly."""

    called: str
    parameter: str
    value: str
    fault: str
    error: str
    where: str

    def __str__(self) -> str:
        return f"{self.fault:9} {self.called}({self.parameter}={self.value}): {self.error:.160}  [{self.where}]"


def attempt(called: str, make: Callable[[], Call], changes: dict[str | int, str], limit: float = 20.0) -> Finding | None:
    """Call it with the bad values of these names in these places; what is wrong with the answer."""
    made = make()
    names = slots(made)
    args, options = list(made.args), dict(made.options)
    for slot, bad in changes.items():
        value = BAD[bad]()
        if isinstance(slot, str):
            options[slot] = value
        elif slot < len(args):
            args[slot] = value
        else:
            args.append(value)
    parameter = ", ".join(names[slot] for slot in changes)
    there = {*os.listdir()}
    fault, error, where = "", "", ""
    try:
        with at_most(limit):
            made.use(made.function(*args, **options))
    except BaseException as caught:
        if isinstance(caught, KeyboardInterrupt):
            raise
        fault = blame(caught, called, parameter, ", ".join(changes.values()), made.function)
        error = f"{type(caught).__name__}: {caught}"
        last = traceback.extract_tb(caught.__traceback__)[-1]
        ours = [entry for entry in traceback.extract_tb(caught.__traceback__) if str(ROOT) in entry.filename]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" + (
            "" if last is ours[-1] else f" {Path(last.filename).name}:{last.lineno}"
        )
    new = {*os.listdir()} - there - WRITTEN
    if not fault and new and not {"path", "folder"} & {*parameter.split(", ")}:
        fault, error = "writes", f"{new}"
    return Finding(called, parameter, ", ".join(changes.values()), fault, error, where) if fault else None


WRITTEN = {"a.svg", "a.html", "p.html", "frames", "model.json", "saved.json"}
"""What the good calls say is to be written."""
