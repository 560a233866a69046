"""How Dask is set up: encrypted, without a page to look at, and without what would blame or move runs."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType

import dask
from distributed import Security

from scenarios.cluster.address import Address
from scenarios.cluster.certificates import Certificates
from scenarios.errors import MachineError

RESOURCE = "testbed"
"""Each machine has one."""

HTTP = "127.0.0.1:0"
"""Where Dask's HTTP server listens, which cannot be left out: on the loopback, with nothing to give."""

_SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        # A run is blamed for the end of a worker that it was only assigned to.
        "distributed.scheduler.allowed-failures": 1000,
        "distributed.scheduler.work-stealing": False,
        "distributed.scheduler.worker-ttl": "60s",
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
        "distributed.comm.require-encryption": True,
        "distributed.comm.timeouts.connect": "10s",
    }
)
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Of these Dask sets the levels one by one."""
_REACHED_WITHIN_S = 5.0


def set_up() -> None:
    """Set up Dask in this process."""
    dask.config.set(dict(_SETTINGS))
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def security_of(certificates: Certificates) -> Security:
    """What all sides show each other, and ask of each other."""
    certificate, key = str(certificates.certificate), str(certificates.key)
    sides = {f"tls_{side}_{what}": path for side in ("client", "scheduler", "worker")
             for what, path in (("cert", certificate), ("key", key))}  # fmt: skip
    return Security(require_encryption=True, tls_ca_file=certificate, **sides)


def require_scheduler(address: Address, certificates: Certificates) -> str:
    """This machine's own address on the way to a scheduler; MachineError if nobody with the certificate is there."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(certificates.certificate))
    context.check_hostname = False
    context.load_cert_chain(certificates.certificate, certificates.key)
    try:
        with socket.create_connection((address.host, address.port), _REACHED_WITHIN_S) as plain:
            own = str(plain.getsockname()[0])
            with context.wrap_socket(plain):
                return own
    except ssl.SSLError as error:
        raise MachineError(
            f"{address}: it has not the certificate of {certificates.folder} ({error.reason})"
        ) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise MachineError(f"{address}: no scheduler is there ({why}); run_scenario.py scheduler {address}") from error
