"""The sandbox's own Open vSwitch, a database and a switch daemon: start, counters, and which datapath it uses."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hostio.commands import CommandError, run
from hostio.process_handle import enlarge_packet_buffers
from hostio.realtime import set_thread_priority

Datapath = Literal["kernel", "user"]

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
RUNTIME = Path("/run/openvswitch")
"""Folder in which the Open vSwitch tools look for the database's socket."""

_PORT_LINE = re.compile(r'port\s+"?([^\s":]+)"?:\s+rx (.*)')
_DROP = re.compile(r"drop=(\d+)")
_PACKET_SOCKET = re.compile(r'^p_raw .*\*:(\S+) .*"ovs-vswitchd".*,d(\d+)\)', re.MULTILINE)


def probe_datapath() -> tuple[Datapath, str]:
    """The datapath that a run would use, and why. It is the kernel's if its netlink family exists; the query loads the
    module."""
    try:
        run(["genl", "ctrl", "get", "name", "ovs_datapath"])
    except (CommandError, FileNotFoundError):
        return "user", "this kernel has no openvswitch module"
    return "kernel", "this kernel has the openvswitch module"


def start_openvswitch(logs: Path) -> None:
    """Start a database and a switch daemon, both ready on return; log files go to `logs`.

    The daemon's main thread runs the userspace datapath. It gets real-time priority, because a real switch forwards in
    hardware and does not wait for other programs.
    """
    RUNTIME.mkdir()
    database, socket = RUNTIME / "conf.db", RUNTIME / "db.sock"
    run(["ovsdb-tool", "create", str(database), str(SCHEMA)])
    _start_daemon("ovsdb-server", [str(database), f"--remote=punix:{socket}"], logs)
    run(["ovs-vsctl", "--no-wait", "init"])
    _start_daemon("ovs-vswitchd", [f"unix:{socket}"], logs)
    set_thread_priority(daemon_pid())


def daemon_pid() -> int:
    """The process that runs all switches."""
    return int(_pid_file("ovs-vswitchd").read_text())


_BFD_THREADS = ("monitor", "handler", "revalidator")


def hurry_bfd() -> None:
    """Real-time priority for the threads that send BFD packets, take in those that came by the kernel's datapath, and
    move flows off a port that is no longer live: as line cards do it, which do not wait for other programs. Called
    after the switches have started; the threads are made then."""
    for thread in Path(f"/proc/{daemon_pid()}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # threads come and go
            if (thread / "comm").read_text().startswith(_BFD_THREADS):
                set_thread_priority(int(thread.name))


def enlarge_port_buffers() -> None:
    """Enlarge the buffers of the userspace datapath's packet sockets, so that a burst fits; by default they hold some
    270 frames. Called after the switches have started: the sockets are made then."""
    enlarge_packet_buffers(daemon_pid())


def _start_daemon(program: str, arguments: list[str], logs: Path) -> None:
    files = [f"--pidfile={_pid_file(program)}", f"--log-file={logs / program}.log"]
    run([program, *arguments, "--detach", "--no-chdir", "-vconsole:off", *files])


def _pid_file(program: str) -> Path:
    return RUNTIME / f"{program}.pid"


PortSide = Literal["rx", "tx"]


@dataclass(frozen=True, slots=True)
class PortDrops:
    """Frames that a port of a switch dropped on receipt (`rx`) or on sending (`tx`)."""

    switch: str
    port: str
    side: PortSide
    drops: int


def port_drops(switch: str) -> tuple[PortDrops, ...]:
    """Drops of a switch's ports, from its OpenFlow port statistics; CommandError."""
    return parse_port_drops(switch, run(["ovs-ofctl", "-O", "OpenFlow13", "--names", "dump-ports", switch]))


def parse_port_drops(switch: str, dump: str) -> tuple[PortDrops, ...]:
    """The drop counters in the output of `ovs-ofctl dump-ports`; the bridge's own port is left out."""
    drops = []
    port = None
    for line in dump.splitlines():
        if start := _PORT_LINE.search(line):
            port = start[1]
        dropped = _DROP.search(line)
        if port and port != "LOCAL" and dropped:
            drops.append(PortDrops(switch, port, "rx" if start else "tx", int(dropped[1])))
    return tuple(drops)


def datapath_stats() -> DatapathStats:
    """Flow-table lookups since the start of the switches, of either datapath; CommandError."""
    return parse_datapath_stats(run(["ovs-appctl", "dpctl/show"]))


def packet_socket_drops() -> dict[str, int]:
    """Frames that found the buffer of a userspace datapath's port full, by port; no port statistics include them."""
    return parse_packet_socket_drops(run(["ss", "--packet", "--numeric", "--memory", "--processes", "--oneline"]))


def parse_packet_socket_drops(listing: str) -> dict[str, int]:
    """Drops of the switch daemon's packet sockets (SK_MEMINFO_DROPS), by port, in the output of `ss`."""
    return {port: int(drops) for port, drops in _PACKET_SOCKET.findall(listing)}


_LOOKUPS = re.compile(r"lookups: hit:(\d+) missed:(\d+) lost:(\d+)")


@dataclass(frozen=True, slots=True)
class DatapathStats:
    """Lookups in the flow tables of all switches: packets that `hit` a flow, that `missed` and went to the daemon by an
    upcall, and that were `lost` because the upcall could not be queued (ovs-dpctl(8))."""

    hit: int
    missed: int
    lost: int

    def since(self, before: DatapathStats) -> DatapathStats:
        """The growth since an earlier reading."""
        return DatapathStats(self.hit - before.hit, self.missed - before.missed, self.lost - before.lost)


def parse_datapath_stats(shown: str) -> DatapathStats:
    """The sum over the datapaths in the output of `ovs-appctl dpctl/show`, of the kernel's or the userspace one."""
    found = [tuple(map(int, counts)) for counts in _LOOKUPS.findall(shown)]
    return DatapathStats(*map(sum, zip(*found, strict=True))) if found else DatapathStats(0, 0, 0)
