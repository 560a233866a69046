"""The consent to send that the clients of a group of sessions need, and what cannot be with relay programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from hostio.timing import S
from relay_app.consent import Consent
from relay_app.versions.version_names import DEFAULT_VERSION
from results.run_files.plan import Plan
from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import Problem
from scenarios.language.permissions import programs_of
from scenarios.language.readings import time_within
from scenarios.language.values import LONGEST_SPAN
from scenarios.language.wording import quoted


class ConsentTerms(Strict):
    """A client sends a stream only while it has consent (RFC 7675): it asks the other client over and over, by checks
    that take the way of the stream's media, and are answered on the way of the session's other stream. Where no answer
    comes any more it gives up, and sends none of the stream's packets until a check is answered again."""

    check: Annotated[int, checked(time_within("50ms", LONGEST_SPAN))] = Field(default=5 * S, examples=["500ms"])
    """Time between two checks of a stream, of which each lasts 0.8 to 1.2 times that (RFC 7675 §5.1: 5 s)."""
    expires: Annotated[int, checked(time_within("100ms", LONGEST_SPAN))] = Field(default=30 * S, examples=["3s"])
    """How long after the last answer consent expires (RFC 7675 §5.1: 30 s); more than the longest time between two
    checks, and less than the media last."""
    again: Annotated[int, checked(time_within("10ms", LONGEST_SPAN))] = Field(default=5 * S, examples=["500ms"])
    """Time between two checks of a stream that was given up, the first of which is sent as it is; an answer to one of
    them brings it back, as a restart of ICE would."""

    def consent(self) -> Consent:
        """The terms, as a plan has them."""
        return Consent(self.check, self.expires, self.again)


def kind_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each group with consent and relay program: only our relays know the way of a check."""
    for name in dict.fromkeys(programs_of(plan)):
        for index in (index for index, group in enumerate(plan.sessions) if group.consent):
            text = (
                f"{quoted(name)} is a program, which does not forward checks of consent; "
                f"leave consent out, or name a relay version, such as {DEFAULT_VERSION}"
            )
            yield Problem(("sessions", index, "consent"), text)
