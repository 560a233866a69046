"""What is wrong with the consent of groups of sessions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from relay_app.program_media import PROGRAM_MEDIA
from scenarios.language.consents import ConsentTerms
from scenarios.language.document import DataPath, Problem
from scenarios.language.quantities import time_text
from scenarios.language.session_schema import Sessions


def consent_problems(groups: Sequence[Sessions], duration_ns: int) -> Iterator[Problem]:
    """All problems of the consent of all groups."""
    for index, group in enumerate(groups):
        if group.consent:
            path = ("sessions", index, "consent")
            yield from (Problem(path, text) for text in _unfit(group))
            yield from _term_problems(group.consent, duration_ns, path)


def _unfit(group: Sessions) -> Iterator[str]:
    """Why a group cannot have consent."""
    if group.path == "direct":
        yield "checks pass relays, and direct sessions none; leave it out, or write path: relayed"
    elif group.one_way:
        yield "one-way sessions have no way back for an answer; leave it out, or one-way"
    if group.media in PROGRAM_MEDIA:
        yield "clients do not withhold what another program publishes; leave it out, or choose another media"
    if group.permission:
        yield "a check renews a permission, and is answered another way than a refresh; leave one of the two out"
    for ssrc in dict.fromkeys(each.ssrc for each in group.restart if each.ssrc != "same"):
        yield f"a sender with a {ssrc} SSRC goes on as another stream, with consent of its own; write ssrc: same"


def _term_problems(terms: ConsentTerms, duration_ns: int, path: DataPath) -> Iterator[Problem]:
    latest_ns = terms.consent().latest_check_ns
    if terms.expires <= latest_ns:
        text = (
            f"a consent of {time_text(terms.expires)} expires before its next check, after up to "
            f"{time_text(latest_ns)}; write a longer time"
        )
        yield Problem((*path, "expires"), text)
    elif terms.expires >= duration_ns:
        text = f"no consent expires in media of {time_text(duration_ns)}; write a shorter time, or leave consent out"
        yield Problem((*path, "expires"), text)
