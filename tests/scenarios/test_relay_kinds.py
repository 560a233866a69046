"""What a scenario may name as a relay, and what the program in a folder is told."""

from __future__ import annotations

import json
import os
import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from every import every
from relay_kind_lab import ONE_BLIP, folder, plan_with

from hostio.timing import S
from relay_app.ports import LANES
from relay_app.programs import PROGRAMS
from relay_app.sessions.directory import StreamRecord
from relay_app.streams import lane_of, streams_of
from results.run_files.documents import dump
from results.run_files.plan_formats import load_plan_text
from results.run_files.relay_program import (
    CONTRACT_VARIABLES,
    CommandOk,
    HttpOk,
    PortsBound,
    ServerReady,
    SessionSource,
)
from scenarios.errors import ScenarioError
from scenarios.language.library import LIBRARY, load_plan
from scenarios.paths import PROJECT
from scenarios.process_faults.packet_contract import environment, session_lines
from scenarios.process_faults.program_kind import environment_of, told_in


def test_a_folder_is_a_kind_for_all_clusters_or_for_one(tmp_path: Path) -> None:
    mine = folder(
        tmp_path / "mine", "command: [sh, -c, exit]\nstop_grace: 5s\ndescriptors: 64\nenvironment: {A: b c}\n"
    )
    for_all = plan_with(mine).relays
    assert (for_all.version, for_all.versions) == ("mine", {})
    program = for_all.program_of("us-east")
    assert program is not None
    assert program == for_all.program_of("us-central")
    assert (program.folder, program.stop_grace_ns, program.descriptors) == (str(mine), 5 * S, 64)
    assert (program.ready, program.sessions, program.environment) == ("notify", "directory", {"A": "b c"})
    assert Path(program.command[0]).name == "sh"
    assert Path(program.command[0]).is_absolute()
    canary = load_plan(ONE_BLIP, overrides=[f"relays.kinds.us-central={mine}"])
    assert canary.relays.program_of("us-east") is None
    assert canary.relays.program_of("us-central") == program
    assert canary.relays_of_ours == ("us-east", "us-west")


def test_a_server_is_of_the_kind_and_command_lines_may_name_what_the_contract_tells(tmp_path: Path) -> None:
    server = "{command: [sh, '${BLIPNET_ADDRESS}', $$5], environment: {AT: $BLIPNET_RUN_DIR}, descriptors: 4096}"
    mine = folder(tmp_path / "mine", f"command: [sh, '-${{BLIPNET_ORDINAL}}']\npackages: [sh]\nserver: {server}\n")
    program = plan_with(mine).relays.programs["mine"]
    assert program.server
    assert program.packages == ("sh",)
    assert (program.server.descriptors, program.server.stop_grace_ns) == (4096, 3 * S)
    told = {"BLIPNET_ADDRESS": "10.0.0.1", "BLIPNET_ORDINAL": "1", "BLIPNET_RUN_DIR": "/run/r"}
    assert told_in(program.command, told)[1:] == ["-1"]
    assert told_in(program.server.command, told)[1:] == ["10.0.0.1", "$5"]
    assert environment_of(program.server.environment, told, None)["AT"] == "/run/r"


def test_a_folder_in_a_file_is_found_from_the_file(tmp_path: Path) -> None:
    folder(tmp_path / "mine")
    scenario = tmp_path / "mine.yaml"
    scenario.write_text(ONE_BLIP.read_text() + "\nrelays: {kind: ./mine}\n")
    assert load_plan(scenario).relays.programs["mine"].folder == str(tmp_path / "mine")


def test_two_folders_of_one_name_are_two_kinds(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old, new = folder(tmp_path / "old" / "relay"), folder(tmp_path / "relay")
    relays = plan_with(new, f"relays.kinds.us-west={old}").relays
    assert {relays.programs[relays.version_of(name)].folder for name in ("us-east", "us-west")} == {str(old), str(new)}


def test_a_plan_with_a_program_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = plan_with(folder(tmp_path / "mine"))
    assert load_plan_text(dump(plan), "plan.json") == plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("description: none\n", "1:1: 'command' is missing; add command: [./relay, --verbose]"),
        ("command: []\n", "1:10: the command is empty; write a program and its arguments, such as [./relay]"),
        ("command: ./relay\n", "1:10: './relay' where a list is expected"),
        ("command: [./relay]\n", "1:11: there is no program './relay'; build it, or install it"),
        ("command: [no-such-relay]\n", "1:11: there is no program 'no-such-relay'; build it, or install it"),
        ("command: [sh]\nuses: [sh, no-such-relay]\n", "2:12: there is no program 'no-such-relay'; build it"),
        ("command: [./relay.yaml]\n", "1:11: './relay.yaml' is not executable; chmod +x it"),
        ("command: [sh, 8080]\n", "1:15: '8080' where text is expected; put it in quotes"),
        ("command: [sh]\nready: soon\n", "2:8: 'soon' is not known here; known: notify, ports"),
        ("command: [sh]\nready: {url: x}\n", "2:8: unknown key 'url'; known: http, command"),
        ("command: [sh]\nready: {http: 'https://h/'}\n", "2:8: 'https://h/' is no http URL; write such as http://127"),
        ("command: [sh]\nready: {http: 'http://h:x/'}\n", "2:8: 'http://h:x/' is no http URL; write such as http://"),
        ("command: [sh]\nready: {command: sh}\n", "2:8: 'sh' is no command; write {command: [./ready, --verbose]}"),
        ("command: [sh]\nready: {command: []}\n", "2:8: a list is no command; write {command: [./ready, --verbose]}"),
        ("command: [sh]\nready: {command: [./no]}\n", "2:19: there is no program './no'; build it, or install it"),
        ("command: [sh]\nready: ports\nwatchdog: 2s\n", "3:11: WATCHDOG=1 comes by sd_notify(3); write ready: notify"),
        ("command: [sh]\ncapabilities: net_admin\n", "2:15: 'net_admin' is not a list of capabilities; write such"),
        ("command: [sh]\ncapabilities: [CAP_NET_ADMIN]\n", "2:15: 'CAP_NET_ADMIN' is no capability that a relay may "),
        ("command: [sh]\ncapabilities: [sys_admin]\n", "2:15: 'sys_admin' is no capability that a relay may have; "),
        ("command: [sh]\nmemory: 512\n", "2:9: '512' has no unit; write 512MiB or 512GiB"),
        ("command: [sh]\nmemory: 512MB\n", "2:9: '512MB' has the unknown unit 'MB'; write 512MiB"),
        ("command: [sh]\nmemory: 1MiB\n", "2:9: '1MiB' is too small; write from 16MiB to 64GiB"),
        ("command: [sh]\nprocesses: 0\n", "2:12: '0' is too small; write from 1 to 65536"),
        ("command: [sh]\nstop_grace: 5\n", "2:13: '5' has no unit; write 5ms"),
        ("command: [sh]\nmetrics: {path: /m}\n", "2:10: 'port' is missing; add port: 9100"),
        ("command: [sh]\nmetrics: {port: 0}\n", "2:17: '0' is too small; write from 1 to 65535"),
        ("command: [sh]\nmetrics: {port: 1, path: m}\n", "2:26: 'm' is no path of a URL; write such as /metrics"),
        ("command: [sh, $HOME]\n", "1:15: '$HOME' is no variable of the contract; known: BLIPNET_CONTRACT, "),
        ("command: [sh, 'a$']\n", "1:15: '$' is no variable of the contract; known: BLIPNET_CONTRACT, "),
        (
            "command: [sh]\nenvironment: {A: '${B}'}\n",
            "2:18: '${B}' is no variable of the contract; known: BLIPNET_CONTRACT, ",
        ),
        ("command: [sh]\nserver: {}\n", "2:9: 'command' is missing; add command: [turnserver, -n]"),
        ("command: [sh]\nserver:\n  command: []\n", "3:12: the command is empty; write a program and its arguments"),
        (
            "command: [sh]\npackages: [a, b]\nserver:\n  command: [no-such-server]\n",
            "4:13: there is no program 'no-such-server'; install a b",
        ),
        ("command: [sh]\nserver: {command: [sh, '${X}']}\n", "2:24: '${X}' is no variable of the contract; known: "),
        (
            "command: [sh]\nserver: {command: [sh], ready: ports}\n",
            "2:32: 'ports' is not known here; known: notify, {ports: [3478]}, {http: URL} or {command: [./",
        ),
        (
            "command: [sh]\nserver: {command: [sh], ready: {ports: 5}}\n",
            "2:32: '5' is no list of UDP ports; write {ports",
        ),
        (
            "command: [sh]\nserver: {command: [sh], ready: {ports: [0]}}\n",
            "2:32: '0' is too small; write from 1 to 65535",
        ),
        (
            "command: [sh]\nserver: {command: [sh], ready: {udp: [5]}}\n",
            "2:32: unknown key 'udp'; known: ports, http, ",
        ),
        ("command: [sh]\nserver: {command: [sh], ready: {command: [./no]}}\n", "2:43: there is no program './no'; "),
        ("command: [sh]\nready: {http: 'http://${ME}/'}\n", "2:15: '${ME}' is no variable of the contract; known: BL"),
        ("command: [sh]\nstacks: strace\n", "2:9: 'strace' is not known here; known: gdb, py-spy, SIGQUIT"),
        ("command: [sh]\nenv: {}\n", "2:1: unknown key 'env'; known: description, command, uses, environment,"),
    ],
)
def test_a_wrong_relay_yaml_gets_its_line(tmp_path: Path, text: str, message: str) -> None:
    mine = folder(tmp_path / "mine", text)
    with pytest.raises(ScenarioError) as caught:
        plan_with(mine)
    assert str(caught.value).startswith(f"{mine}/relay.yaml:{message}")


def test_a_ready_signal_may_be_an_answer_or_a_command(tmp_path: Path) -> None:
    answer = folder(tmp_path / "answer", "command: [sh]\nready: {http: 'http://127.0.0.1:8080/ready'}\n")
    command = folder(tmp_path / "command", "command: [sh]\nready: {command: [./relay.yaml, now]}\n")
    (command / "relay.yaml").chmod(0o755)
    plan = plan_with(answer, f"relays.kinds.us-west={command}")
    assert plan.relays.programs["answer"].ready == HttpOk("http://127.0.0.1:8080/ready")
    assert plan.relays.programs["command"].ready == CommandOk((str(command / "relay.yaml"), "now"))
    assert load_plan_text(dump(plan), "plan.json") == plan


@pytest.mark.parametrize(
    ("ready", "read"),
    [
        ("{ports: [3478, 5000]}", PortsBound((3478, 5000))),
        ("{http: 'http://${BLIPNET_ADDRESS}:8080/'}", HttpOk("http://${BLIPNET_ADDRESS}:8080/")),
        ("{command: [/bin/sh, now]}", CommandOk(("/bin/sh", "now"))),
        ("notify", "notify"),
    ],
)
def test_a_server_has_a_ready_signal_of_its_own(tmp_path: Path, ready: str, read: ServerReady) -> None:
    plan = plan_with(folder(tmp_path / "mine", f"command: [sh]\nserver: {{command: [sh], ready: {ready}}}\n"))
    program = plan.relays.programs["mine"]
    assert program.server
    assert (program.ready, program.server.ready) == ("notify", read)
    assert load_plan_text(dump(plan), "plan.json") == plan


def test_capabilities_limits_and_watchdog_are_those_of_the_file(tmp_path: Path) -> None:
    asked = "capabilities: [net_admin, net_raw]\nmemory: 64MiB\nprocesses: 7\nwatchdog: 2s\n"
    program = plan_with(folder(tmp_path / "mine", f"command: [sh]\n{asked}")).relays.programs["mine"]
    assert (program.capabilities, program.memory_bytes) == (("net_admin", "net_raw"), 64 << 20)
    assert (program.processes, program.watchdog_ns) == (7, 2 * S)
    plain = plan_with(folder(tmp_path / "plain")).relays.programs["plain"]
    assert (plain.capabilities, plain.watchdog_ns) == ((), 0)


def test_for_root_a_folder_must_be_open_to_others(tmp_path: Path) -> None:
    """As root runs it as a user of its own; one that may read all files needs no permission."""
    mine = folder(tmp_path / "mine", "command: [./relay]\n")
    (mine / "relay").touch(mode=0o700)
    closed = "relay is closed to others, and it runs as a user of its own; chmod -R o\\+rX"
    with pytest.raises(ScenarioError, match=closed) if os.geteuid() == 0 else nullcontext():
        plan_with(mine)
    (mine / "relay.yaml").write_text("command: [./relay]\ncapabilities: [dac_read_search]\n")
    assert plan_with(mine).relays.version == "mine"


def test_the_kinds_that_come_with_the_project_are_folders_with_a_relay_yaml() -> None:
    found = {path.parent.name for path in (LIBRARY.parent / "relay_app" / "programs").glob("*/relay.yaml")}
    assert found == set(PROGRAMS)


def test_a_program_is_told_all_it_needs(tmp_path: Path) -> None:
    plan = plan_with(folder(tmp_path / "mine"))
    cluster = plan.topology.cluster("us-central")
    told = environment(plan, cluster, Path("/run/s.jsonl"), Path("/run/r"))
    assert tuple(told) == CONTRACT_VARIABLES
    assert told == {
        "BLIPNET_CONTRACT": "1",
        "BLIPNET_ADDRESS": str(cluster.address),
        "BLIPNET_ORDINAL": str(cluster.ordinal),
        "BLIPNET_LANES": "40000-40015",
        "BLIPNET_CLIENT_PORT": "42000",
        "BLIPNET_PEERS": ",".join(f"{each.ordinal}={each.address}" for each in plan.topology.clusters),
        "BLIPNET_DIRECTORY": f"{plan.topology.cluster('us-east').address}:6379",
        "BLIPNET_SESSIONS": "/run/s.jsonl",
        "BLIPNET_RUN_DIR": "/run/r",
    }


def test_the_file_of_sessions_has_what_a_relay_holds_at_its_start(tmp_path: Path) -> None:
    """The first life those of its cluster's sessions, later ones none; a program without directory always all."""
    plan = plan_with(folder(tmp_path / "mine"), "sessions.0.count=3")
    program = plan.relays.programs["mine"]
    streams = {each.ssrc: each for each in streams_of(plan.sessions, plan.seed)}

    def sessions(cluster: str, life: int = 0, source: SessionSource = "directory") -> list[dict[str, Any]]:
        text = session_lines(plan, cluster, replace(program, sessions=source), life)
        return [json.loads(line) for line in text.splitlines()]

    own = sessions("us-east")
    assert {each["ssrc"] for each in own} == set(streams)
    assert every(each["session"] == streams[each["ssrc"]].session for each in own)
    assert every(each["lane"] == lane_of(each["ssrc"]) < LANES for each in own)
    ordinals = {each.name: each.ordinal for each in plan.topology.clusters}
    assert every(each["destination"] == ordinals[streams[each["ssrc"]].destination] for each in own)
    assert every(each["port"] == 0 for each in own)
    assert sessions("us-central") == sessions("us-east", life=1) == []
    assert {each["ssrc"] for each in sessions("us-central", 1, "file")} > set(streams), "and the canaries"


def test_the_contract_shows_a_session_and_its_record_as_they_are() -> None:
    page = (PROJECT / "docs" / "your-relay.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r'^ +(\{"ssrc": .*\})$', page, re.MULTILINE)
    session = json.loads(shown)
    assert session["lane"] == lane_of(session["ssrc"])
    record = StreamRecord(*(session[name] for name in ("ssrc", "source", "destination", "session", "port")))
    header, name = f"`{record.encode()[:9].hex(' ')}`", f"`{session['session']}`"
    assert f"`stream:{session['ssrc']:08x}`, is {header} and {name}" in page
