"""The doctor: it names what is there, what is missing, and who has taken our names, and it never falls ill itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import autograd
from autograd import doctor, mixed
from autograd.__main__ import main
from autograd.doctor import Finding, examine, is_ours
from autograd.drawing import engine, fonts

ROOT = Path(__file__).parent.parent
Patch = pytest.MonkeyPatch


def found(what: str) -> Finding:
    """The one finding of that kind."""
    (finding,) = [finding for finding in examine() if finding.what == what]
    return finding


def distribution(folder: Path, name: str, version: str, *lines: str, files: tuple[str, ...] = ()) -> None:
    """An installed distribution, as far as its metadata goes."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""]))
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file in files:  # from Python 3.12 on, a file that is not there does not count
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()


@pytest.mark.slow
def test_a_sound_installation(capsys: pytest.CaptureFixture[str]) -> None:
    """Version, Python, whose autograd and nn these are, and the reminder; a line each, exit code by whether something ails."""
    findings = {finding.what: finding.text for finding in examine()}
    assert findings["glassgrad"].startswith(f"{autograd.__version__}, on Python {sys.version.split()[0]} ")
    assert f"this one, in {ROOT / 'autograd'}" == findings["autograd"]
    assert f"this one, in {ROOT / 'nn'}" == findings["nn"]
    assert "float(v) and math.exp(v)" in findings["remember"]
    assert "no gradient" in findings["remember"]
    assert int(any(finding.ails for finding in examine())) == main(["doctor"])
    out, err = capsys.readouterr()
    assert "" == err
    assert len(examine()) == len(out.splitlines())
    assert 1 == len({line.index(finding.text) for line, finding in zip(out.splitlines(), examine(), strict=True)})


# The C compiler.


def test_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own first line, and how it is called; where there is none, what to do: nothing ails."""
    monkeypatch.setattr("autograd.compiler.command", lambda: ["/bin/cc", "-m64"])
    monkeypatch.setattr("autograd.compiler.version", lambda *called: "cc 1.2\nfree\n")
    assert found("compiler").text.startswith("cc 1.2, called as /bin/cc -m64; what it built lies in ")
    monkeypatch.undo()
    monkeypatch.setenv("CC", "no-such-compiler")
    assert "pip install ziglang" in found("compiler").text
    assert not found("compiler").ails


# The layout engine.


def test_pygraphviz_draws_in_a_process_of_its_own(monkeypatch: Patch) -> None:
    """Where it can be imported, it is used, and its version is said."""
    pytest.importorskip("pygraphviz")
    finding = found("layout")
    assert not finding.ails
    assert f"pygraphviz {doctor._version('pygraphviz')}, in a process of its own" == finding.text


def test_dot_on_the_path(tmp_path: Path, monkeypatch: Patch) -> None:
    """Without pygraphviz the program's place and version are said, and why pygraphviz is not used if it is there."""
    pytest.importorskip("graphviz")
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'dot - graphviz version 12.1.0 (20240811.2233)' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    finding = found("layout")
    assert not finding.ails
    assert finding.text.startswith(f"dot 12.1.0, the program {program}")
    assert bool(doctor._version("pygraphviz")) == ("is installed and cannot be loaded" in finding.text)


def test_a_dot_that_does_not_run(tmp_path: Path, monkeypatch: Patch) -> None:
    """It is shown with what the system says of it."""
    program = tmp_path / "dot"
    program.write_bytes(b"\x7fnot a program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert f"the program {program}" in found("layout").text


def test_no_engine(monkeypatch: Patch) -> None:
    """That ails, and both remedies are named."""
    monkeypatch.setattr(engine, "layout_engine", lambda: "")
    finding = found("layout")
    assert finding.ails
    assert finding.text.startswith("none")
    assert "pip install 'glassgrad[draw]'" in finding.text
    assert "dot is on PATH" in finding.text


def test_an_engine_without_the_package_graphviz(monkeypatch: Patch) -> None:
    """The other half of the extra is missing: draw would fail."""
    monkeypatch.setattr(engine, "layout_engine", lambda: "dot")
    monkeypatch.setitem(sys.modules, "graphviz", None)
    finding = found("layout")
    assert finding.ails
    assert "needs the package graphviz" in finding.text


# Fonts.


@pytest.mark.slow
def test_fonts(monkeypatch: Patch) -> None:
    """The font's name; without one, what will happen and what to do, which is no ailment."""
    monkeypatch.setattr(fonts, "hangul_font", lambda: "NanumGothic")
    assert Finding("Hangul", "NanumGothic") == found("Hangul")
    monkeypatch.setattr(fonts, "hangul_font", lambda: "")
    finding = found("Hangul")
    assert not finding.ails
    assert "no font found" in finding.text
    assert "in SVG it is right" in finding.text


def test_what_cannot_be_looked_at(monkeypatch: Patch) -> None:
    """Whatever fails while looking is said in its place, and the rest of the report is still given."""

    def broken() -> str:
        raise PermissionError("no entry")

    monkeypatch.setattr(fonts, "hangul_font", broken)
    assert Finding("Hangul", "cannot tell: no entry", ails=True) == found("Hangul")
    assert "remember" == examine()[-1].what


# Extras.


def test_extras_of_an_installed_distribution(tmp_path: Path, monkeypatch: Patch) -> None:
    """Present with its version, missing, and too old are told apart; `all` is no extra of its own."""
    distribution(
        tmp_path,
        "glassgrad",
        "9.9",
        "Provides-Extra: one",
        "Requires-Dist: here>=2.0; extra == 'one'",
        "Requires-Dist: elderly>=10.0; extra == 'one'",
        "Requires-Dist: glassgrad[one]; extra == 'two'",
        'Requires-Dist: absent-thing[more] (>=3) ; extra == "two"',
        "Requires-Dist: here>=2.0; extra == 'all'",
        "Requires-Dist: needed-always>=1",
    )
    distribution(tmp_path, "here", "2.0.1")
    distribution(tmp_path, "elderly", "9.12")
    monkeypatch.syspath_prepend(str(tmp_path))
    extras = {finding.what: finding.text for finding in examine() if finding.what.startswith("extra ")}
    assert {
        "extra one": "here 2.0.1; missing: elderly 10.0 (here 9.12). Remedy: pip install 'glassgrad[one]'",
        "extra two": "missing: absent-thing. Remedy: pip install 'glassgrad[two]'",
    } == extras


def test_extras_of_a_checkout(monkeypatch: Patch) -> None:
    """What pyproject.toml asks for, where the package is not installed."""

    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", absent)
    wanted = doctor._wanted(doctor._requirements())
    assert {"graphviz", "pygraphviz"} == set(wanted["draw"])
    assert "2.0" == wanted["draw"]["pygraphviz"]
    assert "all" not in wanted


def test_what_developers_need_is_told_to_them_alone(monkeypatch: Patch) -> None:
    """The groups of a clone's pyproject.toml, asked for by --developer; elsewhere, that they are not to be had."""
    assert not [finding for finding in examine() if finding.what.startswith("group")]
    groups = {finding.what: finding.text for finding in examine(developer=True) if finding.what.startswith("group")}
    assert {"group test", "group browser", "group docs", "group release"} == set(groups)
    assert f"xdist {metadata.version('pytest-xdist')}" in groups["group test"]
    monkeypatch.setattr(doctor, "_pyproject", dict)
    (finding,) = [finding for finding in examine(developer=True) if finding.what.startswith("group")]
    assert "in the pyproject.toml of a clone" in finding.text


# Who has taken our names.


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_another_distribution_with_our_package(package: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """It is named with its version, ails, and comes with a remedy."""
    distribution(tmp_path, "somebody-else", "1.8", files=(f"{package}/__init__.py", f"{package}/core.py"))
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = found("collision")
    assert finding.ails
    assert finding.text.startswith(f"somebody-else 1.8 installs a package {package} too. Remedy: pip uninstall somebody-else glassgrad")


@pytest.mark.parametrize("file", ["nn.py", "nn/__init__.py"])
def test_another_nn_on_the_path(file: str, tmp_path: Path, monkeypatch: Patch) -> None:
    """A file or a folder of that name that Python finds first."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    monkeypatch.delitem(sys.modules, "nn", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = found("nn")
    assert finding.ails
    assert f"finds another one, at {tmp_path / file}." in finding.text


def test_no_nn_at_all(monkeypatch: Patch) -> None:
    """Half of the distribution is missing."""
    monkeypatch.setitem(sys.modules, "nn", None)
    finding = found("nn")
    assert finding.ails
    assert "cannot be imported" in finding.text


def test_an_autograd_that_is_not_ours(monkeypatch: Patch) -> None:
    """Known by the table, which no other package has."""
    assert is_ours()
    monkeypatch.delattr(autograd, "PRIMITIVES")
    assert not is_ours()
    finding = found("autograd")
    assert finding.ails
    assert str(autograd.__file__) in finding.text


@pytest.mark.slow
@pytest.mark.parametrize("init", ["def grad(f): ...\n", None], ids=["overwritten", "uninstalled"])
def test_a_damaged_installation(init: str | None, tmp_path: Path) -> None:
    """Another package installed over this one, and then removed again: the doctor still speaks, all else says to ask it."""
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "nn", tmp_path / "nn", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "autograd" / "__init__.py"
    if init is None:
        file.unlink()
    else:
        file.write_text(init)
        distribution(tmp_path, "autograd", "1.8.0", files=("autograd/__init__.py",))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-S", *arguments]  # without site-packages, where our own may be installed
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)

    done = run("-m", "autograd", "doctor")
    assert (1, "") == (done.returncode, done.stderr)
    said = re.sub(" +", " ", done.stdout)
    lost = f"{file.parent} has lost its __init__.py, which another package named autograd took along when it was uninstalled."
    assert f"! autograd {f'another package has taken the name: {file}.' if init else lost} Remedy: pip uninstall" in said
    assert bool(init) == ("! collision autograd 1.8.0 installs a package autograd too." in said)
    done = run("-m", "autograd", "list")
    assert (1, "") == (done.returncode, done.stdout)
    assert "another package has taken the name autograd; `python -m autograd doctor` says more" in done.stderr
    done = run("-c", "import nn")
    words = "nn needs the autograd that comes with glassgrad, but `import autograd` found another package, or what is left of this one, at"
    assert f"ImportError: {words} {tmp_path}" in done.stderr


@pytest.mark.parametrize("state", ["ours installed last", "theirs uninstalled"])
def test_files_of_two_packages_in_one_folder(state: str, tmp_path: Path) -> None:
    """Whatever is imported says what is wrong, and the remedy, instead of a name that is missing from a stranger's package.

    The file autograd.py beside the folder is not seen as long as the folder is whole.
    """
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "nn", tmp_path / "nn", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "autograd" / "beside" / "autograd.py", tmp_path)
    folder = tmp_path / "autograd"

    def run(code: str, *options: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-S", *options, *(["-c", code] if code else ["-m", "autograd", "doctor"])]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
        return re.sub(" +", " ", done.stdout + done.stderr)

    assert f"{folder / '__init__.py'}\n" == run("import autograd, nn; autograd.Value; print(autograd.__file__)", "-W", "error")
    if state == "ours installed last":
        (folder / "tracer.py").touch()
        words = f"in {folder} lie the files of two packages named autograd, glassgrad's and another's. Remedy: pip uninstall"
        whole = "True 2.0\n"
    else:
        (folder / "__init__.py").unlink()
        words = f"{folder} has lost its __init__.py, which another package named autograd took along when it was uninstalled. Remedy:"
        whole = "ImportError: cannot import name 'Value': " + words
    assert f"RuntimeWarning: {words}" in run("import autograd")
    assert whole in run("from autograd import Value; import nn; print(hasattr(nn, 'MLP'), Value(2.0).data)")
    assert f"ImportError: cannot import name 'elementwise_grad': {words}" in run("from autograd import elementwise_grad as egrad")
    assert f"RuntimeWarning: {words}" in run("import nn")
    assert "False\n" in run("import autograd; print(hasattr(autograd, '__wrapped__'))")
    assert f"! {'collision' if state == 'ours installed last' else 'autograd'} {words}" in run("")


def test_the_wheel_has_a_voice_where_its_folder_has_lost_one() -> None:
    """And no file of ours has the name by which the other package is known."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert table["wheel"]["sources"] == {"autograd/beside": ""}
    assert [path.name for path in (ROOT / "autograd" / "beside").glob("*.py")] == ["autograd.py"]
    assert not mixed.is_mixed(ROOT / "autograd")
