"""The process that records the packets of a cluster's WebRTC peers where they leave its host and arrive there.

It sees frames, and nothing of what peers and TURN servers say of themselves.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

from hostio.control import Ready, Stop, Stopped, receive, tell
from hostio.files import write_array
from hostio.sockets import frame_socket, packet_drops, receive_frame
from relay_app.records import RELAYED_PACKET
from relay_app.webrtc.turn_frames import HEADERS, relayed_rtp


@dataclass(frozen=True, slots=True)
class TapConfig:
    """`interface`: of the host; `machine_code`: a filter for ChannelData. Records: RELAYED_PACKET[n], as .npy."""

    interface: str
    machine_code: bytes
    records_path: Path


def serve(config: TapConfig, control: Connection) -> None:
    """Answer Ready, and record packets until Stop; then write the records."""
    rows: list[tuple[int, int, int, int, bool]] = []
    with frame_socket(config.interface, config.machine_code) as endpoint:
        tell(control, Ready())
        stopped = False
        while not stopped:
            stopped = control in wait([control, endpoint]) and isinstance(receive(control), Stop)
            while frame := receive_frame(endpoint, HEADERS):
                if packet := relayed_rtp(frame.data, outgoing=frame.outgoing):
                    server = int(ipaddress.IPv4Address(packet.server))
                    rows.append((frame.at_ns, packet.ssrc, packet.seq, server, frame.outgoing))
        drops = packet_drops(endpoint)
    write_array(config.records_path, np.array(rows, RELAYED_PACKET))
    tell(control, Stopped({"webrtc tap": drops}))
