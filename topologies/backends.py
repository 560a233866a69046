"""Which link back end this machine can run: found out by trying, never by guessing."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

from hostio.units import MS
from topologies.commands import Command, CommandError, batch_lines, run
from topologies.links import LinkState
from topologies.netem import Shaping, shape, shaping

_TRIAL = LinkState(delay_ns=MS, jitter_ns=MS // 2, loss=0.1, rate_bps=1_000_000)


class Choice(NamedTuple):
    """A link back end, and why that one."""

    name: Literal["netem", "userspace"]
    reason: str


def available_link_backend() -> Choice:
    """Netem if the kernel accepts one, with a rate below it, in a throwaway network namespace; else the wire."""
    try:
        run(_in_new_network("tc", "-batch", "-"), stdin=batch_lines(shape("lo", shaping(_TRIAL, Shaping()))))
    except CommandError as error:
        return Choice("userspace", f"no netem here: {_first_line(error.stderr)}")
    return Choice("netem", "the kernel accepted it in a trial")


def _in_new_network(*argv: str) -> Command:
    own_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own_user, "--net", *argv]


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "it gave no reason"
