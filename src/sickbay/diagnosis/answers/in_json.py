"""Finds an error answer in parsed JSON, by its members: OAuth, problem details, OperationOutcome and vendors' forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sickbay.diagnosis.answers.values import FALSY, ErrorAnswer, oauth

_ERROR = frozenset(
    (
        "error",
        "errors",
        "err",
        "errormessage",
        "errormessages",
        "errormsg",
        "errmsg",
        "errordescription",
        "errorsummary",
        "exception",
        "fault",
        "faultstring",
        "errorcode",
        "errorcodes",
        "errordetails",
    )
)
_STATUS = frozenset(
    (
        "status",
        "statuscode",
        "httpstatus",
        "httpstatuscode",
        "httpcode",
        "responsecode",
        "responsestatus",
        "errorcode",
        "errornumber",
        "code",
        "error",
    )
)
_SAID = (
    "error_description",
    "errorDescription",
    "description",
    "message",
    "errorSummary",
    "detail",
    "details",
    "title",
)
_SPOKEN = frozenset(("message", "statusmessage", "description", "detail", "details", "reason", "error", "msg", "title"))
_OF_AN_ERROR = frozenset(("error", "errordescription", "erroruri", "errorcodes", "expiresin", "state"))
_FAILED = frozenset(("error", "fail", "failed", "failure", "fatal"))
BAD = ("error", "fatal")
MOST = 200_000
"""Values looked at in one document."""


def errors(document: Any) -> Iterator[ErrorAnswer | str]:
    """Error answers, and the strings in which a caller may look for more. FHIR resources have no members of OAuth."""
    waiting: list[tuple[Any, bool]] = [(document, False)]
    for _ in range(MOST):
        if not waiting:
            return
        value, fhir = waiting.pop()
        if isinstance(value, Mapping):
            fhir = fhir or isinstance(value.get("resourceType"), str)
            yield from _outcome(value)
            yield from _bundle(value) if fhir else _members(value)
            waiting += [(member, fhir) for member in value.values()]
        elif isinstance(value, list):
            waiting += [(member, fhir) for member in value]
        elif isinstance(value, str) and value and not fhir:
            yield value


def _outcome(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    """Issues of an OperationOutcome, also if its type is missing."""
    issues = value.get("issue")
    for issue in issues if isinstance(issues, list) else [issues]:
        if isinstance(issue, Mapping) and str(issue.get("severity")).lower() in BAD:
            details = issue.get("details")
            text = issue.get("diagnostics") or (details.get("text") if isinstance(details, Mapping) else "")
            yield ErrorAnswer("outcome", str(issue.get("code") or ""), str(text or ""))


def _bundle(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    """`entry.response.status` of a batch response."""
    response = value.get("response")
    if isinstance(response, Mapping) and (status := _status(response.get("status"))):
        yield ErrorAnswer("status", status)


def _members(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    plain = {re.sub(r"[^a-z]", "", str(name).lower()): member for name, member in value.items()}
    said = next((str(value[name]) for name in _SAID if isinstance(value.get(name), str)), "")
    for name in _ERROR & plain.keys():
        if _is_set(plain[name]):
            yield _named(plain[name], said)
    if "error" in plain and plain.keys() <= _OF_AN_ERROR and not _is_set(plain["error"]):
        yield ErrorAnswer("message", "", said)
    for name in _STATUS & plain.keys():
        number = plain[name]
        spoken = isinstance(number, int) or name != "code" or bool(_SPOKEN & plain.keys())
        if spoken and "system" not in plain and (status := _status(number)):
            yield ErrorAnswer("status", status, said)
    if str(plain.get("status")).lower() in _FAILED and _SPOKEN & plain.keys():
        yield ErrorAnswer("message", "", said)
    if plain.get("status") == 0 and "statustext" in plain:
        yield ErrorAnswer("no-answer", "0", said)
    if str(plain.get("severity")).lower() in BAD and ("code" in plain or "diagnostics" in plain):
        yield ErrorAnswer("outcome", str(plain.get("code") or ""), str(plain.get("diagnostics") or said))


def _is_set(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_set, value))
    if isinstance(value, Mapping):
        return bool(value)
    return str(value).strip().lower() not in FALSY if value is not None else False


def _named(value: Any, said: str) -> ErrorAnswer:
    """A code is one word; a sentence is a message."""
    if isinstance(value, str) and value.lower() != "true" and re.fullmatch(r"[\w.:-]{1,80}", value.strip()):
        return oauth(value.strip(), said)
    return ErrorAnswer("message", "", said or (value if isinstance(value, str) else ""))


def _status(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return ""
    match = re.match(r"\s*(?:HTTP/[\d.]+\s+)?([45]\d\d)(?:\.0+)?(?![\w.])", str(value))
    return match[1] if match else ""
