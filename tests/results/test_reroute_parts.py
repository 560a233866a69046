"""Parts of an interruption, by arithmetic on times written down here; ms."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from hostio.timing import MS
from results.metrics.network_figures import RerouteParts
from results.metrics.reroute_parts import Instants, Silence, parts_of

FAULT = 4000
DIRECT, LEG, LAST_LEG = 30, 15, 25
"""Delays of the direct link, and of the links to the relay and from there, ms."""

TIMES = Instants(
    fault_ns=FAULT * MS,
    seen_ns=4250 * MS,
    decided_ns=4251 * MS,
    installed_ns=4255 * MS,
    sent_ns=4262 * MS,
    output_ns=(4262 + LEG + 3) * MS,
)
LAST_BEFORE = 3988
"""When the last packet was sent that passed the link before the fault: 12 ms before it."""


def silence(began_at: float, ended_at: float | None, until: float = 9000) -> Silence:
    length = (until if ended_at is None else ended_at) - began_at
    return Silence(round(began_at * MS), round(length * MS), None if ended_at is None else round(ended_at * MS))


REPAIRED = silence(LAST_BEFORE + DIRECT, 4262 + LEG + 3 + LAST_LEG)
"""4018 to 4305: 287 ms."""


def total(parts: RerouteParts) -> float:
    lengths: list[float | None] = [getattr(parts, field.name) for field in fields(parts) if field.name != "still"]
    return sum(each for each in lengths if each is not None)


def test_every_part_is_the_time_between_two_that_are_known() -> None:
    assert parts_of(TIMES, REPAIRED, DIRECT * MS) == RerouteParts(
        detect_ms=250,
        decide_ms=1,
        install_ms=4,
        first_packet_ms=7,
        relay_ms=LEG + 3,
        recovered_ms=LAST_LEG,
        under_way_ms=-DIRECT,
        unexplained_ms=FAULT - LAST_BEFORE,
        still=False,
    )


@pytest.mark.parametrize("phase", [0, 1, 12, 19.999])
def test_what_is_unexplained_is_how_long_before_the_fault_the_last_packet_passed(phase: float) -> None:
    """Which is between nothing and one packet interval, whatever else there is."""
    parts = parts_of(TIMES, silence(FAULT - phase + DIRECT, 4305), DIRECT * MS)
    assert parts.unexplained_ms == pytest.approx(phase)
    assert total(parts) == pytest.approx(4305 - (FAULT - phase + DIRECT))


@pytest.mark.parametrize(
    ("times", "parts"),
    [
        (replace(TIMES, sent_ns=None), ("first_packet_ms", "relay_ms")),
        (replace(TIMES, output_ns=None), ("relay_ms", "recovered_ms")),
        (replace(TIMES, fault_ns=None), ("detect_ms", "under_way_ms")),
    ],
)
def test_what_is_unknown_is_null_and_its_time_is_unexplained(times: Instants, parts: tuple[str, str]) -> None:
    whole, partly = (parts_of(each, REPAIRED, DIRECT * MS) for each in (TIMES, times))
    assert [field.name for field in fields(partly) if getattr(partly, field.name) is None] == [*parts]
    missing = sum(getattr(whole, name) for name in parts)
    assert partly.unexplained_ms == pytest.approx(whole.unexplained_ms + missing)
    assert total(partly) == pytest.approx(287)


def test_a_fault_that_is_not_on_the_way_explains_nothing() -> None:
    parts = parts_of(TIMES, REPAIRED, None)
    assert (parts.detect_ms, parts.under_way_ms) == (None, None)
    assert total(parts) == pytest.approx(287)


def test_a_silence_that_lasts_has_no_end_to_which_anything_leads() -> None:
    """The relay took the first packet and gave out none: what passed since then is not explained."""
    parts = parts_of(replace(TIMES, output_ns=None), silence(4018, None, until=9000), DIRECT * MS)
    assert (parts.first_packet_ms, parts.relay_ms, parts.recovered_ms, parts.still) == (7, None, None, True)
    assert parts.unexplained_ms == pytest.approx(9000 - 4018 - (250 + 1 + 4 + 7 - DIRECT))


def test_a_packet_that_takes_the_rules_before_the_last_confirmation_ends_the_installation() -> None:
    parts = parts_of(replace(TIMES, installed_ns=4400 * MS), REPAIRED, DIRECT * MS)
    assert (parts.install_ms, parts.first_packet_ms) == (4262 - 4251, 0)
    assert total(parts) == pytest.approx(287)


def test_a_switch_that_repairs_by_itself_leaves_nothing_to_the_controller() -> None:
    """Its first packet over the relay is older than what the controller sees: the time until then is detection."""
    times = replace(TIMES, sent_ns=4040 * MS, output_ns=4055 * MS)
    parts = parts_of(times, silence(4018, 4080), DIRECT * MS)
    assert (parts.detect_ms, parts.decide_ms, parts.install_ms, parts.first_packet_ms) == (40, 0, 0, 0)
    assert (parts.relay_ms, parts.recovered_ms, parts.unexplained_ms) == (15, 25, 12)


def test_a_silence_that_began_long_after_its_fault_has_no_part_from_before() -> None:
    """Loss that grew: the last packet passed the link at 4150, and was heard at 4180."""
    parts = parts_of(TIMES, silence(4180, 4305), DIRECT * MS)
    assert (parts.detect_ms, parts.unexplained_ms) == (4250 - 4150, 0)
    assert total(parts) == pytest.approx(4305 - 4180)


def test_a_silence_that_the_reroute_itself_made_is_the_relays() -> None:
    """A cold relay: heard over the direct path until the rules were there, and then not for 700 ms."""
    times = replace(TIMES, output_ns=4962 * MS)
    parts = parts_of(times, silence(4254 + DIRECT, 4962 + LAST_LEG), DIRECT * MS)
    assert (parts.detect_ms, parts.decide_ms, parts.install_ms, parts.first_packet_ms) == (0, 0, 1, 7)
    assert (parts.relay_ms, parts.recovered_ms, parts.unexplained_ms) == (700, LAST_LEG, 0)
