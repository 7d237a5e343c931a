"""Defines the checks of this package, and keeps the names that they have in JSON and in stored exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from sickbay.kernel import checks
from sickbay.kernel.checks import Check, Refusal

R = TypeVar("R")
K = TypeVar("K")
NAMES: dict[str, str] = dict(
    row.split("\t") for row in Path(__file__).with_name("check_names.tsv").read_text("ascii").splitlines()[1:]
)
"""Functions that were renamed -> the names of their checks in JSON, which stay as they were."""
FUNCTIONS = {name: function for function, name in NAMES.items()}
"""The reverse of NAMES."""


def check(
    *, requires: Iterable[str] = (), after: Iterable[Check[Any, Any]] = (), inputs: str = "", applies_to: Iterable[str] = ()
) -> Callable[[Callable[[R, K], Refusal | None]], Check[R, K]]:
    """Does what `kernel.checks.check` does. The check has the name of its function, or the one in NAMES."""
    return checks.check(requires=requires, after=after, inputs=inputs, applies_to=applies_to, names=NAMES)
