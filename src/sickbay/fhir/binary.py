"""Binary resources: their content, their security context, and when to return the content itself (R4, Binary)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

from sickbay.fhir.routing import reference_target

EXTENSION = "http://hl7.org/fhir/3.0/StructureDefinition/extension-Binary.securityContext"
"""The extension in `meta` that carries the security context in DSTU2. The element exists since STU3."""
OLD = ("dstu2", "stu3")
_MEDIA = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( ?; ?[\w-]+=(\"[\w. -]*\"|[\w.-]+))*", re.ASCII)
_FAMILY = re.compile(r"(?:application|text)/", re.IGNORECASE)
_AS_RESOURCE = re.compile(r"\b(?:fhir|json|xml)\b", re.IGNORECASE)
OPAQUE = "application/octet-stream"


class Content(NamedTuple):
    type: str
    data: bytes


def is_wanted_raw(accept: str | None, format: str | None) -> bool:
    """Returns whether the client wants the content itself: it requests no FHIR format, or it is a browser loading a page."""
    requested = format or accept or ""
    family = _FAMILY.search(requested)
    names_resource = family is not None and _AS_RESOURCE.search(requested, family.end()) is not None
    return "text/html" in requested or not (names_resource or requested in ("json", "xml"))


def read_content(resource: dict[str, Any]) -> Content:
    """Returns the decoded content. An invalid media type becomes `application/octet-stream`, which clients don't interpret."""
    media_type = resource.get("contentType")
    try:
        data = base64.b64decode(str(resource.get("data", resource.get("content", ""))))
    except binascii.Error:
        data = b""
    return Content(media_type if isinstance(media_type, str) and _MEDIA.fullmatch(media_type) else OPAQUE, data)


def read_security_context(resource: dict[str, Any], base: str) -> tuple[str, str] | None:
    """Returns (type, id) of the resource that controls access, or None if there is none on this server."""
    reference = resource.get("securityContext")
    if reference is None:
        meta = resource.get("meta")
        listed = meta.get("extension") if isinstance(meta, dict) else None
        extensions = [extension for extension in listed if isinstance(extension, dict)] if isinstance(listed, list) else []
        references = (extension.get("valueReference") for extension in extensions if extension.get("url") == EXTENSION)
        reference = next(references, None)
    address = reference.get("reference") if isinstance(reference, dict) else None
    return reference_target(address, base) if isinstance(address, str) else None


def make_binary(version: str, kind: str, data: bytes, context: str | None) -> dict[str, Any]:
    """Returns the Binary for content that was sent as is. context: the X-Security-Context header."""
    name = "content" if version in OLD else "data"
    resource: dict[str, Any] = {"resourceType": "Binary", "contentType": kind, name: base64.b64encode(data).decode()}
    if context is None:
        return resource
    if version == "dstu2":
        return resource | {"meta": {"extension": [{"url": EXTENSION, "valueReference": {"reference": context}}]}}
    return {**resource, "securityContext": {"reference": context}}
