"""Makes the URLs of Attachments absolute, because a bulk export's files are read away from the server that serves them."""

from __future__ import annotations

import re
from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.elements import list_children

_RELATIVE = re.compile(rb'"url"\s*:\s*"(?![A-Za-z][A-Za-z0-9+.-]*:)')
"""Matches a relative URL. Bodies without one aren't parsed."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def make_attachments_absolute(version: str, type: str, body: bytes, base: str) -> bytes:
    """Returns `body`, the JSON of a resource, with each relative URL resolved against the FHIR base.

    See Bulk Data Access 2.0, Attachments.
    """
    if not _RELATIVE.search(body):
        return body
    resource = lossless_json.loads(body)
    changed = _walk(version, type, resource, base)
    return lossless_json.dumps(resource) if changed else body


def _walk(version: str, path: str, value: Any, base: str) -> bool:
    """Makes the URLs below `value` absolute in place. Returns whether any changed."""
    if not isinstance(value, dict):
        return False
    changed = False
    elements = list_children(version, path)
    for key, member in value.items():
        items = member if isinstance(member, list) else [member]
        if key in ("contained", "resource"):
            resources = (item for item in items if isinstance(item, dict) and isinstance(item.get("resourceType"), str))
            results = [_walk(version, resource["resourceType"], resource, base) for resource in resources]
            changed = any(results) or changed
        for child in (child for child in elements.get(key, ()) if child.key == key):
            convert = _make_absolute if child.type == "Attachment" else None
            results = [convert(item, base) if convert else _walk(version, child.path, item, base) for item in items]
            changed = any(results) or changed
    return changed


def _make_absolute(value: Any, base: str) -> bool:
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str) or not url or _SCHEME.match(url):
        return False
    origin = "/".join(base.split("/")[:3])
    value["url"] = f"{origin}{url}" if url.startswith("/") else f"{base}/{url}"
    return True
