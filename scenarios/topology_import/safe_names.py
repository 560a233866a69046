"""Names of clusters for the names that people give to sites: `Los Angeles` becomes `los-angeles`. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from scenarios.language.wording import quoted

LONGEST = 20
"""Characters of a cluster's name at most."""


def safe_names(labels: Iterable[str]) -> dict[str, str]:
    """A name for each label, no two alike. ValueError if there are labels without a letter or digit of ASCII in them.

    Accents are dropped (Unicode's decomposition NFKD); what else is no letter or digit becomes a hyphen.
    """
    plain = {label: _name(label) for label in labels}
    if unnamed := [label for label, name in plain.items() if not name]:
        raise ValueError(f"no name can be made of {', '.join(map(quoted, unnamed))}; write it in Latin letters")
    names: dict[str, str] = {}
    for label, name in plain.items():
        names[label] = _untaken(name, set(names.values()))
    return names


def _name(label: str) -> str:
    """Empty if there is none."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    name = re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")
    return _cut(name if not name or name[0].isalpha() else f"site-{name}", LONGEST)


def _untaken(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{_cut(name, LONGEST - len(f'-{number}'))}-{number}"
    return found


def _cut(name: str, longest: int) -> str:
    return name[:longest].rstrip("-")
