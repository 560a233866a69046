from __future__ import annotations

import pytest

from relay_app.ports import CANARY_PORT, CLIENT_PORT, LANE_PORT, LANES
from relay_app.probing.canaries import Canary, canary_records, canary_ssrc, full_number
from relay_app.rtp import RtpPacket, blipnet_header
from relay_app.streams import RESERVED_SSRCS, SessionGroup, streams_of

OFFSET_NS = 3_900_000_000 * 10**9


def test_a_canary_has_the_layout_of_media_and_comes_back_as_it_was() -> None:
    canary = Canary(canary_ssrc(1, 3), 70_000, 5_000_000_123, (3,))
    datagram = canary.encode(OFFSET_NS)
    media = blipnet_header(111, canary.ssrc)
    assert len(datagram) == len(media) + 80
    assert [datagram[at] for at in (0, 1, 12, 13, 16, 25)] == [media[at] for at in (0, 1, 12, 13, 16, 25)]
    assert Canary.decode(datagram, OFFSET_NS) == canary._replace(sequence=70_000 & 0xFFFF)


def test_other_rtp_is_no_canary() -> None:
    with pytest.raises(ValueError, match="SSRC 00000007 is no canary"):
        Canary.decode(blipnet_header(111, 7), OFFSET_NS)
    with pytest.raises(ValueError, match="is no canary"):
        Canary.decode(RtpPacket(111, 0, 0, canary_ssrc(1, 2)).encode(), OFFSET_NS)


def test_every_pair_has_its_own_ssrc_that_no_session_gets() -> None:
    ssrcs = {canary_ssrc(observer, relay) for observer in range(1, 65) for relay in range(1, 65)}
    assert len(ssrcs) == 64 * 64
    assert ssrcs <= set(RESERVED_SSRCS)
    sessions = streams_of([SessionGroup("talk", "a", "b", 20_000, "voice")], seed=1)
    assert not {stream.ssrc for stream in sessions} & set(RESERVED_SSRCS)


def test_the_record_leads_straight_back_to_the_observer() -> None:
    (record,) = canary_records([(4, 2)])
    assert (record.ssrc, record.source, record.destination, record.port) == (canary_ssrc(4, 2), 4, 4, CANARY_PORT)
    assert CANARY_PORT not in (CLIENT_PORT, *range(LANE_PORT, LANE_PORT + LANES))


@pytest.mark.parametrize(
    ("sent", "number"), [(1, 0), (65_536, 65_535), (65_540, 65_538), (65_540, 5), (200_000, 199_999)]
)
def test_the_number_is_the_last_one_sent_that_ends_so(sent: int, number: int) -> None:
    assert full_number(number & 0xFFFF, sent) == number


def test_a_number_that_was_never_sent_is_negative() -> None:
    assert full_number(7, sent=3) < 0
