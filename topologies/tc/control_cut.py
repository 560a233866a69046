"""Cuts the switches off from their controller: what either sends to the other vanishes, and nobody is told.

Both are on the sandbox's loopback interface, where each frame arrives once, whichever way it goes. It is dropped there
on arrival, as on a wire, and not on its way out, where the sender would be told.
"""

from __future__ import annotations

from hostio.commands import Command, batch_lines
from topologies.bpf.filters import port_filter
from topologies.bpf.program import bytecode
from topologies.tc.batch import Row, TcBatch

_DEVICE = "lo"
_FILTER = ("dev", _DEVICE, "ingress", "protocol", "all", "prio", "1", "handle", "1", "bpf")
_SHOW: Command = ["tc", "filter", "show", "dev", _DEVICE, "ingress"]


class ControlCut:
    """Of one TCP port, in the network namespace in which it is made; nothing is cut yet. CommandError if tc refuses."""

    def __init__(self, port: int) -> None:
        self._program = port_filter(port)
        self._tc = TcBatch()
        self._found: list[Row] = []
        self._in_force = False
        self._tc.ask(batch_lines([["tc", "qdisc", "add", "dev", _DEVICE, "clsact"]]), 0)

    def begin(self) -> None:
        """In force on return."""
        words = ["tc", "filter", "replace", *_FILTER, "direct-action", "bytecode", f'"{bytecode(self._program)}"']
        self._change(words)
        self._in_force = True

    def end(self) -> None:
        """Nothing of it is left on return; idempotent."""
        if self._in_force:
            self._change(["tc", "filter", "del", *_FILTER])
            self._in_force = False

    def verify(self) -> bool:
        """Whether the kernel has what it was last told: this very program, or nothing."""
        programs = [row["options"]["bytecode"]["insns"] for row in self._found if "options" in row]
        wanted = [{"code": code, "jt": true, "jf": false, "k": k} for code, true, false, k in self._program]
        return programs == ([wanted] if self._in_force else [])

    def close(self) -> None:
        """Take everything away."""
        self._tc.ask(batch_lines([["tc", "qdisc", "del", "dev", _DEVICE, "clsact"]]), 0)
        self._tc.close()

    def _change(self, command: Command) -> None:
        (self._found,) = self._tc.ask(batch_lines([command, _SHOW]), 1)
