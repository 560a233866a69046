"""Takes names of hosts and users, and paths, out of texts. Pure.

A name that is also a word of the records' own vocabulary stays: it tells nothing of anybody, and records without it
could not be read. Paths are taken out whole, whoever's they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

NAME, PATH = "REDACTED", "REDACTED-PATH"

_PART = r"[^\s/\"'<>|,;:()\[\]{}\\`]+"
_PATH = re.compile(
    # Not within a word, a URL, an element of HTML or after a variable. From here or from home; or absolute, with two
    # parts and more: with one it is that of a URL, such as /metrics.
    rf"(?<![\w.}}~</])(?:(?:~|\.\.?)(?:/{_PART})+|/(?!/)(?:{_PART}/)+(?:{_PART})?)/?"
)
_HOME = re.compile(rf"/(?:home|Users)/({_PART})")


@dataclass(frozen=True)  # without slots: cached properties need a place
class Redactor:
    """`names`: of hosts and users. `folders`: absolute paths that are known, which may have blanks in them."""

    names: frozenset[str]
    folders: frozenset[str]

    @classmethod
    def of(
        cls, names: Collection[str], folders: Collection[str], texts: Collection[str], vocabulary: Collection[str]
    ) -> Redactor:
        """That for these names and folders, and for users whose homes are named in `texts`; but for words of
        `vocabulary`."""
        of_homes = {name for text in (*texts, *folders) for name in _HOME.findall(text)}
        known = {word.casefold() for word in vocabulary}
        found = {name for name in {*names, *of_homes} if len(name) > 1 and name.casefold() not in known}
        return cls(frozenset(found), frozenset(folder for folder in folders if folder.count("/") > 1))

    def text(self, text: str) -> str:
        """The text without them."""
        if self._folders:
            text = self._folders.sub(PATH, text)
        return self.name(_PATH.sub(PATH, text))

    def name(self, text: str) -> str:
        """The text without the names alone."""
        return self._names.sub(NAME, text) if self._names else text

    def document(self, text: str) -> str:
        """A JSON document without them, in keys and values. ValueError if it is none."""
        return json.dumps(self._value(json.loads(text)), indent=2, ensure_ascii=False) + "\n"

    def lines(self, text: str) -> str:
        """JSON lines without them; a last one that was cut off is left out. ValueError if another is no JSON."""
        whole = text[: text.rfind("\n") + 1].splitlines()
        return "".join(
            json.dumps(self._value(json.loads(line)), separators=(",", ":"), ensure_ascii=False) + "\n"
            for line in whole
            if line.strip()
        )

    def left_in(self, text: str) -> str | None:
        """The first name or known folder that is still in a text."""
        found = next((each.search(text) for each in (self._names, self._folders) if each and each.search(text)), None)
        return found[0] if found else None

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(each) for each in value]
        if isinstance(value, dict):
            return {self.text(key): self._value(each) for key, each in value.items()}
        return value

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        longest_first = sorted(map(re.escape, self.names), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE) if longest_first else None

    @cached_property
    def _folders(self) -> re.Pattern[str] | None:
        longest_first = sorted(map(re.escape, self.folders), key=len, reverse=True)
        return re.compile(rf"(?:{'|'.join(longest_first)})(?:{_PART})?(?:/{_PART})*/?") if longest_first else None
