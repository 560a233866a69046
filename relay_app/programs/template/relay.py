"""A relay by the packet contract, version 1 (docs/your-relay.md), in plain Python: to copy, in whatever language."""

import json
import os
import queue
import selectors
import signal
import socket
import sys
import threading

ADDRESS, ORDINAL = os.environ["BLIPNET_ADDRESS"], int(os.environ["BLIPNET_ORDINAL"])
CLIENT = (ADDRESS, int(os.environ["BLIPNET_CLIENT_PORT"]))
FIRST_LANE, LAST_LANE = map(int, os.environ["BLIPNET_LANES"].split("-"))
PEERS = {int(number): host for number, host in (each.split("=") for each in os.environ["BLIPNET_PEERS"].split(","))}
DIRECTORY, PORT = os.environ["BLIPNET_DIRECTORY"].split(":")

next_hop: dict[int, tuple[str, int]] = {}  # by SSRC
wanted: "queue.SimpleQueue[int]" = queue.SimpleQueue()
asked: set[int] = set()


def learn(ssrc: int, destination: int, port: int) -> None:
    lane = FIRST_LANE + ((ssrc * 0x9E3779B1 & 0xFFFFFFFF) >> 28)
    relayed = CLIENT if destination == ORDINAL else (PEERS[destination], lane)
    next_hop[ssrc] = (PEERS[destination], port) if port else relayed


def fetch_wanted() -> None:
    with socket.create_connection((DIRECTORY, int(PORT))) as redis, redis.makefile("rb") as answers:
        while ssrcs := [wanted.get()]:
            while not wanted.empty():  # one round trip for all that came meanwhile
                ssrcs.append(wanted.get())
            redis.sendall(b"MGET%b\r\n" % b"".join(b" stream:%08x" % ssrc for ssrc in ssrcs))
            answers.readline()  # *N, how many answers
            for ssrc in ssrcs:
                length = int(answers.readline()[1:])  # $19, or $-1 if there is no such stream
                if length >= 0:
                    record = answers.read(length + 2)  # version, SSRC, source, destination, port, name
                    learn(ssrc, record[6], int.from_bytes(record[7:9], "big"))
                asked.discard(ssrc)


def forward(lane: socket.socket) -> None:
    packet = bytearray(lane.recv(2048))
    if len(packet) < 12 or packet[0] >> 6 != 2:
        return
    ssrc = int.from_bytes(packet[8:12], "big")
    if ssrc in next_hop:
        if len(packet) >= 30 and packet[25] == 0x23 and 0 in packet[26:30]:  # the path log has room
            packet[packet.index(0, 26)] = ORDINAL
        lane.sendto(packet, next_hop[ssrc])
    elif ssrc not in asked:  # dropped, as all packets until the record is there
        asked.add(ssrc)
        wanted.put(ssrc)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with open(os.environ["BLIPNET_SESSIONS"]) as held:
    for session in map(json.loads, held):
        learn(session["ssrc"], session["destination"], session["port"])
lanes = selectors.DefaultSelector()
for port in range(FIRST_LANE, LAST_LANE + 1):
    lane = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    lane.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    lane.bind((ADDRESS, port))
    lanes.register(lane, selectors.EVENT_READ, lane)
threading.Thread(target=fetch_wanted, daemon=True).start()
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    for key, _ in lanes.select():
        forward(key.data)
