"""The permissions that relays want of a group of sessions, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from hostio.timing import MS
from relay_app.refreshes import Permission
from relay_app.versions.version_names import DEFAULT_VERSION
from results.run_files.plan import Plan
from results.run_files.validation import Field, Strict, checked
from scenarios.language.document import DataPath, Problem
from scenarios.language.quantities import time_text
from scenarios.language.readings import time_within
from scenarios.language.values import LONGEST_SPAN
from scenarios.language.wording import quoted


class PermissionTerms(Strict):
    """Relays forward a stream only while it has a permission there, as TURN servers do (RFC 8656 §9). Its packets do
    not extend the permission: the client that sends the stream refreshes it, by a request that takes the way of the
    media and is answered by the other client. The stream's record in the session directory expires likewise."""

    lifetime: Annotated[int, checked(time_within("100ms", LONGEST_SPAN))] = Field(examples=["2s"])
    """How long a permission is valid after its last refresh (TURN: 5 min; 10 min for a channel)."""
    refresh: Annotated[int, checked(time_within("50ms", LONGEST_SPAN))] = Field(examples=["1s"])
    """Time between two refreshes of a stream; less than the lifetime."""
    retransmit: Annotated[int, checked(time_within("10ms", "1min"))] = 500 * MS
    """How long after a request without an answer it is sent again, until one is answered. STUN begins with 500 ms, and
    doubles it each time (RFC 8489 §6.2.1); here it stays."""

    def permission(self) -> Permission:
        """The terms, as a plan has them."""
        return Permission(self.lifetime, self.refresh, self.retransmit)


def terms_problems(terms: PermissionTerms, *, relayed: bool, path: DataPath) -> Iterator[Problem]:
    """The problems of a group's terms by themselves."""
    if not relayed:
        yield Problem(
            path, "direct sessions pass no relay that wants a permission; leave it out, or write path: relayed"
        )
    if terms.refresh >= terms.lifetime:
        text = (
            f"a permission of {time_text(terms.lifetime)} expires before its refresh after {time_text(terms.refresh)}; "
            "write a shorter time"
        )
        yield Problem((*path, "refresh"), text)
    elif terms.retransmit > terms.refresh:
        text = f"this is longer than from one refresh to the next; write at most {time_text(terms.refresh)}"
        yield Problem((*path, "retransmit"), text)


def kind_problems(plan: Plan) -> Iterator[Problem]:
    """A problem for each group with permissions and relay program: of lifetimes only our relays know."""
    permitted = [index for index, group in enumerate(plan.sessions) if group.permission]
    for name in dict.fromkeys(programs_of(plan)):
        for index in permitted:
            text = (
                f"{quoted(name)} is a program, which cannot let permissions expire; "
                f"leave permission out, or name a relay version, such as {DEFAULT_VERSION}"
            )
            yield Problem(("sessions", index, "permission"), text)


def programs_of(plan: Plan) -> Iterable[str]:
    """The kinds of relays that are programs, by cluster and life."""
    kinds = (kind for cluster in plan.topology.clusters for kind in plan.relay_kinds(cluster.name))
    return (kind for kind in kinds if kind in plan.relays.programs)
