"""Quantities with units (`40ms`, `0.5%`, `2mbit`), read by exact arithmetic: binary floats cannot hold 0.1 s, and a
value finer than its unit (ns, bit/s) is to be refused, not rounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from hostio.timing import MS, US, S
from scenarios.language.wording import found, quoted

_QUANTITY = re.compile(r"(?P<sign>-?)(?P<digits>[0-9]{1,12}(?:\.[0-9]{1,12})?)(?P<unit>[^0-9.:].*)?", re.DOTALL)
_NEARLY_WHOLE = re.compile(r"0*([0-9]{1,12})(?:\.0*)?[a-z% ]*")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5]?[0-9])")


class QuantityError(ValueError):
    """Not a quantity of the wanted kind; the message says what to write."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of quantity. `units`: factors of its units; `usual`: units to suggest; `spellings`: the right unit for
    other spellings in use."""

    name: str
    example: str
    units: Mapping[str, int]
    usual: tuple[str, ...]
    spellings: Mapping[str, str]

    @property
    def pattern(self) -> str:
        """A regular expression for such a quantity, for JSON schema."""
        return rf"^[0-9]{{1,12}}(\.[0-9]{{1,12}})?({'|'.join(self.units)})$"


_TIME = _Kind(
    name="a time",
    example="40ms or 2s",
    units={"us": US, "ms": MS, "s": S, "min": 60 * S},
    usual=("ms", "s"),
    spellings={
        **dict.fromkeys(("µs", "μs", "usec", "usecs"), "us"),
        **dict.fromkeys(("msec", "msecs", "millis"), "ms"),
        **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
        **dict.fromkeys(("m", "mins", "minute", "minutes"), "min"),
    },
)
_SHARE = _Kind(
    name="a percentage",
    example="5% or 0.5%",
    units={"%": 1},
    usual=("%",),
    spellings=dict.fromkeys(("percent", "pct"), "%"),
)
_RATE = _Kind(
    name="a rate",
    example="64kbit or 2mbit",
    units={"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9},
    usual=("bit", "kbit", "mbit"),
    spellings={
        **dict.fromkeys(("bps", "bit/s"), "bit"),
        **dict.fromkeys(("k", "kb", "kbps", "kbit/s"), "kbit"),
        **dict.fromkeys(("m", "mb", "mbps", "mbit/s"), "mbit"),
        **dict.fromkeys(("g", "gb", "gbps", "gbit/s"), "gbit"),
    },
)


_SIZE = _Kind(
    name="a size",
    example="512MiB or 2GiB",
    units={"MiB": 1 << 20, "GiB": 1 << 30},
    usual=("MiB", "GiB"),
    spellings={**dict.fromkeys(("m", "mb", "mib"), "MiB"), **dict.fromkeys(("g", "gb", "gib"), "GiB")},
)


_FREQUENCY = _Kind(
    name="a number per time",
    example="10/s or 30/min",
    units={"/min": 1, "/s": 60},
    usual=("/s", "/min"),
    spellings={**dict.fromkeys(("per s", "hz", "/sec", "/second"), "/s"), "/minute": "/min"},
)


_FRAME_SIZE = _Kind(
    name="a size",
    example="1100B",
    units={"B": 1},
    usual=("B",),
    spellings=dict.fromkeys(("b", "byte", "bytes"), "B"),
)


TIME_PATTERN, SHARE_PATTERN, RATE_PATTERN = _TIME.pattern, _SHARE.pattern, _RATE.pattern
SIZE_PATTERN, FREQUENCY_PATTERN = _SIZE.pattern, _FREQUENCY.pattern
FRAME_SIZE_PATTERN = _FRAME_SIZE.pattern


def time_ns(value: object) -> int:
    """A time (us, ms, s, min) in ns."""
    return _whole(value, _TIME, "finer than a nanosecond")


def bits_per_second(value: object) -> int:
    """A rate (bit, kbit, mbit, gbit; decimal, per second) in bit/s."""
    return _whole(value, _RATE, "finer than a bit per second")


def per_second(value: object) -> float:
    """A number per time (/s, /min) as one per second."""
    return float(_amount(value, _FREQUENCY) / 60)


def per_minute(value: object) -> int:
    """A number per time (/s, /min) as a whole number per minute."""
    return _whole(value, _FREQUENCY, "no whole number per minute")


def size_bytes(value: object) -> int:
    """A size (MiB, GiB) in bytes."""
    return _whole(value, _SIZE, "finer than a byte")


def frame_bytes(value: object) -> int:
    """The size of a frame (B)."""
    return _whole(value, _FRAME_SIZE, "finer than a byte")


def percent(value: object) -> float:
    """A percentage as a number of percent: `5%` is 5.0."""
    return float(_amount(value, _SHARE))


def fraction(value: object) -> float:
    """A percentage as a fraction: `5%` is 0.05; at most 1."""
    share = _amount(value, _SHARE) / 100
    if share > 1:
        raise QuantityError(f"{found(value)} is more than everything; write at most 100%")
    return float(share)


def whole_number(value: object) -> int:
    """A whole number in plain decimal digits, without a unit."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    plain = _NEARLY_WHOLE.fullmatch(str(value).replace("_", "").replace(",", ""))
    right = plain[1] if plain and isinstance(value, (str, float)) else "one such as 3"
    raise QuantityError(f"{found(value)} is not a plain whole number; write {right}")


def time_text(ns: int) -> str:
    """A time, exactly, as it is written in a scenario."""
    for unit, factor in (("s", S), ("ms", MS)):
        if ns >= factor:
            return f"{(Decimal(ns) / factor).normalize():f}{unit}"
    return f"{(Decimal(ns) / US).normalize():f}us" if ns else "0s"


def share_text(share: float) -> str:
    """A fraction as a percentage, as it is written in a scenario."""
    return f"{(Decimal(str(share)) * 100).normalize():f}%"


def rate_text(bps: int) -> str:
    """A rate, exactly, as it is written in a scenario."""
    unit, factor = next(each for each in sorted(_RATE.units.items(), key=lambda unit: -unit[1]) if bps % each[1] == 0)
    return f"{bps // factor}{unit}"


def _whole(value: object, kind: _Kind, too_fine: str) -> int:
    amount = _amount(value, kind)
    if amount.denominator != 1:
        raise QuantityError(f"{found(value)} is {too_fine}; write fewer decimals")
    return amount.numerator


def _amount(value: object, kind: _Kind) -> Fraction:
    text = str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError(f"{found(value)} is not {kind.name}; write {_clock_time(text, kind) or kind.example}")
    digits, unit = match["digits"], match["unit"]
    if unit not in kind.units:
        raise QuantityError(f"{found(value)} {_unit_problem(digits, unit, kind)}")
    if match["sign"]:
        raise QuantityError(f"{found(value)} is negative; write {digits}{unit}")
    return Fraction(digits) * kind.units[unit]


def _clock_time(text: str, kind: _Kind) -> str | None:
    clock = _CLOCK.fullmatch(text)
    return f"{int(clock[1]) * 60 + int(clock[2])}s" if clock and kind is _TIME else None


def _unit_problem(digits: str, unit: str | None, kind: _Kind) -> str:
    if unit is None:
        return f"has no unit; write {' or '.join(digits + usual for usual in kind.usual)}"
    plain = unit.strip().lower()
    right = plain if plain in kind.units else kind.spellings.get(plain)
    advice = f"write {digits}{right}" if right else f"the units are {', '.join(kind.units)}"
    problem = f"has a space before {plain}" if right == unit.strip() else f"has the unknown unit {quoted(unit.strip())}"
    return f"{problem}; {advice}"
