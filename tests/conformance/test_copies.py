"""Duplicates and corruption, with tshark as the judge of checksums."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy
from link_lab import A_B, BOTH, LabMaker, numbers, udp_frame
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from hostio.timing import MS
from topologies.link_state import LinkState, RandomLoss

pytestmark = [pytest.mark.root, BOTH]


def test_a_share_of_the_frames_arrives_twice(make_lab: LabMaker) -> None:
    count, share = 2_000, 0.2
    with make_lab({A_B: LinkState(delay_ns=5 * MS, duplicate=share)}) as lab:
        copies: Counter[int] = Counter()
        for _ in range(count // 500):
            lab.send(A_B, 500)
            copies.update(numbers(lab.arrivals(A_B, copied=True)))
        counters = lab.backend.counters()[A_B]
    assert sorted(copies) == list(range(count))
    assert set(copies.values()) == {1, 2}
    twice = sum(number == 2 for number in copies.values())
    assert scipy.stats.binomtest(twice, count, share).pvalue > 1e-6
    assert counters.released == count + twice
    if lab.backend.capabilities.counts_duplicates:
        assert (counters.received, counters.duplicated) == (count, twice)
    else:
        assert counters.duplicated == 0


def test_lost_and_duplicated_at_once_is_one_copy(make_lab: LabMaker) -> None:
    """As in netem: of a frame that is duplicated and lost one copy goes on."""
    with make_lab({A_B: LinkState(duplicate=1.0, loss=RandomLoss(1.0))}) as lab:
        lab.send(A_B, 200)
        assert numbers(lab.arrivals(A_B, copied=True)) == list(range(200))


def test_corruption_turns_one_bit_and_the_checksums_fail(make_lab: LabMaker, tmp_path: Path) -> None:
    """The length stays; whatever bit of the IP packet is turned over, a checksum of IP or UDP tells."""
    count = 300
    sent = udp_frame(source_port=20_000, destination_port=40_000, payload=bytes(range(100)))
    with make_lab({A_B: LinkState(corrupt=1.0)}) as lab:
        for _ in range(count):
            lab.send_frame(A_B, sent)
        arrived = [arrival.data for arrival in lab.arrivals(A_B)]
        counted = lab.backend.capabilities.counts_corrupted
        assert lab.backend.counters()[A_B].corrupted == (count if counted else 0)
    assert {len(frame) for frame in arrived} == {len(sent)}
    turned = np.unpackbits(np.frombuffer(b"".join(arrived), np.uint8) ^ np.frombuffer(sent * count, np.uint8))
    assert turned.reshape(count, -1).sum(axis=1).tolist() == [1] * count
    in_packet = [frame for frame in arrived if frame[:14] == sent[:14]]
    assert len(in_packet) > count / 2
    assert checksums_hold(in_packet, tmp_path) == [False] * len(in_packet)
    assert checksums_hold([sent], tmp_path) == [True]


def test_a_share_of_the_frames_is_corrupted(make_lab: LabMaker) -> None:
    count, share = 2_000, 0.1
    sent = udp_frame(source_port=20_000, destination_port=40_000)
    with make_lab({A_B: LinkState(corrupt=share)}) as lab:
        arrived = []
        for _ in range(count // 500):
            for _ in range(500):
                lab.send_frame(A_B, sent)
            arrived += [arrival.data for arrival in lab.arrivals(A_B)]
    assert len(arrived) == count
    assert scipy.stats.binomtest(sum(frame != sent for frame in arrived), count, share).pvalue > 1e-6


def checksums_hold(frames: list[bytes], folder: Path) -> list[bool]:
    """tshark's verdict on each frame: that it is IPv4 with UDP, and both checksums are good."""
    capture = folder / "frames.pcap"
    wrpcap(str(capture), [Ether(frame) for frame in frames])
    options = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
    fields = ("-e", "ip.checksum.status", "-e", "udp.checksum.status")
    argv = ["tshark", "-r", str(capture), *options, "-T", "fields", *fields, "-E", "separator=,"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return [line == "1,1" for line in done.stdout.splitlines()]
