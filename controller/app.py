"""The controller process: `python -m controller.app CONFIG.json [--stand-by]`.

Writes to standard output, one JSON object per line, `{"ready": "listening"}`; `{"ready": "installed"}` once all
switches have confirmed their direct paths; and `{"ready": "watching"}` once the health of every link direction is
known. Ends with exit code 0 when standard input reaches its end.

With `--stand-by` it writes `{"ready": "standing by"}` first, and touches nothing until there is something to read on
standard input.

One thread owns all state: it waits for probe reports, switch events and the end of standard input, and has the engine
judge and decide every 10 ms. The framework's threads only put events into its inbox.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from time import monotonic_ns
from typing import Generic, Protocol, TextIO, TypeVar

from controller.engine import Engine
from controller.messages import Action, Install, Milestone, Record, SwitchError, SwitchEvent
from controller.openflow import listen, make_switches
from controller.settings import ControllerConfig
from controller.telemetry import TelemetryError, TelemetryReader
from hostio.realtime import clear_realtime_priority, set_realtime_priority
from hostio.stacks import write_stacks_on_signal
from hostio.storage import is_of_storage
from hostio.timing import MS, S, next_multiple
from relay_app.coverage_report import CoverageReport
from relay_app.load_order import LoadOrder, OrderSender

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Becomes readable, for select, when something was put in."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._woken, self._waker = socket.socketpair()

    def fileno(self) -> int:
        """The descriptor to select on."""
        return self._woken.fileno()

    def put(self, item: Item) -> None:
        """Add an item; any thread may."""
        self._items.append(item)
        self._waker.send(b"\0")

    def take(self) -> Item:
        """The oldest item; waits for one if there is none."""
        self._woken.recv(1)
        return self._items.popleft()

    def close(self) -> None:
        """Give the descriptors back."""
        self._woken.close()
        self._waker.close()


_TICK_NS = 10 * MS

_READ_BYTES = 4096


class SwitchConnections(Protocol):
    """Takes rules to the switches."""

    def install(self, installs: Sequence[Install]) -> list[int]:
        """Write the rules of each to its switch's connection; when each began, CLOCK_MONOTONIC ns."""


class RelayOrders(Protocol):
    """Takes orders to the relays."""

    def send(self, order: LoadOrder) -> None:
        """Send an order, whether or not its relay hears it."""


class Controller:
    """Performs what the engine returns."""

    def __init__(
        self,
        engine: Engine,
        telemetry: TelemetryReader,
        switches: SwitchConnections,
        relays: RelayOrders,
        log: TextIO,
        milestones: TextIO,
    ) -> None:
        self._engine = engine
        self._telemetry = telemetry
        self.refused = 0
        """Datagrams of telemetry that are no report."""
        self._switches = switches
        self._relays = relays
        self._log = log
        self._milestones = milestones

    def on_report(self, datagram: bytes) -> None:
        """A datagram of telemetry arrived; one that is no report is counted, and told now and then (stderr)."""
        try:
            report = self._telemetry.read(datagram, monotonic_ns())
        except TelemetryError as error:
            self._refuse(error)
            return
        if isinstance(report, CoverageReport):
            self._engine.cover(report)
        else:
            self._perform(self._engine.report(report))

    def on_switch(self, event: SwitchEvent) -> None:
        """A switch connected, answered, refused, or reported a port."""
        actions = self._engine.handle(event, monotonic_ns())
        self._perform([*actions, *self._engine.decide(monotonic_ns())])

    def on_tick(self, now_ns: int) -> None:
        """Time passed; every report received before `now_ns` has been taken in."""
        changes = self._engine.tick(now_ns)
        self._perform([*changes, *self._engine.decide(monotonic_ns())])

    def announce(self, milestone: str) -> None:
        """Report a milestone to whoever started the process."""
        _announce(milestone, self._milestones)

    def _refuse(self, error: TelemetryError) -> None:
        self.refused += 1
        # The first, the second, the fourth: however many come, the log stays short.
        if self.refused & (self.refused - 1) == 0:
            print(f"controller: {self.refused} datagrams refused, the last one: {error}", file=sys.stderr, flush=True)

    def _perform(self, actions: Iterable[Action]) -> None:
        """Switches first: media wait for their rules, and for the log only its reader."""
        every = [*actions]
        installs = [action for action in every if isinstance(action, Install)]
        for install, at_ns in zip(installs, self._switches.install(installs), strict=True):
            self._engine.sent(install, at_ns)
        self._do_others([action for action in every if not isinstance(action, Install)])

    def _do_others(self, actions: Sequence[LoadOrder | Milestone | Record]) -> None:
        for action in actions:
            if isinstance(action, LoadOrder):
                self._relays.send(action)
            elif isinstance(action, Milestone):
                self.announce(action.name)
            else:
                print(json.dumps(asdict(action)), file=self._log)
        if actions:
            self._log.flush()


def _announce(milestone: str, milestones: TextIO) -> None:
    print(json.dumps({"ready": milestone}), file=milestones, flush=True)


def run(config: ControllerConfig, stdin: TextIO, milestones: TextIO, *, standing_by: bool = False) -> None:
    """Control the switches until `stdin` ends; OSError if an address is taken, SwitchError if a switch refuses."""
    inbox: Inbox[SwitchEvent] = Inbox()
    with closing(inbox):
        engine = Engine(config.topology, config.settings, traffic=config.traffic)
        switches = make_switches(inbox.put)
        gc.freeze()  # collections of garbage then pass over all that the imports left
        if standing_by and not _told_to_begin(stdin, milestones):
            return
        with _bound(config.telemetry) as telemetry, config.decisions.open("a", encoding="utf-8") as log:
            relays = OrderSender(config.telemetry.parent)
            reader = TelemetryReader(config.topology)
            controller = Controller(engine, reader, switches, relays, log, milestones)
            listen(config.listen_host, config.listen_port)
            controller.announce("listening")
            clear_realtime_priority()
            _serve(controller, telemetry, inbox, stdin)


def _told_to_begin(stdin: TextIO, milestones: TextIO) -> bool:
    """Wait for input; False if standard input ends instead."""
    # So that the start that follows is not delayed by the media processes: they have the machine's cores by then.
    set_realtime_priority()
    _announce("standing by", milestones)
    return bool(os.read(stdin.fileno(), _READ_BYTES))


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telemetry:
        telemetry.bind(str(path))
        try:
            yield telemetry
        finally:
            path.unlink()


def _drain(telemetry: socket.socket, on_report: Callable[[bytes], None]) -> None:
    while _readable([telemetry], 0):
        on_report(telemetry.recv(_READ_BYTES))


class _Source(Protocol):
    def fileno(self) -> int: ...


def _readable(sources: Sequence[_Source], wait_ns: int) -> list[_Source]:
    # Sources and not their descriptors: Ryu's framework puts a select of its own in place of Python's, which never
    # finds a 0 readable, as standard input is.
    return select.select(sources, [], [], max(0, wait_ns) / S)[0]


def _serve(controller: Controller, telemetry: socket.socket, inbox: Inbox[SwitchEvent], stdin: TextIO) -> None:
    tick_due_ns = next_multiple(monotonic_ns())
    while True:
        readable = _readable([telemetry, inbox, stdin], tick_due_ns - monotonic_ns())
        now_ns = monotonic_ns()
        if stdin in readable and not os.read(stdin.fileno(), _READ_BYTES):
            return
        # Reports after the clock and before the tick: a late tick would take a probe that arrived in time, but still
        # waits in the socket, for a lost one.
        _drain(telemetry, controller.on_report)
        if inbox in readable:
            controller.on_switch(inbox.take())
        if now_ns >= tick_due_ns:
            controller.on_tick(now_ns)
            tick_due_ns = next_multiple(now_ns + 1, _TICK_NS)


def main(arguments: list[str]) -> int:
    """Run on the configuration file named by the first argument; the exit code, EX_IOERR if its log takes no more."""
    Path("/proc/self/comm").write_text("controller")  # as the run's other processes: the monitor tells them by it
    write_stacks_on_signal()
    config = ControllerConfig.from_json(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        run(config, sys.stdin, sys.stdout, standing_by="--stand-by" in arguments)
    except SwitchError as error:
        print(f"controller: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if not is_of_storage(error, config.decisions.parent):
            raise
        return os.EX_IOERR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
