"""Reading what a history is asked for (R4, 3.1.0.12): _count, _since, _at and the cursor of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sickbay.fhir.dates import span
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.result_parameters import CURSOR, MAXIMUM_COUNT

INTERACTIONS = frozenset(("history-instance", "history-type", "history-system"))
DEFAULT_COUNT = 50
SHAPING = frozenset(("_format", "_pretty"))


class HistoryParams(NamedTuple):
    """since: written at or after (epoch ms). at: current at some time of [low, high). applied: as the self link has them."""

    most: int = DEFAULT_COUNT
    cursor: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None
    applied: tuple[tuple[str, str], ...] = ()


def parse(pairs: Sequence[tuple[str, str]], strict: bool = False) -> HistoryParams | tuple[RequestError, ...]:
    """What was asked, or every fault in it (never an empty tuple). A count that is none is left out, as is the unknown.

    strict: `Prefer: handling=strict` or the tenant's policy: neither is left out.
    """
    asked, faults = HistoryParams(), []
    for name, text in pairs:
        if name == CURSOR:
            asked = asked._replace(cursor=text)
        elif name == "_count" and text.isascii() and text.isdigit() and len(text) < 9:
            asked = asked._replace(most=min(int(text), MAXIMUM_COUNT), applied=(*asked.applied, (name, text)))
        elif name == "_list":  # R4 has it narrow a history; left out, it would show what was not asked for
            faults.append(RequestError("fhir-search-param-unsupported", name, text, "_since, _at and _count"))
        elif name in ("_summary", "_elements"):
            asked = asked._replace(applied=(*asked.applied, (name, text)))
        elif name in ("_since", "_at"):
            found = span(text.replace(" ", "+"))  # a plus sign that nobody encoded arrives as a space
            if found is None or (name == "_since" and "T" not in text):
                faults.append(RequestError("fhir-date-malformed", name, text, _EXPECTED[name]))
                continue
            told = {"since": found[0]} if name == "_since" else {"at": found}
            asked = asked._replace(applied=(*asked.applied, (name, text)), **told)
        elif strict and name == "_count":
            faults.append(RequestError("fhir-search-value-malformed", name, text, "_count=<a whole number>"))
        elif strict and name not in SHAPING:
            faults.append(RequestError("fhir-search-unknown-param", name, text, "_since, _at and _count"))
    return tuple(faults) if faults else asked


_EXPECTED = {"_since": "2026-01-31T10:00:00Z", "_at": "2026-01-31"}
