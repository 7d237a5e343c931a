"""The index entries of a resource, which `fhir.search.index.extract` reads from its body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from sickbay.fhir.dates import BEGINNING
from sickbay.fhir.search.index_values import Dates

MAXIMUM_ROWS: Final = 200_000
"""Maximum number of a resource's rows. A Group of 8 MB has 170,000 members, and so many rows."""

Part: TypeAlias = tuple[str | int | float | None, ...]
"""An entry for a component of a composite: its kind, then a row of that kind without the parameter's number."""


DateReaders: TypeAlias = tuple[tuple[str, Callable[[Any], Dates]], ...]
"""The elements of a type that may contain the date, the best first, each with the function that reads it."""

CLINICAL_DATES = tuple(
    """
    effective performed occurrence start period actualPeriod onset applies whenPrepared whenHandedOver dateTime authoredOn
    dateWritten recordedDate dateRecorded assertedDate dateAsserted started date issued ordered orderedOn created sent
    recorded authored timestamp servicedPeriod billablePeriod birthDate
    """.split()
)
"""Elements with a resource's clinical date. When an event happened is preferred over when it was recorded."""


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

    def count_rows(self) -> int:
        """Counts the rows of all tables, also those with each code of each patient."""
        patients = {*self.patients, *(id for _, type, id in self.references if type == "Patient")}
        coded: tuple[tuple[object, ...], ...] = (self.tokens, self.codes, self.quantities, self.composites)
        plain: tuple[tuple[object, ...], ...] = (
            self.references,
            self.dates,
            self.strings,
            self.numbers,
            self.uris,
            self.positions,
        )
        return sum(map(len, coded + plain)) + len(patients) * (1 + len(self.codes))


def report_size(type: str, entries: IndexEntries) -> str:
    """Returns why a resource has too much that searches can find; "" if it hasn't."""
    count = entries.count_rows()
    if count <= MAXIMUM_ROWS:
        return ""
    return f"This {type} needs {count:,} entries in the search index, and {MAXIMUM_ROWS:,} are allowed. Split it into several."


def clinical_date(readers: DateReaders, resource: dict[str, Any]) -> int | None:
    """Returns the date to list the resource by, in epoch milliseconds. A date without a beginning is skipped."""
    for key, read in readers:
        if key in resource:
            for low, _ in read(resource[key]):
                if low > BEGINNING:
                    return low
    return None
