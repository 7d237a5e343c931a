"""Detects the format of a patch and reads it: JSON Patch, FHIRPath Patch or JSON Merge Patch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from sickbay.fhir.body import parse
from sickbay.fhir.patch import fhirpath_patch, json_patch
from sickbay.fhir.patch.json_patch import PatchFailed

Change: TypeAlias = Callable[[dict[str, Any]], Any]
"""Returns the patched resource without changing the original. Raises PatchFailed."""
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
MERGED = (MERGE_PATCH, "application/json")
"""Media types of a merge patch: its own, or plain JSON. With FHIR's own media type it would be an incomplete resource."""


def _keep_unchanged(resource: dict[str, Any]) -> Any:
    return resource


NOTHING: Change = _keep_unchanged
"""An empty patch, without operations or members."""


def read(version: str, text: str, content_type: str | None) -> Change:
    """Returns the patch as a function. Raises PatchFailed."""
    document = _read_operations(version, text, content_type)
    if isinstance(document, list):
        return partial(json_patch.apply, operations=document) if document else NOTHING
    if document.get("resourceType") == "Parameters":
        operations = fhirpath_patch.read(document)
        return partial(fhirpath_patch.apply, version, operations=operations) if operations else NOTHING
    return partial(_apply_merge_patch, change=document) if document else NOTHING


def find_read_path(version: str, text: str, content_type: str | None) -> str | None:
    """Returns the first operation that uses or compares existing values, such as `operation 0, test`; None if none does.

    Add, insert, replace, remove and delete at a plain path don't, and neither does a merge patch. Raises PatchFailed.
    """
    document = _read_operations(version, text, content_type)
    if isinstance(document, list):
        return json_patch.find_read_path(document)
    return (
        fhirpath_patch.find_read_path(fhirpath_patch.read(document)) if document.get("resourceType") == "Parameters" else None
    )


def _read_operations(version: str, text: str, content_type: str | None) -> list[Any] | dict[str, Any]:
    """Returns the operations of a JSON Patch, a Parameters resource, or a merge patch."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == JSON_PATCH or (kind != MERGE_PATCH and text.lstrip()[:1] == "["):
        return json_patch.read(text)
    try:
        document = parse(version, text.encode(), "application/json" if kind == MERGE_PATCH else content_type)
    except ValueError as error:
        raise PatchFailed(str(error)) from None
    if not isinstance(document, dict) or (document.get("resourceType") != "Parameters" and kind not in MERGED):
        raise PatchFailed("it must be a list of operations or a Parameters resource")
    return document


def _apply_merge_patch(resource: dict[str, Any], change: dict[str, Any]) -> Any:
    """Applies a merge patch (RFC 7396). A different type or id would be a different resource, so it is an error."""
    for name in ("resourceType", "id"):
        if change.get(name, resource.get(name)) != resource.get(name):
            raise PatchFailed(f"its {name} differs from the resource's")
    return _merge_value(resource, change)


def _merge_value(value: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    result = dict(value) if isinstance(value, dict) else {}
    for name, member in change.items():
        if member is None:
            result.pop(name, None)
        else:
            result[name] = _merge_value(result.get(name), member)
    return result
