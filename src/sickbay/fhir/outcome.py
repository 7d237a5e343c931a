"""Builds OperationOutcomes as bytes, in the same shape for all versions, and reads their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson
from msgspec import Struct

RULES = "urn:sickbay:rule"
"""The code system for rule ids in issue.details.coding."""

_NEW_IN_R4 = {"deleted": "not-found", "multiple-matches": "processing"}


class Issue(Struct, frozen=True):
    """code: from the value set issue-type. rule: its id in the catalogue. text: for people. where: FHIRPath or parameters."""

    code: str
    diagnostics: str
    severity: Literal["fatal", "error", "warning", "information"] = "error"
    rule: str | None = None
    text: str | None = None
    where: tuple[str, ...] = ()


def make_outcome(version: str, issues: Sequence[Issue]) -> bytes:
    """Returns the OperationOutcome as it is sent. Needs at least one issue."""
    return orjson.dumps(build_outcome(version, issues))


def build_outcome(version: str, issues: Sequence[Issue]) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [_encode_issue(version, issue) for issue in issues]}


def _encode_issue(version: str, issue: Issue) -> dict[str, Any]:
    code = _NEW_IN_R4.get(issue.code, issue.code) if version in ("dstu2", "stu3") else issue.code
    entry: dict[str, Any] = {"severity": issue.severity, "code": code}
    details: dict[str, Any] = {}
    if issue.rule:
        details["coding"] = [{"system": RULES, "code": issue.rule}]
    if issue.text:
        details["text"] = issue.text
    if details:
        entry["details"] = details
    entry["diagnostics"] = issue.diagnostics
    if issue.where:
        entry[_location_member(version)] = list(issue.where)
    return entry


def add_entry_position(version: str, body: bytes, position: int) -> bytes:
    """Rewrites the OperationOutcome of a Bundle entry: `Patient.name` becomes `Bundle.entry[2].resource.name`."""
    outcome, place = orjson.loads(body), f"Bundle.entry[{position}]"
    key = _location_member(version)
    for issue in outcome["issue"]:
        issue["diagnostics"] = f"{place}: {issue['diagnostics']}"
        paths = [expression.partition(".")[2] for expression in issue.get(key, ())]
        issue[key] = [f"{place}.resource.{path}" if path else f"{place}.resource" for path in paths] or [place]
    return orjson.dumps(outcome)


def _location_member(version: str) -> str:
    """Returns the member that locates an issue. DSTU2 has only `location`."""
    return "location" if version == "dstu2" else "expression"


def texts_of(resource: Mapping[str, Any]) -> list[str]:
    """Returns what an OperationOutcome says, issue by issue; nothing for another resource."""
    issues = resource.get("issue") if resource.get("resourceType") == "OperationOutcome" else None
    texts = (issue.get("diagnostics") for issue in issues or () if isinstance(issue, dict))
    return [text for text in texts if isinstance(text, str)]
