"""The last probes of one path: which were lost, and how long the others took. Pure; times are ns."""

from __future__ import annotations

from statistics import median_low

from relay_app.probing.probe_report import ProbeReport


class ProbeWindow:
    """Exact loss and median delay of the last `size` probes that are due.

    The sender numbers its probes without gaps and sends one per `interval_ns`, so each probe's send time is known
    even if it never arrives. A probe is due when the slowest of the window, or the link at its nominal
    `longest_ns`, would have brought it, and one interval more has passed for a late sender. Probes before the first
    that arrived do not count. Duplicates are ignored; a reordered probe fills its own place.
    """

    def __init__(self, size: int, interval_ns: int, longest_ns: int) -> None:
        self._size = size
        self._interval_ns = interval_ns
        self._longest_ns = longest_ns
        self._forget()

    def _forget(self) -> None:
        self._delays: dict[int, int] = {}
        self._newest: ProbeReport | None = None
        self._oldest_counted = 0
        self._last_due = -1
        self.last_arrival_ns: int | None = None

    @property
    def arrived(self) -> int:
        """Distinct probes of the window that arrived, those included that arrived before they were due."""
        return len(self._delays)

    @property
    def first(self) -> int:
        """The number of the first probe of the window."""
        return self._oldest_counted

    def add(self, report: ProbeReport) -> None:
        """Take in an arrival. A lower number sent later than the newest means a restarted sender: start afresh."""
        if self._newest is not None and _restarted(self._newest, report):
            self._forget()
        if self._newest is None:
            self._newest, self._oldest_counted, self._last_due = report, report.sequence, report.sequence - 1
        if report.sequence < self._oldest_counted or report.sequence in self._delays:
            return
        self._delays[report.sequence] = report.received_ns - report.sent_ns
        self.last_arrival_ns = max(report.received_ns, self.last_arrival_ns or report.received_ns)
        if report.sequence > self._newest.sequence:
            self._newest = report

    def advance(self, now_ns: int) -> None:
        """Let time pass: probes become due, and those before the window are forgotten."""
        if self._newest is None:
            return
        due_since_newest = (now_ns - self._newest.sent_ns - self._patience_ns()) // self._interval_ns
        self._last_due = max(self._last_due, self._newest.sequence + due_since_newest)
        first = self._last_due - self._size + 1
        for sequence in [sequence for sequence in self._delays if sequence < first]:
            del self._delays[sequence]
        self._oldest_counted = max(self._oldest_counted, first)

    def lost(self) -> int:
        """How many probes of the window are due and have not arrived."""
        due = range(self._oldest_counted, self._last_due + 1)
        return sum(sequence not in self._delays for sequence in due)

    def median_delay_ns(self) -> int:
        """Median one-way delay of the probes that arrived (the lower of two); ValueError if none did."""
        if not self._delays:
            raise ValueError("no probe of the window has arrived")
        return median_low(self._delays.values())

    def next_due_ns(self) -> int:
        """When the next probe becomes due, should nothing arrive; ValueError if no probe ever arrived."""
        if self._newest is None:
            raise ValueError("no probe has arrived")
        ahead = self._last_due + 1 - self._newest.sequence
        return self._newest.sent_ns + ahead * self._interval_ns + self._patience_ns()

    def _patience_ns(self) -> int:
        return max(self._longest_ns, max(self._delays.values(), default=0)) + self._interval_ns


def _restarted(newest: ProbeReport, report: ProbeReport) -> bool:
    return report.sequence < newest.sequence and report.sent_ns > newest.sent_ns
