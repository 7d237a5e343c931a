"""OperationOutcome as bytes: the same shape in every version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

RULES = "urn:sickbay:rule"
"""The code system of the rule ids in issue.details.coding."""

_NEW_IN_R4 = {"deleted": "not-found", "multiple-matches": "processing"}


@dataclass(frozen=True, slots=True)
class Issue:
    """code: of the value set issue-type. rule: id of the catalogue. text: for people. where: FHIRPath or parameter names."""

    code: str
    diagnostics: str
    severity: Literal["fatal", "error", "warning", "information"] = "error"
    rule: str | None = None
    text: str | None = None
    where: tuple[str, ...] = ()


def outcome(version: str, issues: Sequence[Issue]) -> bytes:
    """The OperationOutcome as it goes over the wire. At least one issue."""
    return orjson.dumps(as_dict(version, issues))


def as_dict(version: str, issues: Sequence[Issue]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [_issue(version, one) for one in issues]}


def _issue(version: str, issue: Issue) -> dict[str, Any]:
    code = _NEW_IN_R4.get(issue.code, issue.code) if version in ("dstu2", "stu3") else issue.code
    found: dict[str, Any] = {"severity": issue.severity, "code": code}
    details: dict[str, Any] = {}
    if issue.rule:
        details["coding"] = [{"system": RULES, "code": issue.rule}]
    if issue.text:
        details["text"] = issue.text
    if details:
        found["details"] = details
    found["diagnostics"] = issue.diagnostics
    if issue.where:
        found[_where(version)] = list(issue.where)
    return found


def of_entry(version: str, told: bytes, position: int) -> bytes:
    """An OperationOutcome of a request that is an entry of a Bundle: Patient.name is Bundle.entry[2].resource.name."""
    outcome, place = orjson.loads(told), f"Bundle.entry[{position}]"
    key = _where(version)
    for issue in outcome["issue"]:
        issue["diagnostics"] = f"{place}: {issue['diagnostics']}"
        parts = [one.partition(".")[2] for one in issue.get(key, ())]
        issue[key] = [f"{place}.resource.{one}" if one else f"{place}.resource" for one in parts] or [place]
    return orjson.dumps(outcome)


def _where(version: str) -> str:
    """DSTU2 has no other place for it."""
    return "location" if version == "dstu2" else "expression"
