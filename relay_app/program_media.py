"""Media of other programs: what they send, and from and to which ports. Pure.

A publisher sends to the media client beside it, over the loopback network; a decoder receives from the client there. No
header extension of ours is in their packets, and the clients change no byte of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from relay_app.streams import Stream

MediaProgram = Literal["ffmpeg", "gstreamer"]
Codec = Literal["opus", "h264"]

LOOPBACK = "127.0.0.1"

_PUBLISHER_PORT, _DECODER_PORT = 44000, 46000
"""The first ones; each program has two, the second for RTCP."""

MOST_SESSIONS = 20
"""Sessions of other programs in a scenario at most: each has four processes, or six, which encode and decode in real
time."""

MAX_PACKET = 1200
"""Bytes of an RTP packet at most."""

SAMPLE_RATE, PICTURE_SIZE, PICTURES_PER_S, KEY_INTERVAL = 48_000, (320, 240), 30, 30
"""Of sound, per second; of pictures, width and height, how many a second, and of how many the first is a key frame."""

PAYLOAD_TYPE: Mapping[Codec, int] = MappingProxyType({"opus": 111, "h264": 96})
BITS_PER_S: Mapping[Codec, int] = MappingProxyType({"opus": 32_000, "h264": 500_000})


@dataclass(frozen=True, slots=True)
class ProgramMedia:
    """Media of a program. `packets_per_s`: at most; `smallest_packet`, `largest_packet`: bytes of the smallest and the
    largest Ethernet frame of it."""

    program: MediaProgram
    codec: Codec
    packets_per_s: float
    smallest_packet: int
    largest_packet: int = 14 + 20 + 8 + MAX_PACKET


def _media(program: MediaProgram) -> dict[str, ProgramMedia]:
    return {
        # Frames of 20 ms at a constant rate: 80 bytes after the headers of Ethernet, IPv4, UDP and RTP.
        f"{program}-opus": ProgramMedia(program, "opus", 50, 14 + 20 + 8 + 12 + 80),
        # 30 pictures a second, each of one packet and more, by the encoder's limit of rate; the last may be short.
        f"{program}-h264": ProgramMedia(program, "h264", 130, 60),
    }


PROGRAM_MEDIA: Mapping[str, ProgramMedia] = MappingProxyType({**_media("ffmpeg"), **_media("gstreamer")})
"""By name; a scenario writes `{ffmpeg: opus}` for `ffmpeg-opus`."""


def publisher_ports(streams: Iterable[Stream], cluster: str) -> dict[int, int]:
    """The UDP ports from which a cluster's publishers send, by SSRC."""
    published = (each for each in streams if each.source == cluster and each.media in PROGRAM_MEDIA)
    return {each.ssrc: _PUBLISHER_PORT + 2 * number for number, each in enumerate(published)}


def decoder_ports(streams: Iterable[Stream], cluster: str) -> dict[int, int]:
    """The UDP ports at which a cluster's decoders receive, by SSRC."""
    decoded = (each for each in streams if each.destination == cluster and each.media in PROGRAM_MEDIA)
    return {each.ssrc: _DECODER_PORT + 2 * number for number, each in enumerate(decoded)}


def decoder_name(stream: Stream) -> str:
    """The name of a stream's decoder, and of its log."""
    return f"decoder-{stream.session}-{stream.destination}"


def gap_finder_name(stream: Stream) -> str:
    """The name of the program that finds the gaps in what was decoded of a stream, and of its log; a decoder of ffmpeg
    does that itself."""
    decodes = PROGRAM_MEDIA[stream.media].program == "ffmpeg"
    return decoder_name(stream) if decodes else f"gap-finder-{stream.session}-{stream.destination}"
