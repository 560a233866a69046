"""The commands by which other machines play the runs of a sweep."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from scenarios.cli.doctor import diagnose
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES
from scenarios.commands.sweeps import RUN_COMMAND, certificates_option, require_dask, say
from scenarios.paths import RUNS, OutputError
from scenarios.sweeps.store import Store

_PLAYED = RUNS / "worker"


@click.command(epilog=EXIT_CODES)
@click.argument("address")
@certificates_option
def scheduler(address: str, certificates: Path) -> int:
    """Hand out the runs of sweeps to workers, at ADDRESS, until it is interrupted.

    The first time it makes a certificate. Whoever has that, or its key, can run anything on the workers: copy the
    folder to the machines of the workers, and of whoever starts sweeps, and to nobody else.
    """
    require_dask()
    from scenarios.cluster.address import address_of
    from scenarios.cluster.certificates import certificates_in
    from scenarios.cluster.services import serve_scheduler

    serve_scheduler(address_of(address), certificates_in(certificates), say)
    return ExitCode.PASS


@click.command(epilog=EXIT_CODES)
@click.argument("address")
@certificates_option
@click.option("--name", default=socket.gethostname(), help="Name of this machine; else its host name.")
@click.option("--out", type=click.Path(path_type=Path), default=_PLAYED, help="Where run directories and results go.")
def worker(address: str, certificates: Path, name: str, out: Path) -> int:
    """Play the runs of sweeps that the scheduler at ADDRESS hands out, one at a time, until either ends.

    What it has played it keeps, and does not play again.
    """
    require_dask()
    from scenarios.cluster.address import address_of
    from scenarios.cluster.certificates import Certificates
    from scenarios.cluster.player import Player
    from scenarios.cluster.services import serve_worker

    own = Certificates(certificates)
    own.require()
    diagnose().require()
    store = Store(out.resolve())
    try:
        store.begin()
    except OSError as error:
        raise OutputError(f"{store.root}: {error.strerror}; name another folder with --out") from error
    serve_worker(address_of(address), own, Player(RUN_COMMAND, store, name, say), say)
    return ExitCode.PASS
