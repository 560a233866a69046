"""Reads what a decoder said: where sound was silent (ffmpeg's silencedetect) or the picture froze (freezedetect)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = re.compile(r"(?:silence|lavfi\.freezedetect\.freeze)_start: (-?[\d.]+)")
_END = re.compile(r"(?:silence|lavfi\.freezedetect\.freeze)_end: (-?[\d.]+)")


@dataclass(frozen=True, slots=True)
class DecodedGap:
    """A silence or freeze, s since the first packet that the decoder got; `until_s`: None if it lasted to the end."""

    from_s: float
    until_s: float | None


def decoded_gaps(log: str) -> tuple[DecodedGap, ...]:
    """The gaps in the log of a decoder, in order."""
    starts = [float(each[1]) for each in _START.finditer(log)]
    ends = [float(each[1]) for each in _END.finditer(log)]
    padded: list[float | None] = [*ends, *([None] * (len(starts) - len(ends)))]
    return tuple(DecodedGap(*each) for each in zip(starts, padded, strict=False))
