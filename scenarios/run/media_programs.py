"""The publishers and decoders of a run: programs that send and decode the media of sessions, beside the clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from hostio.procfs import udp_ports
from relay_app.program_media import (
    LOOPBACK,
    PROGRAM_MEDIA,
    decoder_command,
    decoder_name,
    decoder_ports,
    publisher_command,
    publisher_ports,
)
from relay_app.streams import Stream
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import START_WITHIN_S, ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers
from topologies.sandbox import in_network_of

_HEEDED_WITHIN_S, _STOP_WITHIN_S = 0.5, 5.0

_FFMPEG_ENDED_BY_SIGNAL = 255


class MediaPrograms:
    """A publisher and a decoder for each stream of another program; none run before `start`.

    `host_pids`: a process in the network of each cluster's host, by cluster.
    """

    def __init__(self, streams: Iterable[Stream], run: RunDir, host_pids: Mapping[str, int]) -> None:
        self._streams = [stream for stream in streams if stream.media in PROGRAM_MEDIA]
        self._run = run
        self._host_pids = host_pids
        self._publishers: list[Program] = []
        self._decoders: list[Program] = []

    def start(self) -> None:
        """Start decoders, then publishers, which send from now on; ProcessError if one does not serve in 10 s.

        Late, when media are about to start: a decoder ends by itself that hears nothing for 10 s.
        """
        self._decoders = [self._decoder(stream) for stream in self._streams]
        _await_ready(self._decoders)
        self._publishers = [self._publisher(stream) for stream in self._streams]
        _await_ready(self._publishers)

    def stop_publishers(self) -> None:
        """End the publishers; ProcessError if one had failed or does not end."""
        _stop(self._publishers)

    def stop_decoders(self) -> None:
        """End the decoders, whose logs are then whole; ProcessError if one failed or does not end."""
        _stop(self._decoders)

    def _publisher(self, stream: Stream) -> Program:
        port = publisher_ports(self._streams, stream.source)[stream.ssrc]
        argv = publisher_command(PROGRAM_MEDIA[stream.media], stream.ssrc, port)
        name = f"publisher-{stream.session}-{stream.source}"
        return self._program(name, argv, self._run.log(name), stream.source, port)

    def _decoder(self, stream: Stream) -> Program:
        port = decoder_ports(self._streams, stream.destination)[stream.ssrc]
        argv = decoder_command(PROGRAM_MEDIA[stream.media], port)
        name = decoder_name(stream)
        return self._program(name, argv, self._run.log(name), stream.destination, port)

    def _program(self, name: str, argv: list[str], log: Path, cluster: str, port: int) -> Program:
        host_pid = self._host_pids[cluster]
        command = CommandLine(
            argv=in_network_of(host_pid, argv),
            ready=Answers(_bound(host_pid, port)),
            inherits_environment=False,
            clean_codes=(_FFMPEG_ENDED_BY_SIGNAL,),
        )
        return Program(name, command, log)


def _bound(host_pid: int, port: int) -> Callable[[], bool]:
    return lambda: port in udp_ports(host_pid, LOOPBACK)


def _await_ready(programs: Iterable[Program]) -> None:
    for program in programs:
        program.await_ready(START_WITHIN_S)


def _stop(programs: Sequence[Program]) -> None:
    # ffmpeg heeds the first signal when its next packet comes; a second one interrupts its wait for that.
    for program in programs:
        program.ask_to_stop()
    for program in programs:
        if not program.gone(_HEEDED_WITHIN_S):
            program.ask_to_stop()
    for program in programs:
        program.final_report(_STOP_WITHIN_S)
        if not program.gone(0):
            raise ProcessError(f"{program.name} does not end; its log is {program.log}")
        program.close()
