"""Attacks, section D: scopes and tokens."""

from __future__ import annotations

import base64
import json
import re

import pytest
from msgspec import structs
from tests.attacks.asking import Target, following, names
from tests.attacks.fixture import TOKENS
from tests.flows.flow import Flow

from sickbay.authorization.models import User
from sickbay.services import records
from sickbay.storage.interface import Put

A = {f"Observation/{id}" for id in ("oa-lab", "oa-vit", "oa-cont", "moved")}
PATHS = ("/Patient/A", "/Observation/oa-lab", "/Observation", "/Patient")


@pytest.mark.parametrize("token", ["none", "stranger"])
def test_44_a_token_without_its_patient_or_user_is_invalid(target: Target, token: str) -> None:
    for path in PATHS:
        answer = target.ask(token, path)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert target.ask("TA", "/Patient/A").status_code == 200


@pytest.mark.parametrize("token", ["mixed", "mixed-user"])
def test_45_system_scopes_combined_with_patient_or_user_scopes_grant_nothing(target: Target, token: str) -> None:
    for path in (*PATHS, "/Observation/ob-lab"):
        answer = target.ask(token, path)
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "token",
    ["encoded", "shouted", "big", "unordered", "star", "nbsp", "not", "chain", "has", "filter", "bare", "unfilterable"],
)
def test_46_47_an_invalid_scope_grants_nothing(target: Target, token: str) -> None:
    for path in PATHS:
        assert target.ask(token, path).status_code == 403


def test_48_a_granular_scope_limits_reads_and_searches(target: Target) -> None:
    laboratory = A - {"Observation/oa-vit"}
    assert target.find("TAL", "/Observation") == laboratory
    assert target.ask("TAL", "/Observation?_summary=count").json()["total"] == len(laboratory)
    assert target.ask("TAL", "/Observation/oa-lab").status_code == 200
    assert target.ask("TAL", "/Observation/oa-vit").status_code == 404
    assert target.ask("TA", "/Observation/oa-vit").status_code == 200
    assert target.find("TAL", "/Observation?category=vital-signs") == set()
    assert target.find("TAL", "/Observation?category:not=laboratory") == set()
    assert target.find("TAL", "/Observation?_id=oa-vit") == set()


def test_49_scopes_add_up_but_not_letters_of_two_types(target: Target) -> None:
    assert target.find("TALV", "/Observation") == A
    assert target.ask("TALV", "/Observation/oa-vit").status_code == 200
    assert target.ask("apart", "/Observation").status_code == 403
    assert target.ask("apart", "/Condition/x").status_code == 403
    assert target.ask("apart", "/Observation/oa-lab").status_code == 200
    assert target.ask("apart", "/Condition").status_code == 200


def test_50_reading_is_not_searching(target: Target) -> None:
    assert target.ask("r", "/Observation?_id=oa-lab").status_code == 403
    assert target.ask("r", "/Observation/oa-lab").status_code == 200
    assert target.ask("s", "/Observation/oa-lab").status_code == 403
    assert target.ask("s", "/Observation?_id=oa-lab").status_code == 200


def test_51_a_write_scope_only_writes_and_a_read_scope_only_reads(target: Target) -> None:
    for path in ("/Observation", "/Observation/oa-lab"):
        assert target.ask("write", path).status_code == 403
        assert target.ask("read", path).status_code == 200
    for method in ("PUT", "PATCH", "DELETE"):
        assert target.ask("read", "/Observation/none", method).status_code == 403
        assert target.ask("write", "/Observation/none", method).status_code != 403
    assert target.ask("read", "/Observation", "POST").status_code == 403


def jwt(header: dict[str, object], claims: dict[str, object]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, "AAAA"))


CLAIMS: dict[str, object] = {"iss": "http://localhost:7425/general", "scope": "system/*.rs", "aud": "x", "exp": 9**10}
JWTS = [
    jwt({"alg": "none"}, CLAIMS),
    jwt({"alg": "HS256"}, CLAIMS),
    jwt({"alg": "ES256", "crit": ["x"]}, CLAIMS),
    jwt({"alg": "ES256", "kid": "other", "typ": "at+jwt"}, CLAIMS),
    jwt({"alg": "none"}, CLAIMS).removesuffix("AAAA"),
    "TA ",
    "TAX",
    "ta",
]


@pytest.mark.parametrize("text", JWTS)
def test_52_a_token_that_was_not_issued_is_invalid(target: Target, text: str) -> None:
    answer = target.ask(text, "/Patient/A")
    if text.strip() != text:  # spaces around a header value are ignored
        assert answer.status_code == 200
        return
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_54_removing_a_user_invalidates_its_tokens_immediately(target: Target) -> None:
    """A revoked or expired token, or the token of a removed user, stops working immediately."""

    async def put(flow: Flow, *steps: Put) -> None:
        await flow.sandbox.runtime.store.transaction(steps)

    def saved_token(name: str, **changed: object) -> Put:
        token_record = structs.replace(TOKENS["TU"], **changed)
        return Put(records.make_token_record(records.digest(name), token_record, "general"))

    guest = User("guest", "general", "Practitioner/p", patients=("A",), seeded=False)
    target.desk.do(
        lambda flow: put(
            flow, saved_token("revoking"), saved_token("guesting", user="guest"), Put(records.make_user_record(guest))
        )
    )
    assert target.ask("revoking", "/Patient/A").status_code == 200
    assert target.ask("guesting", "/Patient/A").status_code == 200
    target.desk.do(lambda flow: put(flow, saved_token("revoking", revoked=True), saved_token("guesting", user="gone")))
    assert target.ask("revoking", "/Patient/A").status_code == 401
    assert target.ask("guesting", "/Patient/A").status_code == 401
    target.desk.do(lambda flow: put(flow, saved_token("revoking", expires_at=1)))
    assert target.ask("revoking", "/Patient/A").status_code == 401


def test_55_next_pages_show_nothing_of_patients_that_are_no_longer_visible(target: Target) -> None:
    async def panel(flow: Flow, *patients: str) -> None:
        papa = User("papa", "general", "Practitioner/p", patients=patients, seeded=False)
        await flow.sandbox.runtime.store.transaction([Put(records.make_user_record(papa))])

    path = following(target.ask("TU", "/Observation?_count=1"))
    assert path
    assert names(target.ask("TU", path)) < A
    try:
        for patients in (("B",), (), ("A", "B")):
            target.desk.do(lambda flow: panel(flow, *patients))  # noqa: B023
            answer = target.ask("TU", path)
            assert answer.status_code == (410 if patients else 200)
            assert not any(name in answer.text for name in A)
        target.desk.do(panel)
        assert target.ask("TU", "/Patient/A").status_code == 404
        assert target.find("TU", "/Observation") == set()
    finally:
        target.desk.do(lambda flow: panel(flow, "A"))
    assert target.ask("TU", path).status_code == 200


def test_56_an_empty_patient_list_gives_no_access(target: Target) -> None:
    """An empty list of patients must never read as no restriction."""

    async def put(flow: Flow) -> None:
        empty = User("empty", "general", "Practitioner/p", patients=(), seeded=False)
        token_record = structs.replace(TOKENS["TU"], user="empty")
        token = records.make_token_record(records.digest("emptied"), token_record, "general")
        await flow.sandbox.runtime.store.transaction([Put(records.make_user_record(empty)), Put(token)])

    target.desk.do(put)
    for path in ("/Observation", "/Patient?name=Alfa", "/Condition", "/Encounter"):
        assert target.find("emptied", path) == set()
    assert target.ask("emptied", "/Patient/A").status_code == 404


def test_72_the_public_page_of_a_404_is_the_same_for_hidden_and_absent_resources(target: Target) -> None:
    async def page(flow: Flow, id: str) -> str:
        headers = {"Accept": "application/json", "Origin": "http://evil.example"}
        return (await flow.http.get(f"/exchanges/{id}", headers=headers)).text

    pages, paths = [], ("/Patient/B", "/Patient/N")
    for path in paths:  # the first requests of an app get advice about its habits, once
        target.ask("TA", path)
    for path in paths:
        id = target.ask("TA", path).headers["x-correlation-id"]
        text = target.desk.do(lambda flow: page(flow, id))  # noqa: B023
        entry = json.loads(text)
        entry.pop("at")
        pages.append(json.dumps(entry).replace(id, ""))
    assert re.sub(r"\bB\b", "N", pages[0]) == pages[1]
