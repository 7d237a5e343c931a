"""Request and response types of /admin: they validate the input, and the OpenAPI document is built from them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from sickbay.web.admin.app_schemas import NonEmpty


class TenantAddresses(Struct, frozen=True):
    """The addresses of a hospital. fhir: its FHIR base URLs by version, such as r4."""

    issuer: str
    authorize: str
    token: str
    ehr: str
    fhir: dict[str, str]


class SeededUser(Struct, frozen=True):
    """A user that every new Sickbay has. The password is published."""

    tenant: str
    username: str
    password: str
    fhir_user: str = field(name="fhirUser")


class AppName(Struct, frozen=True):
    tenant: str
    app_id: str
    client_id: str
    name: str


class ReadyLine(Struct, frozen=True):
    """The output of `sickbay serve --json`. ephemeral: nothing is stored; tests may reset everything."""

    base: str
    admin: str
    ephemeral: bool
    tenants: dict[str, TenantAddresses]
    users: tuple[SeededUser, ...]
    apps: tuple[AppName, ...]


class NewUser(Struct, frozen=True, forbid_unknown_fields=True, rename={"fhir_user": "fhirUser"}):
    """A new user, or the change of a user. patients: "*" or the ids of the patients whose records the user may open."""

    username: NonEmpty
    password: NonEmpty
    fhir_user: NonEmpty
    tenant: str = "general"
    patients: Literal["*"] | tuple[str, ...] = "*"
    name: str = ""


class NewLaunch(Struct, frozen=True, forbid_unknown_fields=True):
    """A new launch. app: an app_id, a client_id or a unique name.

    Instead of app: task, the id of a Task that asks for a launch, or link, the id of a CDS Hooks card's link. Both name the
    app by its launch URL and provide appContext.
    """

    app: NonEmpty | None = None
    task: NonEmpty | None = None
    link: dict[str, Any] | None = None
    fhir: str = "r4"
    """The FHIR version of the Task."""
    tenant: str | None = None
    patient: str | None = None
    user: str | None = None
    encounter: str | None = None
    fhir_context: list[Any] | None = None
    intent: str | None = None
    need_patient_banner: bool | None = None
    app_context: str | None = None
    smart_style_url: str | None = None


class Launched(Struct, frozen=True):
    launch: str
    iss: str
    url: str
    timeline: str


class NewToken(Struct, frozen=True, forbid_unknown_fields=True):
    app: NonEmpty
    scope: str
    tenant: str | None = None
    patient: str | None = None
    user: str | None = None


class ClockMove(Struct, frozen=True, forbid_unknown_fields=True):
    """At most one of advance (seconds to move forward) and offset (seconds from real time). frozen: stops the clock, or lets it
    run again.
    """

    advance: float | None = None
    offset: float | None = None
    frozen: bool | None = None


class ClockTimes(Struct, frozen=True):
    """now: Sickbay's time, in seconds since 1970. real: real time. offset: seconds from real time to Sickbay's."""

    now: float
    frozen: bool
    real: float
    offset: float


class NewSnapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """name: 1 to 64 characters: a to z, 0 to 9 and hyphens."""

    name: str


class SavedSnapshot(Struct, frozen=True):
    """at: when it was saved, in seconds since 1970, in real time. bytes: of the copies. hospitals: that had been used."""

    name: str
    at: float
    bytes: int
    hospitals: list[str]


class AppSecret(Struct, frozen=True):
    """The new secret of an app in an imported snapshot, shown only here."""

    tenant: str
    app_id: str
    client_id: str
    client_secret: str


class ImportedSnapshot(SavedSnapshot, frozen=True):
    """apps: those that got a new secret. Users have the password `sickbay`."""

    apps: list[AppSecret]


class WaitingFor(Struct, frozen=True):
    """The step that a launch waits for. since: the time of the last one by Sickbay's clock. seconds: real time since then.

    text: the same as half a sentence, such as "the app received the code 4 s ago and hasn't redeemed it".
    """

    step: str
    since: float
    seconds: float
    text: str


class SilenceCause(Struct, frozen=True):
    """id: of the rule, whose page is /rules/{id}. fix: what to do, and how to tell it from the other causes. facts: the values
    that the texts quote.
    """

    id: str
    title: str
    why: str
    fix: str
    confidence: str
    facts: dict[str, Any]


class LaunchState(Struct, frozen=True):
    """One launch. id: its timeline's id. causes: the likeliest first. exchanges: ids, oldest first."""

    id: str
    app: str | None
    tenant: str | None
    state: Literal["running", "stalled", "worked", "refused"]
    waiting_for: WaitingFor | None
    causes: list[SilenceCause]
    exchanges: list[str]


class Resend(Struct, frozen=True, forbid_unknown_fields=True):
    """What to send instead of a recorded request. corrected: true: the corrected request, false: the original one; by default
    the corrected one, if there is one. parameters: of the query, or of the form of a POST. In parameters and headers, null
    removes one. A value such as CODE-FROM-YOUR-REDIRECT, which a corrected request contains, is filled in.
    """

    corrected: bool | None = None
    method: str | None = None
    url: str | None = None
    parameters: dict[str, str | None] | None = None
    headers: dict[str, str | None] | None = None
    body: str | None = None


class ResentExchange(Struct, frozen=True):
    """id: of the new exchange. status: 0 if no response came. exchange: as GET /exchanges/{id} returns it. filled: what Sickbay
    filled in. notes: what it assumed, and what wasn't tested.
    """

    id: str
    resent_from: str
    status: int
    exchange: dict[str, Any] | None
    filled: list[str]
    notes: list[str]


class TenantPolicy(Struct, frozen=True):
    """policy: the current settings by name, and of these, the ones changed while running, which have priority, and those from
    sickbay.toml. All other settings are the dialect's.
    """

    tenant: str
    policy: dict[str, Any]
    chosen: dict[str, Any]
    file: dict[str, Any]


class Losses(Struct, frozen=True):
    """What a reset would delete. changes: how many times resources were loaded, created, changed or deleted; null if unknown.
    apps, users: those that were added, if `everything` is set. exchanges: null for one hospital. snapshots:
    if `everything` is set, of all hospitals.
    """

    changes: int | None
    apps: int
    users: int
    exchanges: int | None
    snapshots: int = 0


class Reset(Struct, frozen=True, forbid_unknown_fields=True):
    """tenant: reset only this hospital; the clock stays. everything: also remove added apps and users, and of all
    hospitals the snapshots.
    """

    tenant: str | None = None
    everything: bool = False


class HospitalAddresses(Struct, frozen=True):
    """A hospital and its addresses. added: it doesn't come with Sickbay."""

    name: str
    title: str
    added: bool
    issuer: str
    authorize: str
    token: str
    ehr: str
    fhir: dict[str, str]


class NewResource(Struct, frozen=True, forbid_unknown_fields=True):
    """A server besides the FHIR bases that tokens can be for, such as an MCP server. client: the app that introspects them."""

    url: NonEmpty
    tenant: str = "general"
    name: str = ""
    scopes: str = ""
    client: NonEmpty | None = None


class Resource(Struct, frozen=True):
    """A protected resource. id: None if a file configures it. metadata: what its server publishes (RFC 9728)."""

    id: str | None
    tenant: str
    url: str
    name: str
    scopes: str
    client_id: str
    metadata_url: str
    metadata: dict[str, Any]


class Problem(Struct, frozen=True):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    findings: list[dict[str, Any]]
    detail: str = ""
