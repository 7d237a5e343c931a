"""Caches how a search parameter is read, by type and name.

Most requests use a published parameter without a modifier or a chain. Which parameter that is, and whether the server supports
it, depends only on the name; only `search.filters.values_of` looks at the value.
"""

from __future__ import annotations

from sickbay.fhir.search.filters import UNANSWERED, is_answered
from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.query import SearchParameter
from sickbay.fhir.search.result_parameters import RESULTS, UNSHAPED
from sickbay.kernel.memoize import memoized

LONGEST = 64
"""Longest parameter name that is cached, in characters."""
_READ_OTHERWISE = frozenset(
    {"_format", "_pretty", "_has", "_list", "_in", "near", "near-distance", *RESULTS, *UNSHAPED, *UNANSWERED}
)


def plain(version: str, type: str, name: str) -> SearchParameter | None:
    """Returns the parameter if only its values need to be read; None if it needs the full parser (`search.parser`)."""
    return _plain(version, type, name) if len(name) <= LONGEST else None


@memoized(4096)
def _plain(version: str, type: str, name: str) -> SearchParameter | None:
    if name in _READ_OTHERWISE or ":" in name or "." in name:
        return None
    parameter = find(version, type, name)
    return parameter if parameter is not None and is_answered(version, parameter) else None
