from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest
import yaml
from program_lab import shipped

from controller.settings import ControllerSettings
from hostio.timing import MS, US, S
from relay_app.programs import PROGRAMS
from relay_app.streams import SessionGroup
from results.run_files.faults import LinkFault
from results.run_files.plan import Expectation, FidelityLimits, Plan, RelaySettings
from scenarios.errors import ScenarioError
from scenarios.language.library import LIBRARY, description_of, load_plan, scenario_files
from topologies.link_state import Jitter, LinkChange, RandomLoss
from topologies.model import Direction

ONE_BLIP = LIBRARY / "one-blip.yaml"
EAST_WEST = Direction("us-east", "us-west")

MINIMAL = """\
name: small
topology: us-triangle
duration: 10s
sessions:
  - {between: [us-east, us-west], count: 1, media: video}
"""


def _plan_with(tmp_path: Path, more: str) -> object:
    path = tmp_path / "small.yaml"
    path.write_text(MINIMAL + more, encoding="utf-8")
    return load_plan(path)


def test_a_plan_has_the_arguments_that_make_it() -> None:
    plan = load_plan(ONE_BLIP, seed=3, overrides=("sessions.0.count=2", "duration=9s"))
    assert plan.command == ("run", str(ONE_BLIP), "--seed", "3", "--set", "sessions.0.count=2", "--set", "duration=9s")
    assert load_plan(ONE_BLIP).command == ("run", str(ONE_BLIP))


def test_the_library_has_the_blips_and_the_incident() -> None:
    names = {str(path.relative_to(LIBRARY)) for path in scenario_files()}
    assert {"one-blip.yaml", "us-6-blip.yaml", "incident/short.yaml", "incident/2026-05-12-1716.yaml"} <= names


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_every_scenario_loads_and_is_named_like_its_file(path: Path) -> None:
    for kind in PROGRAMS.keys() & yaml.safe_load(path.read_text()).get("relays", {}).get("kinds", {}).values():
        shipped(kind)
    plan = load_plan(path)
    assert plan.scenario == "-".join(path.relative_to(LIBRARY).with_suffix("").parts)
    assert plan.description
    assert plan.expectations
    assert plan.environment is None


def test_a_scenario_is_described_where_a_relay_that_it_names_is_not_installed(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(MINIMAL + "description: shows it\nrelays: {kind: ./not-there}\n")
    with pytest.raises(ScenarioError):
        load_plan(path)
    assert description_of(path) == "shows it"


def test_one_blip_is_the_plan_it_says() -> None:
    plan = load_plan(ONE_BLIP)
    assert plan.seed == 1
    assert plan.duration_ns == 12 * S
    assert plan.sessions == (SessionGroup("voice-1", "us-east", "us-west", 100, "voice"),)
    assert plan.relays == RelaySettings("us-east", {})
    assert plan.controller == ControllerSettings(hold_ns=3 * S)
    assert plan.wire_tick_ns == 100 * US
    assert plan.faults == (
        LinkFault("blackhole", 4 * S, 6 * S, (EAST_WEST, EAST_WEST.reversed()), LinkChange(blackhole=True)),
    )
    assert (
        Expectation("media.interruption_ms.max", "<", 1000.0, "media.interruption_ms.max < 1000ms") in plan.expectations
    )


def test_one_blip_expects_what_its_topology_gives() -> None:
    plan = load_plan(ONE_BLIP)
    limits = {expectation.metric: expectation.value for expectation in plan.expectations}
    direct_ms = plan.topology.one_way_ns("us-east", "us-west") / MS
    detour_ms = plan.topology.one_way_ns("us-east", "us-central", "us-west") / MS
    assert 0 < limits["media.added_ms.p50"] < detour_ms - direct_ms


def test_what_a_file_leaves_out_has_the_documented_default(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    plan = load_plan(path)
    assert plan.controller == ControllerSettings()
    assert (plan.seed, plan.faults, plan.expectations, plan.description) == (1, (), (), "")
    assert plan.relays.directory == "us-east"


def test_every_setting_reaches_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    path.write_text(
        MINIMAL
        + """\
seed: 4294967295
directory: us-central
relays:
  {kind: 2026-05-11, kinds: {us-west: 2026-05-10}, warm: {us-central: 25%, us-west: 100%}, idle: 5s,
   lock_audit: false, capacity: {us-central: 4000/s}}
controller:
  {reroute: false, probe_interval: 10ms, detect_multiplier: 3, loss_window: 40, max_loss: 12.5%, max_extra_delay: 5ms,
   hold: 0s, detect: [link, relay-canary], canary_interval: 20ms, canary_bytes: 1100, report_interval: 30ms,
   bfd_interval: 12ms, pace: 30s,
   max_relays: 1, policy: {name: headroom, share: 70%}, framework: ryu,
   probes: stamp, damping: true, damping_half_life: 9s, damping_suppress: 3000, damping_reuse: 800,
   damping_longest: 50s, max_reroutes: 12/min}
emulation: {wire_tick: 50us}
fidelity:
  {pacing_p99: 1ms, pacing_max: 2ms, delay_p50: 3ms, delay_p99: 4ms, event_error_max: 5ms, event_error_p99: 6ms,
   link_lateness_p99: 7ms, link_lateness_max: 8ms, lateness_p99: 9ms, lateness_max: 10ms, steal: 11%, steal_second: 12%,
   clock_step: 13us, socket_drops: 14, port_drops: 15, emulator_drops: 16, softnet_drops: 17, lost_upcalls: 18}
expect: [media.loss_percent <= 2.5%, reroutes==0, media.jitter_ms.p99 > 1500us]
""",
        encoding="utf-8",
    )
    plan = load_plan(path)
    assert plan.seed == 2**32 - 1
    assert plan.relays == RelaySettings(
        directory="us-central",
        warm={"us-central": 0.25, "us-west": 1.0},
        version="2026-05-11",
        versions={"us-west": "2026-05-10"},
        idle_ns=5 * S,
        lock_audit=False,
        capacity={"us-central": 4000},
    )
    policy = ("headroom", 2, 0.7, 0, 5 * S)
    detect = ("link", "relay-canary")
    damping = (True, 9 * S, 3000, 800, 50 * S)
    set_to = (False, detect, policy, "stamp", 10 * MS, 3, 40, 0.125, 5 * MS, 0, *damping, 12)
    assert astuple(plan.controller) == (*set_to, 20 * MS, 1100, 30 * MS, 12 * MS, 30 * S, 1, "both", "ryu"), (
        "in the order of the fields: none is left out"
    )
    assert plan.wire_tick_ns == 50 * US
    path.write_text(MINIMAL + "controller: {directions: each}\n", encoding="utf-8")
    assert load_plan(path).controller.one_way, "which no policy that heeds load can have"
    times_ns = tuple(number * MS for number in range(1, 11))
    assert astuple(plan.fidelity) == (*times_ns, 0.11, 0.12, 13 * US, 14, 15, 16, 17, 18)
    assert [(e.metric, e.comparison, e.value) for e in plan.expectations] == [
        ("media.loss_percent", "<=", 2.5),
        ("reroutes", "==", 0.0),
        ("media.jitter_ms.p99", ">", 1.5),
    ]


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ("what: blackhole", LinkChange(blackhole=True)),
        ("what: port-down", LinkChange(up=False)),
        ("what: loss, loss: 30%", LinkChange(loss=RandomLoss(0.3))),
        ("what: latency, extra: 40ms", LinkChange(extra_delay_ns=40 * MS)),
        ("what: latency, extra: 40ms, jitter: 5ms", LinkChange(extra_delay_ns=40 * MS, jitter=Jitter(5 * MS))),
        ("what: brownout, rate: 2mbit", LinkChange(rate_bps=2_000_000, queue_ns=100 * MS)),
        ("what: brownout, rate: 640kbit, queue: 20ms", LinkChange(rate_bps=640_000, queue_ns=20 * MS)),
    ],
)
@pytest.mark.parametrize(
    ("direction", "directions"),
    [
        ("", (EAST_WEST.reversed(), EAST_WEST)),
        (", direction: both", (EAST_WEST.reversed(), EAST_WEST)),
        (", direction: forward", (EAST_WEST.reversed(),)),
        (", direction: backward", (EAST_WEST,)),
    ],
)
def test_events_become_faults(
    event: str, change: LinkChange, direction: str, directions: tuple[Direction, ...], tmp_path: Path
) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(f"{MINIMAL}events: [{{at: 1s, {event}, link: [us-west, us-east], for: 9s{direction}}}]\n")
    (fault,) = load_plan(path).faults
    assert fault == LinkFault(event.split(",")[0].removeprefix("what: "), 1 * S, 10 * S, directions, change)


@pytest.mark.parametrize(
    "second",
    [
        "{at: 2s, what: blackhole, link: [us-east, us-west], for: 1s}",
        "{at: 1s, what: loss, loss: 5%, link: [us-east, us-west], for: 1s}",
        "{at: 1s, what: blackhole, link: [us-east, us-central], for: 1s}",
        "{at: 0s, what: blackhole, link: [us-west, us-east], for: 1s}",
    ],
)
def test_events_that_do_not_collide_compose(second: str, tmp_path: Path) -> None:
    first = "{at: 1s, what: blackhole, link: [us-east, us-west], for: 1s}"
    assert _plan_with(tmp_path, f"events:\n  - {first}\n  - {second}\n")


@pytest.mark.parametrize(
    ("overrides", "found"),
    [
        (["sessions.0.count=200"], lambda plan: plan.sessions[0].count == 200),
        (["sessions.0.between.1=us-central"], lambda plan: plan.sessions[0].b == "us-central"),
        (["events.0.for=3s"], lambda plan: plan.faults[0].until_ns == 7 * S),
        (["controller.reroute=false"], lambda plan: plan.controller.reroute is False),
        (["relays.warm.us-central=50%"], lambda plan: plan.relays.warm == {"us-central": 0.5}),
        (["emulation.wire_tick = 300us"], lambda plan: plan.wire_tick_ns == 300 * US),
        (["fidelity.pacing_p99=20ms"], lambda plan: plan.fidelity == FidelityLimits(pacing_p99_ns=20 * MS)),
        (["expect.4=media.lost >= 0"], lambda plan: plan.expectations[4].metric == "media.lost"),
        (["description=a = b"], lambda plan: plan.description == "a = b"),
        (["seed=3", "seed=4"], lambda plan: plan.seed == 4),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "plan",
)
def test_overrides_change_the_plan(overrides: list[str], found: Callable[[Plan], bool]) -> None:
    assert found(load_plan(ONE_BLIP, overrides=overrides))


def test_seed_wins_over_file_and_overrides() -> None:
    assert load_plan(ONE_BLIP, seed=7, overrides=["seed=3"]).seed == 7


def test_overrides_build_up_a_new_entry(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    given = {"at": "1s", "what": "port-down", "link.0": "us-east", "link.1": "us-west", "for": "1s"}
    plan = load_plan(path, overrides=[f"events.0.{key}={value}" for key, value in given.items()])
    assert [fault.what for fault in plan.faults] == ["port-down"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sessions.0.cuont=3", "unknown key 'cuont'; did you mean 'count'?"),
        ("sesions.0.count=3", "unknown key 'sesions'; did you mean 'sessions'?"),
        ("controller.reroute=no", "'no' is neither true nor false; write false"),
        ("events.0.for=3", "'3' has no unit; write 3ms or 3s"),
        ("sessions.7.count=3", "sessions is a list without an entry '7'; write 0 to 1, where 1 adds one"),
        ("sessions.x=3", "sessions is a list without an entry 'x'; write 0 to 1, where 1 adds one"),
        (
            "sessions.1.count=4",
            "'between' is missing; add between: [us-east, us-west]\n"
            "--set sessions.1.count=4: 'media' is missing; add media: voice",
        ),
        ("sessions.0.count.x=4", "sessions.0.count is '100', which has no parts; set it whole"),
        ("controller=3", "'3' where a mapping is expected; write 'key: value' lines"),
        ("relays.warm.us-wst=5%", "unknown cluster 'us-wst'; did you mean 'us-west'?"),
        ("directory=us-north", "unknown cluster 'us-north'; known: us-east, us-central, us-west"),
        ("events.0.at=11s", None),
        ("events.0.link.1=us-east", "'us-east' twice; write two different clusters"),
        ("duration=", "nothing is not a time; write 40ms or 2s"),
        ("description=a: b", "a mapping cannot be set; set its parts one by one, or quote the text"),
        ("seed", "not a path and a value; write one such as sessions.0.count=200"),
        ("=3", "not a path and a value; write one such as sessions.0.count=200"),
        ("a..b=3", "not a path and a value; write one such as sessions.0.count=200"),
        (".".join("a" * 17) + "=3", "the path is too long; the deepest value is three keys down"),
    ],
)
def test_wrong_overrides_are_named_as_they_were_typed(override: str, message: str | None) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_plan(ONE_BLIP, overrides=[override])
    if message is None:
        assert caught.value.file == str(ONE_BLIP)
        assert "write at most 1s" in str(caught.value)
    else:
        assert str(caught.value) == f"--set {override}: {message}"


def test_a_wrong_override_is_shown_before_what_is_wrong_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("nmae: x\n" + MINIMAL, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"^--set seed=x: "):
        load_plan(path, overrides=["seed=x"])


def test_a_wrong_seed_is_named_as_an_argument() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_plan(ONE_BLIP, seed=-1)
    assert str(caught.value) == "--seed -1: '-1' is too small; write from 0 to 4294967295"
