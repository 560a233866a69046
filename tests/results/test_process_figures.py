"""Figures of a program's processes, against arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from results.metrics.analysis import Analysis, Evidence, analyse
from results.metrics.process_figures import process_figures
from results.metrics.system_figures import ProcessFigures
from results.report.report import read_evidence
from results.run_files.events import ProgramEnd
from results.run_files.program_samples import HOST_SAMPLE, PROCESS_SAMPLE, UDP_DROP_SAMPLE, ProgramSamples

HERE, ORDINAL = "us-central", 2
MIB = 1 << 20


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run"))


def row(
    at_s: float, process: int, cpu_ms: int, mib: int, threads: int, descriptors: int, waits: int
) -> tuple[int, ...]:
    at_ns = START + round(at_s * S)
    return at_ns, ORDINAL, process, cpu_ms * MS, cpu_ms * MS, mib * MIB, threads, descriptors, waits, waits // 10


def figures(evidence: Evidence, *rows: tuple[int, ...], **others: list[tuple[int, ...]]) -> ProcessFigures | None:
    seen = ProgramSamples(
        np.array([*rows], PROCESS_SAMPLE),
        np.array(others.get("hosts", []), HOST_SAMPLE),
        np.array(others.get("drops", []), UDP_DROP_SAMPLE),
    )
    analysis: Analysis = analyse(evidence)
    return process_figures(replace(evidence, programs=seen), analysis, HERE)


def test_use_is_counted_from_before_the_media_to_after_them(evidence: Evidence) -> None:
    """The first process began before and went on; the second was started and ended in between."""
    media_s = (analyse(evidence).end_ns - START) / S
    found = figures(
        evidence,
        row(-0.2, 100, 1000, 10, 2, 20, 500),
        row(0.8, 100, 1100, 12, 2, 30, 600),
        row(1.8, 100, 1300, 12, 3, 25, 700),
        row(1.8, 200, 50, 8, 1, 9, 40),
        row(media_s + 0.1, 100, 1400, 11, 2, 20, 800),
        row(media_s + 1.1, 100, 9000, 90, 9, 90, 9000),
    )
    assert found is not None
    assert found.cpu_ms == 2 * (400 + 50)
    assert found.cpu_system_ms == 450
    assert found.cpu_most_percent == 100 * 2 * 0.25
    assert (found.memory_most_mib, found.threads_most, found.descriptors_most) == (20.0, 4, 30)
    assert (found.voluntary_switches, found.involuntary_switches) == (300 + 40, 34)


def test_drops_of_a_port_that_was_bound_anew_count_again(evidence: Evidence) -> None:
    at = [START + round(second * S) for second in (-0.2, 0.8, 1.8, 2.8)]
    found = figures(
        evidence,
        row(-0.2, 100, 0, 1, 1, 1, 0),
        hosts=[(at[0], ORDINAL, 5, 7), (at[2], ORDINAL, 5, 10), (at[2], 3, 99, 99)],
        drops=[
            *((at[index], ORDINAL, 40003, count) for index, count in enumerate((10, 30, 4, 9))),
            (at[1], ORDINAL, 3478, 6),
        ],
    )
    assert found is not None
    assert found.udp_drops == {"lane 3": 20 + 9, "port 3478": 6}
    assert (found.icmp_unreachable_received, found.icmp_unreachable_sent) == (0, 3)


def test_without_samples_nothing_is_told(evidence: Evidence) -> None:
    assert figures(evidence) is None
    assert process_figures(evidence, analyse(evidence), HERE) is None


def test_exits_are_those_of_this_cluster(evidence: Evidence) -> None:
    ends = [ProgramEnd(cluster, "ended by itself (exit code 1)", START) for cluster in (HERE, "us-east")]
    ended = replace(evidence, events=(*evidence.events, *ends))
    found = figures(ended, row(-0.2, 100, 0, 1, 1, 1, 0))
    assert found is not None
    assert found.exits == 1
