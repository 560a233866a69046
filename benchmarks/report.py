"""How long the report of a run takes, its page too, and how long a browser takes to open it: `scripts/bench report`."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from benchmarks.many_packets import multiplied
from benchmarks.opening import opened
from benchmarks.rtp_capture import tshark_s
from results.ledger.reconcile import reconcile
from results.metrics.analysis import analyse
from results.page.writing import write_page
from results.report.report import make_report, read_evidence, summarise
from results.run_files.run_dir import RunDir
from scenarios.cli.console import Console

T = TypeVar("T")

_PACKETS = 3_000_000


def main() -> int:
    """Measure with the run directory named first, which is multiplied to so many packets."""
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "plan.json").exists():
        print("scripts/bench report: write the directory of a run, of which there is a plan.json", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(Path(folder) / "run")
        asked = int(sys.argv[2]) if len(sys.argv) > 2 else _PACKETS
        with get_context("spawn").Pool(1) as apart:  # what it takes is no memory of the report's
            count = apart.apply(multiplied, (RunDir(Path(sys.argv[1])), run.root, asked))
        rows = _of_the_report(run)
        rows += [("page", f"{run.page.stat().st_size / 1e6:.2f} MB"), *opened(run.page)]
        rows.append(("tshark -q -z rtp,streams", tshark_s(run, Path(folder) / "packets.pcap")))
        Console().show_rows(("", f"{count} packets, {os.cpu_count()} processors"), rows)
    return 0


def _of_the_report(run: RunDir) -> list[tuple[str, ...]]:
    evidence, read_s = _timed(lambda: read_evidence(run))
    analysis, analysed_s = _timed(lambda: analyse(evidence))
    summary, judged_s = _timed(lambda: summarise(evidence, analysis, reconcile(evidence, analysis)))
    _, page_s = _timed(lambda: write_page(run, evidence, analysis, summary))
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    _, whole_s = _timed(lambda: make_report(run, None, write_page))
    steps = (("read", read_s), ("matching and silences", analysed_s), ("ledger, figures, bounds, verdict", judged_s))
    analysis_s = sum(took_s for _, took_s in steps)
    times = (*steps, ("analysis: all of this", analysis_s), ("page", page_s), ("all, with tables and plots", whole_s))
    return [*((name, f"{took_s:.2f} s") for name, took_s in times), ("memory without plots", f"{peak_gib:.2f} GiB")]


def _timed(step: Callable[[], T]) -> tuple[T, float]:
    begin = perf_counter()
    made = step()
    return made, perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
