"""What is known when a stage is examined. operations load it; the doctor reads it from a context; UNKNOWN where it can't be.

None says: looked for and not there. UNKNOWN says: not looked for, or not to be known offline; checks that need it are skipped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sickbay.authorization.models import AccessToken, AppState, AuthorizationCode, Client, Launch, Server, TokenFamily, User
from sickbay.authorization.scope_negotiation import TokenSummary
from sickbay.fhir.body import Body
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.subjects import Before
from sickbay.kernel.checks import UNKNOWN, Unknown


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class AuthorizeContext:
    """client: registered under the client_id sent. launch: issued under the launch code sent. others: registered ids."""

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    elsewhere: str = ""
    """The tenant in the address of the request, where it is none that this server knows."""
    astray: bool = False
    """Whether the request came to another address than the authorization endpoint."""
    fetched: bool = False
    """Whether a script asked, and not a browser that goes there."""
    client: Client | Unknown | None = UNKNOWN
    launch: Launch | Unknown | None = UNKNOWN
    others: tuple[str, ...] = ()
    session_user: str | Unknown | None = UNKNOWN
    live_at: int | None = None
    """When what was registered of this client since will be in force; None where all of it is."""
    seen: frozenset[tuple[str, str]] = frozenset()
    """Name and value of what this client sent before, and must send anew each time: state, nonce, code_challenge."""
    live_launch: str | None = None
    """The code of a launch of this client that is still good, where one is known: for the corrected request alone."""
    live: Launch | None = None
    """The launch of that code."""
    neighbours: tuple[Client, ...] = ()
    """The apps behind `others`, where they are known: for the corrected request alone."""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class LoginContext:
    """Sign-in, context and consent: the request that waits, its client and launch, and who may see what."""

    server: Server
    client: Client
    request: Any
    launch: Launch | None = None
    user: User | None = None
    granted: tuple[str, ...] = ()
    patient_visible: bool | Unknown = UNKNOWN
    encounter_fits: bool | Unknown = UNKNOWN
    """Whether the encounter is this patient's, and this person may see it."""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class TokenContext:
    """client: as client_id, Basic or assertion names it. secret_matches: None where no secret was sent or none is registered.

    generation: of the refresh token sent, as its own text says; None where it is no refresh token of ours.
    """

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    elsewhere: str = ""
    """The tenant in the address of the request, where it is none that this server knows."""
    client: Client | Unknown | None = UNKNOWN
    code: AuthorizationCode | Unknown | None = UNKNOWN
    family: TokenFamily | Unknown | None = UNKNOWN
    generation: int | None = None
    session_ended: bool = False
    answer: AccessToken | Unknown | None = None
    """The access token that the last rotation of the family gave, loaded if it is to be repeated; None if it is gone."""
    may_repeat: bool = True
    """False if the refresh token is the newest of its family, so that no earlier response is to be repeated."""
    unusual_scopes: bool = True
    """False if no check of scopes can refuse this request: see authorization.ordinary_scopes."""
    user_gone: bool = False
    """Whether the person of the grant is no user here any more."""
    secret: str | None = None
    """The registered secret in clear, where an offline context has it; live there is only its hash."""
    secret_known: bool | Unknown = True
    """UNKNOWN offline where the registration names no secret to compare with."""
    seen_jti: tuple[str, ...] = ()
    jwks: dict[str, Any] | Unknown | None = UNKNOWN
    jwks_fault: str | None = None
    """Why the keys could not be had."""
    others: tuple[str, ...] = ()
    live_at: int | None = None
    """When what was registered of this client since will be in force; None where all of it is."""
    waits: int = 0
    """Seconds until the next try of one who failed too often; 0: nobody waits."""
    attempts: tuple[str, ...] = ()
    """Challenges of this app's other attempts: for the explanation of a verifier that does not fit."""
    given: TokenSummary | None = None
    """What the answer brought, where it was granted."""
    owner: Client | None = None
    """The app that the code or the refresh token was given to, where the request names none: for the explanation."""
    neighbours: tuple[Client, ...] = ()
    """The apps behind `others`, where they are known: for the corrected request alone."""
    bare: AuthorizationCode | Unknown | None = UNKNOWN
    """The code without what clings to it, where none was found as it stands: for the corrected request alone."""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class SubjectContext(TokenContext):
    """At introspection and revocation. subject: what the token asked about is, None where it is none of this server's.

    caller and user: of the token in the Authorization header, and whose it is.
    """

    subject: AccessToken | TokenFamily | Unknown | None = UNKNOWN
    caller: AccessToken | Unknown | None = UNKNOWN
    user: User | Unknown | None = UNKNOWN


@dataclass(frozen=True, slots=True)
class LogoutContext:
    """client: the app that asks, as LogoutRequest names it. keys: those with which id_tokens of this server are verified."""

    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    keys: dict[str, Any] | Unknown = UNKNOWN
    hinted: Client | Unknown | None = UNKNOWN
    """The app of the id_token_hint, where another asks: for the corrected request alone."""


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class AccessContext:
    """token: stored under the hash of the bearer token sent. user: whose it is, for what this person may see."""

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    token: AccessToken | Unknown | None = UNKNOWN
    user: User | Unknown | None = UNKNOWN
    version: str = ""
    """As in the address: r4, dstu2; "" where it is not known."""
    faults: tuple[RequestError, ...] = ()
    """What fhir could not read of address, Accept and search."""
    ignored: tuple[tuple[str, str | None], ...] = ()
    """Search parameters left out under lenient handling, each with the nearest known name."""
    body: Body | Unknown = UNKNOWN
    """What is to be written, read."""
    current: int | Unknown | None = UNKNOWN
    """The version id of what is there; None where there is nothing that this token may see."""
    kept: frozenset[str] | Unknown = UNKNOWN
    """The references of what is there that are searches, as `sickbay load` takes them."""
    before: Before | Unknown | None = UNKNOWN
    """Whose record it is before the write; None if there is none."""
    readable: bool | Unknown = UNKNOWN
    """Whether the token may read what is there."""
    matches: int | Unknown = UNKNOWN
    """How many a conditional write's search matched."""
    state: AppState | Unknown | None = UNKNOWN
    """What the app keeps under this id; None where it keeps nothing there that this token may change."""


@dataclass(frozen=True, slots=True)
class UrlContext:
    """What the app's side knew at a launch or redirect URL; all of it usually UNKNOWN."""

    server: Server | Unknown = UNKNOWN
    client: Client | Unknown | None = UNKNOWN
    sent_state: str | Unknown | None = UNKNOWN
    allowed_iss: tuple[str, ...] | Unknown = UNKNOWN
    ids: frozenset[str] = frozenset()
    """Names of refusals that can be explained: a foreign answer is read as one of these."""
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What the app's side knew of the request whose answer is looked at."""

    now: int | Unknown = UNKNOWN
    server: Server | Unknown = UNKNOWN
    requested_scope: str | None = None
    client_id: str | None = None
    issuer: str | None = None
    nonce: str | None = None
    wants_refresh: bool = False
