"""The table of words: every row in every language, the same slots in each, Korean particles that fit, and no English left in Korean."""

from __future__ import annotations

import copy
import html
import pickle
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograd import Stepper, Value, draw, examples, explain, log, sigmoid, softmax, sqrt, steps, tanh
from autograd.__main__ import main
from autograd.graph import topological
from autograd.words import LANGUAGES, TABLE, Said, into, page, particle, said

ROOT = Path(__file__).parent.parent / "autograd"
SLOT = re.compile(r"\{(\w+)(?::[^}]*)?\}")
ENGLISH = re.compile(r"[A-Za-z]{2,}")
KNOWN = {
    *("apple", "count", "tax", "subtotal", "price", "orange", "apples", "oranges", "sum", "cheetah", "lion", "bear", "person"),  # labels
    *(
        "exp",
        "ln",
        "log",
        "sqrt",
        "tanh",
        "relu",
        "Relu",
        "sigmoid",
        "grad",
        "backward",
        "product",
        "max",
        "stop",
    ),  # mathematics and programs
    *("Tab", "Home", "End", "English", "page", "html"),  # keys, a language's own name, a file's
}
"""Words that a Korean reader meets as they are."""


def english(text: str) -> set[str]:
    """The English words of a text that are neither names nor mathematics."""
    return {word for word in ENGLISH.findall(text) if word not in KNOWN}


@pytest.mark.parametrize("row", TABLE)
def test_every_row_has_every_column_with_the_same_slots(row: str) -> None:
    """Each column says something, with the slots of the English one."""
    columns = TABLE[row]
    assert len(LANGUAGES) == len(columns)
    assert all(columns)
    slots = [set(SLOT.findall(text)) for text in columns]
    assert [{"error"} if row in ("problem.missing", "problem.infinite", "problem.range") else slots[1], slots[1]] == slots


@pytest.mark.parametrize("row", TABLE)
def test_no_english_is_left_in_the_korean_column(row: str) -> None:
    """Names, mathematics and keys aside."""
    korean = SLOT.sub("", TABLE[row][list(LANGUAGES).index("ko")])
    assert set() == english(korean)


def test_the_lectures_terms() -> None:
    """The Korean column says them as the lectures do."""
    korean = " ".join(TABLE[row][1] for row in TABLE)
    for term in ("순전파", "역전파", "국소적 미분", "연쇄법칙", "상류에서 온 기울기", "기울기", "손실", "학습률"):
        assert term in korean


def test_particles_go_with_the_sound_of_what_they_follow() -> None:
    """Hangul, digits, letters by their names, powers; both after a word in Latin letters."""
    cases = {
        "사과": ("를", "가", "는", "와", "로"),
        "귤": ("을", "이", "은", "과", "로"),
        "값": ("을", "이", "은", "과", "으로"),
        "C": ("를", "가", "는", "와", "로"),
        "w₁": ("을", "이", "은", "과", "로"),
        "w₂": ("를", "가", "는", "와", "로"),
        "h₃": ("을", "이", "은", "과", "으로"),
        "−0.0177484": ("를", "가", "는", "와", "로"),
        "110": ("을", "이", "은", "과", "으로"),
        "2.2·10⁻⁵": ("을", "이", "은", "과", "으로"),
        "L": ("을", "이", "은", "과", "로"),
        "σ(z)": ("를", "가", "는", "와", "로"),
        "price": ("을(를)", "이(가)", "은(는)", "과(와)", "(으)로"),
    }
    for word, expected in cases.items():
        assert expected == tuple(particle(word, first) for first in ("을", "이", "은", "과", "으로")), word


def test_a_sentence_is_a_text_and_knows_its_row() -> None:
    """English as a text; copies and pickles are sentences too; another's text stays what it is."""
    sentence = said("page.title", name="C")
    assert "C, step by step" == sentence
    assert "C, 한 단계씩" == sentence.into("ko") == into(sentence, "ko")
    for other in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence))):
        assert isinstance(other, Said)
        assert "C, 한 단계씩" == other.into("ko")
    assert "mine" == into("mine", "ko")
    assert "1 step" == said("page.steps", total="1")
    assert "1,200 steps" == said("page.steps", total=1200)
    assert "{name} {0}, step by step" == said("page.title", name="{name} {0}")


def test_every_row_of_the_page_is_used_and_every_row_used_is_there() -> None:
    """Rows that the scripts and the template name are in the table; a row of the page that nothing names is a dead one."""
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "stepping" / "script").glob("*.js")))
    template = (ROOT / "stepping" / "page.html").read_text(encoding="utf-8")
    named = set(re.findall(r'\bT\("([a-z.]+)"', scripts)) | set(re.findall(r'data-[tlh]="([a-z.]+)"', template))
    assert set() == {row for row in named if row not in TABLE and not row.endswith(".")}
    code = scripts + template + "".join(p.read_text(encoding="utf-8") for p in ROOT.rglob("*.py") if p.parent.name != "words")
    joined = ("moves.", "why.", "bound.", "order.", "hands.")  # their ends are put together where they are said
    assert [] == [row for row in page.ROWS if f'"{row}"' not in code and f"'{row}'" not in code and not row.startswith(joined)]


def test_scripts_and_template_hold_no_sentence_of_their_own() -> None:
    """No text in quotes has two words in it, selectors and rules aside; the template has no words at all between its tags."""
    for path in sorted((ROOT / "stepping" / "script").glob("*.js")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.strip().startswith("//")]
        for text in re.findall(r'"([^"\n]*)"|`([^`\n]*)`', "\n".join(lines)):
            found = re.sub(r"\$\{[^}]*\}", "", "".join(text))
            assert not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", found), (path.name, found)
    template = re.sub(r"\{\{\w+\}\}|<[^>]*>", "", (ROOT / "stepping" / "page.html").read_text(encoding="utf-8"))
    assert set() == english(template)


class Words(HTMLParser):
    """What people read or hear of a page: texts outside of scripts, styles and formulas, names and hints."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "input", "br"):
            self.inside.append(tag)
        self.found += [str(value) for name, value in attrs if name in ("aria-label", "title", "alt") and value]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style", "template"} & set(self.inside):
            self.found.append(data)


@pytest.mark.parametrize("name", examples.NAMES)
def test_no_english_sentence_is_left_on_a_korean_page(name: str) -> None:
    """Of every example: the page as it is sent, and the table that stands before it in a notebook."""
    pytest.importorskip("pygraphviz")
    korean = examples.run(name).page(lang="ko")
    assert '<html lang="ko">' in korean.html()
    assert set() == english(" ".join(Words(korean.html()).found))
    before, _, _ = korean._repr_html_().partition("<iframe")
    assert set() == english(" ".join(Words(before).found))


def test_the_english_page_is_english() -> None:
    """It has no Hangul but in its words for the other language."""
    pytest.importorskip("pygraphviz")
    text = examples.run("two_two_one").page().html()
    assert '<html lang="en">' in text
    assert {"한국어"} == set(re.findall("[가-힣]+", " ".join(Words(text).found)))


def test_steps_explanations_and_pictures_in_korean() -> None:
    """As texts, in a terminal, below a frame, in a legend and where a pointer rests."""
    output = examples.two_two_one.build()
    w1 = next(node for node in topological(output) if node.label == "w1")
    said_ = [*map(str, steps(output, lang="ko")), str(explain(w1, output, lang="ko"))]
    stepper = Stepper(output, lang="ko")
    said_ += [stepper.view(), str(stepper.next())]
    stepper.jump(30)
    said_.append(stepper.view())
    assert set() == english(" ".join(said_))
    assert "상류에서 온 기울기" in said_[-1]
    pytest.importorskip("pygraphviz")
    for style in ("textbook", "cards"):
        svg = draw(output, style=style, legend=True, lang="ko").pipe("svg", encoding="utf-8")  # type: ignore[arg-type]
        texts = [html.unescape(found) for found in re.findall(r"<(?:text|title)[^>]*>([^<]*)<", svg)]
        assert "역전파: 상류에서 온 기울기 × 국소적 미분" in " ".join(texts).replace("\xa0", " ")
        assert {"data"} >= english(" ".join(texts)) - {"cluster", "graph"}


def test_a_sweep_that_stops_says_so_in_korean() -> None:
    """A local derivative that does not exist, and one beyond the floats; the error itself stays English."""
    pytest.importorskip("pygraphviz")
    x = Value(0.0, label="x")
    for output in (sqrt(x) * 2.0, log(Value(1e-320, label="x")) * 1e300):
        page_ = Stepper(output, lang="ko").beside()
        assert set() == english(" ".join(Words(page_.html()).found))
        problem = Stepper(output, lang="ko").recording.problem_said
        assert re.search("국소적 미분|기울기", into(problem, "ko"))
        assert set() == english(into(problem, "ko"))


def test_bounds_of_squashing_functions_in_korean() -> None:
    """A sigmoid, a tanh and a softmax on one page."""
    pytest.importorskip("pygraphviz")
    scores = [Value(0.5, label="a"), Value(1.0, label="b")]
    output = sigmoid(tanh(log(softmax(scores)[0])))
    page_ = Stepper(output, lang="ko").beside()
    assert set() == english(" ".join(Words(page_.html()).found))


def test_another_language_is_refused_with_those_there_are() -> None:
    """For every function that takes one."""
    x = Value(2.0)
    for call in (
        lambda: Stepper(x, lang="fr"),  # type: ignore[arg-type]
        lambda: list(steps(x, lang="fr")),  # type: ignore[arg-type]
        lambda: explain(x, x * x, lang="fr"),  # type: ignore[arg-type]
        lambda: draw(x * x, lang="fr"),  # type: ignore[arg-type]
        lambda: Stepper(x).beside(lang="fr"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="lang is 'en' or 'ko', but got 'fr'"):
            call()


def test_the_command_line_speaks_korean(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`glassgrad step … --lang ko -o page.html`: what it prints and what it writes."""
    pytest.importorskip("pygraphviz")
    path = tmp_path / "page.html"
    assert 0 == main(["step", "two_two_one", "--lang", "ko", "-o", str(path)])
    printed = capsys.readouterr().out.replace(str(path), "")
    assert set() == english(printed)
    assert '<html lang="ko">' in path.read_text(encoding="utf-8")
    assert 0 == main(["step", "sqrt(x)", "x=0", "--lang", "ko"])
    assert set() == english(capsys.readouterr().out)
