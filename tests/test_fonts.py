"""Pictures are the same on every machine: their font, the process that lays them out, and letters that no font has."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd import DrawingError, Value, draw, examples
from autograd.drawing import engine, fonts, worker
from autograd.typeset import name, number

from .machines import forget, no_fonts

pytest.importorskip("pygraphviz")
ROOT = Path(__file__).parent.parent
FORMATS = ("svg", "png", "pdf")


def apple() -> Value:
    return examples.apple.build()


def other_font() -> Path:
    """A font of another family, with Hebrew."""
    matplotlib = pytest.importorskip("matplotlib")
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


# The font.


def test_every_sign_that_pictures_write_is_in_our_font() -> None:
    """No symbol, number or name of any example needs another font."""
    from autograd import PRIMITIVES

    written = "".join(primitive.symbol for primitive in PRIMITIVES.values())
    written += number(-1.5e-300) + number(float("nan")) + name("alpha_1") + name("dC/dw12") + "∇‖Σ∂→←≠✓…–−×÷·√∗₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ"
    for example in map(examples.run, examples.NAMES):
        for graph in example.graphs:
            written += draw(graph.output, legend=True, arithmetic=True).source
    assert "" == fonts.lacking(written)


def test_the_faces_have_a_name_of_their_own_and_its_licence_is_beside_them() -> None:
    """Faces that were changed must not keep their name, and the family's name ends in no digit."""
    assert {*fonts.OWN, fonts.MEASURE, "LICENSE"} == {path.name for path in fonts.FACES.iterdir()}
    assert fonts.FAMILY.replace(" ", "").isalpha()
    for face in (*fonts.OWN, fonts.MEASURE):
        said = (fonts.FACES / face).read_bytes()
        assert ["Glassgrad".encode("utf-16-be") in said, "DejaVu Sans".encode("utf-16-be") in said] == [True, False]


@pytest.mark.parametrize("style", ["Regular", "Italic", "Bold"])
def test_widths_are_those_of_the_layout(style: str) -> None:
    """The sum of advances is what the engine lays out, within half a pixel a letter."""
    text = "apple × 200 = ∂C"
    label = {"Regular": text, "Italic": f"<i>{text}</i>", "Bold": f"<b>{text}</b>"}[style]
    source = f'digraph {{ a [label=<{label}> fontname="{fonts.FONT}" fontsize=16] }}'
    drawn = json.loads(engine.layout(source, "json"))["objects"][0]["_ldraw_"]
    laid_out = sum(operation["width"] for operation in drawn if operation["op"] == "T")
    assert abs(16 * fonts.own(style).width(text) - laid_out) < 0.375 * len(text)


@pytest.mark.parametrize("damage", [b"", b"not a font", None])
def test_a_damaged_or_missing_font_is_said(damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is named, and the remedy; nothing is drawn."""
    shutil.copytree(fonts.FACES, tmp_path / "faces")
    file = tmp_path / "faces" / fonts.OWN[2]
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage + file.read_bytes()[100:])
    monkeypatch.setattr(fonts, "FACES", tmp_path / "faces")
    forget(monkeypatch)
    with pytest.raises(DrawingError, match=r"GlassgradSans-Bold.ttf of this package is (missing|damaged).*Remedy: pip install"):
        draw(apple()).pipe("svg")


def test_a_damaged_font_of_the_extra_korean_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as absent, with a word."""
    (tmp_path / fonts.HANGUL).write_bytes(b"OTTO" + bytes(range(200)))
    no_fonts(monkeypatch)
    monkeypatch.setattr(fonts, "korean_folder", lambda: tmp_path)
    with pytest.warns(UserWarning, match=r"the font NotoSansKR-Regular.otf of the extra korean is damaged"):
        fonts.hangul_font()


# The same bytes everywhere.

PICTURES = """
import hashlib, sys, warnings
warnings.simplefilter("error")
from autograd import draw, examples
from autograd.drawing import engine
if sys.argv[1] == "in process":
    engine._can_start = lambda place: False
for name in ("apple", "two_two_one"):
    output = examples.run(name).graphs[0].output
    for picture in (draw(output, caption=sys.argv[1]), draw(output, style="cards")):
        print(hashlib.sha256(picture.pipe("svg")).hexdigest())
    for format in ("png", "pdf"):
        print(hashlib.sha256(draw(output, legend=True).pipe(format)).hexdigest())
"""
HINTING = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>{folders}
<match target="font"><edit name="hinting" mode="assign"><bool>true</bool></edit><edit name="hintstyle" mode="assign"><const>hintfull</const>
</edit><edit name="antialias" mode="assign"><bool>false</bool></edit></match>
<match target="pattern"><edit name="family" mode="assign" binding="strong"><string>DejaVu Serif</string></edit></match></fontconfig>"""


@pytest.mark.slow
def test_pictures_are_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    """Without any font, with this machine's, with a person's own settings of other fonts and hinting, in another language and
    from another folder; and in this process where no other can be started."""
    nothing, hinting = tmp_path / "nothing.conf", tmp_path / "hinting.conf"
    nothing.write_text(HINTING.split("<match")[0].format(folders="") + "</fontconfig>")
    hinting.write_text(HINTING.format(folders="<dir>/usr/share/fonts</dir>"))
    machines: list[dict[str, str]] = [
        {},
        {"FONTCONFIG_FILE": str(nothing), "HOME": str(tmp_path / "gone"), "LANG": "C"},
        {
            "FONTCONFIG_FILE": str(hinting),
            "LANG": "ko_KR.UTF-8",
            "PANGO_LANGUAGE": "ko",
            "FREETYPE_PROPERTIES": "truetype:interpreter-version=35",
        },
    ]
    found = []
    for settings, caption in [*((machine, "in process?") for machine in machines), (machines[0], "in process")]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | settings
        command = [sys.executable, "-c", PICTURES, caption]
        found.append(subprocess.run(command, capture_output=True, check=True, env=environment, cwd=tmp_path).stdout.split())
    assert 8 == len(found[0])
    assert [found[0]] * 3 == found[:3]
    assert found[0][1:4] == found[3][1:4]


def test_no_file_is_left_beside_a_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """fontconfig leaves a file in every folder in which it looks; none of those is anybody's."""
    shutil.copy(other_font(), tmp_path)
    no_fonts(monkeypatch, tmp_path)
    draw(Value(1.0, label="שלום")).pipe("png")
    assert ["DejaVuSans.ttf"] == os.listdir(tmp_path)
    assert ".uuid" not in os.listdir(fonts.FACES)


def test_a_pdf_has_no_date() -> None:
    """Neither of the moment it was drawn nor of the machine."""
    assert [b"D:19700101000000Z"] == re.findall(rb"D:\d{14}Z?", draw(apple()).pipe("pdf"))


def test_the_environment_is_left_alone(tmp_path: Path) -> None:
    """Nothing is set for the fonts in this process, in the child or in the process itself."""
    before = dict(os.environ)
    draw(apple()).pipe("png")
    alone = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import worker; before = dict(os.environ);"
        "worker.load(sys.argv[2], sys.argv[4:], sys.argv[3]); assert before == dict(os.environ)"
    )
    folder = str(Path(worker.__file__).parent)
    command = [sys.executable, "-P", "-c", alone, folder, str(tmp_path), fonts.CONFIGURATION, *fonts.fonts_for("", "svg")]
    subprocess.run(command, check=True)
    assert before == dict(os.environ)


# Text that fits wherever it is seen.


@pytest.mark.slow
def test_every_text_of_an_svg_carries_its_width() -> None:
    """So no viewer's font can make it leave its box, entities and two equal texts in different sizes included."""
    for style in ("textbook", "cards"):
        for example in map(examples.run, examples.NAMES):
            for graph in example.graphs:
                picture = draw(graph.output, style=style, legend=True, caption='a & b < "c" 한글')  # type: ignore[arg-type]
                texts = [
                    text
                    for text in ET.fromstring(picture.pipe("svg")).iter("{http://www.w3.org/2000/svg}text")
                    if (text.text or "").strip()
                ]
                assert texts
                assert [] == [text.text for text in texts if "textLength" not in text.attrib]


def test_widths_of_other_scripts_are_the_same_with_and_without_their_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hangul is as wide as in the font of the extra `korean`, wherever the picture is laid out."""
    output = Value(1.0, label="사과 두 개") * Value(2.0, label="שלום")
    here = draw(output).pipe("svg")
    no_fonts(monkeypatch)
    assert here == draw(output).pipe("svg")
    svg = draw(Value(1.0, label="사과둘") * 2.0).pipe("svg", encoding="utf-8")
    assert abs(3 * 0.92 * 16 - float(re.search('textLength="([^"]*)"[^>]*>사과둘<', svg)[1])) < 1.5  # type: ignore[index]


def test_hangul_is_not_slanted() -> None:
    """A name in italics is upright where its script has no italics."""
    a = Value(2.0, label="a")
    for label, expected in (("사과", False), ("apple", True)):
        inner = a * a
        inner.label = label
        svg = draw(inner * 3.0).pipe("svg", encoding="utf-8")
        assert expected == bool(re.search(f'font-style="italic"[^>]*>{label}<', svg))


# Letters that no font has.


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("사과", r"사과 \(Hangul\).*glassgrad\[korean\]"),
        ("שלום", r"\(Hebrew\).*install a font that has it"),
        ("😀", "😀"),
        ("漢字", r"Cjk.*korean"),
    ],
)
def test_letters_that_no_font_has_are_said_once(label: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any script, with the remedy, and from the line that asked; SVG needs no font and says nothing."""
    no_fonts(monkeypatch)
    picture = draw(Value(1.0, label=label))
    picture.pipe("svg")
    with pytest.warns(UserWarning, match=said) as warned:
        picture.pipe("png")
    assert [__file__] == [warning.filename for warning in warned]
    picture.pipe("pdf")


def test_letters_that_a_font_of_this_machine_has_are_drawn_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said, and the picture differs from one with boxes; broken files beside it are passed over."""
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0nonsense")
    (tmp_path / "empty.otf").write_bytes(b"")
    shutil.copy(other_font(), tmp_path)
    output = Value(1.0, label="שלום")
    no_fonts(monkeypatch)
    with pytest.warns(UserWarning, match="Hebrew"):
        boxes = draw(output).pipe("png")
    no_fonts(monkeypatch, tmp_path)
    assert boxes != draw(output).pipe("png")


def test_the_extra_korean_draws_hangul_without_any_other_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word, and not the picture with boxes."""
    folder = fonts.korean_folder()
    if folder is None:
        pytest.skip("needs the extra korean")
    no_fonts(monkeypatch)
    output = Value(1.0, label="사과") * 2.0
    with pytest.warns(UserWarning, match="Hangul"):
        boxes = draw(output).pipe("png")
    monkeypatch.setattr(fonts, "korean_folder", lambda: folder)
    forget(monkeypatch)
    assert boxes != draw(output).pipe("png")
    assert str(folder / fonts.HANGUL) == fonts.hangul_font()


# The process that lays out.


def test_an_engine_that_died_is_started_anew() -> None:
    """Killed while it waits: the next picture is right."""
    expected = draw(apple()).pipe("svg")
    for process in list(engine._processes):
        process.process.kill()
        process.process.wait()
    assert expected == draw(apple()).pipe("svg")


def test_a_layout_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even inside C code; the remedies are named, and the next picture is right."""
    expected = draw(apple()).pipe("svg")
    nodes = range(150)
    source = "digraph {" + ";".join(f"{i}->{(i * 7 + j) % 150}" for i in nodes for j in nodes) + "}"
    with monkeypatch.context() as patch:
        patch.setattr(engine, "SECONDS", 0.3)
        begin = time.monotonic()
        with pytest.raises(DrawingError, match=r"stopped after 0\.3 s\. Remedies: fold=1"):
            engine.layout(source, "svg")
        assert time.monotonic() - begin < 10
    assert expected == draw(apple()).pipe("svg")


def test_threads_draw_at_once() -> None:
    """Each gets its own picture, and no more processes are kept than are told."""
    outputs = [Value(float(i), label=f"x{i}") * 2.0 for i in range(6)]
    expected = [draw(output).pipe("svg") for output in outputs]
    got: dict[int, bytes] = {}
    threads = [threading.Thread(target=lambda i=i: got.update({i: draw(outputs[i]).pipe("svg")})) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert expected == [got[i] for i in range(6)]
    assert len(engine._idle) <= engine.KEPT


def test_what_another_thread_prints_is_no_complaint(capfd: pytest.CaptureFixture[str]) -> None:
    """File descriptor 2 is everybody's: a line of a log is neither lost nor taken for the engine's."""
    stop = threading.Event()

    def chatter() -> None:
        while not stop.is_set():
            os.write(2, b"a line of a log\n")
            time.sleep(0.0005)

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        for _ in range(5):
            draw(apple()).pipe("svg")
    finally:
        stop.set()
        thread.join()
    assert {"a line of a log"} == set(capfd.readouterr().err.splitlines())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_draws_with_a_process_of_its_own() -> None:
    """The parent's is not touched: both draw at once."""
    expected = draw(apple()).pipe("svg")
    child = os.fork()
    if not child:
        os._exit(0 if all(expected == draw(apple()).pipe("svg") for _ in range(3)) else 1)
    mine = [draw(apple()).pipe("svg") for _ in range(3)]
    assert [expected] * 3 == mine
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


ENDS = """
import os, signal, sys
from autograd import Value, draw
from autograd.drawing import engine
draw(Value(1.0)).pipe("svg")
print(*(process.process.pid for process in engine._processes), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
@pytest.mark.parametrize("how", ["killed", "normally"])
def test_the_process_ends_with_its_parent(how: str) -> None:
    """However the parent ends, and without a word."""
    done = subprocess.run(
        [sys.executable, "-Wd", "-c", ENDS, how], capture_output=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert b"" == done.stderr
    pids = list(map(int, done.stdout.split()))
    assert pids
    for pid in pids:
        for _ in range(200):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                break
            if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
                break
            time.sleep(0.02)
        else:
            pytest.fail(f"process {pid} is still there")


INTERRUPTED = """
import random, signal, sys, time
from autograd import Value, draw
from autograd.drawing import engine
count = int(sys.argv[1])
output = Value(1.0, label="a") * Value(2.0, label="b")
expected = draw(output).pipe("svg")
begin = time.perf_counter()
draw(output).pipe("svg")
whole = time.perf_counter() - begin
random.seed(count)
struck = 0
while struck < count:
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1.5 * whole))
    try:
        got = draw(output).pipe("svg")
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        struck += 1
    else:
        assert expected == got
assert expected == draw(output).pipe("svg")
print(struck, len(engine._processes))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers")
def test_interrupts_at_random_instants_leave_the_process_alive() -> None:
    """Ctrl-C at any instant of a drawing is a KeyboardInterrupt, and the next picture is right. INTERRUPTS=1500 makes more of them."""
    count = os.environ.get("INTERRUPTS", "40")
    code = "import signal; signal.signal(signal.SIGALRM, signal.default_int_handler)\n" + INTERRUPTED
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code, count], capture_output=True, text=True, check=False, env=environment)
    assert (0, "") == (done.returncode, done.stderr[-2000:])
    struck, alive = map(int, done.stdout.split())
    assert int(count) == struck
    assert alive <= engine.KEPT
