"""Request and response types of /admin/apps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

NonEmpty = Annotated[str, Meta(min_length=1)]
Type = Literal["provider", "patient", "system"]
Kind = Literal["public", "symmetric", "asymmetric"]
Pkce = Literal["required", "if-sent", "off"]


class AutoApprove(Struct, frozen=True, forbid_unknown_fields=True):
    """Approve sign-in, pickers and consent automatically, as this user. scopes: separated by spaces."""

    user: NonEmpty
    patient: str | None = None
    encounter: str | None = None
    scopes: str | None = None


class NewApp(Struct, frozen=True, forbid_unknown_fields=True):
    """A registration. redirect_uris is required unless type is system; jwks_uri or jwks is required if client is asymmetric."""

    name: NonEmpty
    type: Type
    client: Kind
    scope: str
    tenant: str = "general"
    launch_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    fhir: str = "r4"
    smart_version: Literal[1, 2] = 2
    smart_release: Literal["2.0", "2.1", "2.2"] | None = None
    pkce: Pkce | None = None
    native: bool = False
    scope_mode: Literal["strict", "lenient"] = "strict"
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = None
    client_id: NonEmpty | None = None
    client_secret: NonEmpty | None = None
    token_lifetime: Annotated[int, Meta(ge=1, le=86400)] | None = None
    auto_approve: AutoApprove | None = None
    policy: dict[str, Any] = {}
    """Overrides of the hospital's policy for this app, such as {"code_lifetime": 5}."""
    cards: tuple[dict[str, Any], ...] = ()
    """CDS Hooks 2.0 cards that the app shows next to a chart."""


class ChangedApp(Struct, frozen=True, forbid_unknown_fields=True):
    """A change of a registration. Omitted members stay as they are."""

    name: NonEmpty | UnsetType = UNSET
    type: Type | UnsetType = UNSET
    client: Kind | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    launch_uri: str | UnsetType | None = UNSET
    redirect_uris: tuple[str, ...] | UnsetType = UNSET
    post_logout_redirect_uris: tuple[str, ...] | UnsetType = UNSET
    fhir: str | UnsetType = UNSET
    smart_version: Literal[1, 2] | UnsetType = UNSET
    smart_release: Literal["2.0", "2.1", "2.2"] | UnsetType | None = UNSET
    pkce: Pkce | UnsetType = UNSET
    native: bool | UnsetType = UNSET
    scope_mode: Literal["strict", "lenient"] | UnsetType = UNSET
    jwks_uri: str | UnsetType | None = UNSET
    jwks: dict[str, Any] | UnsetType | None = UNSET
    client_secret: NonEmpty | UnsetType = UNSET
    token_lifetime: Annotated[int, Meta(ge=1, le=86400)] | UnsetType | None = UNSET
    auto_approve: AutoApprove | UnsetType | None = UNSET
    policy: dict[str, Any] | UnsetType = UNSET
    cards: tuple[dict[str, Any], ...] | UnsetType = UNSET


class EnabledApp(Struct, frozen=True, forbid_unknown_fields=True):
    """The hospital where the app should also be registered."""

    tenant: NonEmpty


class App(Struct, frozen=True, omit_defaults=True):
    """A registered app. client_secret: only in the response that created it. findings: warnings and advice."""

    tenant: str
    app_id: str
    client_id: str
    name: str
    type: Type
    client: Kind
    launch_uri: str | None
    redirect_uris: tuple[str, ...]
    scope: str
    fhir: str
    smart_version: int
    pkce: Pkce
    native: bool
    scope_mode: str
    jwks_uri: str | None
    jwks: dict[str, Any] | None
    token_lifetime: int | None
    auto_approve: AutoApprove | None
    smart_release: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    policy: dict[str, Any] = {}
    cards: tuple[dict[str, Any], ...] = ()
    client_secret: str | UnsetType = UNSET
    findings: list[dict[str, Any]] | UnsetType = UNSET
