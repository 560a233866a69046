"""The frames that streams send, as runs on each stream's grid of frames: a pure function of spans, phases and seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from relay_app.calls import FOREVER, Span
from relay_app.media_profiles import Profile

Array = npt.NDArray[Any]


class Runs(NamedTuple):
    """Runs of frames at equal distances; columns of equal length, int64 but `noise`, bool.

    `row`: the stream's. `phase_ns`: when frame 0 of its grid would be. `first`, `step`, `frames`: so many frames first,
    first + step, …; `base`: frames that the stream sent in earlier runs. The offsets are those of senders that
    restarted. `noise`: the frames are comfort noise.
    """

    row: Array
    phase_ns: Array
    first: Array
    step: Array
    frames: Array
    base: Array
    seq_offset: Array
    timestamp_offset: Array
    noise: Array


def runs_of(streams: Iterable[tuple[int, int, tuple[Span, ...]]], profile: Profile, seed: int) -> Runs:
    """The runs of streams of one profile, each given by SSRC, phase in ns and spans."""
    rows = [
        (row, *run)
        for row, (ssrc, phase_ns, spans) in enumerate(streams)
        for run in _of_stream(ssrc, phase_ns, spans, profile, seed)
    ]
    runs = Runs(*np.array(rows, np.int64).reshape(len(rows), len(Runs._fields)).T)
    return runs._replace(noise=runs.noise.astype(bool))


def _of_stream(
    ssrc: int, phase_ns: int, spans: Iterable[Span], profile: Profile, seed: int
) -> Iterator[tuple[int, ...]]:
    frames, per_ns = profile.frames, profile.per_ns
    base, offsets = 0, _Offsets(ssrc, seed)
    for span in spans:
        own_ns = _phase_after(span.restarted_ns, profile) if span.restarts else phase_ns
        # A frame is sent if it begins in the span: at phase + floor(frame x per_ns / frames), so rounding up is exact.
        first, end = (max(0, -(-(at - own_ns) * frames // per_ns)) for at in (span.from_ns, span.until_ns))
        step = max(1, round(span.noise_ns * frames / per_ns))
        count = -(-(min(end, FOREVER) - first) // step)
        yield own_ns, first, step, count, base, *offsets.after(span.restarts), bool(span.noise_ns)
        base += count


def _phase_after(restarted_ns: int, profile: Profile) -> int:
    """The phase of a sender that restarted: its first frame is due at once."""
    return restarted_ns - restarted_ns * profile.frames // profile.per_ns * profile.per_ns // profile.frames


class _Offsets:
    """Of sequence numbers and timestamps, after so many restarts: random, as both are at a stream's start
    (RFC 3550 §5.1).

    Sequence numbers go on by less than 2^16, so that those of a stream keep the order in which they were sent.
    """

    def __init__(self, ssrc: int, seed: int) -> None:
        self._random = Random(f"restarts {seed} {ssrc}")
        self._drawn = [(0, 0)]

    def after(self, restarts: int) -> tuple[int, int]:
        """The offsets; both 0 before the first restart."""
        while len(self._drawn) <= restarts:
            seq, _ = self._drawn[-1]
            self._drawn.append((seq + self._random.randrange(1, 1 << 16), self._random.getrandbits(32)))
        return self._drawn[restarts]
