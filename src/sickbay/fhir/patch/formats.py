"""The three kinds of patch, told apart by what was sent: JSON Patch, FHIRPath Patch, and JSON Merge Patch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from sickbay.fhir.body import parsed
from sickbay.fhir.patch import fhirpath_patch, json_patch
from sickbay.fhir.patch.json_patch import PatchFailed

Change: TypeAlias = Callable[[dict[str, Any]], Any]
"""The patched resource; the one given stays as it is. Raises PatchFailed."""
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
MERGED = (MERGE_PATCH, "application/json")
"""A merge patch is taken as what it is, or as plain JSON; as FHIR's own type it would be half a resource."""


def _unchanged(resource: dict[str, Any]) -> Any:
    return resource


NOTHING: Change = _unchanged
"""An empty patch: no operations, or no members to merge."""


def read(version: str, text: str, content_type: str | None) -> Change:
    """Raises PatchFailed."""
    found = _read(version, text, content_type)
    if isinstance(found, list):
        return partial(json_patch.apply, operations=found) if found else NOTHING
    if found.get("resourceType") == "Parameters":
        operations = fhirpath_patch.read(found)
        return partial(fhirpath_patch.apply, version, operations=operations) if operations else NOTHING
    return partial(_merge, change=found) if found else NOTHING


def reads(version: str, text: str, content_type: str | None) -> str | None:
    """Which operation of a patch uses or compares what is there, such as `operation 0, test`; None if none does.

    Add, insert, replace, remove and delete at a plain path don't, nor does a merge patch. Raises PatchFailed.
    """
    found = _read(version, text, content_type)
    if isinstance(found, list):
        return json_patch.reads(found)
    return fhirpath_patch.reads(fhirpath_patch.read(found)) if found.get("resourceType") == "Parameters" else None


def _read(version: str, text: str, content_type: str | None) -> list[Any] | dict[str, Any]:
    """The operations of a JSON Patch, Parameters, or what is to be merged."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == JSON_PATCH or (kind != MERGE_PATCH and text.lstrip()[:1] == "["):
        return json_patch.read(text)
    try:
        found = parsed(version, text.encode(), "application/json" if kind == MERGE_PATCH else content_type)
    except ValueError as error:
        raise PatchFailed(str(error)) from None
    if not isinstance(found, dict) or (found.get("resourceType") != "Parameters" and kind not in MERGED):
        raise PatchFailed("it is neither a list of operations nor Parameters")
    return found


def _merge(resource: dict[str, Any], change: dict[str, Any]) -> Any:
    """RFC 7396. What the server keeps is not merged; who sends another type or id means another resource."""
    for name in ("resourceType", "id"):
        if change.get(name, resource.get(name)) != resource.get(name):
            raise PatchFailed(f"it has another {name} than the resource")
    return _merged(resource, change)


def _merged(value: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    kept = dict(value) if isinstance(value, dict) else {}
    for name, held in change.items():
        if held is None:
            kept.pop(name, None)
        else:
            kept[name] = _merged(kept.get(name), held)
    return kept
