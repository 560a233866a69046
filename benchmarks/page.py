"""A page on a relay program that comes with the project, in Markdown: `scripts/bench page KIND [SECONDS]`.

Plays the standard scenarios, the cold burst with a warm cache, a storm of set-ups and each fault on a relay, and
measures what the program carries on one core. Every figure on the page is from these runs; what a busy machine may have
moved says so.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.page_runs import FAULTS, MOVED_TO, STRUCK, AdapterAlone, Found, Runs
from benchmarks.playing import FailedError, RefusedError, others_took
from benchmarks.programs import left_out
from benchmarks.search import Highest, Run
from results.metrics.figure_types import LengthQuantiles
from results.verdict.summary import Summary
from scenarios.cli.exit_codes import ExitCode
from scenarios.paths import PROJECT
from scenarios.suites.standings import evidence_of, recovery_of

SECONDS = 4.0
BUSY = "inconclusive: the machine was busy"
"""On each row whose figures may be the machine's, and not the relay's."""


def page(found: Found) -> Iterator[str]:
    """The lines of the page."""
    yield from (f"# {found.kind}", "", *_what(found), "")
    yield from ("| scenario | verdict | back by itself | evidence |", "|---|---|---|---|")
    for name, each in found.suite.items():
        yield f"| {name} | not played |  | {each} |" if isinstance(each, str) else _judged(each)
    yield from map(_judged, found.of_servers)
    if found.cold and found.warm:
        yield from ("", "| first packet of a moved session | p50 | p99 | max |", "|---|---|---|---|")
        yield from (_first("cold", found.cold), _first("warm", found.warm))
        if found.alone:
            yield _first("cold, adapter alone", found.alone.cold)
    if found.storm:
        yield from ("", *_stormed(found.storm))
    yield from ("", "| fault of 1 s | longest interruption | packets lost | still interrupted |", "|---|---|---|---|")
    for what, each in found.faults.items():
        media = each.media
        row = f"| {_ms(media.interruption_ms.max)} | {media.lost} | {media.still_interrupted} |"
        yield f"| {_marked(FAULTS[what], each)} {row}"
    yield from ("", *_use(found))


def _what(found: Found) -> Iterator[str]:
    """What was measured, with its versions and command lines."""
    program = next(each for each in found.faults.values()).programs[MOVED_TO]
    yield f"Printed by `scripts/bench page {found.kind}` on {found.machine}; measured: {program.measured}."
    packages = ", ".join(f"{name} {version}" for name, version in program.packages.items())
    yield f"Packages: {packages}." if packages else "It needs no package."
    for command in filter(None, (program.command, program.server)):
        yield from ("", f"    {shlex.join(word.replace(f'{PROJECT}/', '') for word in command)}")


def _marked(name: str, *summaries: Summary) -> str:
    return f"{name} ({BUSY})" if any(map(others_took, summaries)) else name


def _judged(summary: Summary) -> str:
    name = _marked(summary.scenario, summary)
    return f"| {name} | {summary.verdict} | {recovery_of(summary)} | {evidence_of(summary)} |"


def _first(cache: str, summary: Summary) -> str:
    quantiles = summary.programs[MOVED_TO].first_forwarded_ms
    return f"| {_marked(cache, summary)} | {' | '.join(map(_ms, _values(quantiles)))} |"


def _stormed(storm: Summary) -> Iterator[str]:
    """Rates count from the first move to the last stream that was served, at 20 ms between the packets of each."""
    program = storm.programs[MOVED_TO]
    carried = next(each for each in storm.groups if each.name == "carried")
    (there,) = (each for each in storm.pairs if [each.source, each.destination] == list(carried.between))
    rate = f"{1e3 * program.moved / program.catch_up_ms:.0f} a second" if program.catch_up_ms else "not told"
    yield f"| {_marked('a storm of set-ups, on a core of its own', storm)} | |"
    yield "|---|---|"
    yield f"| verdict | {': '.join(filter(None, (storm.verdict, evidence_of(storm))))} |"
    yield f"| {program.moved} streams at once, all served after | {_ms(program.catch_up_ms)} ({rate}) |"
    yield f"| longest interruption of the {2 * carried.sessions} streams that it carried | {_ms(carried.longest_ms)} |"
    yield f"| their one-way latency, p50 and p99 | {_ms(there.one_way_ms.p50)}, {_ms(there.one_way_ms.p99)} |"


def _use(found: Found) -> Iterator[str]:
    yield f"On one core: {_carried(found.carried)}."
    if found.alone:
        yield f"The adapter alone: {_carried(found.alone.carried)}."
    if found.cold is None:
        return
    many, freeze = found.cold.programs[MOVED_TO], found.faults["relay-freeze"]
    few, streams, fewer = freeze.programs.get(STRUCK), many.moved, freeze.media.directions
    if few and many.process and few.process and streams > fewer:
        each = (many.process.descriptors_most - few.process.descriptors_most) / (streams - fewer)
        yield f"Descriptors: {many.process.descriptors_most} with {streams} streams, {each:.2f} for each further one."


def _carried(highest: Highest) -> str:
    busy = f"; {BUSY}" if highest.disturbed else ""
    if highest.run is None:
        lowest = f": {_missed(highest.refused)}" if highest.refused else ""
        return f"none of the rates was carried{lowest}{busy}"
    bound = "at least " if highest.bounded_by_load or highest.disturbed else ""
    cpu = f"{highest.run.cpu_us:.2f} µs of CPU per packet" if highest.run.cpu_us else "in the kernel"
    return f"{bound}{highest.run.kpps} kpps, {cpu}{busy}"


def _missed(run: Run) -> str:
    lost, p99 = f"{100 * run.loss:.2f} %", _ms(run.p99_ms)
    return f"at {run.kpps} kpps {lost} were lost, and the 99th percentile of added delay was {p99}"


def _values(quantiles: LengthQuantiles) -> tuple[float | None, float | None, float | None]:
    return quantiles.p50, quantiles.p99, quantiles.max


def _ms(value: float | None) -> str:
    return "not told" if value is None else f"{value:.1f} ms"


def main(arguments: list[str]) -> int:
    """Print the page. Returns the exit code: that of bad input if the kind cannot be played here."""
    if not arguments:
        print("scripts/bench page: which KIND? such as c-sound", file=sys.stderr)
        return ExitCode.BAD_INPUT
    kind, seconds = arguments[0], float(arguments[1]) if len(arguments) > 1 else SECONDS
    if why := left_out(kind):
        print(f"scripts/bench page: {kind}: {why}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        folder = Path(name)
        try:
            print("\n".join(page(Runs(kind, seconds, folder).find(AdapterAlone(seconds, folder)))))
        except (RefusedError, FailedError) as error:
            print(f"scripts/bench page: {kind}: {error}", file=sys.stderr)
            return ExitCode.BAD_INPUT
    return ExitCode.PASS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
