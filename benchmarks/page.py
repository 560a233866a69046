"""A page on a relay program that comes with the project, in Markdown: `scripts/bench page KIND [SECONDS]`.

Plays the standard scenarios, the cold burst with a warm cache, a storm of set-ups and each fault on a relay, and
measures what the program carries on one core. Every figure on the page is from these runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.apart import play_apart
from benchmarks.programs import left_out, measured
from benchmarks.search import Highest
from results.metrics.figures import LengthQuantiles
from results.run_files.documents import read
from results.run_files.run_dir import RunDir
from results.verdict.summary import Summary
from scenarios.language.library import LIBRARY, standard_scenarios
from scenarios.paths import PROJECT
from scenarios.suites.standings import evidence_of, recovery_of
from topologies.sandbox import find_sandbox

SECONDS = 4.0
BURST = LIBRARY / "suite" / "cold-burst.yaml"
STORM = LIBRARY / "servers" / "set-up-storm.yaml"
MOVED_TO, STRUCK = "us-central", "us-east"
"""The clusters of the relay that the burst meets, and of the one that the faults strike."""
FAULTS = {"relay-kill": "SIGKILL", "relay-freeze": "SIGSTOP and SIGCONT", "relay-restart": "SIGTERM"}
FAULT_SCENARIO = """\
name: fault
topology: us-triangle
duration: 6s
sessions: [{{between: [us-east, us-west], count: 10, media: voice}}]
events: [{{at: 2s, what: {what}, cluster: {cluster}, for: 1s}}]
expect: [media.still_interrupted == 0]
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Summaries of the runs of a kind: of the standard scenarios, of the burst with a warm cache, of the storm with its
    processes on a core of their own, and by fault."""

    kind: str
    suite: Sequence[Summary]
    warm: Summary
    storm: Summary
    faults: Mapping[str, Summary]
    carried: Highest

    @property
    def cold(self) -> Summary:
        """Of the burst with a cold cache."""
        return next(each for each in self.suite if each.scenario == self.warm.scenario)


def page(found: Found) -> Iterator[str]:
    """The lines of the page."""
    program = found.cold.programs[MOVED_TO]
    yield from (
        f"# {found.kind}",
        "",
        f"Printed by `scripts/bench page {found.kind}`; measured: {program.measured}.",
        "",
    )
    yield from ("| standard scenario | verdict | back by itself | evidence |", "|---|---|---|---|")
    for each in found.suite:
        yield f"| {each.scenario} | {each.verdict} | {recovery_of(each)} | {evidence_of(each)} |"
    yield from ("", "| first packet of a moved session | p50 | p99 | max |", "|---|---|---|---|")
    yield from (_first("cold", found.cold), _first("warm", found.warm))
    yield from ("", *_stormed(found.storm))
    yield from ("", "| fault of 1 s | longest interruption | packets lost | still interrupted |", "|---|---|---|---|")
    for what, each in found.faults.items():
        media = each.media
        yield f"| {FAULTS[what]} | {_ms(media.interruption_ms.max)} | {media.lost} | {media.still_interrupted} |"
    yield from ("", *_use(found))


def _first(cache: str, summary: Summary) -> str:
    quantiles = summary.programs[MOVED_TO].first_forwarded_ms
    return f"| {cache} | {' | '.join(map(_ms, _values(quantiles)))} |"


def _stormed(storm: Summary) -> Iterator[str]:
    """Rates count from the first move to the last stream that was served, at 20 ms between the packets of each."""
    program = storm.programs[MOVED_TO]
    carried = next(each for each in storm.groups if each.name == "carried")
    (there,) = (each for each in storm.pairs if [each.source, each.destination] == list(carried.between))
    rate = f"{1e3 * program.moved / program.catch_up_ms:.0f} a second" if program.catch_up_ms else "not told"
    yield "| a storm of set-ups, on a core of its own | |"
    yield "|---|---|"
    yield f"| verdict | {storm.verdict} |"
    yield f"| {program.moved} streams at once, all served after | {_ms(program.catch_up_ms)} ({rate}) |"
    yield f"| longest interruption of the {2 * carried.sessions} streams that it carried | {_ms(carried.longest_ms)} |"
    yield f"| their one-way latency, p50 and p99 | {_ms(there.one_way_ms.p50)}, {_ms(there.one_way_ms.p99)} |"


def _use(found: Found) -> Iterator[str]:
    yield f"On one core: {_carried(found.carried)}."
    many, few = found.cold.programs[MOVED_TO], found.faults["relay-freeze"].programs[STRUCK]
    streams, fewer = many.moved, found.faults["relay-freeze"].media.directions
    if many.process and few.process and streams > fewer:
        each = (many.process.descriptors_most - few.process.descriptors_most) / (streams - fewer)
        yield f"Descriptors: {many.process.descriptors_most} with {streams} streams, {each:.2f} for each further one."


def _carried(highest: Highest) -> str:
    if highest.run is None:
        return "none of the rates was carried"
    bound = "at least " if highest.bounded_by_load else ""
    return f"{bound}{highest.run.kpps} kpps, {highest.run.cpu_us:.2f} µs of CPU per packet"


def _values(quantiles: LengthQuantiles) -> tuple[float | None, float | None, float | None]:
    return quantiles.p50, quantiles.p99, quantiles.max


def _ms(value: float | None) -> str:
    return "not told" if value is None else f"{value:.1f} ms"


def played(file: Path, kind: str, runs: Path, *settings: str, apart: tuple[int, int] | None = None) -> Summary:
    """Run a scenario with a kind, by the command line; gives its summary. `apart`: cores of the rest and of it."""
    words = [word for each in settings for word in ("--set", each)]
    run = [sys.executable, str(PROJECT / "run_scenario.py"), "run", str(file)]
    argv = [*run, "--relay", kind, "--out", str(runs), *words]
    if apart:
        play_apart(argv, apart)
    else:
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)
    (root,) = runs.glob("*/*")
    return read(Summary, RunDir(root).summary)


def find(kind: str, seconds: float, folder: Path) -> Found:
    """Play and measure all that the page tells."""
    available = sorted(os.sched_getaffinity(0))
    cores = available[0], available[-1]
    suite = [played(file, kind, folder / file.stem) for file in standard_scenarios()]
    warm = played(BURST, kind, folder / "warm", f"relays.warm.{MOVED_TO}=100%")
    storm = played(STORM, kind, folder / "storm", apart=cores)
    faults = {}
    for what in FAULTS:
        scenario = folder / f"{what}.yaml"
        scenario.write_text(FAULT_SCENARIO.format(what=what, cluster=STRUCK))
        faults[what] = played(scenario, kind, folder / what)
    return Found(kind, suite, warm, storm, faults, measured(kind, seconds, cores, find_sandbox()))


def main(arguments: list[str]) -> int:
    """Print the page. Returns the exit code: 2 if the kind cannot be played here."""
    if not arguments:
        print("scripts/bench page: which KIND? such as c-sound", file=sys.stderr)
        return 2
    kind, seconds = arguments[0], float(arguments[1]) if len(arguments) > 1 else SECONDS
    if why := left_out(kind):
        print(f"scripts/bench page: {kind}: {why}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as folder:
        print("\n".join(page(find(kind, seconds, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
