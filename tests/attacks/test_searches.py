"""Attacks, section B: matches, totals, sorting and paging."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from tests.attacks.asking import Target, following, names
from tests.attacks.fixture import BASE
from tests.flows.flow import Flow

A_OBSERVATIONS = {"Observation/oa-lab", "Observation/oa-vit", "Observation/oa-cont", "Observation/moved"}
B_OBSERVATIONS = {f"Observation/{id}" for id in ("ob-lab", "ob-hiv", "o-focus", "ob-member")}
SEARCHES: list[tuple[str, str, set[str], str, set[str]]] = [
    # number, search, what TA gets, a token that may, what that gets
    ("11", "/Patient", {"Patient/A"}, "ALL", {"Patient/A", "Patient/B", "Patient/A2"}),
    ("11 link", "/Patient?link=Patient/A", set(), "ALL", {"Patient/A2"}),
    ("12 both", "/Patient?_id=A,B", {"Patient/A"}, "ALL", {"Patient/A", "Patient/B"}),
    ("12", "/Patient?_id=B", set(), "TB", {"Patient/B"}),
    ("12 identifier", "/Patient?identifier=urn:mrn|mrn-B", set(), "TB", {"Patient/B"}),
    ("12 name", "/Patient?name=Bravo", set(), "TB", {"Patient/B"}),
    ("12 birthdate", "/Patient?birthdate=lt1975", set(), "TB", {"Patient/B"}),
    ("13 patient", "/Observation?patient=B", set(), "TB", B_OBSERVATIONS),
    ("13 typed", "/Observation?patient=Patient/B", set(), "TB", B_OBSERVATIONS),
    ("13 subject", "/Observation?subject=Patient/B", set(), "TB", B_OBSERVATIONS),
    ("13 modified", "/Observation?subject:Patient=B", set(), "TB", B_OBSERVATIONS),
    ("13 absolute", f"/Observation?subject={BASE}/Patient/B", set(), "TB", B_OBSERVATIONS),
    ("14 and", "/Observation?patient=A&patient=B", set(), "ALL", set()),
    ("14 or", "/Observation?patient=A,B", A_OBSERVATIONS, "ALL", A_OBSERVATIONS | B_OBSERVATIONS),
    ("17", "/Observation?code=59419-2&value-quantity=gt1000", set(), "TB", {"Observation/ob-hiv"}),
    ("24 missing", "/Observation?subject:missing=true", set(), "ALL", {"Observation/o-orphan"}),
    ("24 not", "/Observation?category:not=laboratory", {"Observation/oa-vit"}, "ALL", {"Observation/oa-vit"}),
    ("24 not this", "/Observation?_id:not=oa-lab", A_OBSERVATIONS - {"Observation/oa-lab"}, "TB", B_OBSERVATIONS),
    ("24 below", "/Observation?status:below=final", A_OBSERVATIONS, "TB", B_OBSERVATIONS),
    ("24 chain", "/Observation?subject:Patient.active=true", A_OBSERVATIONS, "TB", B_OBSERVATIONS),
    ("25", "/Device", set(), "ALL", {"Device/dev-b", "Device/dev-free"}),
    ("41 provenance", "/Provenance?target=Observation/ob-lab", set(), "ALL", {"Provenance/pv-b"}),
    ("41 audit", "/AuditEvent?entity=Patient/B", set(), "ALL", {"AuditEvent/ae-b"}),
    ("40", "/Appointment", {"Appointment/ap"}, "TB", {"Appointment/ap"}),
    ("39 group", "/Group", set(), "ALL", {"Group/g"}),
    ("39 member", "/Group?member=Patient/A", set(), "ALL", {"Group/g"}),
    ("31 coverage", "/Coverage", {"Coverage/cva"}, "TB", {"Coverage/cva"}),
    ("34 focus", "/Observation?focus=Patient/A", set(), "TB", {"Observation/o-focus"}),
    ("38 contained", "/Observation?subject:Patient.name=Bravo", set(), "TB", B_OBSERVATIONS),
    ("67", "/Patient?identifier=mrn-B", set(), "ALL", {"Patient/B"}),
    ("tag", "/Observation?_lastUpdated=gt2020", A_OBSERVATIONS, "TB", B_OBSERVATIONS),
    ("type", "/Binary", set(), "ALL", {"Binary/ba", "Binary/bb", "Binary/bx"}),
]


@pytest.mark.parametrize(("number", "path", "visible", "may", "control"), SEARCHES, ids=[case[0] for case in SEARCHES])
def test_a_search_finds_and_counts_only_what_the_token_may_see(
    target: Target, number: str, path: str, visible: set[str], may: str, control: set[str]
) -> None:
    answer = target.ask("TA", path)
    assert answer.status_code == 200, answer.text
    assert names(answer) == visible
    assert answer.json()["total"] == len(visible)
    assert target.find(may, path) == control
    joint = "&" if "?" in path else "?"
    for more in ("_summary=count", "_count=0", "_total=accurate", "_total=estimate"):  # 16
        for token, expected in (("TA", visible), (may, control)):
            bundle = target.ask(token, f"{path}{joint}{more}").json()
            assert bundle["total"] == len(expected), more


@pytest.mark.parametrize(
    "path",
    ["/Patient/B/Observation", "/Patient/B/*", "/Practitioner/p/Observation", "/Patient/B/Observation?code=1-1"],
)
def test_15_a_compartment_url_shows_nothing_of_other_patients(target: Target, path: str) -> None:
    answer = target.ask("TA", path)
    absent = target.ask("TA", path.replace("/B/", "/none/"))
    assert answer.status_code == absent.status_code
    assert not any(name in answer.text for name in ("ob-lab", "ob-hiv", "Bravo"))


@pytest.mark.parametrize(
    "key",
    [
        "_lastUpdated",
        "-_lastUpdated",
        "_id",
        "-_id",
        "code",
        "-date",
        "category,-_id",
        "subject",
        "-encounter,_id",
        None,
    ],
)
def test_19_pages_are_full_and_sorted_by_visible_resources(target: Target, key: str | None) -> None:
    path: str | None = "/Observation?_count=1" + (f"&_sort={key}" if key else "")
    visited: list[str] = []
    while path is not None:
        answer = target.ask("TA", path)
        page = names(answer)
        assert len(page) == 1
        assert answer.json()["total"] == len(A_OBSERVATIONS)
        visited += page
        path = following(answer)
    assert sorted(visited) == sorted(A_OBSERVATIONS)
    if key in ("_id", "-_id"):
        assert visited == sorted(A_OBSERVATIONS, reverse=key.startswith("-"))


def test_19_a_chain_is_not_a_sort_key(target: Target) -> None:
    assert target.ask("TA", "/Observation?_sort=patient.name").status_code == 400
    assert target.ask("TA", "/Observation?_sort=subject").status_code == 200


@pytest.mark.parametrize("path", ["/Observation?_count=1", "/Observation?_count=1&_sort=-_lastUpdated"])
def test_20_a_cursor_works_only_for_its_own_token(target: Target, path: str) -> None:
    own_page = following(target.ask("TA", path))
    assert own_page
    for token in ("TB", "ALL", "TAL", "TAO"):
        answer = target.ask(token, own_page)
        assert answer.status_code in (400, 410)
        assert not any(name in answer.text for name in A_OBSERVATIONS)
    assert target.ask("TA", own_page).status_code == 200


def test_20_a_modified_cursor_is_refused(target: Target) -> None:
    path = following(target.ask("TA", "/Observation?_count=1"))
    assert path
    head, _, cursor = path.partition("_cursor=")
    for at in range(0, len(cursor), 7):
        other = "A" if cursor[at] != "A" else "B"
        assert target.ask("TA", f"{head}_cursor={cursor[:at]}{other}{cursor[at + 1 :]}").status_code == 400
    junk = base64.urlsafe_b64encode(b"\xff" * 40).decode()
    for text in ("", "%00", "a", junk, "ä", cursor + "AAAA", cursor[:-4]):
        assert target.ask("TA", f"{head}_cursor={text}").status_code in (200, 400)
    assert target.ask("TA", path.replace("/Observation", "/Condition")).status_code == 400


def test_21_parameters_in_query_and_form_both_apply(target: Target) -> None:
    for token in ("TA", "ALL"):
        answer = target.ask(token, "/Observation/_search?patient=A", "POST", data={"patient": "B"})
        assert names(answer) == set()
        assert answer.json()["total"] == 0
    assert names(target.ask("TB", "/Observation/_search", "POST", data={"patient": "B"})) == B_OBSERVATIONS


@pytest.mark.parametrize(
    ("method", "path", "visible", "control"),
    [
        ("GET", "?_type=Observation,Patient", {"Patient/A"} | A_OBSERVATIONS, "Patient/B"),
        ("GET", "/?_type=Observation&_sort=-_id", A_OBSERVATIONS, "Observation/ob-lab"),
        ("GET", "?_id=B", set(), "Patient/B"),
        ("GET", "?_id=A,oa-lab,ob-lab", {"Patient/A", "Observation/oa-lab"}, "Observation/ob-lab"),
        ("POST", "/_search", set(), "Patient/B"),
    ],
)
def test_22_searches_across_types_follow_the_same_rule(
    target: Target, method: str, path: str, visible: set[str], control: str
) -> None:
    form: dict[str, Any] = {"data": {"_id": "B"}} if method == "POST" else {}
    answer = target.ask("TA", path, method, **form)
    assert answer.status_code == 200, answer.text
    assert names(answer) == visible
    assert answer.json()["total"] == len(visible)
    assert control in names(target.ask("ALL", path, method, **form))
    assert target.ask("TAO", path, method, **form).status_code == (200 if path == "/?_type=Observation&_sort=-_id" else 403)
    assert target.ask("r", path, method, **form).status_code == 403


def test_22_a_user_may_not_list_all_patients_at_another_url(target: Target) -> None:
    for path in ("/Patient", "?_type=Patient", "?_count=5", "/?_type=Observation,Patient"):
        assert target.ask("TU", path).status_code == 400, path
    assert target.find("TU", "?_type=Observation") == A_OBSERVATIONS


@pytest.mark.parametrize(
    "parameter",
    [
        "subject:below=A",
        "_filter=subject eq Patient/B",
        "_query=x",
        "_content=Bravo",
        "_text=Bravo",
        "_list=l",
        "bogus=1",
        "near=1|1",
        "code-value-quantity=59419-2$gt3",
        "combo-code=1-1",
        "_contained=true",
        "_source=x",
        "_in=Group/g",
    ],
)
@pytest.mark.parametrize("token", ["TA", "TU"])
def test_23_26_an_unknown_parameter_is_refused_or_reported_and_never_widens_the_search(
    target: Target, parameter: str, token: str
) -> None:
    strict = target.ask(token, f"/Observation?{parameter}", headers={"Prefer": "handling=strict"})
    lenient = target.ask(token, f"/Observation?{parameter}")
    for answer in (strict, lenient):
        assert answer.status_code in (200, 400)
        assert names(answer) <= A_OBSERVATIONS
    if lenient.status_code == 200 and names(lenient) == A_OBSERVATIONS:
        assert strict.status_code == 400
        outcomes = [entry for entry in lenient.json()["entry"] if entry["search"]["mode"] == "outcome"]
        assert parameter.partition("=")[0] in outcomes[0]["resource"]["issue"][0]["diagnostics"]
        assert parameter.partition("=")[0] not in lenient.json()["link"][0]["url"]


def test_13_an_identifier_of_a_reference_does_not_reach_others(target: Target) -> None:
    for parameter in ("patient:identifier=urn:mrn|mrn-B", "subject:identifier=urn:mrn|mrn-B"):
        answer = target.ask("TA", f"/Observation?{parameter}")
        assert answer.status_code in (200, 400)
        assert names(answer) == set()


def test_26_an_ignored_parameter_is_a_finding_of_the_exchange(target: Target) -> None:
    answer = target.ask("TA", "/Patient?nmae=x")
    id = answer.headers["x-correlation-id"]

    async def steps(flow: Flow) -> httpx2.Response:
        return await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"})

    findings = {finding["id"]: finding for finding in target.desk.do(steps).json()["findings"]}
    assert "Use name" in findings["fhir-search-unknown-param"]["fix"]
    assert findings["fhir-search-unknown-param"]["severity"] == "warning"
    assert "nmae" not in answer.json()["link"][0]["url"]
