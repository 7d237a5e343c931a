"""The facts that each stage needs besides the request. Services load them; `sickbay doctor` reads them from a context file.

None means looked up and not found. UNKNOWN means not looked up, or not knowable offline; checks that need it are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from sickbay.authorization.models import AccessToken, AppState, AuthorizationCode, Client, Launch, Server, TokenFamily, User
from sickbay.kernel.checks import UNKNOWN, Refusal, Unknown

if TYPE_CHECKING:
    from sickbay.authorization.refused_token import RefusedToken
    from sickbay.authorization.scopes.negotiation import TokenSummary
    from sickbay.fhir.body import Body
    from sickbay.fhir.request_error import RequestError
    from sickbay.fhir.subjects import Before

Guesses: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of a context attribute (or a refusal's name) and a sentence that says what it was inferred from."""


class AuthorizeContext(Struct, frozen=True):
    """client: registered under the client_id sent. launch: issued under the launch code sent. others: registered client ids."""

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    elsewhere: str = ""
    """The tenant name in the request URL if this server has no such tenant."""
    misdirected: bool = False
    """Whether the request came to another URL than the authorization endpoint."""
    fetched: bool = False
    """Whether a script fetched the URL instead of a browser navigating to it."""
    client: Client | Unknown | None = UNKNOWN
    document_fault: Refusal | None = None
    """Why the metadata document at the client_id can't be used; None if there is none or it can be used."""
    launch: Launch | Unknown | None = UNKNOWN
    others: tuple[str, ...] = ()
    session_user: str | Unknown | None = UNKNOWN
    live_at: int | None = None
    """When this client's pending registration takes effect; None if all of it is in effect."""
    seen: frozenset[tuple[str, str]] = frozenset()
    """Names and values that this client sent before and must renew for each request: state, nonce, code_challenge."""
    live_launch: str | None = None
    """The code of a launch of this client that is still valid, if one is known. Used only for the corrected request."""
    live: Launch | None = None
    """The launch of `live_launch`."""
    newest_clients: tuple[Client, ...] = ()
    """The apps behind `others`, if known. Used only for the corrected request."""
    smart: bool = True
    """False for a pasted OAuth or OpenID Connect request without anything that SMART defines: its demands don't apply."""
    unusual_scopes: bool = True
    """False if no scope check can refuse this request: see authorization.ordinary_scopes."""
    guesses: Guesses = ()
    """Parts of this context that were inferred from a pasted request. Empty on a running server."""


class LoginContext(Struct, frozen=True):
    """Sign-in, context and consent: the pending request, its client and launch, and who may see what."""

    server: Server
    client: Client
    request: Any
    launch: Launch | None = None
    user: User | None = None
    granted: tuple[str, ...] = ()
    patient_visible: bool | Unknown = UNKNOWN
    encounter_fits: bool | Unknown = UNKNOWN
    """Whether the encounter is this patient's and visible to this user."""


class TokenContext(Struct, frozen=True):
    """client: named by client_id, Basic or the assertion.

    generation: that of the refresh token sent, read from its text; None if it isn't one of our refresh tokens.
    """

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    elsewhere: str = ""
    """The tenant name in the request URL if this server has no such tenant."""
    client: Client | Unknown | None = UNKNOWN
    code: AuthorizationCode | Unknown | None = UNKNOWN
    family: TokenFamily | Unknown | None = UNKNOWN
    generation: int | None = None
    session_ended: bool = False
    answer: AccessToken | Unknown | None = None
    """The access token from the family's last rotation, loaded if the response may be repeated; None if it no longer exists."""
    may_repeat: bool = True
    """False if the refresh token is the newest of its family, so no earlier response can be repeated."""
    unusual_scopes: bool = True
    """False if no scope check can refuse this request: see authorization.ordinary_scopes."""
    user_gone: bool = False
    """Whether the user of the grant was removed."""
    secret: str | None = None
    """The registered secret in clear text, if an offline context has it; a running server stores only its hash."""
    secret_known: bool | Unknown = True
    """UNKNOWN offline if the registration has no secret to compare with."""
    seen_jti: tuple[str, ...] = ()
    jwks: dict[str, Any] | Unknown | None = UNKNOWN
    jwks_fault: str | None = None
    """Why the keys couldn't be fetched."""
    others: tuple[str, ...] = ()
    live_at: int | None = None
    """When this client's pending registration takes effect; None if all of it is in effect."""
    waits: int = 0
    """Seconds until the next attempt is allowed after too many failures; 0 if it is allowed now."""
    attempts: tuple[str, ...] = ()
    """Challenges of this app's other attempts. Used to explain a verifier that doesn't match."""
    given: TokenSummary | None = None
    """What the token response contained, if the request was granted."""
    owner: Client | None = None
    """The app that the code or refresh token was issued to, if the request names none. Used for the explanation."""
    newest_clients: tuple[Client, ...] = ()
    """The apps behind `others`, if known. Used only for the corrected request."""
    bare: AuthorizationCode | Unknown | None = UNKNOWN
    """The code without stray characters, if none was found as sent. Used only for the corrected request."""
    from_page: bool = True
    """False if the request has no Origin header, so that no check of a page's origin can refuse it."""
    smart: bool = True
    """As in AuthorizeContext."""
    guesses: Guesses = ()
    """As in AuthorizeContext."""


class SubjectContext(TokenContext, frozen=True):
    """Introspection and revocation. subject: the token in the request, None if this server didn't issue it.

    caller and user: the token in the Authorization header and its user.
    """

    subject: AccessToken | TokenFamily | Unknown | None = UNKNOWN
    caller: AccessToken | Unknown | None = UNKNOWN
    user: User | Unknown | None = UNKNOWN


class LogoutContext(Struct, frozen=True):
    """client: the app that LogoutRequest names. keys: for verifying this server's id_tokens."""

    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    keys: dict[str, Any] | Unknown = UNKNOWN
    hinted: Client | Unknown | None = UNKNOWN
    """The app of the id_token_hint if a different app sent the request. Used only for the corrected request."""


class AccessContext(Struct, frozen=True):
    """token: stored under the hash of the bearer token sent. user: the token's user, who limits what it can see."""

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    token: AccessToken | Unknown | None = UNKNOWN
    user: User | Unknown | None = UNKNOWN
    version: str = ""
    """As in the URL: r4, dstu2; "" if it isn't known."""
    faults: tuple[RequestError, ...] = ()
    """Errors that `fhir` found in the URL, Accept and the search."""
    ignored: tuple[tuple[str, str | None], ...] = ()
    """Search parameters left out under lenient handling, each with the closest known name."""
    body: Body | Unknown = UNKNOWN
    """The parsed body to write."""
    current: int | Unknown | None = UNKNOWN
    """The version id of the stored resource; None if there is none that this token may see."""
    kept: frozenset[str] | Unknown = UNKNOWN
    """References in the stored resource that are searches, as `sickbay load` accepts them."""
    before: Before | Unknown | None = UNKNOWN
    """The owners of the stored resource before the write; None if there is none."""
    readable: bool | Unknown = UNKNOWN
    """Whether the token may read the stored resource."""
    matches: int | Unknown = UNKNOWN
    """How many resources a conditional write's search matched."""
    state: AppState | Unknown | None = UNKNOWN
    """The state that the app has stored under this id; None if there is none that this token may change."""
    empty: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Why a search found nothing, or less than it asked for: rule ids with their facts. Known only after the response."""
    headers_known: bool = True
    """False if only the URL was pasted, so a header that isn't there may have been sent."""
    public: bool = False
    """Whether the request goes to a server that is known to need no token. False for this server."""
    from_page: bool = True
    """False if the request has no Origin header, so that no check of a page's origin can refuse it."""
    guesses: Guesses = ()
    """As in AuthorizeContext."""
    earlier: tuple[RefusedToken, ...] = ()
    """Tokens of the same app and user that were refused before because they lack a scope, the oldest first."""


class UrlContext(Struct, frozen=True):
    """The app's own data at a launch or redirect URL; usually all UNKNOWN."""

    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    sent_state: str | Unknown | None = UNKNOWN
    allowed_iss: tuple[str, ...] | Unknown = UNKNOWN
    ids: frozenset[str] = frozenset()
    """Names of refusals that can be explained: another server's response is matched to one of these."""
    cookie_lost: bool = False
    """Whether the app set a cookie at the launch that didn't come back with the redirect."""
    response_mode: str | None = None
    """The `response_mode` that the app requested, or the default of the `response_type` that it requested; None if unknown."""
    guesses: Guesses = ()
    """As in AuthorizeContext."""


class AnswerContext(Struct, frozen=True):
    """The app's own data about the request whose response is examined.

    openid: the OpenID configuration of the same server, for comparison.
    """

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    requested_scope: str | None = None
    client_id: str | None = None
    issuer: str | None = None
    nonce: str | None = None
    wants_refresh: bool = False
    openid: Mapping[str, Any] | None = None
    expected_patient: str | None = None
    cookie_lost: bool = False
    """As in UrlContext."""
    guesses: Guesses = ()
    """As in AuthorizeContext."""
