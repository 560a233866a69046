"""The check of relay programs: it passes those of the project, and finds each thing that one can do wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_relay import pids_in, template
from program_lab import shipped
from run_lab import finished, start

from relay_app.programs import PROGRAMS
from scenarios.relay_check.check import check
from topologies.sandbox import find_sandbox

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]

SEND = "lane.sendto(packet, next_hop[ssrc])"


def problems(kind: Path | str) -> list[str]:
    return [finding.problem for finding in check(str(kind), find_sandbox()) if finding.problem]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_programs_of_the_project_hold_to_the_contract(kind: str) -> None:
    shipped(kind)
    assert problems(kind) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("FIRST_LANE + ((ssrc", "FIRST_LANE + 1 + ((ssrc", "went to 10.0.0."),
        (SEND, f"{SEND}; {SEND}", "arrived once more"),
        (SEND, "lane.sendto(bytes(packet) + b'!', next_hop[ssrc])", "was changed elsewhere than in the path log"),
        (SEND, f"{SEND}; lane.sendto(os.urandom(9), next_hop[ssrc])", "arrived once more"),
        ("= ORDINAL\n", "= ORDINAL + 1\n", "the path log of a packet of "),
        ("wanted.put(ssrc)", "pass", "was its record fetched?"),
        (
            "elif ssrc not in asked:",
            "else:\n        lane.sendto(packet, CLIENT)\n    if 0:",
            "a packet of a stream that nobody knows went to",
        ),
        ("        return\n    if ssrc", "        sys.exit(1)\n    if ssrc", "did not arrive within 1 s"),
        ("lambda *_: sys.exit(0)", "signal.SIG_IGN", "did not end within 0.3 s of SIGTERM, and was killed"),
        ("lambda *_: sys.exit(0)", "lambda *_: sys.exit(5)", "did not end cleanly (exit code 5)"),
        ("lane.bind((ADDRESS, port))", "lane.bind((ADDRESS, port + 1))", "UDP port 40000 is not bound"),
    ],
)
def test_what_a_relay_does_wrong_is_found(tmp_path: Path, old: str, new: str, problem: str) -> None:
    found = problems(template(tmp_path / "mine", old, new))
    assert any(problem in each for each in found), found


SERVES_HTTP = """\
    import http.server
    server = http.server.HTTPServer(("127.0.0.1", 8099), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""
NOTIFIES = '    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])\n'


@pytest.mark.long
def test_a_program_may_be_ready_by_an_http_answer_of_its_hosts_network(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8099/"
    assert problems(template(tmp_path / "good", NOTIFIES, SERVES_HTTP, f"ready: {{http: '{url}'}}\n")) == []
    settings = f"ready: {{http: '{url}missing'}}\n"
    (problem,) = problems(template(tmp_path / "bad", NOTIFIES, SERVES_HTTP, settings))
    assert "is not ready after 10 s" in problem


def test_a_program_may_be_ready_by_a_command(tmp_path: Path) -> None:
    """The command has the capabilities and variables of the program, and is asked again until it says so."""
    asks = """ready: {command: [sh, -c, 'test "$BLIPNET_ORDINAL" && test -e "$BLIPNET_RUN_DIR/serving"']}\n"""
    serves = '    Path(os.environ["BLIPNET_RUN_DIR"], "serving").touch()\n'
    assert problems(template(tmp_path / "mine", NOTIFIES, serves, asks)) == []


@pytest.mark.long
@pytest.mark.parametrize("command", ["exit 1", "sleep 3600"], ids=["fails", "hangs"])
def test_a_command_that_never_says_that_it_is_ready_ends_the_check(tmp_path: Path, command: str) -> None:
    (problem,) = problems(template(tmp_path / "mine", NOTIFIES, "\n", f"ready: {{command: [sh, -c, {command}]}}\n"))
    assert "is not ready after 10 s" in problem


SERVER = """\
import http.server, os, pathlib, socket
here = os.environ["BLIPNET_ADDRESS"]
media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
media.bind((here, 3478))
pathlib.Path(os.environ["BLIPNET_RUN_DIR"], "serving").touch()
http.server.HTTPServer((here, 8099), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def behind_the_template(folder: Path, ready: str, old: str = SEND, new: str = SEND) -> Path:
    """The template, with one line of it changed, as if it were the adapter to a server."""
    settings = f"server: {{command: [python3, server.py], ready: {ready}}}\n"
    template(folder, old, new, settings)
    (folder / "server.py").write_text(SERVER)
    return folder


@pytest.mark.parametrize(
    "ready",
    [
        "{ports: [3478]}",
        "{http: 'http://${BLIPNET_ADDRESS}:8099/'}",
        "{command: [test, -e, '${BLIPNET_RUN_DIR}/serving']}",
    ],
    ids=["ports", "http", "command"],
)
def test_a_server_may_be_ready_by_its_ports_an_answer_or_a_command(tmp_path: Path, ready: str) -> None:
    assert problems(behind_the_template(tmp_path / "mine", ready)) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("ready", "lacking"),
    [
        ("{ports: [3478, 3479]}", "UDP port 3479 is not bound"),
        ("{http: 'http://${BLIPNET_ADDRESS}:8099/no'}", "http://10.0.0.2:8099/no does not answer with status 200"),
        ("{command: ['false']}", "its command does not end with exit code 0"),
        ("notify", "it sent no READY=1 by sd_notify(3)"),
    ],
)
def test_a_server_that_never_becomes_ready_is_named_with_what_is_lacking(
    tmp_path: Path, ready: str, lacking: str
) -> None:
    (problem,) = problems(behind_the_template(tmp_path / "mine", ready))
    assert problem.startswith(f"server-us-central (mine) is not ready after 10 s ({lacking}); its log is ")


@pytest.mark.long
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (NOTIFIES, "\n", "relay-us-central (mine) is not ready after 10 s"),
        (SEND, "signal.pause()", "did not arrive within 1 s"),
        (SEND, "lane.sendto(os.urandom(40), next_hop[ssrc])", "was changed elsewhere than in the path log"),
    ],
    ids=["hangs at its start", "hangs with a packet", "nonsense"],
)
def test_an_adapter_that_hangs_or_sends_nonsense_is_named_and_its_server_ends(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = behind_the_template(tmp_path / "mine", "{ports: [3478]}", old, new)
    found = problems(folder)
    assert any(said in each for each in found), found
    assert not pids_in(folder)


def test_the_command_says_each_step_and_fails_if_one_does_not_hold(tmp_path: Path) -> None:
    code, output = finished(start("relay", "check", "template"))
    assert (code, output.count("✓ ")) == (0, 8), output
    mine = template(tmp_path / "mine", SEND, f"{SEND}; {SEND}")
    code, output = finished(start("relay", "check", mine))
    assert code == 1
    assert "✗ a packet is sent once\n  a packet of own-0000" in output
