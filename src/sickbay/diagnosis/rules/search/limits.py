"""Rules about searches that a hospital, or Sickbay, does not answer: combinations, modifiers, parameters and size."""

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.wording import join_as_code
from sickbay.kernel.checks import Facts
from sickbay.protocol.parameters import Parameters, encode

SEARCH = Spec("FHIR R4, Search", "https://hl7.org/fhir/R4/search.html")
HANDLING = Spec("FHIR R4, Handling Errors", "https://hl7.org/fhir/R4/search.html#errors")

MISSING_PARAM = Rule(
    id="fhir-search-missing-param",
    recognises=lambda facts: {**facts, "choices": join_as_code(facts["expected"], word="or")},
    outcome="accepted; 400 in a vendor's dialect",
    differs="The general dialect requires no parameter here; the dialects of vendors do.",
    title="The search for {type} needs {choices}",
    why="This hospital answers a search for {type} only if it has at least one of these parameters.",
    fix="Add {choices}.",
    spec=HANDLING,
)


def _only_id(request: AccessRequest, facts: Facts) -> AccessRequest:
    pairs = tuple(pair for pair in request.parameters if pair[0].partition(":")[0] not in facts["received"])
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)))


ID_NOT_ALONE = Rule(
    id="fhir-search-id-not-alone",
    outcome="accepted; 400 in a vendor's dialect",
    differs="The general dialect allows it; the dialects of vendors don't.",
    parameter="_id",
    title="`_id` can't be combined with other filters: `{received}`",
    why="When you search by `_id`, this server allows no other filter, only parameters such as `_count` and `_include`.",
    fix="Remove `{received}`. If you need that filter, search without `_id`.",
    spec=HANDLING,
    repair=_only_id,
)

MODIFIER_UNSUPPORTED = Rule(
    id="fhir-search-modifier-unsupported",
    title="`{parameter}` has a modifier that isn't supported",
    why="Without the modifier the search would mean something else, so the server refuses it instead of ignoring the modifier.",
    fix="Search with {expected}.",
    spec=Spec("FHIR R4, Modifiers", "https://hl7.org/fhir/R4/search.html#modifiers"),
)

PARAM_UNSUPPORTED = Rule(
    id="fhir-search-param-unsupported",
    title="`{parameter}` isn't supported by this server",
    why="FHIR defines this parameter, but servers may leave it out. If the server ignored it, the results would include "
    "unwanted resources.",
    fix="Search with {expected}.",
    spec=HANDLING,
)

TOO_COMPLEX = Rule(
    id="fhir-search-too-complex",
    outcome="400 too-costly",
    differs="The issue type tells it from a search that is wrong: a simpler one is answered.",
    title="`{parameter}` makes the search too complex",
    why="To limit the cost of a search, the server refuses one that is too complex before it looks anything up.",
    fix="Use {expected}, or split the search into several requests.",
    spec=SEARCH,
)
