"""Plays the jobs of a sweep on the workers of a scheduler."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from distributed import Client

from scenarios.cluster.address import Address
from scenarios.cluster.certificates import Certificates
from scenarios.cluster.orders import Order, Report
from scenarios.cluster.player import cancel_sweep, play_order, say_versions
from scenarios.cluster.settings import RESOURCE, require_scheduler, security_of, set_up
from scenarios.errors import MachineError
from scenarios.sweeps.execution import Ended, Lost, Played
from scenarios.sweeps.jobs import Job

_POLL_S = 0.05
_STOPS_WITHIN_S = 70.0
_ASKED_WITHIN_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Flight:
    """A job that a worker has. `future`: Dask's."""

    job: Job
    avoid: tuple[str, ...]
    future: Any


class ClusterExecutor:
    """`code`: version of the code that is to play; `say`: tells the user something. MachineError: no scheduler is
    there."""

    def __init__(self, address: Address, certificates: Certificates, code: str, say: Say) -> None:
        require_scheduler(address, certificates)
        set_up()
        self._address = address
        try:
            self._client = Client(str(address), security=security_of(certificates), timeout=_ASKED_WITHIN_S)
        except OSError as error:
            raise self._gone() from error
        self._code = code
        self._say = say
        self._sweep = secrets.token_hex(8)
        self._flights: dict[str, _Flight] = {}
        self._unusable: dict[str, str] = {}

    @property
    def in_flight(self) -> int:
        """One more than there are machines: none waits for its next run, and none has many that another could play."""
        return max(1, len(set(self._machines().values()))) + 1

    def require_versions(self, kinds: Mapping[str, str]) -> None:
        """MachineError if a worker that is there has other versions of the code or of relay programs, by folder."""
        told = self._client.run(say_versions, self._code, dict(kinds), on_error="raise")
        if wrong := [f"{machine}: {what}" for machine, what in told.values() if what]:
            raise MachineError(f"{wrong[0]}{f' (and {len(wrong) - 1} more)' if wrong[1:] else ''}; update it")
        there = f"{len(told)} workers are" if told else "no worker is yet"
        self._say(f"{there} at {self._address}")

    def submit(self, job: Job, avoid: Collection[str]) -> None:
        """Hand out a job; not to a machine of `avoid`, if there is another, and to none that could not play."""
        machines = self._machines()
        usable = [worker for worker, name in machines.items() if name not in self._unusable]
        if not usable and self._unusable:
            raise MachineError("; ".join(f"{name}: {why}" for name, why in self._unusable.items()))
        others = [worker for worker in usable if machines[worker] not in avoid]
        preferred = others or usable
        order = Order(job.key, self._sweep, self._code, dict(job.kinds), job.plan)
        with self._asking():
            future = self._client.submit(
                play_order,
                order.text(),
                key=f"{job.key}-{secrets.token_hex(4)}",  # what has ended on a machine may have to be played again
                pure=False,
                resources={RESOURCE: 1},
                workers=preferred or None,
                allow_other_workers=bool(preferred),  # one that is started again has another address
            )
        self._flights[job.key] = _Flight(job, tuple(avoid), future)

    def next_ended(self) -> Ended:
        """Wait for a run to end. MachineError: the scheduler has ended, or no machine can play."""
        while True:
            self._require_scheduler()
            for key, flight in [*self._flights.items()]:
                if flight.future.done():
                    del self._flights[key]
                    if (ended := self._ended(flight)) is not None:
                        return ended
            sleep(_POLL_S)

    def stop(self) -> None:
        """Have the workers stop what they play of this sweep, and wait for that; leave the scheduler."""
        with suppress(Exception):  # the scheduler may have ended, in many ways
            if self._flights and self._client.status == "running":
                self._client.run(cancel_sweep, self._sweep, on_error="ignore")
                self._wait_for_flights()
        with suppress(Exception):
            self._client.close(timeout=2)

    def _wait_for_flights(self) -> None:
        until_s = monotonic() + _STOPS_WITHIN_S
        while monotonic() < until_s and not all(each.future.done() for each in self._flights.values()):
            sleep(_POLL_S)

    def _require_scheduler(self) -> None:
        if self._client.status != "running" or any(each.future.cancelled() for each in self._flights.values()):
            raise self._gone()

    def _gone(self) -> MachineError:
        return MachineError(f"the scheduler at {self._address} has ended; start it again, and go on with --resume")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """MachineError for an error in the block, if the scheduler has ended."""
        try:
            yield
        except Exception as error:
            if self._client.status != "running" or isinstance(error, OSError):
                raise self._gone() from error
            raise

    def _ended(self, flight: _Flight) -> Ended | None:
        """How a run ended; None if another machine has to play it."""
        key = flight.job.key
        try:
            report = Report.read(flight.future.result(timeout=_ASKED_WITHIN_S))
        except Exception as error:
            self._require_scheduler()
            return Lost(key, "", f"{type(error).__name__}: {error}".splitlines()[0])
        if not report.usable:
            self._say(f"{report.machine} is left out: {report.why}")
            self._unusable[report.machine] = report.why
            self.submit(flight.job, flight.avoid)
            return None
        if report.values is None:
            return Lost(key, report.machine, report.why)
        return Played(key, report.machine, report.values, report.seconds, report.page)

    def _machines(self) -> dict[str, str]:
        """The name of its machine for each worker, by the worker's address."""
        with self._asking():
            workers = self._client.scheduler_info()["workers"]
        return {worker: str(about["name"]).rpartition("/")[0] for worker, about in workers.items()}
