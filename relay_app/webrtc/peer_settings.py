"""What a peer of a call is told on its command line. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

PEER_MODULE = "relay_app.webrtc.peer"

CHECKS = 6
"""After so many checks without an answer a peer's consent has expired: aioice's number."""

CHECK_TIMEOUT_S = 0.5
"""How long a check waits for its answer: the initial RTO of STUN (RFC 8489 §6.2.1), and no check is sent again."""


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """`address`: its own; `port`: TCP port of the signalling, at which one peer listens; `dial`: the address of the
    other peer, for the one that does not. `servers`: address:port of the TURN servers, in the order of their use.
    `consent_s`: how long after its last answer the other peer's consent expires (RFC 7675)."""

    address: str
    port: int
    dial: str
    servers: tuple[str, ...]
    consent_s: float

    def command(self, python: str) -> list[str]:
        """The command line of the peer."""
        return [python, "-m", PEER_MODULE, json.dumps(asdict(self))]

    @classmethod
    def of(cls, text: str) -> PeerSettings:
        """Those of a command line's argument."""
        told = json.loads(text)
        return cls(**{**told, "servers": tuple(told["servers"])})


def check_interval_s(consent_s: float) -> float:
    """The mean pause from the end of a consent check to the next one, by which consent expires after `consent_s`."""
    return max(0.0, consent_s / CHECKS - CHECK_TIMEOUT_S)
