"""The developer portal: the apps, one app, and the form that registers one.

register  POST {root}/developer/register: csrf, id, tenant, name, type = provider | patient | system,
          client = public | symmetric | asymmetric, launch_uri, redirect_uris and post_logout_redirect_uris (one per
          line), fhir = r4 | dstu2, smart_version = 1 | 2, scope (repeated: one per ticked box), more_scopes
          (space-separated), jwks_uri, jwks (JSON). With findings of severity error: the same page again with status
          422, `findings`, and the entered values.
app       GET view.launch_action launches the app: app (hidden), patient, user, encounter.
          POST {root}/developer/apps/{app_id}/remove: csrf. POST …/secret: csrf, stamp; shows the new secret.
          POST …/enable: csrf, tenant; registers the app at another hospital.
          GET and POST …/edit: the fields of register, except tenant; errors as there.
          GET and POST …/settings: csrf, form=policy, each setting of the app's policy by its name.
          POST …/policy: csrf, policy (text as in sickbay.toml). POST …/cards: csrf, cards (JSON). On errors the same
          page with status 422.
hospital  GET and POST {root}/developer/hospitals/{tenant}: csrf, and form=policy with each setting by its name, or policy
          (text as in sickbay.toml).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from sickbay.protocol import unicode
from sickbay.protocol.scopes import ResourceScope, parse
from sickbay.web.pages.parts import Chip, Choice, FindingView, Link, make_initials
from sickbay.web.portal.developer_views import ExchangeLine
from sickbay.web.portal.policy_form import PolicyGroup, has_faults


class AppRow(Struct, frozen=True):
    name: str
    href: str
    kind: str
    hospital: str
    client_id: str
    last: str = ""
    last_kind: str = ""


class AppsView(Struct, frozen=True):
    rows: tuple[AppRow, ...]
    register: str
    hospitals: tuple[Link, ...] = ()
    """Links to their policies."""
    more: str = ""
    """The address of the next page, if there are more apps."""


class ScopeKind(Struct, frozen=True):
    """A kind of scopes: Standard, Patient, User or System. text: what it covers."""

    title: str
    text: str
    chips: tuple[Chip, ...]


class LaunchRow(Struct, frozen=True):
    """One past launch: time, patient, user, kind (passed | refused | warning | waits), result, detail, and its timeline."""

    at: str
    patient: str
    user: str
    kind: str
    outcome: str
    detail: str = ""
    href: str = ""


class OtherHospital(Struct, frozen=True):
    """Another hospital. href: the app there, "" if it isn't registered there. reason: why it can't be. command: enables it."""

    name: str
    title: str
    href: str = ""
    reason: str = ""
    command: str = ""


class FaultLine(NamedTuple):
    """An active fault. more: its members. is_for_all: it is meant for every app."""

    id: str
    kind: str
    title: str
    more: str
    is_for_all: bool


class FaultChoice(NamedTuple):
    """A kind of fault, or a preset. members: what a kind needs."""

    name: str
    title: str
    members: str = ""


class FaultForm(NamedTuple):
    """What was typed into the form that injects a fault."""

    kind: str = ""
    members: str = ""
    times: str = ""


class FaultsView(NamedTuple):
    """The panel of an app's page for injected faults. action: where its forms are sent. typed: shown again after a mistake."""

    lines: tuple[FaultLine, ...]
    action: str
    presets: tuple[FaultChoice, ...]
    kinds: tuple[FaultChoice, ...]
    typed: FaultForm = FaultForm()


class NextStep(NamedTuple):
    """The next step with an app. title: an instruction. link: where it is done or described. command: for a terminal."""

    title: str
    text: str
    link: Link
    command: str = ""


class AppView(Struct, frozen=True, kw_only=True):
    """secret: shown once, "" afterwards. auto: a sentence about auto_approve, "" if it is off."""

    name: str
    summary: str
    client_id: str
    app_id: str
    secret: str = ""
    secret_text: str = "Public apps have no secret."
    launch_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    fhir_base: str = ""
    fhir: str = ""
    scopes: tuple[ScopeKind, ...] = ()
    is_service: bool = False
    """A backend service, which nobody launches."""
    launches: tuple[LaunchRow, ...] = ()
    next_step: NextStep | None = None
    probable: tuple[ExchangeLine, ...] = ()
    """Requests that name no app and probably came from this one."""
    all_launches: str = ""
    findings: tuple[FindingView, ...] = ()
    auto: str = ""
    live_at: str = ""
    """When the shown registration takes effect; "" if it already has."""
    launch_action: str = ""
    patients: tuple[Choice, ...] = ()
    users: tuple[Choice, ...] = ()
    encounters: tuple[Choice, ...] = ()
    command: str = ""
    edit: str = ""
    remove: str = ""
    rotate: str = ""
    secret_stamp: str = ""
    policy: str = ""
    policy_fault: str = ""
    policy_action: str = ""
    hospital_policy: str = ""
    policy_form: str = ""
    cards: str = ""
    cards_fault: str = ""
    cards_action: str = ""
    fault: str = ""
    """Why the last form of this page changed nothing, if no single field is the reason."""
    saved: str = ""
    """The part that was just saved: policy or cards."""
    other_hospitals: tuple[OtherHospital, ...] = ()
    enable_action: str = ""
    faults: FaultsView | None = None

    @property
    def initials(self) -> str:
        return make_initials(self.name)


class RegisterView(Struct, frozen=True, kw_only=True):
    """values: the entered values, by field name. boxes: the scopes to tick. findings: errors and advice."""

    action: str
    tenants: tuple[Choice, ...]
    versions: tuple[Choice, ...]
    types: tuple[Choice, ...] = ()
    clients: tuple[Choice, ...] = ()
    smart: tuple[Choice, ...] = ()
    boxes: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    values: Mapping[str, str] = {}
    findings: tuple[FindingView, ...] = ()
    faults: Mapping[str, str] = {}
    command: str = ""
    id: str = ""
    """The app_id that a new app will get. In the form of an existing app, what is different in each form."""
    has_keys: bool = False
    """The app is registered with pasted keys."""
    app: Link | None = None
    """The edited app; None for a new one."""
    hospital: str = ""
    """The hospital of an edited app, which can't be changed."""


class HospitalView(Struct, frozen=True, kw_only=True):
    """policy: the overrides, or the entered text, as in sickbay.toml. certificate: the shell-quoted path of this server's
    certificate file; "" if curl doesn't need it, or if the file is on another machine.
    """

    title: str
    name: str
    groups: tuple[PolicyGroup, ...]
    action: str
    policy: str = ""
    fault: str = ""
    """The problems of the text."""
    saved: bool = False
    certificate: str = ""

    @property
    def has_faults(self) -> bool:
        return has_faults(self.groups)


class AppPolicyView(Struct, frozen=True, kw_only=True):
    """The settings of an app that its hospital has too."""

    app: Link
    hospital: Link
    groups: tuple[PolicyGroup, ...]
    action: str
    fault: str = ""

    @property
    def has_faults(self) -> bool:
        return has_faults(self.groups)


class HospitalRow(Struct, frozen=True):
    """A hospital in the list. policy, ehr: paths of its pages. added: it doesn't come with Sickbay."""

    name: str
    title: str
    fhir: str
    policy: str
    ehr: str
    added: bool


class HospitalsView(Struct, frozen=True, kw_only=True):
    """file: the text that was sent, if it has problems. saved: what has just been done, as a sentence."""

    rows: tuple[HospitalRow, ...]
    action: str
    file: str = ""
    problems: tuple[str, ...] = ()
    saved: str = ""

    @property
    def is_removable(self) -> bool:
        return any(row.added for row in self.rows)


def policy_text(policy: Mapping[str, Any]) -> str:
    """The overrides in the syntax of sickbay.toml."""
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in policy.items())


def read_policy(text: str) -> tuple[dict[str, Any], str]:
    """The settings, and a sentence that says why the text can't be parsed, or ""."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n")), ""
    except tomllib.TOMLDecodeError as error:
        return {}, _toml_problem(error)


def _toml_problem(error: tomllib.TOMLDecodeError) -> str:
    """The parse error as a sentence: Line 2 isn't valid TOML: expected '=' after a key in a key/value pair."""
    cause, _, place = str(error).partition(" (at ")
    line = re.match(r"line (\d+)", place)
    start = f"Line {line[1]} isn’t" if line else "This isn’t"
    return f"{start} valid TOML: {cause[:1].lower()}{cause[1:]}."


def cards_text(cards: Iterable[Mapping[str, Any]]) -> str:
    shown = list(cards)
    return json.dumps(shown, indent=2, ensure_ascii=False) if shown else ""


def read_cards(text: str) -> tuple[tuple[Any, ...], str]:
    """The cards, and why they can't be parsed, or "". text: a list, one card, or a CDS service's response."""
    try:
        cards = unicode.loads(text) if text.strip() else []
    except (ValueError, RecursionError) as error:
        return (), f"Invalid JSON: {error}"
    if isinstance(cards, dict):
        cards = cards.get("cards", [cards])
    return (tuple(cards), "") if isinstance(cards, list) else ((), "cards must be a list.")


STANDARD = ("launch", "launch/patient", "launch/encounter", "openid", "fhirUser", "profile", "online_access", "offline_access")
TYPES = ("Patient", "Observation", "Condition", "MedicationRequest", "AllergyIntolerance", "Appointment", "Encounter")
CHOSEN = ("launch", "openid", "fhirUser", "online_access", "patient/Patient.rs", "patient/Observation.rs")


def type_choices(chosen: str = "provider") -> tuple[Choice, ...]:
    options = (
        ("provider", "Clinicians", "Clinicians launch it from a chart, or standalone."),
        ("patient", "Patients", "Patients launch it and see their own record."),
        ("system", "None (system)", "Backend service, no user (client credentials)."),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in options)


def client_choices(chosen: str = "public") -> tuple[Choice, ...]:
    options = (
        ("public", "Public", "Runs in a browser or on a phone. No secret; it uses PKCE instead."),
        ("symmetric", "Confidential, client secret", "Runs on a server. You’ll see the secret only once."),
        (
            "asymmetric",
            "Confidential, private key",
            "Signs with a private key. Its public keys are at a JWKS URL, or pasted below.",
        ),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in options)


def smart_choices(chosen: str = "2") -> tuple[Choice, ...]:
    options = (
        ("2", "SMART 2", "PKCE required. Scopes such as patient/Patient.rs."),
        ("1", "SMART 1", "PKCE optional. Scopes such as patient/Patient.read."),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in options)


def scope_boxes(chosen: Iterable[str] = CHOSEN) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Standard, patient, user and system scopes to tick. help: a scope in the syntax of SMART 1."""
    ticked = frozenset(chosen)
    standard = tuple(Choice(scope, scope, scope in ticked) for scope in STANDARD)
    return (
        ("Standard scopes", standard),
        ("Patient scopes", _scope_boxes("patient", ticked)),
        ("User scopes", _scope_boxes("user", ticked)),
        ("System scopes", _scope_boxes("system", ticked)),
    )


def _scope_boxes(level: str, ticked: frozenset[str]) -> tuple[Choice, ...]:
    scopes = [f"{level}/{type}.rs" for type in TYPES]
    return tuple(Choice(scope, scope, scope in ticked, scope.replace(".rs", ".read")) for scope in scopes)


def scope_kinds(scopes: Iterable[str]) -> tuple[ScopeKind, ...]:
    """Registered scopes by kind."""
    by_kind: dict[str, list[Chip]] = {"standard": [], "patient": [], "user": [], "system": []}
    for scope in scopes:
        parsed = parse(scope)
        kind = parsed.level if isinstance(parsed, ResourceScope) else "standard"
        by_kind[kind].append(Chip(scope, "granted"))
    titles = {
        "standard": ("Standard", "identity and context"),
        "patient": ("Patient", "the current patient’s data"),
        "user": ("User", "all data the user can see"),
        "system": ("System", "all data of the hospital"),
    }
    return tuple(ScopeKind(*titles[kind], tuple(chips)) for kind, chips in by_kind.items() if chips)


def kind_of_app(type: str, client: str, smart_version: int, hospital: str = "") -> str:
    """'For clinicians, public, SMART 2, at General Hospital.'"""
    whom = {"provider": "For clinicians", "patient": "For patients", "system": "Backend service"}[type]
    authentication = {"public": "public", "symmetric": "client secret", "asymmetric": "private key"}[client]
    return f"{whom}, {authentication}, SMART {smart_version}" + (f", at {hospital}." if hospital else "")
