"""Rules about the Authorization header of a token request."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import JWT_BEARER, reading
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts
from sickbay.protocol import basic, jose

PASSWORD = Spec("RFC 6749, 2.3.1 Client Password", "https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1")
ASYMMETRIC = Spec(
    "SMART App Launch 2.2, Asymmetric client authentication",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html",
)
FAULTS = {
    "not-base64": "the text after Basic isn't base64",
    "no-colon": "the decoded text has no colon between the client ID and the secret",
    "clear": "the client ID and the secret aren't base64-encoded",
    "scheme": "it doesn't start with Basic",
}
WHY_STATUS_401 = "The client authenticated in the Authorization header, which gets 401 (RFC 6749, 5.2)."
WHY_WARNING = f"{WHY_STATUS_401} The app follows the RFC, and only this server doesn't."


def _rewrite_header(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Writes the same client ID and secret correctly, if they can be read."""
    read = request.presented.basic
    pair = read.decoded if read and read.decoded else basic.salvage(request.headers.get("authorization", ""))
    if pair is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(*pair)})


def _move_credentials(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Moves a signed JWT to the body; sends a client ID and secret as Basic."""
    text = request.headers.get("authorization", "").partition(" ")[2].strip()
    if jose.peek(text) is None:
        return _rewrite_header(request, facts)
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    pairs = [("client_assertion_type", JWT_BEARER), ("client_assertion", text)]
    return structs.replace(request, headers=headers, parameters=request.parameters.replace(pairs))


def _newline(facts: Facts) -> Facts | None:
    return facts if facts["fault"] == "newline" else None


def _with_description(facts: Facts) -> Facts:
    return {**facts, "said": FAULTS.get(facts["fault"], facts["fault"])}


def _write_unencoded(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or read.decoded is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write_plain(*read.decoded)})


URLENCODED_MISMATCH = Rule(
    id="basic-urlencoded-mismatch",
    severity="warning",
    outcome="401 invalid_client",
    differs=WHY_WARNING,
    parameter="Authorization",
    title="`Authorization` is form-encoded, but this server doesn't decode it",
    why="RFC 6749 requires form-encoding before base64. Some servers never decode, so the encoded secret doesn't match the "
    "registered one.",
    fix="For this server, send the client ID and the secret without form-encoding. A secret of only letters and digits works "
    "everywhere.",
    spec=PASSWORD,
    repair=_write_unencoded,
)


def _swap_id_and_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    pair = basic.read(request.headers.get("authorization", "")).decoded or ("", "")
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(pair[1], pair[0])})


SWAPPED = Rule(
    id="basic-swapped",
    outcome="401 invalid_client",
    differs=WHY_STATUS_401,
    parameter="Authorization",
    title="`Authorization` has the secret before the colon and the `client_id` after it",
    why="The server takes the part before the colon as the `client_id`. Client IDs are shown and logged, so treat this secret "
    "as leaked.",
    fix="Send client_id:client_secret, and create a new secret.",
    spec=PASSWORD,
    repair=_swap_id_and_secret,
)

NEWLINE = Rule(
    id="basic-newline",
    explains="basic-malformed",
    recognises=_newline,
    outcome="401 invalid_client",
    differs=WHY_STATUS_401,
    parameter="Authorization",
    title="`Authorization` contains a line break",
    why="`echo` adds a line break to the secret, and `base64` breaks lines after 76 characters. The server then reads "
    "another secret.",
    fix="Create the header without line breaks: `printf '%s:%s' id secret | base64 -w0`.",
    spec=PASSWORD,
    repair=_rewrite_header,
)


MALFORMED = Rule(
    id="basic-malformed",
    recognises=_with_description,
    outcome="401 invalid_client",
    differs=WHY_STATUS_401,
    parameter="Authorization",
    title="`Authorization` can't be read as Basic: {said}",
    why="The server expects the word Basic, a space, and the base64 encoding of the client ID, a colon and the secret.",
    fix="Send `Authorization: Basic` followed by the base64 encoding of client_id:client_secret.",
    spec=PASSWORD,
    repair=_rewrite_header,
)


AS_BEARER = Rule(
    id="assertion-as-bearer",
    outcome="401 invalid_client",
    differs=WHY_STATUS_401,
    parameter="Authorization",
    title="`Authorization` is a Bearer header, which the token endpoint doesn't accept",
    why="Bearer is for access tokens at the FHIR server. At the token endpoint a client authenticates with Basic, or with a "
    "signed assertion in the body.",
    fix="If the app has a secret, send Basic. If it has a key, send the signed JWT in the body as `client_assertion`, with "
    "`client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.",
    spec=ASYMMETRIC,
    repair=_move_credentials,
)


def _accepted_unencoded(request: TokenRequest, context: TokenContext) -> Facts | None:
    """Facts if this server accepts the secret unencoded, which a server that follows the RFC would decode to something else."""
    client = context.client
    if not isinstance(client, Client) or not client.secret_hash or not request.presented.basic:
        return None
    return {} if reading(request, client) == "raw" else None


def _write_encoded(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or read.raw is None:
        return request
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(*read.raw)})


NOT_URLENCODED = Rule(
    id="basic-not-urlencoded",
    explains="",
    advises=_accepted_unencoded,
    at=("token",),
    parameter="Authorization",
    title="`Authorization` has a client ID and secret that weren't form-encoded before base64",
    why="The secret has characters such as + or % that change when they are form-decoded. Some servers try both readings, "
    "but others only decode, and get another secret.",
    fix="Form-encode the client ID and the secret before base64. A secret of only letters and digits needs no encoding.",
    spec=PASSWORD,
    repair=_write_encoded,
)
