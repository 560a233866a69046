"""The page of a run: whole or of what is left, true to the summary, and nothing in it but text that was text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from page_lab import RECORDED, Made, copy_of, made_of

from results.page.clean_text import clean
from results.page.writing import write_remains
from results.run_files.run_dir import RunDir
from results.verdict.value_text import number_text
from scenarios.commands.pages import open_
from scenarios.run import reporting

MOST_BYTES = 5_000_000


class Texts(HTMLParser):
    """The elements of a page, with their attributes, and its text without scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made_of(copy_of("incident-short", tmp_path_factory.mktemp("page") / "run"))


def test_the_page_is_one_file_that_asks_for_nothing(made: Made) -> None:
    page = Texts(made.html)
    assert len(made.html.encode()) <= MOST_BYTES
    asking = [name for _, attributes in page.elements for name in attributes if name in ("src", "srcset", "action")]
    assert asking == []
    links = {attributes["href"] for _, attributes in page.elements if "href" in attributes}
    assert {link for link in links if link and not link.startswith("#")} == {"data:,"}


def test_its_figures_are_those_that_the_run_was_recorded_with(made: Made) -> None:
    """`summary.json` beside the recorded run is from the version that recorded it."""
    then = json.loads((RECORDED / "incident-short" / "summary.json").read_text())
    shown = {each["data-path"]: each["value"] for tag, each in Texts(made.html).elements if tag == "data"}
    assert shown["media.hit_sessions"] == "14.0"
    for path, value in shown.items():
        number: Any = then
        for key in (path or "").split("."):
            number = number[int(key) if isinstance(number, list) else key]
        assert value == ("" if number is None else str(float(number))), path
    for text in (*then["reasons"], number_text(then["media"]["interruption_ms"]["max"]), then["verdict"]):
        assert text.split(" (")[0].split(", found")[0] in Texts(made.html).text


def test_the_three_sentences_name_the_fault_the_hit_and_the_relay(made: Made) -> None:
    text = Texts(made.html).text
    assert "At 3.0 s there was a fault by plan, blackhole us-east–us-west, for 3.0 s." in text
    assert "In 14 of 16 sessions somebody heard nothing for a second or more; the longest silence lasted 3.1 s." in text
    assert "but the relay of us-central held a lock for 2.7 s in all" in text


def test_the_timeline_goes_from_investigating_to_resolved(made: Made) -> None:
    states = re.findall(r'<li class="([a-z-]+)">\s*<time>([\d.]+) s', made.html)
    assert [state for state, _ in states] == [
        "fault", "investigating", "identified", "monitoring", "fault-over", "resolved",
    ]  # fmt: skip
    assert [at for _, at in states] == sorted((at for _, at in states), key=float)
    last_ns = max(each.ended_ns for each in made.analysis.interruptions)
    assert float(states[-1][1]) == pytest.approx(made.analysis.seconds(last_ns), abs=0.001)


def test_every_section_says_which_records_and_command_it_is_from(made: Made) -> None:
    sections = re.findall(r'<section id="(.+?)".*?</section>', made.html, re.DOTALL)
    parts = re.split(r'<section id=".+?"', made.html)[1:]
    assert len(sections) == 13
    assert all('class="records"' in part and 'class="command"' in part for part in parts)


def test_the_session_that_was_silent_longest_can_be_inspected(made: Made) -> None:
    command = re.search(r"run_scenario\.py inspect \. --session ([\w-]+)<", made.html)
    assert command is not None
    longest_ns = max(each.length_ns for each in made.analysis.interruptions)
    silent_ns = [each.length_ns for each in made.analysis.interruptions if each.stream.session == command[1]]
    assert max(silent_ns) == longest_ns


def test_the_lock_s_stack_is_shown(made: Made) -> None:
    (row,) = [each for each in made.evidence.locks["us-central"].held_across_io if each.operation == "directory fetch"]
    assert "\n".join(row.stack) in Texts(made.html).text


def test_what_is_missing_is_said_and_nothing_passes(tmp_path: Path) -> None:
    """Every file of records but the plan is cut in half."""
    run = copy_of("one-blip", tmp_path / "run")
    for path in run.root.rglob("*"):
        if path.is_file() and path != run.plan:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    made = made_of(run)
    text = Texts(made.html).text
    assert made.summary.verdict == "inconclusive"
    assert 'id="verdict-word">inconclusive<' in made.html
    assert "What is missing" in text
    for problem in ("raw/received-us-west.parquet cannot be read", "What listeners heard is not on record"):
        assert problem in text


def test_a_directory_without_a_plan_gets_a_page_that_says_so(tmp_path: Path) -> None:
    run = copy_of("one-blip", tmp_path / "<b>run")
    run.plan.write_bytes(run.plan.read_bytes()[:200])
    shown = CliRunner().invoke(open_, [str(run.root)], standalone_mode=False)
    assert (shown.output.strip(), shown.return_value) == (str(run.page.resolve()), 0)
    page = Texts(run.page.read_text(encoding="utf-8"))
    assert "inconclusive" in page.text
    assert "No report can be made of this run directory: plan.json: Invalid JSON" in page.text
    assert "raw/sent-us-east.parquet" in page.text
    assert "b" not in {tag for tag, _ in page.elements}


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    shown = CliRunner().invoke(open_, [str(tmp_path)])
    assert shown.exit_code == 2
    assert "is no run directory: it has none of a run's files" in shown.output
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_there_is_shown_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir(tmp_path)
    write_remains(run, "it was so")
    before = run.page.read_bytes()
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(reporting, "report_again", lambda _run: pytest.fail("it was made again"))
    for display in ("", ":0"):
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        assert CliRunner().invoke(open_, [str(tmp_path)], standalone_mode=False).return_value == 0
    assert (run.page.read_bytes(), opened) == (before, [run.page.resolve().as_uri()])


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain", "red and plain"),
        ("\x1b]8;;http://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x00b\x9bc\u202egnp.exe", "a�b�c�gnp.exe"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_text_of_files_is_cleaned(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown
    assert clean(clean(hostile)) == shown


def test_hostile_names_are_text_everywhere(tmp_path: Path) -> None:
    """In the page, and in the data of its script: a plan that no scenario file would give."""
    evil = "</script><img src=x onerror=alert(1)>"
    run = copy_of("one-blip", tmp_path / "run")
    for name in ('"one-blip"', '"calls"', '"blackhole"'):
        text = run.plan.read_text(encoding="utf-8").replace(name, json.dumps(f'{evil}\x1b[31m"'))
        run.plan.write_text(text, encoding="utf-8")
    for path in [each for each in run.root.rglob("*") if each.suffix == ".parquet"]:
        path.unlink()
    page = Texts(made_of(run).html)
    assert "img" not in {tag for tag, _ in page.elements}
    assert "\x1b" not in page.text
    assert page.text.count(evil) >= 3
    assert sum(tag == "script" for tag, _ in page.elements) == 4
