"""The state of a search while it is being parsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.query import DateValue, Filter, Include


@dataclass(slots=True)
class SearchState:
    """A search while it is being parsed. `fields`: fields of the Query so far."""

    version: str
    type: str
    base: str
    strict: bool
    fields: dict[str, Any] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    updated: list[DateValue] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str | None]] = field(default_factory=list)
    doubted: list[tuple[str, str, str]] = field(default_factory=list)
    faults: list[RequestError] = field(default_factory=list)
    distance: str | None = None
    """near-distance, which accompanies near before R4."""
