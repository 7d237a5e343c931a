"""The data types of the authorization server: plain frozen values, as they are stored and as checks see them.

Times are epoch seconds. Secrets and codes appear as SHA-256 hex only. Fields that may be UNKNOWN are in the stages' contexts.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

AppType: TypeAlias = Literal["provider", "patient", "system"]
ClientKind: TypeAlias = Literal["public", "symmetric", "asymmetric"]
Pkce: TypeAlias = Literal["required", "if-sent", "off"]


class AutoApproval(Struct, frozen=True):
    """Approves an app's sign-in, pickers and consent automatically, as this user."""

    user: str
    patient: str | None = None
    encounter: str | None = None
    scopes: str | None = None


class Grant(Struct, frozen=True):
    """Limits on what a client may register for itself (RFC 7591, 7592). Members are as in Client; None sets no limit."""

    scope: str | None = None
    grant_types: tuple[str, ...] | None = None
    type: AppType | None = None
    client: ClientKind | None = None
    auth_method: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    post_logout_redirect_uris: tuple[str, ...] | None = None
    launch_uri: str | None = None
    jwks_uri: str | None = None
    native: bool = True


class ProtectedResource(Struct, frozen=True):
    """A server besides the FHIR bases that tokens can be for (RFC 8707), such as a developer's MCP server.

    client_id: the app that introspects its tokens; "" for any confidential app.
    """

    url: str
    name: str = ""
    scopes: tuple[str, ...] = ()
    client_id: str = ""


class DocumentTimes(Struct, frozen=True):
    """When a client's metadata document was fetched, and until when the copy counts."""

    at: int
    until: int


class Client(Struct, frozen=True):
    """A registered app (RFC 7591 2; SMART App Launch 2.2, Register App with EHR)."""

    client_id: str
    tenant: str = "general"
    app_id: str = ""
    name: str = ""
    type: AppType = "provider"
    client: ClientKind = "public"
    launch_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where the browser may go after logout (OpenID Connect RP-Initiated Logout 1.0, 3.1)."""
    scope: str = ""
    fhir: str = "r4"
    smart_version: int = 2
    smart_release: str | None = None
    """"2.0" for an app of that release: fhirContext as strings. None: the newest release of its version."""
    pkce: Pkce = "required"
    scope_mode: Literal["strict", "lenient"] = "strict"
    native: bool = False
    secret_hash: str | None = None
    secret_length: int | None = None
    """Characters of the secret; None if an older Sickbay stored it."""
    registration_hash: str | None = None
    """SHA-256 of the registration access token (RFC 7592); None if the app didn't register itself."""
    auth_method: str | None = None
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = None
    token_lifetime: int | None = None
    auto_approve: AutoApproval | None = None
    policy: dict[str, Any] = {}
    """Overrides of the tenant's policy for this app: see authorization.policy."""
    cards: tuple[dict[str, Any], ...] = ()
    """Cards that it shows next to a chart: see authorization.launch_card."""
    enabled_tenants: tuple[str, ...] | None = None
    granted: Grant | None = None
    """Limits that an operator granted. None: the registration itself is the limit, until the client changes it."""
    created_at: int = 0
    sample: bool = False
    student: str = ""
    """The id of the student who registered it in class mode; "" if it is for everyone."""
    document: DocumentTimes | None = None
    """None if an operator or the app itself registered it, rather than a metadata document at its client_id."""


class Launch(Struct, frozen=True):
    """One launch of an app. Stored under the SHA-256 of its code; `timeline` is its public id, never the code."""

    client_id: str
    timeline: str
    expires_at: int
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    used_at: int | None = None
    created_at: int = 0
    fhir: str = "r4"
    iss: str = ""
    """The FHIR base that the app was launched with; "" if it isn't known."""
    arrival: int = 0
    """When it was created, in microseconds of real time; 0 in a record of an older Sickbay."""
    student: str = ""
    """The id of the student who launched it in class mode."""
    context: dict[str, Any] = {}
    """need_patient_banner, intent, fhirContext, smart_style_url, appContext, tenant: as they appear in the token response."""


class AuthorizationCode(Struct, frozen=True):
    """An authorization code and what it was issued for. Stored under the SHA-256 of the code."""

    client_id: str
    redirect_uri: str | None
    scope: str
    issued_at: int
    lifetime: int
    family: str
    base: str = ""
    timeline: str = ""
    user: str | None = None
    session: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    nonce: str | None = None
    patient: str | None = None
    encounter: str | None = None
    context: dict[str, Any] = {}
    auth_time: int | None = None
    used_at: int | None = None
    negotiated: tuple[tuple[str, str, str], ...] = ()
    """For each scope: requested, granted and the reason."""
    by_resource: bool = False
    """Whether `resource` named the base, which the token request then repeats (RFC 8707 2.2)."""
    hint: str | None = None
    """login_hint, if a patient signed in who isn't the user that it names."""


RevokedBy: TypeAlias = Literal["", "app", "user", "code", "refresh", "restore"]
"""Who revoked the token: the app, the user, or the server because a code or a refresh token was sent again.

"restore": it was issued after a snapshot that has been restored.

Empty for a token that is valid, or that an older version revoked.
"""


class AccessToken(Struct, frozen=True):
    """An access token, opaque to apps. Stored under the SHA-256 of the token. `scope` is what was granted."""

    client_id: str
    scope: str
    base: str
    expires_at: int
    family: str
    timeline: str = ""
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    issuer: str = ""
    issued_at: int = 0
    revoked: bool = False
    revoked_at: int = 0
    revoked_by: RevokedBy = ""


class TokenFamily(Struct, frozen=True):
    """Everything that one consent granted: the grant behind a chain of refresh tokens. `generation` counts the rotations."""

    family: str
    client_id: str
    scope: str
    base: str
    generation: int = 0
    rotated_at: int = 0
    mode: Literal["online", "offline", "none"] = "none"
    expires_at: int | None = None
    session: str | None = None
    user: str | None = None
    patient: str | None = None
    encounter: str | None = None
    context: dict[str, Any] = {}
    timeline: str = ""
    revoked: bool = False
    revoked_at: int = 0
    revoked_by: RevokedBy = ""
    by_resource: bool = False
    """As in AuthorizationCode."""
    asked: str = ""
    """A hash of the last rotation's request and client authentication: only an identical request may repeat it."""


class AppState(Struct, frozen=True):
    """State that an app stores under its own code (SMART 2.2, app state). text: the resource as served; "" once deleted."""

    system: str
    code: str
    subject: str | None = None
    """The subject as Type/id; None if the state is about the app as a whole."""
    text: str = ""


class User(Struct, frozen=True):
    """A user who can sign in. `patients`: "*" or the ids of the patients this user may see. `password` is an argon2id hash."""

    username: str
    tenant: str
    fhir_user: str
    name: str = ""
    title: str = ""
    patients: tuple[str, ...] | Literal["*"] = "*"
    password: str = ""
    seeded: bool = True
    sub: str = ""

    @property
    def acts_for_patients(self) -> bool:
        """Whether this is a patient, or a RelatedPerson who cares for patients: they open patient apps for those records."""
        return self.fhir_user.rpartition("/")[0].rpartition("/")[2] in ("Patient", "RelatedPerson")

    @property
    def only_patient(self) -> str | None:
        """Returns the only patient whose record is in context without a choice; None if there are several, or any."""
        if not self.acts_for_patients or len(self.patients) != 1:
            return None
        if self.patients != "*":
            return self.patients[0]
        type, _, id = self.fhir_user.rpartition("/")
        return None if type.endswith("RelatedPerson") else id


class Policy(Struct, frozen=True):
    """A tenant's settings, as data: filled from a dialect's TOML file and the app's own settings."""

    pkce: Pkce | None = None
    """None: as the app is registered."""
    scope_separators: str = " "
    wildcard_scopes: bool = True
    scope_versions: tuple[str, ...] = ("v1", "v2")
    drop_unregistered_scopes: bool = False
    """True: unregistered scopes are silently dropped. False: invalid_scope, unless the app's scope_mode is lenient."""
    unbounded_patient_search: Literal["refuse", "allow"] = "refuse"
    requires_patient: bool = False
    requires_category: bool = False
    search_criteria: tuple[str, ...] = ()
    """Parameters that a search must have, as "r4 Observation: _id | patient". If a type has several lines, all must be met."""
    search_parameters: tuple[str, ...] = ()
    """The search parameters that this server knows, as "Observation: patient | category". Of other types, all of them."""
    supported_scopes: tuple[str, ...] = ()
    """The scopes that apps can be registered for; () for all."""
    search_alone: tuple[str, ...] = ()
    """"r4 Observation": types for which `_id` can't be combined with other parameters."""
    versioned_update: bool = False
    app_state: bool = True
    """Whether apps may store their own state here."""
    multiple_deletes: bool = False
    """Whether a conditional delete deletes all matches."""
    strict_search: bool = False
    explain_empty: bool = False
    """Whether a search that finds nothing says why, in an entry of the Bundle with `search.mode` `outcome`."""
    strict_cors: bool = False
    credentialed_cors: bool = False
    """Whether pages of registered origins may send requests with credentials (fetch, credentials: include)."""
    code_lifetime: int = 60
    launch_lifetime: int = 300
    token_lifetime: int = 3600
    expires_in: int | None = None
    """The lifetime in the token response, if it differs from the real one."""
    refresh_lifetime: int = 90 * 86400
    session_lifetime: int = 8 * 3600
    propagation_delay: int = 0
    """Seconds until a registration, or a change of one, takes effect."""
    rotate_refresh: bool = True
    public_refresh: bool = True
    """Whether apps without a secret get refresh tokens."""
    token_type: str = "Bearer"
    always_ask: bool = False
    """Whether the user is asked for consent each time, although it was given before."""
    banner_as_text: bool = False
    """Sends need_patient_banner as the string "true" or "false"."""
    id_token_lifetime: int = 3600
    mixed_scope_versions: bool = True
    """Whether a v2 app may request v1 scopes, and a v1 app v2 scopes."""
    own_patient_is_context: bool = False
    """Whether a patient app may have patient/ scopes without launch/patient: the signed-in user is the patient."""
    state_required: bool = True
    send_iss: bool = True
    client_id_documents: bool = True
    """Whether a client_id may be the URL of a metadata document, which is then fetched."""
    missing_resource: Literal["default", "agents", "refuse"] = "agents"
    """The result of a request without aud and resource: a token for the app's FHIR base, for agents only, or an error."""
    resource_metadata: bool = True
    """Whether FHIR bases have protected resource metadata (RFC 9728), which challenges name."""
    error_description: bool = True
    redirect_extra_query: bool = False
    redirect_uri_optional: bool = False
    standalone_picker: bool = True
    """Whether a standalone launch with launch/patient shows a practitioner a patient picker. False: granted, but no patient."""
    grants_registered: bool = False
    """Whether all registered scopes are granted, regardless of the request."""
    bare_without_launch: bool = False
    """Whether the banner and the dialect's own members are only sent after an EHR launch."""
    framed: Literal["all", "signed-in", "none"] = "all"
    """Which authorization pages the EHR may show in a frame. "signed-in": all except the sign-in page."""
    frame_sandbox: Literal["none", "pop-ups", "strict"] = "none"
    """The restrictions of the chart's frame."""
    frame_allow: tuple[str, ...] = ()
    """The browser features that the chart's frame lets an app use."""
    frame_size: Literal["fill", "800x600", "400x600"] = "fill"
    frame_check: bool = True
    """Whether Sickbay checks that a local app responds: before the chart's frame opens it, and when its launch stalls."""
    launches: tuple[str, ...] = ("ehr", "standalone")
    """How an app may be launched: from the EHR, or standalone."""
    basic_secret: Literal["either", "decoded", "raw"] = "either"
    """How a Basic header's id and secret are compared: form-decoded (RFC 6749 2.3.1), raw, or either."""
    shared_types: tuple[str, ...] = tuple(
        "Practitioner PractitionerRole Organization Location Medication Questionnaire".split()
    )
    """Types outside the patient compartment that a patient/ scope for them may read."""
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "private_key_jwt")
    """The accepted client authentication methods."""
    mixed_levels: bool = True
    """If scopes are dropped: whether a backend service may request user or patient scopes next to system scopes."""
    registration_scopes: str = (
        "openid fhirUser profile launch launch/patient launch/encounter online_access offline_access "
        "patient/*.cruds user/*.cruds system/*.rs"
    )
    """Scopes that an app may request when it registers itself (RFC 7591)."""
    registration_grants: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    """The grant types that an app may register for itself."""
    revokes_access: bool = True
    """Whether access tokens can be revoked; otherwise they only expire."""
    assertion_algorithms: tuple[str, ...] = ("RS384", "ES384")
    """The accepted signature algorithms of client assertions; SMART requires these two."""
    assertion_audience: Literal["issuer-or-endpoint", "token-endpoint"] = "issuer-or-endpoint"
    """What a client assertion may have as `aud`: only the token endpoint (SMART 2.2), or also the issuer or the URL called."""
    assertion_limits: bool = False
    """Whether a client assertion may be issued only in the five minutes before `exp`, and its `jti` is limited in length."""
    empty_basic: bool = True
    """Whether a public client may identify itself in a Basic header with an empty secret."""
    relaxed: tuple[str, ...] = ()
    """Refusals that are only advice here."""
    precedence: tuple[str, ...] = ()
    """Refusals that decide the response if several apply."""

    def may_frame(self, *, signed_in: bool) -> bool:
        """Whether an authorization page may be shown in the EHR's frame. signed_in: it isn't the sign-in page."""
        return self.framed == "all" or (signed_in and self.framed == "signed-in")


class Server(Struct, frozen=True):
    """The authorization server of one tenant, as a check sees it: URLs and policy. Offline, what the context names."""

    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    fhir_bases: tuple[str, ...] = ()
    also: dict[str, str] = {}
    """Another URL of a base -> the base."""
    fhir_versions: dict[str, str] = {}
    """base -> "1.0.2", "4.0.1", ..."""
    resource_types: dict[str, tuple[str, ...]] = {}
    """base -> the resource types of its FHIR version; empty if unknown."""
    tenants: tuple[str, ...] = ()
    resources: tuple[ProtectedResource, ...] = ()
    policy: Policy = Policy()
    grants: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    """The grant types of the token endpoint."""

    def serves(self, audience: str) -> bool:
        """Whether tokens of this server can have this audience."""
        return audience in self.fhir_bases or any(resource.url == audience for resource in self.resources)


UNKNOWN_SERVER: Final = Server()
"""Stands for a server that isn't known. Its policy is that of the standard."""
