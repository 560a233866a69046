"""How fast media leave a link, by what sees that it went silent: `scripts/bench reroute [BLIPS]`.

Plays a run for each detector, one after another: three clusters a millisecond apart, streams of a packet per
millisecond, and a relay that has every session, so that a gap is what detection and switching took. Prints a row per
run, in Markdown.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import markdown
from benchmarks.playing import ATTEMPTS, FailedError, RefusedError, disturbed, play, summary_below
from results.metrics.network_figures import RerouteRow
from results.run_files.document_error import DocumentError
from results.run_files.machine import MACHINE_SAMPLE
from results.run_files.records import RecordsError, read_rows
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.language import yamlfile
from scenarios.language.library import LIBRARY
from scenarios.paths import PROJECT

CASE = LIBRARY / "cases" / "near-links-bfd.yaml"
BLIPS = 8
COLUMNS = (
    "seen by",
    "gap p50",
    "gap p99",
    "longest",
    "detect",
    "switch",
    "first packet",
    "reroutes of blips",
    "cores used",
    "verdict",
)
_FIRST_S, _EVERY_S, _LASTS_MS = 2.0, 5.0, 500
"""After a fault a session of BFD takes up to 3 s to come up again and to send at its interval."""
_BEYOND_MEDIA_S = 120.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What sees the fault, as a row calls it; `controller`: the settings that make it so; `fault`: the fault's word."""

    name: str
    controller: Mapping[str, object]
    fault: str = "blackhole"


TRIALS = (
    *(Trial(f"BFD, {each} ms × 3", {"detect": ["bfd"], "bfd_interval": f"{each}ms"}) for each in (10, 20, 50, 100)),
    Trial("probes, 50 ms × 5", {"detect": ["link"]}),
    Trial("port down", {"detect": ["link"]}, "port-down"),
)


def scenario(trial: Trial, blips: int) -> str:
    """The case with a trial's settings and so many blips, as JSON, which is YAML too. ScenarioError."""
    data = dict(yamlfile.read(CASE).data)
    starts = (_FIRST_S + _EVERY_S * number for number in range(blips))
    events = [{"at": f"{at:g}s", "what": trial.fault, "link": ["aa", "bb"], "for": f"{_LASTS_MS}ms"} for at in starts]
    changed = {
        "duration": f"{_FIRST_S + _EVERY_S * blips:g}s",
        "controller": {**trial.controller, "hold": f"{_LASTS_MS}ms"},
        "events": events,
        "expect": ["media.still_interrupted == 0"],
    }
    return json.dumps({**data, **changed}, indent=2, ensure_ascii=False) + "\n"


def row_of(trial: Trial, summary: Summary, blips: int, cores_used: float) -> tuple[str, ...]:
    """The cells of a run. A gap is the longest of a lane at a reroute. Of the parts of reroutes the medians: until the
    fault was seen, until the switches had the new path, and until a packet was sent over it."""
    reroutes = summary.reroutes
    gaps = [lane.interruption_ms for each in reroutes for lane in each.by_lane if lane.interruption_ms is not None]
    return (
        trial.name,
        *(_ms(float(np.percentile(gaps, percent)) if gaps else None) for percent in (50, 99, 100)),
        _ms(_median(reroutes, "detect_ms")),
        _ms(_median(reroutes, "decide_ms", "install_ms")),
        _ms(_median(reroutes, "first_packet_ms")),
        f"{len(reroutes)} of {blips}",
        f"{cores_used:.2f}",
        summary.verdict + (", disturbed" if disturbed(summary) else ""),
    )


def _median(reroutes: Iterable[RerouteRow], *parts: str) -> float | None:
    told = [[getattr(each.parts, part) for part in parts] for each in reroutes if each.parts]
    sums = [sum(each) for each in told if None not in each]
    return median(sums) if sums else None


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"


def cores_used(run: RunDir) -> float:
    """Processor time of the run's processes while it was watched, in cores. RecordsError."""
    samples = read_rows(run.machine_samples, MACHINE_SAMPLE)
    took_ns = int(samples["at_ns"][-1] - samples["at_ns"][0])
    return float(samples["own_ns"][-1] - samples["own_ns"][0]) / took_ns


def played(trial: Trial, blips: int, folder: Path) -> tuple[str, ...]:
    """The row of the first run of a trial that nothing disturbs, of at most ATTEMPTS, or of the last.

    RefusedError, FailedError, DocumentError, RecordsError.
    """
    folder.mkdir()
    file = folder / "reroute.yaml"
    file.write_text(scenario(trial, blips), encoding="utf-8")
    row: tuple[str, ...] = ()
    for attempt in range(ATTEMPTS):
        runs = folder / str(attempt)
        argv = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(file), "--out", str(runs)]
        play(argv, trial.name, _FIRST_S + _EVERY_S * blips + _BEYOND_MEDIA_S)
        summary = summary_below(runs)
        (root,) = runs.glob("*/*")
        row = row_of(trial, summary, blips, cores_used(RunDir(root)))
        if not disturbed(summary):
            break
    return row


def main(arguments: list[str]) -> int:
    """Print the table. Returns the exit code: that of bad input if a run was refused or failed, of an inconclusive run
    if one stayed disturbed."""
    blips = int(arguments[0]) if arguments else BLIPS
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        for number, trial in enumerate(TRIALS):
            try:
                rows.append(played(trial, blips, Path(name) / str(number)))
            except (RefusedError, FailedError, DocumentError, RecordsError) as error:
                print(f"scripts/bench reroute: {trial.name}: {error}", file=sys.stderr)
                return ExitCode.BAD_INPUT
            print(markdown.row(rows[-1]), flush=True)
    return ExitCode.INCONCLUSIVE if any("disturbed" in row[-1] for row in rows) else ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
