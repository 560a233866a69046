"""Options that are shares, such as a confidence."""

from __future__ import annotations

import click
from click.core import ParameterSource

from scenarios.language.quantities import QuantityError, fraction


class _Share(click.ParamType[float]):
    """A share between 0 and 100 %, both excluded, as a fraction."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            share = fraction(value)
        except QuantityError as error:
            self.fail(str(error), param, ctx)
        if not 0 < share < 1:
            self.fail(f"{value!r} is not between 0% and 100%", param, ctx)
        return share


SHARE = _Share()
confidence_option = click.option(
    "--confidence", type=SHARE, default=0.95, metavar="SHARE", help="Of intervals and tests; 95% unless given."
)


def given(option: str) -> bool:
    """Whether the command line that is being read has an option, by the name of its parameter."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE
