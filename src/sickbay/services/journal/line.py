"""The line by which an exchange is found: its status, outcome, request and rules in lower case, without a secret.

    401 refused @access @search get /general/r4/patient?name=… #fhir-token-expired

A filter is compared with it in SQL (`filter_language`), so that finding an exchange among 20,000 reads none of their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.services.journal.outcomes import Outcome, determine_outcome
from sickbay.storage.exchange_filter import ColumnCondition, quote

MAXIMUM_URL_CHARACTERS: Final = 280
MAXIMUM_RULE_CHARACTERS: Final = 160
"""Maximum length of the rules in a line. The whole line must fit into PostgreSQL's limit (`sql_dialect.FITS`)."""
RULE: Final = " #"
"""Precedes each rule. Nothing else in a line contains it."""


WORDS: Final[Mapping[Outcome, str]] = {"passed": "granted", "warning": "failed", "refused": "refused"}
"""Maps an outcome to its name in lines, filters and JSON."""
STAGE: Final = " @"
"""Precedes each stage: the recorded one, and a more exact one."""
STUDENT: Final = " ="
"""Precedes the id of the student to whom the exchange belongs, in class mode. Nothing else in a line contains it."""
KINDS: Final = ("refresh", "backend", "search")
"""Stages that are only in the line, next to the recorded one."""


def reads_of(launch: str) -> tuple[ColumnCondition, ...]:
    """Finds the FHIR requests of a launch that were granted. With one of them, the launch has worked."""
    return ColumnCondition("family", (quote(launch),)), ColumnCondition("line", (f"% {WORDS['passed']}{STAGE}access %",))


def write_line(entry: Mapping[str, Any], kind: str = "") -> str:
    """The line of a recorded exchange. entry: its redacted facts. kind: one of KINDS, or ""."""
    request, status, findings = entry["request"], entry["response"]["status"], entry["findings"]
    ended = "refused" if entry.get("decided") else "granted" if status < 400 else "failed"
    url = request["url"].split("/", 3)[-1][:MAXIMUM_URL_CHARACTERS]
    if " " in url:
        url = url.replace(" ", "+")
    rules = "".join([f"{RULE}{finding['id']}" for finding in findings])[:MAXIMUM_RULE_CHARACTERS] if findings else ""
    words = f"{STAGE}{entry['stage']}{STAGE}{kind}" if kind else f"{STAGE}{entry['stage']}"
    if entry.get("injected"):
        ended, words = WORDS[determine_outcome(entry)], f" injected{words}"
    student = f"{STUDENT}{entry['student']}" if entry.get("student") else ""
    return f"{status} {ended}{words} {request['method'][:16]} /{url}{rules}{student} ".lower()


def condition_for_student(id: str) -> ColumnCondition:
    """The condition that only exchanges of this student meet."""
    return ColumnCondition("line", (f"%{STUDENT}{quote(id)} %",))
