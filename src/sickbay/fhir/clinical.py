"""The date by which a clinician finds a resource: when it happened before when it was written down."""

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
    """Epoch milliseconds of the first date that is there; an open beginning does not count."""
    for key, type in _keys(version, resource["resourceType"]):
        if key in resource:
            for low, _ in index_values.dates(resource[key], type):
                if low > BEGINNING:
                    return low
    return None


@cache
def _keys(version: str, type: str) -> tuple[tuple[str, str], ...]:
    held = children(version, type)
    return tuple((one.key, one.type) for name in _NAMES for one in held.get(name, ()))
