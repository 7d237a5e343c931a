"""Parses the parameters of a history request (R4, 3.1.0.12): _count, _since, _at and the cursor of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sickbay.fhir.dates import is_instant, parse_span
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.result_parameters import CURSOR, MAXIMUM_COUNT

INTERACTIONS = frozenset(("history-instance", "history-type", "history-system"))
DEFAULT_COUNT = 50
SHAPING = frozenset(("_format", "_pretty"))


class HistoryParams(NamedTuple):
    """since: written at or after (epoch ms). at: current at some time in [low, high). applied: parameters for the self link."""

    most: int = DEFAULT_COUNT
    cursor: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None
    applied: tuple[tuple[str, str], ...] = ()


def parse(pairs: Sequence[tuple[str, str]], strict: bool = False) -> HistoryParams | tuple[RequestError, ...]:
    """Returns the parameters, or all errors in them (never an empty tuple). Ignores unknown parameters and an invalid count.

    strict: `Prefer: handling=strict` or the tenant's policy; both are then errors.
    """
    params, errors = HistoryParams(), []
    for name, text in pairs:
        if name == CURSOR:
            params = params._replace(cursor=text)
        elif name == "_count" and text.isascii() and text.isdigit() and len(text) < 9:
            params = params._replace(most=min(int(text), MAXIMUM_COUNT), applied=(*params.applied, (name, text)))
        elif name == "_list":  # in R4 it narrows a history; ignoring it would show versions that the client excluded
            errors.append(RequestError("fhir-search-param-unsupported", name, text, "_since, _at and _count"))
        elif name in ("_summary", "_elements"):
            params = params._replace(applied=(*params.applied, (name, text)))
        elif name in ("_since", "_at"):
            moment = text.replace(" ", "+")  # an unencoded plus sign arrives as a space
            period = parse_span(moment)
            if period is None or (name == "_since" and not is_instant(moment)):
                errors.append(RequestError("fhir-date-malformed", name, text, _EXPECTED[name]))
                continue
            change = {"since": period[0]} if name == "_since" else {"at": period}
            params = params._replace(applied=(*params.applied, (name, text)), **change)
        elif strict and name == "_count":
            errors.append(RequestError("fhir-search-value-malformed", name, text, "_count=<a whole number>"))
        elif strict and name not in SHAPING:
            errors.append(RequestError("fhir-search-unknown-param", name, text, "_since, _at and _count"))
    return tuple(errors) if errors else params


_EXPECTED = {"_since": "2026-01-31T10:00:00Z", "_at": "2026-01-31"}
