"""The peers of WebRTC calls: two programs for each call, confined as relay programs are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from relay_app.webrtc.peer_settings import PeerSettings
from relay_app.webrtc_calls import Call, calls_of
from results.run_files.plan import Plan
from results.run_files.relay_program import RelayProgram
from results.run_files.run_dir import RunDir
from scenarios.paths import PROJECT
from scenarios.process_faults.confinement import Confinement
from scenarios.supervision.processes import ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import NotifySocket
from scenarios.supervision.run_control import peer_folder

_READY_WITHIN_S = 30.0
"""Two programs import aiortc side by side, exchange offers and candidates, and begin to hear each other."""

_STOP_WITHIN_S = 10.0
_DESCRIPTORS = 256

_NUMBERS = (0, 1)
"""Of the users of peers that offer and of the others: those of relay programs begin at 2."""


class WebrtcPeers:
    """Two peers for each call; none run before `start`.

    `host_pids`: a process in the network of each host that has one, by cluster.
    """

    def __init__(self, plan: Plan, run: RunDir, host_pids: Mapping[str, int]) -> None:
        self._plan = plan
        self._run = run
        self._host_pids = host_pids
        self._peers: list[Program] = []

    def start(self) -> None:
        """Start the peers; on return all hear each other. ProcessError if one does not in 30 s."""
        self._peers = [*self._started()]
        for peer in self._peers:
            peer.await_ready(_READY_WITHIN_S)

    def stop(self) -> None:
        """Stop the media of all calls, and the peers, whose logs are then whole; ProcessError if one failed."""
        for peer in self._peers:
            peer.ask_to_stop()
        for peer in self._peers:
            peer.final_report(_STOP_WITHIN_S)
            if not peer.gone(0):
                raise ProcessError(f"{peer.name} does not end; its log is {peer.log}")
            peer.close()

    def _started(self) -> Iterator[Program]:
        for call in calls_of(self._plan.webrtc):
            yield self._peer(call, call.group.b, "")
            yield self._peer(call, call.group.a, str(self._plan.topology.cluster(call.group.b).address))

    def _peer(self, call: Call, cluster: str, dial: str) -> Program:
        """`dial`: the address of the other peer, for the one that offers."""
        name = call.peer_name(cluster)
        folder, log = peer_folder(name), self._run.log(name)
        confinement = self._confinement(name, cluster, _NUMBERS[not dial])
        own = folder / "own"
        own.mkdir()
        notify = NotifySocket(own / "notify")
        confinement.give(own, log)
        settings = PeerSettings(
            address=str(self._plan.topology.cluster(cluster).address),
            port=call.port,
            dial=dial,
            servers=tuple(map(self._server, call.group.turn)),
            consent_s=call.group.consent_ns / 1e9,
        )
        command = CommandLine(
            argv=confinement.command(settings.command(sys.executable)),
            ready=notify,
            environment=notify.environment,
            inherits_environment=False,
            realtime=True,
        )
        return Program(name, command, log)

    def _confinement(self, name: str, cluster: str, number: int) -> Confinement:
        program = RelayProgram(folder=str(PROJECT), command=(sys.executable,))
        return Confinement.make(program, _DESCRIPTORS, self._host_pids[cluster], peer_folder(name), number)

    def _server(self, cluster: str) -> str:
        """Address and port of a cluster's TURN server."""
        program = self._plan.relays.program_of(cluster)
        if program is None or program.server is None or program.server.turn_port is None:
            raise ValueError(f"{cluster} has no TURN server")
        return f"{self._plan.topology.cluster(cluster).address}:{program.server.turn_port}"
