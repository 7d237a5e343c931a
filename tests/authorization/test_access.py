"""A FHIR request is decided on what is asked (RFC 6750), and a token sees what its scopes say and nothing else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization import access
from sickbay.authorization.access import granular, visibility
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Policy, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.visibility import NOTHING, Granular
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


def asked(
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


def said(request: AccessRequest, known: AccessContext = KNOWN) -> tuple[str, str, int] | None:
    examination = examine(access.checks(request), request, known)
    refusal = examination.decisive()
    assert examination.granted == (refusal is None)
    return None if refusal is None else (refusal.name, refusal.error, refusal.status)


def holding(scope: str, **changed: object) -> AccessContext:
    return replace(KNOWN, token=replace(TOKEN, scope=scope, **changed))


def sees(scope: str, *, patient: str | None = "A", user: User | None = USER, policy: Policy = POLICY) -> access.Visibility:
    return visibility(replace(TOKEN, scope=scope, patient=patient), user, policy, COMPARTMENT)


@pytest.mark.parametrize("authorization", ["Bearer t", "bearer t", "BEARER   t", "Bearer a.b-c_d~e+f/g=="])
def test_a_bearer_token_in_the_header_is_taken(authorization: str) -> None:
    assert said(asked(authorization=authorization)) is None


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
def test_how_a_token_may_not_be_sent(authorization: str | None, query: str, answer: tuple[str, str, int]) -> None:
    assert said(asked(authorization=authorization, query=query)) == answer


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"token": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": replace(TOKEN, revoked=True)}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"client": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"user": None}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": replace(TOKEN, patient=None)}, ("fhir-token-unknown", "invalid_token", 401)),
        ({"token": replace(TOKEN, expires_at=NOW)}, ("fhir-token-expired", "invalid_token", 401)),
        ({"token": replace(TOKEN, issuer="other")}, ("fhir-token-wrong-issuer", "invalid_token", 401)),
        ({"token": replace(TOKEN, base=BASE + "x")}, ("fhir-token-wrong-audience", "invalid_token", 401)),
    ],
)
def test_a_token_that_is_not_good_here(changed: dict[str, object], answer: tuple[str, str, int]) -> None:
    assert said(asked(), replace(KNOWN, **changed)) == answer  # type: ignore[arg-type]


def test_nothing_that_is_unknown_is_granted() -> None:
    assert not examine(access.checks(asked()), asked(), AccessContext()).granted


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
def test_a_scope_covers_type_and_letter_or_it_is_403(scope: str, type: str | None, letters: str, granted: bool) -> None:
    answer = said(asked(type, letters), holding(scope))
    assert answer == (None if granted else ("fhir-insufficient-scope", "insufficient_scope", 403))


def test_system_scopes_do_not_mix_with_others() -> None:
    answer = said(asked(), holding("patient/*.rs system/*.rs"))
    assert answer == ("fhir-insufficient-scope", "insufficient_scope", 403)


@pytest.mark.parametrize(("involved", "granted"), [(("Patient",), True), (("Practitioner",), False), (("*",), True)])
def test_types_of_chains_and_includes_need_a_scope_too(involved: tuple[str, ...], granted: bool) -> None:
    assert (said(asked(involved=involved)) is None) is granted


@pytest.mark.parametrize("interaction", ["capabilities", "discovery", "preflight"])
def test_what_is_open_needs_no_token(interaction: str) -> None:
    assert said(asked(None, "", authorization=None, interaction=interaction), AccessContext()) is None


@pytest.mark.parametrize(
    ("request_", "known", "header"),
    [
        (asked(authorization=None), KNOWN, 'Bearer realm="x"'),
        (asked(), replace(KNOWN, token=None), 'Bearer realm="x", error="invalid_token"'),
        (asked("Condition"), KNOWN, f'{FORBIDDEN}, scope="patient/Condition.rs"'),
        (asked("Condition"), holding("patient/Patient.read"), f'{FORBIDDEN}, scope="patient/Condition.read"'),
    ],
)
def test_the_challenge_of_a_refusal(request_: AccessRequest, known: AccessContext, header: str) -> None:
    refusal = examine(access.CHECKS, request_, known).decisive()
    assert refusal is not None
    assert access.challenge(refusal, "x") == header


def test_no_fact_holds_the_token() -> None:
    sent = "Zk3vQ0m8yT1uWc7RkX2pLh5s"
    for authorization in (f"Bearer {sent}", sent, f'Bearer "{sent}"', f"Bearer {sent}, Bearer {sent}"):
        request = asked(authorization=authorization, query=f"access_token={sent}")
        refusals = examine(access.CHECKS, request, replace(KNOWN, token=None)).refusals
        assert refusals
        assert sent not in str([one.facts for one in refusals])


def test_patient_scopes_see_the_compartment_of_the_patient_and_shared_types() -> None:
    seen = sees("patient/*.rs")
    assert seen.allows("Observation", "r", ["A"], [])
    assert not seen.allows("Observation", "r", ["B"], [])
    assert not seen.allows("Observation", "r", [], [])
    assert seen.allows("Practitioner", "r", [], [])
    assert seen.allows("Questionnaire", "r", [], [])
    assert not seen.allows("Group", "r", [], [])


def test_a_shared_type_is_read_and_never_written_under_a_patient_scope() -> None:
    seen = sees("patient/*.cruds")
    assert seen.allows("Observation", "u", ["A"], [])
    assert not seen.allows("Practitioner", "u", [], [])


def test_a_type_of_the_compartment_is_never_shared_whatever_the_policy_says() -> None:
    seen = sees("patient/*.rs", policy=Policy(shared_types=("Device",)))
    assert not seen.allows("Device", "r", ["B"], [])
    assert not seen.allows("Device", "r", [], [])


@pytest.mark.parametrize(
    ("patients", "held", "seen"),
    [("*", ["Z"], True), ("*", [], True), (("A",), ["A"], True), (("A",), ["B"], False), ((), ["A"], False)],
)
def test_user_scopes_see_what_the_user_may(patients: object, held: list[str], seen: bool) -> None:
    user = replace(USER, patients=patients)
    assert sees("user/Observation.rs", user=user).allows("Observation", "r", held, []) is seen


@pytest.mark.parametrize(("scope", "patient"), [("patient/*.rs", None), ("user/*.rs", "A"), ("patient/*.sr", "A"), ("", "A")])
def test_a_scope_without_its_patient_or_user_or_outside_the_grammar_sees_nothing(scope: str, patient: str | None) -> None:
    assert sees(scope, patient=patient, user=None) == NOTHING


def test_system_scopes_are_not_held_to_any_compartment() -> None:
    assert sees("system/Observation.rs", patient=None, user=None).allows("Observation", "s", [], [])


def test_granular_scopes_unite_and_their_filters_intersect() -> None:
    one = f"patient/Observation.rs?category={LAB}"
    seen = sees(f"{one}&code=718-7")
    system = LAB.partition("|")[0]
    lab, code = ("category", system, "laboratory"), ("code", "http://loinc.org", "718-7")
    assert seen.allows("Observation", "r", ["A"], [lab, code])
    assert not seen.allows("Observation", "r", ["A"], [lab])
    assert not seen.allows("Observation", "r", ["A"], [("category", "other", "laboratory"), code])
    both = sees(f"{one} patient/Observation.rs?category=vital-signs")
    assert both.allows("Observation", "r", ["A"], [("category", "any", "vital-signs")])
    assert both.allows("Observation", "r", ["A"], [lab])
    assert not both.allows("Observation", "r", ["A"], [("category", system, "imaging")])


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("category", "a", Granular("category", ((None, "a"),))),
        ("category", "s|a,b", Granular("category", (("s", "a"), (None, "b")))),
        ("category", "|a", Granular("category", (("", "a"),))),
        ("category", "s|", None),
        ("category", "", None),
        ("category:in", "a", None),
        ("patient.name", "a", None),
        ("_filter", "a", None),
        ("_has:x:y", "a", None),
    ],
)
def test_a_filter_of_a_scope_is_plain_or_grants_nothing(name: str, value: str, read: Granular | None) -> None:
    assert granular(name, value) == read


SCOPES = st.builds(
    "{}/{}.{}{}".format,
    st.sampled_from(["patient", "user", "system", "PATIENT"]),
    st.sampled_from(["*", "Patient", "Observation", "Practitioner", "Group", "patient"]),
    st.sampled_from(["r", "s", "rs", "cruds", "cud", "read", "write", "*", "sr", "x", ""]),
    st.sampled_from(["", "?&", "?category=laboratory", "?category=a|b&code=c", "?category:not=x", "?"]),
)
HELD = st.lists(st.sampled_from(["A", "B", "C"]), max_size=2)
CODES = st.lists(st.sampled_from([("category", None, "laboratory"), ("category", "a", "b"), ("code", None, "c")]), max_size=2)


@given(
    scopes=st.lists(SCOPES, max_size=4),
    less=st.sets(st.integers(0, 3)),
    type=st.sampled_from(["Patient", "Observation", "Practitioner", "Group"]),
    letter=st.sampled_from("cruds"),
    held=HELD,
    codes=CODES,
    patient=st.sampled_from([None, "A"]),
    user=st.sampled_from([None, USER]),
)
def test_fewer_scopes_never_see_more(scopes, less, type, letter, held, codes, patient, user) -> None:
    all_of_them = sees(" ".join(scopes), patient=patient, user=user)
    fewer = sees(" ".join(one for index, one in enumerate(scopes) if index not in less), patient=patient, user=user)
    assert all_of_them.allows(type, letter, held, codes) or not fewer.allows(type, letter, held, codes)


@given(scopes=st.lists(SCOPES, max_size=4), held=HELD, codes=CODES, letter=st.sampled_from("cruds"))
def test_patient_scopes_alone_never_open_another_compartment(scopes, held, codes, letter) -> None:
    text = " ".join(one for one in scopes if one.lower().startswith("patient"))
    if sees(text).allows("Observation", letter, held, codes):
        assert "A" in held


@given(
    scopes=st.lists(SCOPES, max_size=4),
    type=st.sampled_from(["Patient", "Observation"]),
    letter=st.sampled_from("cruds"),
)
def test_what_is_visible_may_be_asked_for(scopes, type, letter) -> None:
    """The check on what is asked is never narrower than what is then visible, so nothing is refused by what is found."""
    text = " ".join(scopes)
    if sees(text).of(type, letter):
        request = asked(type, letter)
        passed = examine(access.CHECKS, request, holding(text))
        assert passed.passed(access.scope_covers_the_request)


@pytest.mark.parametrize(
    ("changed", "issue"),
    [({}, "forbidden"), ({"token": replace(TOKEN, expires_at=NOW)}, "expired"), ({"token": None}, "login")],
)
def test_the_issue_of_an_outcome(changed: dict[str, object], issue: str) -> None:
    known = replace(KNOWN, **changed)  # type: ignore[arg-type]
    refusal = examine(access.CHECKS, asked("Condition"), known).decisive()
    assert refusal is not None
    assert access.issue_type(refusal) == issue


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("https://ehr.example.org/tenants/7", True),
        ("https://TOKEN.example.org:8443", True),
        ("https://token.example.org", False),
        ("http://ehr.example.org", False),
        ("https://elsewhere.example.org", False),
        ("", True),
    ],
)
def test_an_issuer_by_another_name_is_on_the_host_of_an_endpoint(issuer: str, good: bool) -> None:
    server = Server("https://ehr.example.org/fhir", "https://ehr.example.org/authorize", "https://token.example.org:8443/token")
    known = replace(KNOWN, server=server, token=replace(TOKEN, issuer=issuer))
    assert said(asked(), known) == (None if good else ("fhir-token-wrong-issuer", "invalid_token", 401))


@pytest.mark.parametrize(
    ("claims", "is_one"),
    [({"nonce": "n"}, True), ({"fhirUser": "x"}, True), ({"auth_time": 1}, True), ({"sub": "s", "exp": 1}, False)],
)
def test_an_id_token_is_known_by_what_only_it_has(claims: dict[str, object], is_one: bool) -> None:
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert access.is_id_token(f"e30.{part}.x") is is_one
    assert not access.is_id_token(part)


@pytest.mark.parametrize("slashes", [("", "/"), ("/", ""), ("", ""), ("/", "/")])
def test_a_slash_at_the_end_of_a_base_makes_no_other_server(slashes: tuple[str, str]) -> None:
    known = replace(KNOWN, token=replace(TOKEN, base=BASE + slashes[0]))
    assert said(replace(asked(), base=BASE + slashes[1]), known) is None


@pytest.mark.parametrize(
    ("token", "type", "letters", "scope"),
    [
        (replace(TOKEN, scope="user/Patient.rs", patient=None), "Condition", "r", "user/Condition.rs"),
        (replace(TOKEN, scope="system/Patient.rs", patient=None, user=None), "Condition", "r", "system/Condition.rs"),
        (replace(TOKEN, scope="patient/Patient.read"), "Condition", "rs", "patient/Condition.read"),
        (replace(TOKEN, scope="patient/Patient.read"), None, "s", "patient/*.read"),
        (replace(TOKEN, scope="patient/Patient.read"), "Condition", "d", "patient/Condition.write"),
        (replace(TOKEN, scope="patient/Patient.rs"), "Condition", "rs", "patient/Condition.rs"),
        (replace(TOKEN, scope="patient/Patient.rs"), "Condition", "cu", "patient/Condition.cu"),
    ],
)
def test_the_scope_to_ask_for_is_of_the_level_and_spelling_of_those_held(
    token: AccessToken, type: str | None, letters: str, scope: str
) -> None:
    assert access.needed(token, type, letters) == scope


def test_a_filter_of_a_system_scope_and_of_a_shared_type_holds() -> None:
    narrow = sees("system/Observation.rs?category=x", patient=None, user=None)
    assert not narrow.allows("Observation", "r", [], [])
    assert narrow.allows("Observation", "r", [], [("category", None, "x")])
    shared = sees("patient/Practitioner.rs?category=x")
    assert not shared.allows("Practitioner", "r", [], [])
    assert shared.allows("Practitioner", "r", [], [("category", None, "x")])


@pytest.mark.parametrize(
    ("scope", "query", "lacking"),
    [
        ("patient/*.rs", "", None),
        ("patient/Patient.rs patient/Observation.rs", "_type=Patient,Observation", None),
        ("patient/Patient.rs", "_type=Patient,Observation", "Observation"),
        ("patient/Patient.r", "_type=Patient", "Patient"),
        ("patient/Patient.rs", "", "the whole server"),
    ],
)
def test_a_search_of_several_types_takes_a_scope_for_each(scope: str, query: str, lacking: str | None) -> None:
    request = replace(asked(None, "s", query=query), interaction="search-system")
    refusals = examine(access.checks(request), request, holding(scope)).refusals
    assert [one.facts["type"] for one in refusals] == ([] if lacking is None else [lacking])
    assert all((one.name, one.facts["letters"]) == ("fhir-insufficient-scope", "s") for one in refusals)
