"""Which link back end a plan gets of what a machine has."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import get_args

import pytest
from small_scenario import HEAD

from results.run_files.plan import Environment, Plan
from scenarios.cli import environment
from scenarios.cli.environment import environment_for
from scenarios.errors import MachineError
from scenarios.language.library import load_plan
from scenarios.process_faults import frameworks
from scenarios.run.links import STARTERS
from topologies.back_ends import CAPABILITIES, FALLBACK, BackendName
from topologies.capabilities import refusal
from topologies.frame_match import FrameMatch
from topologies.link_state import Jitter, LinkState, LossPattern, Matched

CALL = """
webrtc: [{name: call, between: [us-east, us-west], turn: [us-central]}]
relays: {kinds: {us-central: ./mine}}
"""
BY_NUMBER = 'events: [{at: 1s, what: loss, pattern: "10", link: [us-east, us-west], for: 1s}]\n'
NETEM = Environment(
    link_backend="netem",
    link_backend_reason="the kernel accepted it in a trial",
    link_backend_seeded=False,
    datapath="kernel",
    datapath_reason="",
    kernel="6.1",
    cpus=2,
    privilege="root",
    clock="real",
    versions={"os-ken": version("os-ken")},
)
WIRE = replace(NETEM, link_backend="userspace", link_backend_reason="no netem here", link_backend_seeded=True)


def plan(folder: Path, more: str = "") -> Plan:
    path = folder / "small.yaml"
    path.write_text(HEAD + more)
    return load_plan(path)


@pytest.mark.parametrize("found", [NETEM, WIRE])
def test_what_was_found_is_used_as_it_is(found: Environment, tmp_path: Path) -> None:
    assert environment_for(plan(tmp_path), found) == found


def test_wire_does_what_netem_cannot_and_the_run_says_why(tmp_path: Path) -> None:
    chosen = environment_for(plan(tmp_path, BY_NUMBER), NETEM)
    assert (chosen.link_backend, chosen.link_backend_seeded) == ("userspace", True)
    assert chosen.link_backend_reason == "netem cannot lose packets by number"


def test_wire_can_be_asked_for(tmp_path: Path) -> None:
    chosen = environment_for(plan(tmp_path, "emulation: {links: userspace}\n"), NETEM)
    assert (chosen.link_backend, chosen.link_backend_reason) == ("userspace", "the scenario asks for it")


@pytest.mark.parametrize(
    ("more", "found", "reason"),
    [("", WIRE, "but no netem here"), (BY_NUMBER, NETEM, "but netem cannot lose packets by number")],
)
def test_netem_that_cannot_be_had_is_refused_by_name(
    more: str, found: Environment, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(MachineError, match=reason):
        environment_for(plan(tmp_path, f"{more}emulation: {{links: netem}}\n"), found)


def test_correlated_delays_are_done_by_a_back_end_that_can(tmp_path: Path) -> None:
    event = "{at: 1s, what: latency, extra: 5ms, jitter: 1ms, correlation: 25%, link: [us-east, us-west], for: 1s}"
    correlated = plan(tmp_path, f"events: [{event}]\n")
    assert environment_for(correlated, NETEM).link_backend == "userspace"
    assert environment_for(correlated, WIRE) == WIRE


def test_a_queue_under_jitter_is_emulated_by_a_back_end_that_orders_it(tmp_path: Path) -> None:
    event = "{at: 1s, what: latency, extra: 5ms, jitter: 1ms, by: queue, link: [us-east, us-west], for: 1s}"
    plain = plan(tmp_path, f"events: [{event.replace('jitter: 1ms, ', '')}]\n")
    assert environment_for(plain, NETEM) == NETEM
    queued = plan(tmp_path, f"events: [{event}]\n")
    chosen = environment_for(queued, NETEM)
    reason = "netem does not keep frames in order where there is jitter"
    assert (chosen.link_backend, chosen.link_backend_reason) == ("userspace", reason)
    assert environment_for(queued, WIRE) == WIRE
    by_name = plan(tmp_path, f"events: [{event}]\nemulation: {{links: netem}}\n")
    with pytest.raises(MachineError, match=f"but {reason}; write links: auto"):
        environment_for(by_name, NETEM)


def test_frames_that_match_are_told_apart_by_a_back_end_that_can(tmp_path: Path) -> None:
    event = "{at: 1s, what: blackhole, match: {protocol: udp}, link: [us-east, us-west], for: 1s}"
    chosen = environment_for(plan(tmp_path, f"events: [{event}]\n"), NETEM)
    reason = "netem has one state for all frames of a direction"
    assert (chosen.link_backend, chosen.link_backend_reason) == ("userspace", reason)
    with pytest.raises(MachineError, match=f"but {reason}; write links: auto"):
        environment_for(plan(tmp_path, f"events: [{event}]\nemulation: {{links: netem}}\n"), NETEM)


def test_the_version_of_the_framework_that_is_asked_for_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_ryu = plan(tmp_path, "controller: {framework: ryu}\n")
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    monkeypatch.setattr(frameworks, "_RYU", tmp_path)
    with pytest.raises(MachineError, match=r"framework ryu, which is not there; scripts/setup --ryu$"):
        environment_for(on_ryu, NETEM)
    (site / "ryu-4.34.dist-info").mkdir(parents=True)
    (site / "ryu-4.34.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ryu\nVersion: 4.34\n")
    assert environment_for(on_ryu, replace(NETEM, versions={})).versions == {"ryu": "4.34"}


def test_whether_a_seed_decides_is_as_the_trial_found() -> None:
    assert [replace(NETEM, link_backend_seeded=seeded).link_capabilities.takes_seed for seeded in (True, False)] == [
        True,
        False,
    ]


def test_every_back_end_has_capabilities_and_a_way_to_start_it() -> None:
    names = set(get_args(BackendName))
    assert CAPABILITIES.keys() == STARTERS.keys() == names


def test_the_fallback_does_whatever_a_state_can_ask_for() -> None:
    states = (
        LinkState(loss=LossPattern("10")),
        LinkState(delay_ns=2, jitter=Jitter(1, correlation=0.5)),
        LinkState(delay_ns=2, jitter=Jitter(1), in_order=True),
        LinkState(matched=Matched(FrameMatch(larger_than=1), LinkState(blackhole=True, answer_mtu=68))),
    )
    assert [refusal(FALLBACK, CAPABILITIES[FALLBACK], state) for state in states] == [None, None, None, None]


def test_the_versions_of_a_relays_packages_are_recorded_as_far_as_they_are_installed(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "relay.yaml").write_text("command: [sh]\npackages: [dpkg, no-such-package-of-blipnet]\n")
    if not Path("/usr/bin/dpkg-query").exists():
        pytest.skip("there is no dpkg here")
    versions = environment_for(plan(tmp_path, f"relays: {{kind: {folder}}}\n"), NETEM).versions
    said = subprocess.run(["dpkg", "--version"], capture_output=True, text=True, check=True).stdout
    assert versions.keys() == {"os-ken", "dpkg"}
    assert versions["dpkg"] in said


@pytest.mark.parametrize(("media", "program"), [("ffmpeg", "ffmpeg"), ("gstreamer", "gst-launch-1.0")])
def test_a_program_of_media_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media: str, program: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = f"^sessions {media}-opus-1 need {program}, which is not there; scripts/setup --media$"
    with pytest.raises(MachineError, match=said):
        environment_for(media_plan(tmp_path, media), WIRE)


def test_a_missing_part_of_gstreamer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, does in (("gst-launch-1.0", "echo 1.22.0"), ("ffmpeg", "echo 5.1"), ("gst-inspect-1.0", "exit 1")):
        (tmp_path / program).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "^sessions gstreamer-opus-1 need GStreamer's opusenc, which is not there; scripts/setup --media$"
    with pytest.raises(MachineError, match=said):
        environment_for(media_plan(tmp_path, "gstreamer"), WIRE)


def media_plan(folder: Path, program: str) -> Plan:
    path = folder / "small.yaml"
    path.write_text(HEAD.replace("media: voice", f"media: {{{program}: opus}}"))
    return load_plan(path)


def test_what_webrtc_peers_are_made_of_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "relay.yaml").write_text("command: [sh]\nserver: {command: [sh], turn: 3478}\n")
    calling = plan(tmp_path, CALL)

    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(environment, "version", missing)
    with pytest.raises(
        MachineError, match=r"^WebRTC calls call need aiortc, which is not there; scripts/setup --media$"
    ):
        environment_for(calling, WIRE)
    monkeypatch.setattr(environment, "version", {"aiortc": "1.15.0", "aioice": "0.10.2"}.__getitem__)
    assert environment_for(calling, WIRE).versions.items() >= {("aiortc", "1.15.0"), ("aioice", "0.10.2")}
