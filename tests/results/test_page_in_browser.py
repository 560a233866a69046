"""The page of a run as Chromium shows it: without errors, on any screen, by keyboard, for axe, true to the summary.

One page is loaded for all tests but the last two, because to draw its figures takes most of the time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_lab import Made, copy_of, made_of
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from results.comparison.compare import compare
from results.comparison.compared_sets import RunSet
from results.comparison.values import Measured, RunValues
from results.page.writing import write_compared
from results.verdict.value_text import number_text

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: scripts/setup --tests installs it"),
]

DESKTOP, PHONE, NARROW, PAPER = (1280, 900), (390, 844), (320, 640), (695, 1000)
"""In CSS pixels; paper: A4 between the margins of the page."""

TIMES = (
    "Bokeh.documents.map((doc) => doc.get_model_by_name('time')).filter(Boolean).map((each) => [each.start, each.end])"
)
AXES = "Bokeh.documents.flatMap((doc) => [...doc.all_models]).filter((each) => each.type.endsWith('Axis'))"


class Shown:
    """A page in the browser, with what it said and asked for."""

    def __init__(self, browser: Browser, path: Path) -> None:
        self.page: Page = browser.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-drawn]")

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def on(
        self,
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["screen", "print"] = "screen",
    ) -> Page:
        """The page on a screen or paper of this size, at its top, once its figures have taken their new width."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme, media=media)
        self.page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox is neither for root, as which CI runs, nor for containers.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_of(copy_of("incident-short", tmp_path_factory.mktemp("page") / "run"))


@pytest.fixture(scope="module")
def shown(browser: Browser, made: Made) -> Shown:
    return Shown(browser, made.run.page)


def test_every_figure_is_drawn_without_a_word_or_a_request(shown: Shown, made: Made) -> None:
    assert shown.said == []
    assert [url for url in shown.asked if not url.startswith("data:")] == [made.run.page.as_uri()]
    drawn = "[...document.querySelectorAll('.canvas')].map((each) => each.firstElementChild?.shadowRoot != null)"
    figures = shown.page.evaluate(drawn)
    assert len(figures) > 10
    assert all(figures)
    assert shown.page.locator("html").get_attribute("data-drawn") == str(len(figures))


def test_figures_on_the_page_are_those_of_the_summary(shown: Shown, made: Made) -> None:
    page = shown.on()
    found = page.eval_on_selector_all(
        "data[data-path]", "all => all.map((each) => [each.dataset.path, each.value, each.textContent])"
    )
    assert {"media.hit_sessions", "media.interruption_ms.max", "groups.0.hit"} <= {path for path, _, _ in found}
    for path, value, text in found:
        number: Any = asdict(made.summary)
        for key in path.split("."):
            number = number[int(key) if isinstance(number, list) else key]
        assert value == ("" if number is None else str(float(number)))
        assert text.startswith(("–", "none") if number is None else number_text(number))
    assert page.inner_text("#verdict-word") == made.summary.verdict
    assert page.locator(".reasons li").all_inner_texts() == made.summary.reasons


@pytest.mark.parametrize("size", [PHONE, NARROW])
def test_a_phone_scrolls_in_one_direction_only(shown: Shown, size: tuple[int, int]) -> None:
    page = shown.on(size)
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    right = "each.getBoundingClientRect().right"
    figures = page.evaluate(f"[...document.querySelectorAll('.canvas > *')].map((each) => {right})")
    assert max(figures) <= size[0]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_axe_finds_no_fault(shown: Shown, scheme: Literal["light", "dark"], size: tuple[int, int]) -> None:
    page = shown.on(size, scheme)
    folded = page.evaluate_handle("[...document.querySelectorAll('details:not([open])')]")
    page.evaluate("(folded) => folded.forEach((each) => { each.open = true })", folded)
    found = Axe().run(page).response["violations"]
    page.evaluate("(folded) => folded.forEach((each) => { each.open = false })", folded)
    assert [(each["id"], each["impact"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_at_night_the_page_and_its_figures_are_dark(shown: Shown) -> None:
    inks = []
    for scheme, least, most in (("dark", 0.0, 0.1), ("light", 0.9, 1.0)):
        page = shown.on(scheme="dark" if scheme == "dark" else "light")
        inks.append(set(page.evaluate(f"{AXES}.map((each) => each.major_label_text_color)")))
        assert inks[-1] == {
            page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink-2').trim()")
        }
        assert least <= light_of(page) <= most
    assert inks[0] != inks[1]


def light_of(page: Page) -> float:
    """How light the page is, from 0 to 1."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in colour[4:-1].split(",")) / 3 / 255


def test_on_paper_nothing_is_folded_away_or_cut_off(shown: Shown) -> None:
    page = shown.on(scheme="dark")
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
    page = shown.on(PAPER, "dark", "print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("nav").is_visible()
    assert page.locator("details:not([open], .records)").count() == 0
    assert light_of(page) > 0.9
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER[0]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open], .records)").count() > 0


def test_the_keyboard_reaches_and_works_everything(shown: Shown) -> None:
    page = shown.on()
    page.evaluate(
        "reached = []; addEventListener('focusin', ({ target }) => reached.push(target.id || target.className || "
        "target.tagName))"
    )
    for _ in range(60):
        page.keyboard.press("Tab")
    reached = page.evaluate("reached")
    assert reached[0] == "skip"
    assert {"A", "SUMMARY", "map-play", "map-time"} <= {*reached}
    page.focus("#verdict .records summary")
    page.keyboard.press("Enter")
    assert page.inner_text("#verdict .records .command code") == "python3 -m json.tool summary.json"
    page.keyboard.press("Enter")
    page.focus("#map-time")
    page.keyboard.press("Home")
    assert (page.inner_text("#map-at"), page.locator("line.link.down").count()) == ("0.00 s", 0)
    page.keyboard.press("PageUp")
    assert page.inner_text("#map-at") != "0.00 s"


def test_the_map_shows_what_the_controller_saw_at_the_time(shown: Shown) -> None:
    page = shown.on()
    page.eval_on_selector("#map-time", "(slider) => { slider.value = 4; slider.dispatchEvent(new Event('input')) }")
    assert page.locator("line.link.down.faulted").get_attribute("data-link") == "us-east–us-west"
    assert "16 of 16 lanes of us-east–us-west via us-central" in page.inner_text("#map-now")
    assert page.locator("polyline.route").count() == 1


def test_pointing_at_the_raster_tells_session_and_times(shown: Shown, made: Made) -> None:
    """Of a silence, when the last packet before it came and the first after; of what was heard, how late it was."""
    page = shown.on()
    rows = page.evaluate("document.querySelector('.bands li').textContent")
    assert rows == "rows 1 to 12 moved us-east–us-west"
    of_first_group = [each for each in made.analysis.interruptions if each.stream.group == "moved"]
    longest = max(of_first_group, key=lambda each: each.length_ns)
    silent_s = made.analysis.seconds(longest.started_ns + longest.length_ns // 2)
    x, y = place_in(page, "#heard-figure", silent_s / made.analysis.seconds(made.analysis.end_ns))
    told = [pointed_at(page, x, y + down) for down in (3, 9)]
    assert any(f"{longest.stream.session}, heard in {longest.stream.destination}" in each for each in told)
    assert all("last packet before" in each and f"{longest.length_ns / 1e6:,.1f} ms"[:5] for each in told)
    x, _ = place_in(page, "#heard-figure", 0.05)
    assert "slowest packet" in pointed_at(page, x, y + 3)


def place_in(page: Page, figure: str, share: float) -> tuple[float, float]:
    """Where a share of the time of a figure is on the screen, and the figure's upper edge."""
    page.locator(figure).scroll_into_view_if_needed()
    box = page.locator(figure).bounding_box()
    assert box is not None
    left, right = 74, 16
    return box["x"] + left + (box["width"] - left - right) * share, box["y"]


def pointed_at(page: Page, x: float, y: float) -> str:
    """What is told where the pointer is."""
    page.mouse.move(x, y + 40)
    page.mouse.move(x, y)
    content = page.locator(".bk-tooltip-content:visible").last
    content.wait_for()
    return content.inner_text()


def test_to_look_closer_at_one_figure_is_to_do_so_at_all(shown: Shown, made: Made) -> None:
    page = shown.on()
    left, top = place_in(page, "#pair-0", 0.2)
    right, _ = place_in(page, "#pair-0", 0.5)
    page.mouse.move(left, top + 60)
    page.mouse.down()
    page.mouse.move(right, top + 60, steps=4)
    page.mouse.up()
    whole_s = made.analysis.seconds(made.analysis.end_ns)
    ((start, end),) = {tuple(each) for each in page.evaluate(TIMES)}
    assert (start / whole_s, end / whole_s) == (pytest.approx(0.2, abs=0.01), pytest.approx(0.5, abs=0.01))
    page.mouse.dblclick(right, top + 60)
    assert {tuple(each) for each in page.evaluate(TIMES)} == {(0, whole_s)}


def test_hostile_names_are_text(browser: Browser, tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>$$\\\\alpha$$"
    run = copy_of("one-blip", tmp_path / "run")
    text = run.plan.read_text(encoding="utf-8").replace('"one-blip"', f'"{evil}\\u001b[31m"')
    run.plan.write_text(text, encoding="utf-8")
    for path in run.root.rglob("*.parquet"):  # fewer figures are drawn sooner
        path.unlink()
    shown = Shown(browser, made_of(run).run.page)
    assert shown.said == []
    assert shown.page.inner_text(".scenario") == evil.replace("\\\\", "\\")
    assert shown.page.locator("main script, main img").count() == 0


def test_the_page_of_a_comparison_is_drawn_and_axe_finds_no_fault(browser: Browser, tmp_path: Path) -> None:
    metrics = ["media.lost", "media.loss_percent"]
    sets = [RunSet(f"{name} <i>", runs_of(metrics, more)) for name, more in (("before", 0.0), ("after", 10.0))]
    write_compared(tmp_path / "compared.html", compare(sets, metrics, 0.95), sets)
    shown = Shown(browser, tmp_path / "compared.html")
    assert shown.said == []
    assert [url for url in shown.asked if not url.startswith(("data:", "file:"))] == []
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page = shown.on(size, "dark" if scheme == "dark" else "light")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []
    assert page.locator(".canvas > *").count() == len(metrics)
    assert page.inner_text("#answer-word") == "worse"


def runs_of(metrics: list[str], more: float) -> tuple[RunValues, ...]:
    """Five runs, of which each metric is by `more` larger than its number, give or take a half."""
    measured = [
        {each: Measured(n + more, n + more - 0.5, n + more + 0.5, "lower") for each in metrics} for n in range(5)
    ]
    return tuple(RunValues(f"run-{n}", "burst", n, "pass", ["met"], False, [], each) for n, each in enumerate(measured))
