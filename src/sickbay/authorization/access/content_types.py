"""Checks of the media types of the bodies of FHIR requests (R4, 3.1.0.6 and 3.1.0.16)."""

from __future__ import annotations

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.refusals import search as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import body_kind
from sickbay.fhir.patch.formats import JSON_PATCH, MERGE_PATCH
from sickbay.fhir.search.routes import SEARCHES
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Refusal

FORM = "application/x-www-form-urlencoded"
PATCHES = (JSON_PATCH, MERGE_PATCH)


@check(applies_to=("", *SEARCHES))
def search_body_is_a_form_if_sent(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if (
        request.method != "POST"
        or not request.path.endswith("/_search")
        or _media_type_of(request.headers.get("content-type")) == FORM
    ):
        return None
    sent = request.headers.get("content-type")
    if sent is None and not request.body:
        return None  # all criteria are in the URL
    return refusals.FHIR_SEARCH_POST_CONTENT_TYPE(received=sent, expected=FORM)


@check(applies_to=("create", "update", "patch", "batch", "operation"))
def content_type_is_a_fhir_format(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Accepts the version's own types and the generic ones, in UTF-8. A patch has its own types; an operation may
    take a form.
    """
    sent, sends = request.headers.get("content-type"), request.interaction in ("create", "update", "patch", "batch")
    if request.type == "Binary" and request.interaction in ("create", "update"):
        return None  # any type: what isn't a resource is stored as one
    if context.version not in VERSIONS or not (sends or (request.interaction == "operation" and request.body)):
        return None
    if request.method == "PATCH":
        return _refuse_type_of_patch(sent, request.body, context.version)
    accepted, expected = body_kind(context.version, sent) is not None, VERSIONS[context.version].json
    if accepted or (not sends and _media_type_of(sent) == FORM):
        return None
    return refusals.FHIR_WRITE_CONTENT_TYPE(received=sent, expected=expected)


def _refuse_type_of_patch(sent: str | None, body: str, version: str) -> Refusal | None:
    """A list is a JSON Patch, which has its own type; the FHIR types are for a FHIRPath Patch (R4, 3.1.0.6).

    Clients such as fhirpy send a merge patch as plain JSON.
    """
    is_list = body.lstrip()[:1] == "["
    if _media_type_of(sent) in PATCHES or (not is_list and body_kind(version, sent) is not None):
        return None
    facts = {"received": sent, "expected": JSON_PATCH} | ({"patch": True} if is_list else {})
    return refusals.FHIR_WRITE_CONTENT_TYPE.with_facts(facts)


def _media_type_of(header: str | None) -> str:
    return (header or "").partition(";")[0].strip().lower()
