"""Rules about searches that a hospital, or Sickbay, does not answer: combinations, modifiers, parameters and size."""

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.kernel.english import join_as_code
from sickbay.protocol.parameters import Parameters, encode


def _only_id(request: AccessRequest, facts: Facts) -> AccessRequest:
    pairs = tuple(pair for pair in request.parameters if pair[0].partition(":")[0] not in facts["received"])
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)))


FUNCTIONS: RuleFunctions = {
    "fhir-search-missing-param": {"recognises": lambda facts: {**facts, "choices": join_as_code(facts["expected"], word="or")}},
    "fhir-search-id-not-alone": {"repair": _only_id},
}
