"""Errors of this package. Their message is what the command said, a line for each thing that is wrong."""

from __future__ import annotations


class BlipnetError(Exception):
    """A run came to no result that could be read."""


class TestbedError(BlipnetError):
    """There is no testbed where one was looked for, or a setting that says how to start it is wrong."""

    __test__ = False


class RefusedError(BlipnetError):
    """The command started nothing: the scenario or an argument is wrong, the machine cannot run it, or sudo refused."""


class BugError(BlipnetError):
    """Blipnet itself is wrong; the message names the file that has the traceback."""


class InterruptedRunError(BlipnetError):
    """The run was interrupted; what it had recorded is kept."""


class CommandError(BlipnetError):
    """The command ended in another way, as where its output cannot be written."""


class DocumentError(BlipnetError):
    """A file of a run directory is missing, or is not what this package can read; the message names it."""
