"""Command lines of ffmpeg: as publisher, as decoder, and as finder of gaps in what another program decoded. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from relay_app.ports import GATEWAY_PORT
from relay_app.program_media import (
    BITS_PER_S,
    KEY_INTERVAL,
    LOOPBACK,
    MAX_PACKET,
    PAYLOAD_TYPE,
    PICTURE_SIZE,
    PICTURES_PER_S,
    SAMPLE_RATE,
    Codec,
)

_FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats")
_SIZE = "{}x{}".format(*PICTURE_SIZE)
_SOURCES: Mapping[Codec, tuple[str, ...]] = MappingProxyType(
    {
        "opus": (
            *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={SAMPLE_RATE}", "-c:a", "libopus"),
            *("-b:a", f"{BITS_PER_S['opus']}", "-vbr", "off", "-frame_duration", "20", "-application", "lowdelay"),
        ),
        "h264": (
            *("-f", "lavfi", "-i", f"testsrc2=size={_SIZE}:rate={PICTURES_PER_S}", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0", "-g", f"{KEY_INTERVAL}", "-threads", "1"),
            *("-b:v", f"{BITS_PER_S['h264']}", "-maxrate", f"{BITS_PER_S['h264']}", "-bufsize", "125000"),
            # Each key frame brings the parameter sets along: a decoder may join at any of them.
            *("-bsf:v", "dump_extra=freq=keyframe"),
        ),
    }
)
_RAW: Mapping[Codec, tuple[str, ...]] = MappingProxyType(
    {
        "opus": ("-f", "s16le", "-ar", f"{SAMPLE_RATE}", "-ac", "1"),
        "h264": ("-f", "rawvideo", "-pixel_format", "yuv420p", "-video_size", _SIZE, "-framerate", f"{PICTURES_PER_S}"),
    }
)
_OPTION: Mapping[Codec, str] = MappingProxyType({"opus": "-af", "h264": "-vf"})
# Without async and fps the decoder would join both sides of a gap, and no gap would be heard or seen.
_KEEPS_GAPS: Mapping[Codec, str] = MappingProxyType({"opus": "aresample=async=1", "h264": f"fps={PICTURES_PER_S}"})
_DETECTS: Mapping[Codec, str] = MappingProxyType(
    {"opus": "silencedetect=noise=-50dB:d=0.05", "h264": "freezedetect=n=-60dB:d=0.1"}
)
_RTPMAP: Mapping[Codec, str] = MappingProxyType(
    {
        "opus": f"audio {{port}} RTP/AVP {{type}}\na=rtpmap:{{type}} opus/{SAMPLE_RATE}/2\n",
        "h264": "video {port} RTP/AVP {type}\na=rtpmap:{type} H264/90000\n",
    }
)


def publisher_command(codec: Codec, ssrc: int, port: int) -> list[str]:
    """The command line of a publisher, which sends without end from UDP port `port`."""
    signed_ssrc = ssrc - (1 << 32 if ssrc >> 31 else 0)  # ffmpeg's option is a signed int
    return [
        *_FFMPEG,
        "-re",
        *_SOURCES[codec],
        *("-payload_type", str(PAYLOAD_TYPE[codec]), "-ssrc", str(signed_ssrc)),
        *("-rtpflags", "skip_rtcp", "-f", "rtp"),
        f"rtp://{LOOPBACK}:{GATEWAY_PORT}?pkt_size={MAX_PACKET}&localport={port}",
    ]


def decoder_command(codec: Codec, port: int) -> list[str]:
    """The command line of a decoder, which receives at UDP port `port` until SIGTERM, and says in its log where its
    sound was silent, or its picture frozen."""
    description = f"data:application/sdp;base64,{base64.b64encode(_sdp(codec, port).encode()).decode()}"
    return [
        *_FFMPEG,
        *("-protocol_whitelist", "data,rtp,udp", "-fflags", "nobuffer", "-copyts"),
        *("-f", "sdp", "-i", description),
        *(_OPTION[codec], f"{_KEEPS_GAPS[codec]},{_DETECTS[codec]}"),
        *("-f", "null", "-"),
    ]


def gap_finder_command(codec: Codec, pipe: Path) -> list[str]:
    """The command line of a gap finder: says the same in its log of the samples or pictures that another program writes
    into a named pipe, and how long they are in all; ends with them."""
    return [*_FFMPEG, *_RAW[codec], "-i", str(pipe), _OPTION[codec], _DETECTS[codec], "-f", "null", "-"]


def _sdp(codec: Codec, port: int) -> str:
    """A session description (RFC 8866) of what a decoder receives."""
    session = f"v=0\no=- 0 0 IN IP4 {LOOPBACK}\ns=-\nc=IN IP4 {LOOPBACK}\nt=0 0\n"
    return f"{session}m={_RTPMAP[codec].format(port=port, type=PAYLOAD_TYPE[codec])}"
