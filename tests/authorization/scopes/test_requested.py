"""A scope that can never be granted gets the same refusal wherever scopes are requested."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import BASE, OLD, SERVER
from tests.authorization.token_requests import FAMILY, REFRESH_FORM, REFRESHING, examine_token, token_request
from tests.laws import for_each

from sickbay.authorization.contexts import TokenContext, UrlContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.registration import CHECKS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.token import backend_scopes
from sickbay.authorization.token import script as script_token
from sickbay.authorization.token.client_authentication import TokenCheck
from sickbay.kernel.checks import examine

EVERYTHING = "launch launch/patient openid fhirUser offline_access patient/*.cruds user/*.cruds"
STRICT = Policy(wildcard_scopes=False, mixed_scope_versions=False)


def _server(policy: Policy) -> Server:
    return structs.replace(SERVER, policy=policy, grants=("authorization_code", "refresh_token", "client_credentials"))


def authorize(scope: str, policy: Policy) -> list[str]:
    context = samples.sample_context(client=structs.replace(samples.CLIENT, scope=EVERYTHING), server=_server(policy))
    return samples.refusals(samples.sample_request(scope=f"launch/patient openid {scope}", launch=None), context)


def refresh(scope: str, policy: Policy) -> list[str]:
    app = structs.replace(samples.CLIENT, client_id="app", scope=EVERYTHING)
    family = structs.replace(FAMILY, scope=EVERYTHING, base=BASE)
    known = structs.replace(REFRESHING, client=app, family=family, server=_server(policy))
    return [refusal.name for refusal in examine_token(token_request(REFRESH_FORM, scope=scope), known).refusals]


SERVICE = Client("app", type="system", client="symmetric", scope="system/*.cruds", grant_types=("client_credentials",))


def backend(scope: str, policy: Policy) -> list[str]:
    context = TokenContext(server=_server(policy), client=SERVICE)
    form: dict[str, str | None] = {"grant_type": "client_credentials", "scope": scope}
    return [refusal.name for refusal in examine(_of_scopes(), token_request(form), context).refusals]


def _of_scopes() -> tuple[TokenCheck, ...]:
    """Leaves out the client's authentication, which runs first."""
    return tuple(structs.replace(scope_check, after=()) for scope_check in backend_scopes.CHECKS)


def registration(scope: str, policy: Policy) -> list[str]:
    request = RegistrationRequest(client="public", redirect_uris=("https://a.example/",), scope=scope)
    return [refusal.name for refusal in examine(CHECKS, request, UrlContext(server=_server(policy))).refusals]


def script(scope: str, policy: Policy) -> list[str]:
    context = TokenContext(server=_server(policy), client=structs.replace(SERVICE, fhir="r4"))
    return [refusal.name for refusal in examine(script_token.CHECKS, token_request({"scope": scope}), context).refusals]


PLACES: dict[str, tuple[Callable[[str, Policy], list[str]], str]] = {
    "authorize": (authorize, "user"),
    "refresh": (refresh, "user"),
    "backend": (backend, "system"),
    "registration": (registration, "user"),
    "script": (script, "system"),
}
"""Where scopes are requested, and the level that suits it."""

KINDS = {
    "misspelt type": ("{}/Pateint.rs", Policy(), "scope-resource-not-in-version"),
    "type of no version": ("{}/Nonsense.rs", Policy(), "scope-resource-not-in-version"),
    "wrong case": ("{}/patient.rs", Policy(), "scope-wrong-case"),
    "letters out of order": ("{}/Patient.sr", Policy(), "scope-v2-order"),
    "letters twice": ("{}/Patient.rr", Policy(), "scope-malformed"),
    "no scope": ("nonsense", Policy(), "scope-malformed"),
    "no access": ("{}/Patient", Policy(), "scope-malformed"),
    "modifier in a filter": ("{}/Observation.rs?code:in=x", Policy(), "scope-filter-unsupported"),
    "chain in a filter": ("{}/Observation.rs?patient.name=x", Policy(), "scope-filter-unsupported"),
    "_filter": ("{}/Observation.rs?_filter=x", Policy(), "scope-filter-unsupported"),
    "empty filter": ("{}/Observation.rs?category=", Policy(), "scope-filter-unsupported"),
    "unknown filter": ("{}/*.rs?nosuch=x", Policy(), "scope-filter-unsupported"),
    "filter on a date": ("{}/Observation.rs?date=ge2020", Policy(), "scope-filter-unsupported"),
    "filter of another type": ("{}/Condition.rs?status=active", Policy(), "scope-filter-unsupported"),
    "commas": ("{0}/Patient.rs,{0}/Observation.rs", Policy(), "scope-comma-separated"),
    "semicolons": ("{0}/Patient.rs;{0}/Observation.rs", Policy(), "scope-separator-wrong"),
}
BY_POLICY = {
    "v1 where v2 is spoken": ("{}/Patient.read", STRICT, "scope-v1-on-v2-app"),
    "wildcard where none is granted": ("{}/*.rs", STRICT, "scope-wildcard-not-allowed"),
    "type of another version": ("{}/MedicationOrder.rs", Policy(), "scope-resource-not-in-version"),
}
"""Not for registrations: a registration is for all FHIR versions of the tenant and outlives its policy."""


@for_each("place", PLACES)
@for_each("kind", [*KINDS, *BY_POLICY])
def test_the_same_fault_has_the_same_name_everywhere(kind: str, place: str) -> None:
    text, policy, name = (KINDS | BY_POLICY)[kind]
    ask, level = PLACES[place]
    expected = [] if place == "registration" and kind in BY_POLICY else [name]
    assert ask(text.format(level), policy) == expected


@pytest.mark.parametrize("place", PLACES)
def test_a_valid_scope_is_accepted_everywhere(place: str) -> None:
    ask, level = PLACES[place]
    for valid in (
        "{}/Patient.rs",
        "{}/Observation.rs?category=laboratory",
        "{}/Observation.rs?_tag=a|b",
        "{}/Patient.rs {}/Observation.rs",
    ):
        assert ask(valid.format(level, level), STRICT) == []


@pytest.mark.parametrize(
    ("place", "scope"),
    [
        ("refresh", "patient%2FPatient.rs%20openid"),
        ("backend", "system%2FPatient.rs"),
        ("registration", "user%2FPatient.rs"),
    ],
)
def test_scopes_that_are_encoded_twice_get_only_this_refusal(place: str, scope: str) -> None:
    assert PLACES[place][0](scope, Policy()) == ["scope-double-encoded"]


@pytest.mark.parametrize(
    ("place", "scope", "names"),
    [
        ("authorize", "user/Patient.rs system/Patient.rs", ["scope-system-in-user-flow"]),
        ("refresh", "user/Patient.rs system/Patient.rs", ["scope-system-in-user-flow"]),
        ("backend", "user/Patient.rs system/Patient.rs", ["backend-scope-not-system"]),
        ("backend", "user/Patient.sr", ["scope-v2-order", "backend-scope-not-system"]),
        ("registration", "user/Patient.rs system/Patient.rs", ["scope-levels-mixed"]),
        ("script", "user/Patient.rs system/Patient.rs", ["scope-levels-mixed"]),
        ("script", "patient/Patient.rs openid system/*.r", ["scope-levels-mixed"]),
        ("script", "system/Patient.rs launch/patient", ["scope-levels-mixed"]),
        ("script", "openid system/Patient.rs", ["scope-levels-mixed"]),
        ("script", "system/Patient.rs offline_access", ["scope-levels-mixed"]),
        ("script", "system/Patient.rs system/Observation.c", []),
        ("script", "patient/Patient.rs user/Patient.rs openid", []),
        ("script", "", ["scope-missing"]),
    ],
)
def test_user_and_system_scopes_cannot_be_mixed(place: str, scope: str, names: list[str]) -> None:
    assert PLACES[place][0](scope, Policy()) == names


def test_an_app_with_both_grant_types_may_register_scopes_for_both() -> None:
    both = RegistrationRequest(
        client="symmetric",
        redirect_uris=("https://a.example/",),
        scope="user/Patient.rs system/Patient.rs",
        grant_types=("authorization_code", "client_credentials"),
    )
    assert examine(CHECKS, both, UrlContext(server=SERVER)).granted


@pytest.mark.parametrize(
    "scope", ["system/Pateint.rs", "system/Patient.sr", "system/*.read", "nonsense", "system/Observation.rs?code:in=x"]
)
def test_a_server_that_drops_scopes_grants_none_of_them(scope: str) -> None:
    policy = structs.replace(STRICT, drop_unregistered_scopes=True, mixed_levels=True)
    assert backend(scope, policy) == ["backend-empty-scopes"]
    types = requested_scopes.types_of((BASE,), SERVER)
    ((_, is_granted, reason),) = backend_scopes.negotiate((scope,), SERVICE, policy, types)
    assert not is_granted
    assert reason


@pytest.mark.parametrize(
    ("resource", "fhir", "bases"),
    [
        (OLD, "r4", (OLD,)),
        ("", "r4", (BASE,)),
        ("", "dstu2", (OLD,)),
        ("", "stu3", (BASE, OLD)),
        ("https://x.example", "r9", (BASE, OLD)),
    ],
)
def test_resource_and_fhir_version_decide_the_bases_of_a_token(resource: str, fhir: str, bases: tuple[str, ...]) -> None:
    assert requested_scopes.bases_of(SERVER, resource, fhir) == bases


def test_a_type_must_exist_in_the_fhir_version_of_the_grant() -> None:
    app = structs.replace(samples.CLIENT, client_id="app", scope=EVERYTHING)
    for base, name in ((BASE, "MedicationRequest"), (OLD, "MedicationOrder"), ("", "MedicationOrder")):
        known = structs.replace(
            REFRESHING, client=app, family=structs.replace(FAMILY, scope=EVERYTHING, base=base), server=SERVER
        )
        assert examine_token(token_request(REFRESH_FORM, scope=f"user/{name}.rs"), known).granted


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", ()),
        ("patient/Patient.rs openid", ()),
        ("patient/Patient.sr openid", ("patient/Patient.sr",)),
        ("patient/Patient.rs,openid", ("patient/Patient.rs,openid",)),
        ("nonsense launch", ("nonsense",)),
        ("patient/Observation.rs?code:in=x", ("patient/Observation.rs?code:in=x",)),
    ],
)
def test_wrong_scopes_of_a_configured_list_are_found(text: str, wrong: tuple[str, ...]) -> None:
    assert requested_scopes.list_misspelt(text) == wrong


@for_each(
    "scope, is_foreign", [("api:fhir", True), ("mcp:tools.read", True), ("patient:Patient.read", False), ("api.fhir", False)]
)
def test_a_scope_of_another_service_is_malformed_only_at_a_server_that_is_known(scope: str, is_foreign: bool) -> None:
    tokens = ("openid", "user/Patient.read", scope)
    elsewhere = requested_scopes.list_ignored_scopes(tokens, None)
    assert (requested_scopes.refuse_malformed_scopes(tokens, elsewhere) is None) is is_foreign
    assert requested_scopes.refuse_malformed_scopes(tokens, requested_scopes.list_ignored_scopes(tokens, SERVER)) is not None
