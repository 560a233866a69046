"""The key `match` of events on links: which frames an event strikes, and whether a scenario sends any such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias, get_args

from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.fields import port_ranges
from scenarios.language.readings import FRAME_SIZE, WHOLE, one_of, within
from topologies.frame_match import FrameMatch, Ports, Protocol, Traffic, can_match

FrameSize: TypeAlias = Annotated[int, checked(within(FRAME_SIZE, "1B", "65535B"))]
TransportProtocol: TypeAlias = Annotated[Protocol, checked(one_of(*get_args(Protocol)))]
PortRanges: TypeAlias = Annotated[tuple[Ports, ...], checked(port_ranges)]
Codepoint: TypeAlias = Annotated[int, checked(within(WHOLE, "0", "63"))]
PayloadType: TypeAlias = Annotated[int, checked(within(WHOLE, "0", "127"))]


class FrameChoice(Strict):
    """The frames of which all that is given is true."""

    larger_than: FrameSize | None = Field(default=None, alias="larger-than", examples=["1100B"])
    """Frames of more bytes, Ethernet header included."""
    protocol: TransportProtocol | None = Field(default=None, examples=["udp"])
    """What the IPv4 packet carries."""
    ports: PortRanges = Field(default=(), examples=['"40000-40015"'])
    """Source or destination port, of UDP or TCP: a number, a range, or a list of them."""
    dscp: Codepoint | None = Field(default=None, examples=["46"])
    """Differentiated services codepoint (RFC 2474)."""
    payload_type: PayloadType | None = Field(default=None, alias="payload-type", examples=["96"])
    """Of RTP (RFC 3550)."""

    def chosen(self) -> FrameMatch:
        """The match."""
        return FrameMatch(self.larger_than, self.protocol, self.ports, self.dscp, self.payload_type)

    def problems(self, path: DataPath) -> Iterator[Problem]:
        """A match of nothing in particular, and of a port or payload type where there is none."""
        if not self.model_fields_set:
            yield Problem(path, "match what? add larger-than: 1100B, or leave the match out")
        if self.protocol == "icmp" and self.ports:
            yield Problem((*path, "ports"), "icmp has no ports; leave them out, or write protocol: udp")
        if self.protocol in ("icmp", "tcp") and self.payload_type is not None:
            yield Problem((*path, "payload-type"), "RTP is carried by UDP; write protocol: udp, or leave it out")


def unsent(match: FrameMatch, traffic: Iterable[Traffic]) -> str | None:
    """What is wrong with a match of frames of which a scenario sends none; None if it sends some."""
    kinds = tuple(traffic)
    if any(can_match(match, each) for each in kinds):
        return None
    return f"nothing that the scenario sends matches; it sends {', '.join(map(_told, kinds))}"


def _told(traffic: Traffic) -> str:
    ports = f" port {traffic.ports[0]}" if len(traffic.ports) == 1 else ""
    types = f", payload type {' or '.join(map(str, traffic.payload_types))}" if traffic.payload_types else ""
    return f"{traffic.name} ({traffic.protocol}{ports}{types}, up to {traffic.largest} bytes)"
