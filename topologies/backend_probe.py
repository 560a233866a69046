"""Which link back end this machine can run: found out by trying, never by guessing."""

from __future__ import annotations

import os
from typing import NamedTuple

from hostio.commands import Command, CommandError, batch_lines, run
from hostio.timing import MS
from topologies.back_ends import FALLBACK, BackendName
from topologies.link_state import LinkState, RandomLoss
from topologies.netem.shaping import Shaping, shaping
from topologies.netem.tc_commands import shape

_TRIAL = LinkState(delay_ns=MS, loss=RandomLoss(0.1), rate_bps=1_000_000)


class Choice(NamedTuple):
    """A link back end, and why that one; `seeded`: the run's seed decides its random numbers."""

    name: BackendName
    reason: str
    seeded: bool = True


def available_link_backend() -> Choice:
    """Netem if the kernel accepts one, with a rate below it, in a throwaway network namespace; else the fallback."""
    if problem := _refused(None):
        return Choice(FALLBACK, f"no netem here: {problem}")
    return Choice("netem", "the kernel accepted it in a trial", seeded=_refused(1) is None)


def _refused(seed: int | None) -> str | None:
    """What the kernel, or tc, has against a netem with that seed."""
    try:
        run(
            _in_new_network("tc", "-batch", "-"),
            stdin=batch_lines(shape("lo", shaping(_TRIAL, Shaping(), seed), Shaping())),
        )
    except CommandError as error:
        return _first_line(error.stderr)
    return None


def _in_new_network(*argv: str) -> Command:
    own_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own_user, "--net", *argv]


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "it gave no reason"
