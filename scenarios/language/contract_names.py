"""What command lines, variables and URLs of a `relay.yaml` may name of the packet contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Template

from results.run_files.relay_program import CONTRACT_VARIABLES
from scenarios.language.document import DataPath, Problem
from scenarios.language.wording import quoted


def name_problems(path: DataPath, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each text whose ${…} is none of the contract's variables. `path`: of the mapping that has both."""
    texts = {(*path, "command", index): text for index, text in enumerate(command)}
    texts |= {(*path, "environment", name): text for name, text in environment.items()}
    for place, text in texts.items():
        yield from text_problems(place, text)


def text_problems(place: DataPath, text: str) -> Iterator[Problem]:
    """A problem if a ${…} of a text is none of the contract's variables."""
    if wrong := _wrong_name(text):
        known = ", ".join(CONTRACT_VARIABLES)
        yield Problem(place, f"{quoted(wrong)} is no variable of the contract; known: {known}; for a $ write $$")


def _wrong_name(text: str) -> str | None:
    for found in Template.pattern.finditer(text):
        name = found["named"] or found["braced"]
        if found["escaped"] is None and name not in CONTRACT_VARIABLES:
            return found[0]
    return None
