"""Media of other programs: what they send, and the command lines of the publisher and the decoder of a stream. Pure.

A publisher sends to the media client beside it, over the loopback network; a decoder receives from the client there. No
header extension of ours is in their packets, and the clients change no byte of them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from relay_app.streams import Stream

MediaProgram = Literal["ffmpeg"]
Codec = Literal["opus", "h264"]

LOOPBACK = "127.0.0.1"

GATEWAY_PORT = 43000
"""UDP port of the loopback network at which a cluster's media client receives what publishers send."""

_PUBLISHER_PORT, _DECODER_PORT = 44000, 46000
"""The first ones; each program has two, the second for RTCP."""

MOST_SESSIONS = 20
"""Sessions of other programs in a scenario at most: each has four processes, which encode and decode in real time."""

_MAX_PACKET = 1200
_PAYLOAD_TYPE: Mapping[Codec, int] = MappingProxyType({"opus": 111, "h264": 96})
_KEY_INTERVAL = 30
_BITS_PER_S: Mapping[Codec, int] = MappingProxyType({"opus": 32_000, "h264": 500_000})


@dataclass(frozen=True, slots=True)
class ProgramMedia:
    """Media of a program. `packets_per_s`: at most; `smallest_packet`: bytes of the smallest Ethernet frame of it."""

    program: MediaProgram
    codec: Codec
    packets_per_s: float
    smallest_packet: int


def _media(program: MediaProgram) -> dict[str, ProgramMedia]:
    return {
        # Frames of 20 ms at a constant rate: 80 bytes after the headers of Ethernet, IPv4, UDP and RTP.
        f"{program}-opus": ProgramMedia(program, "opus", 50, 14 + 20 + 8 + 12 + 80),
        # 30 pictures a second, each of one packet and more, by the encoder's limit of rate; the last may be short.
        f"{program}-h264": ProgramMedia(program, "h264", 130, 60),
    }


PROGRAM_MEDIA: Mapping[str, ProgramMedia] = MappingProxyType(_media("ffmpeg"))
"""By name; a scenario writes `{ffmpeg: opus}` for `ffmpeg-opus`."""

_FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats")
_FFMPEG_SOURCES: Mapping[Codec, tuple[str, ...]] = MappingProxyType(
    {
        "opus": (
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-c:a", "libopus"),
            *("-b:a", f"{_BITS_PER_S['opus']}", "-vbr", "off", "-frame_duration", "20", "-application", "lowdelay"),
        ),
        "h264": (
            *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-c:v", "libx264", "-preset", "ultrafast"),
            *("-tune", "zerolatency", "-bf", "0", "-g", f"{_KEY_INTERVAL}", "-threads", "1"),
            *("-b:v", f"{_BITS_PER_S['h264']}", "-maxrate", f"{_BITS_PER_S['h264']}", "-bufsize", "125000"),
            # Each key frame brings the parameter sets along: a decoder may join at any of them.
            *("-bsf:v", "dump_extra=freq=keyframe"),
        ),
    }
)
_FFMPEG_FILTERS: Mapping[Codec, tuple[str, str]] = MappingProxyType(
    {
        # Without async and fps the decoder would join both sides of a gap, and no gap would be heard or seen.
        "opus": ("-af", "aresample=async=1,silencedetect=noise=-50dB:d=0.05"),
        "h264": ("-vf", "fps=30,freezedetect=n=-60dB:d=0.1"),
    }
)
_RTPMAP: Mapping[Codec, str] = MappingProxyType(
    {
        "opus": "audio {port} RTP/AVP 111\na=rtpmap:111 opus/48000/2\n",
        "h264": "video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    }
)


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


def publisher_command(media: ProgramMedia, ssrc: int, port: int) -> list[str]:
    """The command line of a publisher, which sends without end from UDP port `port`."""
    signed_ssrc = ssrc - (1 << 32 if ssrc >> 31 else 0)  # ffmpeg's option is a signed int
    return [
        *_FFMPEG,
        "-re",
        *_FFMPEG_SOURCES[media.codec],
        *("-payload_type", str(_PAYLOAD_TYPE[media.codec]), "-ssrc", str(signed_ssrc)),
        *("-rtpflags", "skip_rtcp", "-f", "rtp"),
        f"rtp://{LOOPBACK}:{GATEWAY_PORT}?pkt_size={_MAX_PACKET}&localport={port}",
    ]


def decoder_command(media: ProgramMedia, port: int) -> list[str]:
    """The command line of a decoder, which receives at UDP port `port` until SIGTERM, and says in its log where its
    sound was silent, or its picture frozen."""
    description = f"data:application/sdp;base64,{base64.b64encode(_sdp(media.codec, port).encode()).decode()}"
    return [
        *_FFMPEG,
        *("-protocol_whitelist", "data,rtp,udp", "-fflags", "nobuffer", "-copyts"),
        *("-f", "sdp", "-i", description),
        *_FFMPEG_FILTERS[media.codec],
        *("-f", "null", "-"),
    ]


def _sdp(codec: Codec, port: int) -> str:
    """A session description (RFC 8866) of what a decoder receives."""
    session = f"v=0\no=- 0 0 IN IP4 {LOOPBACK}\ns=-\nc=IN IP4 {LOOPBACK}\nt=0 0\n"
    return f"{session}m={_RTPMAP[codec].format(port=port)}"
