"""How fast media leave a link, by what sees it go silent: `scripts/bench reroute [BLIPS [native|virtual [TRIAL...]]]`.

Plays a run for each detector, one after another: three clusters a millisecond apart, streams of a packet per
millisecond, and a relay that has every session, so that a gap is what detection and switching took. Prints a row per
run, in Markdown.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import markdown
from benchmarks.playing import ON_THE_VIRTUAL_CLOCK, FailedError, RefusedError, cores_used, disturbed, undisturbed
from results.metrics.network_figures import RerouteRow
from results.run_files.document_error import DocumentError
from results.run_files.records import RecordsError
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.language import yamlfile
from scenarios.language.library import LIBRARY

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
CLOCKS: dict[str, tuple[str, ...]] = {"native": (), "virtual": ON_THE_VIRTUAL_CLOCK}
"""Options of a run, by the clock that the command line names."""
_FIRST_S, _EVERY_S, _LASTS_MS = 2.0, 5.0, 500
"""After a fault a session of BFD takes up to 3 s to come up again and to send at its interval."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What sees the fault, by its names on the command line and in a row; `controller`: the settings that make it so;
    `fault`: the fault's word."""

    id: str
    name: str
    controller: Mapping[str, object]
    fault: str = "blackhole"


TRIALS = (
    *(
        Trial(f"bfd-{each}ms", f"BFD, {each} ms × 3", {"detect": ["bfd"], "bfd_interval": f"{each}ms"})
        for each in (10, 20, 50, 100)
    ),
    Trial("probes", "probes, 50 ms × 5", {"detect": ["link"]}),
    Trial("port-down", "port down", {"detect": ["link"]}, "port-down"),
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


def asked(arguments: Sequence[str]) -> tuple[int, Sequence[str], Sequence[Trial]]:
    """How many blips, with which options, in which trials. ValueError."""
    blips, clock, *names = [*arguments, *(str(BLIPS), "native")[len(arguments) :]]
    there = {each.id: each for each in TRIALS}
    if not blips.isdecimal() or int(blips) == 0:
        raise ValueError(f"BLIPS is '{blips}'; write a whole number from 1")
    if clock not in CLOCKS:
        raise ValueError(f"no clock '{clock}'; write one of {', '.join(CLOCKS)}")
    if unknown := [each for each in names if each not in there]:
        raise ValueError(f"no trial {', '.join(unknown)}; there are {', '.join(there)}")
    return int(blips), CLOCKS[clock], [there[each] for each in names or there]


def main(arguments: Sequence[str]) -> int:
    """Print the table. Returns the exit code: that of bad input if a run was refused or failed, of an inconclusive run
    if one stayed disturbed."""
    try:
        blips, options, trials = asked(arguments)
    except ValueError as error:
        print(f"scripts/bench reroute: {error}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        for trial in trials:
            try:
                run, summary = undisturbed(scenario(trial, blips), trial.name, Path(name) / trial.id, options)
                rows.append(row_of(trial, summary, blips, cores_used(run)))
            except (RefusedError, FailedError, DocumentError, RecordsError) as error:
                print(f"scripts/bench reroute: {trial.name}: {error}", file=sys.stderr)
                return ExitCode.BAD_INPUT
            print(markdown.row(rows[-1]), flush=True)
    return ExitCode.INCONCLUSIVE if any("disturbed" in row[-1] for row in rows) else ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
