"""Reads the body of a write, compares it with its URL, validates it, and extracts its index entries."""

from __future__ import annotations

import codecs
from typing import Any, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.media import body_kind
from sickbay.fhir.search.index import extract_entries
from sickbay.fhir.search.index_entries import IndexEntries, report_size
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import reader as xml_reader


class Body(NamedTuple):
    """malformed: why the body isn't a resource of the expected type; the other fields are then empty. id: as sent.

    resource: with the id it will be stored under. problems: validation issues. facts: index entries.
    """

    malformed: str | None
    resource: dict[str, Any]
    id: str | None = None
    problems: tuple[ValidationIssue, ...] = ()
    facts: IndexEntries = IndexEntries()


def read(version: str, type: str, id: str, text: bytes, base: str, content_type: str | None = None) -> Body:
    """Reads the body of a create or update of `type`. id: the id to store it under; "" keeps the id in the body."""
    try:
        document = parse(version, text, content_type)
    except ValueError as error:
        return Body(str(error), {})
    return make_body(version, type, id, document, base)


def parse(version: str, text: bytes, content_type: str | None) -> Any:
    """Parses a body as JSON or XML, depending on its Content-Type. Raises ValueError with a message for the client."""
    kind = "XML" if body_kind(version, content_type) == "xml" else "JSON"
    try:
        if kind == "XML":
            return xml_reader.loads(version, text)
        document = lossless_json.loads(text.removeprefix(codecs.BOM_UTF8))
        duplicate = lossless_json.find_repeated_name(text, document)
    except ValueError as error:
        raise ValueError(f"it isn't valid {kind}: {error}") from None
    if duplicate is not None:
        raise ValueError(f"an object has two members named {duplicate}, and parsers differ in which one they use")
    return document


def make_body(version: str, type: str, id: str, document: Any, base: str) -> Body:
    """Reads a body that is already parsed; otherwise like `read`."""
    if not isinstance(document, dict):
        return Body("it isn't a JSON object", {})
    sent_type = document.get("resourceType")
    if sent_type != type:
        problem = "it has no resourceType" if sent_type is None else f"its resourceType is {sent_type!r}"
        return Body(f"{problem}, but the URL is for {type}", {})
    sent_id = document.get("id")
    whole = {"resourceType": type, "id": None, **document}
    if id or sent_id is not None:
        whole["id"] = id or sent_id
    else:
        del whole["id"]
    is_text = sent_id is None or isinstance(sent_id, str)
    displayed_id = sent_id if is_text else f"{lossless_json.dumps(sent_id).decode()} (not a string)"
    facts = extract_entries(version, whole, base)
    if too_many := report_size(type, facts):
        return Body(None, whole, displayed_id, (ValidationIssue(type, "too-long", too_many),))
    problems = tuple(validate(version, whole, base))
    if "meta" in whole:
        problems += _report_partial_resource(type, whole["meta"])
    return Body(None, whole, displayed_id, problems, facts)


def _report_partial_resource(type: str, meta: Any) -> tuple[ValidationIssue, ...]:
    """Reports a partial resource, because storing it would lose the rest (R4, 3.1.1.5.8)."""
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if not isinstance(tags, list) or not any(isinstance(tag, dict) and tag.get("code") == "SUBSETTED" for tag in tags):
        return ()
    text = f"{type}.meta.tag contains SUBSETTED: this is only part of a resource, and storing it would lose the rest."
    return (ValidationIssue(f"{type}.meta.tag", "business-rule", text),)


def add_version(resource: dict[str, Any], version_id: int, updated: str) -> bytes:
    """Returns the bytes to store, with the server's versionId and lastUpdated; `meta` follows type and id."""
    sent_meta = resource.get("meta")
    meta = {"versionId": str(version_id), "lastUpdated": updated}
    if isinstance(sent_meta, dict):
        meta = {**sent_meta, **meta}
    whole = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": None, **resource}
    whole["meta"] = meta
    return lossless_json.dumps(whole)
