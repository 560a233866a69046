"""What the directory holds of a stream: all that a relay needs to forward it. Compact bytes, distrusted when read."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

_HEADER = Struct("!BIBBH")
_FORMAT_VERSION = 2
_NAME_BYTES = 200
MAX_ORDINAL = 254


class RecordError(ValueError):
    """The bytes are no valid record of the stream that was asked for."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """The stream `ssrc` of `session` goes from one cluster to another, by ordinal.

    `port`: it is handed straight to the destination's host, at this UDP port, and passes no relay there; 0: it does.
    """

    ssrc: int
    source: int
    destination: int
    session: str
    port: int = 0

    def encode(self) -> bytes:
        """Format version, SSRC, both ordinals, the port, then the session's name in UTF-8."""
        header = _HEADER.pack(_FORMAT_VERSION, self.ssrc, self.source, self.destination, self.port)
        return header + self.session.encode()

    @classmethod
    def decode(cls, ssrc: int, data: bytes) -> StreamRecord:
        """The record of `ssrc`; RecordError if it is none, or another stream's."""
        if not _HEADER.size < len(data) <= _HEADER.size + _NAME_BYTES:
            raise RecordError(f"{len(data)} bytes")
        version, recorded, source, destination, port = _HEADER.unpack_from(data)
        if version != _FORMAT_VERSION:
            raise RecordError(f"format version {version}")
        if recorded != ssrc:
            raise RecordError(f"SSRC {recorded:08x} under the key of {ssrc:08x}")
        for end, ordinal in (("source", source), ("destination", destination)):
            if not 1 <= ordinal <= MAX_ORDINAL:
                raise RecordError(f"{end} {ordinal}")
        return cls(ssrc, source, destination, _name(data[_HEADER.size :]), port)


def _name(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"session name: {error}") from error
