"""Rules about the Authorization header of a token request."""

from dataclasses import replace

from sickbay.authorization.client_authentication import JWT_BEARER, presented, reading
from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import basic, jose

PASSWORD = Spec("RFC 6749, 2.3.1 Client Password", "https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1")
ASYMMETRIC = Spec(
    "SMART App Launch 2.2, Asymmetric client authentication",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html",
)
FAULTS = {
    "not-base64": "what follows Basic is not base64",
    "no-colon": "the decoded text holds no colon between id and secret",
    "clear": "id and secret were sent as they are, without base64",
    "scheme": "it does not begin with Basic",
}


def _rewritten(request: TokenRequest, facts: Facts) -> TokenRequest:
    """The same id and secret, well written, where they can be read."""
    read = presented(request).basic
    pair = read.decoded if read and read.decoded else basic.salvaged(request.headers.get("authorization", ""))
    if pair is None:
        return request
    return replace(request, headers={**request.headers, "authorization": basic.write(*pair)})


def _as_sent(request: TokenRequest, facts: Facts) -> TokenRequest:
    """A signed JWT goes into the body; what holds id and secret is Basic."""
    text = request.headers.get("authorization", "").partition(" ")[2].strip()
    if jose.peek(text) is None:
        return _rewritten(request, facts)
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    pairs = [("client_assertion_type", JWT_BEARER), ("client_assertion", text)]
    return replace(request, headers=headers, parameters=request.parameters.replaced(pairs))


def _newline(facts: Facts) -> Facts | None:
    return facts if facts["fault"] == "newline" else None


def _fault(facts: Facts) -> Facts:
    return {**facts, "said": FAULTS.get(facts["fault"], facts["fault"])}


NEWLINE = Rule(
    id="basic-newline",
    stage="client_authentication",
    explains="basic-malformed",
    recognises=_newline,
    severity="error",
    outcome="401 invalid_client",
    parameter="Authorization",
    title="There is a line break in the Authorization header",
    why="echo adds one to the secret, and base64 breaks lines after 76 characters; either way it is another secret.",
    fix="Make the header without line breaks: printf '%s:%s' id secret | base64 -w0.",
    spec=PASSWORD,
    repair=_rewritten,
)


def _swapped(request: TokenRequest, facts: Facts) -> TokenRequest:
    pair = basic.read(request.headers.get("authorization", "")).decoded or ("", "")
    return replace(request, headers={**request.headers, "authorization": basic.write(pair[1], pair[0])})


SWAPPED = Rule(
    id="basic-swapped",
    stage="client_authentication",
    explains="basic-swapped",
    severity="error",
    outcome="401 invalid_client",
    parameter="Authorization",
    title="The Authorization header has the secret in front, and the client_id behind the colon",
    why="The first of the two is taken for the id, and ids are shown and logged: a secret that stood there is none any more.",
    fix="Send client_id:client_secret, and ask for a new secret.",
    spec=PASSWORD,
    repair=_swapped,
)

MALFORMED = Rule(
    id="basic-malformed",
    stage="client_authentication",
    explains="basic-malformed",
    recognises=_fault,
    severity="error",
    outcome="401 invalid_client",
    parameter="Authorization",
    title="The Authorization header can't be read as Basic",
    why="Id and secret are read from base64 after the word Basic; here {said}.",
    fix="Send Authorization: Basic and the base64 of id, a colon, and secret.",
    spec=PASSWORD,
    repair=_rewritten,
)

AS_BEARER = Rule(
    id="assertion-as-bearer",
    stage="client_authentication",
    explains="assertion-as-bearer",
    severity="error",
    outcome="401 invalid_client",
    parameter="Authorization",
    title="A Bearer header was sent to the token endpoint",
    why="Bearer is for the FHIR server. Here a client speaks for itself, by Basic or by a signed assertion in the body.",
    fix="With a secret, send Basic. With a key, send the signed JWT in the body as client_assertion, with client_assertion_type"
    "=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
    spec=ASYMMETRIC,
    repair=_as_sent,
)


def _raw(request: TokenRequest, known: TokenKnown) -> Facts | None:
    """Accepted here as it stands; a server that keeps to the RFC would decode it to something else."""
    client = known.client
    if not isinstance(client, Client) or not client.secret_hash or not presented(request).basic:
        return None
    return {} if reading(request, client) == "raw" else None


def _encoded(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = presented(request).basic
    if read is None or read.raw is None:
        return request
    return replace(request, headers={**request.headers, "authorization": basic.write(*read.raw)})


NOT_URLENCODED = Rule(
    id="basic-not-urlencoded",
    stage="client_authentication",
    advises=_raw,
    at=("token",),
    severity="error",
    outcome="advice",
    parameter="Authorization",
    title="Id and secret were put into the Basic header without form-encoding them first",
    why="The secret holds characters that mean something else once decoded. Some servers try both readings; others decode.",
    fix="Form-encode id and secret, then base64; or take a secret of letters and digits.",
    spec=PASSWORD,
    repair=_encoded,
)


def _as_it_stands(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = presented(request).basic
    if read is None or read.decoded is None:
        return request
    return replace(request, headers={**request.headers, "authorization": basic.plain(*read.decoded)})


URLENCODED_MISMATCH = Rule(
    id="basic-urlencoded-mismatch",
    stage="client_authentication",
    explains="basic-urlencoded-mismatch",
    severity="warning",
    outcome="401 invalid_client",
    parameter="Authorization",
    title="Id and secret were form-encoded, and this server compares them as they stand",
    why="RFC 6749 has them encoded first, and some servers never decode them; for those it is another secret.",
    fix="For this server put id and secret into the header unencoded; or take a secret of letters and digits, right for both.",
    spec=PASSWORD,
    repair=_as_it_stands,
)

RULES = (URLENCODED_MISMATCH, SWAPPED, NEWLINE, MALFORMED, AS_BEARER, NOT_URLENCODED)
