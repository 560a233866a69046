"""The session directory: a Redis server that holds a record per stream. The only importer of redis.

A record has all that a relay needs to forward the stream, in a compact binary format that is checked when read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from struct import Struct
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from relay_app.ports import DIRECTORY_PORT
from relay_app.streams import RESERVED_SSRCS

_HEADER = Struct("!BIBBH")
_LIFETIME = Struct("!I")
_FORMAT_VERSION = 2
_PERMITTED_VERSION = 3
"""Of records with a lifetime, which stands before the name."""
_NAME_BYTES = 200
MAX_ORDINAL = 254

_KEYS_PER_COMMAND = 512
"""Redis serves one command at a time: smaller ones let other clients in between, larger ones save little."""

_Item = TypeVar("_Item")


class RecordError(ValueError):
    """The bytes are not a valid record of the stream asked for."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """The stream `ssrc` of `session` goes from one cluster to another, by ordinal.

    `port`: the UDP port of the destination's host to which it goes directly; 0: it passes the relay there.
    `lifetime_ms`: how long a relay forwards it after its last refresh; 0: always.
    """

    ssrc: int
    source: int
    destination: int
    session: str
    port: int = 0
    lifetime_ms: int = 0

    def encode(self) -> bytes:
        """Format version, SSRC, both ordinals, the port, the lifetime if there is one, then the session's name in
        UTF-8."""
        version = _PERMITTED_VERSION if self.lifetime_ms else _FORMAT_VERSION
        header = _HEADER.pack(version, self.ssrc, self.source, self.destination, self.port)
        lifetime = _LIFETIME.pack(self.lifetime_ms) if self.lifetime_ms else b""
        return header + lifetime + self.session.encode()

    @classmethod
    def decode(cls, ssrc: int, data: bytes) -> StreamRecord:
        """The record of `ssrc`; RecordError if it is invalid or of another stream."""
        if not _HEADER.size < len(data) <= _HEADER.size + _NAME_BYTES:
            raise RecordError(f"{len(data)} bytes")
        version, recorded, source, destination, port = _HEADER.unpack_from(data)
        if version not in (_FORMAT_VERSION, _PERMITTED_VERSION):
            raise RecordError(f"format version {version}")
        if recorded != ssrc:
            raise RecordError(f"SSRC {recorded:08x} under the key of {ssrc:08x}")
        for end, ordinal in (("source", source), ("destination", destination)):
            if not 1 <= ordinal <= MAX_ORDINAL:
                raise RecordError(f"{end} {ordinal}")
        lifetime_ms, name = _lifetime(data[_HEADER.size :], permitted=version == _PERMITTED_VERSION)
        return cls(ssrc, source, destination, _name(name), port, lifetime_ms)


def _lifetime(data: bytes, *, permitted: bool) -> tuple[int, bytes]:
    """The lifetime, ms, 0 if there is none, and what follows it."""
    if not permitted:
        return 0, data
    if len(data) <= _LIFETIME.size:
        raise RecordError(f"{len(data)} bytes of lifetime and name")
    return _LIFETIME.unpack_from(data)[0], data[_LIFETIME.size :]


def _name(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"session name: {error}") from error


class DirectoryError(Exception):
    """The directory did not answer in time, or answered with an error."""


@dataclass(frozen=True, slots=True)
class DirectoryEndpoint:
    """Where the directory listens, TCP or, if `path` is given, a Unix socket; and how long to wait for it."""

    host: str = ""
    port: int = DIRECTORY_PORT
    path: str | None = None
    connect_timeout_s: float = 1.0
    response_timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a fetch: every SSRC asked for is in exactly one of these."""

    found: tuple[StreamRecord, ...] = ()
    unknown: tuple[int, ...] = ()
    invalid: tuple[int, ...] = ()


class Directory:
    """A client of the directory. It connects when first used and again after an error; it never repeats a request,
    since how often and when to do that is what relay versions differ in."""

    def __init__(self, endpoint: DirectoryEndpoint) -> None:
        self._redis = redis.Redis(
            host=endpoint.host,
            port=endpoint.port,
            unix_socket_path=endpoint.path,
            socket_connect_timeout=endpoint.connect_timeout_s,
            socket_timeout=endpoint.response_timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )

    def connect(self) -> None:
        """Connect now rather than when first used; DirectoryError."""
        with _translated_errors():
            self._redis.ping()

    def write(self, records: Iterable[StreamRecord]) -> None:
        """Store records, as signalling does at session set-up; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(records):
                pipeline.mset({_key(record.ssrc): record.encode() for record in part})
                for pair, ssrcs in _by_pair(part).items():
                    pipeline.sadd(pair, *ssrcs)
            pipeline.execute()

    def refresh(self, records: Iterable[StreamRecord]) -> None:
        """Store records that have a lifetime until that is over, in one round trip; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for record in records:
                pipeline.set(_key(record.ssrc), record.encode(), px=record.lifetime_ms)
            pipeline.execute()

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        """The records of these streams, in one round trip; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(ssrcs):
                pipeline.mget([_key(ssrc) for ssrc in part])
            answers = pipeline.execute()
        return _sorted_out(ssrcs, [value for answer in answers for value in answer])

    def streams_between(self, a: int, b: int) -> tuple[int, ...]:
        """The SSRCs of the streams between two clusters, by ordinal, either way, that were ever written; in one round
        trip. DirectoryError."""
        with _translated_errors():
            found = self._redis.smembers(_pair_key(a, b))
        return tuple(sorted(int(ssrc, 16) for ssrc in found))

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        """Write that the relay of the cluster `carrier` carries these streams, in one round trip; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(ssrcs):
                pipeline.mset({f"carrier:{ssrc:08x}": carrier for ssrc in part})
            pipeline.execute()

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()


def _key(ssrc: int) -> str:
    return f"stream:{ssrc:08x}"


def _pair_key(a: int, b: int) -> str:
    return f"pair:{min(a, b)}-{max(a, b)}"


def _by_pair(records: Iterable[StreamRecord]) -> dict[str, list[str]]:
    """The SSRCs in the index of streams by the clusters that they join, which has no canaries: those end where they
    begin."""
    found: dict[str, list[str]] = {}
    for record in records:
        if record.ssrc not in RESERVED_SSRCS:
            found.setdefault(_pair_key(record.source, record.destination), []).append(f"{record.ssrc:08x}")
    return found


def _parts(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, _KEYS_PER_COMMAND)):
        yield part


def _sorted_out(ssrcs: Sequence[int], values: Sequence[bytes | None]) -> Fetched:
    found, unknown, invalid = [], [], []
    for ssrc, value in zip(ssrcs, values, strict=True):
        if value is None:
            unknown.append(ssrc)
            continue
        try:
            found.append(StreamRecord.decode(ssrc, value))
        except RecordError:
            invalid.append(ssrc)
    return Fetched(tuple(found), tuple(unknown), tuple(invalid))


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise DirectoryError(str(error)) from error
