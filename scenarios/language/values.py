"""Types of values in files, for the models: each with the unit in which it is written and its bounds."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from results.run_files.validation import checked
from scenarios.language.fields import pair, position, relay_kind, topology
from scenarios.language.readings import FREQUENCY, RATE, SHARE, WHOLE, boolean, name, text, time_within, within
from topologies.model import Position

Text: TypeAlias = Annotated[str, checked(text)]
ScenarioName: TypeAlias = Annotated[str, checked(name(40, digit_first=True))]
Count: TypeAlias = Annotated[int, checked(within(WHOLE, "1", "1000"))]
ShortName: TypeAlias = Annotated[str, checked(name(20))]
Flag: TypeAlias = Annotated[bool, checked(boolean)]
Pair: TypeAlias = Annotated[tuple[str, str], checked(pair)]
Instant: TypeAlias = Annotated[int, checked(time_within("0s", "1440min"))]
LONGEST_SPAN = "1440min"
Span: TypeAlias = Annotated[int, checked(time_within("1ms", LONGEST_SPAN))]
Delay: TypeAlias = Annotated[int, checked(time_within("1us", "10s"))]
Jitter: TypeAlias = Annotated[int, checked(time_within("0s", "10s"))]
Tick: TypeAlias = Annotated[int, checked(time_within("10us", "10ms"))]
Mtu: TypeAlias = Annotated[int, checked(within(WHOLE, "68", "9000"))]
Rate: TypeAlias = Annotated[int, checked(within(RATE, "8kbit", "100gbit"))]
PerSecond: TypeAlias = Annotated[float, checked(within(FREQUENCY, "1/min", "10000/s"))]
PacketRate: TypeAlias = Annotated[float, checked(within(FREQUENCY, "1/s", "10000000/s"))]
Share: TypeAlias = Annotated[float, checked(SHARE)]
EarthPosition: TypeAlias = Annotated[Position, checked(position)]
TopologyPlace: TypeAlias = Annotated[str | dict[str, object], checked(topology)]
Kind: TypeAlias = Annotated[str, checked(relay_kind)]
Probability: TypeAlias = Share
SomeShare: TypeAlias = Annotated[float, checked(within(SHARE, "0.001%", "100%"))]
