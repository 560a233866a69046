from __future__ import annotations

import pytest

from relay_app.probing.link_probes import OneWayProbe
from relay_app.rtp import ntp_fraction, ntp_offset_ns, ntp_seconds

OFFSET_NS = ntp_offset_ns(1_700_000_000_123_456_789, 0)


def test_wire_format_of_rfc_4656() -> None:
    wire = OneWayProbe(258, 1_500_000_000).encode(OFFSET_NS)
    seconds, fraction = ntp_seconds(1_500_000_000, OFFSET_NS), ntp_fraction(1_500_000_000, OFFSET_NS)
    assert wire == bytes.fromhex("00000102") + seconds.to_bytes(4, "big") + fraction.to_bytes(4, "big") + b"\x8c\x01"
    assert OneWayProbe.decode(wire + bytes(20), OFFSET_NS) == OneWayProbe(258, 1_500_000_000)


@pytest.mark.parametrize("length", [0, 1, 13])
def test_short_probes_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"{length} bytes"):
        OneWayProbe.decode(bytes(length), OFFSET_NS)
