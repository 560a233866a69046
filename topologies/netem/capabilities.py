"""What the kernel's netem can do and tell as a link back end."""

from __future__ import annotations

from topologies.link_backend import Capabilities

NETEM = Capabilities()
"""None of it. netem takes a correlation of delays, but without effect: a frame's place in the distribution comes from
the low bits of a number that is correlated in the high ones (net/sched/sch_netem.c, `get_crandom` and `tabledist`).
Since Linux and iproute2 6.6 it takes a seed, which a trial tells."""
