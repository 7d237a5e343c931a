"""Rules about `client_id` in the body of a token request."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _add_missing_id(facts: Facts) -> Facts:
    expected = facts.get("expected")
    return {**facts, "missing": f"`client_id={expected}`" if expected else "`client_id`"}


def _find_repeated_id(request: TokenRequest, context: TokenContext) -> Facts | None:
    read, body = request.presented.basic, request.parameters.get("client_id")
    if read is None or read.decoded is None or body not in (read.decoded[0], (read.raw or ("",))[0]):
        return None
    return {"received": body, "expected": body}


def _keep_header_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Keeps the credentials only in the header, if there is one: another repair may have removed it."""
    if request.presented.basic is None:
        return request
    return structs.replace(request, parameters=request.parameters.replace([("client_id", None)]))


FUNCTIONS: RuleFunctions = {
    "client-id-missing-in-body": {
        "recognises": _add_missing_id,
        "repair": corrections.set_from_fact("client_id", "expected"),
        "insert_placeholder": corrections.set_placeholder("client_id"),
    },
    "client-id-duplicated": {
        "advises": _find_repeated_id,
        "repair": _keep_header_credentials,
        "severity": lambda facts: "info" if facts["received"] == facts["expected"] else "error",
    },
}
