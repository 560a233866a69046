"""The words of events on processes, a class for each."""

from __future__ import annotations

from typing import Literal

from results.run_files.faults import Cut, Freeze, Kill, Process, Slow, Stop
from results.run_files.validation import Field
from scenarios.language.event_base import ProcessEvent, Ramp, RelayEvent, words
from scenarios.language.values import Delay, Kind


class RelaySuccession(RelayEvent):
    """An event that ends the relay, which a new one succeeds."""

    kind: Kind | None = None
    """The relay that serves when the event is over, if it is another one: a relay version, or the folder of a program.
    """


class RelayRestart(RelaySuccession):
    """The relay is asked to end in order; when the event is over a new one serves, which holds no session."""

    what: Literal["relay-restart"]

    def action(self) -> Stop:
        """Told to end."""
        return Stop(self.kind)


class RelayKill(RelaySuccession):
    """The relay is killed (SIGKILL); when the event is over a new one serves, which holds no session."""

    what: Literal["relay-kill"]

    def action(self) -> Kill:
        """Killed."""
        return Kill(self.kind)


class RelayFreeze(RelayEvent):
    """The relay is stopped (SIGSTOP), and when the event is over continued (SIGCONT)."""

    what: Literal["relay-freeze"]

    def action(self) -> Freeze:
        """SIGSTOP, later SIGCONT."""
        return Freeze()


class _ControllerEvent(ProcessEvent):
    def process(self) -> Process:
        return Process("controller")


class ControllerRestart(_ControllerEvent):
    """The controller ends; when the event is over a new one starts. The switches keep their flow rules."""

    what: Literal["controller-restart"]

    def action(self) -> Stop:
        """Told to end."""
        return Stop()


class ControllerCut(_ControllerEvent):
    """The OpenFlow connections carry nothing, but are not closed: neither end is notified."""

    what: Literal["controller-cut"]

    def action(self) -> Cut:
        """Cut off the switches."""
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
        """Delay its answers."""
        return Slow(self.extra)


class DirectoryDown(_DirectoryEvent):
    """The session directory is killed; when the event is over a new one serves, which holds every record."""

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
