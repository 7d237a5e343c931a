"""How a parameter is read, found out once by its type and name, and then used for every value.

Most parameters that are sent are plain: a published parameter without a modifier or a chain. Which one it is and whether it is
answered depends on the name alone; only `search_filters.values_of` looks at the value.
"""

from __future__ import annotations

from sickbay.fhir.search.filters import UNANSWERED, is_answered
from sickbay.fhir.search.parameters import find
from sickbay.fhir.search.query import SearchParameter
from sickbay.fhir.search.result_parameters import RESULTS, UNSHAPED
from sickbay.kernel.memoize import memoized

LONGEST = 64
"""Characters of a name that is worth caching."""
_READ_OTHERWISE = frozenset(
    {"_format", "_pretty", "_has", "_list", "_in", "near", "near-distance", *RESULTS, *UNSHAPED, *UNANSWERED}
)


def plain(version: str, type: str, name: str) -> SearchParameter | None:
    """The parameter, if it is read by its values alone; None if it is read step by step (`search._read`)."""
    return _plain(version, type, name) if len(name) <= LONGEST else None


@memoized(4096)
def _plain(version: str, type: str, name: str) -> SearchParameter | None:
    if name in _READ_OTHERWISE or ":" in name or "." in name:
        return None
    parameter = find(version, type, name)
    return parameter if parameter is not None and is_answered(version, parameter) else None
