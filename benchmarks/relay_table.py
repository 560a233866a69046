"""The table of `scripts/bench relay`: a row for each relay, beside the version that is the measure of all. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median

from benchmarks.search import Highest, Run
from relay_app.versions.version_names import DEFAULT_VERSION

ADAPTER = "adapter-alone"
"""The row that every server + adapter is set beside."""

SERVER = "server + adapter"
"""In the name of the row of a server behind the adapter."""

COLUMNS = (
    "relay, one core",
    "kpps (range)",
    "ratio",
    "added p50",
    "p99",
    "CPU per packet",
    "ratio",
    "server's own",
    "machine",
)

MEANING = f"ratio: to {DEFAULT_VERSION}; server's own: CPU per packet beyond that of {ADAPTER}"

Rounds = Mapping[str, Sequence[Highest]]
"""By relay, what was found in each round."""

_NOT_TOLD = "–"


def rows(found: Rounds) -> Iterator[tuple[str, ...]]:
    """A row per relay: the round in the middle, and the median of the ratios of each round."""
    for name, rounds in found.items():
        runs = sorted((each.run for each in rounds if each.run), key=lambda run: run.kpps)
        yield (
            name,
            _rate(rounds, runs),
            _ratio(rounds, found.get(DEFAULT_VERSION, ()), lambda run: run.kpps),
            *_middle(runs),
            _ratio(rounds, found.get(DEFAULT_VERSION, ()), lambda run: run.cpu_us),
            _beyond(rounds, found.get(ADAPTER, ())) if SERVER in name else _NOT_TOLD,
            _machine(rounds),
        )


def _rate(rounds: Sequence[Highest], runs: Sequence[Run]) -> str:
    if not runs:
        return "none"
    bound = "≥ " if any(each.bounded_by_load or each.disturbed for each in rounds) else ""
    return f"{bound}{runs[len(runs) // 2].kpps} ({runs[0].kpps}-{runs[-1].kpps})"


def _middle(runs: Sequence[Run]) -> tuple[str, ...]:
    if not runs:
        return (_NOT_TOLD,) * 3
    middle = runs[len(runs) // 2]
    # Rules in the kernel work in the time of whoever sends.
    cpu = f"{middle.cpu_us:.2f} µs" if middle.cpu_us else "in the kernel"
    return (f"{middle.p50_ms:.3f} ms", f"{middle.p99_ms:.3f} ms", cpu)


def _ratio(rounds: Sequence[Highest], measure: Sequence[Highest], figure: Callable[[Run], float]) -> str:
    """Ratios are taken round by round: what slows the machine for a time slows both."""
    ratios = [figure(run) / figure(base) for run, base in _both(rounds, measure) if figure(base) and figure(run)]
    return f"{median(ratios):.2f}" if ratios else _NOT_TOLD


def _beyond(rounds: Sequence[Highest], adapter: Sequence[Highest]) -> str:
    """CPU time per packet beyond the adapter's alone."""
    shares = [run.cpu_us - alone.cpu_us for run, alone in _both(rounds, adapter)]
    return f"{median(shares):.2f} µs" if shares else _NOT_TOLD


def _both(rounds: Sequence[Highest], others: Sequence[Highest]) -> Iterator[tuple[Run, Run]]:
    """The runs of the rounds in which both carried a rate."""
    for one, other in zip(rounds, others, strict=False):
        if one.run and other.run:
            yield one.run, other.run


def _machine(rounds: Sequence[Highest]) -> str:
    busy = sum(each.disturbed for each in rounds)
    return f"inconclusive, {busy} of {len(rounds)} busy" if busy else "quiet"
