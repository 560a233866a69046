"""What the userspace wire can do and tell as a link back end."""

from __future__ import annotations

from topologies.link_backend import Capabilities

USERSPACE = Capabilities(
    inner_ends=True,
    loses_by_number=True,
    correlates_delays=True,
    takes_seed=True,
    notes_frames=True,
    counts_media=True,
    counts_duplicates=True,
    counts_corrupted=True,
    tells_lateness=True,
)
