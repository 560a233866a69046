"""What a scenario file says of the controller's policy: its name, or a mapping with its name and options."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias, get_args

from controller.settings import PolicyChoice, PolicyName
from results.run_files.validation import Field, Strict, checked, validated
from scenarios.language.readings import SHARE, WHOLE, Reading, time_within, within
from scenarios.language.values import LONGEST_SPAN
from scenarios.language.wording import found, suggestion

_DEFAULT = PolicyChoice()


class PolicyEntry(Strict):
    """A policy without options."""

    name: Literal["failover", "direct-only", "warm-first"] = Field(examples=["failover"])
    """Its name."""

    def choice(self) -> PolicyChoice:
        """The policy and its options."""
        return PolicyChoice(self.name)


class SpreadEntry(Strict):
    """The policy `spread`: the lanes of a pair go over several relays."""

    name: Literal["spread"] = Field(examples=["spread"])
    """Its name."""
    relays: Annotated[int, checked(within(WHOLE, "2", "16"))] = _DEFAULT.relays
    """Over how many at most."""

    def choice(self) -> PolicyChoice:
        """The policy and its options."""
        return PolicyChoice(self.name, relays=self.relays)


class PacedEntry(Strict):
    """The policy `paced`: the lanes of a pair go onto a relay one by one."""

    name: Literal["paced"] = Field(examples=["paced"])
    """Its name."""
    pace: Annotated[int | None, checked(time_within("1ms", LONGEST_SPAN))] = Field(default=None, examples=["20s"])
    """Over what time; unless given, that of the controller's `pace`."""

    def choice(self) -> PolicyChoice:
        """The policy and its options."""
        return PolicyChoice(self.name, pace_ns=self.pace or 0)


class HeadroomEntry(Strict):
    """The policy `headroom`: a relay gets lanes only within a share of its capacity, which `relays` states."""

    name: Literal["headroom"] = Field(examples=["headroom"])
    """Its name."""
    share: Annotated[float, checked(within(SHARE, "1%", "100%"))] = _DEFAULT.share
    """The share of its capacity."""

    def choice(self) -> PolicyChoice:
        """The policy and its options."""
        return PolicyChoice(self.name, share=self.share)


class PrewarmEntry(Strict):
    """The policy `prewarm`: a relay loads the records of a pair's sessions before their lanes move onto it."""

    name: Literal["prewarm"] = Field(examples=["prewarm"])
    """Its name."""
    patience: Annotated[int, checked(time_within("10ms", LONGEST_SPAN))] = _DEFAULT.patience_ns
    """How long the lanes wait for it at most; then they move all the same."""

    def choice(self) -> PolicyChoice:
        """The policy and its options."""
        return PolicyChoice(self.name, patience_ns=self.patience)


POLICY_ENTRIES = (PolicyEntry, SpreadEntry, PacedEntry, HeadroomEntry, PrewarmEntry)

_Entry: TypeAlias = PolicyEntry | SpreadEntry | PacedEntry | HeadroomEntry | PrewarmEntry

_BY_NAME: Mapping[str, type[_Entry]] = MappingProxyType(
    {name: entry for entry in POLICY_ENTRIES for name in get_args(entry.model_fields["name"].annotation)}
)


def _read(value: object) -> PolicyChoice:
    """ValueError says what to write instead; InvalidError what is wrong below."""
    if not isinstance(value, dict):
        return validated(_entry(value), {"name": value}).choice()
    if "name" not in value:
        raise ValueError("which policy? write its name, or such as {name: spread, relays: 2}")
    return validated(_entry(value["name"]), value).choice()


def _entry(name: object) -> type[_Entry]:
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name]
    names = get_args(PolicyName)
    known = suggestion(name, names) if isinstance(name, str) else f"known: {', '.join(names)}"
    raise ValueError(f"{found(name)} is no policy; {known}")


def _written(choice: PolicyChoice) -> object:
    return choice.name


POLICY = Reading(_read, {"enum": list(get_args(PolicyName))}, _written)
"""A policy by its name, or a mapping as one of `POLICY_ENTRIES`."""
