"""What is wrong with a FHIR request, as a value that a rule explains; `rule` is an id of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestError:
    """rule: fhir-date-malformed, …  parameter: as it was sent. value: the part that is wrong. expected: how it is right."""

    rule: str
    parameter: str
    value: str
    expected: str
