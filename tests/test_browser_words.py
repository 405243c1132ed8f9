"""Pages in a real browser, in two languages and computing by themselves: what people read after every click, and what the numbers are."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from autograd import Stepper, Value, compile, examples, exp, log, softmax, tanh  # noqa: A004
from autograd.custom import custom_gradient

from . import test_browser
from .test_browser import NASTY, press, show, table, two_two_one
from .test_words import english

browsers, browser, tab, pytestmark = test_browser.browsers, test_browser.browser, test_browser.tab, test_browser.pytestmark
SAID = """() => [document.title, ...[...document.querySelectorAll("body *")].flatMap((element) => [
    element.getAttribute("aria-label"), element.getAttribute("aria-valuetext"), element.getAttribute("title"),
    element.closest("math") || /^(SCRIPT|STYLE|OPTION)$/.test(element.tagName) ? ""
        : [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(" "),
  ]), ...[...document.querySelectorAll("option:not([lang])")].map((option) => option.textContent)].filter(Boolean)"""
"""Every text of the page, shown or hidden, every name and every hint."""
PANELS = ("why", "rank", "what", "learn", "turns")


def said(tab: Any) -> str:
    return " ".join(tab.evaluate(SAID))


def open_(tab: Any, panel: str) -> None:
    """Open the panel, or close it. A browser tells the page of it a little later."""
    told = (
        "(details) => { details.told = new Promise((done) => details.addEventListener('toggle', () => setTimeout(done), { once: true })); }"
    )
    details = tab.locator(f"details.{panel}").first
    details.evaluate(told)
    tab.locator(f"details.{panel} summary").first.click()
    details.evaluate("(details) => details.told")


def switch(tab: Any, lang: str) -> None:
    tab.locator(".language").select_option(lang)


@pytest.mark.parametrize("start", ["en", "ko"])
def test_no_english_is_left_after_any_click(tab: Any, tmp_path: Path, start: str) -> None:
    """Of a page that begins in Korean, and of one that is switched: at every step, with every panel, asked and answered wrong and right."""
    examples.run("two_outputs").page(lang=start).write(tmp_path / "page.html")  # type: ignore[arg-type]
    tab.goto((tmp_path / "page.html").as_uri())
    switch(tab, "ko")
    assert "ko" == tab.evaluate("document.documentElement.lang")
    last = int(tab.locator(".slider").get_attribute("max"))
    for step in range(last + 1):
        tab.locator(".slider").fill(str(step))
        assert set() == english(said(tab)), step
    for panel in PANELS:
        open_(tab, panel)
        for button in tab.locator(f"details.{panel} .pick button, details.{panel} .choose").all():
            if button.is_visible():
                button.click()
                assert set() == english(said(tab)), panel
    for level in ("2", "1", "0"):
        tab.locator(".predict").set_checked(True)
        tab.locator(".level").select_option(level)
        for step in (last, last - 3):
            tab.locator(".slider").fill(str(step))
            if not tab.locator(".cell input").count():
                continue
            for answer in ("?", "7", "-0.5", "0.5", "1", "0"):
                if not tab.locator(".cell input").count():
                    break
                tab.locator(".cell input").fill(answer)
                press(tab, "Enter")
                assert set() == english(said(tab)), (level, answer)
            if tab.locator(".show").count():
                tab.locator(".show").click()
                assert set() == english(said(tab))


def test_switching_back_brings_everything_back(tab: Any, tmp_path: Path) -> None:
    """English to Korean to English, at a step with panels open: the same texts, but for the language that is chosen."""
    examples.run("two_two_one").page().write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri() + "#step=40")
    for panel in ("why", "rank", "what"):
        open_(tab, panel)
    before = said(tab)
    switch(tab, "ko")
    assert before != said(tab)
    assert tab.url.endswith("lang=ko")
    switch(tab, "en")
    assert before == said(tab)
    assert not re.search("[가-힣]", before)


def test_a_graph_s_own_title_and_its_window_switch_too(tab: Any, tmp_path: Path) -> None:
    """The titles of several graphs on one page, and the sentence of a graph of which a part is shown."""
    examples.run("two_two_one").page(lang="ko").write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri())
    before = tab.locator("section.walk > h2").all_inner_texts()
    switch(tab, "en")
    assert len(before) > 1
    assert all(re.search("[가-힣]", title) for title in before)
    assert not re.search("[가-힣]", "".join(tab.locator("section.walk > h2").all_inner_texts()))
    switch(tab, "ko")
    assert before == tab.locator("section.walk > h2").all_inner_texts()
    y = Value(1.0)
    for _ in range(600):
        y = y * 1.001
    Stepper(y, lang="ko").write(tmp_path / "big.html")
    tab.goto((tmp_path / "big.html").as_uri())
    assert re.search("[가-힣]", tab.locator("p.part").inner_text())
    switch(tab, "en")
    assert tab.locator("p.part").inner_text().startswith("The picture shows ")


def test_an_address_says_the_language(tab: Any, tmp_path: Path) -> None:
    """page.html#lang=ko opens in Korean, at the step that it says as well."""
    examples.run("apple").page().write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri() + "#step=8&lang=ko")
    tab.wait_for_function("document.documentElement.lang === 'ko'")
    assert "9단계 중 8단계" == tab.locator(".where").inner_text()
    assert "개당 100인 사과 두 개, 소비세 10 %" == tab.locator("h1").inner_text()
    assert "ko" == tab.locator(".language").input_value()
    assert tab.locator(".remarks li").first.inner_text() if tab.locator(".remarks").get_attribute("open") else True


def test_hangul_does_not_break_inside_words(tab: Any, tmp_path: Path) -> None:
    """Lines break between words alone."""
    examples.run("apple").page(lang="ko").write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri())
    assert "keep-all" == tab.evaluate("getComputedStyle(document.querySelector('.step')).wordBreak")


def moved(**weights: float) -> Any:
    """The 2-2-1 network with other numbers, after its sweep."""
    names = [f"w{i}" for i in range(1, 7)]
    graph = examples.example.Graph(
        "moved", "", examples.two_two_one.build(tuple(weights.get(n, w) for n, w in zip(names, examples.two_two_one.WEIGHTS, strict=True)))
    )
    return {str(node.label): node for node in graph.nodes}


def near(text: str, x: float) -> bool:
    return math.isclose(float(text.replace("−", "-")), x, rel_tol=5e-6)


def test_what_if_moves_every_number_of_picture_and_table(tab: Any, tmp_path: Path) -> None:
    """They are those of the engine with that number; as it is, they are the old ones again, letter for letter."""
    show(tab, tmp_path, two_two_one())
    press(tab, "End")
    picture = """() => [...document.querySelectorAll(".picture svg text")].map((text) => text.textContent).join("|")"""
    before, shown = table(tab), tab.evaluate(picture)
    open_(tab, "what")
    tab.locator(".what .pick button", has_text="w₁").first.click()
    tab.locator(".whatif .pick button").last.click()
    nodes = moved(w1=0.8)
    now = table(tab)
    for name, label in (("z₁", "z1"), ("h₁", "h1"), ("o", "o"), ("C", "C"), ("w₁", "w1"), ("w₅", "w5"), ("x₁", "x1")):
        value, gradient = now[name]
        assert near(value, nodes[label].data), name
        assert near(gradient, nodes[label].grad), name
    texts = tab.evaluate(picture)
    for label in ("z1", "h1", "o", "w1", "C"):
        assert f"{nodes[label].data:.6g}" in texts
    assert "Σ = −" in texts
    tab.locator(".whatif .pick button").nth(2).click()
    assert before == table(tab)
    assert shown == tab.evaluate(picture)
    tab.locator(".whatif .pick button").last.click()
    open_(tab, "what")
    assert before == table(tab)


def test_what_if_says_predicted_and_true_change_and_value(tab: Any, tmp_path: Path) -> None:
    """For w₁ + 0.1: what C becomes, as the gradient predicts and truly."""
    show(tab, tmp_path, two_two_one())
    open_(tab, "what")
    tab.locator(".what .pick button", has_text="w₁").first.click()
    tab.locator(".whatif .pick button").last.click()
    words = tab.locator(".whatif dl").inner_text()
    base, nodes = moved(), moved(w1=0.8)
    slope = base["w1"].grad
    for x in (slope * 0.1, base["C"].data + slope * 0.1, nodes["C"].data):
        assert f"{x:.6g}".replace("-", "−") in words


def test_the_step_of_learning(tab: Any, tmp_path: Path) -> None:
    """All weights by −η times their gradients, the predicted change and the true one, and what C is after 1 and 11 steps."""
    show(tab, tmp_path, two_two_one())
    press(tab, "End")
    open_(tab, "learn")
    words = tab.locator(".learn").inner_text()
    base = moved()
    square = sum(base[f"w{i}"].grad ** 2 for i in range(1, 7))
    losses = examples.two_two_one.learn(11)
    for x in (square, -0.1 * square, losses[1], losses[1] - losses[0]):
        assert f"{x:.6g}".replace("-", "−") in words
    assert [f"w{i}" for i in "₁₂₃₄₅₆"] == tab.locator(".learn tbody th").all_inner_texts()
    assert "0.701055" in tab.locator(".learn tbody").inner_text()
    tab.locator(".learn .go").click()
    assert near(table(tab)["C"][0], losses[1])
    assert near(table(tab)["w₁"][0], 0.701055)
    tab.locator(".learn button", has_text="take 10 steps").click()
    assert near(table(tab)["C"][0], losses[11])
    assert 12 == tab.locator(".learn svg circle").count()
    tab.locator(".learn button", has_text="back to the start").click()
    assert near(table(tab)["C"][0], losses[0])


def test_what_learns_can_be_said_and_chosen(tab: Any, tmp_path: Path) -> None:
    """Those given as parameters learn, and no others, until the reader chooses."""
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    output = (x * a - 1.0) ** 2
    output.label = "E"
    show(tab, tmp_path, Stepper(output, parameters=[a]))
    open_(tab, "learn")
    assert ["a"] == tab.locator(".learn tbody th").all_inner_texts()
    tab.locator(".learn .pick button", has_text="x").first.click()
    assert {"a", "x"} == set(tab.locator(".learn tbody th").all_inner_texts())


def test_a_learning_rate_that_diverges(tab: Any, tmp_path: Path) -> None:
    """Too long a step is said to be one; where the numbers leave the floats, the step is not taken, and smaller ones still are."""
    w = Value(1.0, label="w")
    output = exp(w * w)
    output.label = "C"
    show(tab, tmp_path, Stepper(output))
    open_(tab, "learn")
    slider = tab.locator(".learn .slide input")
    slider.fill("0.3")
    assert "The step is too long" in tab.locator(".learn").inner_text()
    tab.locator(".learn button", has_text="take 100 steps").click()
    assert "the step is not taken" in tab.locator(".learn .warning").inner_text()
    slider.fill("3")
    assert tab.locator(".learn .go").is_disabled()
    assert "the step is not taken" in tab.locator(".learn .warning").inner_text()
    slider.fill("-4")
    tab.locator(".learn button", has_text="back to the start").click()
    tab.locator(".learn .go").click()
    assert "After 1 step" in tab.locator(".learn").inner_text()


def test_numbers_that_leave_the_domain_are_not_shown(tab: Any, tmp_path: Path) -> None:
    """Where log has no value, there is no true change, and picture and table keep the last numbers that there are: the graph's own."""
    x = Value(0.3, label="x")
    output = log(x - 0.2)
    output.label = "y"
    show(tab, tmp_path, Stepper(output))
    press(tab, "End")
    before = table(tab)
    open_(tab, "what")
    tab.locator(".whatif input").fill("-50")
    assert "the calculation is not defined here" in tab.locator(".whatif dl").inner_text()
    assert before == table(tab)


def test_a_row_that_the_page_cannot_compute_is_named(tab: Any, tmp_path: Path) -> None:
    """In both languages; why and ranking are there."""

    @custom_gradient(lambda z, x: 2.0 * x)
    def own(x: float) -> float:
        return x * x

    show(tab, tmp_path, Stepper(own(Value(2.0, label="x")) * 3.0))
    assert "own has no form in JavaScript" in tab.locator(".side").inner_text()
    assert 0 == tab.locator(".learn").count()
    switch(tab, "ko")
    assert "연산 own의 자바스크립트 꼴이 없어" in tab.locator(".side").inner_text()


def test_hostile_labels_in_every_new_place(tab: Any, tmp_path: Path) -> None:
    """As titles, remarks, names of what learns and moves, in both languages: texts, and nothing else."""
    leaves = [Value(0.1 * i, label=label) for i, label in enumerate(NASTY, 1)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total * 0.5 + tanh(leaf)
    total.label = NASTY[0]
    walk = Stepper(total, parameters=leaves, title=NASTY[1])
    path = walk.beside(title=NASTY[2], remarks=NASTY).write(tmp_path / "page.html")
    tab.goto(path.as_uri())
    for lang in ("en", "ko", "en"):
        switch(tab, lang)
        for panel in PANELS:
            open_(tab, panel)
            buttons = tab.locator(f"details.{panel} .pick button")
            for i in range(min(3, buttons.count())):
                if buttons.nth(i).is_visible():
                    buttons.nth(i).click()
            open_(tab, panel)
    assert len(NASTY) == tab.locator(".remarks li").count()


def test_a_graph_of_many_nodes_does_not_compute_and_says_so(tab: Any, tmp_path: Path) -> None:
    """Beyond 2,000 nodes there is no script that computes; the page says why."""
    x = Value(1.0, label="x")
    y = x
    for _ in range(3000):
        y = y * 0.999
    show(tab, tmp_path, Stepper(y))
    assert "graphs of up to 2,000 nodes" in tab.locator(".side").inner_text()
    assert 1 == tab.evaluate("[...document.scripts].filter((script) => !script.type).length")


def test_a_softmax_moves_to_the_engines_numbers(tab: Any, tmp_path: Path) -> None:
    """Rows that the page writes out, and constants: the numbers at another score."""

    def build(first: float) -> Value:
        scores = [Value(first, label="a1"), Value(0.3, label="a2"), Value(-0.4, label="a3")]
        loss = -log(softmax(scores)[1])
        loss.label = "L"
        return loss

    show(tab, tmp_path, Stepper(build(1.0)))
    open_(tab, "what")
    tab.locator(".what .pick button", has_text="a₁").first.click()
    tab.locator(".whatif input").fill("37")
    words = tab.locator(".whatif dl").inner_text()
    assert f"{build(1.37).data:.6g}" in words


QUESTIONS: dict[str, tuple[list[str], str, dict[str, str]]] = {
    "what × does to the upstream gradient": (
        [".picture .t.back .ask:has(text.g:text-is('−0.0105508'))"],
        ".step p",
        {"en": "It hands each operand the other's value times the upstream gradient", "ko": "상류에서 온 기울기에 상대편의 값을 곱해"},
    ),
    "which five factors make w₁'s": ([".table th:has-text('w₁')"], ".why .chain", {"en": "0.236687", "ko": "0.236687"}),
    "what happens where two paths meet": ([".table th:has-text('x₁')"], ".why p", {"en": "Together:", "ko": "모두 더하면:"}),
    "how much a sigmoid shrinks at most": ([".table th:has-text('w₅')"], ".why .bound", {"en": "at most 0.25", "ko": "아무리 커도 0.25"}),
    "what C becomes for w₁ + 0.1": (
        [".what summary", ".what .pick button:has-text('w₁')", ".whatif .pick button >> nth=-1"],
        ".whatif dl",
        {"en": "0.125518 → 0.124463", "ko": "0.125518 → 0.124463"},
    ),
    "which weight matters most and why": ([".rank summary"], ".rank p", {"en": "w₅ matters most", "ko": "w₅가 가장 중요"}),
    "why this order": ([".turns summary"], ".turns p", {"en": "any order is right", "ko": "어떤 순서든 옳습니다"}),
}
"""Each with what is clicked, where the answer stands, and what it says."""


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("question", [*QUESTIONS, "why count's is 110"])
def test_a_newcomers_questions_are_answered_within_three_clicks_without_scrolling(
    browser: Any, tmp_path: Path, lang: str, question: str
) -> None:
    """On a laptop, at the last step: after the clicks the answer is on the screen, and so is the picture."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    tab = context.new_page()
    walk, step = (two_two_one(), 47) if question in QUESTIONS else (Stepper(examples.apple.build()), 9)
    walk.beside(lang=lang).write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri() + f"#step={step}")
    clicks, place, texts = QUESTIONS.get(question, ([".table th:has-text('count')"], ".why .chain", {"en": "110", "ko": "110"}))
    assert len(clicks) <= 3
    for click in clicks:
        tab.locator(click).first.click()
    answer = tab.locator(place, has_text=texts[lang]).first
    box, picture = answer.bounding_box(), tab.locator(".picture").bounding_box()
    assert 0 <= box["y"], question
    assert box["y"] + min(box["height"], 200) <= 768, question
    assert picture["y"] + picture["height"] > 200
    assert picture["y"] < 400
    context.close()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_programs_page_by_keyboard(tab: Any, tmp_path: Path, lang: str) -> None:
    """Tab comes to the lines, the arrows go from one to the next, and each marks its node in the picture; in the language asked for."""
    compile(examples.apple.build()).write(tmp_path / "page.html", lang=lang)  # type: ignore[arg-type]
    tab.goto((tmp_path / "page.html").as_uri())
    assert lang == tab.evaluate("document.documentElement.lang")
    names = "[...document.querySelectorAll('svg text.at')].map(x => x.textContent.trim())"
    marked = f"() => [document.activeElement.dataset.node, ...new Set({names})]"
    for _ in range(6):
        press(tab, "Tab")
        if tab.evaluate("document.activeElement.tagName") == "TR":
            break
    assert ["0", "v0:apple"] == tab.evaluate(marked)
    press(tab, "ArrowDown")
    assert ["1", "v1:count"] == tab.evaluate(marked)
    press(tab, "End")
    last = tab.evaluate("document.activeElement.dataset.node")
    press(tab, "ArrowDown", "ArrowUp", "Home")
    assert ["0", "v0:apple"] == tab.evaluate(marked)
    assert last != "0"
    if lang == "ko":
        assert {"def", "value", "and", "gradients"} <= english(tab.locator("td.code").first.inner_text())  # programs stay what they are
        assert set() == english(" ".join(tab.locator("h1, p, th").all_inner_texts()))


def test_a_programs_page_runs_its_own_script_alone(tab: Any, tmp_path: Path) -> None:
    """Its policy names the script by its digest; a label that is one does not run."""
    x = Value(2.0, label="<script>alert(1)</script>")
    compile(x * x).write(tmp_path / "page.html")
    tab.goto((tmp_path / "page.html").as_uri())
    assert "script-src 'sha256-" in tab.locator("meta[http-equiv]").get_attribute("content")
    assert "alert(1)" in tab.locator("table").inner_text()
