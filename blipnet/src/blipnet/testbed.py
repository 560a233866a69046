"""Where the testbed is, and with which rights its command is started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blipnet.errors import TestbedError

HOME = "BLIPNET_HOME"
"""Variable: the checkout of the testbed."""

SUDO = "BLIPNET_SUDO"
"""Variable: whether the command is started by sudo, 1 or 0."""

COMMAND = "run_scenario.py"

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


@dataclass(frozen=True, slots=True)
class Testbed:
    """A checkout of Blipnet, and how its command is started: as the caller, or by `sudo -n`, which never asks."""

    home: Path
    sudo: bool = False

    __test__ = False

    @classmethod
    def find(
        cls,
        home: str | Path | None = None,
        sudo: bool | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> Testbed:
        """The testbed at `home`, else that of BLIPNET_HOME, else the checkout that this package was installed from.

        `sudo`: None leaves it to BLIPNET_SUDO. TestbedError.
        """
        by_sudo = _truth(environ.get(SUDO, "")) if sudo is None else sudo
        if home is not None:
            return cls(_checkout(Path(home), f"home={os.fspath(home)!r}"), by_sudo)
        if named := environ.get(HOME):
            return cls(_checkout(Path(named), f"{HOME}={named}"), by_sudo)
        if (here := _installed_from()) is not None:
            return cls(here, by_sudo)
        raise TestbedError(
            f"no testbed: say home=, set {HOME} to a checkout of Blipnet, or install this package from one with pip -e"
        )

    def argv(self, *arguments: str) -> list[str]:
        """What starts its command with these arguments."""
        return [*(["sudo", "-n", "--"] if self.sudo else []), str(self.home / COMMAND), *arguments]


def _checkout(home: Path, named: str) -> Path:
    found = home.expanduser().resolve()
    if not (found / COMMAND).is_file():
        raise TestbedError(f"{named}: no checkout of Blipnet, which has a {COMMAND}")
    return found


def _installed_from() -> Path | None:
    """The checkout whose folder this package lies in, as after an editable installation."""
    *_, above = Path(__file__).resolve().parents[:4]
    return above if (above / COMMAND).is_file() else None


def _truth(text: str) -> bool:
    try:
        return _TRUTHS[text.strip().lower()]
    except KeyError:
        raise TestbedError(f"{SUDO}={text}: write 1 or 0") from None
