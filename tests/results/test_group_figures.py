from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import START
from synthetic_run import Blip

from hostio.timing import MS, S
from relay_app.consent import Consent
from relay_app.records import ABSENCE, EXCHANGE, ExchangeOutcome
from relay_app.streams import ConnectionGroup
from results.metrics.analysis import Evidence, analyse
from results.metrics.group_figures import connection_figures, group_rows
from results.report.report import read_evidence

AGENTS = ConnectionGroup("agents", "us-east", "us-west", 2, "agent")
CALLS = ConnectionGroup("calls", "us-west", "us-east", 1, "signalling")
ANSWERED, UNANSWERED, LOST = map(int, ExchangeOutcome)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    return read_evidence(Blip(sessions=4).write(tmp_path / "run"))


def with_exchanges(evidence: Evidence, **rows: list[tuple[int, int, int, int]]) -> Evidence:
    exchanges = {cluster.replace("_", "-"): np.array(each, EXCHANGE) for cluster, each in rows.items()}
    plan = replace(evidence.plan, connections=(AGENTS, CALLS))
    return replace(evidence, plan=plan, recording=replace(evidence.recording, exchanges=exchanges))


def test_each_group_gets_the_exchanges_of_its_own_connections(evidence: Evidence) -> None:
    east = [(0, START, START + 60 * MS, ANSWERED), (1, START, START + 80 * MS, ANSWERED), (1, START + S, 0, LOST)]
    west = [(2, START, START + 2 * S, ANSWERED), (2, START + S, 0, UNANSWERED), (2, START + 4 * S, 0, UNANSWERED)]
    found = connection_figures(with_exchanges(evidence, us_east=east, us_west=west))
    agents, calls = found["agents"], found["calls"]
    assert (agents.connections, agents.requests, agents.answered, agents.lost) == (2, 3, 2, 1)
    assert (agents.response_ms.max, agents.longest_wait_ms) == (80.0, 80.0)
    assert (calls.requests, calls.answered, calls.lost) == (3, 1, 0)
    assert calls.longest_wait_ms == 3000.0


def test_a_group_without_records_has_no_figures(evidence: Evidence) -> None:
    found = connection_figures(with_exchanges(evidence))["agents"]
    assert (found.requests, found.response_ms.max, found.longest_wait_ms) == (0, None, None)


def test_a_session_is_hit_once_however_many_of_its_directions_were(evidence: Evidence) -> None:
    """The blip silences both directions of every session for 300 ms: nobody is hit until that is made a second."""
    analysis = analyse(evidence)
    (group,) = group_rows(evidence, analysis)
    assert (group.sessions, group.hit, group.path) == (4, 0, "relayed")
    assert group.longest_ms == max(each.length_ns for each in analysis.interruptions) / 1e6
    longer = tuple(replace(each, ended_ns=each.started_ns + S) for each in analysis.interruptions)
    (group,) = group_rows(evidence, replace(analysis, interruptions=longer))
    assert (group.hit, group.longest_ms) == (4, 1000.0)


def with_consent(evidence: Evidence, *rows: tuple[int, int, int]) -> Evidence:
    groups = tuple(replace(each, consent=Consent()) for each in evidence.plan.sessions)
    recording = replace(evidence.recording, absences={"us-east": np.array(list(rows), ABSENCE)})
    return replace(evidence, plan=replace(evidence.plan, sessions=groups), recording=recording)


def test_streams_that_were_given_up_are_counted_once_with_the_longest_absence(evidence: Evidence) -> None:
    """One twice, for 1 s and 2 s, and one from 9 s on until the media end at 12 s."""
    first, second = (stream.ssrc for stream in evidence.recording.streams[:2])
    twice = [(first, START + 3 * S, START + 4 * S), (first, START + 5 * S, START + 7 * S)]
    found = with_consent(evidence, *twice, (second, START + 9 * S, 0))
    (group,) = group_rows(found, analyse(found))
    assert (group.gave_up, group.longest_given_up_ms) == (2, 3000.0)
    returned = with_consent(evidence, *twice)
    (group,) = group_rows(returned, analyse(returned))
    assert (group.gave_up, group.longest_given_up_ms) == (1, 2000.0)


def test_where_no_client_needs_consent_nothing_is_told_of_it(evidence: Evidence) -> None:
    (group,) = group_rows(evidence, analyse(evidence))
    assert (group.gave_up, group.longest_given_up_ms) == (None, None)
    needing = with_consent(evidence)
    (group,) = group_rows(needing, analyse(needing))
    assert (group.gave_up, group.longest_given_up_ms) == (0, 0.0)
