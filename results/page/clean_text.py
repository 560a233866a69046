"""Text from a run's files, as a page may show it: without what would be done rather than read. Pure."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences (ECMA-48 section 5.4), such as colours
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # strings, such as titles and hyperlinks (section 5.6)
    r"|\x1b[ -/]*[0-~]?",  # all other escapes
    re.DOTALL,
)
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters but tab and newline, and those that change the direction of what follows them."""


def clean(text: str) -> str:
    """The text without escape sequences; other control characters are shown as U+FFFD. What is left is plain text, and
    not yet escaped for HTML."""
    return _INVISIBLE.sub("\ufffd", _ESCAPES.sub("", text.replace("\r\n", "\n")))
