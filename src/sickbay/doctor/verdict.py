"""Sums up a diagnosis in one word, and chooses what the first screen shows.

The exit code of the command, its JSON and the page all follow from the word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.kernel.english import count, join


class Verdict(StrEnum):
    """The values are in the JSON of `sickbay doctor --json`. The worst comes first."""

    ERROR = "error"
    """The text contains an error response."""
    REFUSED = "refused"
    """A server would refuse the request."""
    DOUBTFUL = "doubtful"
    """Nothing would be refused for certain, but something is wrong."""
    UNKNOWN = "unknown"
    """Nothing in the text was recognised, or it describes a problem that isn't understood."""
    FINE = "fine"
    """The request or response was examined, and there is no reason to refuse it."""
    UNEXAMINED = "unexamined"
    """The text was read, but nothing in it can be examined."""

    @property
    def exit_code(self) -> int:
        """1 if something is wrong, 2 if that can't be determined, otherwise 0."""
        return 2 if self is Verdict.UNKNOWN else int(self in (Verdict.ERROR, Verdict.REFUSED, Verdict.DOUBTFUL))


def decide(severities: Iterable[str], *, has_error: bool, is_examined: bool, is_understood: bool = True) -> Verdict:
    """severities: those of all findings. has_error: the text contains an error response.

    is_examined: at least one request or response in the text was examined.
    is_understood: the text mentions no problem other than what was recognised.
    """
    found = frozenset(severities)
    if has_error:
        return Verdict.ERROR
    if "error" in found:
        return Verdict.REFUSED
    if "warning" in found:
        return Verdict.DOUBTFUL
    if not is_understood:
        return Verdict.UNKNOWN
    return Verdict.FINE if is_examined else Verdict.UNEXAMINED


def find_worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several texts or exchanges together."""
    return min(verdicts, key=list(Verdict).index, default=Verdict.UNEXAMINED)


LABELS = {"most likely": "Most likely: ", "likely": "Likely: ", "possible": "Possible cause: "}
"""The beginning of a finding that isn't proven, by the confidence of its cause."""


class Summary(NamedTuple):
    """finding: the first one. cause: the likely cause that it names, or, without findings, what to compare first.

    known: the first causes, if the finding names none of them. rest: what isn't shown, in words; "" if everything is.
    """

    finding: Mapping[str, Any] | None
    cause: Mapping[str, str] | None
    known: Sequence[Mapping[str, str]]
    rest: str


KNOWN, KNOWN_CAUSES = "Causes that Sickbay knows for it", 3


def summarize_findings(findings: Sequence[Mapping[str, Any]], causes: Sequence[Mapping[str, str]]) -> Summary:
    """findings, causes: as JSON, in their order."""
    first = findings[0] if findings else None
    cause = next((cause for cause in causes if first is None or cause["title"] == first["title"]), None)
    known = causes[:KNOWN_CAUSES] if first is not None and first["id"] == UNEXPLAINED else ()
    return Summary(first, cause, known, _other_findings(findings[1:], len(causes) - (len(known) or cause is not None)))


def _other_findings(findings: Sequence[Mapping[str, Any]], causes: int) -> str:
    advice = sum(finding["severity"] == "info" for finding in findings)
    counted = (
        (len(findings) - advice, "problem", "problems"),
        (advice, "piece of advice", "pieces of advice"),
        (causes, "possible cause", "possible causes"),
    )
    parts = [count(number, singular, plural) for number, singular, plural in counted if number]
    return join(parts) if parts else ""
