"""Types of arguments that are paths. An empty one is refused, since Path("") is the current folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter


def _parse_path(type: Any, tokens: Sequence[Any]) -> Path:
    """A path. It is empty if a script uses a variable that isn't set."""
    if not tokens[0].value:
        raise ValueError("must be a path, but it is empty.")
    return Path(tokens[0].value)


Place = Annotated[Path, Parameter(converter=_parse_path)]
PlaceOrNone = Annotated[Path | None, Parameter(converter=_parse_path)]
