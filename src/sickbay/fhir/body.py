"""The body of a write: read, held against its address, validated, and its facts taken out for the index."""

from __future__ import annotations

import codecs
from typing import Any, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.media import body_kind
from sickbay.fhir.search.index import extract
from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import reader as xml_reader


class Body(NamedTuple):
    """malformed: why it is no resource of that type; then there is nothing else. id: the one it was sent with.

    resource: with the id that it will have. problems: what is wrong with it. facts: what the index will hold.
    """

    malformed: str | None
    resource: dict[str, Any]
    id: str | None = None
    problems: tuple[ValidationIssue, ...] = ()
    facts: IndexEntries = IndexEntries()


def read(version: str, type: str, id: str, text: bytes, base: str, content_type: str | None = None) -> Body:
    """The body of a create or update of `type`. id: which it is to have; "" keeps the one it came with."""
    try:
        found = parsed(version, text, content_type)
    except ValueError as error:
        return Body(str(error), {})
    return of(version, type, id, found, base)


def parsed(version: str, text: bytes, content_type: str | None) -> Any:
    """What a body holds, in JSON or XML by its Content-Type. Raises ValueError with a sentence about it."""
    kind = "XML" if body_kind(version, content_type) == "xml" else "JSON"
    try:
        if kind == "XML":
            return xml_reader.loads(version, text)
        found = lossless_json.loads(text.removeprefix(codecs.BOM_UTF8))
        twice = lossless_json.repeated(text, found)
    except ValueError as error:
        raise ValueError(f"it is no {kind}: {error}") from None
    if twice is not None:
        raise ValueError(f"an object has {twice} twice, and readers differ in which of them counts")
    return found


def of(version: str, type: str, id: str, found: Any, base: str) -> Body:
    """The same of what was read already."""
    if not isinstance(found, dict):
        return Body("it is no JSON object", {})
    sent = found.get("resourceType")
    if sent != type:
        said = "it has no resourceType" if sent is None else f"its resourceType is {sent!r}"
        return Body(f"{said}, and the address is of {type}", {})
    own = found.get("id")
    whole = {"resourceType": type, "id": None, **found}
    if id or own is not None:
        whole["id"] = id or own
    else:
        del whole["id"]
    problems = tuple(validate(version, whole, base))
    if "meta" in whole:
        problems += _partial(type, whole["meta"])
    named = own if own is None or isinstance(own, str) else f"{lossless_json.dumps(own).decode()} (no string)"
    return Body(None, whole, named, problems, extract(version, whole, base))


def _partial(type: str, meta: Any) -> tuple[ValidationIssue, ...]:
    """What was read as a part is not written back: the rest would be lost (R4, 3.1.1.5.8)."""
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if not isinstance(tags, list) or not any(isinstance(one, dict) and one.get("code") == "SUBSETTED" for one in tags):
        return ()
    text = f"{type}.meta.tag says SUBSETTED: this is a part of a resource, and to store it would lose the rest."
    return (ValidationIssue(f"{type}.meta.tag", "business-rule", text),)


def stamped(resource: dict[str, Any], version_id: int, updated: str) -> bytes:
    """The bytes to store: with versionId and lastUpdated as the server has them, right behind type and id."""
    held = resource.get("meta")
    meta = {"versionId": str(version_id), "lastUpdated": updated}
    if isinstance(held, dict):
        meta = {**held, **meta}
    whole = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": None, **resource}
    whole["meta"] = meta
    return lossless_json.dumps(whole)
