"""The index entries of a resource, which `fhir.search.index.extract` reads from its body."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Part: TypeAlias = tuple[str | int | float | None, ...]
"""An entry for a component of a composite: its kind, then a row of that kind without the parameter's number."""


class IndexEntries(NamedTuple):
    """Index rows of a resource. `number` is SearchParameter.number for its type. Dates are [low, high) in epoch ms."""

    patients: tuple[str, ...] = ()
    """Ids of the patients whose compartments contain it. A Patient is in its own compartment."""
    named: tuple[str, ...] = ()
    """Ids of the patients in its search parameter `patient`."""
    clinical_date: int | None = None
    """Epoch ms by which a patient's resources are listed, newest first."""
    tokens: tuple[tuple[int, str | None, str], ...] = ()
    references: tuple[tuple[int, str, str], ...] = ()
    """(number, target type, target id) of references that are relative, or absolute on this server's base."""
    dates: tuple[tuple[int, int, int], ...] = ()
    strings: tuple[tuple[int, str, str], ...] = ()
    """(number, folded text of at most 120 characters, original text for :exact)."""
    numbers: tuple[tuple[int, float, float], ...] = ()
    quantities: tuple[tuple[int, str | None, str | None, float, float], ...] = ()
    uris: tuple[tuple[int, str], ...] = ()
    codes: tuple[tuple[str, str | None, str], ...] = ()
    """(parameter code, system, code) that granular scopes may filter by: category, code, clinical-status, …"""
    composites: tuple[tuple[int, tuple[Part, ...]], ...] = ()
    """(number, a row for each component) of a single element."""
    positions: tuple[tuple[int, int, int], ...] = ()
    """(number, latitude, longitude) in microdegrees."""
