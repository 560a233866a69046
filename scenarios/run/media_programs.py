"""The publishers and decoders of a run: programs that send and decode the media of sessions, beside the clients."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from hostio.procfs import udp_ports
from relay_app import ffmpeg_commands, gstreamer_commands
from relay_app.program_media import (
    LOOPBACK,
    PROGRAM_MEDIA,
    decoder_name,
    decoder_ports,
    gap_finder_name,
    publisher_ports,
)
from relay_app.streams import Stream
from results.run_files.run_dir import RunDir
from scenarios.supervision.processes import START_WITHIN_S, ProcessError
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import Answers
from scenarios.supervision.run_control import GSTREAMER_REGISTRY, decoded_pipe
from topologies.sandbox import in_network_of

_HEEDED_WITHIN_S, _STOP_WITHIN_S = 0.5, 5.0

_FFMPEG_ENDED_BY_SIGNAL = 255

_WITHOUT_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--")


class MediaPrograms:
    """A publisher and a decoder for each stream of another program; none run before `start`. What GStreamer decoded is
    looked at by a gap finder beside its decoder.

    `host_pids`: a process in the network of each cluster's host, by cluster.
    """

    def __init__(self, streams: Iterable[Stream], run: RunDir, host_pids: Mapping[str, int]) -> None:
        self._streams = [stream for stream in streams if stream.media in PROGRAM_MEDIA]
        self._run = run
        self._host_pids = host_pids
        self._publishers: list[Program] = []
        self._decoders: list[Program] = []
        self._gap_finders: list[Program] = []

    def start(self) -> None:
        """Start decoders, then publishers, which send from now on; ProcessError if one does not serve in 10 s.

        Late, when media are about to start: a decoder of ffmpeg ends by itself that hears nothing for 10 s.
        """
        self._gap_finders = [
            self._gap_finder(each) for each in self._streams if gap_finder_name(each) != decoder_name(each)
        ]
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
        # Each ends where what its decoder wrote does.
        _end(self._gap_finders)

    def _publisher(self, stream: Stream) -> Program:
        media = PROGRAM_MEDIA[stream.media]
        commands = ffmpeg_commands if media.program == "ffmpeg" else gstreamer_commands
        port = publisher_ports(self._streams, stream.source)[stream.ssrc]
        argv = commands.publisher_command(media.codec, stream.ssrc, port)
        return self._program(f"publisher-{stream.session}-{stream.source}", argv, stream.source, port)

    def _decoder(self, stream: Stream) -> Program:
        media = PROGRAM_MEDIA[stream.media]
        port = decoder_ports(self._streams, stream.destination)[stream.ssrc]
        argv = (
            ffmpeg_commands.decoder_command(media.codec, port)
            if media.program == "ffmpeg"
            else gstreamer_commands.decoder_command(media.codec, port, decoded_pipe(stream.ssrc))
        )
        return self._program(decoder_name(stream), argv, stream.destination, port)

    def _gap_finder(self, stream: Stream) -> Program:
        pipe = decoded_pipe(stream.ssrc)
        os.mkfifo(pipe)
        argv = ffmpeg_commands.gap_finder_command(PROGRAM_MEDIA[stream.media].codec, pipe)
        # The decoder waits at the pipe until it reads.
        command = CommandLine(
            argv=[*_WITHOUT_CAPABILITIES, *argv], ready=Answers(lambda: True), inherits_environment=False
        )
        return Program(gap_finder_name(stream), command, self._run.log(gap_finder_name(stream)))

    def _program(self, name: str, argv: list[str], cluster: str, port: int) -> Program:
        host_pid = self._host_pids[cluster]
        command = CommandLine(
            argv=in_network_of(host_pid, [*_WITHOUT_CAPABILITIES, *argv]),
            ready=Answers(_bound(host_pid, port)),
            environment={"GST_REGISTRY": str(GSTREAMER_REGISTRY)},
            inherits_environment=False,
            clean_codes=(_FFMPEG_ENDED_BY_SIGNAL,),
        )
        return Program(name, command, self._run.log(name))


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
    _end(programs)


def _end(programs: Sequence[Program]) -> None:
    for program in programs:
        program.final_report(_STOP_WITHIN_S)
        if not program.gone(0):
            raise ProcessError(f"{program.name} does not end; its log is {program.log}")
        program.close()
