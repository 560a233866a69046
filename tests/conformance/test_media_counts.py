"""What the ledger rests on: media counted as it comes onto a link, and single frames noted down."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from link_lab import A_B, B_A, BOTH, Arrival, Lab, LabMaker, interface, own_network, udp_frame, userspace_lab

from hostio.commands import run
from hostio.sockets import PacketCounter
from hostio.timing import MS, S
from topologies.bpf.filters import media_filter
from topologies.bpf.program import machine_code
from topologies.link_backend import FATES, HELD
from topologies.link_state import LinkState, RandomLoss

PORTS = (40_000, 42_000)
SSRC = 0x1234_5678

pytestmark = pytest.mark.root


def rtp_frame(number: int) -> bytes:
    return udp_frame(5_000, 40_003, struct.pack("!BBHII", 0x80, 111, number, 0, SSRC) + bytes(20))


def sequence_numbers(arrivals: list[Arrival]) -> Counter[int]:
    return Counter(int.from_bytes(arrival.data[44:46], "big") for arrival in arrivals)


def send_media(lab: Lab, count: int) -> None:
    for number in range(count):
        lab.send_frame(A_B, rtp_frame(number))


def test_a_counter_tells_arriving_from_leaving_frames_and_forgets_none() -> None:
    """Thousands more than its buffer could hold, among others; the kernel's interface counters are the oracle."""
    with own_network():
        run(["ip", "link", "add", "name", "one", "type", "veth", "peer", "name", "other"])
        for end in ("one", "other"):
            run(["ip", "link", "set", "dev", end, "arp", "off", "up"])
        arriving, leaving = (machine_code(media_filter(PORTS, outgoing=outgoing)) for outgoing in (False, True))
        counters = (
            PacketCounter("one", leaving, incoming=False),
            PacketCounter("one", arriving, incoming=True),
            PacketCounter("other", arriving, incoming=True),
        )
        before = interface("other")["stats64"]["rx"]["packets"]
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.bind(("one", 0))
            for number in range(2_000):
                sender.send(rtp_frame(number) if number % 2 else udp_frame(5_000, 39_999))
        assert [counter.read() for counter in counters] == [1_000, 0, 1_000]
        assert [counter.read() for counter in counters] == [1_000, 0, 1_000]
        assert interface("other")["stats64"]["rx"]["packets"] - before >= 2_000
        for counter in counters:
            counter.close()


@BOTH
def test_a_link_tells_how_much_media_came_to_it(make_lab: LabMaker) -> None:
    """Ahead of everything that happens to it there, vanishing flows included."""
    with make_lab({A_B: LinkState(delay_ns=5 * MS, flows=1.0)}, media_ports=PORTS) as lab:
        send_media(lab, 300)
        lab.send(A_B, 100)
        end = lab.backend.end()
        media = end.counters[A_B].media
        assert (media is not None) == lab.backend.capabilities.counts_media
        assert (end.lateness is not None) == lab.backend.capabilities.tells_lateness
        assert (media.received if media else end.onto_link[A_B]) == 300
        assert end.counters[A_B].lost_flow == 400


def test_the_wire_notes_down_which_media_it_lost_and_which_it_doubled(tmp_path: Path) -> None:
    state = LinkState(delay_ns=5 * MS, loss=RandomLoss(0.3), duplicate=0.2)
    with userspace_lab({A_B: state}, media_ports=PORTS, fates=tmp_path / "fates.npy") as lab:
        send_media(lab, 400)
        lab.send(A_B, 100)
        arrived = sequence_numbers([each for each in lab.arrivals(A_B) if each.number < 0])
        lab.backend.end()
    rows = np.load(tmp_path / "fates.npy")
    assert set(rows["ssrc"].tolist()) == {SSRC}
    assert set(rows["direction"].tolist()) == {0}
    lost, doubled = (
        Counter(rows["seq"][rows["what"] == FATES.index(what)].tolist()) for what in ("lost_loss", "duplicated")
    )
    assert min(lost.total(), doubled.total()) > 20
    assert {number: 1 + doubled[number] - lost[number] for number in range(400)} == {
        number: arrived[number] for number in range(400)
    }


def test_the_wire_notes_down_what_it_still_holds_at_its_end(tmp_path: Path) -> None:
    with userspace_lab({A_B: LinkState(delay_ns=60 * S)}, media_ports=PORTS, fates=tmp_path / "fates.npy") as lab:
        send_media(lab, 50)
        lab.send(B_A, 1)
        lab.arrivals(B_A)
        end = lab.backend.end()
        assert (end.counters[A_B].received, end.counters[A_B].queued, end.counters[A_B].released) == (50, 50, 0)
    rows = np.load(tmp_path / "fates.npy")
    assert rows["seq"].tolist() == list(range(50))
    assert set(rows["what"].tolist()) == {HELD}
