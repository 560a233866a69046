"""A relay program in a bare sandbox: started confined and ended, with nothing sent to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from run_lab import PROJECT

from hostio.commands import run
from hostio.timing import wait_until
from results.run_files.documents import Event
from results.run_files.events import ProgramStart
from scenarios.process_faults.program_relay import ProgramRelayKind, end_program
from scenarios.relay_check.bench import HERE, plan_for
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.run_control import SANDBOX_FOLDER
from scenarios.supervision.supervised import SupervisedProcess
from topologies.sandbox import Privilege, Sandbox, set_up_sandbox

TEMPLATE = PROJECT / "relay_app" / "programs" / "template"
BINDS = """\
import os, signal, socket, sys, threading
def tell(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as endpoint:
        endpoint.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
lanes = []
first, last = map(int, os.environ["BLIPNET_LANES"].split("-"))
for port in range(first, last + 1):
    lanes.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    lanes[-1].bind((os.environ["BLIPNET_ADDRESS"], port))
"""
"""The beginning of a program in Python that binds its lanes."""

SERVES = f"{BINDS}tell('READY=1')\n"
READY_WITHIN_S = 30.0


@dataclass(frozen=True)
class Played:
    """How a program did. `problem`: why it was not ready; `how`: how it ended if not as it should have, and `ended_ns`
    when, if by itself; `started`: its command lines; `events`: all others."""

    problem: str | None
    how: str | None
    ended_ns: int | None
    started: list[list[str]]
    events: list[dict[str, Any]]
    said: str


def relay_folder(folder: Path, program: str, settings: str = "") -> Path:
    """A relay kind with this program in Python."""
    folder.mkdir()
    (folder / "relay.py").write_text(program)
    (folder / "relay.yaml").write_text(f"command: [python3, relay.py]\nstop_grace: 300ms\n{settings}")
    return folder


def template_text() -> str:
    """The template's program."""
    return (TEMPLATE / "relay.py").read_text()


def template(folder: Path, old: str, new: str, settings: str = "") -> Path:
    """The template with one line of it changed."""
    text = template_text()
    assert text.count(old) == 1
    return relay_folder(folder, text.replace(old, new), f"path_log: true\n{settings}")


def pids_in(folder: Path) -> list[int]:
    """Processes whose current folder is this one."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if each.readlink() == folder:
                found.append(int(each.parent.name))
        except OSError:
            continue
    return found


def play(
    kind: Path, meanwhile: str = "pass", privilege: Privilege = "root", ready_within_s: float = READY_WITHIN_S
) -> Played:
    """Start a program in a sandbox of its own, run the statement `meanwhile` once it is ready, and end it."""
    entry = "from bare_relay import inside; inside()"
    inside = [sys.executable, "-c", entry, str(kind), meanwhile, str(ready_within_s)]
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests'}"}
    done = subprocess.run(
        Sandbox(privilege).command(inside), cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Played(**json.loads(done.stdout.splitlines()[-1]))


def inside() -> None:
    """Called in the sandbox: print a Played."""
    set_up_sandbox(SANDBOX_FOLDER)
    plan, log, events, starts = plan_for(sys.argv[1]), SANDBOX_FOLDER / "log", list[Event](), list[ProgramStart]()
    cluster, program = plan.topology.cluster(HERE), plan.relays.program_of(HERE)
    assert program is not None
    run(["ip", "address", "add", f"{cluster.address}/32", "dev", "lo"])

    def record(event: Event) -> None:
        if isinstance(event, ProgramStart):
            starts.append(event)
        else:
            events.append(event)

    kind = ProgramRelayKind.confined(plan, cluster, program, log, os.getpid(), record)
    relay, problem, end = SupervisedProcess(kind), None, None
    try:
        relay.serving.await_ready(float(sys.argv[3]))
        given = {"relay": relay, "events": events, "lane": (str(cluster.address), 40000), "wait_until": wait_until}
        exec(sys.argv[2], given)  # noqa: S102 - the test's own words
    except ProcessError as error:
        problem = str(error)
    else:
        end = end_program(relay, program.stop_grace_ns)
    how, ended_ns = (end.how, end.at_ns) if end else (None, None)
    told, said = [asdict(each) for each in events], log.read_text(errors="replace")
    print(json.dumps(asdict(Played(problem, how, ended_ns, [list(each.command) for each in starts], told, said))))
