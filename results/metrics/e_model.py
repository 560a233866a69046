"""Speech quality by the E-model: rating R and mean opinion score (MOS) of a conversation. Pure.

Narrowband after ITU-T G.107, with all its default values, so that R of an undisturbed call is 93.2: for G.711 with
packet loss concealment (G.113 appendix I: Ie 0, Bpl 25.1). Fullband after ITU-T G.107.2, as rtpengine computes it, for
Opus. The fullband model is blind to burstiness: 2 % of loss one by one and one gap of 2 % give the same rating. Both
rate a whole call: neither tells of a single gap in a long one. Delay is that of the network alone, one way; what a
jitter buffer and a codec add is not in it.
"""

from __future__ import annotations

import numpy as np

from results.metrics.streams import Floats

_R_DEFAULT = 93.2
_IE, _BPL = 0.0, 25.1
_LATE_MS = 177.3

_RO_FULLBAND = 148.0
_IE_OPUS, _BPL_OPUS, _MOST_OPUS = 10.2, 4.3, 132.0
FULLBAND_SCALE = 1.48
"""By this a fullband rating is divided to be read on the scale of the narrowband one."""


def narrowband_r(loss_percent: Floats, burst_ratio: Floats, delay_ms: Floats) -> Floats:
    """R by ITU-T G.107. `burst_ratio`: BurstR, the mean length of runs of lost packets over that of random loss, 1 or
    more; G.107 knows it up to 2 where more than 2 % are lost. May be below 0."""
    effective = _IE + (95 - _IE) * loss_percent / (loss_percent / burst_ratio + _BPL)
    return _R_DEFAULT - 0.024 * delay_ms - 0.11 * np.maximum(delay_ms - _LATE_MS, 0) - effective


def fullband_r(loss_percent: Floats, delay_ms: Floats) -> Floats:
    """R by ITU-T G.107.2, 0 to 148."""
    effective = _IE_OPUS + (_MOST_OPUS - _IE_OPUS) * loss_percent / (loss_percent + _BPL_OPUS)
    octaves = np.log2(np.maximum(delay_ms, 100) / 100)
    late = FULLBAND_SCALE * 25 * (_root(octaves) - 3 * _root(octaves / 3) + 2)
    return _RO_FULLBAND - effective - late


def _root(of: Floats) -> Floats:
    found: Floats = (1 + of**6) ** (1 / 6)
    return found


def mos(r: Floats) -> Floats:
    """MOS of a rating on the narrowband scale (ITU-T G.107 annex B), 1 to 4.5."""
    within = np.clip(r, 0, 100)
    found: Floats = 1 + 0.035 * within + within * (within - 60) * (100 - within) * 7e-6
    # Below 6.5 the polynomial falls under 1, which G.107 gives to a rating of 0.
    return np.maximum(found, 1.0)


def burst_ratio(lost: Floats, runs: Floats, packets: Floats) -> Floats:
    """BurstR of `lost` of `packets` in `runs` in a row: their mean length over 1 / (1 − loss), that of random loss; 1
    if less, or without loss."""
    share = np.divide(lost, packets, out=np.zeros_like(lost), where=packets > 0)
    mean = np.divide(lost, runs, out=np.ones_like(lost), where=runs > 0)
    found: Floats = np.maximum(mean * (1 - share), 1.0)
    return found
