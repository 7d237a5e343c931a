"""Chooses what the first screen shows: one finding with its check and remedy. The rest is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.kernel.english import count, join


class Summary(NamedTuple):
    """finding: the first one. cause: the likely cause that it names, or, without findings, what to compare first.

    rest: what isn't shown, in words; "" if everything is.
    """

    finding: Mapping[str, Any] | None
    cause: Mapping[str, str] | None
    rest: str


def summarize(findings: Sequence[Mapping[str, Any]], causes: Sequence[Mapping[str, str]]) -> Summary:
    """findings, causes: as JSON, in their order."""
    first = findings[0] if findings else None
    cause = next((cause for cause in causes if first is None or cause["title"] == first["title"]), None)
    return Summary(first, cause, _rest(findings[1:], len(causes) - (cause is not None)))


def _rest(findings: Sequence[Mapping[str, Any]], causes: int) -> str:
    advice = sum(finding["severity"] == "info" for finding in findings)
    counted = (
        (len(findings) - advice, "problem", "problems"),
        (advice, "piece of advice", "pieces of advice"),
        (causes, "possible cause", "possible causes"),
    )
    parts = [count(number, singular, plural) for number, singular, plural in counted if number]
    return join(parts) if parts else ""
