"""Tests that have the controller run on Ryu."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.process_faults.frameworks import PYTHON_OF

needs_ryu = pytest.mark.skipif(
    not Path(PYTHON_OF["ryu"][0]).exists(), reason="needs Ryu, which scripts/setup --ryu installs"
)
