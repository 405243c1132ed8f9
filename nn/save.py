"""Saved models: JSON that a person can read, bit for bit what was learned.

A file holds the format's name and version, every parameter by name, and if asked the optimiser's state. Numbers are written as
Python writes them, the shortest text that gives the same float again, -0.0 and subnormals included.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from autograd import AutogradError, NonFiniteError, files
from autograd.process import lending, updating

from .module import Module, model_given, put_numbers
from .optim import Optimiser, optimiser_given

FORMAT, VERSION = "glassgrad model", 1


class SavedModelError(AutogradError, ValueError):
    """A file that is no saved model, or not one of this model, or that cannot be written. Nothing was changed."""


MODEL = files.Kind("saved model", (json.dumps({"format": FORMAT}, indent=1)[:-2].encode(),), SavedModelError)


def save_model(path: str | os.PathLike[str], model: Module, optimiser: Optimiser | None = None) -> Path:
    """Write the model's parameters, and the optimiser's state if there is one, to a file, whole or not at all.

    path       where it is written to, and what is returned, as a `Path`
    optimiser  whose state is saved too, to go on learning from there

    A saved model that stands there is replaced. SavedModelError: something else stands there, or the file system refuses; it says
    what. NonFiniteError: a parameter is NaN or infinite.
    """
    path = files.as_path(path, "save_model")
    model_given(model, "save_model")
    if optimiser is not None:
        optimiser_given(optimiser, "save_model")
    with lending, updating:
        document = _document(model, optimiser)
    for name, data in document["parameters"].items():
        if data * 0.0:
            raise NonFiniteError(f"cannot save {path}: parameter {name!r} is {data}")
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    return files.write(path, MODEL, text.encode)


def _document(model: Module, optimiser: Optimiser | None) -> dict[str, Any]:
    """What a file holds: the model and the optimiser at one moment."""
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "parameters": model.state_dict()}
    return document if optimiser is None else {**document, "optimiser": optimiser.state_dict()}


def load_model(path: str | os.PathLike[str], model: Module, optimiser: Optimiser | None = None) -> None:
    """Take over what `save_model` wrote. After any error the model and the optimiser are what they were.

    path       the file
    model      of the same shape as the one that was saved: its parameters have the same names
    optimiser  of the same class as the one that was saved; SavedModelError where none was

    SavedModelError: the file is no saved model, or of another one; it says what is wrong. OSError: it cannot be read.
    """
    path = files.as_path(path, "load_model")
    model_given(model, "load_model")
    if optimiser is not None:
        optimiser_given(optimiser, "load_model")
    try:
        with files.open_file(path) as file:
            content = file.read()
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"the entry 'format' is not {FORMAT!r}")
        if document.get("version") != VERSION or isinstance(document["version"], bool):
            raise ValueError(f"its version is {document.get('version')!r:.80}, and this program reads {VERSION}")
        if not {"parameters"} <= set(document) - {"format", "version", "optimiser"} <= {"parameters"}:
            raise ValueError(f"the entries are {', '.join(document):.200}, not format, version, parameters and perhaps optimiser")
        if optimiser is not None and "optimiser" not in document:
            raise ValueError("it holds no optimiser's state")
        parameters, numbers = model._check_state(document["parameters"])
        with lending, updating:
            put_numbers(parameters, numbers, *(optimiser._changes(document["optimiser"]) if optimiser is not None else ()))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise SavedModelError(f"cannot load {path}: {what}. Nothing was changed.") from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"the entry {next(name for name in counts if counts[name] > 1)!r:.80} stands there twice")
    return found


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no finite number")
