"""Binary: what it holds, whose it is, and when it is asked for as what it holds (R4, Binary)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

from sickbay.fhir.references import target

EXTENSION = "http://hl7.org/fhir/3.0/StructureDefinition/extension-Binary.securityContext"
"""How DSTU2 says it, in the meta: the element came with STU3."""
OLD = ("dstu2", "stu3")
_MEDIA = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( ?; ?[\w-]+=(\"[\w. -]*\"|[\w.-]+))*", re.ASCII)
_AS_RESOURCE = re.compile(r"(application|text)/(.*\b)?(fhir|json|xml)\b", re.IGNORECASE)
OPAQUE = "application/octet-stream"


class Content(NamedTuple):
    type: str
    data: bytes


def is_wanted_raw(accept: str | None, format: str | None) -> bool:
    """Whether it is to come as what it is: unless a format of resources is asked for, and not by a browser for a page."""
    asked = format or accept or ""
    return "text/html" in asked or not (_AS_RESOURCE.search(asked) or asked in ("json", "xml"))


def content(resource: dict[str, Any]) -> Content:
    """A media type that is none becomes one of which nobody makes anything."""
    kind = resource.get("contentType")
    try:
        data = base64.b64decode(str(resource.get("data", resource.get("content", ""))))
    except binascii.Error:
        data = b""
    return Content(kind if isinstance(kind, str) and _MEDIA.fullmatch(kind) else OPAQUE, data)


def context(resource: dict[str, Any], base: str) -> tuple[str, str] | None:
    """(type, id) of the resource that says who may see it; None where it names none here."""
    named = resource.get("securityContext")
    if named is None:
        meta = resource.get("meta")
        held = meta.get("extension") if isinstance(meta, dict) else None
        extensions = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
        found = (one.get("valueReference") for one in extensions if one.get("url") == EXTENSION)
        named = next(found, None)
    text = named.get("reference") if isinstance(named, dict) else None
    return target(text, base) if isinstance(text, str) else None


def wrapped(version: str, kind: str, data: bytes, context: str | None) -> dict[str, Any]:
    """The resource of a body that was sent as what it is; context: X-Security-Context."""
    name = "content" if version in OLD else "data"
    made: dict[str, Any] = {"resourceType": "Binary", "contentType": kind, name: base64.b64encode(data).decode()}
    if context is None:
        return made
    if version == "dstu2":
        return made | {"meta": {"extension": [{"url": EXTENSION, "valueReference": {"reference": context}}]}}
    return {**made, "securityContext": {"reference": context}}
