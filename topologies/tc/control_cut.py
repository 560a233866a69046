"""Cuts the switches off from their controller: frames of that TCP port are dropped silently in both directions.

Both ends use the sandbox's loopback interface, at whose ingress each frame arrives once, in either direction. It is
dropped there, as on a wire; at egress the drop would be reported to the sender, and TCP would know of it.
"""

from __future__ import annotations

from hostio.commands import Command, batch_lines
from topologies.bpf.filters import port_filter
from topologies.bpf.program import bytecode
from topologies.tc.batch import Row, TcBatch

_DEVICE = "lo"
_HOOK = ("dev", _DEVICE, "ingress")
_ALL = 1
"""Preference of the filter that cuts all connections; those that cut one have the last byte of its address and this."""


class ControlCut:
    """A cut of one TCP port in the present network namespace, at one address of it or at all; nothing is cut before
    `begin`. CommandError if tc refuses."""

    def __init__(self, port: int, address: str | None = None) -> None:
        self._program = port_filter(port, address)
        preference = str(_ALL + (int(address.rpartition(".")[2]) if address else 0))
        self._filter = (*_HOOK, "protocol", "all", "prio", preference, "handle", "1", "bpf")
        self._show: Command = ["tc", "filter", "show", *_HOOK, "prio", preference]
        self._tc = TcBatch()
        self._found: list[Row] = []
        self._applied = False
        self._tc.ask(batch_lines([["tc", "qdisc", "replace", "dev", _DEVICE, "clsact"]]), 0)

    def begin(self) -> None:
        """Cut; done on return."""
        words = ["tc", "filter", "replace", *self._filter, "direct-action", "bytecode", f'"{bytecode(self._program)}"']
        self._change(words)
        self._applied = True

    def end(self) -> None:
        """End the cut; done on return. Idempotent."""
        if self._applied:
            self._change(["tc", "filter", "del", *self._filter])
            self._applied = False

    def verify(self) -> bool:
        """Whether the kernel had the program after `begin`, and none after `end`, as it showed right after the
        change."""
        programs = [row["options"]["bytecode"]["insns"] for row in self._found if "options" in row]
        wanted = [{"code": code, "jt": true, "jf": false, "k": k} for code, true, false, k in self._program]
        return programs == ([wanted] if self._applied else [])

    def close(self) -> None:
        """Remove the hook and end tc."""
        self._tc.ask(batch_lines([["tc", "qdisc", "del", "dev", _DEVICE, "clsact"]]), 0)
        self._tc.close()

    def _change(self, command: Command) -> None:
        (self._found,) = self._tc.ask(batch_lines([command, self._show]), 1)
