"""The weight of a session, against what the kernel says of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hostio.realtime import favour_session


@pytest.mark.root
def test_a_session_that_is_favoured_has_a_lower_niceness_and_this_one_has_not() -> None:
    ours = Path("/proc/self/autogroup")
    if not ours.exists():
        pytest.skip("this kernel has no autogroups")
    before = ours.read_text()
    wait = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", wait], stdin=subprocess.PIPE, start_new_session=True) as child:
        theirs = Path(f"/proc/{child.pid}/autogroup")
        assert theirs.read_text().endswith("nice 0\n")
        assert favour_session(child.pid)
        assert theirs.read_text().endswith("nice -15\n")
    assert ours.read_text() == before


def test_of_a_process_that_is_gone_it_is_refused() -> None:
    assert not favour_session(2**22 - 1)
