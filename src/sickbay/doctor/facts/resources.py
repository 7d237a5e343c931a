"""Facts about FHIR resources and searches in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, register_fact, register_fact_with
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.lenient_json import load_json

if TYPE_CHECKING:
    from sickbay.fhir.validation.issue import ValidationIssue

COMPARED_ENTRIES = 200
"""The maximum number of Bundle entries that are compared with their requests."""
_REFERENCE = compile_late(r"\"reference\"\s{0,3}:\s{0,3}\"(?P<value>(?:[A-Z]\w{2,40}/)?(?P<id>[^\"/#\s]{1,64}))\"")
_CONTAINED = compile_late(r"\"contained\"\s{0,3}:\s{0,3}\[")
CONTAINED_CHARACTERS = 4_000
"""The maximum distance after `contained` at which the ids of contained resources are searched for."""
_ID = compile_late(r"\"id\"\s{0,3}:\s{0,3}\"(?P<id>[^\"\s]{1,64})\"")


def _list_entries(evidence: Evidence, method: str) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """The entries of Bundles whose requests have this method, each with the URL of its request and its resource."""
    for bundle in (piece.values for piece in evidence.pieces if piece.kind == "object"):
        entries = bundle.get("entry")
        for entry in islice(entries if isinstance(entries, list) else (), COMPARED_ENTRIES):
            request = entry.get("request") if isinstance(entry, dict) else None
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(request, dict) and isinstance(resource, dict) and str(request.get("method")).upper() == method:
                yield entry, str(request.get("url")), resource


@register_fact
def entry_id_differs(evidence: Evidence) -> Values | None:
    """An entry of a Bundle with the method PUT names another id in request.url than its resource has."""
    for _, url, resource in _list_entries(evidence, "PUT"):
        path, query, _ = url.partition("?")
        expected = f"{resource.get('resourceType')}/{resource.get('id')}"
        if not query and resource.get("id") and path.lstrip("/") != expected and not path.endswith(f"/{expected}"):
            return {"expected": expected, "received": path}
    return None


@register_fact_with('"reference"')
def new_entry_is_referenced_by_its_id(evidence: Evidence) -> Values | None:
    """A Bundle creates a resource by POST, and references it by Type/id, which isn't its fullUrl."""
    created = {
        f"{resource.get('resourceType')}/{resource['id']}": str(entry.get("fullUrl") or "")
        for entry, _, resource in _list_entries(evidence, "POST")
        if resource.get("id")
    }
    referenced = (match["value"] for match in _REFERENCE.finditer(evidence.text, 0, SEARCHED_CHARACTERS))
    return next(({"value": it} for it in referenced if it in created and not created[it].endswith(f"/{it}")), None)


@register_fact_with('"contained"')
def contained_reference_has_no_hash(evidence: Evidence) -> Values | None:
    """A contained resource is referenced as Type/id or id instead of #id."""
    text = evidence.text[:SEARCHED_CHARACTERS]
    if (start := _CONTAINED.search(text)) is None:
        return None
    references = {found["id"]: found["value"] for found in _REFERENCE.finditer(text)}
    for match in islice(_ID.finditer(text, start.end(), start.end() + CONTAINED_CHARACTERS), COMPARED_ENTRIES):
        if match["id"] in references and f'"#{match["id"]}"' not in text:
            return {"expected": f"#{match['id']}", "received": references[match["id"]]}
    return None


_SHORTENED = compile_late(r"\.{3}|…|\*{3}|\{\{|\$\{|\bx{3,}|'<(?!div)|' '|'createdAt'", re.I)


@register_fact
def element_is_not_as_defined(evidence: Evidence) -> Values | None:
    """An element of a whole resource is wrong in every FHIR version. Servers define types of their own too."""
    from sickbay.authorization.scopes.resource_types import ALL_TYPES  # few texts have a resource

    shown = [evidence.text[each.start : each.end] for each in evidence.pieces if each.subkind == "resource"]  # not code
    parsed = map(load_json, (*shown, *(str(each.get("body") or "") for each in evidence.requests)))
    for resource in (each for each in parsed if isinstance(each, dict) and "resourceType" in each):
        if resource["resourceType"] not in ALL_TYPES or _is_answer(resource) or _SHORTENED.search(str(resource)):
            continue
        if issue := _find_wrong_everywhere(resource):
            return {"parameter": issue.expression, "value": issue.text.removeprefix(issue.expression).strip(" .")}
    return None


def _is_answer(resource: Mapping[str, Any]) -> bool:
    """Whether only servers send it, so that no server refuses it."""
    kind = resource["type"] if resource["resourceType"] == "Bundle" and "type" in resource else resource["resourceType"]
    return str(kind).endswith(("OperationOutcome", "searchset", "history", "-response"))


def _find_wrong_everywhere(resource: Mapping[str, Any]) -> ValidationIssue | None:
    """The first R4 issue at an element that is wrong in all versions, itself or in its members."""
    from sickbay.fhir.validation.validator import validate  # few texts have a resource

    wrong: list[ValidationIssue] = []
    for version in ("r4", "stu3", "r5", "dstu2"):
        found = (each for each in validate(version, resource, searches=True) if each.code in _WRONG)
        issues = [each for each in found if not each.expression.endswith(".resourceType")]  # of Aidbox's references
        wrong = [each for each in wrong if any(_is_within(other, each) for other in issues)] if version != "r4" else issues
        if not wrong:
            return None
    return wrong[0]


_WRONG = ("structure", "value", "code-invalid")
"""What a validator calls an element that is there. A missing one may have been left out of the text."""


def _is_within(inner: ValidationIssue, outer: ValidationIssue) -> bool:
    """Whether it is about the same element or one of its members. `Resource` means that the version lacks the type."""
    return inner.expression == "Resource" or f"{inner.expression}.".startswith((f"{outer.expression}.", f"{outer.expression}["))


_REFUSED_ELEMENT = compile_late("|".join(LISTS["patterns_of_a_refused_element"]), re.I | re.M)
_TYPE = compile_late(r"\b[A-Z][a-z]\w{2,40}\b")


@register_fact_with("element", "property", "field", "member", "attribute", "extra inputs")
def element_is_of_another_version(evidence: Evidence) -> Values | None:
    """A refused element of a type that the text names is defined for it in some FHIR versions only."""
    from sickbay.authorization.scopes.resource_types import ALL_TYPES  # few texts have such a message
    from sickbay.diagnosis.evidence.address import fhir_version_of
    from sickbay.fhir.elements import split_versions

    text = evidence.text[:SEARCHED_CHARACTERS]
    named = {version for url in evidence.addresses if (version := fhir_version_of(url))}
    types = [each for each in dict.fromkeys(match[0] for match in _TYPE.finditer(text)) if each in ALL_TYPES][:8]
    for match, type in islice(product(_REFUSED_ELEMENT.finditer(text), types), COMPARED_ENTRIES):
        element = match["element"] or match["listed"]
        having, lacking = split_versions(f"{type}.{element}")
        if having and lacking and named.isdisjoint(having):
            said = named.union(evidence.words)
            at_server = next((version for version in lacking if version in said), lacking[-1])
            known = "r4" if "r4" in having else having[-1]
            return {"parameter": element, "value": type, "expected": known.upper(), "received": at_server.upper()}
    return None
