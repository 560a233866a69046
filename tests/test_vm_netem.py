"""The virtual machine's kernel passes the conformance suite. Apart from the runs there, so that two machines go side by
side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from run_lab import RUN_SCENARIO

pytestmark = [pytest.mark.vm, pytest.mark.bears_load, pytest.mark.timeout(1_500)]


def test_netem_passes_the_conformance_suite_on_the_virtual_clock() -> None:
    python = str(Path(sys.executable).parent / "python")
    suite = (python, "-m", "pytest", "-q", "-m", "netem", "-p", "no:cacheprovider", "tests/conformance")
    command = [sys.executable, str(RUN_SCENARIO), "vm", "--clock", "virtual", *suite]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
