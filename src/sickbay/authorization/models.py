"""The nouns of the authorization server: plain frozen values, as they are stored and as checks see them.

Times are epoch seconds. Secrets and codes appear as SHA-256 hex only. A field that may be UNKNOWN says so in the
`…Known` classes of the stages, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

AppType: TypeAlias = Literal["provider", "patient", "system"]
ClientKind: TypeAlias = Literal["public", "symmetric", "asymmetric"]
Pkce: TypeAlias = Literal["required", "if-sent", "off"]


@dataclass(frozen=True, slots=True)
class AutoApproval:
    """An app whose sign-in, pickers and consent pass without a person, as this user."""

    user: str
    patient: str | None = None
    encounter: str | None = None
    scopes: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """The most that a client may register for itself (RFC 7591, 7592). Each member is as in Client; None sets no limit."""

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


@dataclass(frozen=True, slots=True)
class Client:
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
    """Where a person may be led after signing out (OpenID Connect RP-Initiated Logout 1.0, 3.1)."""
    scope: str = ""
    fhir: str = "r4"
    smart_version: int = 2
    smart_release: str | None = None
    """"2.0" for an app of that release: fhirContext as strings. None: the newest of its version."""
    pkce: Pkce = "required"
    scope_mode: Literal["strict", "lenient"] = "strict"
    native: bool = False
    secret_hash: str | None = None
    registration_hash: str | None = None
    """SHA-256 of the registration access token (RFC 7592); None: it was not registered by itself."""
    auth_method: str | None = None
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = None
    token_lifetime: int | None = None
    auto_approve: AutoApproval | None = None
    policy: dict[str, Any] = field(default_factory=dict)
    """What is decided for this app otherwise than for its hospital: see authorization.policy."""
    cards: tuple[dict[str, Any], ...] = ()
    """What it suggests beside a chart: see authorization.launch_card."""
    enabled_tenants: tuple[str, ...] | None = None
    granted: Grant | None = None
    """What an operator granted it. None: what is registered, as for every client that never changed its own registration."""
    created_at: int = 0
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """One opening of an app. Kept under the SHA-256 of its code; `timeline` is its public id, never the code."""

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
    """The FHIR base that it was opened with; "" where that is not known."""
    context: dict[str, Any] = field(default_factory=dict)
    """need_patient_banner, intent, fhirContext, smart_style_url, appContext, tenant: as the token response will have them."""


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """An authorization code: what it was given for. Kept under the SHA-256 of the code."""

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
    context: dict[str, Any] = field(default_factory=dict)
    auth_time: int | None = None
    used_at: int | None = None
    negotiated: tuple[tuple[str, str, str], ...] = ()
    """Asked, granted, why: of each scope."""


RevokedBy: TypeAlias = Literal["", "app", "user", "code", "refresh"]
"""The app or the user revoked the token, or the server did because a code or a refresh token was sent again.

Empty for a token that is valid, or that an older version revoked.
"""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token: opaque outside, this inside. Kept under the SHA-256 of the token. `scope` is what was granted."""

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


@dataclass(frozen=True, slots=True)
class TokenFamily:
    """All that one consent gave: the grant behind a chain of refresh tokens. `generation` counts the rotations."""

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
    context: dict[str, Any] = field(default_factory=dict)
    timeline: str = ""
    revoked: bool = False
    revoked_at: int = 0
    revoked_by: RevokedBy = ""
    asked: str = ""
    """What the request of the last rotation asked and how its client authenticated, as a hash: only the same may repeat it."""


@dataclass(frozen=True, slots=True)
class AppState:
    """What an app keeps under a code of its own (SMART 2.2, app state). text: the resource as it is served; "" once deleted."""

    system: str
    code: str
    subject: str | None = None
    """Type/id of the one it is about; None: the app as a whole."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Who may sign in. `patients`: "*" or the ids this user may see. `password` is an argon2id hash."""

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
        """A patient, or a RelatedPerson who looks after some: opens patients' apps, for the records that are open to them."""
        return self.fhir_user.rpartition("/")[0].rpartition("/")[2] in ("Patient", "RelatedPerson")

    @property
    def only_patient(self) -> str | None:
        """The id of the one whose record is in context without asking; None where there are several, or any."""
        if not self.acts_for_patients or len(self.patients) != 1:
            return None
        if self.patients != "*":
            return self.patients[0]
        type, _, id = self.fhir_user.rpartition("/")
        return None if type.endswith("RelatedPerson") else id


@dataclass(frozen=True, slots=True)
class Policy:
    """What a tenant decides for itself, as data; a dialect's TOML file and the app's own settings fill it."""

    pkce: Pkce | None = None
    """None: as the app is registered."""
    scope_separators: str = " "
    wildcard_scopes: bool = True
    scope_versions: tuple[str, ...] = ("v1", "v2")
    drop_unregistered_scopes: bool = False
    """True: silently dropped, as a vendor does; False: invalid_scope, unless the app's scope_mode is lenient."""
    unbounded_patient_search: Literal["refuse", "allow"] = "refuse"
    requires_patient: bool = False
    requires_category: bool = False
    search_criteria: tuple[str, ...] = ()
    """What a search must name: "r4 Observation: _id | patient"; several of one type must all hold."""
    search_alone: tuple[str, ...] = ()
    """"r4 Observation": types where nothing else may stand beside `_id`."""
    versioned_update: bool = False
    app_state: bool = True
    """Whether apps may keep state of their own here."""
    multiple_deletes: bool = False
    """Whether a conditional delete deletes all that match."""
    strict_search: bool = False
    strict_cors: bool = False
    credentialed_cors: bool = False
    """Whether pages of registered origins may send requests with credentials (fetch, credentials: include)."""
    code_lifetime: int = 60
    launch_lifetime: int = 300
    token_lifetime: int = 3600
    expires_in: int | None = None
    """What the token response says, where it differs from what is so."""
    refresh_lifetime: int = 90 * 86400
    session_lifetime: int = 8 * 3600
    propagation_delay: int = 0
    """Seconds until a registration, or a change of one, is in force."""
    rotate_refresh: bool = True
    public_refresh: bool = True
    """Whether apps without a secret get refresh tokens."""
    token_type: str = "Bearer"
    banner_as_text: bool = False
    """need_patient_banner as "true" or "false"."""
    id_token_lifetime: int = 3600
    mixed_scope_versions: bool = True
    """Whether an app of v2 may ask in the letters of v1, and the other way round."""
    own_patient_is_context: bool = False
    """Whether a patient app may have patient/ scopes without launch/patient: the person who signs in is the patient."""
    state_required: bool = True
    send_iss: bool = True
    error_description: bool = True
    redirect_extra_query: bool = False
    redirect_uri_optional: bool = False
    standalone_picker: bool = True
    """Whether launch/patient without a launch opens a patient picker for a practitioner; False: granted, but no patient."""
    grants_registered: bool = False
    """Whether all registered scopes are granted, whatever was asked."""
    bare_without_launch: bool = False
    """Whether banner and the dialect's own members come with a launch from the EHR alone."""
    framed: Literal["all", "signed-in", "none"] = "all"
    """Which pages of an authorization our own EHR may show in a frame: "signed-in": all but the sign-in."""
    launches: tuple[str, ...] = ("ehr", "standalone")
    """From where an app may be opened: the EHR, or on its own."""
    basic_secret: Literal["either", "decoded", "raw"] = "either"
    """How id and secret of a Basic header are compared: form-decoded (RFC 6749 2.3.1), as they stand, or whichever fits."""
    shared_types: tuple[str, ...] = (
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "Medication",
        "Questionnaire",
    )
    """Types outside the patient compartment that a patient/ scope naming them may read."""
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post", "private_key_jwt")
    """By which an app may prove who it is."""
    mixed_levels: bool = True
    """Where scopes are dropped: whether a service may name scopes of persons beside those of the system."""
    registration_scopes: str = (
        "openid fhirUser profile launch launch/patient launch/encounter online_access offline_access "
        "patient/*.cruds user/*.cruds system/*.rs"
    )
    """The most that an app may ask for when it registers itself (RFC 7591)."""
    registration_grants: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    """The grant types that an app may register for itself."""
    revokes_access: bool = True
    """Whether an access token can be revoked, or runs out."""
    assertion_algorithms: tuple[str, ...] = ("RS384", "ES384")
    """With which client assertions may be signed; SMART knows these two."""
    empty_basic: bool = True
    """Whether a public client may name itself in a Basic header with an empty secret."""
    relaxed: tuple[str, ...] = ()
    """Refusals that are only advice here."""
    precedence: tuple[str, ...] = ()
    """Refusals that win the wire answer when several hold."""

    def frames(self, *, signed_in: bool) -> bool:
        """Whether a page of an authorization may stand in the EHR's frame. signed_in: it is not the sign-in."""
        return self.framed == "all" or (signed_in and self.framed == "signed-in")


@dataclass(frozen=True, slots=True)
class Server:
    """The authorization server of one tenant, as a check sees it: addresses and policy. Offline, what the context names."""

    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    fhir_bases: tuple[str, ...] = ()
    also: dict[str, str] = field(default_factory=dict)
    """Another address at which a base answers -> the base."""
    fhir_versions: dict[str, str] = field(default_factory=dict)
    """base -> "1.0.2", "4.0.1", ..."""
    resource_types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """base -> the resource types of its FHIR version; empty where unknown."""
    tenants: tuple[str, ...] = ()
    policy: Policy = Policy()
    grants: tuple[str, ...] = ("authorization_code", "refresh_token", "client_credentials")
    """What the token endpoint exchanges."""
