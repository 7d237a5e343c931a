"""Makes the URLs of Attachments absolute: files of a bulk export are read away from the server that has them."""

from __future__ import annotations

import re
from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.elements import children

_RELATIVE = re.compile(rb'"url"\s*:\s*"(?![A-Za-z][A-Za-z0-9+.-]*:)')
"""Most bodies have none, and are not parsed."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def with_absolute_attachments(version: str, type: str, body: bytes, base: str) -> bytes:
    """`body`: JSON of a resource. A relative URL is one below the FHIR base (Bulk Data Access 2.0, Attachments)."""
    if not _RELATIVE.search(body):
        return body
    resource = lossless_json.loads(body)
    changed = _walk(version, type, resource, base)
    return lossless_json.dumps(resource) if changed else body


def _walk(version: str, path: str, value: Any, base: str) -> bool:
    """Whether something was changed, in place."""
    if not isinstance(value, dict):
        return False
    changed = False
    listed = children(version, path)
    for key, member in value.items():
        items = member if isinstance(member, list) else [member]
        if key in ("contained", "resource"):
            held = (one for one in items if isinstance(one, dict) and isinstance(one.get("resourceType"), str))
            inside = [_walk(version, one["resourceType"], one, base) for one in held]
            changed = any(inside) or changed
        for child in (one for one in listed.get(key, ()) if one.key == key):
            step = _attachment if child.type == "Attachment" else None
            found = [step(one, base) if step else _walk(version, child.path, one, base) for one in items]
            changed = any(found) or changed
    return changed


def _attachment(value: Any, base: str) -> bool:
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str) or not url or _SCHEME.match(url):
        return False
    origin = "/".join(base.split("/")[:3])
    value["url"] = f"{origin}{url}" if url.startswith("/") else f"{base}/{url}"
    return True
