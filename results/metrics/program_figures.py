"""Figures of relays that are programs, from what listeners and the kernel saw of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from results.metrics.analysis import Analysis, Evidence
from results.metrics.app_figures import app_problem, app_values
from results.metrics.figure_types import LengthQuantiles
from results.metrics.process_figures import lock_wait_rows, process_figures
from results.metrics.relay_figures import (
    catch_up_ms,
    first_forwarded,
    kinds_served,
    lane_drops,
    lengths_ms,
    moved_streams,
)
from results.metrics.stall_figures import stall_rows
from results.metrics.system_figures import ProgramFigures
from results.run_files.events import ProgramStart
from results.run_files.machine import ProcessId
from results.run_files.relay_program import RelayProgram


def program_figures(evidence: Evidence, analysis: Analysis) -> dict[str, ProgramFigures]:
    """Figures of every relay that is a program, by cluster."""
    programs = {each.name: evidence.plan.relay_programs(each.name) for each in evidence.plan.topology.clusters}
    return {name: _figures(evidence, analysis, name, lives) for name, lives in programs.items() if lives}


def _figures(evidence: Evidence, analysis: Analysis, cluster: str, lives: Sequence[RelayProgram]) -> ProgramFigures:
    moved, program = moved_streams(evidence, analysis, cluster), lives[0]
    scrapes = evidence.programs.scrapes.get(cluster, ()) if evidence.programs else ()
    told = all(each.writes_path_log for each in lives)
    versions = evidence.plan.environment.versions if evidence.plan.environment else {}
    delays = first_forwarded(evidence, analysis, cluster, moved) if told else {}
    return ProgramFigures(
        kind=evidence.plan.relays.version_of(cluster),
        kinds=kinds_served(evidence, cluster),
        command=_started(evidence, cluster, "relay") or list(program.command),
        measured="server + adapter" if program.server else "program",
        server=_started(evidence, cluster, "server") or list(program.server.command) if program.server else None,
        packages={name: versions[name] for name in program.packages if name in versions},
        capabilities=list(program.capabilities),
        sessions=program.sessions,
        receive_buffer=lane_drops(evidence.machine, cluster),
        no_rtp=evidence.machine.counter(ProcessId("client", cluster), "malformed") if evidence.machine else 0,
        moved=len(moved),
        first_forwarded_ms=lengths_ms(np.array([*delays.values()], np.int64)) if told else _NOT_TOLD,
        never_forwarded=len(moved) - len(delays) if told else None,
        catch_up_ms=catch_up_ms(analysis, moved, delays) if told else None,
        process=process_figures(evidence, analysis, cluster),
        stalls_seen=stall_rows(evidence, analysis, cluster),
        app=app_values(scrapes, analysis),
        app_problem=app_problem(scrapes, analysis),
        lock_waits=lock_wait_rows(evidence.programs, cluster),
    )


def _started(evidence: Evidence, cluster: str, part: str) -> list[str] | None:
    """The command line with which a program was started first; None if that was not recorded."""
    starts = (each for each in evidence.of(ProgramStart) if (each.cluster, each.part) == (cluster, part))
    return next((list(each.command) for each in starts), None)


_NOT_TOLD = LengthQuantiles(None, None, None)
