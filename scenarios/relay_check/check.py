"""A check on the host's side of its sandbox, and its entry inside."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from scenarios.errors import ScenarioError
from scenarios.paths import PROJECT
from scenarios.relay_check.bench import HERE, bench, plan_for
from scenarios.relay_check.finding import Finding
from scenarios.relay_check.steps import play
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.run_control import SANDBOX_FOLDER
from topologies.sandbox import Sandbox, set_up_sandbox

_INSIDE = "import sys; from scenarios.relay_check.check import inside; inside(sys.argv[1], sys.argv[2])"


def check(kind: str, sandbox: Sandbox) -> Iterator[Finding]:
    """Check a relay program in a sandbox of its own; yields each step when it was played. ScenarioError.

    What the program printed follows a problem of its start.
    """
    if plan_for(kind).relays.program_of(HERE) is None:
        raise ScenarioError(
            kind, "a relay version of the project, no program; write a folder, such as ./my-relay", None
        )
    with tempfile.NamedTemporaryFile(prefix="blipnet-relay-", suffix=".log") as log:
        command = sandbox.command([sys.executable, "-c", _INSIDE, kind, log.name])
        with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                yield Finding(**json.loads(line))
        if process.returncode:
            yield Finding("the check comes to its end", f"exit code {process.returncode}")


def inside(kind: str, log: str) -> None:
    """Print a JSON object per step; called in the sandbox."""
    set_up_sandbox(SANDBOX_FOLDER)
    try:
        with bench(plan_for(kind), Path(log)) as found:
            for finding in play(found):
                print(json.dumps(asdict(finding)), flush=True)
    except ProcessError as error:
        print(json.dumps(asdict(Finding("it can be started", str(error)))), flush=True)
