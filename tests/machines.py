"""Other machines than this one: without fonts, with a person's own settings, with a font that is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.drawing import fonts


def no_fonts(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """A machine with the fonts in these folders alone, and without the extra `korean`."""
    monkeypatch.setattr(fonts, "system_folders", lambda: list(folders))
    monkeypatch.setattr(fonts, "korean_folder", lambda: None)
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out about fonts is found out anew, now and after the test."""
    for found in ("system_faces", "somewhere", "_korean", "_say", "own", "_undamaged"):
        monkeypatch.setattr(fonts, found, fonts.cache(getattr(fonts, found).__wrapped__))
