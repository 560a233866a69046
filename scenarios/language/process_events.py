"""The words of events that strike a process: each class is a word, all of it."""

from __future__ import annotations

from typing import Literal

from results.run_files.faults import Cut, Freeze, Kill, Process, Slow, Stop
from results.run_files.validation import Field
from scenarios.language.event_base import ProcessEvent, Ramp, RelayEvent, words
from scenarios.language.values import Delay


class RelayRestart(RelayEvent):
    """The relay is told to end in order; when it is over a new one serves, which holds no session."""

    what: Literal["relay-restart"]

    def action(self) -> Stop:
        """Told to end."""
        return Stop()


class RelayKill(RelayEvent):
    """The relay dies at once (SIGKILL); when it is over a new one serves, which holds no session."""

    what: Literal["relay-kill"]

    def action(self) -> Kill:
        """Killed."""
        return Kill()


class RelayFreeze(RelayEvent):
    """The relay stands still (SIGSTOP), then goes on (SIGCONT)."""

    what: Literal["relay-freeze"]

    def action(self) -> Freeze:
        """Stopped, to go on."""
        return Freeze()


class _ControllerEvent(ProcessEvent):
    def process(self) -> Process:
        return Process("controller")


class ControllerRestart(_ControllerEvent):
    """The controller ends; when it is over a new one starts. The switches keep their flows."""

    what: Literal["controller-restart"]

    def action(self) -> Stop:
        """Told to end."""
        return Stop()


class ControllerCut(_ControllerEvent):
    """The OpenFlow connections carry nothing; no connection is closed to tell anyone."""

    what: Literal["controller-cut"]

    def action(self) -> Cut:
        """Cut off from the switches."""
        return Cut()


class _DirectoryEvent(ProcessEvent):
    def process(self) -> Process:
        return Process("directory")


class DirectorySlow(Ramp, _DirectoryEvent):
    """The session directory's answers take `extra` longer."""

    what: Literal["directory-slow"]
    extra: Delay = Field(examples=["200ms"])
    """How much longer an answer takes."""

    def action(self) -> Slow:
        """Slowed."""
        return Slow(self.extra)


class DirectoryDown(_DirectoryEvent):
    """The session directory dies; when it is over a new one serves, which holds every record."""

    what: Literal["directory-down"]

    def action(self) -> Kill:
        """Killed."""
        return Kill()


PROCESS_EVENTS = words(
    RelayRestart,
    RelayKill,
    RelayFreeze,
    ControllerRestart,
    ControllerCut,
    DirectorySlow,
    DirectoryDown,
)
