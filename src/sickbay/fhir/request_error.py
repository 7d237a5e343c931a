"""An error in a FHIR request, as a value that a rule explains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestError:
    """rule: its id in the catalogue. parameter: as sent. value: the invalid part. expected: an example of a valid value."""

    rule: str
    parameter: str
    value: str
    expected: str
