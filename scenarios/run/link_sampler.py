"""Samples of the bytes that link directions carried, from the kernel's counters of interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns

import numpy as np
from numpy.typing import NDArray

from hostio.procfs import sent_bytes
from hostio.timing import MS, Ticker
from results.run_files.machine import LINK_SAMPLE

PERIOD_NS = 100 * MS
"""Between two samples, ns; counted from the media start, so that whole seconds begin with one."""


class LinkSampler:
    """The samples so far, and when the next is due; nothing is due where no link has a rate.

    `ends`: the interface at which frames leave each direction, by its index in the topology.
    """

    def __init__(self, ends: Mapping[int, str]) -> None:
        self.ticker = Ticker(PERIOD_NS)
        self._ends = ends
        self._rows: list[tuple[int, int, int, int]] = []

    def begin(self, start_ns: int) -> None:
        """Sample now, and from the start of the media on."""
        if self._ends:
            self.sample()
            self.ticker.begin(start_ns)

    def sample_if_due(self) -> None:
        """Take one sample if at least one is due; those missed in between are not made up for."""
        if list(self.ticker.due(monotonic_ns())):
            self.sample()

    def sample(self) -> None:
        """Take a sample now."""
        from_ns, found = monotonic_ns(), sent_bytes()
        until_ns = monotonic_ns()
        self._rows += [(from_ns, until_ns, index, found[port]) for index, port in self._ends.items() if port in found]

    def rows(self) -> NDArray[np.void]:
        """All samples (LINK_SAMPLE)."""
        return np.array(self._rows, LINK_SAMPLE)
