"""Of which group a sender takes an SSRC that restarts with one that is taken, and what is wrong with that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relay_app.calls import FOREVER
from relay_app.program_media import PROGRAM_MEDIA
from scenarios.language.call_schema import SenderRestart
from scenarios.language.document import DataPath, Problem
from scenarios.language.quantities import time_text
from scenarios.language.session_media import group_name
from scenarios.language.session_schema import Sessions
from scenarios.language.wording import quoted, suggestion


def lender_of(groups: Sequence[Sessions], index: int, restart: SenderRestart) -> str | None:
    """The group of which a restart of a group takes the SSRCs: the one that it names, else the first that has any for
    it. None: it takes none, or no group has."""
    if restart.ssrc != "taken":
        return None
    return restart.taken_from or next(_lenders(groups, index, restart), None)


def taken_problems(groups: Sequence[Sessions], index: int, duration_ns: int) -> Iterator[Problem]:
    """The problems of a group's restarts with SSRCs that are taken."""
    group = groups[index]
    for number, restart in enumerate(group.restart):
        path = ("sessions", index, "restart", number)
        if restart.ssrc == "taken":
            yield from _unable(group, path)
            yield from _lender_problems(groups, index, restart, path)
            yield from _notice_problems(group, restart, duration_ns, path)
        else:
            given = {"taken-from": restart.taken_from, "notices-after": restart.notices_after}
            for key in (key for key, value in given.items() if value is not None):
                yield Problem((*path, key), "this is of an SSRC that is taken; leave it out, or write ssrc: taken")


def _unable(group: Sessions, path: DataPath) -> Iterator[Problem]:
    if group.path == "direct":
        text = "direct sessions pass no relay that looks an SSRC up; write ssrc: new, or path: relayed"
        yield Problem((*path, "ssrc"), text)
    if group.permission:
        text = "a taken SSRC has the permission of the other stream; write ssrc: new, or leave permission out"
        yield Problem((*path, "ssrc"), text)


def _lender_problems(
    groups: Sequence[Sessions], index: int, restart: SenderRestart, path: DataPath
) -> Iterator[Problem]:
    lenders, names = tuple(_lenders(groups, index, restart)), [group_name(each, at) for at, each in enumerate(groups)]
    name = restart.taken_from
    if name is None:
        if not lenders:
            text = "no other relayed sessions last, whose SSRC it could take; add some, or write ssrc: new"
            yield Problem((*path, "ssrc"), text)
    elif name not in names:
        yield Problem((*path, "taken-from"), f"there is no group {quoted(name)}; {_instead(name, lenders)}")
    elif name not in lenders:
        at = names.index(name)
        why = _why_not(groups[at], restart, own=at == index)
        text = f"no SSRC of {quoted(name)} can be taken, since {why}; {_instead(name, lenders)}"
        yield Problem((*path, "taken-from"), text)


def _instead(name: str, lenders: Sequence[str]) -> str:
    return suggestion(name, lenders) if lenders else "write ssrc: new"


def _lenders(groups: Sequence[Sessions], index: int, restart: SenderRestart) -> Iterator[str]:
    """The names of the groups whose SSRCs a restart of a group can take."""
    for at, group in enumerate(groups):
        if _why_not(group, restart, own=at == index) is None:
            yield group_name(group, at)


def _why_not(group: Sessions, restart: SenderRestart, *, own: bool) -> str | None:
    """Why the SSRCs of a group cannot be taken, if they cannot: each is in use by its first sender, over relays."""
    over_ns = restart.at + restart.lasts
    if own:
        return "its senders are those that restart"
    if group.path == "direct":
        return "its sessions pass no relay"
    if group.media in PROGRAM_MEDIA:
        return "another program publishes its media"
    if group.arrival or group.holding:
        return "its sessions come and go"
    if any(each.ssrc != "same" and each.cluster == group.between[0] for each in group.restart):
        return "its senders change them"
    if over_ns < group.start or (group.end is not None and over_ns >= group.end):
        return f"it has no sessions at {time_text(over_ns)}"
    return None


def _notice_problems(group: Sessions, restart: SenderRestart, duration_ns: int, path: DataPath) -> Iterator[Problem]:
    over_ns, end_ns = restart.at + restart.lasts, duration_ns if group.end is None else group.end
    if restart.notices_after not in (None, FOREVER) and over_ns + (restart.notices_after or 0) >= end_ns > over_ns:
        text = f"the sessions end {time_text(end_ns - over_ns)} after the restart; write a shorter time, or never"
        yield Problem((*path, "notices-after"), text)
