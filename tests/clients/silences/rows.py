"""Silences of unmodified clients: what is registered, what the app does, and the true cause."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

HERE = "http://localhost:8100/callback"
Group: TypeAlias = Literal["empty and thin answers", "less than asked", "nothing at all"]
EMPTY: Group = "empty and thin answers"
LESS: Group = "less than asked"
NOTHING: Group = "nothing at all"
USER = "openid fhirUser user/*.rs"
PATIENT = "openid fhirUser launch/patient patient/Patient.rs patient/Observation.rs patient/Condition.rs"
LENIENT: dict[str, Any] = {"scope_mode": "lenient"}


class Silence(NamedTuple):
    """script: of the client's app. truth: the rule with the true cause. step: the awaited one, or the stage of the exchange.

    app: what is registered. launch: an EHR launch, or None. more: input of the script.
    """

    group: Group
    client: str
    script: str
    step: str
    truth: str
    app: dict[str, Any]
    more: dict[str, Any] | None = None
    launch: dict[str, Any] | None = None


def _search(client: str, script: str, path: str, truth: str, scope: str = USER) -> Silence:
    return Silence(EMPTY, client, script, "search", truth, {"scope": scope}, {"path": path})


SERVICE: dict[str, Any] = {
    "type": "system",
    "client": "symmetric",
    "scope": "system/*.rs",
    "redirect_uris": [],
    "auto_approve": None,
}
NARROW: dict[str, Any] = {"scope": "openid fhirUser launch/patient patient/Patient.rs", **LENIENT}
NODE = (
    Silence(NOTHING, "openid-client", "discovers", "authorize", "authorize-not-sent", {"scope": f"launch {USER}"}, None, {}),
    Silence(
        NOTHING,
        "openid-client",
        "follows_no_redirect",
        "login",
        "sign-in-page-not-opened",
        {"scope": USER, "auto_approve": None},
    ),
    Silence(NOTHING, "openid-client", "lost_the_state", "token", "code-not-redeemed", {"scope": USER}),
    Silence(NOTHING, "openid-client", "only_signs_in", "access", "token-not-used", {"scope": USER}),
    Silence(NOTHING, "openid-client", "stops_after_a_401", "refresh", "expired-token-no-refresh-token", {"scope": USER}),
    Silence(
        NOTHING,
        "openid-client",
        "stops_after_a_401",
        "refresh",
        "expired-token-not-refreshed",
        {"scope": f"offline_access {USER}"},
    ),
    Silence(
        NOTHING,
        "openid-client",
        "refreshes_twice_with_one_token",
        "launch",
        "refresh-refused-no-new-launch",
        {"scope": f"offline_access {USER}"},
    ),
    Silence(NOTHING, "openid-client", "gets_a_service_token", "access", "token-not-used", SERVICE),
    _search("openid-client", "reads", "Patient?family:exact={family}", "fhir-search-modifier-meaning"),
    _search("openid-client", "reads", "Substance?code=1", "fhir-search-type-without-data"),
    _search("openid-client", "reads", "Condition?patient={other}", "fhir-wrong-patient", PATIENT),
    _search("fhirclient", "requests", "Observation?patient={patient}&category=lab", "fhir-search-value-absent"),
    _search("fhirclient", "requests", "Observation?code=http://snomed.info/sct|85354-9", "fhir-search-code-other-system"),
    _search("fhirclient", "requests", "Observation?date=gt2999-01-01", "fhir-search-date-outside-data"),
    _search("fhirclient", "requests", "Observation?patient={patient}&_include=Encounter:subject", "fhir-include-adds-nothing"),
    Silence(
        LESS,
        "openid-client",
        "reads",
        "access",
        "fhir-insufficient-scope",
        NARROW,
        {"asks": PATIENT, "path": "Observation?patient={patient}"},
    ),
    Silence(
        LESS,
        "fhirclient",
        "refreshes",
        "token",
        "granted-scopes-narrower",
        NARROW,
        {"asks": f"offline_access {NARROW['scope']}"},
    ),
    Silence(LESS, "fhirclient", "reads_the_patient", "token", "context-patient-missing", {"scope": f"launch {USER}"}, None, {}),
    Silence(
        LESS,
        "fhirclient",
        "reads_the_encounter",
        "token",
        "context-encounter-missing",
        {"scope": f"launch/encounter {PATIENT}"},
    ),
    Silence(
        LESS,
        "openid-client",
        "expects_an_id_token",
        "token",
        "id-token-not-issued",
        {"scope": "launch/patient patient/Patient.rs", **LENIENT},
        {"asks": "openid launch/patient patient/Patient.rs"},
    ),
    Silence(
        LESS,
        "fhirclient",
        "expects_the_patient",
        "token",
        "context-patient-differs",
        {"scope": "launch openid fhirUser patient/Patient.rs"},
        {"expected": "{patient}"},
        {"patient": "{other}"},
    ),
    Silence(
        LESS,
        "openid-client",
        "only_signs_in",
        "token",
        "token-lifetime-reduced",
        {"scope": USER, "token_lifetime": 45},
    ),
)
"""Run in one process of Node."""
APPAUTH = {
    "looks in the fragment": ("token", "code-not-redeemed"),
    "lost its storage": ("token", "code-not-redeemed"),
    "reads nothing": ("access", "token-not-used"),
    "another host": ("token", "redirect-uri-other-origin"),
}
"""What the app in a page does wrong -> the awaited step and the true cause."""
