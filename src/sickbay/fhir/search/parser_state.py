"""The state of a search while it is being parsed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.query import DateValue, Filter, Include


class SearchState(Struct):
    """A search while it is being parsed. `fields`: fields of the Query so far."""

    version: str
    type: str
    base: str
    strict: bool
    pairs: Sequence[tuple[str, str]]
    fields: dict[str, Any] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    updated: list[DateValue] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str | None]] = field(default_factory=list)
    doubted: list[tuple[str, str, str]] = field(default_factory=list)
    faults: list[RequestError] = field(default_factory=list)

    @property
    def distance(self) -> str | None:
        """near-distance, which accompanies near before R4."""
        return next((text for name, text in self.pairs if name == "near-distance"), None)
