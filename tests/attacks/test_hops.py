"""Attacks, section C: chains, _has and includes. The same filter applies at every hop, and each type needs a scope."""

from __future__ import annotations

import pytest
from tests.attacks.asking import Target, names

from sickbay.storage.query import includes

A = {f"Observation/{id}" for id in ("oa-lab", "oa-vit", "oa-cont", "moved")}
HAS = "_has:Observation:patient"
REFUSED: list[tuple[str, str, str, str]] = [
    # number, token that lacks a type which is named, search, a token that may
    ("27", "TAP", f"/Patient?{HAS}:code-value-quantity=59419-2$gt3", "ALL"),
    ("27 searching", "TAPS", f"/Patient?{HAS}:code=59419-2", "TA"),
    ("27 chained", "TAPS", f"/Patient?{HAS}:performer:Practitioner.name=x", "TA"),
    ("27 nested", "TAPS", "/Patient?_has:Patient:link:_has:Observation:patient:code=x", "TA"),
    ("27 chain in _has", "two", "/Encounter?_has:Observation:encounter:subject:Patient.name=x", "TA"),
    ("27 chain in _has, untyped", "two", "/Encounter?_has:Observation:encounter:patient.name=x", "TA"),
    ("27 _has in a chain", "TAPS", "/Patient?link:Patient._has:Observation:patient:code=x", "TA"),
    ("29 typed", "TAO", "/Observation?subject:Patient.birthdate=1970-01-01", "TA"),
    ("29 untyped", "TAO", "/Observation?patient.name=Bravo", "TA"),
    ("29 ambiguous", "TAO", "/Observation?performer.name=Bravo", "TA"),
    ("29 twice", "two", "/Observation?encounter.subject:Patient.name=x", "TA"),
    ("29 twice, untyped", "two", "/Observation?encounter.patient.name=x", "TA"),
    ("30", "TAO", "/Observation?encounter.patient.organization.name=x", "TA"),
    ("31", "TAO", "/Observation?_include=Observation:encounter", "TA"),
    ("31 typed", "TAO", "/Observation?_include=Observation:subject:Patient", "TA"),
    ("31 untyped", "TAO", "/Observation?_include=Observation:performer", "TA"),
    ("32", "TAO", "/Observation?_revinclude=DiagnosticReport:result", "TA"),
    ("32 all of a type", "TAO", "/Observation?_revinclude=DiagnosticReport:*", "TA"),
    ("35", "TAO", "/Observation?_include:iterate=Encounter:patient", "TA"),
    ("36", "TAO", "/Patient?_id=A", "TA"),
    ("39", "TAO", "/Observation?_revinclude=List:item", "TA"),
]


@pytest.mark.parametrize(("number", "token", "path", "may"), REFUSED, ids=[case[0] for case in REFUSED])
def test_every_type_in_a_search_needs_its_scope(target: Target, number: str, token: str, path: str, may: str) -> None:
    """Decided before the search: the response is the same whether or not anything would match."""
    answers = [target.ask(token, path), target.ask(token, path.replace("x", "Bravo"))]
    for answer in answers:
        assert answer.status_code == 403, answer.text
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert target.ask(may, path).status_code in (200, 400)


HOPS: list[tuple[str, str, str, set[str], set[str], str]] = [
    # number, token, search, matches, included, what the whole system sees and this token must not
    ("28", "TA", f"/Patient?{HAS}:code=59419-2", set(), set(), "Patient/B"),
    ("28 mine", "TA", f"/Patient?{HAS}:code=1-1", {"Patient/A"}, set(), ""),
    ("28 composite", "TA", f"/Patient?{HAS}:code-value-quantity=59419-2$gt3", set(), set(), "Patient/B"),
    ("28 nested", "TA", "/Patient?_has:Observation:patient:_has:Observation:has-member:code=1-1", set(), set(), "Patient/B"),
    ("28 in a chain", "TA", "/Encounter?patient._has:Observation:patient:code=59419-2", set(), set(), "Encounter/eb"),
    ("23 list", "TA", "/Observation?_list=l", {"Observation/oa-lab"}, set(), "Observation/ob-lab"),
    ("23 list of another", "TB", "/Observation?_list=l", set(), set(), "Observation/ob-lab"),
    (
        "24 with another parameter",
        "TA",
        "/Observation?subject:missing=false&code:not=1-1",
        {"Observation/oa-vit"},
        set(),
        "Observation/ob-hiv",
    ),
    ("29", "TA", "/Observation?subject:Patient.name=Bravo", set(), set(), "Observation/ob-lab"),
    ("29 of any type", "TA", "/Observation?subject.name=Bravo", set(), set(), "Observation/ob-lab"),
    ("29 of any type, back", "TA", "/Encounter?subject._has:Observation:subject:code=59419-2", set(), set(), "Encounter/eb"),
    ("29 of any type, in _has", "TA", f"/Patient?{HAS}:subject.name=Bravo", set(), set(), "Patient/B"),
    ("29 patient", "TA", "/Observation?patient.name=Bravo", set(), set(), "Observation/ob-lab"),
    ("29 date", "TA", "/Observation?subject:Patient.birthdate=1970-01-01", set(), set(), "Observation/ob-lab"),
    ("29 from mine", "TA", "/Coverage?subscriber:Patient.name=Bravo", set(), set(), "Coverage/cva"),
    ("29 to mine", "TA", "/Coverage?beneficiary:Patient.name=Alfa", {"Coverage/cva"}, set(), ""),
    (
        "29 two hops",
        "TA",
        "/DiagnosticReport?result:Observation.subject:Patient.name=Bravo",
        set(),
        set(),
        "DiagnosticReport/dra",
    ),
    ("29 member", "TA", "/Observation?has-member:Observation.code=1-1", set(), set(), "Observation/oa-cont"),
    ("31", "TA", "/Coverage?_include=Coverage:subscriber", {"Coverage/cva"}, set(), "Patient/B"),
    ("31 every", "TA", "/Coverage?_include=*", {"Coverage/cva"}, {"Patient/A"}, "Patient/B"),
    (
        "32",
        "TA",
        "/Observation?_id=oa-lab&_revinclude=DiagnosticReport:result",
        {"Observation/oa-lab"},
        {"DiagnosticReport/dra"},
        "DiagnosticReport/drb",
    ),
    (
        "33",
        "TA",
        "/DiagnosticReport?_include=DiagnosticReport:result",
        {"DiagnosticReport/dra"},
        {"Observation/oa-lab"},
        "Observation/o-focus",
    ),
    ("34", "TA", "/Patient?_revinclude=Observation:focus", {"Patient/A"}, set(), "Observation/o-focus"),
    (
        "35",
        "TA",
        "/DiagnosticReport?_include=DiagnosticReport:result&_include:iterate=Observation:focus",
        {"DiagnosticReport/dra"},
        {"Observation/oa-lab"},
        "Observation/o-focus",
    ),
    ("36 back", "TAO", "/Observation?_id=oa-lab&_revinclude=*", {"Observation/oa-lab"}, set(), "Observation/ob-member"),
    ("36 forth", "TAO", "/Observation?_id=oa-cont&_include=*", {"Observation/oa-cont"}, set(), "Observation/ob-lab"),
    (
        "37",
        "TAL",
        "/Observation?_id=oa-vit,oa-lab&_revinclude=Observation:has-member",
        {"Observation/oa-lab"},
        set(),
        "Observation/ob-member",
    ),
    ("39", "TA", "/List?_id=l&_include=List:item", {"List/l"}, {"Observation/oa-lab"}, "Observation/ob-lab"),
    ("39 mine", "TA", "/Patient?_revinclude=Group:member", {"Patient/A"}, set(), "Group/g"),
    ("38", "TA", "/Observation?_id=oa-cont&_include=Observation:subject", {"Observation/oa-cont"}, {"Patient/A"}, ""),
    ("panel", "TU", "/Coverage?_include=Coverage:subscriber", {"Coverage/cva"}, set(), "Patient/B"),
]


@pytest.mark.parametrize(("number", "token", "path", "matches", "included", "hidden"), HOPS, ids=[case[0] for case in HOPS])
def test_every_hop_sees_only_what_the_token_sees(
    target: Target, number: str, token: str, path: str, matches: set[str], included: set[str], hidden: str
) -> None:
    answer = target.ask(token, path)
    assert answer.status_code == 200, answer.text
    assert names(answer, "match") == matches
    assert names(answer, "include") == included
    assert answer.json()["total"] == len(matches)
    if hidden:
        assert hidden in target.find("ALL", path)
        assert hidden not in answer.text.replace('"reference":"' + hidden, "")


def test_36_includes_of_a_patient_are_in_its_compartment(target: Target) -> None:
    visible = target.find("TA", "/Patient?_id=A&_revinclude=*&_include=*")
    assert {"Patient/A", "Observation/oa-lab", "Coverage/cva", "Encounter/ea", "Appointment/ap"} <= visible
    everything = target.find("ALL", "/Patient?_id=A&_revinclude=*&_include=*")
    assert {"Observation/o-focus", "Patient/A2", "Group/g"} <= everything - visible


def test_37_an_include_must_match_the_filter_too(target: Target) -> None:
    path = "/Observation?_id=ob-member&_include=Observation:has-member&_include=Observation:subject:Patient"
    assert "Observation/oa-lab" in target.find("ALL", path)
    assert target.ask("TAL", path).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/Observation?encounter.patient.organization.name=x", "/Observation?encounter.patient.link:Patient.link:Patient.name=x"],
)
def test_30_the_length_of_a_chain_is_limited(target: Target, path: str) -> None:
    assert target.ask("TA", path).status_code == 400
    assert target.ask("ALL", path).status_code == 400


def test_38_a_contained_resource_is_returned_only_with_its_container(target: Target) -> None:
    assert target.ask("TA", "/Observation/oa-cont").json()["contained"][0]["name"] == [{"family": "Bravo"}]
    assert target.find("TA", "/Patient?name=Bravo") == set()
    assert "Patient/c" not in target.find("ALL", "/Patient")


def test_39_a_list_belongs_to_its_patient(target: Target) -> None:
    assert target.ask("TA", "/List/l").status_code == 200
    assert target.ask("TB", "/List/l").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/Patient/B/$everything",
        "/Patient/$everything",
        "/Patient/A/$everything?_type=Patient,Coverage",
        "/Observation/$lastn",
        "/$graphql?query={PatientList{id}}",
        "/ViewDefinition/$run",
        "/Patient/$match",
        "/Patient/$member-match",
        "/$export",
        "/Patient/$export",
        "/Group/g/$export",
    ],
)
def test_42_43_66_67_operations_apply_the_same_rules(target: Target, path: str) -> None:
    for method in ("GET", "POST"):
        answer = target.ask("TA", path, method)
        assert answer.status_code in (200, 400, 403, 404, 405, 415)
        entries = names(answer) if answer.status_code == 200 else {answer.text}
        assert not any(name in text for name in ("ob-lab", "ob-hiv", "o-focus", "o-orphan", "Bravo", "/eb") for text in entries)
        absent = target.ask("TA", path.replace("/B/", "/none/").replace("/g/", "/none/"), method)
        assert absent.status_code == answer.status_code


def test_a_limited_number_of_includes_is_reported(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/Patient?_id=A&_revinclude=*"
    included = names(target.ask("TA", path), "include")
    for most in (len(included), len(included) - 1, 1):
        monkeypatch.setattr(includes, "MAXIMUM_INCLUDED", most)
        answer = target.ask("TA", path)
        assert len(names(answer, "include")) == most
        assert names(answer, "include") <= included
        assert ("incomplete" in answer.text) is (most < len(included))
