"""Files and folders of the command line: an empty name is none, though a path takes it for the folder one is in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter


def _named(type: Any, tokens: Sequence[Any]) -> Path:
    """A script's variable that was never set gives such a name."""
    if not tokens[0].value:
        raise ValueError("a name is wanted, and this one is empty.")
    return Path(tokens[0].value)


Place = Annotated[Path, Parameter(converter=_named)]
PlaceOrNone = Annotated[Path | None, Parameter(converter=_named)]
