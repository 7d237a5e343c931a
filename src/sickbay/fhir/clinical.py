"""Finds a resource's clinical date. When an event happened is preferred over when it was recorded."""

from __future__ import annotations

from functools import cache
from typing import Any

from sickbay.fhir.dates import BEGINNING
from sickbay.fhir.elements import children
from sickbay.fhir.search import index_values

_NAMES = (
    "effective",
    "performed",
    "occurrence",
    "start",
    "period",
    "actualPeriod",
    "onset",
    "applies",
    "whenPrepared",
    "whenHandedOver",
    "dateTime",
    "authoredOn",
    "dateWritten",
    "recordedDate",
    "dateRecorded",
    "assertedDate",
    "dateAsserted",
    "started",
    "date",
    "issued",
    "ordered",
    "orderedOn",
    "created",
    "sent",
    "recorded",
    "authored",
    "timestamp",
    "servicedPeriod",
    "billablePeriod",
    "birthDate",
)


def clinical_date(version: str, resource: dict[str, Any]) -> int | None:
    """Returns the first date in epoch milliseconds. A date without a beginning is skipped."""
    for key, type in _keys(version, resource["resourceType"]):
        if key in resource:
            for low, _ in index_values.dates(resource[key], type):
                if low > BEGINNING:
                    return low
    return None


@cache
def _keys(version: str, type: str) -> tuple[tuple[str, str], ...]:
    elements = children(version, type)
    return tuple((child.key, child.type) for name in _NAMES for child in elements.get(name, ()))
