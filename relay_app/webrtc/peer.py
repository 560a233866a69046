"""A peer of a WebRTC call that passes TURN servers: a program of its own, and the only module that knows aiortc.

    python -m relay_app.webrtc.peer JSON        (relay_app/webrtc/peer_settings.py has its keys)

One peer dials the other for signalling, and offers. Media are Opus in both directions, over relayed candidates only.
When a peer's consent has expired (RFC 7675), both begin a new peer connection, over the next server of the list: aiortc
knows no ICE restart (RFC 8445 §9). It is ready, by sd_notify(3), when media arrive. SIGTERM stops the media, and then
the program. What happened is on standard output, a JSON object per line; `results/run_files/peer_log.py` reads it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from time import monotonic_ns
from typing import Any

import aioice.ice
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription, rtcicetransport
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack

from hostio.run_delay import set_process_name
from relay_app.webrtc.peer_settings import CHECKS, PeerSettings, check_interval_s
from relay_app.webrtc.signalling import LONGEST_LINE, Signal, signals

_DIAL_AGAIN_S = 0.1
_UNDER_WAY_S = 1.0
"""For how long packets are still received after the media were stopped: the other peer stops at the same time."""
_CLOSE_WITHIN_S = 1.0


def say(event: str, **what: object) -> None:
    """Write a line of the record."""
    print(json.dumps({"event": event, "at_ns": monotonic_ns(), **what}), flush=True)


class RelayedAgent(aioice.ice.Connection):  # type: ignore[misc] # it need not be installed
    """An ICE agent with relayed candidates only, which aiortc has no setting for.

    `given_up` is set as soon as it begins to close. aiortc tells only when the TURN server has confirmed that the
    allocation is deleted, or 32 s and more after the server fell silent.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(transport_policy=aioice.ice.TransportPolicy.RELAY, **options)
        self.given_up = asyncio.Event()

    async def close(self) -> None:
        """End it."""
        self.given_up.set()
        await super().close()


class PeerConnection:
    """One peer connection of a call, over one TURN server. `heard` and `lost`: media arrive; they do not any more."""

    def __init__(self, number: int, server: str) -> None:
        self.number = number
        self.heard, self.lost = asyncio.Event(), asyncio.Event()
        self._server = server
        self._tasks: list[asyncio.Task[None]] = []
        self._peer = RTCPeerConnection(RTCConfiguration([RTCIceServer(f"turn:{server}?transport=udp")]))
        self._sender = self._peer.addTrack(AudioStreamTrack())
        self._peer.on("track", self._begin_listening)
        self._peer.on("connectionstatechange", self._note_state)

    async def offer(self) -> Signal:
        """Its offer, with its candidates."""
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return Signal("offer", self.number, self._peer.localDescription.sdp)

    async def answer(self, offer: Signal) -> Signal:
        """Its answer to an offer."""
        await self._peer.setRemoteDescription(RTCSessionDescription(offer.description, "offer"))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        self._watch()
        return Signal("answer", self.number, self._peer.localDescription.sdp)

    async def accept(self, answer: Signal) -> None:
        """Begin, with the other peer's answer."""
        await self._peer.setRemoteDescription(RTCSessionDescription(answer.description, "answer"))
        self._watch()

    def stop_sending(self) -> None:
        """Send no more media."""
        self._sender.replaceTrack(None)

    async def close(self) -> None:
        """End it, which may take as long as the TURN server does not answer."""
        for task in self._tasks:
            task.cancel()
        await self._peer.close()

    async def report_statistics(self) -> None:
        """Write what getStats() (W3C webrtc-stats) says of its streams."""
        for each in (await self._peer.getStats()).values():
            if each.type == "inbound-rtp":
                say(
                    each.type,
                    connection=self.number,
                    ssrc=each.ssrc,
                    received=each.packetsReceived,
                    lost=each.packetsLost,
                )
            if each.type == "outbound-rtp":
                say(each.type, connection=self.number, ssrc=each.ssrc, sent=each.packetsSent)

    def _watch(self) -> None:
        agent = self._sender.transport.transport._connection  # aiortc shows it nowhere else
        self._tasks.append(asyncio.create_task(self._await_loss(agent)))

    async def _await_loss(self, agent: RelayedAgent) -> None:
        await agent.given_up.wait()
        self._note_loss()

    def _note_loss(self) -> None:
        if not self.lost.is_set():
            say("lost", connection=self.number, server=self._server)
            self.lost.set()

    def _note_state(self) -> None:
        if self._peer.connectionState == "connected":
            say("connected", connection=self.number, server=self._server)
        if self._peer.connectionState == "failed":
            self._note_loss()

    def _begin_listening(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self.heard.set()


class Peer:
    """A peer of a call, with all its peer connections so far."""

    def __init__(self, settings: PeerSettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._settings = settings
        self._reader, self._writer = reader, writer
        self._connections: list[PeerConnection] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def hold(self) -> None:
        """Hold the call until the other peer ends the signalling."""
        if self._settings.dial:
            await self._offer()
        async for message in signals(self._reader):
            await self._heed(message)

    async def end(self) -> None:
        """Stop the media, report, and release the allocation."""
        for each in self._connections:
            each.stop_sending()
        await asyncio.sleep(_UNDER_WAY_S)
        for each in self._connections:
            await each.report_statistics()
        for each in self._connections[-1:]:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(each.close(), _CLOSE_WITHIN_S)

    async def _heed(self, message: Signal) -> None:
        if message.kind == "offer":
            self._send(await self._begin().answer(message))
        elif message.connection != len(self._connections) - 1:
            return  # both peers may notice the same loss
        elif message.kind == "answer":
            await self._connections[-1].accept(message)
        else:
            await self._offer()

    async def _offer(self) -> None:
        self._send(await self._begin().offer())

    def _begin(self) -> PeerConnection:
        """A further peer connection, over the next server; the one before it is closed meanwhile."""
        for each in self._connections[-1:]:
            self._tasks.append(asyncio.create_task(each.close()))
        number = len(self._connections)
        begun = PeerConnection(number, self._settings.servers[number % len(self._settings.servers)])
        self._connections.append(begun)
        self._tasks += [asyncio.create_task(self._mind(begun)), asyncio.create_task(_tell_ready(begun))]
        return begun

    async def _mind(self, connection: PeerConnection) -> None:
        """Have what follows when it is lost: only the peer that dialled makes offers."""
        await connection.lost.wait()
        if connection is not self._connections[-1]:
            return
        if self._settings.dial:
            await self._offer()
        else:
            self._send(Signal("lost", connection.number))

    def _send(self, message: Signal) -> None:
        self._writer.write(message.encode())


async def _tell_ready(connection: PeerConnection) -> None:
    await connection.heard.wait()
    say("heard", connection=connection.number)
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, suppress(OSError):
            notify.sendto(b"READY=1", path)


async def _signalling(settings: PeerSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The connection to the other peer, which may not listen yet."""
    if not settings.dial:
        return await _accepted(settings)
    while True:
        try:
            return await asyncio.open_connection(settings.dial, settings.port, limit=LONGEST_LINE)
        except OSError:
            await asyncio.sleep(_DIAL_AGAIN_S)


async def _accepted(settings: PeerSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    found: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    server = await asyncio.start_server(
        lambda *ends: found.set_result(ends), settings.address, settings.port, limit=LONGEST_LINE
    )
    ends = await found
    server.close()
    return ends


async def hold_call(settings: PeerSettings) -> None:
    """Hold a call until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stopped = asyncio.create_task(stop.wait())
    dialling = asyncio.create_task(_signalling(settings))
    await asyncio.wait({dialling, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        return
    peer = Peer(settings, *dialling.result())
    holding = asyncio.create_task(peer.hold())
    await asyncio.wait({holding, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if holding.done():
        holding.result()
        await stopped
    holding.cancel()
    await peer.end()


def main() -> None:
    """Hold the call of the command line."""
    settings = PeerSettings.of(sys.argv[1])
    set_process_name("peer-webrtc")  # by which its waits for a core are counted
    aioice.ice.CONSENT_FAILURES, aioice.ice.CONSENT_INTERVAL = CHECKS, check_interval_s(settings.consent_s)
    rtcicetransport.Connection = RelayedAgent
    asyncio.run(hold_call(settings))


if __name__ == "__main__":
    main()
