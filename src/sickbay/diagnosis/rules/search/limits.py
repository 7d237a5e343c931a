"""Rules about searches that a hospital, or Sickbay, does not answer: combinations, modifiers, parameters and size."""

from dataclasses import replace

from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol.parameters import Parameters, encode

SEARCH = Spec("FHIR R4, Search", "https://hl7.org/fhir/R4/search.html")
HANDLING = Spec("FHIR R4, Handling Errors", "https://hl7.org/fhir/R4/search.html#errors")
PATIENT = Spec("FHIR R4, Patient: search parameters", "https://hl7.org/fhir/R4/patient.html#search")

MISSING_PARAM = Rule(
    id="fhir-search-missing-param",
    stage="search",
    explains="fhir-search-missing-param",
    severity="error",
    outcome="accepted; 400 in a vendor's dialect",
    title="The search for {type} names none of {expected}",
    why="This hospital answers a search for this type only if one of them says where to look.",
    fix="Add one of {expected}.",
    spec=HANDLING,
)


def _id_alone(request: AccessRequest, facts: Facts) -> AccessRequest:
    pairs = tuple(one for one in request.parameters if one[0].partition(":")[0] not in facts["received"])
    return replace(request, parameters=Parameters(pairs, encode(pairs)))


ID_NOT_ALONE = Rule(
    id="fhir-search-id-not-alone",
    stage="search",
    explains="fhir-search-id-not-alone",
    severity="error",
    outcome="accepted; 400 in a vendor's dialect",
    parameter="_id",
    title="{type} is searched by _id and by {received} at once",
    why="This hospital takes _id for the whole search; beside it stands nothing but what shapes the answer.",
    fix="Take {received} away, or search without _id.",
    spec=HANDLING,
    repair=_id_alone,
)

MODIFIER_UNSUPPORTED = Rule(
    id="fhir-search-modifier-unsupported",
    stage="search",
    explains="fhir-search-modifier-unsupported",
    severity="error",
    outcome="400",
    title="{parameter} has a modifier that can't be answered",
    why="Without its modifier the search would mean something else, so it is refused and not answered without it.",
    fix="Search {expected}.",
    spec=Spec("FHIR R4, Modifiers", "https://hl7.org/fhir/R4/search.html#modifiers"),
)

PARAM_UNSUPPORTED = Rule(
    id="fhir-search-param-unsupported",
    stage="search",
    explains="fhir-search-param-unsupported",
    severity="error",
    outcome="400",
    title="This server does not answer {parameter}",
    why="FHIR defines it, and no server has to know it. Without it the answer would hold what was not asked for.",
    fix="Search by {expected}.",
    spec=HANDLING,
)

TOO_COMPLEX = Rule(
    id="fhir-search-too-complex",
    stage="search",
    explains="fhir-search-too-complex",
    severity="error",
    outcome="400 too-costly",
    title="The search asks for too much at once: {parameter}",
    why="A search costs what it asks for; beyond a bound it is refused before anything is looked up.",
    fix="Ask for {expected}; or in several searches.",
    spec=SEARCH,
)

RULES = (MISSING_PARAM, ID_NOT_ALONE, MODIFIER_UNSUPPORTED, PARAM_UNSUPPORTED, TOO_COMPLEX)
