"""Which gaps hold-ups can have changed, and whether the fate of packets depends on that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_media import START, received, recording, sent, stream, without
from synthetic_run import Blip

from hostio.timing import MS, S
from results.bounds.effects import EdgeErrors, Effects
from results.bounds.gaps import gaps_of
from results.bounds.held_up import held_up
from results.bounds.packets import Shift, packet_shift
from results.bounds.silences import BoundedSilences
from results.metrics.analysis import Evidence, analyse
from results.metrics.matching import Flags, Ints
from results.report.report import read_evidence
from results.run_files.events import FaultEdge
from results.run_files.records import Rows

SSRC, OTHER = 0xABCD0001, 0xABCD0002
LATENCY = 31_150 * 1_000


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A run in which nothing happens."""
    made = read_evidence(Blip().write(tmp_path_factory.mktemp("run") / "run"))
    events = tuple(event for event in made.events if not isinstance(event, FaultEdge))
    return replace(made, plan=replace(made.plan, faults=()), events=events, decisions=())


def carrying(calm: Evidence, *rows: Rows, arrived: Rows) -> Evidence:
    """The run with these packets alone, of one direction; a stream for each SSRC."""
    made = recording([stream(int(each["ssrc"][0])) for each in rows], rows, [arrived])
    return replace(calm, recording=made)


def test_a_silence_of_a_sender_that_went_on_with_another_ssrc_has_both_its_packets(calm: Evidence) -> None:
    """200 packets of the first 4 s, and 375 more from 4.5 s on: the last of those ended the silence."""
    old, new = sent(SSRC, 200), sent(OTHER, 375, first_seq=7_000, start_ns=START + 4_500 * MS)
    analysis = analyse(carrying(calm, old, new, arrived=received(np.concatenate([old, new]), LATENCY)))
    found = gaps_of(analysis)
    assert (found.before.tolist(), found.after.tolist()) == ([199], [200])
    assert (found.until_ns - found.from_ns).tolist() == [520 * MS]


def shift_of(evidence: Evidence) -> Shift:
    """With a silence of 100 ms that hold-ups can have made 45 ms longer, or 25 ms shorter."""
    analysis = analyse(evidence)
    from_ns: Ints = np.array([START + 2 * S])
    no: Flags = np.zeros(1, dtype=bool)
    found = BoundedSilences(
        np.zeros(1, np.int64),
        from_ns,
        from_ns + 100 * MS,
        np.array([20 * MS]),
        np.array([55.0 * MS]),
        np.array([125.0 * MS]),
        counted=~no,
        still=no,
    )
    assert evidence.hold_ups is not None
    held = held_up(evidence, analysis, evidence.hold_ups)
    effects = Effects(held, EdgeErrors.of(evidence), 250 * MS, None, locks=False)
    return packet_shift(evidence, analysis, {}, found, effects)


def test_a_silence_of_another_length_changes_no_fate_where_nothing_is_lost(calm: Evidence) -> None:
    rows = sent(SSRC, 600)
    assert shift_of(carrying(calm, rows, arrived=received(rows, LATENCY))) == Shift(0.0, 0.0, 0.0)
    one_less = received(without(rows, (5.0, 5.02)), LATENCY)
    assert shift_of(carrying(calm, rows, arrived=one_less)) == Shift(2.0, 1.0, 0.0)


def test_what_is_sent_under_the_ssrc_of_another_is_lost_whenever_it_came(calm: Evidence) -> None:
    """The holder's 600 packets come; the other's 50 come to the holder's listener, who is not its own."""
    own, others = sent(SSRC, 600), sent(OTHER, 50, first_seq=7_000, start_ns=START + 5_010 * MS)
    both = recording([stream(SSRC), stream(OTHER)], [own, others], [received(own, LATENCY)])
    assert shift_of(replace(calm, recording=both)) == Shift(2.0, 1.0, 0.0)
    taker = replace(stream(OTHER), session="t-0000", taken=SSRC)
    assert shift_of(replace(calm, recording=replace(both, streams=(stream(SSRC), taker)))) == Shift(0.0, 0.0, 0.0)
