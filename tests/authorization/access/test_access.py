"""Access to FHIR is decided from the request (RFC 6750), and a token sees only what its scopes permit."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sickbay.authorization import access
from sickbay.authorization.access import bearer
from sickbay.authorization.access import scope as access_scope
from sickbay.authorization.access.visibility import visibility_of
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Policy, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.visibility import NOTHING, Granular, Visibility, parse_granular
from sickbay.kernel.checks import examine
from sickbay.protocol.parameters import parse

FORBIDDEN = 'Bearer realm="x", error="insufficient_scope"'
NOW = 1_764_000_000
BASE = "http://localhost:7425/general/r4"
POLICY = Policy()
COMPARTMENT = frozenset({"Patient", "Observation", "Condition", "MedicationRequest", "Device"})
LAB = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
TOKEN = AccessToken(
    "app", "patient/Patient.rs patient/Observation.rs", BASE, NOW + 100, "f", user="anna", patient="A", issuer="iss"
)
USER = User("anna", "general", "Practitioner/p", patients=("A", "B"))
KNOWN = AccessContext(
    now=NOW, server=Server(issuer="iss", fhir_bases=(BASE,)), client=Client("app"), token=TOKEN, user=USER, version="r4"
)


def fhir_request(
    type: str | None = "Observation",
    letters: str = "s",
    *,
    authorization: str | None = "Bearer t",
    query: str = "",
    involved: tuple[str, ...] = (),
    interaction: str = "search-type",
) -> AccessRequest:
    headers = {} if authorization is None else {"authorization": authorization}
    return AccessRequest(
        "GET", BASE, f"/{type}", parse(query), headers, type=type, interaction=interaction, letters=letters, involved=involved
    )


def outcome(request: AccessRequest, context: AccessContext = KNOWN) -> tuple[str, str, int] | None:
    examination = examine(access.checks_for(request), request, context)
    refusal = examination.decisive()
    assert examination.granted == (refusal is None)
    return None if refusal is None else (refusal.name, refusal.error, refusal.status)


def with_scope(scope: str, **changed: object) -> AccessContext:
    return structs.replace(KNOWN, token=structs.replace(TOKEN, scope=scope, **changed))


def visible_with(scope: str, *, patient: str | None = "A", user: User | None = USER, policy: Policy = POLICY) -> Visibility:
    return visibility_of(structs.replace(TOKEN, scope=scope, patient=patient), user, policy, COMPARTMENT)


@pytest.mark.parametrize("authorization", ["Bearer t", "bearer t", "BEARER   t", "Bearer a.b-c_d~e+f/g=="])
def test_a_bearer_token_in_the_header_is_accepted(authorization: str) -> None:
    assert outcome(fhir_request(authorization=authorization)) is None


@pytest.mark.parametrize(
    ("authorization", "query", "answer"),
    [
        (None, "", ("fhir-token-missing", "", 401)),
        ("t", "", ("fhir-token-not-bearer", "", 401)),
        ("Basic YTpi", "", ("fhir-token-not-bearer", "", 401)),
        ("Bearer", "", ("fhir-token-not-bearer", "invalid_request", 400)),
        ('Bearer "t"', "", ("fhir-token-not-bearer", "invalid_request", 400)),
        ("Bearer t, Bearer u", "", ("fhir-token-not-bearer", "invalid_request", 400)),
        ("Bearer t u", "", ("fhir-token-not-bearer", "invalid_request", 400)),
        (None, "access_token=t", ("fhir-token-in-query", "invalid_request", 400)),
        ("Bearer t", "access_token=t", ("fhir-token-in-query", "invalid_request", 400)),
    ],
)
def test_a_token_sent_in_any_other_way_is_refused(authorization: str | None, query: str, answer: tuple[str, str, int]) -> None:
    assert outcome(fhir_request(authorization=authorization, query=query)) == answer


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"token": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": structs.replace(TOKEN, revoked=True)}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"client": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"user": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": structs.replace(TOKEN, patient=None)}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": structs.replace(TOKEN, expires_at=NOW)}, ("fhir-token-expired", "invalid_token", 401)),
        ({"token": structs.replace(TOKEN, issuer="other")}, ("fhir-token-wrong-issuer", "invalid_token", 401)),
        ({"token": structs.replace(TOKEN, base=BASE + "x")}, ("fhir-token-wrong-audience", "invalid_token", 401)),
    ],
)
def test_an_unusable_token_is_refused(changed: dict[str, object], answer: tuple[str, str, int]) -> None:
    assert outcome(fhir_request(), structs.replace(KNOWN, **changed)) == answer


def test_a_request_without_a_known_base_has_no_wrong_audience() -> None:
    """The doctor examines requests whose server isn't in the text."""
    assert outcome(structs.replace(fhir_request(), base=""), KNOWN) is None


def test_an_empty_context_grants_nothing() -> None:
    assert not examine(access.checks_for(fhir_request()), fhir_request(), AccessContext()).granted


@pytest.mark.parametrize(
    ("scope", "type", "letters", "granted"),
    [
        ("patient/Observation.rs", "Observation", "s", True),
        ("patient/Observation.r", "Observation", "s", False),
        ("patient/Observation.s", "Observation", "r", False),
        ("patient/Observation.r patient/Condition.s", "Observation", "s", False),
        ("patient/Observation.r patient/Observation.s", "Observation", "s", True),
        ("patient/*.rs", "Condition", "r", True),
        ("patient/Observation.read", "Observation", "s", True),
        ("patient/Observation.read", "Observation", "u", False),
        ("patient/Observation.write", "Observation", "d", True),
        ("patient/Observation.write", "Observation", "r", False),
        ("patient/Observation.*", "Observation", "c", True),
        ("patient/*.rs", None, "s", False),
        ("system/*.rs", None, "s", True),
        ("system/Patient.rs", None, "s", False),
        ("launch/patient openid", "Observation", "r", False),
        ("", "Observation", "r", False),
        ("patient%2f*.rs", "Observation", "r", False),
        ("PATIENT/*.rs", "Observation", "r", False),
        ("patient/*.RS", "Observation", "r", False),
        ("patient/*.sr", "Observation", "r", False),
        ("patient/Obs*.rs", "Observation", "r", False),
        ("patient/*.rs\u00a0", "Observation", "r", False),
        (f"patient/Observation.rs?category={LAB}", "Observation", "s", True),
        ("patient/Observation.rs?category:not=laboratory", "Observation", "s", False),
        ("patient/Observation.rs?patient.name=x", "Observation", "s", False),
        ("patient/Observation.rs?_filter=x", "Observation", "s", False),
        ("patient/Observation.rs?&", "Observation", "s", False),
    ],
)
def test_a_request_that_no_scope_covers_gets_403(scope: str, type: str | None, letters: str, granted: bool) -> None:
    answer = outcome(fhir_request(type, letters), with_scope(scope))
    assert answer == (None if granted else ("fhir-insufficient-scope", "insufficient_scope", 403))


def test_system_scopes_cannot_be_mixed_with_others() -> None:
    answer = outcome(fhir_request(), with_scope("patient/*.rs system/*.rs"))
    assert answer == ("fhir-insufficient-scope", "insufficient_scope", 403)


@pytest.mark.parametrize(("involved", "granted"), [(("Patient",), True), (("Practitioner",), False), (("*",), True)])
def test_types_of_chains_and_includes_need_a_scope_too(involved: tuple[str, ...], granted: bool) -> None:
    assert (outcome(fhir_request(involved=involved)) is None) is granted


@pytest.mark.parametrize("interaction", ["capabilities", "discovery", "preflight"])
def test_public_interactions_need_no_token(interaction: str) -> None:
    assert outcome(fhir_request(None, "", authorization=None, interaction=interaction), AccessContext()) is None


@pytest.mark.parametrize(
    ("request_", "context", "header"),
    [
        (fhir_request(authorization=None), KNOWN, 'Bearer realm="x"'),
        (fhir_request(), structs.replace(KNOWN, token=None), 'Bearer realm="x", error="invalid_token"'),
        (fhir_request("Condition"), KNOWN, f'{FORBIDDEN}, scope="patient/Condition.rs"'),
        (fhir_request("Condition"), with_scope("patient/Patient.read"), f'{FORBIDDEN}, scope="patient/Condition.read"'),
    ],
)
def test_each_refusal_gets_its_challenge(request_: AccessRequest, context: AccessContext, header: str) -> None:
    refusal = examine(access.CHECKS, request_, context).decisive()
    assert refusal is not None
    assert bearer.format_challenge(refusal, "x") == header


def test_no_fact_holds_the_token() -> None:
    sent = "Zk3vQ0m8yT1uWc7RkX2pLh5s"
    for authorization in (f"Bearer {sent}", sent, f'Bearer "{sent}"', f"Bearer {sent}, Bearer {sent}"):
        request = fhir_request(authorization=authorization, query=f"access_token={sent}")
        refusals = examine(access.CHECKS, request, structs.replace(KNOWN, token=None)).refusals
        assert refusals
        assert sent not in str([refusal.facts for refusal in refusals])


def test_patient_scopes_see_the_compartment_of_the_patient_and_shared_types() -> None:
    visible = visible_with("patient/*.rs")
    assert visible.allows("Observation", "r", ["A"], [])
    assert not visible.allows("Observation", "r", ["B"], [])
    assert not visible.allows("Observation", "r", [], [])
    assert visible.allows("Practitioner", "r", [], [])
    assert visible.allows("Questionnaire", "r", [], [])
    assert not visible.allows("Group", "r", [], [])


def test_a_patient_scope_can_read_but_never_write_a_shared_type() -> None:
    visible = visible_with("patient/*.cruds")
    assert visible.allows("Observation", "u", ["A"], [])
    assert not visible.allows("Practitioner", "u", [], [])


def test_a_compartment_type_is_never_shared_even_if_the_policy_lists_it() -> None:
    visible = visible_with("patient/*.rs", policy=Policy(shared_types=("Device",)))
    assert not visible.allows("Device", "r", ["B"], [])
    assert not visible.allows("Device", "r", [], [])


@pytest.mark.parametrize(
    ("patients", "subjects", "visible"),
    [("*", ["Z"], True), ("*", [], True), (("A",), ["A"], True), (("A",), ["B"], False), ((), ["A"], False)],
)
def test_user_scopes_see_the_users_patients(patients: object, subjects: list[str], visible: bool) -> None:
    user = structs.replace(USER, patients=patients)
    assert visible_with("user/Observation.rs", user=user).allows("Observation", "r", subjects, []) is visible


@pytest.mark.parametrize(("scope", "patient"), [("patient/*.rs", None), ("user/*.rs", "A"), ("patient/*.sr", "A"), ("", "A")])
def test_a_scope_without_its_patient_or_user_or_outside_the_grammar_sees_nothing(scope: str, patient: str | None) -> None:
    assert visible_with(scope, patient=patient, user=None) == NOTHING


def test_system_scopes_are_not_limited_to_a_compartment() -> None:
    assert visible_with("system/Observation.rs", patient=None, user=None).allows("Observation", "s", [], [])


def test_granular_scopes_add_up_and_their_filters_intersect() -> None:
    granular_scope = f"patient/Observation.rs?category={LAB}"
    visible = visible_with(f"{granular_scope}&code=718-7")
    system = LAB.partition("|")[0]
    lab, code = ("category", system, "laboratory"), ("code", "http://loinc.org", "718-7")
    assert visible.allows("Observation", "r", ["A"], [lab, code])
    assert not visible.allows("Observation", "r", ["A"], [lab])
    assert not visible.allows("Observation", "r", ["A"], [("category", "other", "laboratory"), code])
    both = visible_with(f"{granular_scope} patient/Observation.rs?category=vital-signs")
    assert both.allows("Observation", "r", ["A"], [("category", "any", "vital-signs")])
    assert both.allows("Observation", "r", ["A"], [lab])
    assert not both.allows("Observation", "r", ["A"], [("category", system, "imaging")])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("category", "a", Granular("category", ((None, "a"),))),
        ("category", "s|a,b", Granular("category", (("s", "a"), (None, "b")))),
        ("category", "|a", Granular("category", (("", "a"),))),
        ("category", "s|", None),
        ("category", "", None),
        ("category:in", "a", None),
        ("patient.name", "a", None),
        ("_filter", "a", None),
        ("date", "ge2020", None),
        ("_tag", "s|a", Granular("_tag", (("s", "a"),))),
        ("_has:x:y", "a", None),
    ],
)
def test_only_plain_scope_filters_are_parsed(name: str, value: str, expected: Granular | None) -> None:
    assert parse_granular(name, value) == expected


SCOPES = st.builds(
    "{}/{}.{}{}".format,
    st.sampled_from(["patient", "user", "system", "PATIENT"]),
    st.sampled_from(["*", "Patient", "Observation", "Practitioner", "Group", "patient"]),
    st.sampled_from(["r", "s", "rs", "cruds", "cud", "read", "write", "*", "sr", "x", ""]),
    st.sampled_from(["", "?&", "?category=laboratory", "?category=a|b&code=c", "?category:not=x", "?"]),
)
Names = list[str]
Codes = list[tuple[str, str | None, str]]
SUBJECTS = st.lists(st.sampled_from(["A", "B", "C"]), max_size=2)
CODES = st.lists(st.sampled_from([("category", None, "laboratory"), ("category", "a", "b"), ("code", None, "c")]), max_size=2)


@given(
    scopes=st.lists(SCOPES, max_size=4),
    less=st.sets(st.integers(0, 3)),
    type=st.sampled_from(["Patient", "Observation", "Practitioner", "Group"]),
    letter=st.sampled_from("cruds"),
    subjects=SUBJECTS,
    codes=CODES,
    patient=st.sampled_from([None, "A"]),
    user=st.sampled_from([None, USER]),
)
def test_fewer_scopes_never_see_more(
    scopes: Names, less: set[int], type: str, letter: str, subjects: Names, codes: Codes, patient: str | None, user: User | None
) -> None:
    all_of_them = visible_with(" ".join(scopes), patient=patient, user=user)
    fewer = visible_with(" ".join(scope for index, scope in enumerate(scopes) if index not in less), patient=patient, user=user)
    assert all_of_them.allows(type, letter, subjects, codes) or not fewer.allows(type, letter, subjects, codes)


@given(scopes=st.lists(SCOPES, max_size=4), subjects=SUBJECTS, codes=CODES, letter=st.sampled_from("cruds"))
def test_patient_scopes_never_open_another_compartment(scopes: Names, subjects: Names, codes: Codes, letter: str) -> None:
    text = " ".join(scope for scope in scopes if scope.lower().startswith("patient"))
    if visible_with(text).allows("Observation", letter, subjects, codes):
        assert "A" in subjects


@given(
    scopes=st.lists(SCOPES, max_size=4),
    type=st.sampled_from(["Patient", "Observation"]),
    letter=st.sampled_from("cruds"),
)
def test_visible_resources_can_be_requested(scopes: Names, type: str, letter: str) -> None:
    """The check of the request is never narrower than the visibility, so nothing is refused because of the results."""
    text = " ".join(scopes)
    if visible_with(text).of(type, letter):
        request = fhir_request(type, letter)
        passed = examine(access.CHECKS, request, with_scope(text))
        assert passed.has_passed(access_scope.scope_covers_the_request)


@pytest.mark.parametrize(
    ("changed", "issue"),
    [({}, "forbidden"), ({"token": structs.replace(TOKEN, expires_at=NOW)}, "expired"), ({"token": None}, "login")],
)
def test_each_refusal_has_its_issue_type(changed: dict[str, object], issue: str) -> None:
    known = structs.replace(KNOWN, **changed)
    refusal = examine(access.CHECKS, fhir_request("Condition"), known).decisive()
    assert refusal is not None
    assert bearer.issue_type(refusal) == issue


@pytest.mark.parametrize(
    ("issuer", "accepted"),
    [
        ("https://ehr.example.org/tenants/7", True),
        ("https://TOKEN.example.org:8443", True),
        ("https://token.example.org", False),
        ("http://ehr.example.org", False),
        ("https://elsewhere.example.org", False),
        ("", True),
    ],
)
def test_an_issuer_with_another_name_must_be_on_the_host_of_an_endpoint(issuer: str, accepted: bool) -> None:
    server = Server("https://ehr.example.org/fhir", "https://ehr.example.org/authorize", "https://token.example.org:8443/token")
    known = structs.replace(KNOWN, server=server, token=structs.replace(TOKEN, issuer=issuer))
    assert outcome(fhir_request(), known) == (None if accepted else ("fhir-token-wrong-issuer", "invalid_token", 401))


@pytest.mark.parametrize(
    ("claims", "is_id_token"),
    [({"nonce": "n"}, True), ({"fhirUser": "x"}, True), ({"auth_time": 1}, True), ({"sub": "s", "exp": 1}, False)],
)
def test_an_id_token_is_recognised_by_its_claims(claims: dict[str, object], is_id_token: bool) -> None:
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert bearer.is_id_token(f"e30.{part}.x") is is_id_token
    assert not bearer.is_id_token(part)


@pytest.mark.parametrize("slashes", [("", "/"), ("/", ""), ("", ""), ("/", "/")])
def test_a_trailing_slash_of_a_base_does_not_matter(slashes: tuple[str, str]) -> None:
    known = structs.replace(KNOWN, token=structs.replace(TOKEN, base=BASE + slashes[0]))
    assert outcome(structs.replace(fhir_request(), base=BASE + slashes[1]), known) is None


def test_filters_apply_to_system_scopes_and_shared_types() -> None:
    narrow = visible_with("system/Observation.rs?category=x", patient=None, user=None)
    assert not narrow.allows("Observation", "r", [], [])
    assert narrow.allows("Observation", "r", [], [("category", None, "x")])
    shared = visible_with("patient/Practitioner.rs?_tag=x")
    assert not shared.allows("Practitioner", "r", [], [])
    assert shared.allows("Practitioner", "r", [], [("_tag", None, "x")])


def test_a_scope_that_is_not_well_formed_grants_nothing_and_the_others_do() -> None:
    negated = structs.replace(TOKEN, scope="patient/Observation.rs?category:not=laboratory")
    assert visibility_of(negated, USER, POLICY, COMPARTMENT) == NOTHING
    both = structs.replace(TOKEN, scope=f"{negated.scope} patient/Condition.rs")
    other = structs.replace(TOKEN, scope="patient/Condition.rs")
    assert visibility_of(both, USER, POLICY, COMPARTMENT) == visibility_of(other, USER, POLICY, COMPARTMENT)


def test_a_token_holds_until_it_is_revoked_and_only_for_its_base() -> None:
    assert access.token_holds(BASE, "Bearer t", KNOWN)
    assert not access.token_holds(BASE, "Bearer t", structs.replace(KNOWN, token=structs.replace(TOKEN, revoked=True)))
    assert not access.token_holds("http://localhost:7425/general/r5", "Bearer t", KNOWN)
