"""The session directory: a Redis server that holds a record per stream. The only importer of redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from relay_app.stream_record import RecordError, StreamRecord

_Item = TypeVar("_Item")

DIRECTORY_PORT = 6379
"""Redis' own."""

_KEYS_PER_COMMAND = 512


class DirectoryError(Exception):
    """The directory did not answer in time, or not as it should."""


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
    """A client of the directory; connects when first used, and anew after an error. Never retries by itself."""

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
        """Store them all, as signalling does at session set-up; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(records):
                pipeline.mset({_key(record.ssrc): record.encode() for record in part})
            pipeline.execute()

    def fetch(self, ssrcs: Sequence[int]) -> Fetched:
        """The records of these streams, in one round trip; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(ssrcs):
                pipeline.mget([_key(ssrc) for ssrc in part])
            answers = pipeline.execute()
        return _sorted_out(ssrcs, [value for answer in answers for value in answer])

    def announce(self, ssrcs: Sequence[int], carrier: int) -> None:
        """Tell that the relay of the cluster `carrier` carries these streams, in one round trip; DirectoryError."""
        with _translated_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for part in _parts(ssrcs):
                pipeline.mset({f"carrier:{ssrc:08x}": carrier for ssrc in part})
            pipeline.execute()

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()


def _key(ssrc: int) -> str:
    return f"stream:{ssrc:08x}"


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
