"""Types of arguments: the data folder, and numbers and days with their bounds."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from sickbay.cli.sockets import LAST_PORT

Data = Annotated[
    str | None,
    Parameter(
        help="The data folder, or postgresql://user@host/database. Default: the one that the last started server uses, or "
        "~/.local/share/sickbay if none is running."
    ),
]


def _whole_number_between(least: int, most: int | None = None) -> Callable[[Any, Sequence[Any]], int]:
    """A converter for whole numbers: cyclopts rounds 1.5 and has no bounds. `usage_errors` puts the option before the error."""

    def convert(type: Any, tokens: Sequence[Any]) -> int:
        text = tokens[0].value
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            bounds = f"from {least} to {most}" if most is not None else f"of {least} or more"
            raise ValueError(f"must be a whole number {bounds}, not {text}.")
        return number

    return convert


def _convert_share(type: Any, tokens: Sequence[Any]) -> float:
    """A number from 0 to 1. NaN is none, though Python reads it as a float."""
    text = tokens[0].value
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"must be a number from 0 to 1, not {text}.")
    return number


def _convert_day(type: Any, tokens: Sequence[Any]) -> datetime.date:
    """A day within the years that the clock can be set to, since appointments are made for weeks around it."""
    text = tokens[0].value
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = datetime.date.min
    if not 1970 <= day.year < 2200:
        raise ValueError(f"must be a day from 1970 to 2199, such as 2026-03-31, not {text}.")
    return day


Port = Annotated[int, Parameter(converter=_whole_number_between(0, LAST_PORT))]
Count = Annotated[int, Parameter(converter=_whole_number_between(0))]
Some = Annotated[int, Parameter(converter=_whole_number_between(1))]
PortOrNone = Annotated[int | None, Parameter(converter=_whole_number_between(0, LAST_PORT))]
CountOrNone = Annotated[int | None, Parameter(converter=_whole_number_between(0))]
Share = Annotated[float, Parameter(converter=_convert_share)]
ShareOrNone = Annotated[float | None, Parameter(converter=_convert_share)]
DayOrNone = Annotated[datetime.date | None, Parameter(converter=_convert_day)]
SomeOrNone = Annotated[int | None, Parameter(converter=_whole_number_between(1))]
