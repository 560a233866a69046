"""Parts of error messages: the value found, and the known word nearest to an unknown one."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

_LONGEST = 40
_ALIKE = 0.6


def found(value: object) -> str:
    """A value as shown in a message: a scalar quoted and shortened, of a list or mapping only that it is one."""
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
    """At most 40 characters of the text, in quotes, with control characters escaped."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most similar to `word`; None if none is similar enough."""
    typed = word[:_LONGEST].lower()
    likely = [choice for choice in known if difflib.SequenceMatcher(None, choice, typed).ratio() >= _ALIKE]
    return max(likely, key=lambda choice: _likeness(choice, typed), default=None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` or, if no known word is similar, a list of all."""
    choices = tuple(dict.fromkeys(known))
    match = nearest(word, choices)
    if match is not None:
        return f"did you mean {quoted(match)}?"
    return f"known: {', '.join(choices)}" if choices else "there is none"


def _likeness(choice: str, typed: str) -> tuple[float, int]:
    """Similarity (difflib's ratio), then length of the common start: typing errors are rarer at the start of a word."""
    start = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(choice, typed, strict=False))
    return difflib.SequenceMatcher(None, choice, typed).ratio(), len(tuple(start))
