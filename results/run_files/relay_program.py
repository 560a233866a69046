"""A relay of somebody else: the program that runs as a cluster's relay, as the plan records it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from hostio.stack_dumps import StackTool
from hostio.timing import S


@dataclass(frozen=True, slots=True)
class HttpOk:
    """A GET request of this URL, in the network of the relay's host, has status 200. The URL may name the contract's
    variables."""

    http: str


@dataclass(frozen=True, slots=True)
class CommandOk:
    """This command, under the same confinement as the program, ends with exit code 0. It is the only judge of whether
    the lanes are served: a relay in the kernel binds none."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortsBound:
    """All these UDP ports are bound, at the address of the relay's host or at any."""

    ports: tuple[int, ...]


ReadyWord = Literal["notify", "ports"]
"""READY=1 of sd_notify(3), or all lanes bound."""

Ready = ReadyWord | HttpOk | CommandOk
"""How a program tells that it serves."""

ServerReady = Literal["notify"] | PortsBound | HttpOk | CommandOk
"""How a server tells that it serves, which has no lanes."""

Capability = Literal[
    "net_admin", "net_bind_service", "net_broadcast", "net_raw",
    "ipc_lock", "sys_nice", "bpf", "perfmon", "dac_read_search",
]  # fmt: skip
"""Capabilities (capabilities(7)) that a program may ask for: none by which it could undo its confinement."""

SessionSource = Literal["directory", "file", "none"]
"""Where a program finds a session that it does not hold: in the session directory; nowhere, as it holds all; or none is
needed, as it passes on whatever comes."""

CONTRACT_VARIABLES = (
    "BLIPNET_CONTRACT",
    "BLIPNET_ADDRESS",
    "BLIPNET_ORDINAL",
    "BLIPNET_LANES",
    "BLIPNET_CLIENT_PORT",
    "BLIPNET_PEERS",
    "BLIPNET_DIRECTORY",
    "BLIPNET_SESSIONS",
    "BLIPNET_RUN_DIR",
)
"""The environment variables of the packet contract; command lines may name them as `${BLIPNET_ADDRESS}`."""


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A server with a protocol of its own, which the relay's program, its adapter, speaks. As in RelayProgram."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    stop_grace_ns: int = 3 * S
    descriptors: int = 1024
    ready: ServerReady = "notify"
    turn_port: int | None = None
    """UDP port at which it takes TURN clients without credentials; None: it does not."""


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """Where a program gives metrics of itself, in the text format of Prometheus, over HTTP."""

    port: int
    path: str


@dataclass(frozen=True, slots=True)
class RelayProgram:
    """A program and how it is run; `folder` is absolute, `command` is found and has an absolute path.

    `writes_path_log`: whether it enters itself in the path log of the packets that it forwards. `server`: that to which
    it is the adapter. `packages`: Debian packages that it needs.
    """

    folder: str
    command: tuple[str, ...]
    description: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ready: Ready = "notify"
    sessions: SessionSource = "directory"
    stop_grace_ns: int = 3 * S
    descriptors: int = 1024
    """RLIMIT_NOFILE, soft and hard."""
    memory_bytes: int = 2 << 30
    """RLIMIT_DATA of each of its processes."""
    processes: int = 512
    """RLIMIT_NPROC: processes and threads of its user."""
    capabilities: tuple[Capability, ...] = ()
    """All that it has."""
    watchdog_ns: int = 0
    """It has to send WATCHDOG=1 (sd_notify(3)) at least so often; 0: it need not."""
    writes_path_log: bool = False
    metrics: MetricsEndpoint | None = None
    server: ServerProgram | None = None
    packages: tuple[str, ...] = ()
    stacks: StackTool | None = None
    """By what the stacks of its threads are taken when it stalls."""

    def limited(self, descriptors: int | None) -> RelayProgram:
        """With this limit of open files for it and for its server, where their own is not lower."""
        if descriptors is None:
            return self
        server = self.server and replace(self.server, descriptors=min(descriptors, self.server.descriptors))
        return replace(self, descriptors=min(descriptors, self.descriptors), server=server)
