"""A release, up to the last step: python .ci/release.py --home https://github.com/you/glassgrad --to dist

What is committed is copied; the address takes the placeholders' place; the package's page is the README with absolute links and pictures;
notebooks lose their outputs, which are nine tenths of an archive. Both archives are built twice and compared byte by byte, then looked
through. Nothing is uploaded. Needs the dependency group `release`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = "https://glassgrad.example"
PAGE = ".ci/package.md"
"""What the package's page shows: the README with absolute links. The README itself stays as it is, and so its tests hold."""
LIMITS = {".whl": 1_500_000, ".gz": 2_500_000}
"""How many bytes an archive may have."""


def copied(home: str, folder: Path) -> Path:
    """What is committed, ready to be built."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    metadata = folder / "pyproject.toml"
    text = metadata.read_text(encoding="utf-8").replace(PLACEHOLDER, home).replace('readme = "README.md"', f'readme = "{PAGE}"')
    metadata.write_text(text, encoding="utf-8")
    (folder / PAGE).write_text(absolute((folder / "README.md").read_text(encoding="utf-8"), home), encoding="utf-8")
    for notebook in (folder / "notebooks").glob("*.ipynb"):
        notebook.write_text(without_outputs(notebook.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def absolute(text: str, home: str) -> str:
    """The README with every relative link made absolute, pictures as files and pages as pages."""

    def link(found: re.Match[str]) -> str:
        kind = "raw" if found[1] else "blob"
        return f"{found[1]}[{found[2]}]({home}/{kind}/main/{found[3]})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)", link, text)


def without_outputs(text: str) -> str:
    """A notebook as it was before it was run."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def built(source: Path, folder: Path) -> dict[str, bytes]:
    """Both archives by name."""
    epoch = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": epoch}, capture_output=True)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def wrong(files: dict[str, bytes], folder: Path) -> list[str]:
    """What is wrong with the archives."""
    found = [f"{name} has {len(content):,} bytes" for name, content in files.items() if len(content) > LIMITS[Path(name).suffix]]
    for file in folder.glob("*.whl"):
        with zipfile.ZipFile(file) as wheel:
            tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name}
        ours = {"autograd", "nn", *(file.name for file in (ROOT / "autograd/beside").iterdir() if file.is_file())}
        found += [f"the wheel installs {top}" for top in sorted(tops - ours)]
    for file in folder.glob("*.tar.gz"):
        with tarfile.open(file) as archive:
            names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
        needed = ("README.md", "LICENSE", "CHANGELOG.md", "tests/test_value.py", "docs/index.md", "notebooks/01_apple_shopping.ipynb")
        found += [f"the source archive lacks {name}" for name in needed if name not in names]
    return found


def main() -> int:
    """Build, look, and stop before the upload."""
    parser = argparse.ArgumentParser(description="Build a release and check it; nothing is uploaded.")
    parser.add_argument("--home", default=PLACEHOLDER, metavar="URL", help="the address of the repository")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where the archives go (default: dist)")
    options = parser.parse_args()
    if options.to.exists() and any(options.to.iterdir()):
        parser.error(f"{options.to} is not empty")
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True).stdout:
        print("note: only what is committed is released", file=sys.stderr)
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second, tempfile.TemporaryDirectory() as again:
        files = built(copied(options.home.rstrip("/"), Path(first)), options.to)
        troubles = wrong(files, options.to)
        if files != built(copied(options.home.rstrip("/"), Path(second)), Path(again)):
            troubles.append("two builds differ")
        pyroma = subprocess.run([sys.executable, "-m", "pyroma", "--min", "10", first], capture_output=True, text=True, check=False)
        troubles += [pyroma.stdout + pyroma.stderr] * (pyroma.returncode != 0)
    twine = [sys.executable, "-m", "twine", "check", "--strict", *(str(options.to / name) for name in files)]
    done = subprocess.run(twine, capture_output=True, text=True, check=False)
    troubles += [done.stdout + done.stderr] * (done.returncode != 0)
    for name, content in files.items():
        print(f"{len(content):>9,} bytes  {options.to / name}")
    print("\n".join(troubles) or "Built twice, the same bytes; the metadata are whole. What is left to do by hand: a tag, and the upload.")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
