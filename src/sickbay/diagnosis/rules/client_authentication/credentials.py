"""Rules about the credentials that a client sends: missing, wrong, or of the wrong method."""

from msgspec import structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import PADDING, is_empty_basic
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.wording import join_as_code
from sickbay.kernel.checks import Facts
from sickbay.protocol import basic

CLIENT = Spec("RFC 6749, 2.3 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-2.3")
TOKEN = Spec("RFC 6749, 3.2.1 Client Authentication", "https://www.rfc-editor.org/rfc/rfc6749#section-3.2.1")
SMART = Spec(
    "SMART App Launch 2.2, Obtain access token",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token",
)
SECRET_PARAMETERS = ("client_secret", "client_assertion", "client_assertion_type")


def _is_padded(facts: Facts) -> Facts | None:
    return facts if facts.get("padded") else None


def _strip_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    read = request.presented.basic
    if read is None or not read.decoded:
        sent = (request.parameters.get("client_secret") or "").strip(PADDING)
        return structs.replace(request, parameters=request.parameters.replace([("client_secret", sent)]))
    id, secret = read.decoded
    return structs.replace(request, headers={**request.headers, "authorization": basic.write(id, secret.strip(PADDING))})


GUESSES_TOO_MANY = Rule(
    id="guesses-too-many",
    title="Too many failed sign-ins: try again in {seconds} seconds",
    why="To slow down guessing, the server counts failed attempts per app or user and address. After too many in one minute "
    "it refuses all attempts, even with the right secret.",
    fix="Wait until the time in `Retry-After` has passed, then send the right secret.",
    spec=specs.rfc(6585, "4", "429 Too Many Requests"),
)


AUTH_MISSING = Rule(
    id="client-auth-missing",
    title="The token request has no client credentials",
    why="The app is registered as confidential, so it must authenticate in every token request.",
    fix="Authenticate with the registered method, `{registered}`.",
    spec=TOKEN,
    repair=corrections.with_known_secret,
)

SECRET_PADDED = Rule(
    id="client-secret-padded",
    explains="client-secret-wrong",
    recognises=_is_padded,
    outcome="401 invalid_client",
    differs="In the Authorization header, as here, a wrong secret gets 401; in the body, 400 (RFC 6749, 5.2).",
    title="`client_secret` has a space or a quotation mark around it",
    why="Without these characters it is this app's secret. They often come from an environment file or from copying.",
    fix="Send the secret without these characters.",
    spec=CLIENT,
    repair=_strip_secret,
)


SECRET_WRONG = Rule(
    id="client-secret-wrong",
    outcome="401 invalid_client",
    differs="In the Authorization header, as here, a wrong secret gets 401; in the body, 400 (RFC 6749, 5.2).",
    title="`client_secret` is wrong",
    why="The server knows this `client_id`, but the secret isn't the registered one, neither as it was sent nor form-decoded.",
    fix="Copy the secret again, without spaces around it. If you no longer have it, create a new one in the portal.",
    spec=CLIENT,
    repair=corrections.with_known_secret,
)


def _empty(request: TokenRequest, context: TokenContext) -> Facts | None:
    return {"received": ""} if request.parameters.all("client_secret") == ("",) else None


def _without_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    client_id = request.presented.client_id
    pairs = [*((name, None) for name in SECRET_PARAMETERS), ("client_id", client_id)]
    headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    return structs.replace(request, parameters=request.parameters.replace(pairs), headers=headers)


SECRET_EMPTY = Rule(
    id="client-secret-empty",
    advises=_empty,
    at=("token",),
    severity="warning",
    parameter="client_secret",
    title="`client_secret` is empty",
    why="Sickbay treats an empty parameter as not sent, but other servers treat it as a wrong secret.",
    fix="Leave out `client_secret`.",
    spec=CLIENT,
    repair=lambda request, facts: structs.replace(request, parameters=request.parameters.replace([("client_secret", None)])),
)


PUBLIC_SECRET = Rule(
    id="public-client-sent-secret",
    title="The app is public, but it sent credentials",
    why="A public app runs in a browser or on a phone, where anyone can read its secret. PKCE and the redirect URI protect "
    "it instead.",
    fix="Send only `client_id`, with PKCE. If your app exchanges the code on a server, register it as confidential instead.",
    spec=SMART,
    repair=_without_secret,
)


def _empty_basic(request: TokenRequest, context: TokenContext) -> Facts | None:
    client = context.client
    return {"received": ""} if isinstance(client, Client) and client.client == "public" and is_empty_basic(request) else None


PUBLIC_EMPTY_BASIC = Rule(
    id="public-client-empty-basic",
    advises=_empty_basic,
    at=("token",),
    severity="warning",
    title="The app is public, but it sent a Basic header with an empty secret",
    why="The header names the client but proves nothing. Sickbay accepts it. Other servers, such as Oracle Health, refuse "
    "any `Authorization` header from a public app.",
    fix="Leave out the `Authorization` header, and send `client_id` in the body.",
    spec=CLIENT,
    repair=_without_secret,
)


def _only_basic(request: TokenRequest, facts: Facts) -> TokenRequest:
    if "client_secret_basic" not in facts["received"]:
        return request
    return structs.replace(request, parameters=request.parameters.replace([(name, None) for name in SECRET_PARAMETERS]))


MULTIPLE = Rule(
    id="client-auth-multiple",
    recognises=lambda facts: {**facts, "names": join_as_code(facts["received"])},
    title="The client authenticated in more than one way: {names}",
    why="A client must use only one authentication method per request. With two, the server can't tell which one to check.",
    fix="Send either the Basic header or the parameters in the body, whichever the app is registered for.",
    spec=CLIENT,
    repair=_only_basic,
)


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


METHOD_MISMATCH = Rule(
    id="client-auth-method-mismatch",
    title="The client authenticated with `{received}`, but is registered for `{registered}`",
    why="The server accepts only the authentication method that is registered for the app.",
    fix="Authenticate with `{registered}`. If your library can't, change the registration.",
    spec=CLIENT,
    repair=_move_secret,
)
