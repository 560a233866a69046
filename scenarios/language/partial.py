"""What is left of a file without its wrong keys and entries, so that the rest of it can be checked as well. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scenarios.language.document import DataPath, Document, Problem

_NAMED_BY: Mapping[str, str] = {"connections": "expect", "webrtc": "expect"}
"""Where entries of a list are named by those of another: without the first, the second cannot be judged."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """The rest of a document. `lost`: the keys that are not there, or lack entries; `kept`: the numbers that the
    remaining entries of each such list had."""

    document: Document
    lost: frozenset[str]
    kept: Mapping[str, tuple[int, ...]]

    def of_the_whole(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """Problems of the rest as those of the whole, without those that may be there for what was left out only."""
        untold = {named for key, named in _NAMED_BY.items() if key in self.lost}
        for problem in problems:
            if problem.path[0] not in untold and (problem.path[0] not in self.lost or len(problem.path) > 1):
                yield replace(problem, path=self._original(problem.path))

    def _original(self, path: DataPath) -> DataPath:
        key, *below = path
        if key in self.kept and isinstance(below[0], int):
            return (key, self.kept[str(key)][below[0]], *below[1:])
        return path


def remainder(document: Document, wrong: Iterable[Problem], stand_ins: Mapping[str, object]) -> Remainder:
    """A document without what is wrong: an entry of a list at its top, or a key there.

    `stand_ins`: values of keys that it must have.
    """
    places = {problem.path[:2] for problem in wrong}
    data: dict[str, object] = {}
    kept: dict[str, tuple[int, ...]] = {}
    for key, value in document.data.items():
        if not isinstance(value, list) or (key,) in places:
            data |= {} if any(place[:1] == (key,) for place in places) else {key: value}
            continue
        left = tuple(index for index in range(len(value)) if (key, index) not in places)
        data[key] = [value[index] for index in left]
        kept |= {key: left} if len(left) < len(value) else {}
    lost = frozenset(str(place[0]) for place in places if place)
    return Remainder(replace(document, data={**stand_ins, **data}), lost, kept)
