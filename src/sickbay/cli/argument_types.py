"""Numbers and days of the command line, within their bounds, refused in one sentence wherever they were given."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from cyclopts import Parameter


def _between(least: int, most: int | None = None) -> Callable[[Any, Sequence[Any]], int]:
    """cyclopts itself rounds 1.5 and knows no bounds; what is raised here is said behind the name of the option."""

    def whole(type: Any, tokens: Sequence[Any]) -> int:
        text = tokens[0].value
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            bounds = f"from {least} to {most}" if most is not None else f"of {least} or more"
            raise ValueError(f"a whole number {bounds} is wanted, not {text}.")
        return number

    return whole


def _day(type: Any, tokens: Sequence[Any]) -> datetime.date:
    """The years that the clock can be moved to: around each day appointments of weeks are made."""
    text = tokens[0].value
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = datetime.date.min
    if not 1970 <= day.year < 2200:
        raise ValueError(f"a day from 1970 to 2199, such as 2026-03-31, is wanted, not {text}.")
    return day


Port = Annotated[int, Parameter(converter=_between(0, 65535))]
Count = Annotated[int, Parameter(converter=_between(0))]
Some = Annotated[int, Parameter(converter=_between(1))]
PortOrNone = Annotated[int | None, Parameter(converter=_between(0, 65535))]
CountOrNone = Annotated[int | None, Parameter(converter=_between(0))]
DayOrNone = Annotated[datetime.date | None, Parameter(converter=_day)]
SomeOrNone = Annotated[int | None, Parameter(converter=_between(1))]
