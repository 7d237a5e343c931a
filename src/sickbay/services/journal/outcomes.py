"""How a recorded exchange ended, from its JSON, and the line by which the exchange is found: its status, outcome, request and
rules in lower case, without a secret.

    401 refused @access @search get /general/r4/patient?name=… #fhir-token-expired

A filter is compared with it in SQL (`filter_language`), so that finding an exchange among 20,000 reads none of their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from sickbay.diagnosis.stages import find_stage
from sickbay.faults.kinds import list_kinds
from sickbay.protocol.parameters import parse
from sickbay.storage.exchange_filter import ColumnCondition, escape_wildcards

Outcome: TypeAlias = Literal["refused", "warning", "passed"]
"""warning: it failed, but no check refused it, such as a record that doesn't exist."""


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


def get_status(exchange: Mapping[str, Any]) -> int:
    """The HTTP status of the response; 200 if the exchange has none."""
    return int((exchange.get("response") or {}).get("status") or 200)


def get_location(exchange: Mapping[str, Any]) -> str:
    """Returns the URL that the response redirects to; "" if it doesn't redirect."""
    headers = (exchange.get("response") or {}).get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == "location"), "")


def determine_outcome(exchange: Mapping[str, Any]) -> Outcome:
    """Determines the outcome. A redirect with an error is a refusal, although its status is 302. A preflight alone is a
    failure."""
    if exchange.get("decided") or any(finding["severity"] == "error" for finding in exchange.get("findings") or ()):
        return "refused"
    is_error = get_status(exchange) >= 400 or "error" in parse(urlsplit(get_location(exchange)).query)
    return "warning" if is_error or is_lonely_preflight(exchange) else "passed"


def is_lonely_preflight(exchange: Mapping[str, Any]) -> bool:
    """Whether it is a preflight that probably belongs to a launch. One whose request arrived isn't shown there."""
    return exchange.get("stage") == "browser" and bool(exchange.get("evidence"))


def describe_problem(exchange: Mapping[str, Any]) -> str:
    """Returns why an exchange was refused or failed, without a full stop; "" if it passed."""
    if fault := describe_injected_fault(exchange):
        return f"Injected fault: {fault[:1].lower()}{fault[1:]}"
    errors = [str(finding["title"]) for finding in exchange.get("findings") or () if finding["severity"] == "error"]
    if errors:
        return errors[0]
    if is_lonely_preflight(exchange):
        return "The browser asked whether it may send a request; the request itself isn’t recorded"
    return "" if determine_outcome(exchange) == "passed" else f"Status {get_status(exchange)}"


def describe_injected_fault(exchange: Mapping[str, Any]) -> str:
    """The fault that was injected into this exchange; "" if none was."""
    fault = exchange.get("injected")
    kind = list_kinds().get(fault["kind"]) if fault else None
    return kind.title if kind else ""


def stage_of(exchange: Mapping[str, Any]) -> str:
    """Returns the stage of the launch's step. A refresh or a request with a wrong secret is a token request."""
    name = str(exchange.get("stage"))
    return find_stage(name).part_of or name


def was_sent_to_app(exchange: Mapping[str, Any]) -> bool:
    """Whether the response redirected the browser to another server, not to a page of ours."""
    own, target = urlsplit(str((exchange.get("request") or {}).get("url", ""))).netloc, urlsplit(get_location(exchange))
    return target.scheme not in ("", "http", "https") or target.netloc not in ("", own)


def reads_of(launch: str) -> tuple[ColumnCondition, ...]:
    """Finds the FHIR requests of a launch that were granted. With one of them, the launch has worked."""
    return ColumnCondition("family", (escape_wildcards(launch),)), ColumnCondition(
        "line", (f"% {WORDS['passed']}{STAGE}access %",)
    )


def format_line(entry: Mapping[str, Any], kind: str = "") -> str:
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
    return ColumnCondition("line", (f"%{STUDENT}{escape_wildcards(id)} %",))
