"""Finds the link back end that this machine can run, by trying netem: a kernel's version does not say whether it has
it, nor whether kernel and tc accept a seed."""

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
    """A link back end and the reason for it. `seeded`: its random numbers are generated from the run's seed."""

    name: BackendName
    reason: str
    seeded: bool = True


def available_link_backend() -> Choice:
    """netem if kernel and tc accept it, and a rate below it, in a temporary network namespace; else the fallback."""
    if problem := _refused(None):
        return Choice(FALLBACK, f"no netem here: {problem}")
    return Choice("netem", "the kernel accepted it in a trial", seeded=_refused(1) is None)


def _refused(seed: int | None) -> str | None:
    """The error of kernel or tc for a netem with that seed; None if they accept it."""
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
