from dataclasses import replace

import pytest
from synthetic_media import plan

from results.fidelity.checks import FidelityCheck
from results.metrics.figure_types import LengthQuantiles, Quantiles
from results.metrics.figures import FrameFigures, Media, OrderFigures
from results.metrics.machine_summary import MachineFigures, WorstSecond
from results.metrics.metric_names import METRICS
from results.metrics.oracle_figures import OracleFigures
from results.metrics.quality_types import (
    BurstFigures,
    ConcealmentFigures,
    Ratings,
    Scores,
    SpeechQuality,
    TimerFigures,
)
from results.metrics.system_figures import LedgerFigures, LockWaitRow, LossDifference, ProgramFigures
from results.run_files.plan import Comparison, Expectation
from results.verdict.diagnosis import diagnose_clients, diagnose_program
from results.verdict.summary import Backend, Findings
from results.verdict.value_text import found_text
from results.verdict.verdict import evaluate, judge

CALM = Media(
    sessions=4,
    hit_sessions=0,
    hit_percent=0.0,
    directions=8,
    interrupted_directions=0,
    still_interrupted=0,
    interruptions=0,
    interruption_ms=LengthQuantiles(None, None, None),
    loss_derived_ms=LengthQuantiles(280.0, 290.0, 300.0),
    dropped_calls=1,
    dropped_calls_percent=25.0,
    timers=TimerFigures(6, 5, 4, 3, 2, 1),
    pauses=0,
    longest_pause_ms=0.0,
    speaker_pauses=0,
    outages_in_speaker_pauses=0,
    resolution_ms=20.0,
    recovery_lag_ms=None,
    one_way_ms=Quantiles(31.2, 31.9),
    added_ms=Quantiles(0.5, 2.0),
    jitter_ms=Quantiles(0.1, 0.4),
    sent=4800,
    received=4800,
    lost=0,
    in_flight=0,
    duplicates=0,
    collided=0,
    loss_percent=0.0,
    order=OrderFigures(12, 0.25, LengthQuantiles(1.0, 2.0, 3.0), LengthQuantiles(5.0, 9.0, 9.5), 2, 0, 1),
    frames=FrameFigures(360, 350, 9, 12, 2, 3, LengthQuantiles(200.0, 240.0, 250.0), 650.0),
    bursts=BurstFigures(3, 80.0, 120.0, 33.3, 260.0, 0.1),
    concealment=ConcealmentFigures(96, 5, 4, 5.2, 4.2),
    quality=SpeechQuality(Ratings(91.0, 80.5), Scores(4.3, 4.0), Ratings(130.5, 99.9), Scores(4.2, 3.4)),
    gave_up=2,
    longest_given_up_ms=1500.0,
    reroutes=0,
)
BLIPPED = replace(CALM, interrupted_directions=8, interruptions=8, interruption_ms=LengthQuantiles(300.0, 320.0, 330.0))
NOTHING_LOST = LedgerFigures(4800, 0, 4800, 0, 0, 0, {}, 0, LossDifference(0, 0, 0, 0, 0), [])
GOOD = FidelityCheck("port-drops", "drops", 0.0, 0.0, "", ok=True)
BROKEN = FidelityCheck("pacing-p99", "pacing error", 12.5, 10.0, "ms", ok=False)
UNKNOWN = FidelityCheck("socket-drops", "socket drops", None, 0.0, "", ok=False)


def findings(media: Media, *checks: FidelityCheck, machine: MachineFigures | None = None) -> Findings:
    backend = Backend("netem", "kernel")
    return Findings(
        "s",
        1,
        backend,
        media,
        [],
        [],
        [],
        {},
        {},
        {},
        {},
        [],
        [],
        [],
        [],
        OracleFigures(0, 0, 0, 0, 0, 0.0, 0, 0),
        NOTHING_LOST,
        machine,
        list(checks),
        None,
        {},
        None,
        [],
        [],
    )


def expect(metric: str, comparison: Comparison, value: float) -> Expectation:
    return Expectation(metric, comparison, value, f"{metric} {comparison} {value:g}")


MET = expect("media.interruption_ms.max", "<", 1000)
MISSED = expect("media.interruption_ms.max", "<", 300)
UNDECIDABLE = expect("media.no_such", "<", 1)


@pytest.mark.parametrize("faithful", [True, False])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("expectations", "alone"),
    [
        ([], "pass"),
        ([MET], "pass"),
        ([MISSED], "fail"),
        ([MET, MISSED], "fail"),
        ([UNDECIDABLE], "inconclusive"),
        ([MISSED, UNDECIDABLE], "fail"),
    ],
)
def test_doubt_comes_before_failure_and_failure_before_what_cannot_be_decided(
    faithful: bool, whole: bool, expectations: list[Expectation], alone: str
) -> None:
    checks = (GOOD,) if faithful else (GOOD, BROKEN)
    problems = () if whole else ("plan.json is missing",)
    summary = judge(findings(BLIPPED, *checks), problems, expectations)
    assert summary.verdict == (alone if faithful and whole else "inconclusive")
    assert summary.reasons


def test_every_reason_is_given_with_figure_and_limit() -> None:
    summary = judge(findings(BLIPPED, BROKEN, UNKNOWN), ["the run was interrupted"], [UNDECIDABLE])
    assert summary.reasons == [
        "the run was interrupted",
        "pacing error: 12.5 ms, at most 10 ms allowed",
        "socket drops: unknown",
        "media.no_such is unknown, so “media.no_such < 1” cannot be decided",
        "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms",
    ]


def test_a_stolen_processor_is_not_blamed_on_the_load() -> None:
    stolen = FidelityCheck("steal", "stolen", 9.0, 5.0, "%", ok=False)
    (_, advice) = judge(findings(CALM, stolen), [], []).reasons
    assert advice.startswith("the machine's host kept the processor for others")


def test_a_clock_that_was_set_is_not_blamed_on_the_load() -> None:
    step = FidelityCheck("clock-step", "step", 40.0, 1.0, "ms", ok=False)
    (_, advice) = judge(findings(CALM, step), [], []).reasons
    assert advice.startswith("somebody set the machine's clock")


OTHERS = (
    "other programs took 80 % of the processor in the second after 5 s: "
    "end them, or run it again when the machine is quieter"
)
HOST = (
    "the machine's host kept 9.1 % of a core for others in the second after 6 s: run it again when the host is quieter"
)
LOAD = "if that happens again this machine cannot carry the load: lower sessions.*.count, or use voice-100ms"


@pytest.mark.parametrize(
    ("others", "stolen", "advice"),
    [
        (80.0, 4.0, [OTHERS]),
        (80.0, 9.1, [OTHERS, HOST]),
        (10.0, 9.1, [HOST]),
        (10.0, 4.0, ["the busiest core was used to 99 % in the second after 7 s", LOAD]),
    ],
)
def test_who_took_the_processor_is_said_where_something_was_late(
    others: float, stolen: float, advice: list[str]
) -> None:
    machine = MachineFigures(
        used=WorstSecond(90.0, 5.0),
        others=WorstSecond(others, 5.0),
        core=WorstSecond(99.0, 7.0),
        stolen=WorstSecond(stolen, 6.0),
        squeezed=0,
        upcalls=20,
    )
    (_, *said) = judge(findings(CALM, BROKEN, machine=machine), [], []).reasons
    assert said == advice
    assert judge(findings(CALM, machine=machine), [], []).verdict == "pass"


def test_a_failure_says_what_was_found() -> None:
    assert judge(findings(BLIPPED), [], [MISSED]).reasons == ["expected media.interruption_ms.max < 300, found 330 ms"]


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("<", False, False, True),
        ("<=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
        (">=", True, True, False),
        (">", True, False, False),
    ],
)
def test_comparisons(comparison: Comparison, below: bool, equal: bool, above: bool) -> None:
    held = [evaluate(expect("media.sent", comparison, value), findings(CALM)).ok for value in (4799, 4800, 4801)]
    assert held == [below, equal, above]


@pytest.mark.parametrize(
    ("comparison", "ok"), [("<", True), ("<=", True), (">", False), (">=", False), ("==", None), ("!=", None)]
)
@pytest.mark.parametrize("which", ["p50", "p99", "max"])
def test_nothing_interrupted_is_shorter_than_any_length(comparison: Comparison, ok: bool | None, which: str) -> None:
    assert evaluate(expect(f"media.interruption_ms.{which}", comparison, 10), findings(CALM)).ok is ok


def test_nothing_measured_is_not_nothing_interrupted() -> None:
    assert evaluate(MET, findings(replace(CALM, directions=0, sent=0))).ok is None


def test_a_failed_expectation_of_an_interruption_says_there_was_none() -> None:
    longer = expect("media.interruption_ms.max", ">", 100)
    assert judge(findings(CALM), [], [longer]).reasons == [
        "expected media.interruption_ms.max > 100, found no interruption"
    ]


@pytest.mark.parametrize(
    "metric",
    ["", ".", "media", "media.one_way_ms", "media.one_way_ms.p50.x", "fidelity.7.value", "fidelity.0.ok", "scenario"],
)
def test_a_path_to_no_number_is_undecidable(metric: str) -> None:
    assert evaluate(expect(metric, "<", 1), findings(CALM, GOOD)).ok is None


def test_lists_count_as_their_length_and_can_be_entered() -> None:
    assert evaluate(expect("reroutes", "==", 0), findings(CALM)).ok
    assert evaluate(expect("fidelity.1.value", "==", 12.5), findings(CALM, GOOD, BROKEN)).ok


def test_every_metric_offered_can_be_looked_up() -> None:
    known = replace(BLIPPED, recovery_lag_ms=0.0)
    for metric in METRICS:
        assert evaluate(expect(metric, "<", 1e9), findings(known)).value is not None
    assert METRICS["media.interruption_ms.p99"] == "ms"
    assert METRICS["media.loss_percent"] == "percent"
    assert METRICS["media.sent"] == "count"


def test_a_plan_may_expect_nothing() -> None:
    assert judge(findings(CALM), [], plan().expectations).verdict == "pass"


@pytest.mark.parametrize(
    ("start_s", "said"),
    [
        (-0.0, "in the second after 0 s"),
        (-0.46, "in the second after 0 s"),
        (0.4, "in the second after 0 s"),
        (-1.3, "in the second that began 1 s before the media"),
        (11.9, "in the second after 12 s"),
    ],
)
def test_a_second_that_began_before_the_media_has_no_minus(start_s: float, said: str) -> None:
    worst = WorstSecond(99.0, start_s)
    machine = MachineFigures(worst, worst, worst, worst, squeezed=0, upcalls=0)
    advice = judge(findings(CALM, BROKEN, machine=machine), [], []).reasons[1:]
    assert [said in sentence for sentence in advice] == [True, True]
    assert "-" not in "".join(advice)


PROGRAM = ProgramFigures(
    kind="mine",
    kinds=["mine"],
    command=["./relay"],
    measured="program",
    server=None,
    packages={},
    capabilities=["net_admin"],
    sessions="directory",
    receive_buffer=0,
    no_rtp=0,
    moved=8,
    first_forwarded_ms=LengthQuantiles(100.0, 200.0, 200.0),
    never_forwarded=0,
    catch_up_ms=200.0,
)
SEEN = expect("relay.us-central.first_forwarded_ms.max", "<", 1000)
NOT_SEEN = expect("relay.us-central.stalls", "==", 0)


@pytest.mark.parametrize(("collided", "packets"), [(1, "1 packet"), (750, "750 packets")])
def test_packets_that_came_to_the_listener_of_another_stream_are_named(collided: int, packets: str) -> None:
    calm = replace(CALM, gave_up=None)
    assert not list(diagnose_clients(calm))
    (said,) = diagnose_clients(replace(calm, collided=collided))
    assert said.startswith(f"{packets} came to the listener of another stream, whose SSRC their sender had taken")


def test_a_program_whose_thread_held_a_lock_in_a_call_for_long_is_named() -> None:
    long = LockWaitRow("forward", "fetch", "read", "10.0.0.1:6379 (the session directory)", 270, 6540.0, 3492.0)
    short = LockWaitRow("forward", "log", "write", "/var/log/relay", 3, 30.0, 30.0)
    (said,) = diagnose_program("us-central", replace(PROGRAM, lock_waits=[long, short]), [], 0)
    assert said == (
        "relay us-central (mine): thread fetch held a lock in read on 10.0.0.1:6379 (the session directory) "
        "while thread forward waited for it, 6.5 s in all, 3.5 s at a time (270 samples)"
    )


def test_a_server_behind_an_adapter_is_named_as_both() -> None:
    behind = replace(
        PROGRAM, kind="coturn", kinds=["coturn"], measured="server + adapter", server=["turnserver"], receive_buffer=3
    )
    (said,) = diagnose_program("us-central", behind, (), 0)
    assert said == "relay us-central (coturn, server + adapter): 3 packets found its receive buffers full"


def test_what_a_program_does_not_tell_neither_passes_nor_fails_nor_stands_in_the_way() -> None:
    found = replace(findings(CALM), programs={"us-central": PROGRAM})
    rows = [evaluate(each, found) for each in (SEEN, NOT_SEEN)]
    assert [(row.value, row.ok, row.not_told) for row in rows] == [(200.0, True, False), (None, None, True)]
    assert found_text(rows[1]) == "not told by the relay's program"
    passed = judge(found, (), [MET, SEEN, NOT_SEEN])
    assert passed.verdict == "pass"
    assert passed.reasons[0].startswith("expectations met: 2; not told by the relay's program: 1; ")
    assert judge(replace(found, media=BLIPPED), (), [MISSED, NOT_SEEN]).verdict == "fail"
    assert judge(found, (), [NOT_SEEN]).verdict == "inconclusive"
    assert judge(findings(CALM), (), [MET, NOT_SEEN]).verdict == "inconclusive", "a relay of ours would have told"
