"""Rules about which credentials a client sends, and whether they are right."""

from dataclasses import replace

from sickbay.authorization.client_authentication import PADDING, is_empty_basic, presented, registered_method
from sickbay.authorization.known import TokenKnown
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.values import Client
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule, Severity, Spec
from sickbay.kernel.refusal import Facts
from sickbay.protocol import basic

CLIENT = Spec("RFC 6749, 2.3 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-2.3")
TOKEN = Spec("RFC 6749, 3.2.1 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1")
REFRESH = Spec("RFC 6749, 6 Refreshing an Access Token", "https://www.rfc-editor.org/rfc/rfc6749#section-6")
SMART = Spec(
    "SMART App Launch 2.2, Obtain access token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token",
)
SECRET_PARAMETERS = ("client_secret", "client_assertion", "client_assertion_type")


def _at_refresh(facts: Facts) -> Facts | None:
    return facts if facts["grant_type"] == "refresh_token" else None


def _with_client_id(request: TokenRequest, facts: Facts) -> TokenRequest:
    expected = facts.get("expected")
    return replace(request, parameters=request.parameters.replaced([("client_id", expected)])) if expected else request


def _with_known_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Offline, where the registration at hand has the secret; live there is only its hash, so a place stands for it."""
    known = facts.get("known")
    if not isinstance(known, TokenKnown) or not isinstance(known.client, Client) or known.client.client != "symmetric":
        return request
    secret = known.secret or repairs.PLACE_OF_SECRET
    if registered_method(known.client) == "client_secret_post":
        pairs = [("client_id", known.client.client_id), ("client_secret", secret)]
        return replace(request, parameters=request.parameters.replaced(pairs))
    headers = {**request.headers, "authorization": basic.write(known.client.client_id, secret)}
    bare = request.parameters.replaced([("client_id", None), ("client_secret", None)])
    return replace(request, headers=headers, parameters=bare)


def _is_padded(facts: Facts) -> Facts | None:
    return facts if facts.get("padded") else None


def _stripped(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = presented(request).basic
    if read is None or not read.decoded:
        sent = (request.parameters.get("client_secret") or "").strip(PADDING)
        return replace(request, parameters=request.parameters.replaced([("client_secret", sent)]))
    id, secret = read.decoded
    return replace(request, headers={**request.headers, "authorization": basic.write(id, secret.strip(PADDING))})


SECRET_PADDED = Rule(
    id="client-secret-padded",
    stage="client_authentication",
    explains="client-secret-wrong",
    recognises=_is_padded,
    severity="error",
    outcome="401 invalid_client",
    title="The secret has a blank or a quotation mark around it",
    why="Without them it is the secret of this app. They come from a file of the environment, or from a paste.",
    fix="Send the secret with nothing before or behind it.",
    spec=CLIENT,
    repair=_stripped,
)


GUESSES_TOO_MANY = Rule(
    id="guesses-too-many",
    stage="client_authentication",
    explains="guesses-too-many",
    severity="error",
    outcome="429 temporarily_unavailable",
    title="Too many wrong secrets or passwords came from there: nothing is looked at for {seconds} seconds",
    why="Failures alone are counted, of one app or person from one address in a minute, so that guessing is slow.",
    fix="Wait for as many seconds as Retry-After says, then send the right secret: the wrong one stays wrong.",
    spec=specs.rfc(6585, "4", "429 Too Many Requests"),
)

REFRESH_AUTH_MISSING = Rule(
    id="refresh-client-auth-missing",
    stage="refresh",
    explains="client-auth-missing",
    recognises=_at_refresh,
    severity="error",
    outcome="400 invalid_client",
    title="The refresh does not say which app it is for",
    why="A refresh token is bound to its client, which shows itself at every refresh as it did when it redeemed the code.",
    fix="Authenticate as in the code exchange: {registered}.",
    spec=REFRESH,
    repair=lambda request, facts: _with_client_id(_with_known_secret(request, facts), facts),
)

AUTH_MISSING = Rule(
    id="client-auth-missing",
    stage="client_authentication",
    explains="client-auth-missing",
    severity="error",
    outcome="400 invalid_client",
    title="Your app sent no credentials",
    why="It is registered as confidential, so it proves at every token request that it is itself.",
    fix="Authenticate with the registered method, {registered}.",
    spec=TOKEN,
    repair=_with_known_secret,
)

ID_MISSING = Rule(
    id="client-id-missing-in-body",
    stage="token",
    explains="client-id-missing-in-body",
    severity="error",
    outcome="400 invalid_client",
    parameter="client_id",
    title="The request does not say which app it is from",
    why="A public app has no secret to be known by; it names itself with client_id in the body.",
    fix="Add client_id to the form body.",
    spec=TOKEN,
    repair=_with_client_id,
)

SECRET_WRONG = Rule(
    id="client-secret-wrong",
    stage="client_authentication",
    explains="client-secret-wrong",
    severity="error",
    outcome="401 invalid_client",
    title="The secret is not the one of this app",
    why="The credentials could be read and the client_id is known, but the secret differs, form-decoded or not.",
    fix="Copy the secret again, without blanks around it, or make a new one in the portal.",
    spec=CLIENT,
    repair=_with_known_secret,
)


def _empty(request: TokenRequest, known: TokenKnown) -> Facts | None:
    return {"received": ""} if request.parameters.all("client_secret") == ("",) else None


def _without_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    named = presented(request).client_id
    pairs = [*((name, None) for name in SECRET_PARAMETERS), ("client_id", named)]
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return replace(request, parameters=request.parameters.replaced(pairs), headers=headers)


SECRET_EMPTY = Rule(
    id="client-secret-empty",
    stage="client_authentication",
    advises=_empty,
    at=("token",),
    severity="warning",
    outcome="advice",
    parameter="client_secret",
    title="client_secret is there, and empty",
    why="Here an empty parameter counts as not sent; other servers take it for a wrong secret.",
    fix="Leave client_secret out.",
    spec=CLIENT,
    repair=lambda request, facts: replace(request, parameters=request.parameters.replaced([("client_secret", None)])),
)


def _empty_basic(request: TokenRequest, known: TokenKnown) -> Facts | None:
    client = known.client
    return {"received": ""} if isinstance(client, Client) and client.client == "public" and is_empty_basic(request) else None


PUBLIC_EMPTY_BASIC = Rule(
    id="public-client-empty-basic",
    stage="client_authentication",
    advises=_empty_basic,
    at=("token",),
    severity="warning",
    outcome="advice",
    title="A public app sent a Basic header with an empty secret",
    why="The header names the client and proves nothing. This server accepts that; others, such as Oracle Health, refuse "
    "any Authorization header from a public app.",
    fix="Leave the Authorization header out and send `client_id` in the body.",
    spec=CLIENT,
    repair=_without_secret,
)

PUBLIC_SECRET = Rule(
    id="public-client-sent-secret",
    stage="client_authentication",
    explains="public-client-sent-secret",
    severity="error",
    outcome="400 invalid_client",
    title="A public app sent credentials",
    why="What is shipped to browsers or phones keeps no secret. A public app is protected by PKCE and its redirect URI.",
    fix="Send client_id alone, with PKCE; or register the app as confidential and redeem the code on a server.",
    spec=SMART,
    repair=_without_secret,
)


def _basic_alone(request: TokenRequest, facts: Facts) -> TokenRequest:
    if "client_secret_basic" not in facts["received"]:
        return request
    return replace(request, parameters=request.parameters.replaced([(name, None) for name in SECRET_PARAMETERS]))


MULTIPLE = Rule(
    id="client-auth-multiple",
    stage="client_authentication",
    explains="client-auth-multiple",
    severity="error",
    outcome="400 invalid_request",
    title="Your app authenticated in more than one way: {received}",
    why="A client uses one method a request. With two it is not clear which one counts.",
    fix="Send the Basic header alone, or the parameters in the body alone.",
    spec=CLIENT,
    repair=_basic_alone,
)


def _moved(request: TokenRequest, facts: Facts) -> TokenRequest:
    """The secret from the body into the header, or the other way, as the registration has it."""
    read, secret = presented(request), request.parameters.get("client_secret")
    if facts["registered"] == "client_secret_basic" and secret and read.client_id:
        headers = {**request.headers, "authorization": basic.write(read.client_id, secret)}
        gone = request.parameters.replaced([("client_secret", None), ("client_id", None)])
        return replace(request, headers=headers, parameters=gone)
    if facts["registered"] == "client_secret_post" and read.basic and read.basic.decoded:
        id, secret = read.basic.decoded
        headers = {name: value for name, value in request.headers.items() if name != "authorization"}
        sent = request.parameters.replaced([("client_id", id), ("client_secret", secret)])
        return replace(request, headers=headers, parameters=sent)
    return request


def _secret_for_jwt(facts: Facts) -> Facts | None:
    wants_jwt = facts["registered"] == "private_key_jwt" and str(facts["received"]).startswith("client_secret")
    return facts if wants_jwt and facts.get("grant_type") == "client_credentials" else None


SECRET_FOR_JWT = Rule(
    id="backend-secret-instead-of-jwt",
    stage="backend",
    explains="client-auth-method-mismatch",
    recognises=_secret_for_jwt,
    severity="error",
    outcome="400 invalid_client",
    title="A backend service sent a secret",
    why="SMART backend services show themselves by a JWT that they sign with their own key; no secret is shared.",
    fix="Sign a client_assertion with the key of your JWKS, and send it in place of the secret.",
    spec=Spec(
        "SMART App Launch 2.2, Backend Services",
        "https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html",
    ),
)

METHOD_MISMATCH = Rule(
    id="client-auth-method-mismatch",
    stage="client_authentication",
    explains="client-auth-method-mismatch",
    severity="error",
    outcome="400 invalid_client",
    title="Your app authenticated by {received}",
    why="It is registered for {registered}, and one method is not taken for the other.",
    fix="Authenticate by {registered}, or change the registration.",
    spec=CLIENT,
    repair=_moved,
)


def _same_id(request: TokenRequest, known: TokenKnown) -> Facts | None:
    read, body = presented(request).basic, request.parameters.get("client_id")
    if read is None or read.decoded is None or body not in (read.decoded[0], (read.raw or ("",))[0]):
        return None
    return {"received": body, "expected": body}


def _differs(facts: Facts) -> Severity:
    return "info" if facts["received"] == facts["expected"] else "error"


def _once(request: TokenRequest, facts: Facts) -> TokenRequest:
    """In the header, where there still is one: another repair may have taken it away."""
    if presented(request).basic is None:
        return request
    return replace(request, parameters=request.parameters.replaced([("client_id", None)]))


ID_DUPLICATED = Rule(
    id="client-id-duplicated",
    stage="token",
    explains="client-id-duplicated",
    advises=_same_id,
    severity=_differs,
    outcome="400 invalid_request where they differ",
    parameter="client_id",
    title="client_id stands in the body and in the Basic header: {received}, {expected}",
    why="The header names the client already. Equal, the second is idle; different, nobody knows which one is meant.",
    fix="Leave client_id out of the body when Basic is used.",
    spec=CLIENT,
    repair=_once,
)

RULES = (
    GUESSES_TOO_MANY,
    REFRESH_AUTH_MISSING,
    AUTH_MISSING,
    ID_MISSING,
    SECRET_PADDED,
    SECRET_WRONG,
    SECRET_EMPTY,
    PUBLIC_SECRET,
    PUBLIC_EMPTY_BASIC,
    MULTIPLE,
    SECRET_FOR_JWT,
    METHOD_MISMATCH,
    ID_DUPLICATED,
)
