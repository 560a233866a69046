"""Packets of other programs are matched by SSRC, sequence number and digest."""

from __future__ import annotations

import numpy as np

from relay_app.records import DIGEST, NOT_CARRIED, RECEIVED, SENT
from relay_app.streams import Stream
from results.metrics.matching import UNMATCHED, match
from results.metrics.streams import unmatched
from results.run_files.records import Recording
from topologies.link_backend import FRAME_FATE

SOUND = Stream(7, "sound-0000", "sound", "a", "b", "ffmpeg-opus")


def recording(received: list[tuple[int, int, int]]) -> Recording:
    """Packets 65535 to 65538, extended, are sent at 0, 20, 40 and 60 with digests 1 to 4; received: seq, at, digest."""
    sent = [(7, 65535 + number, 20 * number, 20 * number) for number in range(4)]
    sent_digests = [(7, seq & 0xFFFF, at_ns, number + 1) for number, (_, seq, _, at_ns) in enumerate(sent)]
    rows = [(7, seq, 0, NOT_CARRIED, at_ns) for seq, at_ns, _ in received]
    digests = [(7, seq, at_ns, digest) for seq, at_ns, digest in received]
    return Recording(
        streams=(SOUND,),
        sent={"a": np.array(sent, SENT)},
        received={"b": np.array(rows, RECEIVED)},
        relays={},
        probes={},
        fetches={},
        relay_fates={},
        exchanges={},
        link_fates=np.empty(0, FRAME_FATE),
        problems=(),
        sent_digests={"a": np.array(sent_digests, DIGEST)},
        received_digests={"b": np.array(digests, DIGEST)},
    )


def test_the_send_time_is_that_of_the_senders_record() -> None:
    matched = match(recording([(65535, 31, 1), (0, 52, 2), (2, 95, 4)]))
    assert matched.packets.received_ns.tolist() == [31, 52, -1, 95]
    assert matched.arrivals.sent_ns.tolist() == [0, 20, 60]
    assert unmatched(matched) == 0


def test_a_packet_that_was_altered_matches_none() -> None:
    matched = match(recording([(65535, 31, 1), (0, 52, 9), (2, 95, 4)]))
    assert matched.arrivals.packet.tolist() == [0, UNMATCHED, 3]
    assert matched.packets.copies.tolist() == [1, 0, 0, 1]
    assert unmatched(matched) == 1
