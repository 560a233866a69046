"""The check of relay programs: it passes those of the project, and finds each thing that one can do wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bare_relay import pids_in, template
from program_lab import shipped
from run_lab import finished, start

from relay_app.programs import PROGRAMS
from scenarios.relay_check.check import check
from topologies.sandbox import find_sandbox

pytestmark = [pytest.mark.root, pytest.mark.bears_load, pytest.mark.waits]

AT_ONCE = 4
SEND = "lane.sendto(packet, next_hop[ssrc])"


def problems(kind: Path | str) -> list[str]:
    return [finding.problem for finding in check(str(kind), find_sandbox()) if finding.problem]


def problems_of(kinds: Mapping[str, Path]) -> dict[str, list[str]]:
    """Of several relay programs, each checked in a sandbox of its own, some at the same time: most of it is waiting."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(kinds, pool.map(problems, kinds.values()), strict=True))


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_programs_of_the_project_hold_to_the_contract(kind: str) -> None:
    shipped(kind)
    assert problems(kind) == []


WRONG = {
    "to-another-lane": ("FIRST_LANE + ((ssrc", "FIRST_LANE + 1 + ((ssrc", "went to 10.0.0."),
    "twice": (SEND, f"{SEND}; {SEND}", "arrived once more"),
    "longer": (SEND, "lane.sendto(bytes(packet) + b'!', next_hop[ssrc])", "was changed elsewhere than in the path log"),
    "and-nonsense": (SEND, f"{SEND}; lane.sendto(os.urandom(9), next_hop[ssrc])", "arrived once more"),
    "wrong-path-log": ("= ORDINAL\n", "= ORDINAL + 1\n", "the path log of a packet of "),
    "fetches-nothing": ("wanted.put(ssrc)", "pass", "was its record fetched?"),
    "forwards-what-nobody-knows": (
        "elif ssrc not in asked:",
        "else:\n        lane.sendto(packet, CLIENT)\n    if 0:",
        "a packet of a stream that nobody knows went to",
    ),
    "ends-at-what-is-no-RTP": (
        "        return\n    if ssrc",
        "        sys.exit(1)\n    if ssrc",
        "did not arrive within 1 s",
    ),
    "deaf": ("lambda *_: sys.exit(0)", "signal.SIG_IGN", "did not end within 0.3 s of SIGTERM, and was killed"),
    "ends-badly": ("lambda *_: sys.exit(0)", "lambda *_: sys.exit(5)", "did not end cleanly (exit code 5)"),
    "wrong-port": ("lane.bind((ADDRESS, port))", "lane.bind((ADDRESS, port + 1))", "UDP port 40000 is not bound"),
}


@pytest.fixture(scope="module")
def found_wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("wrong")
    return problems_of({name: template(folder / name, old, new) for name, (old, new, _) in WRONG.items()})


@pytest.mark.long
@pytest.mark.parametrize("name", WRONG)
def test_what_a_relay_does_wrong_is_found(found_wrong: dict[str, list[str]], name: str) -> None:
    *_, problem = WRONG[name]
    assert any(problem in each for each in found_wrong[name]), found_wrong[name]


SERVES_HTTP = """\
    import http.server
    server = http.server.HTTPServer(("127.0.0.1", 8099), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""
NOTIFIES = '    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])\n'


URL = "http://127.0.0.1:8099/"


@pytest.mark.long
def test_a_program_may_be_ready_by_an_http_answer_of_its_hosts_network(tmp_path: Path) -> None:
    assert problems(template(tmp_path / "good", NOTIFIES, SERVES_HTTP, f"ready: {{http: '{URL}'}}\n")) == []


def test_a_program_may_be_ready_by_a_command(tmp_path: Path) -> None:
    """The command has the capabilities and variables of the program, and is asked again until it says so."""
    asks = """ready: {command: [sh, -c, 'test "$BLIPNET_ORDINAL" && test -e "$BLIPNET_RUN_DIR/serving"']}\n"""
    serves = '    Path(os.environ["BLIPNET_RUN_DIR"], "serving").touch()\n'
    assert problems(template(tmp_path / "mine", NOTIFIES, serves, asks)) == []


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


NOT_READY = "is not ready after 10 s"
UNREADY: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no-answer-there": (
        lambda folder: template(folder, NOTIFIES, SERVES_HTTP, f"ready: {{http: '{URL}missing'}}\n"),
        f"(no-answer-there) {NOT_READY}",
    ),
    "its-command-fails": (
        lambda folder: template(folder, NOTIFIES, "\n", "ready: {command: [sh, -c, exit 1]}\n"),
        f"(its-command-fails) {NOT_READY}",
    ),
    "its-command-hangs": (
        lambda folder: template(folder, NOTIFIES, "\n", "ready: {command: [sh, -c, sleep 3600]}\n"),
        f"(its-command-hangs) {NOT_READY}",
    ),
    "port": (
        lambda folder: behind_the_template(folder, "{ports: [3478, 3479]}"),
        f"server-us-central (port) {NOT_READY} (UDP port 3479 is not bound); its log is ",
    ),
    "answer": (
        lambda folder: behind_the_template(folder, "{http: 'http://${BLIPNET_ADDRESS}:8099/no'}"),
        f"server-us-central (answer) {NOT_READY} (http://10.0.0.2:8099/no does not answer with status 200); its log ",
    ),
    "command": (
        lambda folder: behind_the_template(folder, "{command: ['false']}"),
        f"server-us-central (command) {NOT_READY} (its command does not end with exit code 0); its log is ",
    ),
    "notify": (
        lambda folder: behind_the_template(folder, "notify"),
        f"server-us-central (notify) {NOT_READY} (it sent no READY=1 by sd_notify(3)); its log is ",
    ),
    "hangs-at-its-start": (
        lambda folder: behind_the_template(folder, "{ports: [3478]}", NOTIFIES, "\n"),
        f"relay-us-central (hangs-at-its-start) {NOT_READY}",
    ),
}


@pytest.fixture(scope="module")
def unready(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """All of them wait at the same time."""
    folder = tmp_path_factory.mktemp("unready")
    kinds = {name: make(folder / name) for name, (make, _) in UNREADY.items()}
    found = problems_of(kinds)
    assert not [pid for kind in kinds.values() for pid in pids_in(kind)]
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", UNREADY)
def test_what_never_becomes_ready_is_named_with_what_is_lacking(unready: dict[str, list[str]], name: str) -> None:
    (problem,) = unready[name]
    assert UNREADY[name][1] in problem


@pytest.mark.long
@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("signal.pause()", "did not arrive within 1 s"),
        ("lane.sendto(os.urandom(40), next_hop[ssrc])", "was changed elsewhere than in the path log"),
    ],
    ids=["hangs with a packet", "nonsense"],
)
def test_an_adapter_that_hangs_or_sends_nonsense_is_named_and_its_server_ends(
    tmp_path: Path, new: str, said: str
) -> None:
    folder = behind_the_template(tmp_path / "mine", "{ports: [3478]}", SEND, new)
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
