"""Phrases that show an HTTP status or the code of an OperationOutcome's issue, in the forms that people paste."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

_BEFORE = (
    *(
        "http",
        "http/1.0",
        "http/1.1",
        "http/2",
        "http/2.0",
        "error",
        "error:",
        "status of",
        "status",
        "status:",
        "status=",
        "status =",
    ),
    *("status code", "status code:", "statuscode:", '"status":', '"statuscode":', "error code", "error code:", "httperror"),
)
_AFTER = ("error", "client error", "server error", "response", "status")
_VERBS = (
    *("get", "getting", "got", "returns", "returned", "returning", "with", "a", "gives", "gave", "responds", "responded"),
    *("receive", "receives", "received", "receiving", "throws", "answers"),
)


def status_phrases(status: int) -> tuple[str, ...]:
    """For 401: "http 401", "401 unauthorized", "returns 401." and others. A bare number would also match identifiers."""
    reason = HTTPStatus(status).phrase.lower()
    reasons = tuple(form.format(reason) for form in (" {}", " ({})", ": {}", " - {}", ", {}", " `{}`", " '{}'"))
    members = tuple(f'"code":{blank}{status}{end}' for blank in ("", " ") for end in (",", "}", " }"))
    verbs = tuple(f"{verb} {status}{end}" for verb in _VERBS for end in (" ", ".", ",", ":"))
    before = tuple(f"{word} {status}" for word in _BEFORE)
    after = tuple(f"{status} {word}" for word in _AFTER)
    return (*before, *after, *(f"{status}{form}" for form in reasons), *members, *verbs)


def issue_phrases(code: str) -> tuple[str, ...]:
    """The code of an issue in JSON, in JavaScript's notation and in XML."""
    return (f'"code": "{code}"', f'"code":"{code}"', f'"code" : "{code}"', f"code: '{code}'", f'code value="{code}"')


def wordings(names: Iterable[str], endings: Iterable[str], beginnings: Iterable[str] = ()) -> tuple[str, ...]:
    """Every name with every ending ("redirect uri is not allowed") and every beginning ("invalid redirect uri")."""
    names, endings = tuple(names), tuple(endings)
    after = tuple(f"{name} {ending}" for name in names for ending in endings)
    return (*after, *(f"{beginning} {name}" for beginning in beginnings for name in names))
