"""Scopes are spelt by the grammar, registered, of the right version, and have the context they need."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization import samples
from tests.authorization.samples import asking, known, refusals, server

from sickbay.authorization.authorize import granted_scopes
from sickbay.authorization.requested_scopes import FEW, LONGEST
from sickbay.protocol import scopes


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ("launch,openid", "scope-comma-separated"),
        ("launch+openid", "scope-plus-literal"),
        ("launch\topenid", "scope-tab-separated"),
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
        ("launch patient/Observation.rs?category:not=vital-signs", "scope-malformed"),
        ("launch patient/Observation.rs?subject.name=x", "scope-malformed"),
        ("launch system/Patient.rs", "scope-system-in-user-flow"),
        ("launch patient/Condition.rs", "scope-not-registered"),
        ("launch user/MedicationOrder.rs", "scope-resource-not-in-version"),
        ("launch patient/Patients.rs", "scope-resource-not-in-version"),
        ("launch patient/*.rs", "scope-not-registered"),
    ],
)
def test_a_scope_that_cannot_be_given_is_refused_by_the_name_of_its_fault(scope: str, name: str) -> None:
    assert refusals(asking(scope=scope)) == [name]


def test_a_filter_narrows_what_is_registered_and_its_commas_separate_nothing() -> None:
    assert not refusals(asking(scope="launch patient/Observation.rs?category=laboratory,vital-signs"))


def test_the_type_has_to_exist_in_the_version_of_the_base_asked_for() -> None:
    assert not refusals(asking(scope="launch user/MedicationOrder.rs", aud=samples.OLD))


def test_wildcards_are_the_servers_and_the_registrations_to_give() -> None:
    wild = asking(scope="launch user/*.rs")
    assert not refusals(wild)
    assert refusals(wild, known(server=server(wildcard_scopes=False))) == ["scope-wildcard-not-allowed"]
    plain = replace(samples.CLIENT, scope="launch openid user/Patient.rs")
    assert refusals(wild, known(client=plain)) == ["scope-wildcard-not-allowed"]


def test_the_version_counts_only_where_the_server_takes_one_alone() -> None:
    old = asking(scope="launch patient/Patient.read")
    assert not refusals(old)
    assert refusals(old, known(server=server(scope_versions=("v2",)))) == ["scope-v1-on-v2-app"]


def test_patient_scopes_without_a_patient_are_denied_and_not_called_malformed() -> None:
    said = samples.examination(asking(launch=None, scope="openid patient/Patient.rs"), known(launch=None)).refusals
    assert [(one.name, one.error) for one in said] == [("scope-patient-without-context", "access_denied")]


def test_wrong_case_brings_no_other_fault_with_it() -> None:
    assert refusals(asking(scope="Launch openid patient/patient.RS")) == ["scope-wrong-case"]


def test_offline_access_that_is_not_registered_is_left_out_and_refuses_nothing() -> None:
    client = replace(samples.CLIENT, scope="launch openid fhirUser patient/Patient.rs")
    request = asking(scope="launch openid offline_access patient/Patient.rs")
    assert not refusals(request, known(client=client))
    left = [one.scope for one in granted_scopes(request, client, samples.SERVER) if not one.granted]
    assert left == ["offline_access"]


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
def test_nothing_is_granted_beyond_the_registration(asked: list[str]) -> None:
    client = replace(samples.CLIENT, scope_mode="lenient")
    held = scopes.parse_all(scopes.split(client.scope))
    outcome = granted_scopes(asking(scope=" ".join(asked)), client, samples.SERVER)
    assert [one.scope for one in outcome] == list(dict.fromkeys(asked))
    for one in outcome:
        parsed = scopes.parse(one.scope)
        assert bool(one.reason) != one.granted
        assert not one.granted or (parsed is not None and scopes.covered(parsed, held))
        assert not (one.granted and one.scope.startswith("system/"))


@given(st.lists(TOKENS, min_size=1, max_size=8))
def test_what_the_strict_checks_let_pass_is_granted_whole(asked: list[str]) -> None:
    request = asking(scope=" ".join(["launch", *asked]))
    if not refusals(request):
        assert all(one.granted for one in granted_scopes(request, samples.CLIENT, samples.SERVER))


def test_where_no_types_are_known_none_is_missing() -> None:
    odd = asking(scope="launch user/Fictitious.rs")
    assert refusals(odd) == ["scope-resource-not-in-version"]
    assert not refusals(odd, known(server=replace(samples.SERVER, resource_types={})))


def test_an_app_of_v1_asks_in_its_own_letters_where_they_do_not_mix() -> None:
    old = known(client=replace(samples.CLIENT, smart_version=1), server=server(mixed_scope_versions=False))
    assert not refusals(asking(scope="launch patient/Patient.read"), old)
    (refusal,) = samples.examination(asking(scope="launch patient/Patient.rs"), old).refusals
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
def test_what_a_malformed_scope_most_likely_meant(scope: str, likely: str) -> None:
    (refusal,) = samples.examination(asking(scope=f"launch {scope}")).refusals
    assert (refusal.name, refusal.facts["scopes"], refusal.facts["likely"]) == ("scope-malformed", [scope], [likely])


@pytest.mark.parametrize("claims", ["email", "phone", "address", "email phone address"])
def test_scopes_of_openid_for_claims_that_no_ehr_has_are_left_out_and_not_refused(claims: str) -> None:
    """OpenID Connect Core 3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be ignored." """
    assert not refusals(asking(scope=f"openid {claims} launch"))
    beside = refusals(asking(scope=f"openid {claims} emails launch"))
    assert beside == ["scope-malformed"]
    alone = next(one for one in samples.examination(asking(scope=claims)).refusals if one.name == "scope-malformed")
    assert set(alone.facts["likely"]) == {"fhirUser"}


@pytest.mark.parametrize(
    ("own", "type", "refused"), [(True, "patient", False), (True, "provider", True), (False, "patient", True)]
)
def test_a_patient_who_signs_in_may_be_the_patient(own: bool, type: str, refused: bool) -> None:
    knowing = known(launch=None, client=replace(samples.CLIENT, type=type), server=server(own_patient_is_context=own))
    names = refusals(asking(launch=None, scope="openid patient/Patient.rs"), knowing)
    assert names == (["scope-patient-without-context"] if refused else [])


def test_a_type_in_the_wrong_case_is_one_fault_and_no_other() -> None:
    app = replace(samples.CLIENT, scope="launch patient/AllergyIntolerance.rs")
    (refusal,) = samples.examination(asking(scope="launch patient/allergyintolerance.rs"), known(client=app)).refusals
    assert (refusal.name, refusal.facts["corrected"]) == ("scope-wrong-case", ["patient/AllergyIntolerance.rs"])


@pytest.mark.parametrize(
    "filter", ["_has=1", "_filter=a", "_filter=a?b", "category:not=x", "subject.name=x", "category", "category=", "=x"]
)
def test_a_filter_that_cannot_be_enforced_is_told_with_what_is_left_without_it(filter: str) -> None:
    (refusal,) = samples.examination(asking(scope=f"launch patient/Observation.rs?{filter}")).refusals
    assert (refusal.name, refusal.facts["likely"]) == ("scope-malformed", ["patient/Observation.rs"])


def types_told(request, at) -> list[str]:
    found = samples.examination(request, known(server=at)).refusals
    return [one.facts["version"] for one in found if one.name == "scope-resource-not-in-version"]


def test_where_no_base_is_named_a_type_must_be_of_one_of_them_and_all_their_versions_are_told() -> None:
    asked = asking(aud=None, scope="launch patient/Fictitious.rs")
    assert types_told(asked, samples.SERVER) == ["1.0.2, 4.0.1"]
    assert types_told(asking(aud=samples.OLD, scope="launch patient/Fictitious.rs"), samples.SERVER) == ["1.0.2"]
    assert types_told(asking(aud=None, scope="launch patient/MedicationOrder.rs"), samples.SERVER) == []
    assert types_told(asked, replace(samples.SERVER, fhir_versions={})) == [""]
    unknown = {**samples.SERVER.resource_types, samples.OLD: ()}
    assert types_told(asked, replace(samples.SERVER, resource_types=unknown)) == []


def test_a_system_scope_is_told_with_the_one_of_a_person_and_its_filter_stays() -> None:
    found = samples.examination(asking(scope="launch system/Observation.rs?code=system/x|system/y")).refusals
    (refusal,) = (one for one in found if one.name == "scope-system-in-user-flow")
    assert refusal.facts["corrected"] == ["user/Observation.rs?code=system/x|system/y"]


def test_of_very_many_wrong_ones_few_are_compared_with_what_there_is() -> None:
    """Each comparison looks at all types: a thousand of them would keep everybody else waiting."""
    at = replace(server(), resource_types=dict.fromkeys(server().fhir_bases, ("Patient", "Observation")))
    many = [f"patient/Observation{'n' * number}.rs" for number in range(1, 31)]
    found = samples.examination(asking(scope=" ".join(["launch", *many])), known(server=at)).refusals
    (corrected,) = (one.facts["corrected"] for one in found if one.name == "scope-resource-not-in-version")
    assert corrected[:2] == ["patient/Observation.rs"] * 2
    assert corrected[FEW:] == [""] * (30 - FEW)
    wrong = [f"patient/Observation.reed{number}" for number in range(30)]
    (refusal,) = samples.examination(asking(scope=" ".join(["launch", *wrong]))).refusals
    assert refusal.facts["likely"] == ["patient/Observation.read"] * FEW + [""] * (30 - FEW)


def test_a_very_long_one_resembles_none() -> None:
    (refusal,) = samples.examination(asking(scope="launch openid" + "d" * LONGEST)).refusals
    assert (refusal.name, refusal.facts["likely"]) == ("scope-malformed", [""])
