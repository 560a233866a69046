"""Words that error messages share: what was found, and the nearest right word."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

_LONGEST = 40
_ALIKE = 0.6


def found(value: object) -> str:
    """A value as a message shows it: quoted and shortened if it is single, else its kind."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return "'true'" if value else "'false'"
    return quoted(str(value))


def quoted(text: str) -> str:
    """The text in quotes, at most 40 characters of it, control characters escaped."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` probably meant."""
    typed = word[:_LONGEST].lower()
    likely = [choice for choice in known if difflib.SequenceMatcher(None, choice, typed).ratio() >= _ALIKE]
    return max(likely, key=lambda choice: _likeness(choice, typed), default=None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or everything that is known."""
    choices = tuple(known)
    match = nearest(word, choices)
    if match is not None:
        return f"did you mean {quoted(match)}?"
    return f"known: {', '.join(choices)}" if choices else "there is none"


def _likeness(choice: str, typed: str) -> tuple[float, int]:
    """Letters in common and in order; among equals, a slip late in the word is likelier than one at its start."""
    start = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(choice, typed, strict=False))
    return difflib.SequenceMatcher(None, choice, typed).ratio(), len(tuple(start))
