"""The pages of the documentation tell the truth: their code runs and prints what they say, and their links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), ROOT / "autograd/packing/README.md"])
MARK = "-- end of block --"


def blocks(text: str) -> list[tuple[str, str]]:
    """Each block of Python, and the text block that follows at once, or nothing."""
    return re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md" or page.parent != ROOT], ids=lambda page: page.stem)
def test_the_code_of_a_page_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    """In one process from the first block to the last; a block without an output prints nothing."""
    pytest.importorskip("scipy" if page.stem == "scipy" else "numpy")
    found = blocks(page.read_text(encoding="utf-8"))
    program = "".join(f"{code}\nprint({MARK!r})\n" for code, _ in found)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert "" == done.stderr
    assert [output for _, output in found] == done.stdout.split(f"{MARK}\n")[:-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT).with_suffix("")))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Relative links name files and folders that exist, and a heading of the page where they name one."""
    text = page.read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link and not link.startswith("mailto:"):
            path, _, heading = link.partition("#")
            assert not path or (page.parent / path).exists(), link
            assert path or heading in headings, link


def test_a_source_distribution_has_every_page() -> None:
    """A link of a page leads somewhere there too, and the tests of pages find them."""
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    packed = hatch["build"]["targets"]["sdist"]["include"]
    assert [] == [str(page) for page in PAGES if page.relative_to(ROOT).parts[0] not in packed]
