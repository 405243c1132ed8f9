"""Saved models: bit for bit, whole or not at all, and never a half-loaded model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import NonFiniteError
from nn import save

ODD = [-0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1 / 3, 1e16 + 2, -1e-300, 2.0]


def bits(model: nn.Module) -> list[str]:
    return [parameter.data.hex() for parameter in model.parameters()]


def test_every_bit_comes_back(tmp_path: Path) -> None:
    """Negative zero, subnormals and the largest float included."""
    model, other = nn.MLP(2, [2, 1], rng=0), nn.MLP(2, [2, 1], rng=1)
    for parameter, number in zip(model.parameters(), ODD, strict=True):
        parameter.data = number
    path = nn.save_model(tmp_path / "model.json", model)
    nn.load_model(path, other)
    assert bits(model) == bits(other)
    assert "-0x0.0p+0" == bits(other)[0]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_every_bit_of_any_numbers(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    model, other = nn.MLP(2, [2, 1], rng=0), nn.MLP(2, [2, 1], rng=1)
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    nn.load_model(nn.save_model(path, model), other)
    assert bits(model) == bits(other)


def trained(seed: int) -> tuple[nn.MLP, nn.Adam]:
    model = nn.MLP(2, [2, 1], rng=seed)
    optimiser = nn.Adam(model.parameters(), lr=0.1)
    nn.fit(model, [[0.1, 0.2], [0.3, -0.4]], [1, 0], nn.binary_cross_entropy_with_logits, optimiser, epochs=3)
    return model, optimiser


def test_training_goes_on_from_a_file_as_if_never_left(tmp_path: Path) -> None:
    """Model and optimiser saved, loaded into others, and three more epochs by both: the same bits."""
    model, optimiser = trained(0)
    other, second = trained(1)
    nn.load_model(nn.save_model(tmp_path / "model.json", model, optimiser), other, second)
    assert optimiser.state_dict() == second.state_dict()
    for m, o in ((model, optimiser), (other, second)):
        nn.fit(m, [[0.5, 0.2]], [1], nn.binary_cross_entropy_with_logits, o, epochs=3)
    assert bits(model) == bits(other)


def test_the_file_is_json_that_a_person_can_read(tmp_path: Path) -> None:
    model = nn.Module()
    model.기울기 = nn.Linear(1, 1, init=nn.init.constant(0.5))
    text = nn.save_model(tmp_path / "m.json", model).read_text(encoding="utf-8")
    assert (
        text
        == """\
{
 "format": "glassgrad model",
 "version": 1,
 "parameters": {
  "기울기.neuron0.w0": 0.5,
  "기울기.neuron0.b": 0.0
 }
}
"""
    )
    assert ["m.json"] == os.listdir(tmp_path)


def good() -> dict[str, Any]:
    model, optimiser = trained(0)
    return {"format": save.FORMAT, "version": 1, "parameters": model.state_dict(), "optimiser": optimiser.state_dict()}


def changed(change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = good()
    change(document)
    return json.dumps(document).encode()


BROKEN: dict[str, tuple[bytes, str]] = {
    "NaN": (changed(lambda d: d["parameters"].update({"layer0.neuron0.w0": math.nan})), "NaN is no finite number"),
    "infinite": (changed(lambda d: d["parameters"].update({"layer0.neuron0.w0": -math.inf})), "-Infinity is no finite number"),
    "1e999": (json.dumps(good()).replace('"layer0.neuron0.b": ', '"layer0.neuron0.b": 1e999').encode(), "layer0.neuron0.b|delimiter"),
    "beyond the floats": (
        changed(lambda d: d["parameters"].update({"layer0.neuron0.b": "@"})).replace(b'"@"', b"1e999"), "layer0.neuron0.b needs .* finite"
    ),
    "a huge whole number": (
        changed(lambda d: d["parameters"].update({"layer0.neuron0.b": "@"})).replace(b'"@"', b"1" * 400),
        "layer0.neuron0.b needs .* fits a float",
    ),
    "an endless whole number": (
        changed(lambda d: d["parameters"].update({"layer0.neuron0.b": "@"})).replace(b'"@"', b"1" * 5000), "digits"
    ),
    "duplicate keys": (
        json.dumps(good()).replace('"layer0.neuron0.w0"', '"layer0.neuron0.b": 1.0, "layer0.neuron0.w0"').encode(),
        "'layer0.neuron0.b' stands there twice",
    ),
    "a missing name": (changed(lambda d: d["parameters"].pop("layer0.neuron0.b")), "'layer0.neuron0.b' missing"),
    "an extra name": (changed(lambda d: d["parameters"].update(more=1.0)), "'more' not known here"),
    "another shape": (changed(lambda d: d.update(parameters=nn.MLP(3, [2, 1]).state_dict())), "11 numbers and MLP 9 parameters"),
    "a list": (changed(lambda d: d.update(parameters=[1.0])), "a dict of names and numbers, but got .* of type list"),
    "a text": (changed(lambda d: d["parameters"].update({"layer0.neuron0.b": "1"})), "layer0.neuron0.b needs .*str"),
    "a bool": (changed(lambda d: d["parameters"].update({"layer0.neuron0.b": True})), "layer0.neuron0.b needs .*bool"),
    "nothing": (changed(lambda d: d["parameters"].update({"layer0.neuron0.b": None})), "layer0.neuron0.b needs .*NoneType"),
    "a nested list": (changed(lambda d: d["parameters"].update({"layer0.neuron0.b": [1.0]})), "layer0.neuron0.b needs .*list"),
    "depth 100,000": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "depth 100,000 inside": (
        json.dumps(good()).replace('"version": 1', '"version": ' + "[" * 100_000 + "]" * 100_000).encode(), "nested too deeply"
    ),
    "truncated": (json.dumps(good()).encode()[:200], "Expecting|Unterminated|delimiter"),
    "empty": (b"", "Expecting value"),
    "binary": (b"\x80\x04\x95", "utf-8"),
    "another format": (changed(lambda d: d.update(format="x")), "'format' is not 'glassgrad model'"),
    "no object": (b"3", "'format' is not"),
    "a later version": (changed(lambda d: d.update(version=2)), "its version is 2, and this program reads 1"),
    "version true": (changed(lambda d: d.update(version=True)), "its version is True"),
    "an extra entry": (changed(lambda d: d.update(more=1)), "the entries are format, version, parameters, optimiser, more"),
    "no parameters": (changed(lambda d: d.pop("parameters")), "the entries are format, version, optimiser"),
    "no optimiser": (changed(lambda d: d.pop("optimiser")), "it holds no optimiser's state"),
    "another optimiser": (changed(lambda d: d["optimiser"].update(optimiser="SGD")), "the state is of 'SGD'"),
    "its memory": (changed(lambda d: d["optimiser"]["memory"].pop()), "the memory is of 8 parameters, but the optimiser has 9"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_clear_error_and_nothing_changes(case: str, tmp_path: Path) -> None:
    content, says = BROKEN[case]
    path = tmp_path / "model.json"
    path.write_bytes(content)
    model, optimiser = trained(1)
    before = bits(model), optimiser.state_dict()
    with pytest.raises(nn.SavedModelError, match=says) as caught:
        nn.load_model(path, model, optimiser)
    assert before == (bits(model), optimiser.state_dict())
    assert str(caught.value).startswith(f"cannot load {path}: ")
    assert str(caught.value).endswith("Nothing was changed.")
    assert caught.value.__suppress_context__


def test_a_model_may_be_loaded_without_the_optimiser(tmp_path: Path) -> None:
    model, optimiser = trained(0)
    other = nn.MLP(2, [2, 1], rng=5)
    nn.load_model(nn.save_model(tmp_path / "m.json", model, optimiser), other)
    assert bits(model) == bits(other)
    with pytest.raises(FileNotFoundError):
        nn.load_model(tmp_path / "none.json", other)


def test_what_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    model = nn.MLP(1, [1])
    model.parameters()[0].data = math.nan
    with pytest.raises(NonFiniteError, match=r"cannot save .*: parameter 'layer0\.neuron0\.w0' is nan"):
        nn.save_model(tmp_path / "m.json", model)
    assert [] == os.listdir(tmp_path)


def test_only_a_saved_model_is_replaced(tmp_path: Path) -> None:
    """And whole: a failure on the way leaves the old file and nothing beside it."""
    path = tmp_path / "m.json"
    one, other = nn.MLP(1, [1], rng=0), nn.MLP(1, [1], rng=1)
    nn.save_model(path, one)
    os.chmod(path, 0o640)
    nn.save_model(path, other)
    assert 0o640 == path.stat().st_mode & 0o777
    nn.load_model(path, one)
    assert bits(one) == bits(other)
    notes = tmp_path / "notes.json"
    notes.write_text('{"format": "notes"}')
    with pytest.raises(nn.SavedModelError, match="no saved model, and would be lost"):
        nn.save_model(notes, one)
    with pytest.raises(nn.SavedModelError, match="it is a folder"):
        nn.save_model(tmp_path, one)
    assert '{"format": "notes"}' == notes.read_text()
    link = tmp_path / "link.json"
    link.symlink_to(path)
    nn.save_model(link, one)
    assert link.is_symlink()
    with pytest.raises(nn.SavedModelError, match="there is no folder"):
        nn.save_model(tmp_path / "none" / "m.json", one)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.json"
    nn.save_model(path, nn.MLP(1, [1], rng=0))
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(nn.SavedModelError, match="disk full"):
        nn.save_model(path, nn.MLP(1, [1], rng=1))
    assert before == path.read_bytes()
    assert ["m.json"] == os.listdir(tmp_path)
