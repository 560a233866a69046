"""What became of single media frames on a link: the rows that the userspace wire leaves, one per frame and event."""

from __future__ import annotations

import numpy as np

FRAME_FATE = np.dtype([("ssrc", "<u4"), ("seq", "<u2"), ("direction", "<u2"), ("what", "u1"), ("at_ns", "<i8")])
"""A frame that was lost, duplicated or corrupted, or is still held at the end; SSRC and 16-bit sequence number as the
frame had them before any corruption, `direction` its number in the topology, `at_ns` CLOCK_MONOTONIC."""

FATES = (
    "received",
    "released",
    "duplicated",
    "corrupted",
    "reordered",
    "lost_port_down",
    "lost_blackhole",
    "lost_flow",
    "lost_loss",
    "lost_queue",
    "lost_overflow",
)
"""What can become of a frame, in the order of the columns of the wire's counters; `what` is a place in it."""

HELD = len(FATES)
"""As `what`: under way on the link at the end."""
