"""The userspace wire's process: one process that emulates every link of a run."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from hostio.control import Ready, Stop, receive
from hostio.files import write_array
from hostio.lateness_compiled import watch
from hostio.realtime import RealtimePriority, set_realtime_priority
from hostio.sockets import packet_drops, packet_socket
from topologies.link_backend import FATES, HELD, LinkCounters
from topologies.link_state import LinkState
from topologies.model import Direction
from topologies.wire.memory import WireMemory, allocate
from topologies.wire.messages import (
    BankSwitched,
    Finish,
    Prepare,
    Prepared,
    ReadCounters,
    Reading,
    SwitchBank,
    Watch,
    Watched,
    WireConfig,
)
from topologies.wire.parameters import LossNumbers, fill_bank
from topologies.wire.wire_loop import READ, STOP, SWITCH, run


def serve(config: WireConfig, control: Connection) -> None:
    """Emulate the links and answer `control` until Stop or the end of the pipe. OSError if an interface is missing."""
    compile_loops()
    with Wire(config) as wire:
        set_realtime_priority(RealtimePriority.LINK)
        control.send(Ready())
        while True:
            request = receive(control)
            if isinstance(request, Stop):
                return
            control.send(wire.answer(request))


def compile_loops() -> None:
    """Compile the event loop for the types it is called with, or load it from the cache.

    To be called before any thread has real-time priority: a compiler under SCHED_FIFO would keep all else from a CPU.
    """
    with ExitStack() as opening:
        command = _eventfd(opening, os.EFD_NONBLOCK)
        memory = allocate((), command, _eventfd(opening, 0), capacity=1)
        memory.loop["command"] = STOP
        os.eventfd_write(command, 1)
        run(memory)


class Wire:
    """The event loop in its thread, its sockets and its memory; a context manager that stops and closes them all."""

    def __init__(self, config: WireConfig) -> None:
        self._states = {d.direction: d.state for d in config.directions}
        self._loss_numbers = dict.fromkeys(self._states, LossNumbers())
        self._overflowed = dict.fromkeys(self._states, 0)
        self._fates = config.fates
        self._open = ExitStack()
        with ExitStack() as opening:
            self._command = _eventfd(opening, os.EFD_NONBLOCK)
            self._answer = _eventfd(opening, 0)
            self._sockets = _open_sockets(config, opening)
            self._memory = self._prepare(config)
            self._open = opening.pop_all()
        self._thread = threading.Thread(target=_carry, args=(self._memory,), name="wire")

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._open.close()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._ask(STOP)
            self._thread.join()

    def answer(
        self, request: Prepare | SwitchBank | Watch | ReadCounters | Finish
    ) -> Prepared | BankSwitched | Watched | Reading:
        """Carry out a request; its answer."""
        match request:
            case Prepare():
                self.prepare(request.states)
                return Prepared()
            case SwitchBank():
                return BankSwitched(self._ask(SWITCH))
            case Watch():
                watch(self._memory.lateness, request.from_ns, request.until_ns)
                return Watched()
            case ReadCounters():
                self._ask(READ)
                return self._reading()
        return self.end()

    def prepare(self, states: Mapping[Direction, LinkState]) -> None:
        """Write these states into the bank that does not apply."""
        for direction, state in states.items():
            self._loss_numbers[direction] = self._loss_numbers[direction].after(self._states[direction], state)
        self._states.update(states)
        other = 1 - int(self._memory.loop["bank"][0])
        fill_bank(self._memory, other, self._states, self._loss_numbers)

    def end(self) -> Reading:
        """Stop carrying frames and save the log of media frames."""
        self._stop()
        memory = self._memory
        if self._fates:
            write_array(self._fates, memory.fates[: memory.loop["fates"][0]])
        memory.counters_read[:] = memory.counters
        return self._reading()

    def _reading(self) -> Reading:
        counters = {direction: self._counters(index, direction) for index, direction in enumerate(self._states)}
        return Reading(counters, self._memory.lateness.copy())

    def _counters(self, index: int, direction: Direction) -> LinkCounters:
        """The loop's counters, and the frames for which its socket had no room."""
        self._overflowed[direction] += packet_drops(self._sockets[index])
        unseen = self._overflowed[direction]
        every, media = (_counters(row) for row in self._memory.counters_read[index])
        return replace(every, received=every.received + unseen, lost_overflow=every.lost_overflow + unseen, media=media)

    def _ask(self, command: int) -> int:
        """Have the loop carry out a command; when it did, CLOCK_MONOTONIC ns."""
        self._memory.loop["command"] = command
        os.eventfd_write(self._command, 1)
        os.eventfd_read(self._answer)
        return int(self._memory.loop["answered_ns"][0])

    def _prepare(self, config: WireConfig) -> WireMemory:
        fds = {d.entry: entry.fileno() for d, entry in zip(config.directions, self._sockets, strict=True)}
        pairs = tuple((fds[d.entry], fds[d.exit]) for d in config.directions)
        memory = allocate(pairs, self._command, self._answer, config.capacity)
        memory.loop["tick_ns"] = config.tick_ns
        memory.loop["first_media_port"], memory.loop["last_media_port"] = config.media_ports
        memory.directions["random"][: len(pairs)] = [
            generator_state(config.seed, d.direction) for d in config.directions
        ]
        fill_bank(memory, 0, self._states, self._loss_numbers)
        return memory


def _counters(row: Any) -> LinkCounters:
    """The counters in a row, whose columns are those of FATES."""
    counts: dict[str, Any] = {what: int(row[column]) for column, what in enumerate(FATES) if column != HELD}
    return LinkCounters(**counts)


def generator_state(seed: int, direction: Direction) -> int:
    """Start of a direction's random numbers: depends on the seed and its name, so that other links do not change it."""
    return int.from_bytes(hashlib.sha256(f"{seed} {direction}".encode()).digest()[:8], "little")


def _carry(memory: WireMemory) -> None:
    set_realtime_priority(RealtimePriority.LINK)
    run(memory)


def _eventfd(opening: ExitStack, flags: int) -> int:
    descriptor = os.eventfd(0, os.EFD_CLOEXEC | flags)
    opening.callback(os.close, descriptor)
    return descriptor


def _open_sockets(config: WireConfig, opening: ExitStack) -> list[socket.socket]:
    return [opening.enter_context(packet_socket(d.entry)) for d in config.directions]
