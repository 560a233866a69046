"""The words of events on processes, a class for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from results.run_files.faults import Cut, Forget, Freeze, Kill, Process, Slow, Stop
from results.run_files.validation import Field
from scenarios.language.document import DataPath, Problem
from scenarios.language.event_base import ProcessEvent, Ramp, RelayEvent, Surroundings, words
from scenarios.language.places import unknown_cluster
from scenarios.language.values import Delay, Kind, ShortName


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


class ControllerKill(_ControllerEvent):
    """The controller is killed (SIGKILL); when the event is over a new one starts. The switches keep their rules."""

    what: Literal["controller-kill"]

    def action(self) -> Kill:
        """Killed."""
        return Kill()


class ControllerFreeze(_ControllerEvent):
    """The controller is stopped (SIGSTOP), and when the event is over continued (SIGCONT)."""

    what: Literal["controller-freeze"]

    def action(self) -> Freeze:
        """SIGSTOP, later SIGCONT."""
        return Freeze()


class ControllerCut(ProcessEvent):
    """The OpenFlow connections carry nothing, but are not closed: neither end is notified."""

    what: Literal["controller-cut"]
    cluster: ShortName | None = None
    """The cluster whose switch is cut off; all unless given."""

    def process(self) -> Process:
        """The controller, or the switch that is cut off from it."""
        return Process("switch", self.cluster) if self.cluster else Process("controller")

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a cluster that the topology does not have."""
        yield from super().problems(path, around)
        if self.cluster:
            yield from unknown_cluster(self.cluster, (*path, "cluster"), around.topology)

    def action(self) -> Cut:
        """Cut off the switches."""
        return Cut()


class ControllerSlow(Ramp, _ControllerEvent):
    """Every OpenFlow message between the switches and the controller takes `extra` longer, either way."""

    what: Literal["controller-slow"]
    extra: Delay = Field(examples=["200ms"])
    """How much longer a message takes."""

    def action(self) -> Slow:
        """Delay their messages."""
        return Slow(self.extra)


class _SwitchEvent(ProcessEvent):
    cluster: ShortName = Field(examples=["us-central"])
    """The cluster whose switch it happens to."""

    def process(self) -> Process:
        return Process("switch", self.cluster)

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also a cluster that the topology does not have."""
        yield from super().problems(path, around)
        yield from unknown_cluster(self.cluster, (*path, "cluster"), around.topology)


class SwitchForgets(_SwitchEvent):
    """The switch loses its flow rules and forwards nothing, with all links up and its connection to the controller
    open; when the event is over it connects anew, and the controller gives it its rules."""

    what: Literal["switch-forgets"]

    def action(self) -> Forget:
        """Its flow rules are gone."""
        return Forget()


class SwitchRestart(_SwitchEvent):
    """The switch loses its flow rules and its connection to the controller; when the event is over it connects, and the
    controller gives it its rules. No port goes down."""

    what: Literal["switch-restart"]

    def action(self) -> Forget:
        """Its flow rules are gone, and its connection."""
        return Forget(offline=True)


class SwitchFreeze(ProcessEvent):
    """The process that runs all switches is stopped (SIGSTOP), and when the event is over continued (SIGCONT)."""

    what: Literal["switch-freeze"]
    cluster: ShortName | None = None
    """Not to be given: one process runs all switches, and none can be frozen without the others."""

    def process(self) -> Process:
        """All switches."""
        return Process("switches")

    def action(self) -> Freeze:
        """SIGSTOP, later SIGCONT."""
        return Freeze()

    def problems(self, path: DataPath, around: Surroundings) -> Iterator[Problem]:
        """Also one switch in particular."""
        yield from super().problems(path, around)
        if self.cluster:
            text = "one process runs all switches, so that none freezes alone; leave this out, or write switch-restart"
            yield Problem((*path, "cluster"), text, at_key=True)


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
    ControllerKill,
    ControllerFreeze,
    ControllerCut,
    ControllerSlow,
    SwitchForgets,
    SwitchRestart,
    SwitchFreeze,
    DirectorySlow,
    DirectoryDown,
)
