"""The tutorial for those who keep scenarios as pytest tests, as a reader plays it in an empty repository.

What pip would fetch, pytest and setuptools, is there already: in this project's environment, which the reader's Python
sees as well. The index is not asked.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from run_lab import PROJECT
from run_record import RunRecord
from tutorial_reader import read

PAGE = PROJECT / "docs" / "pytest.md"
WITHIN_S = 600


@pytest.mark.root
@pytest.mark.repeats_alone
@pytest.mark.long
@pytest.mark.timeout(WITHIN_S)
def test_a_reader_sees_what_the_page_says(runs: RunRecord, tmp_path: Path) -> None:
    """From an empty repository to a test that a cold relay fails, and that its fix passes."""
    without_index = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip takes 0 for yes, to have none
        "PYTHONPATH": sysconfig.get_path("purelib"),
        # A plugin there that needs a package which the distribution may have, and the reader's Python does not see.
        "PYTEST_ADDOPTS": "-p no:hypothesispytest",
        "BLIPNET_LOCK": str(tmp_path / "lock"),
    }
    assert read(PAGE, tmp_path, runs, WITHIN_S, "INCONCLUSIVE", without_index) == ["fail"]
