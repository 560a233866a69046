"""The calls of a group of sessions, as a plan has them, and what is wrong with them. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from hostio.timing import S
from relay_app.calls import Calls
from relay_app.media_profiles import PROFILES, Profile, Recording
from relay_app.program_media import PROGRAM_MEDIA
from scenarios.language.call_schema import HeldCall, SenderRestart
from scenarios.language.document import DataPath, Problem
from scenarios.language.media_schema import CaptureEntry
from scenarios.language.quantities import time_text
from scenarios.language.session_schema import Sessions
from scenarios.language.taken_ssrcs import lender_of, taken_problems
from scenarios.language.wording import quoted, suggestion

_KEYS = ("start", "end", "arrival", "holding", "talk", "hold", "restart", "one-way")


def calls_of(groups: Sequence[Sessions], index: int, duration_ns: int) -> Calls | None:
    """The calls of one of the groups; None if all last as long as media flow and either end sends all the time, which a
    recording does not."""
    group = groups[index]
    calls = Calls(
        start_ns=group.start,
        end_ns=_end_of(group, duration_ns),
        arrival=group.arrival.arrival() if group.arrival else None,
        holding=group.holding,
        talk=group.talk.talk() if group.talk else None,
        holds=tuple(each.hold() for each in group.hold),
        restarts=tuple(each.restart(lender_of(groups, index, each)) for each in group.restart),
        one_way=group.one_way,
    )
    always = calls == Calls(end_ns=duration_ns) and not isinstance(group.media, Recording)
    return None if always else calls


def call_problems(groups: Sequence[Sessions], duration_ns: int) -> Iterator[Problem]:
    """All problems of the calls of all groups, in no particular order."""
    for index, group in enumerate(groups):
        path = ("sessions", index)
        if isinstance(group.media, (Recording, CaptureEntry)) and (group.talk or group.hold or group.restart):
            text = "a capture has the pauses that it has, and no restart; leave out talk, hold and restart"
            yield Problem((*path, "media"), text)
        elif group.media in PROGRAM_MEDIA:
            yield from _program_problems(groups, index, duration_ns)
        elif problems := tuple(_life_problems(group, duration_ns, path)):
            yield from problems
        else:
            yield from _arrival_problems(group, duration_ns, path)
            yield from _talk_problems(group, path)
            yield from _silence_problems(group, duration_ns, path)
            yield from taken_problems(groups, index, duration_ns)


def _end_of(group: Sessions, duration_ns: int) -> int:
    return duration_ns if group.end is None else group.end


def _program_problems(groups: Sequence[Sessions], index: int, duration_ns: int) -> Iterator[Problem]:
    if calls_of(groups, index, duration_ns) is not None:
        text = f"media of another program flow all the time and both ways; leave out {', '.join(_KEYS)}"
        yield Problem(("sessions", index, "media"), text)


def _life_problems(group: Sessions, duration_ns: int, path: DataPath) -> Iterator[Problem]:
    if group.end is not None and group.end > duration_ns:
        text = f"the sessions end after the media, which flow for {time_text(duration_ns)}; write at most that"
        yield Problem((*path, "end"), text)
    if group.start >= duration_ns:
        text = f"the sessions start when no media flow any more; write a time before {time_text(duration_ns)}"
        yield Problem((*path, "start"), text)
    elif group.end is not None and group.end <= group.start:
        text = f"the sessions end before they start; write a time after {time_text(group.start)}"
        yield Problem((*path, "end"), text)


def _arrival_problems(group: Sessions, duration_ns: int, path: DataPath) -> Iterator[Problem]:
    end_ns, given = _end_of(group, duration_ns), group.arrival
    if given and (given.rate is None) == (given.poisson is None):
        yield Problem((*path, "arrival"), "how do the sessions arrive? write one of rate: 10/s and poisson: 10/s")
        return
    arrival = given.arrival() if given else None
    last_ns = group.start + (round((group.count - 1) * S / arrival.per_s) if arrival else 0)
    if last_ns >= end_ns:
        text = (
            f"{group.count} sessions arrive until {time_text(last_ns)}, and the end is at {time_text(end_ns)}; "
            "write fewer sessions or a higher rate"
        )
        yield Problem((*path, "arrival"), text)
    elif group.holding and not group.holding.exponential and last_ns + group.holding.mean_ns > end_ns:
        text = (
            f"the last session arrives at {time_text(last_ns)} and would last beyond the end at {time_text(end_ns)}; "
            f"write at most {time_text(end_ns - last_ns)}"
        )
        yield Problem((*path, "holding"), text)


def _talk_problems(group: Sessions, path: DataPath) -> Iterator[Problem]:
    media = PROFILES.get(group.media) if isinstance(group.media, str) else group.media
    if group.talk and isinstance(media, Profile) and media.pictures:
        name = group.media if isinstance(group.media, str) else "media of frames"
        yield Problem((*path, "talk"), f"{name} does not talk; leave talk out, or choose another media")


def _silence_problems(group: Sessions, duration_ns: int, path: DataPath) -> Iterator[Problem]:
    kinds: tuple[tuple[str, tuple[HeldCall | SenderRestart, ...]], ...] = (
        ("hold", group.hold),
        ("restart", group.restart),
    )
    for key, silences in kinds:
        for index, each in enumerate(silences):
            yield from _within(each, group.start, _end_of(group, duration_ns), (*path, key, index))
        for (_, one), (index, other) in itertools.combinations(enumerate(silences), 2):
            if one.at <= other.at + other.lasts and other.at <= one.at + one.lasts and _same_senders(one, other):
                text = f"there is a {key} from {_times(one)} already; let one end before the other begins"
                yield Problem((*path, key, index, "at"), text)
    senders = group.between[: 1 if group.one_way else 2]
    for index, restart in enumerate(group.restart):
        if restart.cluster not in senders:
            text = f"no sender of the group is in {quoted(restart.cluster)}; {suggestion(restart.cluster, senders)}"
            yield Problem((*path, "restart", index, "cluster"), text)


def _within(silence: HeldCall | SenderRestart, start_ns: int, end_ns: int, path: DataPath) -> Iterator[Problem]:
    if silence.at < start_ns or silence.at + silence.lasts >= end_ns:
        text = (
            f"from {_times(silence)}, and the sessions are from {time_text(start_ns)} to {time_text(end_ns)}; "
            "let it begin and end between"
        )
        yield Problem((*path, "at"), text)


def _same_senders(one: HeldCall | SenderRestart, other: HeldCall | SenderRestart) -> bool:
    if isinstance(one, SenderRestart) and isinstance(other, SenderRestart):
        return one.cluster == other.cluster
    return True


def _times(silence: HeldCall | SenderRestart) -> str:
    return f"{time_text(silence.at)} to {time_text(silence.at + silence.lasts)}"
