"""Finds error responses in parsed JSON: OAuth errors, problem details, OperationOutcomes and vendors' formats.

Issues that FHIR validators and compilers print in logs and tables are written as members of an OperationOutcome first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sickbay.diagnosis.answers.values import FALSY, REFUSING, ErrorAnswer, oauth_error
from sickbay.diagnosis.lists import LISTS
from sickbay.kernel.late_patterns import compile_late

_ERROR = frozenset(LISTS["members_of_an_error"])
_STATUS = frozenset(LISTS["members_with_a_status"])
_SAID, _SPOKEN = LISTS["members_that_describe_an_error"], frozenset(LISTS["members_with_words"])
_REFUSED = re.compile(rf"\b(?:{'|'.join(LISTS['words_of_a_failure'])})\b", re.I)
_OF_AN_ERROR = frozenset(("error", "errordescription", "erroruri", "errorcodes", "expiresin", "state"))
_FAILED = frozenset(("error", "fail", "failed", "failure", "fatal"))
BAD = ("error", "fatal")
SEARCHED_VALUES = 200_000
"""The maximum number of values that are searched in one document."""


def find_errors(document: Any) -> Iterator[ErrorAnswer | str]:
    """The error responses, and strings that the caller may search too. Members of FHIR resources aren't read as OAuth."""
    waiting: list[tuple[Any, bool]] = [(document, False)]
    for _ in range(SEARCHED_VALUES):
        if not waiting:
            return
        value, fhir = waiting.pop()
        if isinstance(value, Mapping):
            fhir = fhir or isinstance(value.get("resourceType"), str)
            yield from _errors_of_outcome(value)
            yield from _errors_of_bundle(value) if fhir else _errors_of_members(value)
            waiting += [(member, fhir) for member in value.values()]
        elif isinstance(value, list):
            waiting += [(member, fhir) for member in value]
        elif isinstance(value, str) and value and not fhir:
            yield value


def _errors_of_outcome(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    """The issues of an OperationOutcome, even if its resourceType is missing."""
    issues = value.get("issue")
    for issue in issues if isinstance(issues, list) else [issues]:
        if isinstance(issue, Mapping) and (str(issue.get("severity")).lower() in BAD or str(issue.get("code")) in REFUSING):
            details = issue.get("details")
            text = issue.get("diagnostics") or (details.get("text") if isinstance(details, Mapping) else "")
            yield ErrorAnswer("outcome", str(issue.get("code") or ""), str(text or ""))


def _errors_of_bundle(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    """`entry.response.status` of a batch response."""
    response = value.get("response")
    if isinstance(response, Mapping) and (status := _status_text(response.get("status"))):
        yield ErrorAnswer("status", status)


def _errors_of_members(value: Mapping[str, Any]) -> Iterator[ErrorAnswer]:
    plain = {re.sub(r"[^a-z]", "", str(name).lower()): member for name, member in value.items()}
    description = next((str(value[name]) for name in _SAID if isinstance(value.get(name), str)), "")
    for name in _ERROR & plain.keys():
        if _is_set(plain[name]):
            yield _classify_error(plain[name], description)
    if "error" in plain and plain.keys() <= _OF_AN_ERROR and not _is_set(plain["error"]):
        yield ErrorAnswer("message", "", description)
    for name in _STATUS & plain.keys():
        number = plain[name]
        is_status = isinstance(number, int) or name != "code" or bool(_SPOKEN & plain.keys())
        if is_status and "system" not in plain and (status := _status_text(number)):
            yield ErrorAnswer("status", status, description)
    if str(plain.get("status")).lower() in _FAILED and _SPOKEN & plain.keys():
        yield ErrorAnswer("message", "", description)
    says_nothing_else = plain.keys() <= _SPOKEN | {"code", "id", "name", "fields"}
    if says_nothing_else and _REFUSED.search(description):
        yield ErrorAnswer("message", "", description)
    if plain.get("status") == 0 and "statustext" in plain:
        yield ErrorAnswer("no-answer", "0", description)
    if str(plain.get("severity")).lower() in BAD and ("code" in plain or "diagnostics" in plain):
        yield ErrorAnswer("outcome", str(plain.get("code") or ""), str(plain.get("diagnostics") or description))


def _is_set(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_set, value))
    if isinstance(value, Mapping):
        return bool(value)
    return str(value).strip().lower() not in FALSY if value is not None else False


def _classify_error(value: Any, description: str) -> ErrorAnswer:
    """An error code if the value is a single word, otherwise a message."""
    if isinstance(value, str) and value.lower() != "true" and re.fullmatch(r"\w[\w.:-]{0,79}", value.strip()):
        return oauth_error(value.strip(), description)
    return ErrorAnswer("message", "", description or (value if isinstance(value, str) else ""))


def _status_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return ""
    match = re.match(r"\s*(?:HTTP/[\d.]+\s+)?([45]\d\d)(?:\.0+)?(?![\w.])", str(value))
    return match[1] if match else ""


_LEVEL = r"(?P<level>fatal|error|warning|information)"
_PATH = r"(?P<path>(?-i:[A-Z][a-z])\w{2,40}(?:[./:\[][^|\n]{0,250}?)?)"
_ISSUE_TEXT = r"(?P<said>[^\n]{8,900})"
_ISSUES = tuple(
    compile_late(pattern.replace("LEVEL", _LEVEL).replace("PATH", _PATH).replace("SAID", _ISSUE_TEXT), re.I | re.M)
    for pattern in LISTS["patterns_of_an_issue"]
)
_LINE = compile_late(r"^[ \t>`*-]{0,12}(?P<level>fatal|error)(?P<path>):? (?P<said>[A-Z][a-z]{1,30} [^\n]{8,900})", re.M)
"""A line of SUSHI or a validator, which other software prints too."""


def format_as_members(text: str, *, lines: bool = False) -> str:
    """The text with the members of each issue in JSON. lines: also those with only a level before them."""
    for pattern, sign in zip(_ISSUES, "[@|", strict=True):
        text = pattern.sub(_format_members, text) if sign in text else text
    return _LINE.sub(_format_members, text) if lines else text


def _format_members(issue: re.Match[str]) -> str:
    members = {"severity": issue["level"].lower(), "expression": issue["path"], "diagnostics": issue["said"].strip(" `")}
    return ", ".join(f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in members.items() if value)


_SEVERE = compile_late(r"\bseverity\W{1,12}(?:fatal|error)\b", re.I)
_MILDER = compile_late(r"\bseverity\W{1,12}(?:warning|information)\b(?:(?!severity\b|\n\n|\}\s{0,40}\])[\s\S]){0,2000}+", re.I)


def leave_out_milder_issues(text: str) -> str:
    """The text without what issues say that are no errors, if there are errors: those are why a server refuses."""
    members = format_as_members(text)
    return _MILDER.sub(" ", members) if _SEVERE.search(members) else text
