"""The flow table of one switch and its connection to the controller: read, emptied, closed and opened; by ovs-ofctl(8)
and ovs-vsctl(8), whichever datapath it has."""

from __future__ import annotations

import subprocess
from contextlib import suppress

from hostio.commands import Command, CommandError, run

_WITHIN_S = 5.0
_OPENFLOW = ("-O", "OpenFlow13")
_BACKOFF = "max_backoff=1000"
"""Milliseconds at most between two attempts to connect, as mininet has it."""


def flow_rules(switch: str) -> frozenset[str]:
    """The rules of a switch without their counters, as ovs-ofctl shows them; CommandError."""
    shown = run(["ovs-ofctl", *_OPENFLOW, "--no-stats", "dump-flows", switch])
    return frozenset(line.strip() for line in shown.splitlines() if "actions=" in line or " drop" in line)


class EmptyTable:
    """A command that empties a switch's flow table, started ahead: it has read what to do, and waits for the end of its
    input to do it. CommandError if it fails."""

    def __init__(self, switch: str) -> None:
        self._argv = ["ovs-ofctl", *_OPENFLOW, "add-flows", switch, "-"]
        self._command = subprocess.Popen(
            self._argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        if self._command.stdin:
            self._command.stdin.write("delete\n")
            self._command.stdin.flush()

    def apply(self) -> None:
        """Empty the table; the switch has confirmed it on return."""
        _finished(self._argv, self._command)

    def close(self) -> None:
        """End the command without effect, if it has not been applied; idempotent."""
        if self._command.poll() is None:
            self._command.kill()
            with suppress(subprocess.TimeoutExpired):
                self._command.communicate(timeout=_WITHIN_S)


def controller_of(switch: str) -> str:
    """Where a switch connects to its controller, such as tcp:127.0.0.1:6653; CommandError."""
    return run(["ovs-vsctl", "get-controller", switch]).strip()


class Begun:
    """A command that has been started and is not waited for until `finish`."""

    def __init__(self, argv: Command) -> None:
        self._argv = argv
        self._command = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def finish(self) -> None:
        """Wait for it; CommandError if it fails, or takes more than 5 s."""
        _finished(self._argv, self._command)


def disconnect(switch: str) -> Begun:
    """Have a switch close its connection to its controller, and open none."""
    return Begun(["ovs-vsctl", "del-controller", switch])


def connect(switch: str, target: str) -> Begun:
    """Have a switch connect to its controller."""
    return Begun(["ovs-vsctl", "set-controller", switch, target, "--", "set", "controller", switch, _BACKOFF])


def _finished(argv: Command, command: subprocess.Popen[str]) -> None:
    """Close its input and wait for its end; CommandError."""
    try:
        _, said = command.communicate(timeout=_WITHIN_S)
    except subprocess.TimeoutExpired as late:
        command.kill()
        raise CommandError(argv, 124, f"not done after {_WITHIN_S:g} s") from late
    if command.returncode:
        raise CommandError(argv, command.returncode, said)
