"""The figures of frames of video. Pure."""

from __future__ import annotations

import numpy as np

from results.metrics.figures import FrameFigures
from results.metrics.frames import Frames
from results.metrics.matching import NEVER
from results.metrics.relay_figures import lengths_ms


def frame_figures(frames: Frames) -> FrameFigures:
    """The figures of some frames."""
    freezes = frames.freezes
    length_ns = (freezes.until_ns - freezes.from_ns)[freezes.counted]
    return FrameFigures(
        sent=len(frames.stream),
        whole=int(np.count_nonzero(frames.shown_ns != NEVER)),
        lost=int(np.count_nonzero(frames.lost)),
        key_sent=int(np.count_nonzero(frames.key)),
        key_lost=int(np.count_nonzero(frames.lost & frames.key)),
        freezes=len(length_ns),
        freeze_ms=lengths_ms(length_ns),
        frozen_ms=round(int(length_ns.sum()) / 1e6, 3),
    )
