"""What the index holds of a resource: the facts that `fhir.search.index.extract` reads out of a body."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Part: TypeAlias = tuple[str | int | float | None, ...]
"""What one component of a composite has: its kind, then a row of that kind without the number of the parameter."""


class IndexEntries(NamedTuple):
    """Index rows of one resource; `number`s are SearchParameter.number of its type. Dates are [low, high) epoch ms."""

    patients: tuple[str, ...] = ()
    """Ids of the patients whose compartments hold it (a Patient is in its own)."""
    named: tuple[str, ...] = ()
    """Ids of the patients that its search parameter `patient` names."""
    clinical_date: int | None = None
    """Epoch ms by which a patient's resources are listed, newest first."""
    tokens: tuple[tuple[int, str | None, str], ...] = ()
    references: tuple[tuple[int, str, str], ...] = ()
    """(number, target type, target id): relative, or absolute on this base."""
    dates: tuple[tuple[int, int, int], ...] = ()
    strings: tuple[tuple[int, str, str], ...] = ()
    """(number, folded text of at most 120 characters, the text as it is written, for :exact)."""
    numbers: tuple[tuple[int, float, float], ...] = ()
    quantities: tuple[tuple[int, str | None, str | None, float, float], ...] = ()
    uris: tuple[tuple[int, str], ...] = ()
    codes: tuple[tuple[str, str | None, str], ...] = ()
    """(parameter code, system, code) that granular scopes may filter by: category, code, clinical-status, …"""
    composites: tuple[tuple[int, tuple[Part, ...]], ...] = ()
    """(number, one row for each component), of one element."""
    positions: tuple[tuple[int, int, int], ...] = ()
    """(number, latitude, longitude) in microdegrees."""
