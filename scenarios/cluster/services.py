"""The scheduler and the workers, each in a process of its own, until they are ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from tempfile import TemporaryDirectory

from distributed import Scheduler, Worker

from scenarios.cluster.address import Address
from scenarios.cluster.certificates import Certificates
from scenarios.cluster.player import Player
from scenarios.cluster.settings import HTTP, RESOURCE, require_scheduler, security_of, set_up
from scenarios.errors import MachineError

_CLOSES_WITHIN_S = 5

Say = Callable[[str], None]


def serve_scheduler(address: Address, certificates: Certificates, say: Say) -> None:
    """Be the scheduler, at this address alone, until an interrupt. MachineError if it cannot listen there."""
    set_up()
    asyncio.run(_scheduler(address, certificates, say))


async def _scheduler(address: Address, certificates: Certificates, say: Say) -> None:
    scheduler = Scheduler(
        host=address.host,
        port=address.port,
        protocol="tls",
        security=security_of(certificates),
        dashboard=False,
        dashboard_address=HTTP,
    )
    try:
        await scheduler
    except (OSError, RuntimeError) as error:
        raise MachineError(f"{address}: nothing can listen there ({error}); name another address") from error
    try:
        say(f"scheduler at {address}, with the certificate of {certificates.folder}")
        await scheduler.finished()
    finally:
        await scheduler.close()


def serve_worker(address: Address, certificates: Certificates, player: Player, say: Say) -> None:
    """Play what a scheduler hands out, until an interrupt or the scheduler's end. MachineError if there is none.

    What is played when the scheduler ends is played to its end, and kept.
    """
    own = require_scheduler(address, certificates)
    set_up()
    with TemporaryDirectory(prefix="blipnet-worker-") as folder:
        asyncio.run(_worker(address, certificates, player, own, folder, say))


async def _worker(
    address: Address, certificates: Certificates, player: Player, own: str, folder: str, say: Say
) -> None:
    worker = Worker(
        str(address),
        security=security_of(certificates),
        host=own,
        nthreads=1,
        name=f"{player.machine}/{os.getpid()}",
        resources={RESOURCE: 1},
        memory_limit=0,
        dashboard=False,
        dashboard_address=HTTP,
        plugins=(player,),
        local_directory=folder,
    )
    try:
        await worker
    except (OSError, RuntimeError) as error:
        raise MachineError(f"{address}: the scheduler does not take this worker ({error})") from error
    say(f"worker {player.machine} of {address}")
    try:
        await worker.finished()
        say(f"the scheduler at {address} has ended")
        await asyncio.to_thread(player.idle)
    except asyncio.CancelledError:
        player.end()
        raise
    finally:
        # An interrupt cancels Dask's own tasks too. One of these may be closing the worker already, since the scheduler
        # has ended: then this would wait for an end that never comes.
        closing = asyncio.ensure_future(worker.close(timeout=_CLOSES_WITHIN_S, executor_wait=False))
        await asyncio.wait((closing,), timeout=_CLOSES_WITHIN_S + 1)
