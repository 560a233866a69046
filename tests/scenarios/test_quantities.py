from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import pytest

from scenarios.language.quantities import (
    QuantityError,
    bits_per_second,
    fraction,
    percent,
    time_ns,
    time_text,
    whole_number,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("40ms", 40_000_000),
        ("2s", 2_000_000_000),
        ("1.5s", 1_500_000_000),
        ("250us", 250_000),
        ("3min", 180_000_000_000),
        ("62.3ms", 62_300_000),
        ("0s", 0),
        ("0.001us", 1),
        ("00.10s", 100_000_000),
        ("999999999999.999999999s", 999_999_999_999_999_999_999),
    ],
)
def test_times_are_exact(text: str, ns: int) -> None:
    assert time_ns(text) == ns


@pytest.mark.parametrize(
    ("text", "bps"), [("2mbit", 2_000_000), ("64kbit", 64_000), ("1gbit", 10**9), ("0.5bit", None)]
)
def test_rates_are_decimal_as_in_tc(text: str, bps: int | None) -> None:
    if bps is None:
        with pytest.raises(QuantityError, match="finer than a bit"):
            bits_per_second(text)
    else:
        assert bits_per_second(text) == bps


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.5%", 0.005), ("100%", 1.0), ("0%", 0.0), ("33.3%", 0.333)]
)
def test_percentages_round_once(text: str, share: float) -> None:
    assert fraction(text) == share
    assert percent(text) == float(text[:-1])


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (time_ns, 40, "'40' has no unit; write 40ms or 40s"),
        (time_ns, "40", "'40' has no unit; write 40ms or 40s"),
        (time_ns, 1.5, "'1.5' has no unit; write 1.5ms or 1.5s"),
        (time_ns, "1:30", "'1:30' is not a time; write 90s"),
        (time_ns, "40msec", "'40msec' has the unknown unit 'msec'; write 40ms"),
        (time_ns, "3µs", "'3µs' has the unknown unit 'µs'; write 3us"),
        (time_ns, "2 s", "'2 s' has a space before s; write 2s"),
        (time_ns, "2s\n", "'2s\\n' has a space before s; write 2s"),
        (time_ns, "-2s", "'-2s' is negative; write 2s"),
        (time_ns, "+2s", "'+2s' is not a time; write 40ms or 2s"),
        (time_ns, "1e3s", "'1e3s' has the unknown unit 'e3s'; the units are us, ms, s, min"),
        (time_ns, ".5s", "'.5s' is not a time; write 40ms or 2s"),
        (time_ns, True, "'true' is not a time; write 40ms or 2s"),
        (time_ns, None, "nothing is not a time; write 40ms or 2s"),
        (time_ns, {}, "a mapping is not a time; write 40ms or 2s"),
        (time_ns, float("inf"), "'inf' is not a time; write 40ms or 2s"),
        (time_ns, "5%", "'5%' has the unknown unit '%'; the units are us, ms, s, min"),
        (fraction, 5, "'5' has no unit; write 5%"),
        (fraction, "5 percent", "'5 percent' has the unknown unit 'percent'; write 5%"),
        (fraction, "100.1%", "'100.1%' is more than everything; write at most 100%"),
        (bits_per_second, "2Mbps", "'2Mbps' has the unknown unit 'Mbps'; write 2mbit"),
        (bits_per_second, "2Mbit", "'2Mbit' has the unknown unit 'Mbit'; write 2mbit"),
        (whole_number, 3.0, "'3.0' is not a plain whole number; write 3"),
        (whole_number, "1,000", "'1,000' is not a plain whole number; write 1000"),
        (whole_number, False, "'false' is not a plain whole number; write one such as 3"),
    ],
)
def test_errors_say_what_would_be_right(read: Callable[[object], object], value: object, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        read(value)
    assert str(caught.value) == message


def test_time_text_is_read_back_as_the_same_time() -> None:
    rng = random.Random(1)
    for exponent in range(15):
        ns = rng.randrange(10**exponent, 10 ** (exponent + 1))
        assert time_ns(time_text(ns)) == ns
    assert [time_text(ns) for ns in (0, 12_000_000_000, 31_150_000, 100_000_000_000)] == [
        "0s",
        "12s",
        "31.15ms",
        "100s",
    ]


def test_decimals_agree_with_decimal_arithmetic() -> None:
    rng = random.Random(2)
    for _ in range(200):
        digits = f"{rng.randrange(10**6)}.{rng.randrange(10**6):06d}"
        assert time_ns(f"{digits}ms") == Decimal(digits) * 10**6
