"""Rules about the Authorization header of a token request."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER, find_matching_reading
from sickbay.diagnosis.rule import RuleFunctions, only_with
from sickbay.kernel.checks import Facts
from sickbay.protocol import basic, jose


def _rewrite_header(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Writes the same client ID and secret correctly, if they can be read."""
    read = request.presented.basic
    pair = read.decoded if read and read.decoded else basic.read_malformed(request.headers.get("authorization", ""))
    if pair is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(*pair)})


def _move_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Moves a signed JWT to the body; sends a client ID and secret as Basic."""
    text = request.headers.get("authorization", "").partition(" ")[2].strip()
    if jose.decode_unverified(text) is None:
        return _rewrite_header(request, facts)
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    pairs = [("client_assertion_type", JWT_BEARER), ("client_assertion", text)]
    return structs.replace(request, headers=headers, parameters=request.parameters.replace(pairs))


def _write_unencoded_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or read.decoded is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write_plain(*read.decoded)})


def _swap_id_and_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    pair = basic.read(request.headers.get("authorization", "")).decoded or ("", "")
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(pair[1], pair[0])})


def _secret_is_accepted_unencoded(request: TokenRequest, context: TokenContext) -> Facts | None:
    """Facts if this server accepts the secret unencoded, which a server that follows the RFC would decode to something else."""
    client = context.client
    if not isinstance(client, Client) or not client.secret_hash or not request.presented.basic:
        return None
    return {} if find_matching_reading(request, client) == "raw" else None


def _encode_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or read.raw is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(*read.raw)})


FUNCTIONS: RuleFunctions = {
    "basic-urlencoded-mismatch": {"repair": _write_unencoded_credentials},
    "basic-swapped": {"repair": _swap_id_and_secret},
    "basic-newline": {"recognises": only_with("fault", "newline"), "repair": _rewrite_header},
    "basic-malformed": {"repair": _rewrite_header},
    "assertion-as-bearer": {"repair": _move_credentials},
    "basic-not-urlencoded": {"advises": _secret_is_accepted_unencoded, "repair": _encode_credentials},
}
