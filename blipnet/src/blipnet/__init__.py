"""Blipnet's scenarios from Python: play one, and read its verdict, figures and records.

Starts the command of a testbed, and reads the files of a run; imports nothing of the testbed. Needs the standard
library; data frames need pandas and pyarrow.
"""

from blipnet.documents import Expectation, Interruption
from blipnet.errors import (
    BlipnetError,
    BugError,
    CommandError,
    DocumentError,
    InterruptedRunError,
    RefusedError,
    TestbedError,
)
from blipnet.player import run
from blipnet.result import Run
from blipnet.testbed import Testbed

__all__ = [
    "BlipnetError",
    "BugError",
    "CommandError",
    "DocumentError",
    "Expectation",
    "InterruptedRunError",
    "Interruption",
    "RefusedError",
    "Run",
    "Testbed",
    "TestbedError",
    "run",
]
