"""Rules about a client's credentials: missing, wrong, or sent with the wrong method."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import PADDING, is_empty_basic
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions, only_with
from sickbay.kernel.checks import Facts
from sickbay.kernel.english import join_as_code
from sickbay.protocol import basic

SECRET_PARAMETERS = ("client_secret", "client_assertion", "client_assertion_type")


def _strip_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or not read.decoded:
        sent = (request.parameters.get("client_secret") or "").strip(PADDING)
        return structs.replace(request, parameters=request.parameters.replace([("client_secret", sent)]))
    id, secret = read.decoded
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(id, secret.strip(PADDING))})


def _drop_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    client_id = request.presented.client_id
    pairs = [*((name, None) for name in SECRET_PARAMETERS), ("client_id", client_id)]
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return structs.replace(request, parameters=request.parameters.replace(pairs), headers=headers)


def _basic_header_is_empty(request: TokenRequest, context: TokenContext) -> Facts | None:
    client = context.client
    return {"received": ""} if isinstance(client, Client) and client.client == "public" and is_empty_basic(request) else None


def _remove_body_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    if "client_secret_basic" not in facts["received"]:
        return request
    return structs.replace(request, parameters=request.parameters.replace([(name, None) for name in SECRET_PARAMETERS]))


def _move_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Moves the secret to the body or to the header, as the app is registered."""
    read, secret = request.presented, request.parameters.get("client_secret")
    if facts["registered"] == "client_secret_basic" and secret and read.client_id:
        headers = {**request.headers, "authorization": basic.write(read.client_id, secret)}
        without_credentials = request.parameters.replace([("client_secret", None), ("client_id", None)])
        return structs.replace(request, headers=headers, parameters=without_credentials)
    if facts["registered"] == "client_secret_post" and read.basic and read.basic.decoded:
        id, secret = read.basic.decoded
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        sent = request.parameters.replace([("client_id", id), ("client_secret", secret)])
        return structs.replace(request, headers=headers, parameters=sent)
    return request


FUNCTIONS: RuleFunctions = {
    "client-auth-missing": {"repair": corrections.add_client_secret},
    "client-secret-padded": {"recognises": only_with("padded"), "repair": _strip_secret},
    "client-secret-wrong": {"repair": corrections.add_client_secret},
    "client-secret-empty": {
        "advises": lambda request, context: {"received": ""} if request.parameters.all("client_secret") == ("",) else None,
        "repair": corrections.set_value("client_secret", None),
    },
    "public-client-sent-secret": {"repair": _drop_secret},
    "public-client-empty-basic": {"advises": _basic_header_is_empty, "repair": _drop_secret},
    "client-auth-multiple": {
        "recognises": lambda facts: {**facts, "names": join_as_code(facts["received"])},
        "repair": _remove_body_credentials,
    },
    "client-auth-method-mismatch": {"repair": _move_secret},
}
