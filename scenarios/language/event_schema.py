"""Every word of a scenario's events, and the shape of an event: one of the words, and what that word needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from results.run_files.validation import Field
from scenarios.language.event_base import EventBase
from scenarios.language.link_events import LINK_EVENTS
from scenarios.language.process_events import PROCESS_EVENTS

WORDS: tuple[type[EventBase], ...] = (*LINK_EVENTS, *PROCESS_EVENTS)

if TYPE_CHECKING:
    Event: TypeAlias = EventBase
else:
    # The validator needs the list of words; whoever handles events needs no more than what all words have.
    Event = Annotated[Union[WORDS], Field(discriminator="what")]  # noqa: UP007 - of a tuple
