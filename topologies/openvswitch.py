"""A private Open vSwitch: its own database and its own switch daemon, gone with the sandbox."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from hostio.foreign_sockets import deepen_packet_sockets
from hostio.realtime import make_punctual
from topologies.commands import CommandError, run
from topologies.lookups import Lookups, parse_lookups

Datapath = Literal["kernel", "user"]

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
RUNTIME = Path("/run/openvswitch")
"""Where the Open vSwitch tools look for the database's socket."""

_PORT_LINE = re.compile(r'port\s+"?([^\s":]+)"?:\s+rx (.*)')
_DROP = re.compile(r"drop=(\d+)")
_PACKET_SOCKET = re.compile(r'^p_raw .*\*:(\S+) .*"ovs-vswitchd".*,d(\d+)\)', re.MULTILINE)


def probe_datapath() -> tuple[Datapath, str]:
    """The datapath a run would use, and why: the kernel's where its netlink family answers (that loads the module)."""
    try:
        run(["genl", "ctrl", "get", "name", "ovs_datapath"])
    except (CommandError, FileNotFoundError):
        return "user", "this kernel has no openvswitch module"
    return "kernel", "this kernel has the openvswitch module"


def start_openvswitch(logs: Path) -> None:
    """Start a database and a switch daemon, both ready on return; log files go to `logs`.

    The daemon's main thread, which is the userspace datapath, is to be as punctual as the emulated links: it stands
    for hardware.
    """
    RUNTIME.mkdir()
    database, socket = RUNTIME / "conf.db", RUNTIME / "db.sock"
    run(["ovsdb-tool", "create", str(database), str(SCHEMA)])
    _start_daemon("ovsdb-server", [str(database), f"--remote=punix:{socket}"], logs)
    run(["ovs-vsctl", "--no-wait", "init"])
    _start_daemon("ovs-vswitchd", [f"unix:{socket}"], logs)
    make_punctual(int(_pid_file("ovs-vswitchd").read_text()))


def deepen_ports() -> None:
    """Let the userspace datapath's ports hold a burst. By default their packet sockets hold some 270 frames."""
    deepen_packet_sockets(int(_pid_file("ovs-vswitchd").read_text()))


def _start_daemon(program: str, arguments: list[str], logs: Path) -> None:
    files = [f"--pidfile={_pid_file(program)}", f"--log-file={logs / program}.log"]
    run([program, *arguments, "--detach", "--no-chdir", "-vconsole:off", *files])


def _pid_file(program: str) -> Path:
    return RUNTIME / f"{program}.pid"


def port_drops(switch: str) -> dict[str, int]:
    """Frames that a switch's ports dropped, by "switch port rx|tx", as its OpenFlow port statistics count them."""
    return parse_port_drops(switch, run(["ovs-ofctl", "-O", "OpenFlow13", "--names", "dump-ports", switch]))


def parse_port_drops(switch: str, dump: str) -> dict[str, int]:
    """The drop counters in the output of `ovs-ofctl dump-ports`; the bridge's own port is left out."""
    drops = {}
    port = None
    for line in dump.splitlines():
        if start := _PORT_LINE.search(line):
            port = start[1]
        dropped = _DROP.search(line)
        if port and port != "LOCAL" and dropped:
            side = "rx" if start else "tx"
            drops[f"{switch} {port} {side}"] = int(dropped[1])
    return drops


def lookups() -> Lookups:
    """Since the start, of either datapath."""
    return parse_lookups(run(["ovs-appctl", "dpctl/show"]))


def packet_socket_drops() -> dict[str, int]:
    """Frames that the userspace datapath was too slow to read, by port; no port counter has them."""
    return parse_packet_socket_drops(run(["ss", "--packet", "--numeric", "--memory", "--processes", "--oneline"]))


def parse_packet_socket_drops(listing: str) -> dict[str, int]:
    """Drops of the switch daemon's packet sockets in the output of `ss` (SK_MEMINFO_DROPS)."""
    return {f"ovs-vswitchd: {port}": int(drops) for port, drops in _PACKET_SOCKET.findall(listing)}
