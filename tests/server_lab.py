"""What the relays of a run that are servers behind an adapter leave in their logs."""

from __future__ import annotations

import re

from run_lab import Run


def counters_of(run: Run, cluster: str) -> dict[str, int]:
    """What the adapter of a cluster printed at its end, of all its lives."""
    total: dict[str, int] = {}
    for line in re.findall(r"^adapter: (received .*)$", log_of(run, cluster), re.MULTILINE):
        words = line.split()
        for name, count in zip(words[::2], words[1::2], strict=True):
            total[name] = total.get(name, 0) + int(count)
    return total


def log_of(run: Run, cluster: str) -> str:
    return (run.root / "logs" / f"relay-{cluster}.log").read_text()
