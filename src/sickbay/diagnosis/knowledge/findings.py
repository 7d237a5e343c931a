"""Turns known errors into findings and into an ordered list of likely causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.knowledge import fill, match, table
from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError
from sickbay.diagnosis.knowledge.plain_text import plain
from sickbay.diagnosis.knowledge.recognise import recognised_servers
from sickbay.diagnosis.likely_cause import LikelyCause
from sickbay.diagnosis.rule import Finding, Severity, Spec

RANKS = ("most likely", "likely", "possible")
"""How likely a cause is, by its place in the list."""
BASES: dict[Confidence, str] = {"documented": "Documented", "observed": "Reported by users", "inferred": "Inferred"}


def known_errors(text: str, answers: Sequence[ErrorAnswer], sent: Mapping[str, str] = MappingProxyType({})) -> list[KnownError]:
    """The known errors that a paste shows, with values from it, the most specific first.

    sent: the parameters of the requests in the paste, with `aud` as `audience`.
    """
    lowered = plain(text)
    seen = match.Recognised(lowered, recognised_servers(lowered), frozenset(answer.code for answer in answers if answer.code))
    return [fill.filled(entry, text, sent) for entry in match.matching(seen, table.entries())]


def finding(entry: KnownError, severity: Severity) -> Finding:
    source = Spec(f"{BASES[entry.confidence]}: {urlsplit(entry.source).netloc}", entry.source)
    place = f" You find it under {entry.where.removesuffix('.')}." if entry.where else ""
    fix = f"{entry.causes[0].remedy}{place}" if entry.causes else place.strip()
    return Finding(entry.id, severity, entry.title, entry.why, fix, source, "probable", {}, refused=severity == "error")


def likely_causes(causes: Iterable[Cause]) -> tuple[LikelyCause, ...]:
    """The causes in order, each once."""
    return tuple(_ranked(index, cause) for index, cause in enumerate(dict.fromkeys(causes)))


def _ranked(index: int, cause: Cause) -> LikelyCause:
    return LikelyCause(cause.cause, cause.sign, cause.remedy, RANKS[min(index, len(RANKS) - 1)])
