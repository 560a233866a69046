"""The command of dumpcap(1), and what it says of a capture that has ended. Pure.

It writes pcapng: one file for several interfaces, each with a name, and times of the kernel in ns since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from results.run_files.captured import LINKS, Captured, host_stem
from topologies.interface_names import HOST_PORT, switch_port
from topologies.model import Topology

PROGRAM = "dumpcap"

MOST_BYTES = 500_000_000
"""Of a file. What comes when it is full is not captured."""

BEGUN = "File: "
"""It says this, with the file's path, when it captures."""

_BUFFER_MIB = 8
_CAPABILITIES = "+net_raw,+net_admin,+dac_override"
"""The last one, because the run directory may be somebody's who called sudo."""

_CAPTURED = re.compile(r"^Packets captured: (\d+)$", re.MULTILINE)
_DROPPED = re.compile(r"^Packets received/dropped on interface .*: \d+/(\d+) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Point:
    """An interface that is captured, and its name in the file."""

    interface: str
    name: str


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """What is captured into one file: in the network of a cluster's host, or in that of the switches (None)."""

    stem: str
    points: tuple[Point, ...]
    cluster: str | None = None


def capture_files(captured: Captured, topology: Topology) -> tuple[CaptureFile, ...]:
    """The files of a run's captures.

    A link is captured at its switches' ports: with either back end these see what comes off the link; what goes onto it
    they see before the userspace wire has it, and after netem has had it.
    """
    of_links = tuple(
        Point(switch_port(*(topology.cluster(each).ordinal for each in (here, there))), f"{here}, link to {there}")
        for link in captured.links
        for here, there in (link, link[::-1])
    )
    hosts = [CaptureFile(host_stem(each), _of_host(each), each) for each in captured.clusters]
    return (*([CaptureFile(LINKS, of_links)] if of_links else []), *hosts)


def _of_host(cluster: str) -> tuple[Point, ...]:
    return Point(HOST_PORT, f"{cluster}, network"), Point("lo", f"{cluster}, within the host")


def command(points: Sequence[Point], path: Path, comment: str, most_bytes: int = MOST_BYTES) -> list[str]:
    """The command that captures all that passes these interfaces."""
    captured = [word for each in points for word in ("-i", each.interface, "--ifname", each.name, "-p")]
    limits = ("-B", str(_BUFFER_MIB), *captured, "-a", f"filesize:{most_bytes // 1000}")
    confined = ("setpriv", f"--bounding-set=-all,{_CAPABILITIES}", "--inh-caps=-all", "--ambient-caps=-all", "--")
    return [*confined, PROGRAM, "-q", *limits, "--capture-comment", comment, "-w", str(path)]


def counts_of(said: str) -> tuple[int, int] | None:
    """Packets in the file, and packets dropped, of what it said at its end; None: it did not say."""
    captured = _CAPTURED.findall(said)
    return (int(captured[-1]), sum(map(int, _DROPPED.findall(said)))) if captured else None
