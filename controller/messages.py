"""What passes between the engine, which decides, and the process around it, which does the I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from controller.decisions import Decision, HealthChange, HeldUp, Kept, Review
from controller.flow_rules import FlowRule, GroupRule, SwitchRule
from controller.moves import Relays
from relay_app.load_order import LoadOrder
from relay_app.media_report import MediaReport
from relay_app.probing.probe_report import ProbeReport, ReflectionReport
from topologies.model import Direction


@dataclass(frozen=True, slots=True)
class SwitchConnected:
    """A switch finished its OpenFlow handshake, for the first time or again; `rules` and `groups` it had then."""

    switch: int
    rules: tuple[FlowRule, ...] = ()
    groups: tuple[GroupRule, ...] = ()


@dataclass(frozen=True, slots=True)
class PortState:
    """A port's link, as the switch reported it.

    `live`: fast-failover groups may use the port (OFPPS_LIVE, OpenFlow 1.3 §7.2.1). In Open vSwitch it is not while it
    is down, nor while its BFD session is not up, if it has one.
    """

    switch: int
    port: int
    up: bool
    live: bool = True


@dataclass(frozen=True, slots=True)
class BarrierReply:
    """A switch has processed everything up to the installation with this token.

    `at_ns`: the reply came. `written_ns`: the last byte of that installation had been written to the connection, which
    is never after the reply.
    """

    switch: int
    token: int
    at_ns: int
    written_ns: int


@dataclass(frozen=True, slots=True)
class SwitchRefused:
    """A switch answered a message with an OpenFlow error, and did not carry it out."""

    switch: int
    error: str


@dataclass(frozen=True, slots=True)
class LanePaths:
    """The path of each lane of every pair that has moved, as the switches are given it at `at_ns`; the others take the
    direct one."""

    at_ns: int
    paths: Mapping[Direction, tuple[Relays, ...]]


Evidence: TypeAlias = ProbeReport | ReflectionReport | MediaReport | PortState | LanePaths
"""What detectors judge health by."""

SwitchEvent: TypeAlias = SwitchConnected | PortState | BarrierReply | SwitchRefused


class SwitchError(Exception):
    """A switch refused a message; its rules are not what the controller believes."""


@dataclass(frozen=True, slots=True)
class Install:
    """Send these rules to a switch in order, then a barrier request that carries `token`.

    The barrier comes last because a switch acknowledges no flow-mod: only the reply to a barrier says that all before
    it were carried out (OpenFlow 1.3 §6.2). Between the rules there is none: Open vSwitch takes the messages of a
    connection in order, so that what is cleared, or a group, may come before the rule that needs it.
    """

    switch: int
    token: int
    rules: tuple[SwitchRule, ...]


@dataclass(frozen=True, slots=True)
class Milestone:
    """Reported once each. installed: every switch has confirmed its direct paths; watching: all health is known."""

    name: Literal["installed", "watching"]


Record: TypeAlias = HealthChange | HeldUp | Decision | Kept | Review
Action: TypeAlias = Install | LoadOrder | Milestone | Record
