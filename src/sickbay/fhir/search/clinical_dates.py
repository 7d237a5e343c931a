"""The date by which a patient's resources are listed, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sickbay.fhir.dates import BEGINNING
from sickbay.fhir.search.index_values import Dates

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


def clinical_date(readers: DateReaders, resource: dict[str, Any]) -> int | None:
    """Returns the first date in epoch milliseconds. A date without a beginning is skipped."""
    for key, read in readers:
        if key in resource:
            for low, _ in read(resource[key]):
                if low > BEGINNING:
                    return low
    return None
