"""The tables of a page: figures at the top, expectations, who was hit, ledger, fidelity, environment. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from results.page.shown import Cell, Table, Tile, bounds_text, cell_at, texts
from results.report.program_rows import APP_COLUMNS, PROCESS_COLUMNS, app_rows, process_rows
from results.report.summary_rows import (
    CAUSE_COLUMNS,
    LEDGER_COLUMNS,
    WITNESS_COLUMNS,
    cause_rows,
    ledger_rows,
    witness_rows,
)
from results.run_files.plan import Plan
from results.verdict.summary import ExpectationRow, Summary
from results.verdict.value_text import found_text, number_text
from topologies.model import link_name


def tiles(summary: Summary) -> list[Tile]:
    """The figures at the top."""
    media = summary.media
    bounds = bounds_text(summary, "media.hit_sessions", "")
    hit = Tile(
        "sessions silent for 1 s or more", cell_at(summary, "media.hit_sessions"), bounds, f"of {media.sessions}"
    )
    return [
        hit,
        _tile(summary, "longest silence", "media.interruption_ms.max", " ms", "none"),
        _tile(summary, "still silent at the end", "media.still_interrupted", ""),
        _tile(summary, "packets lost", "media.loss_percent", " %"),
        _tile(summary, "one-way latency, median", "media.one_way_ms.p50", " ms"),
        _tile(summary, "99th percentile", "media.one_way_ms.p99", " ms"),
        _tile(summary, "packets unexplained", "ledger.unexplained", "", "unknown"),
    ]


def _tile(summary: Summary, name: str, path: str, unit: str, none: str = "–") -> Tile:
    return Tile(name, cell_at(summary, path, unit, none), bounds_text(summary, path, unit))


def expectation_rows(summary: Summary) -> Iterator[tuple[str, str, str]]:
    """Mark, text and finding of each expectation."""
    for row in summary.expectations:
        yield _mark(row), row.text, found_text(row)


def _mark(row: ExpectationRow) -> str:
    if row.not_told:
        return "not told"
    return "undecided" if row.ok is None else "met" if row.ok else "missed"


def group_table(summary: Summary) -> Table:
    """Who was hit, and who was not, by group of sessions, TCP connections and WebRTC calls."""
    columns = ("who", "between", "how many", "hit", "not hit", "longest silence")
    rows = [
        (
            Cell(f"{group.name} ({group.path})"),
            Cell(link_name(*group.between)),
            cell_at(summary, f"groups.{place}.sessions"),
            cell_at(summary, f"groups.{place}.hit"),
            Cell(number_text(group.sessions - group.hit), numeric=True),
            cell_at(summary, f"groups.{place}.longest_ms", " ms"),
        )
        for place, group in enumerate(summary.groups)
    ]
    return Table("Groups of sessions; hit: silent for a second or more", columns, tuple(rows), 2)


def pair_table(summary: Summary) -> Table:
    """By direction between two clusters."""
    columns = ("from → to", "listeners", "interrupted", "longest", "latency p50", "p99", "lost", "sent")
    rows = [
        (
            Cell(f"{pair.source} → {pair.destination}"),
            cell_at(summary, f"pairs.{place}.directions"),
            cell_at(summary, f"pairs.{place}.interrupted"),
            cell_at(summary, f"pairs.{place}.interruption_ms.max", " ms"),
            cell_at(summary, f"pairs.{place}.one_way_ms.p50", " ms"),
            cell_at(summary, f"pairs.{place}.one_way_ms.p99", " ms"),
            cell_at(summary, f"pairs.{place}.lost"),
            cell_at(summary, f"pairs.{place}.sent"),
        )
        for place, pair in enumerate(summary.pairs)
    ]
    return Table("By direction between clusters", columns, tuple(rows))


def other_tables(summary: Summary) -> list[Table]:
    """TCP connections, WebRTC calls, decoders and relay programs, of those that the run had."""
    connections = [
        (
            name,
            link_name(*each.between),
            *map(number_text, (each.connections, each.requests, each.lost)),
            _ms(each.longest_wait_ms),
        )
        for name, each in summary.connections.items()
    ]
    calls = [
        (
            name,
            link_name(*each.between),
            *map(number_text, (each.calls, each.sent, each.lost)),
            _ms(each.longest_interruption_ms),
        )
        for name, each in summary.webrtc.items()
    ]
    found = [
        texts("TCP connections", ("who", "between", "connections", "requests", "lost", "longest wait"), connections, 2),
        texts("WebRTC calls", ("who", "between", "calls", "packets sent", "lost", "longest silence"), calls, 2),
        texts("What decoders showed", WITNESS_COLUMNS, witness_rows(summary), 2),
        texts("Relays that are programs", PROCESS_COLUMNS, process_rows(summary), 2),
        texts("What they tell of themselves", APP_COLUMNS, app_rows(summary), 2),
    ]
    return [table for table in found if table.rows]


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{number_text(value)} ms"


def ledger_tables(summary: Summary) -> list[Table]:
    """Where packets went, and what took those that were lost; none if all arrived."""
    found = [
        texts("By route", LEDGER_COLUMNS, ledger_rows(summary.ledger)),
        texts("By cause", CAUSE_COLUMNS, cause_rows(summary.ledger)),
    ]
    return [table for table in found if table.rows]


def fidelity_table(summary: Summary) -> Table:
    """Every check of the testbed, those that failed first."""
    rows = [
        (
            "✓" if check.ok else "?" if check.value is None else "✗",
            check.check,
            "unknown" if check.value is None else f"{number_text(check.value)} {check.unit}".rstrip(),
            f"{number_text(check.limit)} {check.unit}".rstrip(),
        )
        for check in sorted(summary.fidelity, key=lambda check: check.ok)
    ]
    return texts("Checks of the testbed itself", ("held", "check", "found", "limit"), rows, 2)


def hold_up_table(summary: Summary) -> Table:
    """What the machine held up."""
    rows = [
        (row.what, f"{number_text(row.total_ms)} ms", f"{number_text(row.longest_ms)} ms", f"{row.at:.3f} s")
        for row in summary.hold_ups[:12]
    ]
    return texts("What the machine held up, longest first", ("what", "in all", "longest", "at"), rows)


def environment_rows(plan: Plan) -> Iterator[tuple[str, str]]:
    """Machine and software of a run, a name and a text each."""
    yield "scenario", f"{plan.scenario}: {plan.description}"
    yield "seed", str(plan.seed)
    yield "length", f"{plan.duration_ns / 1e9:g} s of media"
    yield "topology", f"{plan.topology.name}: {len(plan.topology.clusters)} clusters, {len(plan.topology.links)} links"
    if plan.environment is None:
        yield "environment", "not recorded"
        return
    chosen = plan.environment
    yield "links", f"{chosen.link_backend}: {chosen.link_backend_reason}"
    yield "datapath", f"{chosen.datapath}: {chosen.datapath_reason}"
    yield "kernel", f"{chosen.kernel}, {chosen.cpus} processors, as {chosen.privilege}"
    yield "clock", chosen.clock
    yield "versions", ", ".join(f"{name} {version}" for name, version in chosen.versions.items())


def repeat_command(plan: Plan) -> str | None:
    """What plays the run again, to be given in the checkout; None if the run was recorded without it."""
    virtual = plan.environment is not None and plan.environment.clock.startswith("virtual")
    more = " --vm --clock virtual" if virtual else ""
    return f"sudo ./run_scenario.py {shlex.join(plan.command)}{more}" if plan.command else None
