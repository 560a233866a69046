"""Command lines of GStreamer's gst-launch-1.0: as publisher, and as decoder. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from hostio.timing import MS
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

ELEMENTS: Mapping[Codec, tuple[str, ...]] = MappingProxyType(
    {"opus": ("opusenc", "rtpopuspay", "opusdec"), "h264": ("x264enc", "rtph264pay", "avdec_h264")}
)
"""Elements that the pipelines of a codec need of packages beside that of gst-launch-1.0."""

_LAUNCH = ("gst-launch-1.0", "--quiet")
_SOUND = f"audio/x-raw,format=S16LE,rate={SAMPLE_RATE},channels=1"
_PICTURES = "video/x-raw,format=I420,width={},height={}".format(*PICTURE_SIZE) + f",framerate={PICTURES_PER_S}/1"
_VBV_MS = 250
_SOURCES: Mapping[Codec, str] = MappingProxyType(
    {
        "opus": f"audiotestsrc is-live=true freq=440 samplesperbuffer=960 ! {_SOUND} ! opusenc "
        f"bitrate={BITS_PER_S['opus']} bitrate-type=cbr frame-size=20 audio-type=restricted-lowdelay ! rtpopuspay",
        "h264": f"videotestsrc is-live=true pattern=zone-plate kx2=20 ky2=20 kt=2 ! {_PICTURES} ! x264enc "
        f"speed-preset=ultrafast tune=zerolatency bframes=0 key-int-max={KEY_INTERVAL} threads=1 "
        # Each key frame brings the parameter sets along: a decoder may join at any of them.
        f"bitrate={BITS_PER_S['h264'] // 1000} vbv-buf-capacity={_VBV_MS} ! rtph264pay config-interval=-1",
    }
)
_RECEIVED: Mapping[Codec, str] = MappingProxyType(
    {
        "opus": f"media=audio,encoding-name=OPUS,clock-rate={SAMPLE_RATE}",
        "h264": "media=video,encoding-name=H264,clock-rate=90000",
    }
)
_TOLERANCE_NS = 5 * MS
"""How far the place of sound may be off before it is put right: a quarter of a frame."""

_DECODED: Mapping[Codec, str] = MappingProxyType(
    {
        # Without these elements and properties the decoder would join both sides of a gap, or fill it in.
        "opus": "rtpopusdepay ! opusdec plc=false "
        f"! audiorate skip-to-first=true tolerance={_TOLERANCE_NS} ! audioconvert ! {_SOUND}",
        "h264": f"rtph264depay ! avdec_h264 ! videorate skip-to-first=true ! videoconvert ! {_PICTURES}",
    }
)
_JITTER_BUFFER_MS = 100


def publisher_command(codec: Codec, ssrc: int, port: int) -> list[str]:
    """The command line of a publisher, which sends without end from UDP port `port`."""
    payloader = f"{_SOURCES[codec]} pt={PAYLOAD_TYPE[codec]} ssrc={ssrc} mtu={MAX_PACKET}"
    target = f"host={LOOPBACK} port={GATEWAY_PORT} bind-address={LOOPBACK} bind-port={port}"
    return [*_LAUNCH, *f"{payloader} ! udpsink {target}".split()]


def decoder_command(codec: Codec, port: int, pipe: Path) -> list[str]:
    """The command line of a decoder, which receives at UDP port `port` until SIGTERM, and writes samples or pictures,
    without headers, into a named pipe."""
    caps = f"application/x-rtp,{_RECEIVED[codec]},payload={PAYLOAD_TYPE[codec]}"
    source = f"udpsrc address={LOOPBACK} port={port} caps={caps}"
    buffer = f"rtpjitterbuffer latency={_JITTER_BUFFER_MS} do-lost=true"
    return [
        *_LAUNCH,
        *f"{source} ! {buffer} ! {_DECODED[codec]} ! filesink buffer-mode=unbuffered".split(),
        f"location={pipe}",
    ]
