"""What plays runs on a worker's machine. Looks first whether it has played the run before, as after a driver or a
scheduler that ended before it heard of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from results.comparison.values import RunValues
from results.run_files.run_dir import RunDir
from results.sweeps.result import SweepResult
from scenarios.cluster.orders import Order, Report
from scenarios.errors import MachineError
from scenarios.sweeps.child import ChildRun
from scenarios.sweeps.execution import Ended, Played
from scenarios.sweeps.store import Store
from scenarios.sweeps.versions import code_version, kind_version

NAME = "blipnet"


class Player(WorkerPlugin):  # type: ignore[misc]  # Dask need not be installed where types are checked
    """`command`: plays a plan; `store`: keeps what this machine has played; `machine`: its name; `say`: tells its
    user."""

    name = NAME

    def __init__(self, command: Sequence[str], store: Store, machine: str, say: Callable[[str], None]) -> None:
        self._command = command
        self._store = store
        self._say = say
        self._cancelled: set[str] = set()
        self._ending = threading.Event()
        self._playing = threading.Lock()
        self.machine = machine

    def play(self, order: Order) -> Report:
        """Play a run, or find its result; one after the other."""
        with self._playing:
            return self._play(order)

    def idle(self) -> None:
        """Wait until nothing is played."""
        with self._playing:
            pass

    def _play(self, order: Order) -> Report:
        if (found := self._store.find(order.key)) is not None:
            self._say(f"{order.key}: was played here before")
            return _told(order.key, self.machine, found.seconds, found.played)
        if wrong := wrong_versions(order.code, order.kinds):
            return self._unusable(order, wrong)
        if order.sweep in self._cancelled:
            return self._report(order.key, None)
        try:
            child = ChildRun(self._command, order.key, order.plan, self._store.runs)
            ended = child.wait(lambda: order.sweep in self._cancelled or self._ending.is_set(), self._say)
        except (MachineError, OSError) as error:
            return self._unusable(order, str(error))
        return self._report(order.key, ended)

    def cancel(self, sweep: str) -> None:
        """Have the runs of a sweep stop, also those that have not begun."""
        self._cancelled.add(sweep)

    def end(self) -> None:
        """Have the run that is played stop."""
        self._ending.set()

    def _unusable(self, order: Order, why: str) -> Report:
        self._say(f"{order.key}: {why}")
        return Report(order.key, self.machine, 0.0, None, why, usable=False)

    def _report(self, key: str, ended: Ended | None) -> Report:
        if ended is None:
            return Report(key, self.machine, 0.0, None, "it was cancelled")
        if not isinstance(ended, Played):
            self._say(f"{key}: {ended.why}")
            return Report(key, self.machine, 0.0, None, ended.why)
        self._say(f"{key}: {ended.values.verdict}")
        if ended.values.verdict != "inconclusive":
            self._store.commit(SweepResult(key, {}, 0, 1, self.machine, ended.seconds, ended.values))
        return _told(key, self.machine, ended.seconds, ended.values)


def _told(key: str, machine: str, seconds: float, values: RunValues) -> Report:
    """What is told of a run that was played here, with its page, if it can be read."""
    page = ""
    with suppress(OSError):
        page = RunDir(Path(values.run)).page.read_text(encoding="utf-8")
    return Report(key, machine, seconds, values, page=page)


def wrong_versions(code: str, kinds: Mapping[str, str]) -> str:
    """What of this machine is another version than is wanted; empty if nothing is."""
    if code != code_version():
        return f"its code is another version ({code_version()}) than the sweep's ({code})"
    for folder, version in kinds.items():
        try:
            if kind_version(Path(folder)) != version:
                return f"the relay program in {folder} is another version there"
        except OSError:
            return f"there is no relay program in {folder}"
    return ""


def _player_of(worker: Any) -> Player:
    found = worker.plugins[NAME]
    if not isinstance(found, Player):
        raise TypeError(f"{found} plays no runs")
    return found


def play_order(text: str) -> str:
    """Run on a worker, in its one thread for runs: play an order, and report."""
    return _player_of(get_worker()).play(Order.read(text)).text()


def cancel_sweep(sweep: str, dask_worker: Any) -> None:
    """Run on a worker beside what it plays: Dask's own cancellation lets a run that has begun go on to its end."""
    _player_of(dask_worker).cancel(sweep)


def say_versions(code: str, kinds: Mapping[str, str], dask_worker: Any) -> tuple[str, str]:
    """Run on a worker beside what it plays: its name, and what of it is another version."""
    return _player_of(dask_worker).machine, wrong_versions(code, kinds)
