"""All words of a scenario's events, and the type of an event in a file: the union of their classes, by `what`."""

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
    # The validator needs the union; to the type checker an event is what all words have in common.
    Event = Annotated[Union[WORDS], Field(discriminator="what")]  # noqa: UP007 - of a tuple
