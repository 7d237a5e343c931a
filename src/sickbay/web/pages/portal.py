"""The developer portal: the apps, one app, and the form that registers one.

register  POST {root}/developer/register: csrf, id, tenant, name, type = provider | patient | system,
          client = public | symmetric | asymmetric, launch_uri, redirect_uris and
          post_logout_redirect_uris (one a line each), fhir = r4 | dstu2,
          smart_version = 1 | 2, scope (repeated: one a ticked box), more_scopes (text, by spaces), jwks_uri.
          With findings of severity error: the same page again, status 422, `findings` and the values kept.
app       GET to launch: view.launch_action with app (hidden), patient, user, encounter. frame or tab is a choice of the button.
          POST {root}/developer/apps/{app_id}/remove: csrf. POST …/secret: csrf; a new secret, shown once.
          GET and POST …/edit: the fields of register but tenant; with findings of severity error as there.
          hospital GET and POST {root}/developer/hospitals/{tenant}: csrf, policy (text as in sickbay.toml).
          POST …/policy: csrf, policy (text as in sickbay.toml). POST …/cards: csrf, cards (JSON). With a fault the same
          page, 422.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sickbay.authorization.policy import KNOBS, Knob
from sickbay.authorization.values import Policy
from sickbay.protocol import unicode
from sickbay.protocol.scopes import ResourceScope, parse
from sickbay.web.pages.frame import Link
from sickbay.web.pages.parts import Chip, Choice, FindingView, initials


@dataclass(frozen=True, slots=True)
class AppRow:
    name: str
    href: str
    kind: str
    hospital: str
    client_id: str
    last: str = ""
    last_kind: str = ""


@dataclass(frozen=True, slots=True)
class AppsView:
    rows: tuple[AppRow, ...]
    register: str
    hospitals: tuple[Link, ...] = ()
    """Where their policies stand."""


@dataclass(frozen=True, slots=True)
class ScopeKind:
    """Standard, Patient, User, System: title, what that is, and the chips."""

    title: str
    text: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class LaunchRow:
    """One past launch: time, patient, by whom, kind passed | refused, what came of it, detail, its timeline."""

    at: str
    patient: str
    user: str
    kind: str
    outcome: str
    detail: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppView:
    """secret: shown this once, "" afterwards. identity: label, value, copied? in the order shown. auto: auto_approve said."""

    name: str
    summary: str
    client_id: str
    app_id: str
    secret: str = ""
    secret_text: str = "None. A public app proves itself by its redirect address."
    launch_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    fhir_base: str = ""
    fhir: str = ""
    scopes: tuple[ScopeKind, ...] = ()
    launches: tuple[LaunchRow, ...] = ()
    all_launches: str = ""
    findings: tuple[FindingView, ...] = ()
    auto: str = ""
    live_at: str = ""
    """When what is shown will be in force; "" where it is."""
    launch_action: str = ""
    patients: tuple[Choice, ...] = ()
    users: tuple[Choice, ...] = ()
    encounters: tuple[Choice, ...] = ()
    command: str = ""
    edit: str = ""
    remove: str = ""
    rotate: str = ""
    policy: str = ""
    policy_fault: str = ""
    policy_action: str = ""
    hospital_policy: str = ""
    knobs: tuple[tuple[str, str, str], ...] = ()
    """Name, what it says, and what holds at the hospital."""
    cards: str = ""
    cards_fault: str = ""
    cards_action: str = ""
    fault: str = ""
    """Why what was sent from this page was not done, where no field of it is at fault."""
    kept: str = ""
    """The part that was just saved: policy or cards."""

    @property
    def letters(self) -> str:
        return initials(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterView:
    """values: what was typed, by field name. boxes: the scopes to tick. findings: why it was refused, and advice."""

    action: str
    tenants: tuple[Choice, ...]
    versions: tuple[Choice, ...]
    types: tuple[Choice, ...] = ()
    clients: tuple[Choice, ...] = ()
    smart: tuple[Choice, ...] = ()
    boxes: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[FindingView, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    id: str = ""
    """The app_id of what is registered by this form."""
    app: Link | None = None
    """The app that is edited; None where one is registered."""
    hospital: str = ""
    """Of an app that is edited: it stays where it is."""


class PolicyRow(NamedTuple):
    """whence: "here" (chosen while running), "sickbay.toml" or "dialect"."""

    name: str
    says: str
    value: str
    whence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalView:
    """policy: what is chosen, or was typed, as in sickbay.toml. certificate: the file that vouches for this server, as a shell
    takes it; "" where it is needed by nobody, or lies on another machine.
    """

    title: str
    name: str
    rows: tuple[PolicyRow, ...]
    action: str
    policy: str = ""
    fault: str = ""
    kept: bool = False
    certificate: str = ""


def policy_rows(policy: Policy, chosen: Mapping[str, Any], file: Mapping[str, Any]) -> tuple[PolicyRow, ...]:
    """What is decided otherwise than the dialect has it stands first."""
    rows = [
        PolicyRow(
            name,
            _said(one),
            json.dumps(getattr(policy, name)),
            "here" if name in chosen else "sickbay.toml" if name in file else "dialect",
        )
        for name, one in KNOBS.items()
    ]
    return tuple(sorted(rows, key=lambda one: ("here", "sickbay.toml", "dialect").index(one.whence)))


def _said(knob: Knob) -> str:
    return f"seconds {knob.says}" if knob.kind == "seconds" else knob.says


def policy_text(policy: Mapping[str, Any]) -> str:
    """As in sickbay.toml."""
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in policy.items())


def read_policy(text: str) -> tuple[dict[str, Any], str]:
    """The choices, and why they cannot be read: one sentence, or ""."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n")), ""
    except tomllib.TOMLDecodeError as error:
        return {}, f"This is not as in sickbay.toml: {error}"


def cards_text(cards: Iterable[Mapping[str, Any]]) -> str:
    shown = list(cards)
    return json.dumps(shown, indent=2, ensure_ascii=False) if shown else ""


def read_cards(text: str) -> tuple[tuple[Any, ...], str]:
    """A list of cards, one card, or a whole answer of a CDS service; and why it cannot be read: one sentence, or ""."""
    try:
        given = unicode.loads(text) if text.strip() else []
    except (ValueError, RecursionError) as error:
        return (), f"This is no JSON: {error}"
    if isinstance(given, dict):
        given = given.get("cards", [given])
    return (tuple(given), "") if isinstance(given, list) else ((), "cards must be a list")


def knobs(policy: Policy) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, _said(one), json.dumps(getattr(policy, name))) for name, one in KNOBS.items() if one.app)


STANDARD = (
    "launch",
    "launch/patient",
    "launch/encounter",
    "openid",
    "fhirUser",
    "profile",
    "online_access",
    "offline_access",
)
TYPES = ("Patient", "Observation", "Condition", "MedicationRequest", "AllergyIntolerance", "Appointment", "Encounter")
CHOSEN = ("launch", "openid", "fhirUser", "online_access", "patient/Patient.rs", "patient/Observation.rs")


def type_choices(chosen: str = "provider") -> tuple[Choice, ...]:
    said = (
        ("provider", "Provider", "A clinician opens it from a chart, or by itself."),
        ("patient", "Patient", "A patient opens it, and sees their own record."),
        ("system", "System", "A service without a person, by client credentials."),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in said)


def client_choices(chosen: str = "public") -> tuple[Choice, ...]:
    said = (
        ("public", "Public", "Runs in a browser or on a phone: no secret, PKCE in its place."),
        ("symmetric", "Confidential, with a secret", "Runs on a server; the secret is shown once."),
        ("asymmetric", "Confidential, with a key", "Signs with its own key, published at a JWKS address."),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in said)


def smart_choices(chosen: str = "2") -> tuple[Choice, ...]:
    said = (
        ("2", "SMART 2", "PKCE required; scopes like .rs"),
        ("1", "SMART 1", "May come without PKCE; scopes like .read"),
    )
    return tuple(Choice(value, text, value == chosen, help) for value, text, help in said)


def scope_boxes(chosen: Iterable[str] = CHOSEN, types: Iterable[str] = TYPES) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """Standard, patient and user scopes to tick."""
    ticked, types = frozenset(chosen), tuple(types)
    standard = tuple(Choice(one, one, one in ticked) for one in STANDARD)
    return (
        ("Standard scopes", standard),
        ("Patient scopes", _boxes("patient", types, ticked)),
        ("User scopes", _boxes("user", types, ticked)),
    )


def _boxes(level: str, types: Iterable[str], ticked: frozenset[str]) -> tuple[Choice, ...]:
    names = [f"{level}/{one}.rs" for one in types]
    return tuple(Choice(one, one, one in ticked) for one in names)


def scope_kinds(scopes: Iterable[str], notes: Mapping[str, str] | None = None) -> tuple[ScopeKind, ...]:
    """Registered scopes by kind; `notes` say how often each was used ("never" is drawn as unused)."""
    said = notes or {}
    by_kind: dict[str, list[Chip]] = {"standard": [], "patient": [], "user": [], "system": []}
    for one in scopes:
        parsed = parse(one)
        kind = parsed.level if isinstance(parsed, ResourceScope) else "standard"
        note = said.get(one, "")
        by_kind[kind].append(Chip(one, "unused" if note == "never" else "granted", note))
    titles = {
        "standard": ("Standard", "who and where"),
        "patient": ("Patient", "the open chart"),
        "user": ("User", "all that the user may see"),
        "system": ("System", "the whole hospital"),
    }
    return tuple(ScopeKind(*titles[kind], tuple(chips)) for kind, chips in by_kind.items() if chips)


def kind_of_app(type: str, client: str, smart_version: int, hospital: str = "") -> str:
    """'For clinicians, public, SMART 2, at General Hospital.'"""
    whom = {"provider": "For clinicians", "patient": "For patients", "system": "A service"}[type]
    how = {"public": "public", "symmetric": "with a secret", "asymmetric": "with a key"}[client]
    return f"{whom}, {how}, SMART {smart_version}" + (f", at {hospital}." if hospital else "")
