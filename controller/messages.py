"""What passes between the engine, which decides, and the shim round it, which talks to switches, files and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.decisions import Decision, HealthChange, Kept, Review
from controller.rules import FlowRule


@dataclass(frozen=True, slots=True)
class SwitchConnected:
    """A switch finished its OpenFlow handshake, for the first time or again. `rules`: what it had in force then."""

    switch: int
    rules: tuple[FlowRule, ...] = ()


@dataclass(frozen=True, slots=True)
class PortState:
    """A port's link, as the switch reported it."""

    switch: int
    port: int
    up: bool


@dataclass(frozen=True, slots=True)
class BarrierReply:
    """A switch has processed everything up to the installation with this token."""

    switch: int
    token: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class SwitchRefused:
    """A switch answered with an OpenFlow error: it did not do what it was told."""

    switch: int
    error: str


SwitchEvent = SwitchConnected | PortState | BarrierReply | SwitchRefused


class SwitchError(Exception):
    """A switch refused a message; its rules are not what the controller believes."""


@dataclass(frozen=True, slots=True)
class Install:
    """Send these rules to a switch in order, then a barrier request that carries `token`."""

    switch: int
    token: int
    rules: tuple[FlowRule, ...]


@dataclass(frozen=True, slots=True)
class Milestone:
    """Said once each: every switch has confirmed its direct paths; the health of every direction is known."""

    name: Literal["installed", "watching"]


Record = HealthChange | Decision | Kept | Review
Action = Install | Milestone | Record
