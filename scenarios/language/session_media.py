"""What the groups of sessions of a scenario carry, by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from relay_app.media_profiles import PROFILES, Media, Profile, Recording
from relay_app.program_media import PAYLOAD_TYPE, PROGRAM_MEDIA, ProgramMedia
from scenarios.language.session_schema import Sessions

SentMedia: TypeAlias = Media | ProgramMedia


class GroupMedia(NamedTuple):
    """What a group carries. `own`: what no other group has, or None."""

    name: str
    sent: SentMedia
    own: Media | None

    @property
    def payload_types(self) -> tuple[int, ...]:
        """Those of its packets."""
        if isinstance(self.sent, ProgramMedia):
            return (PAYLOAD_TYPE[self.sent.codec],)
        return self.sent.payload_types


def group_name(sessions: Sessions, index: int) -> str:
    """The name of a group of sessions; unless given, its media profile and number."""
    if sessions.name:
        return sessions.name
    kinds: dict[type, str] = {str: str(sessions.media), Profile: "profile"}
    return f"{kinds.get(type(sessions.media), 'capture')}-{index + 1}"


def media_of_group(sessions: Sessions, index: int) -> GroupMedia | None:
    """What a group carries; None: a capture that has not been read."""
    media = sessions.media
    if isinstance(media, str):
        return GroupMedia(media, PROGRAM_MEDIA.get(media) or PROFILES[media], None)
    if isinstance(media, (Profile, Recording)):
        # Named media have no such names, and neither have other groups.
        return GroupMedia(f"own:{group_name(sessions, index)}", media, media)
    return None


def media_of_groups(groups: Sequence[Sessions]) -> Iterator[tuple[Sessions, GroupMedia]]:
    """Each group whose media are known."""
    for index, group in enumerate(groups):
        if media := media_of_group(group, index):
            yield group, media
