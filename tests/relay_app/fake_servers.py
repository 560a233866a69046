"""Media servers of a test, which answer as the test says: TURN (RFC 8656), and the ng protocol of rtpengine."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from struct import pack, unpack, unpack_from

Address = tuple[str, int]

MAGIC = 0x2112A442
BINDING, ALLOCATE, REFRESH, CHANNEL_BIND = 0x001, 0x003, 0x004, 0x009
USERNAME, INTEGRITY, ERROR, CHANNEL, LIFETIME = 0x0006, 0x0008, 0x0009, 0x000C, 0x000D
PEER, REALM, NONCE = 0x0012, 0x0014, 0x0015
SUCCESS, FAILURE = 0x100, 0x110


@dataclass(frozen=True)
class TurnRequest:
    method: int
    id: bytes
    attributes: dict[int, bytes]
    source: Address
    data: bytes

    @classmethod
    def decode(cls, data: bytes, source: Address) -> TurnRequest:
        method, length, magic, identity = unpack("!HHI12s", data[:20])
        assert (length, magic) == (len(data) - 20, MAGIC)
        attributes, at = {}, 20
        while at < len(data):
            name, size = unpack_from("!HH", data, at)
            attributes[name] = data[at + 4 : at + 4 + size]
            at += 4 + (size + 3 & ~3)
        return cls(method, identity, attributes, source, data)

    @property
    def lifetime_s(self) -> int | None:
        return int.from_bytes(self.attributes[LIFETIME], "big") if LIFETIME in self.attributes else None

    @property
    def peer(self) -> Address:
        _, _, port, address = unpack("!BBHI", self.attributes[PEER])
        return socket.inet_ntoa(pack("!I", address ^ MAGIC)), port ^ MAGIC >> 16

    def signed_by(self, user: str, realm: str, password: str) -> bool:
        """Whether its MESSAGE-INTEGRITY, the last attribute, is that of these credentials (RFC 8489 §9.2.3, §14.5)."""
        key = hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False).digest()
        return hmac.digest(key, self.data[:-24], "sha1") == self.attributes.get(INTEGRITY)


def attribute(name: int, value: bytes) -> bytes:
    return pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)


def success(request: TurnRequest, lifetime_s: int = 600) -> bytes:
    body = attribute(LIFETIME, pack("!I", lifetime_s)) if request.method in (ALLOCATE, REFRESH) else b""
    return pack("!HHI", request.method | SUCCESS, len(body), MAGIC) + request.id + body


def failure(request: TurnRequest, code: int, more: bytes = b"") -> bytes:
    body = attribute(ERROR, bytes((0, 0, *divmod(code, 100))) + b"words") + more
    return pack("!HHI", request.method | FAILURE, len(body), MAGIC) + request.id + body


def challenge(request: TurnRequest, code: int, nonce: bytes) -> bytes:
    return failure(request, code, attribute(REALM, b"a realm") + attribute(NONCE, nonce))


@dataclass
class Turn:
    """`answer`: the answer to a request, None for none. Keeps all requests, and by sender all channel data."""

    answer: Callable[[TurnRequest], bytes | None] = success
    requests: list[TurnRequest] = field(default_factory=list)
    media: list[tuple[Address, bytes]] = field(default_factory=list)

    def __call__(self, data: bytes, source: Address) -> bytes | None:
        if data[0] & 0xC0 == 0x40:
            self.media.append((source, data))
            return None
        request = TurnRequest.decode(data, source)
        self.requests.append(request)
        return self.answer(request)

    def of(self, method: int) -> list[TurnRequest]:
        return [each for each in self.requests if each.method == method]


@dataclass
class Ng:
    """`answer`: the dictionary that answers a request's, or any bytes in its place. Keeps all requests."""

    answer: Callable[[dict[bytes, bytes]], bytes]
    requests: list[dict[bytes, bytes]] = field(default_factory=list)

    def __call__(self, data: bytes, source: Address) -> bytes | None:  # noqa: ARG002 - a cookie says whose it is
        cookie, _, message = data.partition(b" ")
        request = strings_of(message)
        self.requests.append(request)
        return cookie + b" " + self.answer(request)

    def commands(self, name: bytes) -> list[dict[bytes, bytes]]:
        return [each for each in self.requests if each[b"command"] == name]


def strings_of(message: bytes) -> dict[bytes, bytes]:
    """The strings of a bencoded dictionary, by key; numbers and lists are passed over."""
    assert message[:1] == b"d"
    assert message[-1:] == b"e"
    found, key, at, depth = {}, b"", 1, 0
    while at < len(message) - 1:
        kind = message[at : at + 1]
        if kind == b"i":
            at, key = message.index(b"e", at) + 1, b""
        elif kind in (b"l", b"d", b"e"):
            depth += -1 if kind == b"e" else 1
            at, key = at + 1, b""
        else:
            size, _, rest = message[at:].partition(b":")
            text = rest[: int(size)]
            at += len(size) + 1 + len(text)
            if depth == 0 and key:
                found[key], key = text, b""
            elif depth == 0:
                key = text
    return found


def bencoded(**strings: str) -> bytes:
    """A dictionary of these strings; `_` in a key is a hyphen."""
    words = (word for key, text in strings.items() for word in (key.replace("_", "-"), text))
    return b"d%be" % b"".join(b"%d:%b" % (len(word), word.encode()) for word in words)


@contextmanager
def serving(address: str, handle: Callable[[bytes, Address], bytes | None], port: int = 0) -> Iterator[str]:
    """Answer every datagram with what `handle` makes of it, in a thread; yields the server's address:port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        thread = threading.Thread(target=_serve, args=(server, handle))
        thread.start()
        try:
            yield f"{address}:{server.getsockname()[1]}"
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def _serve(server: socket.socket, handle: Callable[[bytes, Address], bytes | None]) -> None:
    while True:
        data, source = server.recvfrom(4096)
        if not data:
            return
        if answer := handle(data, source):
            server.sendto(answer, source)
