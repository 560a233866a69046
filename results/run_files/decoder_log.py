"""Reads what was said of decoded media: where sound was silent (ffmpeg's silencedetect) or the picture froze
(freezedetect), and how long they are in all."""

from __future__ import annotations

import re
from dataclasses import dataclass

_START = re.compile(r"(?:silence|lavfi\.freezedetect\.freeze)_start: (-?[\d.]+)")
_END = re.compile(r"(?:silence|lavfi\.freezedetect\.freeze)_end: (-?[\d.]+)")

_LENGTH = re.compile(r"\btime=(\d+):(\d+):(\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class DecodedGap:
    """A silence or freeze, s since the decoded media begin; `until_s`: None if it lasted to the end."""

    from_s: float
    until_s: float | None


@dataclass(frozen=True, slots=True)
class DecodedMedia:
    """The gaps in decoded media, in order, and the length of all, s; None if the log does not say."""

    gaps: tuple[DecodedGap, ...]
    length_s: float | None


def decoded_media(log: str) -> DecodedMedia:
    """What the log of a decoder, or of a gap finder beside it, says."""
    return DecodedMedia(_gaps(log), _length_s(log))


def _length_s(log: str) -> float | None:
    told = _LENGTH.findall(log)
    if not told:
        return None
    hours, minutes, seconds = told[-1]
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def _gaps(log: str) -> tuple[DecodedGap, ...]:
    starts = [float(each[1]) for each in _START.finditer(log)]
    ends = [float(each[1]) for each in _END.finditer(log)]
    padded: list[float | None] = [*ends, *([None] * (len(starts) - len(ends)))]
    return tuple(DecodedGap(*each) for each in zip(starts, padded, strict=False))
