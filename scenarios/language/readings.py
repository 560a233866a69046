"""Readers of single values of any kind: quantities, texts, names, words, and bounds. ValueError says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scenarios.language.quantities import (
    FRAME_SIZE_PATTERN,
    FREQUENCY_PATTERN,
    RATE_PATTERN,
    SHARE_PATTERN,
    TIME_PATTERN,
    QuantityError,
    bits_per_second,
    fraction,
    frame_bytes,
    per_minute,
    per_second,
    rate_text,
    share_text,
    time_ns,
    time_text,
    whole_number,
)
from scenarios.language.wording import found, suggestion

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_BOOLEAN_WORDS = {"no": "false", "off": "false", "n": "false", "yes": "true", "on": "true", "y": "true"}


def _as_it_is(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A kind of value: `read` converts plain data to it (ValueError), `write` does the reverse; `schema` is the JSON
    schema of the data."""

    read: Callable[[object], Any]
    schema: Mapping[str, object]
    write: Callable[[Any], object] = _as_it_is

    def __call__(self, value: object) -> Any:
        """The value of plain data; ValueError says what to write instead."""
        return self.read(value)


def reading(**schema: object) -> Callable[[Callable[[object], object]], Reading]:
    """A decorator that makes a Reading of a function, with this JSON schema."""
    return lambda read: Reading(read, schema)


TIME = Reading(time_ns, {"type": "string", "pattern": TIME_PATTERN}, time_text)
RATE = Reading(bits_per_second, {"type": "string", "pattern": RATE_PATTERN}, rate_text)
SHARE = Reading(fraction, {"type": "string", "pattern": SHARE_PATTERN, "description": "a percentage"}, share_text)
FREQUENCY = Reading(per_second, {"type": "string", "pattern": FREQUENCY_PATTERN})
PER_MINUTE = Reading(per_minute, {"type": "string", "pattern": FREQUENCY_PATTERN}, lambda number: f"{number}/min")
FRAME_SIZE = Reading(frame_bytes, {"type": "string", "pattern": FRAME_SIZE_PATTERN}, lambda size: f"{size}B")
WHOLE = Reading(whole_number, {"type": "integer"})


@reading(type="string", pattern=r"\S")
def text(value: object) -> str:
    """Any text that is not blank; each run of white space, line breaks included, becomes a space."""
    if not isinstance(value, str):
        raise ValueError(f"{found(value)} where text is expected; write words, in quotes if they look like a number")
    if not value.strip():
        raise ValueError("the text is empty; write a few words")
    return " ".join(value.split())


@reading(type="string")
def word(value: object) -> str:
    """Any text, as it is."""
    if isinstance(value, str) and "\0" not in value:
        return value
    raise ValueError(f"{found(value)} where text is expected; put it in quotes")


def name(longest: int, *, digit_first: bool = False) -> Reading:
    """A name of at most `longest` characters of [a-z0-9-], a letter first or, if `digit_first`, a digit.

    Such names become host and file names.
    """

    def valid(word: str) -> bool:
        return _NAME.fullmatch(word) is not None and (digit_first or not word[0].isdigit())

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{found(value)} is not text; write a name, in quotes if it looks like a number")
        if len(value) > longest:
            raise ValueError(f"the name {found(value)} is {len(value)} characters long; write at most {longest}")
        if not valid(value):
            right = re.sub("[^a-z0-9]+", "-", value.lower()).strip("-")
            advice = f"write {right}: " if right and valid(right) else "write "
            first = "letter or digit" if digit_first else "letter"
            raise ValueError(f"{found(value)} is not a name; {advice}lower case letters, digits and -, {first} first")
        return value

    first = "[a-z0-9]" if digit_first else "[a-z]"
    return Reading(read, {"type": "string", "maxLength": longest, "pattern": f"^{first}[a-z0-9-]*$"})


@reading(type="boolean")
def boolean(value: object) -> bool:
    """true or false; YAML 1.1's other words, yes and no, on and off, are text here."""
    if isinstance(value, bool):
        return value
    right = _BOOLEAN_WORDS.get(str(value).lower(), "true or false")
    raise ValueError(f"{found(value)} is neither true nor false; write {right}")


def one_of(*words: str) -> Reading:
    """One of these words."""

    def read(value: object) -> object:
        if value in words:
            return value
        known = suggestion(value, words) if isinstance(value, str) else f"known: {', '.join(words)}"
        raise ValueError(f"{found(value)} is not known here; {known}")

    return Reading(read, {"enum": list(words)})


def time_within(least: str, most: str) -> Reading:
    """A time, ns, within bounds that are written as in a file."""
    least_ns, most_ns = time_ns(least), time_ns(most)

    def read(value: object) -> int:
        ns = time_ns(value)
        if least_ns <= ns <= most_ns:
            return ns
        problem = "too short" if ns < least_ns else "too long"
        raise QuantityError(f"{found(value)} is {problem}; write a time from {least} to {most}")

    return Reading(read, {**TIME.schema, "description": f"from {least} to {most}"}, TIME.write)


def within(quantity: Reading, least: str, most: str) -> Reading:
    """A quantity within bounds that are written as in a file."""
    read = quantity.read
    least_value, most_value = (read(int(bound) if bound.isdecimal() else bound) for bound in (least, most))

    def bounded(value: object) -> Any:
        number = read(value)
        if least_value <= number <= most_value:
            return number
        problem = "too small" if number < least_value else "too large"
        raise QuantityError(f"{found(value)} is {problem}; write from {least} to {most}")

    bounds = {"minimum": least_value, "maximum": most_value} if quantity is WHOLE else {}
    about = {"description": f"from {least} to {most}"}
    return Reading(bounded, {**quantity.schema, **bounds, **about}, quantity.write)
