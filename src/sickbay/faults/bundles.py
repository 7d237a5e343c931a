"""Searchsets and resources with a fault."""

from __future__ import annotations

from typing import Any

from sickbay.faults.documents import MARK
from sickbay.faults.fault import Fault

NOTE = "An injected fault put this entry here. It isn't a result."
MAXIMUM_DEPTH = 40


def apply_to_resource(fault: Fault, resource: dict[str, Any]) -> dict[str, Any]:
    """Returns the resource with this fault; the same object if the fault doesn't apply."""
    if fault.kind == "missing-references":
        return _break_references(resource, fault.id)
    if resource.get("resourceType") != "Bundle" or resource.get("type") != "searchset":
        return resource
    match fault.kind:
        case "empty-page" if _has_next_link(resource):
            return {name: value for name, value in resource.items() if name != "entry"}
        case "broken-next" if _has_next_link(resource):
            return {**resource, "link": [_break_link(link, fault.id) for link in resource["link"]]}
        case "outcome-entry":
            return {**resource, "entry": [*resource.get("entry", ()), _outcome_entry()]}
        case _:
            return resource


def _has_next_link(bundle: dict[str, Any]) -> bool:
    return any(link.get("relation") == "next" for link in bundle.get("link", ()))


def _break_link(link: dict[str, Any], fault: str) -> dict[str, Any]:
    if link.get("relation") != "next":
        return link
    return {**link, "url": f"{link['url'].partition('?')[0]}?_cursor={MARK}{fault}"}


def _outcome_entry() -> dict[str, Any]:
    issue = {"severity": "warning", "code": "informational", "diagnostics": NOTE}
    return {"resource": {"resourceType": "OperationOutcome", "issue": [issue]}, "search": {"mode": "outcome"}}


def _break_references(resource: dict[str, Any], fault: str) -> dict[str, Any]:
    """Makes every reference, except those to patients, refer to an ID that doesn't exist."""
    changed = _change_values(resource, fault, MAXIMUM_DEPTH)
    assert isinstance(changed, dict)
    return changed


def _change_values(value: Any, fault: str, depth: int) -> Any:
    if depth == 0:
        return value
    if isinstance(value, list):
        return [_change_values(item, fault, depth - 1) for item in value]
    if isinstance(value, dict):
        return {
            name: _break_reference(text, fault) if name == "reference" else _change_values(text, fault, depth - 1)
            for name, text in value.items()
        }
    return value


def _break_reference(reference: Any, fault: str) -> Any:
    if not isinstance(reference, str) or "/" not in reference or reference.startswith(("Patient/", "#", "urn:")):
        return reference
    path, _, _ = reference.rpartition("/")
    return reference if path.rpartition("/")[2] == "Patient" else f"{path}/{MARK}{fault}"
