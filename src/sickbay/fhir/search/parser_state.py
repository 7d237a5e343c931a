"""The state of a search while it is being parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import nearest_of
from sickbay.fhir.search.query import DateValue, Filter, Include
from sickbay.fhir.search.suggestions import find_nearest

SUGGESTED = 8
"""Maximum number of unknown names in a request that are compared with known names."""


class SearchState(Struct):
    """A search while it is being parsed. `fields`: fields of the Query so far. suggestions: number of suggestions left."""

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
    suggestions: int = SUGGESTED

    def find_nearest(self, type: str, name: str) -> str | None:
        """Returns the search parameter that was probably meant, if any suggestions are left."""
        return find_nearest(self.version, type, name) if self._may_suggest() else None

    def nearest_of(self, name: str, known: Callable[[], Iterable[str]]) -> str | None:
        """Returns the known name that was probably meant, if any suggestions are left. known: called only in that case."""
        return nearest_of(name, known()) if self._may_suggest() else None

    def _may_suggest(self) -> bool:
        self.suggestions -= 1
        return self.suggestions >= 0

    @property
    def distance(self) -> str | None:
        """Returns near-distance, which accompanies near before R4."""
        return next((text for name, text in self.pairs if name == "near-distance"), None)
