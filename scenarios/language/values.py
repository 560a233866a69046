"""The values that files hold, as pydantic reads them: each with its unit, each of bounded size."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict

from controller.settings import Detector
from scenarios.language.fields import boolean, detectors, name, pair, relay_version, text, time_within, within
from scenarios.language.quantities import bits_per_second, fraction, whole_number

Text: TypeAlias = Annotated[str, BeforeValidator(text)]
ScenarioName: TypeAlias = Annotated[str, BeforeValidator(name(40, digit_first=True))]
Count: TypeAlias = Annotated[int, BeforeValidator(within(whole_number, "1", "1000"))]
ShortName: TypeAlias = Annotated[str, BeforeValidator(name(20))]
Flag: TypeAlias = Annotated[bool, BeforeValidator(boolean)]
Pair: TypeAlias = Annotated[tuple[str, str], BeforeValidator(pair)]
Instant: TypeAlias = Annotated[int, BeforeValidator(time_within("0s", "1440min"))]
Span: TypeAlias = Annotated[int, BeforeValidator(time_within("1ms", "1440min"))]
Delay: TypeAlias = Annotated[int, BeforeValidator(time_within("1us", "10s"))]
Jitter: TypeAlias = Annotated[int, BeforeValidator(time_within("0s", "10s"))]
Limit: TypeAlias = Annotated[int, BeforeValidator(time_within("0s", "1min"))]
Drops: TypeAlias = Annotated[int, BeforeValidator(within(whole_number, "0", "1000000"))]
Tick: TypeAlias = Annotated[int, BeforeValidator(time_within("10us", "10ms"))]
ProbeInterval: TypeAlias = Annotated[int, BeforeValidator(time_within("5ms", "10s"))]
Rate: TypeAlias = Annotated[int, BeforeValidator(within(bits_per_second, "8kbit", "100gbit"))]
Share: TypeAlias = Annotated[float, BeforeValidator(fraction)]
Detectors: TypeAlias = Annotated[tuple[Detector, ...], BeforeValidator(detectors)]
Version: TypeAlias = Annotated[str, BeforeValidator(relay_version)]
Probability: TypeAlias = Share
SomeShare: TypeAlias = Annotated[float, BeforeValidator(within(fraction, "0.001%", "100%"))]


class Strict(BaseModel):
    """A mapping in a file: nothing unknown, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)
