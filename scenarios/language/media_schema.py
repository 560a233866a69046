"""What a group of sessions says of media of its own: a profile of packets or frames, or a capture that is played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, TypeAlias, get_args

from hostio.timing import S
from relay_app.media_profiles import MAX_PAYLOAD, PROFILES, Profile
from relay_app.program_media import Codec, MediaProgram
from results.run_files.validation import Field, Strict, checked, validated
from scenarios.language.fields import ssrc_number
from scenarios.language.readings import FRAME_SIZE, FREQUENCY, SHARE, WHOLE, one_of, time_within, within
from scenarios.language.values import Text
from scenarios.language.wording import nearest

PacketInterval: TypeAlias = Annotated[int, checked(time_within("1ms", "10s"))]
FrameRate: TypeAlias = Annotated[float, checked(within(FREQUENCY, "1/min", "240/s"))]
FrameSize: TypeAlias = Annotated[int, checked(within(FRAME_SIZE, "1B", "1000000B"))]
Spread: TypeAlias = Annotated[float, checked(within(SHARE, "0%", "90%"))]
Frames: TypeAlias = Annotated[int, checked(within(WHOLE, "1", "3000"))]
PayloadType: TypeAlias = Annotated[int, checked(within(WHOLE, "0", "127"))]
ClockRate: TypeAlias = Annotated[int, checked(within(WHOLE, "1000", "1000000"))]

_FINEST = 1001
"""Largest denominator of a frame rate, that of 30000/1001 a second."""

_CYCLE = 480
"""Frames after which sizes that vary repeat, at least."""

_OF_FRAMES = ("key-interval", "key-size", "burst")


class ProfileEntry(Strict):
    """Media by its packets (`interval`) or its frames (`frame-rate`). Frames are cut into packets of at most 1100 bytes
    of payload, of which the last has the marker; a stream's first packet has it where there are no frames."""

    interval: PacketInterval | None = Field(default=None, examples=["20ms"])
    """Time between two packets."""
    frame_rate: FrameRate | None = Field(default=None, alias="frame-rate", examples=["30/s"])
    """Frames a second, in place of an interval."""
    size: FrameSize = Field(examples=["80B"])
    """Bytes of payload of a packet or of a frame, without RTP header."""
    size_spread: Spread = Field(default=0.0, alias="size-spread", examples=["40%"])
    """Sizes vary by so much either way, uniformly."""
    key_interval: Frames | None = Field(default=None, alias="key-interval", examples=["60"])
    """One in so many frames is a key frame; unless given, none."""
    key_size: FrameSize | None = Field(default=None, alias="key-size", examples=["20000B"])
    """Bytes of payload of a key frame."""
    burst: Annotated[Literal["paced", "line-rate"] | None, checked(one_of("paced", "line-rate"))] = None
    """Whether the packets of a frame are spread over its interval, or sent back to back; unless given, paced."""
    payload_type: PayloadType | None = Field(default=None, alias="payload-type", examples=["96"])
    """Of RTP (RFC 3550); unless given, 111 for packets and 96 for frames."""
    clock: ClockRate | None = Field(default=None, examples=["48000"])
    """Ticks of the RTP timestamp a second; unless given, 48000 for packets and 90000 for frames."""

    def profile(self) -> Profile:
        """The profile. ValueError says which keys do not go together."""
        if problem := next(self._problems(), None):
            raise ValueError(problem)
        frames, per_ns = self._rate()
        pictures, key_interval = self.frame_rate is not None, self.key_interval or 1
        payload_type, clock = (96, 90_000) if pictures else (111, 48_000)
        return Profile(
            payload_type=payload_type if self.payload_type is None else self.payload_type,
            clock_hz=self.clock or clock,
            frames=frames,
            per_ns=per_ns,
            frame_bytes=self.size,
            size_spread=self.size_spread,
            key_interval=key_interval,
            key_factor=(self.key_size or self.size) / self.size,
            cycle=key_interval * -(-_CYCLE // key_interval) if self.size_spread else key_interval,
            pictures=pictures,
            line_rate=self.burst == "line-rate",
        )

    def _rate(self) -> tuple[int, int]:
        """Frames, and in which time, ns."""
        if self.interval is not None:
            return 1, self.interval
        rate = Fraction(self.frame_rate or 1.0).limit_denominator(_FINEST)
        return rate.numerator, rate.denominator * S

    def _problems(self) -> Iterator[str]:
        if (self.interval is None) == (self.frame_rate is None):
            yield "how often is something sent? write one of interval: 20ms and frame-rate: 30/s"
        if self.interval is not None:
            given = (self.key_interval, self.key_size, self.burst)
            for key, value in zip(_OF_FRAMES, given, strict=True):
                if value is not None:
                    yield f"{key} is of frames, and this media has packets; write frame-rate, or leave {key} out"
            if self.size * (1 + self.size_spread) > MAX_PAYLOAD:
                yield f"a packet has at most {MAX_PAYLOAD} bytes of payload; write a smaller size, or a frame-rate"
        if (self.key_interval is None) != (self.key_size is None):
            there, missing = ("key-size", "key-interval: 60") if self.key_size else ("key-interval", "key-size: 20000B")
            yield f"{there} goes with another key; add {missing}, or leave it out"


class CaptureEntry(Strict):
    """The RTP packets of one SSRC in a capture, with their times, payload sizes, markers, payload types and timestamps,
    over and over. SSRC, sequence numbers and header extension are ours. Gaps of 2.5 frame intervals or more are pauses
    of the speaker."""

    capture: Text = Field(examples=["call.pcapng"])
    """Path of a file of pcap or pcapng, from the scenario file's."""
    ssrc: Annotated[int | None, checked(ssrc_number)] = Field(default=None, examples=["'0x1234abcd'"])
    """Which one, where there are several."""


_CODECS, _PROGRAMS = get_args(Codec), get_args(MediaProgram)
_BY_PROGRAM = {program: {"enum": [*_CODECS]} for program in _PROGRAMS}


@dataclass(frozen=True, slots=True)
class SessionMedia:
    """The reader of `media`: the name of a profile, a program with a codec, which becomes the name of its media, a
    profile, or a capture."""

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of names and programs."""
        by_program = {"type": "object", "properties": _BY_PROGRAM, "minProperties": 1, "additionalProperties": False}
        return {"anyOf": [{"enum": [*PROFILES]}, by_program]}

    def __call__(self, value: object) -> object:
        """ValueError says what to write instead; InvalidError what is wrong below."""
        if not isinstance(value, dict):
            return one_of(*PROFILES)(value)
        if "capture" in value:
            return validated(CaptureEntry, value)
        if _is_profile(value):
            return validated(ProfileEntry, value).profile()
        if len(value) != 1:
            text = f"a mapping of {len(value)} where one program is expected; write such as {{ffmpeg: opus}}"
            raise ValueError(text)
        ((program, codec),) = value.items()
        return f"{one_of(*_PROGRAMS)(program)}-{one_of(*_CODECS)(codec)}"


def _is_profile(value: Mapping[object, object]) -> bool:
    """Whether a mapping is meant as a profile, its keys spelt right or not."""
    known = [field.alias or key for key, field in ProfileEntry.model_fields.items()]
    return not set(value) & set(_PROGRAMS) and any(key in known or nearest(str(key), known) for key in value)
