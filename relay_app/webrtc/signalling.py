"""What the two peers of a call tell each other, over TCP: one JSON object per line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Literal

LONGEST_LINE = 1 << 16
"""Bytes of a message at most."""


@dataclass(frozen=True, slots=True)
class Signal:
    """`offer` and `answer` carry a session description (RFC 3264); `lost`: the sender has no consent any more.

    `connection`: which peer connection of the call it is about, from 0.
    """

    kind: Literal["offer", "answer", "lost"]
    connection: int
    description: str = ""

    def encode(self) -> bytes:
        """As a line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Signal:
        """Of a line. ValueError if it is none."""
        try:
            return cls(**json.loads(line))
        except TypeError as error:
            raise ValueError(f"no signal: {line[:80]!r}") from error


async def signals(reader: asyncio.StreamReader) -> AsyncIterator[Signal]:
    """The signals of a connection until it ends."""
    while line := await reader.readline():
        yield Signal.decode(line)
