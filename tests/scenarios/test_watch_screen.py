"""The screen, at several sizes: what it must show, and that it fits."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from watch_lab import BLIP, CENTRAL, EAST, WEST, at, drawn, edge, end, health, moment, move, plan_of, review, samples

from hostio.timing import S
from results.run_files.events import ProgramMessage
from results.run_files.faults import Kill, Process, ProcessFault, Stop
from scenarios.watch.entries import Record
from scenarios.watch.frame import (
    Line,
    Span,
    as_ascii,
    beside,
    between,
    clipped,
    line,
    one_cell,
    text_of,
    width_of,
    wrapped,
)
from scenarios.watch.links import STATES
from scenarios.watch.moment import Verdict
from scenarios.watch.relay_figures import figures_at
from scenarios.watch.relays import spark
from scenarios.watch.screen import screen
from scenarios.watch.section import CALM, Item, Section, lines_of, shared_rows

MID_FAULT = 4.5


def row_of(lines: list[str], *words: str) -> str:
    """The only line that has all of these words."""
    (found,) = [each for each in lines if all(word in each for word in words)]
    return found


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 40), (200, 60), (40, 10), (20, 5), (8, 2), (1, 1)])
@pytest.mark.parametrize("seconds", [None, 0.0, MID_FAULT, 7.0, 12.5])
def test_it_fits_the_terminal(size: tuple[int, int], seconds: float | None) -> None:
    lines = screen(moment(seconds), *size)
    assert len(lines) <= size[1]
    assert all(width_of(each) <= size[0] for each in lines)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_mid_fault_it_tells_link_lanes_relay_and_why(size: tuple[int, int]) -> None:
    lines = drawn(moment(MID_FAULT), *size)
    assert "down both ways" in row_of(lines, "us-east ⇄ us-west", "blackhole")
    assert "cccccccccccccccc  via us-central" in row_of(lines, "us-east–us-west", "sessions")
    assert "in force, 1.5 s left, verified" in row_of(lines, "blackhole", "4–6 s")
    text = " ".join(" ".join(each.partition("│")[2] or each for each in lines).split())
    assert "over us-central: no probe for 251 ms" in text
    assert "4.5 s of 12 s" in lines[0]


def test_a_fault_that_the_controller_has_not_noticed_says_so() -> None:
    assert "not noticed yet blackhole  for 0.1 s" in row_of(drawn(moment(4.1)), "us-east ⇄ us-west")


def test_what_is_not_known_is_said() -> None:
    text = "\n".join(drawn(moment(None, [])))
    for words in ("set-up", "the controller has said nothing", "not known yet", "no samples", "nothing yet"):
        assert words in text
    unverified = [*BLIP[:5], edge(0, "start", MID_FAULT)]
    assert "not verified yet" in row_of(drawn(moment(MID_FAULT + 0.001, unverified)), "in force")


def test_a_controller_that_is_struck_makes_what_it_said_old() -> None:
    fault = ProcessFault("controller-restart", 4 * S, 6 * S, Process("controller"), Stop())
    lines = drawn(moment(MID_FAULT, plan=replace(plan_of(), faults=(fault,))))
    assert "controller-restart: links and lanes are as it last said" in row_of(lines, "CONTROLLER AND EVENTS")


def test_a_relay_that_was_ended_has_its_fault_in_place_of_figures() -> None:
    fault = ProcessFault("relay-kill", 4 * S, 6 * S, Process("relay", CENTRAL), Kill(successor="2026-05-10"))
    plan = replace(plan_of(), faults=(fault,))
    rows = samples({"at_ns": at(4), "forwarded": 7})
    figures = {CENTRAL: figures_at(rows, at(MID_FAULT))}
    row = row_of(drawn(moment(MID_FAULT, plan=plan, figures=figures)), "us-central  2026-05-20")
    assert "relay-kill  for 0.5 s" in row
    assert "/s" not in row
    assert row_of(drawn(moment(7, plan=plan, figures=figures)), "us-central  2026-05-10")


def test_of_many_links_the_bad_one_stays_and_the_others_are_counted() -> None:
    plan = plan_of("us-6-blip.yaml")
    ways = plan.topology.directions
    bad = ways[-2]
    records: list[Record] = [BLIP[0], *(health(*way, "clean", -1, "unknown") for way in ways), health(*bad, "down", 1)]
    lines = drawn(moment(2, records, plan))
    assert "→ down ← clean" in row_of(lines, f"{bad.source} ⇄ {bad.destination}")
    shown = sum("⇄" in each for each in lines)
    assert f"… {len(plan.topology.links) - shown} more, all clean" in "\n".join(lines)


def test_lanes_over_several_relays_show_which_is_where() -> None:
    plan = plan_of("us-6-blip.yaml")
    ends = ("us-east", "us-west")
    records = [BLIP[0], move("us-central", 1, range(4), ends), move("us-south", 1, range(4, 6), ends)]
    row = row_of(drawn(moment(2, records, plan), 100, 30), "us-east–us-west", "sessions")
    assert "ccccss··········  4 us-central, 2 us-south, 10 direct" in row


def test_where_directions_move_apart_each_has_a_row() -> None:
    plan = plan_of()
    plan = replace(plan, controller=replace(plan.controller, directions="each"))
    away = replace(move("us-central", 1), one_way=True)
    lines = drawn(moment(2, [BLIP[0], away], plan), 100, 40)
    assert "via us-central" in row_of(lines, "us-east→us-west", "sessions")
    assert "direct" in row_of(lines, "us-west→us-east", "sessions")
    assert any("us-east→us-west over us-central" in each for each in lines)


def test_a_rerouted_pair_says_why_it_stays_there() -> None:
    assert any("    both legs are clean" in each for each in drawn(moment(5.5)))


def test_a_relay_that_stands_still_is_marked() -> None:
    rows = [
        {"at_ns": at(n / 10), "forwarded": 100 * n, "lock_held_ns": n * 10**8, "waiting_bytes": 500} for n in range(11)
    ]
    rows += [{**rows[-1], "at_ns": at(1 + n / 10), "lock_held_ns": (10 + n) * 10**8} for n in range(1, 21)]
    found = {second: figures_at(samples(*rows), at(second)) for second in (1, 3)}
    assert all(found.values())
    before, after = (
        row_of(drawn(moment(second, figures={CENTRAL: figures})), "us-central  2026", "/s")
        for second, figures in found.items()
    )
    assert "1 000/s" in before
    assert "stands still" not in before
    assert after.startswith("✕ c us-central")
    assert "0/s" in after
    assert "stands still, lock held" in after


def test_canaries_are_told_beside_the_relay() -> None:
    records = [*BLIP[:5], health(EAST, CENTRAL, "down", 1, detector="relay-canary")]
    assert row_of(drawn(moment(2, records)), "canaries down").startswith("✕ c us-central")
    records += [health(EAST, CENTRAL, "clean", 1, detector="relay-canary")]
    records += [health(EAST, CENTRAL, "degraded", 1, detector="receiver-reports", of_relay=True)]
    assert row_of(drawn(moment(2, records)), "media degraded").startswith("▲ c us-central")


def test_text_of_others_cannot_steer_the_terminal() -> None:
    said = ProgramMessage(EAST, "STATUS=\x1b[2J\u202e日本\u0301 ok", at(1))
    for lines in (drawn(moment(2, [*BLIP[:5], said])), drawn(moment(2, [*BLIP[:5], review(1, "\x1b]0;x\x07")]))):
        assert all(char.isprintable() for each in lines for char in each)
    assert one_cell("\x1b[2J日本 \u0301ok – é") == "?[2J?? ?ok – é"


def test_the_end_has_verdict_and_reasons() -> None:
    shown = moment(13.0)
    over = type(shown)(
        shown.plan, shown.state, shown.now_ns, "over", verdict=Verdict("fail", ("too long",)), notes=("a note",)
    )
    lines = drawn(over)
    assert "■ over: fail" in lines[0]
    assert lines[-2:] == ["? a note", "  too long"]


def test_a_fault_that_the_plan_does_not_have_is_a_row() -> None:
    lines = drawn(moment(2, [*BLIP[:5], edge(7, "start", 1)]))
    assert any(each.startswith("? fault 7, which the plan does not have") for each in lines)


def test_everything_has_its_ascii() -> None:
    for seconds in (None, MID_FAULT, 7.0):
        for each in screen(moment(seconds), 140, 40):
            plain = text_of(as_ascii(each))
            assert plain.isascii()
            assert len(plain) == width_of(each)
            assert "?" not in plain.replace("? ", "", 1), plain


def test_states_can_be_told_without_colour() -> None:
    words = {"clean", "damped", "degraded", "down"}
    assert text_of(as_ascii((Span("".join(mark for mark, _ in STATES.values())),))) == "*^!X"
    for state in words - {"clean"}:
        records: list[Record] = [*BLIP[:5], health(EAST, WEST, state, 1), health(WEST, EAST, state, 1)]
        assert state in row_of(drawn(moment(2, records)), "us-east ⇄ us-west")


def test_the_timeline_has_faults_and_the_present() -> None:
    bar = drawn(moment(6.1), 120, 24)[1]
    assert bar == "━" * 40 + "█" * 20 + "━" + "┃" + "─" * 58


# Lines, sections and rows by themselves


def test_cutting_keeps_tones_and_says_so() -> None:
    whole = line(Span("abc", "bad"), "def")
    assert clipped(whole, 6) == whole
    assert clipped(whole, 5) == (Span("abc", "bad"), Span("d"), Span("…"))
    assert clipped(whole, 0) == ()
    assert text_of(between(whole, line("xy"), 7)) == "abcd…xy"
    assert [text_of(each) for each in beside([whole], [whole, whole], 7, 13)] == ["abcdef  │ ab…", "        │ ab…"]


def test_a_text_goes_on_under_itself() -> None:
    random = Random(1)
    for _ in range(50):
        words = ["".join(random.choices("abc", k=random.randint(1, 9))) for _ in range(random.randint(1, 12))]
        text = line(*(Span(f"{word} ", random.choice(["plain", "dim"])) for word in words))
        lines = wrapped(line("> "), text, 20)
        assert " ".join(text_of(each)[2:] for each in lines).split() == words
        assert all(width_of(each) <= 20 for each in lines)


def items(count: int, *, details: int = 0, bad: int | None = None) -> tuple[Item, ...]:
    return tuple(
        Item(line(f"row {n}"), line(f"detail {n}") if n < details else None, int(n != bad)) for n in range(count)
    )


def texts(lines: object) -> list[str]:
    return [text_of(each) for each in list[Line](lines)]  # type: ignore[call-overload]


def test_a_section_keeps_what_matters_and_counts_the_rest() -> None:
    section = Section("links", "", items(9, bad=7), "all well")
    assert texts(lines_of(section, 3, 40))[1:] == ["row 0", "row 7", "  … 7 more"]
    assert len(texts(lines_of(section, 0, 40))) == 1
    calm = tuple(item._replace(rank=item.rank * CALM) for item in section.items)
    assert texts(lines_of(Section("links", "", calm, "all well"), 3, 40))[-1] == "  … 7 more, all well"
    two_bad = (Item(line("bad")), *calm)
    assert texts(lines_of(Section("links", "", two_bad, "all well"), 2, 40))[-1] == "  … 9 more"


def test_details_find_room_after_all_rows_and_the_bad_ones_first() -> None:
    section = Section("links", "", items(3, details=3, bad=2), "more")
    assert texts(lines_of(section, 4, 40))[1:] == ["row 0", "row 1", "row 2", "    detail 2"]
    assert len(texts(lines_of(section, 6, 40))) == 7


def test_rows_go_round_and_some_are_left() -> None:
    sections = [Section("a", "", items(2)), Section("b", "", items(9)), Section("c", "", items(1))]
    assert shared_rows(sections, 13, 5, 40) == [2, 5, 1]
    assert shared_rows(sections, 40, 5, 40) == [2, 9, 1]
    assert sum(shared_rows(sections, 2, 5, 40)) <= 2


@pytest.mark.parametrize(
    ("history", "bars"), [((), ""), ((0.0, 0.0), "▁▁"), ((0.0, 50.0, 100.0), "▁▅█"), ((7.0,), "█")]
)
def test_bars_are_shares_of_the_largest(history: tuple[float, ...], bars: str) -> None:
    assert spark(history) == bars


def test_the_run_that_is_over_leaves_no_fault_in_the_future() -> None:
    lines = drawn(moment(13.0, [BLIP[0], end()]))
    assert "was not played" in row_of(lines, "blackhole", "4–6 s")


def test_records_that_fit_no_plan_are_drawn_too() -> None:
    """Of another topology, with faults and lanes that there are not, at any time."""
    random = Random(7)
    names = [EAST, CENTRAL, WEST, "nowhere", "-", "x" * 20]
    for _ in range(200):
        records: list[Record] = [BLIP[0]] if random.random() < 0.8 else []
        for _ in range(random.randint(0, 12)):
            one, other, via = random.choices(names, k=3)
            seconds, number = random.uniform(-2, 14), random.randint(-2, 3)
            found: list[Record] = [
                health(one, other, random.choice(["clean", "down", "degraded", "damped", "odd"]), seconds),
                health(one, other, "down", seconds, detector="relay-canary"),
                move(random.choice([via, None]), seconds, random.sample(range(-2, 40), 5), (one, other)),
                edge(number, random.choice(["start", "level", "end"]), seconds),
                ProgramMessage(one, "STATUS=" + chr(random.randint(0, 0x2FFF)), at(seconds)),
                end(seconds),
            ]
            records.append(random.choice(found))
        shown = moment(random.uniform(-1, 14), records)
        for size in ((80, 24), (140, 40)):
            lines = screen(shown, *size)
            assert len(lines) <= size[1]
            assert all(width_of(each) <= size[0] for each in lines)
