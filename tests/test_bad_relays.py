"""Everything that can be wrong with a relay program: one clear line each, and nothing of it is left running.

What shows only in the packets that it forwards is in `test_relay_check.py` and, of whole runs, in
`test_relay_programs.py`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns

import pytest
from bare_relay import BINDS, SERVES, pids_in, play, relay_folder
from run_lab import ONE_BLIP

from scenarios.commands.entry import main

pytestmark = [pytest.mark.bears_load, pytest.mark.waits]

PAUSE = "while True: signal.pause()\n"
TOLD = f"{SERVES}lanes[0].recv(9)\n"
"""A program that serves until it is told to go wrong."""

TELL = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'go', lane)"
ENDED = f"{TELL}; assert wait_until(lambda: not relay.serving.intact(), 20)"


def missing(folder: Path) -> None:
    (folder / "relay").unlink(missing_ok=True)


def not_executable(folder: Path) -> None:
    (folder / "relay").touch(0o644)


def for_another_machine(folder: Path) -> None:
    """A real program, of which the header says that it is for IBM S/390 (elf(5), e_machine 22)."""
    program = bytearray(Path(shutil.which("true") or "/bin/true").read_bytes())
    program[18:20] = (22).to_bytes(2, "little")
    (folder / "relay").write_bytes(program)
    (folder / "relay").chmod(0o755)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (missing, "there is no program './relay'; build it, or install it"),
        (not_executable, "'./relay' is not executable; chmod +x it"),
        (for_another_machine, "'./relay' is built for ELF machine 22; build it for this machine, "),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    said: str,
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "relay.yaml").write_text("command: [./relay]\n")
    spoil(folder)
    monkeypatch.setattr(sys, "argv", ["run_scenario.py", "check", str(ONE_BLIP), "--set", f"relays.kind={folder}"])
    assert main() == 2
    (line,) = "".join(capsys.readouterr()).splitlines()
    assert line.startswith(f"{folder}/relay.yaml:1:11: {said}")


NOT_READY = {
    "exits at once": ("print('no licence'); raise SystemExit(7)", "ended before it was ready (no licence)"),
    "forks away": (f"import os, signal\nif os.fork(): os._exit(0)\nos.setsid()\n{PAUSE}", "ended before it was ready"),
    "dies of a signal": ("import os; os.abort()", "ended before it was ready"),
    "is never ready": (f"{BINDS}{PAUSE}", "is not ready after 1 s"),
    "is ready before its lanes are bound": (
        f"{SERVES.replace('lanes[-1].bind', 'str')}{PAUSE}",
        "says that it is ready, and UDP port 40000 is not bound",
    ),
    "listens on wrong ports": (
        f"{SERVES.replace(', port))', ', port + 1))')}{PAUSE}",
        "says that it is ready, and UDP port 40000 is not bound",
    ),
    "writes outside its folder": ("open('/etc/blipnet', 'w')", "Read-only file system: '/etc/blipnet')"),
    "needs more descriptors": (
        "import socket\nkept = [socket.socket() for _ in range(99)]",
        "(OSError: [Errno 24] Too many open files)",
    ),
    "says what a terminal would obey": ("print('\\x1b[2Jgone'); raise SystemExit(1)", "ready (?[2Jgone)"),
}


@pytest.mark.root
@pytest.mark.long
@pytest.mark.parametrize("what", NOT_READY)
def test_what_does_not_become_ready_is_named_with_its_last_words(tmp_path: Path, what: str) -> None:
    program, said = NOT_READY[what]
    kind = relay_folder(tmp_path / "mine", program, "descriptors: 64\n")
    played = play(kind, ready_within_s=1 if "never" in what else 10)
    assert played.problem is not None
    assert played.problem.startswith("relay-us-central (mine) ")
    assert said in played.problem
    assert "\n" not in played.problem
    assert not pids_in(kind)


GOES_WRONG = {
    "ends by itself": (f"{TOLD}sys.exit('all is lost')", "ended by itself (exit code 1; its log ends: all is lost)"),
    "grows without bound": (
        f"{TOLD}held = []\nwhile True: held.append(bytearray(1 << 20))",
        "ended by itself (exit code 1; its log ends: MemoryError)",
    ),
    "runs out of descriptors": (
        f"{TOLD}while True: lanes.append(socket.socket())",
        "ended by itself (exit code 1; its log ends: OSError: [Errno 24] Too many open files)",
    ),
    "runs out of processes": (
        f"{TOLD}while True: threading.Thread(target=signal.pause, daemon=True).start()",
        "ended by itself (exit code 1; its log ends: RuntimeError: can't start new thread)",
    ),
    "writes outside its folder": (
        f"{TOLD}open('/var/lib/relay.db', 'w')",
        "ended by itself (exit code 1; its log ends: OSError: [Errno 30] Read-only file system: '/var/lib/relay.db')",
    ),
    "forks away": (f"{TOLD}if os.fork(): os._exit(0)\nos.setsid()\n{PAUSE}", "ended by itself (exit code 0)"),
}


@pytest.mark.root
@pytest.mark.long
@pytest.mark.parametrize("what", GOES_WRONG)
def test_what_ends_while_it_serves_is_named_with_the_reason_in_its_log(tmp_path: Path, what: str) -> None:
    program, said = GOES_WRONG[what]
    kind = relay_folder(tmp_path / "mine", program, "memory: 64MiB\ndescriptors: 64\nprocesses: 20\n")
    played = play(kind, ENDED)
    assert (played.problem, played.how) == (None, said)
    assert not pids_in(kind), "the sandbox has ended what it left"


@pytest.mark.root
def test_with_what_it_was_started_and_when_it_ended_by_itself_is_recorded(tmp_path: Path) -> None:
    """Independent: what the program itself was given, and its own clock before and after."""
    said = f"{TOLD}import time\nprint(*sys.argv, time.monotonic_ns(), flush=True); os._exit(0)"
    kind = relay_folder(tmp_path / "mine", said)
    (kind / "relay.yaml").write_text('command: [python3, relay.py, "--at=${BLIPNET_ADDRESS}", $$5]\n')
    played = play(kind, ENDED)
    *argv, last_ns = played.said.split()
    assert (argv, played.started[0][1:]) == (["relay.py", "--at=10.0.0.2", "$5"], argv)
    assert played.ended_ns is not None
    assert int(last_ns) <= played.ended_ns <= monotonic_ns()


@pytest.mark.root
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", "did not end within 0.3 s of SIGTERM, and was killed"),
        ("", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n", "did not end cleanly (exit code 5)"),
    ],
    ids=["ignores SIGTERM", "fails at its end"],
)
def test_how_it_ends_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    kind = relay_folder(tmp_path / "mine", f"{BINDS}{old}{new}tell('READY=1')\n{PAUSE}")
    played = play(kind)
    assert (played.problem, played.how) == (None, said)
    assert not pids_in(kind)


@pytest.mark.root
def test_to_be_ready_twice_does_no_harm_and_is_recorded(tmp_path: Path) -> None:
    played = play(
        relay_folder(tmp_path / "mine", f"{SERVES}tell('READY=1')\n{PAUSE}"), "wait_until(lambda: events[1:], 20)"
    )
    assert (played.problem, played.how) == (None, None)
    assert [each["message"] for each in played.events] == ["READY=1", "READY=1"]


FLOOD = """\
try:
    while True:
        os.write(1, b"x" * (1 << 20))
except OSError as error:
    tell(f"ERRNO={error.errno}")
"""


@pytest.mark.root
def test_a_flooded_log_takes_no_more_and_is_recorded(tmp_path: Path) -> None:
    """The program is told by the write, and need not end of it."""
    played = play(
        relay_folder(tmp_path / "mine", f"{BINDS}{FLOOD}tell('READY=1')\n{PAUSE}"), "wait_until(lambda: events[2:], 20)"
    )
    assert (played.problem, played.how) == (None, None)
    assert [each.get("message", each["kind"]) for each in played.events] == ["ERRNO=27", "READY=1", "log-full"]
    assert len(played.said) == 64 << 20


@pytest.mark.root
def test_a_missed_watchdog_is_recorded_and_nothing_else_is_done(tmp_path: Path) -> None:
    tells = "tell('STATUS=' + os.environ['WATCHDOG_USEC'])\n"
    kind = relay_folder(tmp_path / "mine", f"{BINDS}{tells}tell('READY=1')\n{PAUSE}", "watchdog: 200ms\n")
    played = play(kind, "wait_until(lambda: events[2:], 20)")
    assert (played.problem, played.how) == (None, None)
    status, _, missed = played.events
    assert status["message"] == "STATUS=200000"
    assert (missed["kind"], missed["cluster"], missed["within_ns"]) == ("watchdog-missed", "us-central", 200_000_000)
