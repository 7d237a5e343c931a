"""Rules about where a FHIR request goes and in which form: base, type, id, Accept, Content-Type."""

from dataclasses import replace
from urllib.parse import unquote

from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.repairs import header
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.refusal import Facts

HTTP = Spec("FHIR R4, RESTful API", "https://hl7.org/fhir/R4/http.html")
BASE = Spec("FHIR R4, Service Base URL", "https://hl7.org/fhir/R4/http.html#general")
TYPES = Spec("FHIR R4, Resource Index", "https://hl7.org/fhir/R4/resourcelist.html")
MEDIA = Spec("FHIR R4, Content Types and encodings", "https://hl7.org/fhir/R4/http.html#mime-type")
ID = Spec("FHIR R4, Data type id", "https://hl7.org/fhir/R4/datatypes.html#id")
VERSIONING = Spec("FHIR R4, Managing Resource Contention", "https://hl7.org/fhir/R4/http.html#concurrency")


def _came(facts: Facts) -> Facts:
    return {**facts, "came": f"as {facts['received']}" if facts["received"] else "without a Content-Type"}


def _at(request: AccessRequest, path: str) -> AccessRequest:
    return replace(request, path=path, url=request.base + path)


def _single_slashes(request: AccessRequest, facts: Facts) -> AccessRequest:
    return _at(request, "/" + "/".join(filter(None, request.path.split("/"))))


def _renamed(request: AccessRequest, facts: Facts) -> AccessRequest:
    """The first segment by the name of this version, where there is one."""
    head, *rest = request.path.lstrip("/").split("/")
    return _at(request, "/" + "/".join([facts["expected"], *rest])) if facts["real"] and head == facts["received"] else request


def _below_the_base(request: AccessRequest, facts: Facts) -> AccessRequest:
    return replace(request, base=facts["base"], path=facts["path"], url=facts["expected"])


BASE_WRONG = Rule(
    id="fhir-base-url-wrong",
    stage="search",
    explains="fhir-base-url-wrong",
    severity="error",
    outcome="404",
    title="{received} is outside of the FHIR base",
    why="The FHIR server answers below its base alone, the iss of the launch, with tenant and version in it.",
    fix="Put base and type together: {expected}.",
    spec=BASE,
    repair=_below_the_base,
)

DOUBLE_SLASH = Rule(
    id="fhir-base-double-slash",
    stage="search",
    explains="fhir-base-double-slash",
    severity="warning",
    outcome="404",
    title="There are two slashes in a row in {received}",
    why="A base that ends in a slash was joined with another slash; to a server that is another address.",
    fix="Take the slash from the end of the base before joining: {expected}.",
    spec=BASE,
    repair=_single_slashes,
)

TRAILING_SLASH = Rule(
    id="fhir-path-trailing-slash",
    stage="search",
    explains="fhir-path-trailing-slash",
    severity="warning",
    outcome="404",
    title="There is a slash at the end of {received}",
    why="Some servers overlook it; to others, as to this one, it is the address of something else, which is not there.",
    fix="Ask for {expected}, without the slash.",
    spec=HTTP,
    repair=lambda request, facts: _at(request, facts["expected"]),
)


def _in_base(facts: Facts) -> Facts | None:
    return facts if facts.get("of_base") else None


def _once(request: AccessRequest, facts: Facts) -> AccessRequest:
    return _at(request, request.path.removeprefix(f"/{facts['received']}"))


BASE_TWICE = Rule(
    id="fhir-base-twice",
    stage="search",
    explains="fhir-resource-unknown",
    recognises=_in_base,
    severity="error",
    outcome="404",
    title="{received} stands in the address twice: the base ends in it already",
    why="The base, the iss of the launch, has the version in it; what follows it begins with a resource type.",
    fix="Put the type right behind the base.",
    spec=BASE,
    repair=_once,
)

WRONG_VERSION = Rule(
    id="fhir-resource-wrong-version",
    stage="search",
    explains="fhir-resource-wrong-version",
    severity="error",
    outcome="404",
    title="{received} is not a type of {version}",
    why="It is one of {versions}. Types were renamed between the versions of FHIR; this base speaks {version}.",
    fix="Ask for {expected} at this base.",
    spec=TYPES,
    repair=_renamed,
)

UNKNOWN_TYPE = Rule(
    id="fhir-resource-unknown",
    stage="search",
    explains="fhir-resource-unknown",
    severity="error",
    outcome="404",
    title="{received} is no resource type",
    why="Types are written in the singular, with a capital letter, exactly as the specification has them.",
    fix="Ask for {expected}.",
    spec=TYPES,
    repair=_renamed,
)


def _id_of_reference(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Where a whole reference was put behind its type: its id alone."""
    type, _, id = unquote(str(facts["received"])).rpartition("/")
    if facts["parameter"] != "id" or type.rpartition("/")[2] != request.path.split("/")[1]:
        return request
    return _at(request, f"/{type.rpartition('/')[2]}/{id}")


ID_INVALID = Rule(
    id="fhir-id-invalid",
    stage="search",
    explains="fhir-id-invalid",
    severity="error",
    outcome="404 in the address, 400 in a search",
    parameter="id",
    title="{received} cannot be an id",
    why="An id has 1 to 64 letters, digits, dashes and dots. A record number with blanks or slashes is an identifier.",
    fix="Use the id of the resource, or search by identifier: Patient?identifier=<system>|<number>.",
    spec=ID,
    repair=_id_of_reference,
)


def _in_json(request: AccessRequest, facts: Facts) -> AccessRequest:
    """_format stands above Accept."""
    asked = replace(request, parameters=request.parameters.replaced([("_format", None)]))
    return header("accept")(asked, facts)


ACCEPT_UNSUPPORTED = Rule(
    id="fhir-accept-unsupported",
    stage="search",
    explains="fhir-accept-unsupported",
    severity="error",
    outcome="406",
    parameter="Accept",
    title="This base cannot answer in {received}",
    why="It speaks JSON and XML of its own version. DSTU2's types were application/json+fhir and application/xml+fhir; since "
    "then they are application/fhir+json and application/fhir+xml.",
    fix="Send Accept: {expected}.",
    spec=MEDIA,
    repair=_in_json,
)


def _no_accept(request: AccessRequest, known: AccessKnown) -> Facts | None:
    sent = request.headers.get("accept")
    if request.interaction in ("", "preflight", "discovery") or known.version not in VERSIONS:
        return None
    expected = VERSIONS[known.version].json
    return {"received": sent, "expected": expected} if (sent or "*/*").strip() in ("*/*", "application/json") else None


MISSING_ACCEPT = Rule(
    id="fhir-missing-accept",
    stage="search",
    advises=_no_accept,
    at=("access",),
    severity="info",
    outcome="advice",
    degree="advice",
    parameter="Accept",
    title="The request does not say that it wants FHIR's JSON",
    why="This server answers in JSON anyway; others answer in XML.",
    fix="Send Accept: {expected}.",
    spec=MEDIA,
    repair=header("accept"),
)

SEARCH_CONTENT_TYPE = Rule(
    id="fhir-search-post-content-type",
    stage="search",
    explains="fhir-search-post-content-type",
    severity="error",
    outcome="415",
    parameter="Content-Type",
    recognises=_came,
    title="The search was posted {came}",
    why="What is posted to _search is a form; another body would be read as no criteria at all.",
    fix="Send the parameters as a form body, with Content-Type: {expected}.",
    spec=Spec("FHIR R4, Search", "https://hl7.org/fhir/R4/http.html#search"),
)

WRITE_CONTENT_TYPE = Rule(
    id="fhir-write-content-type",
    stage="search",
    explains="fhir-write-content-type",
    severity="error",
    outcome="415",
    parameter="Content-Type",
    recognises=_came,
    title="The resource was sent {came}",
    why="A body is read by its media type, and this one is not among those of the version: its JSON or XML, in UTF-8.",
    fix="Send Content-Type: {expected}.",
    spec=MEDIA,
    repair=header("content-type"),
)

IF_MATCH_MISSING = Rule(
    id="fhir-if-match-missing",
    stage="search",
    explains="fhir-if-match-missing",
    severity="error",
    outcome="412",
    parameter="If-Match",
    title="The update does not say which version it changes",
    why="This server takes an update only of the version it names, so that nobody's change is lost.",
    fix='Send If-Match: W/"<versionId>", the ETag of the version that was read.',
    spec=VERSIONING,
)

RULES = (
    BASE_WRONG,
    DOUBLE_SLASH,
    TRAILING_SLASH,
    BASE_TWICE,
    WRONG_VERSION,
    UNKNOWN_TYPE,
    ID_INVALID,
    ACCEPT_UNSUPPORTED,
    MISSING_ACCEPT,
    SEARCH_CONTENT_TYPE,
    WRITE_CONTENT_TYPE,
    IF_MATCH_MISSING,
)
