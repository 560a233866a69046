"""What the directory holds of a stream: all that a relay needs to forward it. Compact bytes, distrusted when read."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

_HEADER = Struct("!BIB")
_FORMAT_VERSION = 1
_NAME_BYTES = 200
MAX_ORDINAL = 254


class RecordError(ValueError):
    """The bytes are no valid record of the stream that was asked for."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """The stream `ssrc` of `session` goes to the cluster with this ordinal."""

    ssrc: int
    destination: int
    session: str

    def encode(self) -> bytes:
        """Format version, SSRC, ordinal, then the session's name in UTF-8."""
        return _HEADER.pack(_FORMAT_VERSION, self.ssrc, self.destination) + self.session.encode()

    @classmethod
    def decode(cls, ssrc: int, data: bytes) -> StreamRecord:
        """The record of `ssrc`; RecordError if it is none, or another stream's."""
        if not _HEADER.size < len(data) <= _HEADER.size + _NAME_BYTES:
            raise RecordError(f"{len(data)} bytes")
        version, recorded, destination = _HEADER.unpack_from(data)
        if version != _FORMAT_VERSION:
            raise RecordError(f"format version {version}")
        if recorded != ssrc:
            raise RecordError(f"SSRC {recorded:08x} under the key of {ssrc:08x}")
        if not 1 <= destination <= MAX_ORDINAL:
            raise RecordError(f"destination {destination}")
        return cls(ssrc, destination, _name(data[_HEADER.size :]))


def _name(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"session name: {error}") from error
