"""Consent to send: that a client goes on sending a stream only while the other client answers. Pure.

RFC 7675 §5.1: an endpoint asks its peer every 5 s, randomised from 0.8 to 1.2 of that, each time once; where no answer
has come for 30 s, consent has expired and it ceases to send. Answers to requests from before that bring nothing back.
"""

from __future__ import annotations

from dataclasses import dataclass

from hostio.timing import S

SHORTEST, LONGEST = 0.8, 1.2
"""Between which shares of the interval a check follows the one before."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A stream's consent is checked every `check_ns`, randomised, and expires `expires_ns` after the last answer; from
    then on it is checked every `again_ns`, until an answer brings it back."""

    check_ns: int = 5 * S
    expires_ns: int = 30 * S
    again_ns: int = 5 * S

    @property
    def latest_check_ns(self) -> int:
        """The longest time from one check to the next."""
        return round(self.check_ns * LONGEST)
