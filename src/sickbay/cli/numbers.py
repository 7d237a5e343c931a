"""Numbers of the command line: whole ones, within their bounds, refused in one sentence wherever they were given."""

from __future__ import annotations

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


Port = Annotated[int, Parameter(converter=_between(0, 65535))]
Count = Annotated[int, Parameter(converter=_between(0))]
Some = Annotated[int, Parameter(converter=_between(1))]
PortOrNone = Annotated[int | None, Parameter(converter=_between(0, 65535))]
CountOrNone = Annotated[int | None, Parameter(converter=_between(0))]
SomeOrNone = Annotated[int | None, Parameter(converter=_between(1))]
