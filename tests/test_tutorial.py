"""The tutorial for those who bring a relay of their own, as a reader plays it in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_lab import PROJECT
from run_record import RunRecord
from tutorial_page import missing_line
from tutorial_reader import read

PAGE = PROJECT / "docs" / "your-relay.md"
WITHIN_S = 900


@pytest.mark.root
@pytest.mark.repeats_alone
@pytest.mark.long
@pytest.mark.timeout(WITHIN_S)
def test_a_reader_sees_what_the_page_says(runs: RunRecord, tmp_path: Path) -> None:
    """From the template to a relay that a burst takes down, and to one that stands it."""
    assert read(PAGE, tmp_path, runs, WITHIN_S, "exit code 3\n") == ["fail", "pass"]


def test_figures_may_differ_and_words_may_not() -> None:
    printed = "first\nlongest  1 368 ms (1 042 … 1 494)\n2 of 3 lost\nexit code 1\n"
    assert missing_line(("first", "longest 527.3 ms", "…", "exit code 1"), printed) is None
    assert missing_line(("…", "20 of 30 lost", "exit code 1"), printed) is None
    assert missing_line(("first", "20 of 30 lost"), printed) == "20 of 30 lost", "another line comes between them"
    assert missing_line(("…", "exit code 0"), printed) == "exit code 0"
    assert missing_line(("…", "exit code 1", "first"), printed) == "first"
    assert missing_line(("…", "longest 527.3 s"), printed) == "longest 527.3 s"
