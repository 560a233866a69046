"""A relay by the packet contract, version 1 (docs/your-relay.md), in plain Python: to copy, in whatever language."""

import json
import os
import queue
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from struct import Struct

ADDRESS, ORDINAL = os.environ.get("BLIPNET_ADDRESS", ""), int(os.environ.get("BLIPNET_ORDINAL", 0))
CLIENT = (ADDRESS, int(os.environ.get("BLIPNET_CLIENT_PORT", 0)))
FIRST_LANE, LAST_LANE = map(int, os.environ.get("BLIPNET_LANES", "0-0").split("-"))
RECORD = Struct("!BIBBH")  # format version, SSRC, source, destination, port; then the session's name
PEERS = dict(each.split("=") for each in os.environ.get("BLIPNET_PEERS", "0=").split(","))
next_hop: dict[int, tuple[str, int]] = {}  # by SSRC
wanted: "queue.SimpleQueue[int]" = queue.SimpleQueue()
asked: set[int] = set()


def learn(ssrc: int, destination: int, port: int) -> None:
    """Keep where a stream goes: to a port there, to the clients here, or to its lane at the destination's relay."""
    there, lane = PEERS[str(destination)], FIRST_LANE + ((ssrc * 0x9E3779B1 & 0xFFFFFFFF) >> 28)
    relayed = CLIENT if destination == ORDINAL else (there, lane)
    next_hop[ssrc] = (there, port) if port else relayed


def fetch_wanted(host: str, port: int) -> None:
    """Fetch the records of streams that are missed, in one round trip for all that came meanwhile."""
    while ssrcs := {wanted.get()}:
        while not wanted.empty():
            ssrcs.add(wanted.get())
        with suppress(OSError, ValueError), socket.create_connection((host, port), timeout=1) as redis:
            redis.sendall(b"MGET%b\r\n" % b"".join(b" stream:%08x" % ssrc for ssrc in ssrcs))
            answers = redis.makefile("rb")
            answers.readline()  # *N, how many answers
            for _ in ssrcs:
                if (length := int(answers.readline()[1:])) >= 0:  # $19, or $-1 if there is no such stream
                    version, ssrc, _, destination, stream_port = RECORD.unpack(answers.read(length + 2)[: RECORD.size])
                    if version == 2 and ssrc in ssrcs:
                        learn(ssrc, destination, stream_port)
        asked.difference_update(ssrcs)


def forward(lane: socket.socket) -> None:
    """Forward a packet, or drop it if its stream is not known yet, and want to know it."""
    packet = bytearray(lane.recv(2048))
    ssrc = int.from_bytes(packet[8:12], "big")
    if len(packet) < 12 or packet[0] >> 6 != 2:
        return
    if ssrc in next_hop:
        if packet[12:17] == b"\xbe\xde\x00\x04\x17" and packet[25] == 0x23 and 0 in packet[26:30]:
            packet[packet.index(0, 26)] = ORDINAL
        lane.sendto(packet, next_hop[ssrc])
    elif ssrc not in asked:
        asked.add(ssrc)
        wanted.put(ssrc)


def main() -> None:
    """Read the sessions, bind all lanes, say that it is ready, and forward until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for session in map(json.loads, Path(os.environ["BLIPNET_SESSIONS"]).read_text().splitlines()):
        learn(session["ssrc"], session["destination"], session["port"])
    lanes = selectors.DefaultSelector()
    for port in range(FIRST_LANE, LAST_LANE + 1):
        lane = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        lane.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        lane.bind((ADDRESS, port))
        lanes.register(lane, selectors.EVENT_READ, lane)
    host, _, port_text = os.environ["BLIPNET_DIRECTORY"].partition(":")
    threading.Thread(target=fetch_wanted, args=(host, int(port_text)), daemon=True).start()
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    while True:
        for key, _ in lanes.select():
            forward(key.data)


if __name__ == "__main__":
    main()
