"""Where a scheduler is: a host and a port. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenarios.errors import MachineError

_ADDRESS = re.compile(r"(?:(?P<scheme>\w+)://)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or number, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"tls://{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """The address in a text, `tls://HOST:PORT` or `HOST:PORT`. MachineError says what to write."""
    parts = _ADDRESS.fullmatch(text)
    if parts is None or not 0 < int(parts["port"]) < 1 << 16:
        raise MachineError(f"{text!r} is no address of a scheduler; write such as tls://192.0.2.1:8786")
    if parts["scheme"] not in (None, "tls"):
        raise MachineError(f"{text!r} is not encrypted, and whoever can reach it could run anything; write tls://")
    return Address(parts["host"], int(parts["port"]))
