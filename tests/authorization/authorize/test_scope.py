"""Scopes must be well formed, registered, in an accepted version, and have the context they need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import refusals, sample_context, sample_request, server

from sickbay.authorization.models import Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.granting import granted_scopes
from sickbay.authorization.scopes.requested import CORRECTED_SCOPES, MAXIMUM_COMPARED_CHARACTERS
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol import scopes


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ("launch,openid", "scope-comma-separated"),
        ("launch+openid", "scope-plus-literal"),
        ("launch\topenid", "scope-tab-separated"),
        ("launch  openid", "scope-has-stray-characters"),
        (" launch openid", "scope-has-stray-characters"),
        ("launch openid ", "scope-has-stray-characters"),
        ("launch;openid|fhirUser\u00a0patient/Patient.rs", "scope-separator-wrong"),
        ('["launch", "openid"]', "scope-has-stray-characters"),
        ("launch \u201copenid\u201d", "scope-has-stray-characters"),
        ("launch openid\u200b", "scope-has-stray-characters"),
        ("scope=launch openid", "scope-has-stray-characters"),
        ("launch launch/list?role=a&role=b", "scope-malformed"),
        ("launch%20openid", "scope-double-encoded"),
        ("launch OpenID", "scope-wrong-case"),
        ("launch patient/Patient.sr", "scope-v2-order"),
        ("launch patient/Patient.search", "scope-malformed"),
        ("launch patient/Observation.rs?category:not=vital-signs", "scope-filter-unsupported"),
        ("launch patient/Observation.rs?subject.name=x", "scope-filter-unsupported"),
        ("launch system/Patient.rs", "scope-system-in-user-flow"),
        ("launch patient/Condition.rs", "scope-not-registered"),
        ("launch user/MedicationOrder.rs", "scope-resource-not-in-version"),
        ("launch patient/Patients.rs", "scope-resource-not-in-version"),
        ("launch patient/*.rs", "scope-not-registered"),
    ],
)
def test_each_scope_fault_has_its_own_refusal(scope: str, name: str) -> None:
    assert refusals(sample_request(scope=scope)) == [name]


def test_an_unknown_server_may_ignore_extra_spaces() -> None:
    context = sample_context(server=UNKNOWN)
    assert not refusals(sample_request(scope=" launch  openid "), context)
    assert refusals(sample_request(scope='"launch  openid "'), context) == ["scope-has-stray-characters"]


def test_a_filter_narrows_a_registered_scope_and_its_commas_are_not_separators() -> None:
    assert not refusals(sample_request(scope="launch patient/Observation.rs?category=laboratory,vital-signs"))


def test_the_type_must_exist_in_the_fhir_version_of_the_requested_base() -> None:
    assert not refusals(sample_request(scope="launch user/MedicationOrder.rs", aud=samples.OLD))


def test_a_wildcard_needs_both_the_server_and_the_registration() -> None:
    wild = sample_request(scope="launch user/*.rs")
    assert not refusals(wild)
    assert refusals(wild, sample_context(server=server(wildcard_scopes=False))) == ["scope-wildcard-not-allowed"]
    plain = structs.replace(samples.CLIENT, scope="launch openid user/Patient.rs")
    assert refusals(wild, sample_context(client=plain)) == ["scope-wildcard-not-allowed"]


def test_the_scope_version_matters_only_if_the_server_accepts_one() -> None:
    old = sample_request(scope="launch patient/Patient.read")
    assert not refusals(old)
    assert refusals(old, sample_context(server=server(scope_versions=("v2",)))) == ["scope-v1-on-v2-app"]


def test_patient_scopes_without_a_patient_are_denied_rather_than_malformed() -> None:
    refusals_found = samples.examination(
        sample_request(launch=None, scope="openid patient/Patient.rs"), sample_context(launch=None)
    ).refusals
    assert [(refusal.name, refusal.error) for refusal in refusals_found] == [("scope-patient-without-context", "access_denied")]


def test_wrong_case_causes_no_other_refusal() -> None:
    assert refusals(sample_request(scope="Launch openid patient/patient.RS")) == ["scope-wrong-case"]


def test_an_unregistered_offline_access_is_left_out_instead_of_refused() -> None:
    client = structs.replace(samples.CLIENT, scope="launch openid fhirUser patient/Patient.rs")
    request = sample_request(scope="launch openid offline_access patient/Patient.rs")
    assert not refusals(request, sample_context(client=client))
    dropped = [grant.scope for grant in granted_scopes(request, client, samples.SERVER) if not grant.granted]
    assert dropped == ["offline_access"]


TOKENS = st.sampled_from(
    [
        "launch",
        "launch/patient",
        "openid",
        "fhirUser",
        "offline_access",
        "online_access",
        "patient/Patient.rs",
        "patient/*.read",
        "patient/Patient.cruds",
        "user/Condition.s",
        "system/*.rs",
        "patient/Observation.rs?category=x",
        "nonsense",
        "user/Order.rs",
    ]
)


@given(st.lists(TOKENS, min_size=1, max_size=8))
def test_nothing_is_granted_beyond_the_registration(requested: list[str]) -> None:
    client = structs.replace(samples.CLIENT, scope_mode="lenient")
    registered = scopes.parse_scopes(scopes.split(client.scope))
    outcome = granted_scopes(sample_request(scope=" ".join(requested)), client, samples.SERVER)
    assert [grant.scope for grant in outcome] == list(dict.fromkeys(requested))
    for grant in outcome:
        parsed = scopes.parse(grant.scope)
        assert bool(grant.reason) != grant.granted
        assert not grant.granted or (parsed is not None and scopes.is_covered(parsed, registered))
        assert not (grant.granted and grant.scope.startswith("system/"))


@given(st.lists(TOKENS, min_size=1, max_size=8))
def test_a_request_that_passes_the_strict_checks_is_granted_completely(requested: list[str]) -> None:
    request = sample_request(scope=" ".join(["launch", *requested]))
    if not refusals(request):
        assert all(grant.granted for grant in granted_scopes(request, samples.CLIENT, samples.SERVER))


def test_without_known_types_every_type_is_accepted() -> None:
    fictitious = sample_request(scope="launch user/Fictitious.rs")
    assert refusals(fictitious) == ["scope-resource-not-in-version"]
    assert not refusals(fictitious, sample_context(server=structs.replace(samples.SERVER, resource_types={})))


def test_a_v1_app_uses_v1_scopes_if_versions_cannot_be_mixed() -> None:
    old = sample_context(client=structs.replace(samples.CLIENT, smart_version=1), server=server(mixed_scope_versions=False))
    assert not refusals(sample_request(scope="launch patient/Patient.read"), old)
    (refusal,) = samples.examination(sample_request(scope="launch patient/Patient.rs"), old).refusals
    assert (refusal.name, refusal.facts["corrected"]) == ("scope-v1-on-v2-app", ["patient/Patient.read"])
    assert (refusal.facts["app_version"], refusal.facts["sent_version"]) == ("v1", "v2")


@pytest.mark.parametrize(
    ("scope", "likely"),
    [
        ("patient.Patient.read", "patient/Patient.read"),
        ("user.Patient.rs", "user/Patient.rs"),
        ("system.Patient.rs", "system/Patient.rs"),
        ("group.Patient.rs", ""),
        ("patient/Patient.search", "patient/Patient.s"),
        ("patient/Patient.view", "patient/Patient.rs"),
        ("patient/Patient.all", "patient/Patient.cruds"),
        ("patient/Patient.readwrite", "patient/Patient.cruds"),
        ("patient/Patient", "patient/Patient.rs"),
        ("patient/launch", "launch/patient"),
        ("encounter/launch", "launch/encounter"),
        ("http://smarthealthit.org/fhir/scopes/patient/Patient.rs", "patient/Patient.rs"),
        ("patient/Patient.reed", "patient/Patient.read"),
        ("patient/Patient.rx", "patient/Patient.rs"),
        ("Patient.read", ""),
        ("launch-patient", "launch/patient"),
        ("launch:patient", "launch/patient"),
        ("offline-access", "offline_access"),
        ("refresh_token", "offline_access"),
        ("patient\\Patient.rs", "patient/Patient.rs"),
        ("patient/Patient..rs", "patient/Patient.rs"),
        ("patient/Patient.rs.", "patient/Patient.rs"),
        ("nonsense", ""),
        ("nonsense.x", ""),
    ],
)
def test_a_malformed_scope_gets_its_likely_correction(scope: str, likely: str) -> None:
    (refusal,) = samples.examination(sample_request(scope=f"launch {scope}")).refusals
    assert (refusal.name, refusal.facts["scopes"], refusal.facts["likely"]) == ("scope-malformed", [scope], [likely])


@pytest.mark.parametrize("claims", ["email", "phone", "address", "email phone address"])
def test_openid_claims_scopes_are_left_out_instead_of_refused(claims: str) -> None:
    """OpenID Connect Core 3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored." """
    assert not refusals(sample_request(scope=f"openid {claims} launch"))
    with_unknown = refusals(sample_request(scope=f"openid {claims} emails launch"))
    assert with_unknown == ["scope-malformed"]
    refusal = next(
        candidate
        for candidate in samples.examination(sample_request(scope=claims)).refusals
        if candidate.name == "scope-malformed"
    )
    assert set(refusal.facts["likely"]) == {"fhirUser"}


@pytest.mark.parametrize(
    ("own", "type", "refused"), [(True, "patient", False), (True, "provider", True), (False, "patient", True)]
)
def test_a_policy_can_make_the_signed_in_patient_the_context(own: bool, type: str, refused: bool) -> None:
    context = sample_context(
        launch=None, client=structs.replace(samples.CLIENT, type=type), server=server(own_patient_is_context=own)
    )
    names = refusals(sample_request(launch=None, scope="openid patient/Patient.rs"), context)
    assert names == (["scope-patient-without-context"] if refused else [])


def test_a_type_in_the_wrong_case_gets_one_refusal() -> None:
    app = structs.replace(samples.CLIENT, scope="launch patient/AllergyIntolerance.rs")
    (refusal,) = samples.examination(
        sample_request(scope="launch patient/allergyintolerance.rs"), sample_context(client=app)
    ).refusals
    assert (refusal.name, refusal.facts["corrected"]) == ("scope-wrong-case", ["patient/AllergyIntolerance.rs"])


@pytest.mark.parametrize(
    "filter",
    [
        *("_has=1", "_filter=a", "_filter=a?b", "category:not=x", "subject.name=x", "category", "category=", "=x", "&"),
        *("nosuch=a", "CATEGORY=a", "date=ge2020", "subject=Patient/b", "_count=1", "_id=x", "clinical-status=active"),
    ],
)
def test_for_an_unenforceable_filter_the_scope_without_it_is_suggested(filter: str) -> None:
    (refusal,) = samples.examination(sample_request(scope=f"launch patient/Observation.rs?{filter}")).refusals
    assert (refusal.name, refusal.facts["corrected"]) == ("scope-filter-unsupported", ["patient/Observation.rs"])


def refused_versions(request: AuthorizeRequest, at: Server) -> list[str]:
    refusals_found = samples.examination(request, sample_context(server=at)).refusals
    return [refusal.facts["version"] for refusal in refusals_found if refusal.name == "scope-resource-not-in-version"]


def test_without_aud_a_type_of_any_base_is_accepted_and_a_refusal_lists_all_versions() -> None:
    request = sample_request(aud=None, scope="launch patient/Fictitious.rs")
    assert refused_versions(request, samples.SERVER) == ["1.0.2, 4.0.1"]
    assert refused_versions(sample_request(aud=samples.OLD, scope="launch patient/Fictitious.rs"), samples.SERVER) == ["1.0.2"]
    assert refused_versions(sample_request(aud=None, scope="launch patient/MedicationOrder.rs"), samples.SERVER) == []
    assert refused_versions(request, structs.replace(samples.SERVER, fhir_versions={})) == [""]
    unknown = {**samples.SERVER.resource_types, samples.OLD: ()}
    assert refused_versions(request, structs.replace(samples.SERVER, resource_types=unknown)) == []


def test_for_a_system_scope_the_user_scope_with_the_same_filter_is_suggested() -> None:
    refusals_found = samples.examination(sample_request(scope="launch system/Observation.rs?code=system/x|system/y")).refusals
    (refusal,) = (candidate for candidate in refusals_found if candidate.name == "scope-system-in-user-flow")
    assert refusal.facts["corrected"] == ["user/Observation.rs?code=system/x|system/y"]


def test_only_the_first_few_wrong_scopes_get_a_suggestion() -> None:
    """Each comparison reads all types: a thousand comparisons would delay other requests."""
    at = structs.replace(server(), resource_types=dict.fromkeys(server().fhir_bases, ("Patient", "Observation")))
    many = [f"patient/Observation{'n' * number}.rs" for number in range(1, 31)]
    refusals_found = samples.examination(sample_request(scope=" ".join(["launch", *many])), sample_context(server=at)).refusals
    (corrected,) = (
        candidate.facts["corrected"] for candidate in refusals_found if candidate.name == "scope-resource-not-in-version"
    )
    assert corrected[:2] == ["patient/Observation.rs"] * 2
    assert corrected[CORRECTED_SCOPES:] == [""] * (30 - CORRECTED_SCOPES)
    malformed = [f"patient/Observation.reed{number}" for number in range(30)]
    (refusal,) = samples.examination(sample_request(scope=" ".join(["launch", *malformed]))).refusals
    assert refusal.facts["likely"] == ["patient/Observation.read"] * CORRECTED_SCOPES + [""] * (30 - CORRECTED_SCOPES)


def test_a_very_long_scope_gets_no_suggestion() -> None:
    (refusal,) = samples.examination(sample_request(scope="launch openid" + "d" * MAXIMUM_COMPARED_CHARACTERS)).refusals
    assert (refusal.name, refusal.facts["likely"]) == ("scope-malformed", [""])
