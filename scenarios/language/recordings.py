"""The captures that a scenario names, as recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from relay_app.media_profiles import LARGEST_PAYLOAD, Recording
from scenarios.language.document import DataPath, Document, Problem
from scenarios.language.media_schema import CaptureEntry
from scenarios.language.schema import ScenarioFile
from scenarios.language.wording import quoted, suggestion

if TYPE_CHECKING:
    from scenarios.language.captures import CapturedPacket

MOST_PACKETS = 20_000
"""Packets of a recording at most: they stand in the plan of the run."""

_LISTED = 5


def with_recordings(scenario: ScenarioFile, document: Document) -> tuple[ScenarioFile, tuple[Problem, ...]]:
    """The scenario with recordings in place of the captures that it names, and what is wrong with captures, which
    stay."""
    groups, wrong = [], []
    for index, group in enumerate(scenario.sessions):
        if isinstance(group.media, CaptureEntry):
            path = ("sessions", index, "media")
            try:
                recording = _recording(group.media, document, path)
                groups.append(group.model_copy(update={"media": recording}))
                continue
            except _WrongError as error:
                wrong.append(Problem((*path, error.key), str(error)))
        groups.append(group)
    return scenario.model_copy(update={"sessions": tuple(groups)}), tuple(wrong)


class _WrongError(ValueError):
    """What is wrong with the value of a key of a capture."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def _recording(entry: CaptureEntry, document: Document, path: DataPath) -> Recording:
    # Scapy takes a third of a second to load, and few scenarios have a capture.
    from scenarios.language.captures import CaptureError, rtp_of

    name = quoted(entry.capture)
    try:
        streams = rtp_of(document.path_of(entry.capture, (*path, "capture")))
    except FileNotFoundError:
        text = f"there is no file {name}; write the path of a capture from this file's folder"
        raise _WrongError("capture", text) from None
    except OSError as error:
        text = f"{name} cannot be read ({error.strerror}); write the path of a capture in pcap or pcapng"
        raise _WrongError("capture", text) from None
    except CaptureError as error:
        raise _WrongError("capture", f"{name}: {error}; save it as pcap or pcapng") from None
    if not streams:
        text = f"{name} has no RTP stream over UDP with whole packets; capture one, without a limit of length"
        raise _WrongError("capture", text)
    ssrcs = {f"0x{ssrc:08x}": packets for ssrc, packets in streams.items()}
    return recorded(_chosen(entry, ssrcs), name)


def _chosen(entry: CaptureEntry, streams: dict[str, list[CapturedPacket]]) -> list[CapturedPacket]:
    if entry.ssrc is None and len(streams) == 1:
        return next(iter(streams.values()))
    if entry.ssrc is None:
        most = sorted(streams, key=lambda ssrc: -len(streams[ssrc]))[:_LISTED]
        listed = ", ".join(f"{ssrc} ({len(streams[ssrc])} packets)" for ssrc in most)
        more = f" and {len(streams) - _LISTED} more" if len(streams) > _LISTED else ""
        text = f"{quoted(entry.capture)} has {len(streams)} RTP streams: {listed}{more}; add ssrc: {most[0]}"
        raise _WrongError("capture", text)
    ssrc = f"0x{entry.ssrc:08x}"
    if ssrc not in streams:
        raise _WrongError("ssrc", f"{quoted(entry.capture)} has no RTP stream {ssrc}; {suggestion(ssrc, streams)}")
    return streams[ssrc]


def recorded(packets: Sequence[CapturedPacket], name: str) -> Recording:
    """The packets of a stream, in order of time, as a recording; ValueError says why it cannot be played."""
    if problem := next(_problems(packets), None):
        raise _WrongError("capture", f"{name} {problem}")
    stamps = [each.packet.timestamp for each in packets]
    return Recording(
        at_ns=tuple(each.at_ns - packets[0].at_ns for each in packets),
        timestamps=tuple(stamps),
        payload_types_of=tuple(each.packet.payload_type for each in packets),
        lengths=tuple(each.length for each in packets),
        markers=tuple(each.packet.marker for each in packets),
        pictures=any(one == later for one, later in pairwise(stamps)),
    )


def _problems(packets: Sequence[CapturedPacket]) -> Iterator[str]:
    if len(packets) > MOST_PACKETS:
        yield f"has {len(packets)} packets in the stream; cut it to {MOST_PACKETS} at most, as editcap does"
    largest = max(packets, key=lambda each: each.length)
    if largest.length > LARGEST_PAYLOAD:
        number = packets.index(largest) + 1
        yield (
            f"has {largest.length} bytes of payload in packet {number} of the stream; with our header extension a "
            f"frame takes {LARGEST_PAYLOAD}"
        )
