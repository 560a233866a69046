from __future__ import annotations

import random
from datetime import datetime, timezone

import pytest

from relay_app.rtp import monotonic_of, ntp_fraction, ntp_offset_ns, ntp_seconds

UNIX_EPOCH_S = int(
    (datetime(1970, 1, 1, tzinfo=timezone.utc) - datetime(1900, 1, 1, tzinfo=timezone.utc)).total_seconds()
)
BOOTED_AT_S = 1_700_000_000
OFFSET_NS = ntp_offset_ns(BOOTED_AT_S * 10**9, 0)


def test_offset_counts_from_1900() -> None:
    assert ntp_seconds(5 * 10**9, OFFSET_NS) == UNIX_EPOCH_S + BOOTED_AT_S + 5


@pytest.mark.parametrize(("ns", "fraction"), [(0, 0), (500_000_000, 1 << 31), (250_000_000, 1 << 30)])
def test_fraction_is_binary(ns: int, fraction: int) -> None:
    assert ntp_fraction(ns, OFFSET_NS) == fraction


def test_fraction_never_overflows() -> None:
    assert ntp_fraction(999_999_999, 0) < 1 << 32


@pytest.mark.parametrize("offset_ns", [OFFSET_NS, OFFSET_NS + 123_456_789, ntp_offset_ns(4_000_000_000 * 10**9, 0)])
def test_every_nanosecond_survives_the_round_trip(offset_ns: int) -> None:
    generator = random.Random(1)
    for _ in range(1000):
        ns = generator.randrange(10**17)
        assert monotonic_of(ntp_seconds(ns, offset_ns), ntp_fraction(ns, offset_ns), offset_ns) == ns


def test_the_era_may_end_during_a_run() -> None:
    last_second_of_era = ((1 << 32) - 1) * 10**9
    later_ns = 3 * 10**9
    assert ntp_seconds(later_ns, last_second_of_era) == 2
    assert monotonic_of(2, ntp_fraction(later_ns, last_second_of_era), last_second_of_era) == later_ns
