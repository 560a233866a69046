"""The rows in which a schedule tells a sender what to send. Pure."""

from __future__ import annotations

import numpy as np

PACKET = np.dtype(
    [
        ("due_ns", "<i8"),
        ("stream", "<i4"),
        ("seq", "<u4"),
        ("timestamp", "<u4"),
        ("length", "<u2"),
        ("marker", "u1"),
        ("payload_type", "u1"),
        ("key", "u1"),
    ]
)
"""A packet to send: due time, index of its stream, extended sequence number, RTP timestamp, payload bytes, marker,
payload type, and whether it is of a key frame."""
