"""Rules about the URL and the headers of a FHIR request: base URL, resource type, id, Accept, Content-Type."""

from urllib.parse import unquote

from msgspec import structs

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.corrections import header
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import Facts

HTTP = Spec("FHIR R4, RESTful API", "https://hl7.org/fhir/R4/http.html")
BASE = Spec("FHIR R4, Service Base URL", "https://hl7.org/fhir/R4/http.html#general")
TYPES = Spec("FHIR R4, Resource Index", "https://hl7.org/fhir/R4/resourcelist.html")
MEDIA = Spec("FHIR R4, Content Types and encodings", "https://hl7.org/fhir/R4/http.html#mime-type")
ID = Spec("FHIR R4, Data type id", "https://hl7.org/fhir/R4/datatypes.html#id")
VERSIONING = Spec("FHIR R4, Managing Resource Contention", "https://hl7.org/fhir/R4/http.html#concurrency")


def _with_type(facts: Facts) -> Facts:
    return {**facts, "came": f"as {facts['received']}" if facts["received"] else "without one"}


def _at(request: AccessRequest, path: str) -> AccessRequest:
    return structs.replace(request, path=path, url=request.base + path)


def _single_slashes(request: AccessRequest, facts: Facts) -> AccessRequest:
    return _at(request, "/" + "/".join(filter(None, request.path.split("/"))))


def _rename_type(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Replaces the resource type in the path with its name in this version, if it has one."""
    head, *rest = request.path.lstrip("/").split("/")
    return _at(request, "/" + "/".join([facts["expected"], *rest])) if facts["real"] and head == facts["received"] else request


def _below_the_base(request: AccessRequest, facts: Facts) -> AccessRequest:
    return structs.replace(request, base=facts["base"], path=facts["path"], url=facts["expected"])


BASE_WRONG = Rule(
    id="fhir-base-url-wrong",
    title="The URL isn't below the FHIR base URL: `{received}`",
    why="The FHIR server answers only below its base URL, which is the `iss` of the launch and includes the hospital and the "
    "FHIR version.",
    fix="Append the resource type to the base URL: `{expected}`.",
    spec=BASE,
    repair=_below_the_base,
)

DOUBLE_SLASH = Rule(
    id="fhir-base-double-slash",
    severity="warning",
    differs="Many servers accept it.",
    title="The path has two slashes in a row: `{received}`",
    why="For a server this is a different path. Usually the base URL ended with a slash, and the app added another one.",
    fix="Remove the slash from the end of the base URL before joining: `{expected}`.",
    spec=BASE,
    repair=_single_slashes,
)

TRAILING_SLASH = Rule(
    id="fhir-path-trailing-slash",
    severity="warning",
    differs="Many servers accept it.",
    title="The path ends with a slash: `{received}`",
    why="Some servers ignore a trailing slash. For others, including this one, it is a different path, which doesn't exist.",
    fix="Request `{expected}`, without the slash.",
    spec=HTTP,
    repair=lambda request, facts: _at(request, facts["expected"]),
)


def _in_base(facts: Facts) -> Facts | None:
    return facts if facts.get("of_base") else None


def _once(request: AccessRequest, facts: Facts) -> AccessRequest:
    return _at(request, request.path.removeprefix(f"/{facts['received']}"))


BASE_TWICE = Rule(
    id="fhir-base-twice",
    explains="fhir-resource-unknown",
    recognises=_in_base,
    title="The URL contains `{received}` twice, because the base URL already ends with it",
    why="The base URL (the `iss` of the launch) includes the FHIR version, so the resource type follows it directly.",
    fix="Append the resource type directly to the base URL.",
    spec=BASE,
    repair=_once,
)

WRONG_VERSION = Rule(
    id="fhir-resource-wrong-version",
    title="`{received}` isn't a resource type of FHIR {version}",
    why="It exists in {versions}. Resource types were renamed between versions of FHIR, and this base URL is for {version}.",
    fix="Request `{expected}` at this base URL.",
    spec=TYPES,
    repair=_rename_type,
)

UNKNOWN_TYPE = Rule(
    id="fhir-resource-unknown",
    title="`{received}` isn't a FHIR resource type",
    why="Resource types are singular, begin with a capital letter, and must be spelled exactly as in the specification.",
    fix="Put {expected} in the URL instead of `{received}`.",
    spec=TYPES,
    repair=_rename_type,
)


def _id_of_reference(request: AccessRequest, facts: Facts) -> AccessRequest:
    """If the id is a whole reference to the same resource type, keeps only its id."""
    type, _, id = unquote(str(facts["received"])).rpartition("/")
    if facts["parameter"] != "id" or type.rpartition("/")[2] != request.path.split("/")[1]:
        return request
    return _at(request, f"/{type.rpartition('/')[2]}/{id}")


ID_INVALID = Rule(
    id="fhir-id-invalid",
    outcome="404 in the path, 400 in a search",
    differs="In a path the value is an ID that doesn't exist, in a search a wrong value.",
    parameter="id",
    title="`{parameter}` isn't a valid FHIR id: `{received}`",
    why="An id has 1 to 64 letters, digits, hyphens and dots. A record number with spaces or slashes is an identifier, not "
    "an id.",
    fix="Use the id of the resource. If you have only a record number, search by identifier: "
    "`Patient?identifier=<system>|<number>`.",
    spec=ID,
    repair=_id_of_reference,
)


def _in_json(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Removes `_format`, which overrides Accept, and sets Accept."""
    without_format = structs.replace(request, parameters=request.parameters.replace([("_format", None)]))
    return header("accept")(without_format, facts)


ACCEPT_UNSUPPORTED = Rule(
    id="fhir-accept-unsupported",
    parameter="Accept",
    title="`Accept` isn't supported here: `{received}`",
    why="This base URL returns JSON and XML of its own FHIR version. In DSTU2 their types are application/json+fhir and "
    "application/xml+fhir; since STU3 they are application/fhir+json and application/fhir+xml.",
    fix="Send `Accept: {expected}`.",
    spec=MEDIA,
    repair=_in_json,
)


def _no_accept(request: AccessRequest, context: AccessContext) -> Facts | None:
    sent = request.headers.get("accept")
    if request.interaction in ("", "preflight", "discovery") or context.version not in VERSIONS or not context.headers_known:
        return None
    expected = VERSIONS[context.version].json
    return {"received": sent, "expected": expected} if (sent or "*/*").strip() in ("*/*", "application/json") else None


MISSING_ACCEPT = Rule(
    id="fhir-missing-accept",
    advises=_no_accept,
    at=("access",),
    severity="info",
    degree="advice",
    parameter="Accept",
    title="`Accept` doesn't request FHIR JSON",
    why="Sickbay returns JSON by default, but some servers return XML.",
    fix="Send `Accept: {expected}`.",
    spec=MEDIA,
    repair=header("accept"),
)

SEARCH_CONTENT_TYPE = Rule(
    id="fhir-search-post-content-type",
    parameter="Content-Type",
    recognises=_with_type,
    title="`Content-Type` of a search by POST must be a form; it was sent {came}",
    why="The server reads the search parameters of `_search` only from a form. In another body it would find no parameters.",
    fix="Send the parameters as a form body with `Content-Type: {expected}`.",
    spec=Spec("FHIR R4, Search", "https://hl7.org/fhir/R4/http.html#search"),
)

WRITE_CONTENT_TYPE = Rule(
    id="fhir-write-content-type",
    parameter="Content-Type",
    recognises=_with_type,
    title="`Content-Type` of a resource must be FHIR JSON or XML; it was sent {came}",
    why="The server parses a body by its media type, and accepts only the JSON and XML types of this FHIR version, in UTF-8.",
    fix="Send `Content-Type: {expected}`.",
    spec=MEDIA,
    repair=header("content-type"),
)

IF_MATCH_MISSING = Rule(
    id="fhir-if-match-missing",
    parameter="If-Match",
    title="`If-Match` is missing from the update",
    why="This server requires each update to name the version that it changes. That way, two people can't overwrite each "
    "other's changes.",
    fix='Send `If-Match: W/"<versionId>"`, the `ETag` of the version that you read.',
    spec=VERSIONING,
)
