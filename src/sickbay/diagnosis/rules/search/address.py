"""Rules about the URL and the headers of a FHIR request: base URL, resource type, id, Accept, Content-Type."""

from urllib.parse import unquote

from msgspec import structs

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.corrections import set_header
from sickbay.diagnosis.rule import RuleFunctions, only_with
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Facts


def _describe_type(facts: Facts) -> Facts:
    return {**facts, "came": f"as {facts['received']}" if facts["received"] else "without one"}


def _move_to(request: AccessRequest, path: str) -> AccessRequest:
    return structs.replace(request, path=path, url=request.base + path)


def _rename_type(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Replaces the resource type in the path with its name in this version, if it has one."""
    head = request.path.lstrip("/").partition("/")[0]
    if not facts["real"] or head != facts["received"]:
        return request
    return _move_to(request, request.path.replace(head, facts["expected"], 1))


def _move_below_the_base(request: AccessRequest, facts: Facts) -> AccessRequest:
    return structs.replace(request, base=facts["base"], path=facts["path"], url=facts["expected"])


def _remove_repeated_segment(request: AccessRequest, facts: Facts) -> AccessRequest:
    return _move_to(request, request.path.removeprefix(f"/{facts['received']}"))


def _correct_path(request: AccessRequest, facts: Facts) -> AccessRequest:
    by_get = f"/{request.path.strip('/').removesuffix('_search').rstrip('/')}" if request.method == "GET" else ""
    path = facts["expected"] if facts["expected"].startswith("/") else by_get
    return _move_to(request, path) if path else request


def _id_of_reference(request: AccessRequest, facts: Facts) -> AccessRequest:
    """If the id is a whole reference to the same resource type, keeps only its id."""
    type, _, id = unquote(str(facts["received"])).rpartition("/")
    if facts["parameter"] != "id" or type.rpartition("/")[2] != request.path.split("/")[1]:
        return request
    return _move_to(request, f"/{type.rpartition('/')[2]}/{id}")


def _request_json(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Removes `_format`, which overrides Accept, and sets Accept."""
    without_format = structs.replace(request, parameters=request.parameters.replace([("_format", None)]))
    return set_header("accept")(without_format, facts)


def _has_no_accept(request: AccessRequest, context: AccessContext) -> Facts | None:
    without = request.interaction in ("", "preflight", "discovery", "export-status", "export-cancel", "export-file")
    if without or context.version not in VERSIONS or not context.headers_known:
        return None
    sent, expected = request.headers.get("accept"), VERSIONS[context.version].json
    return {"received": sent, "expected": expected} if (sent or "*/*").strip() in ("*/*", "application/json") else None


FUNCTIONS: RuleFunctions = {
    "fhir-base-url-wrong": {"repair": _move_below_the_base},
    "fhir-base-double-slash": {"repair": _correct_path},
    "fhir-path-trailing-slash": {"repair": _correct_path},
    "fhir-base-twice": {"recognises": only_with("of_base"), "repair": _remove_repeated_segment},
    "fhir-resource-wrong-version": {"repair": _rename_type},
    "fhir-resource-unknown": {"repair": _rename_type},
    "fhir-id-invalid": {"repair": _id_of_reference},
    "fhir-path-unknown": {"repair": _correct_path},
    "fhir-method-not-allowed": {"repair": _correct_path},
    "fhir-accept-unsupported": {"repair": _request_json},
    "fhir-missing-accept": {"advises": _has_no_accept, "repair": set_header("accept")},
    "fhir-search-post-content-type": {"recognises": _describe_type},
    "fhir-json-patch-content-type": {"recognises": only_with("patch"), "repair": set_header("content-type")},
    "fhir-write-content-type": {"recognises": _describe_type, "repair": set_header("content-type")},
}
