"""Everything of one run that is alive: network, links, directory, relays, clients, probers and controller.

Built inside the sandbox, each part ready by its own word. Nothing is torn down piece by piece: the processes are
asked for their records, and the sandbox takes the rest with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns, time_ns

from controller.config import ControllerConfig
from relay_app import client, probes, relay, signalling
from relay_app.sessions import Stream, streams_of
from results.machine import LinkRow, MachineReport
from results.plan import Plan
from results.rundir import RunDir
from scenarios.crew import CrewError, Member, await_ready, dismiss, recruit, warm_up
from scenarios.links import build_links
from scenarios.memory import proportional_memory_bytes
from scenarios.services import ControllerProcess, start_redis
from scenarios.timeline import base_states
from topologies import names
from topologies.fabric import Fabric
from topologies.links import LinkBackend
from topologies.model import Cluster
from topologies.openvswitch import port_drops, start_openvswitch

SCRATCH = Path("/run/blipnet")
"""Sockets and configuration of the run, on the sandbox's own tmpfs."""

PRELOAD = ("scenarios.preload",)

_REDIS_PORT = 6379
_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 15.0
_NTP_EPOCH_S = 2_208_988_800
"""From 1900 to 1970 (RFC 5905 §6)."""
