"""Counts media frames at ports of switches, by packet sockets: independent of switches and link back end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hostio.sockets import PacketCounter
from topologies.bpf.filters import media_filter
from topologies.bpf.program import machine_code
from topologies.interface_names import switch_lan_port, switch_port, wire_port
from topologies.model import Direction, Topology


@dataclass(frozen=True, slots=True)
class MediaCounts:
    """Media frames since the start: from each cluster's host to its switch and back, onto each link and off it.

    `onto_link` is empty if no interface lies between switch and link back end.
    """

    from_host: Mapping[str, int]
    to_host: Mapping[str, int]
    onto_link: Mapping[Direction, int]
    off_link: Mapping[Direction, int]


class RelayFrames(NamedTuple):
    """Frames to the lanes of a relay, from other hosts, and frames that it sent to other hosts."""

    came_in: int
    went_out: int


class MediaTaps:
    """Counts from its construction on. `ports`: first and last UDP port of media. `inner_ends`: links have inner ends,
    at which frames onto a link are counted."""

    def __init__(self, topology: Topology, ports: tuple[int, int], *, inner_ends: bool) -> None:
        arriving, leaving = machine_code(media_filter(ports)), machine_code(media_filter(ports, outgoing=True))
        lan_ports = {cluster.name: switch_lan_port(cluster.ordinal) for cluster in topology.clusters}
        ends = {direction: topology.ordinals(direction) for direction in topology.directions}
        self._from_host = {name: PacketCounter(port, arriving, incoming=True) for name, port in lan_ports.items()}
        self._to_host = {name: PacketCounter(port, leaving, incoming=False) for name, port in lan_ports.items()}
        self._onto_link = {
            direction: PacketCounter(wire_port(i, j), arriving, incoming=True)
            for direction, (i, j) in ends.items()
            if inner_ends
        }
        self._off_link = {
            direction: PacketCounter(switch_port(j, i), arriving, incoming=True) for direction, (i, j) in ends.items()
        }

    def read(self) -> MediaCounts:
        """All counts; they are read one after the other, so they agree only while no media flow."""
        return MediaCounts(
            from_host={name: counter.read() for name, counter in self._from_host.items()},
            to_host={name: counter.read() for name, counter in self._to_host.items()},
            onto_link={direction: counter.read() for direction, counter in self._onto_link.items()},
            off_link={direction: counter.read() for direction, counter in self._off_link.items()},
        )


class RelayTap:
    """Counts the frames that a cluster's relay receives from other hosts, and those that it sends to them, from its
    construction on.

    `lanes`: first and last UDP port at which relays receive; `prober`: a port above these, from which the host's prober
    sends to lanes as well, and to which relays send canaries on.
    """

    def __init__(self, ordinal: int, lanes: tuple[int, int], prober: int) -> None:
        port = switch_lan_port(ordinal)
        to_lanes = machine_code(media_filter(lanes, outgoing=True))
        sent_on = machine_code(media_filter((lanes[0], prober), not_from=prober))
        self._came_in = PacketCounter(port, to_lanes, incoming=False)
        self._went_out = PacketCounter(port, sent_on, incoming=True)

    def read(self) -> RelayFrames:
        """Both counts."""
        return RelayFrames(self._came_in.read(), self._went_out.read())
