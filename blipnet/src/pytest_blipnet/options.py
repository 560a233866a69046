"""The plugin's options, and what they come to."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import pytest

_POLICIES = "skip, fail or retry:N"


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """What becomes of a test whose run came to no verdict: how many runs are made of it, and whether it then fails."""

    attempts: int
    fails: bool

    @classmethod
    def of(cls, text: str) -> Inconclusive:
        """`skip`, `fail`, or `retry:N`: up to N runs more, and if none has a verdict the test fails."""
        word, _, number = text.partition(":")
        if word == "retry" and number.isdecimal() and int(number) > 0:
            return cls(1 + int(number), fails=True)
        if text in ("skip", "fail"):
            return cls(1, fails=text == "fail")
        raise argparse.ArgumentTypeError(f"{text!r} is not {_POLICIES}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the session's options say. `out`: where run directories go."""

    relay: str | None
    inconclusive: Inconclusive
    out: Path
    keeps_all: bool
    home: str | None
    sudo: bool | None


SETTINGS = pytest.StashKey[Settings]()


def add_options(parser: pytest.Parser) -> None:
    """Add them to pytest's command line; `addopts` may have them too."""
    group = parser.getgroup("blipnet", "network blips (blipnet)")
    group.addoption("--blipnet", action="store_true", help="collect scenario files (YAML) as tests")
    group.addoption("--blipnet-relay", metavar="KIND", help="what runs as relay: a relay version, or a folder")
    group.addoption(
        "--blipnet-inconclusive",
        metavar="POLICY",
        type=Inconclusive.of,
        default="fail",
        help=f"what a test without a verdict is: {_POLICIES} (fail)",
    )
    group.addoption("--blipnet-out", metavar="DIR", help="where run directories go (blipnet-runs in the root folder)")
    group.addoption("--blipnet-keep", action="store_true", help="keep run directories of tests that pass, too")
    group.addoption("--blipnet-home", metavar="DIR", help="the checkout of Blipnet")
    group.addoption("--blipnet-sudo", action="store_true", default=None, help="start runs by sudo -n")


def settings_of(config: pytest.Config) -> Settings:
    """What was said, relative paths from the folder in which pytest was started."""
    here, out, relay = config.invocation_params.dir, config.getoption("blipnet_out"), config.getoption("blipnet_relay")
    return Settings(
        relay=str(here / relay) if relay and "/" in relay else relay,
        inconclusive=config.getoption("blipnet_inconclusive"),
        out=here / out if out else config.rootpath / "blipnet-runs",
        keeps_all=config.getoption("blipnet_keep"),
        home=config.getoption("blipnet_home"),
        sudo=config.getoption("blipnet_sudo"),
    )
