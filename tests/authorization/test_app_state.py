"""What an app keeps of its own: what may be kept, about whom, and by whom it is changed (SMART 2.2, Persisting App State)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sickbay.authorization import app_state
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, AppState, Client, Server, User
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.kernel.checks import UNKNOWN, Refusal, examine
from sickbay.protocol.parameters import parse

NOW = 1_764_000_000
ISSUER = "http://localhost:7425/general"
BASE = f"{ISSUER}/r4"
SYSTEM = "https://growth.example.org"
ANNA = User("anna", "general", "Practitioner/pr-1", patients=("p-1", "p-2"))
TOKEN = AccessToken("app", "patient/Basic.cuds", BASE, NOW + 100, "f", user="anna", patient="p-1", issuer=ISSUER)
STATE = AppState(SYSTEM, "display", "Patient/p-1", "{}")
KNOWN = AccessContext(
    now=NOW,
    server=Server(issuer=ISSUER, fhir_bases=(BASE,)),
    client=Client("app"),
    token=TOKEN,
    user=ANNA,
    version="r4",
    state=STATE,
    current=3,
)
HEADERS = {"authorization": "Bearer t", "content-type": "application/fhir+json"}


def basic(**more: Any) -> dict[str, Any]:
    given = {
        "resourceType": "Basic",
        "code": {"coding": [{"system": SYSTEM, "code": "display"}]},
        "subject": {"reference": f"{BASE}/Patient/p-1"},
        "extension": [{"url": f"{SYSTEM}/d", "valueString": "{}"}],
    } | more
    return {name: value for name, value in given.items() if value is not None}


def about(reference: str) -> dict[str, Any]:
    return {"subject": {"reference": reference}}


def refusals(request: AccessRequest, known: AccessContext) -> tuple[Refusal, ...]:
    return examine(app_state.checks(request), request, known).refusals


def created(resource: Any, known: AccessContext = KNOWN, **headers: str) -> tuple[Refusal, ...]:
    text = json.dumps(resource)
    body = bodies.read("r4", "Basic", "new", text.encode(), BASE, "application/fhir+json")
    request = AccessRequest(
        "POST", BASE, "/Basic", headers=HEADERS | headers, type="Basic", interaction="create", letters="c", body=text
    )
    return refusals(request, replace(known, body=body))


def updated(resource: Any, known: AccessContext = KNOWN, match: str | None = 'W/"3"') -> tuple[Refusal, ...]:
    text, headers = json.dumps(resource), HEADERS | ({"if-match": match} if match else {})
    body = bodies.read("r4", "Basic", "s-1", text.encode(), BASE, "application/fhir+json")
    request = AccessRequest(
        "PUT", BASE, "/Basic/s-1", headers=headers, type="Basic", id="s-1", interaction="update", letters="u", body=text
    )
    return refusals(request, replace(known, body=body))


def deleted(known: AccessContext = KNOWN, match: str | None = 'W/"3"') -> tuple[Refusal, ...]:
    headers = HEADERS | ({"if-match": match} if match else {})
    request = AccessRequest(
        "DELETE", BASE, "/Basic/s-1", headers=headers, type="Basic", id="s-1", interaction="delete", letters="d"
    )
    return refusals(request, known)


def searched(query: str) -> tuple[Refusal, ...]:
    request = AccessRequest("GET", BASE, "/Basic", parse(query), HEADERS, "Basic", interaction="search-type", letters="s")
    return refusals(request, KNOWN)


def names(found: tuple[Refusal, ...]) -> list[str]:
    return [one.name for one in found]


def test_a_state_of_the_patient_at_hand_is_kept_changed_found_and_deleted() -> None:
    assert created(basic()) == ()
    assert updated(basic(id="s-1")) == ()
    assert deleted() == ()
    assert searched(f"code={SYSTEM}|display&subject={BASE}/Patient/p-1") == ()
    assert searched(f"code={SYSTEM}|display&subject:missing=true&_format=json") == ()
    assert searched(f"code={SYSTEM}|display") == ()


def test_what_there_is_not_is_asked_of_the_token_alone() -> None:
    request = AccessRequest("GET", BASE, "/Basic/s-1", headers=HEADERS, type="Basic", id="s-1")
    assert refusals(request, KNOWN) == ()
    assert names(refusals(replace(request, headers={}), replace(KNOWN, token=UNKNOWN))) == ["fhir-token-missing"]


def test_the_size_is_what_was_sent_or_what_was_said_of_it() -> None:
    large = basic(extension=[{"url": "u", "valueString": "x" * app_state.LIMIT}])
    [refusal] = created(large)
    assert (refusal.name, refusal.status, refusal.error) == ("app-state-too-large", 413, "too-long")
    assert refusal.facts == {"received": len(json.dumps(large)), "expected": 262_144}
    assert names(created(basic(), **{"content-length": "300000"})) == ["app-state-too-large"]
    assert created(basic(), **{"content-length": "x"}) == ()
    assert created(basic(), **{"content-length": "9" * 30}) == ()


EXTENSION = {"url": "u", "valueString": "x"}


@pytest.mark.parametrize(
    ("resource", "places"),
    [
        (basic(id="mine"), ["Basic.id"]),
        (basic(meta={"versionId": "1"}), ["Basic.meta.versionId"]),
        (basic(meta={"source": "urn:x"}), []),
        (basic(code={"coding": []} | {"text": "x"}), ["Basic.code.coding"]),
        (basic(code={"text": "x"}), ["Basic.code.coding"]),
        (basic(code={"coding": [{"code": "a"}]}), ["Basic.code.coding"]),
        (basic(code={"coding": [{"system": SYSTEM}]}), ["Basic.code.coding"]),
        (basic(code={"coding": ["a"]}), ["Basic.code.coding"]),
        (basic(code="a"), ["Basic.code.coding"]),
        (basic(code={"coding": [{"system": SYSTEM, "code": "a"}] * 2}), ["Basic.code.coding"]),
        (basic(**about("Patient/p-1")), ["Basic.subject.reference"]),
        (basic(**about(f"{BASE}/Observation/o-1")), ["Basic.subject.reference"]),
        (basic(**about(f"{BASE}/Patient/p-1/_history/1")), ["Basic.subject.reference"]),
        (basic(**about(f"{BASE}/Patient/")), ["Basic.subject.reference"]),
        (basic(**about("https://elsewhere.example.org/Patient/p-1")), ["Basic.subject.reference"]),
        (basic(subject={"display": "Anna"}), ["Basic.subject.reference"]),
        (basic(subject="Patient/p-1"), ["Basic.subject.reference"]),
        (basic(extension=None), []),
        (basic(extension=[{"url": "u", "valueInteger": 1}]), ["Basic.extension"]),
        (basic(extension=[EXTENSION | {"extension": [EXTENSION]}]), ["Basic.extension"]),
        (basic(extension=["x"]), ["Basic.extension"]),
        (basic(extension=[{"id": "a"} | EXTENSION]), []),
    ],
)
def test_the_profile_is_kept_to_and_every_fault_named(resource: dict[str, Any], places: list[str]) -> None:
    told = [one for one in created(resource) if one.name == "app-state-not-in-profile"]
    assert [place for one in told for place in one.facts["names"]] == places
    assert all((one.status, one.facts["count"]) == (422, len(places)) for one in told)


def test_the_words_of_each_fault_stand_in_the_refusal() -> None:
    resource = basic(id="mine", meta={"versionId": "1"}, code={"text": "x"}, extension=[{"url": "u"}], **about("Patient/p-1"))
    said = next(one for one in created(resource, **{"if-none-exist": "code=x"}) if one.name.startswith("app-")).facts["said"]
    assert said == (
        "It must come without an id: the server gives it one. "
        "It must come without meta.versionId: the server counts versions. "
        "A state is created without a condition: search for it first. "
        "It needs exactly one code.coding, with a system and a code: by them the app finds it again. "
        "Its subject must be the absolute address of a Patient, Practitioner, PractitionerRole, RelatedPerson or Person "
        f"below {BASE}. An extension of it may hold a valueString and nothing else."
    )


def test_an_update_may_say_the_version_it_changes() -> None:
    assert updated(basic(id="s-1", meta={"versionId": "3"})) == ()


HERS = replace(TOKEN, scope="user/Basic.cuds", patient=None)


@pytest.mark.parametrize(
    ("token", "subject", "may"),
    [
        (TOKEN, "Patient/p-1", True),
        (TOKEN, "Patient/p-2", False),
        (TOKEN, None, False),
        (TOKEN, "Practitioner/pr-1", False),
        (HERS, "Patient/p-1", True),
        (HERS, "Patient/p-3", False),
        (HERS, None, True),
        (HERS, "Practitioner/pr-1", True),
        (HERS, "Practitioner/pr-2", False),
        (replace(TOKEN, scope="system/Basic.cuds", patient=None, user=None), "Patient/p-9", True),
        (replace(TOKEN, scope="patient/*.cuds"), "Patient/p-1", True),
        (replace(TOKEN, scope=f"patient/Basic.cuds?code={SYSTEM}|display"), "Patient/p-1", True),
        (replace(TOKEN, scope="patient/Basic.cuds?code=display"), "Patient/p-1", True),
        (replace(TOKEN, scope=f"patient/Basic.cuds?code={SYSTEM}|other"), "Patient/p-1", False),
        (replace(TOKEN, scope="patient/Basic.cuds?code=https://other.example|display"), "Patient/p-1", False),
        (replace(TOKEN, scope="patient/Basic.cuds?category=x"), "Patient/p-1", False),
    ],
)
def test_a_scope_reaches_its_patient_its_person_or_everything(token: AccessToken, subject: str | None, may: bool) -> None:
    known = replace(KNOWN, token=token, user=ANNA if token.user else None)
    resource = basic(subject={"reference": f"{BASE}/{subject}"} if subject else None)
    assert ("app-state-other-subject" not in names(created(resource, known))) is may


def test_a_scope_that_is_not_understood_reaches_nothing() -> None:
    for scope in ("patient/Basic.cuds?code:in=x", "patient/Basic.rs patient/Observation.cuds"):
        assert not app_state.covers(replace(TOKEN, scope=scope), ANNA, "u", STATE)
    assert not app_state.covers(HERS, None, "u", STATE)
    assert not app_state.covers(replace(TOKEN, patient=None), ANNA, "u", STATE)
    assert app_state.covers(HERS, replace(ANNA, patients="*"), "u", STATE)


def test_who_is_refused_is_told_whom_the_token_reaches() -> None:
    [refusal] = created(basic(subject=None))
    assert (refusal.name, refusal.status) == ("app-state-other-subject", 403)
    assert refusal.facts == {
        "received": "the app as a whole",
        "code": f"{SYSTEM}|display",
        "expected": "Patient/p-1 or Practitioner/pr-1",
        "held": ("patient/Basic.cuds",),
    }
    nobody = replace(TOKEN, scope="system/Basic.c?code=x", patient=None, user=None)
    [refusal] = created(basic(), replace(KNOWN, token=nobody, user=None))
    assert (refusal.facts["expected"], refusal.facts["received"]) == ("nobody", "Patient/p-1")


def test_a_change_names_the_version_and_that_is_the_one_there() -> None:
    assert names(updated(basic(id="s-1"), match=None)) == ["fhir-if-match-missing"]
    assert names(deleted(match=None)) == ["fhir-if-match-missing"]
    assert [(one.name, one.status) for one in deleted(match='W/"2"')] == [("fhir-version-conflict", 412)]
    absent = replace(KNOWN, state=None, current=UNKNOWN)
    for found in (deleted(absent), updated(basic(id="s-1"), absent)):
        assert [(one.name, one.status, one.facts) for one in found] == [("app-state-not-there", 412, {"received": "Basic/s-1"})]


def test_subject_and_code_stay_as_they_are() -> None:
    known = replace(KNOWN, token=HERS)
    [refusal] = updated(basic(id="s-1", subject=None), known)
    assert (refusal.name, refusal.status) == ("app-state-moved", 412)
    assert refusal.facts == {
        "received": f"{SYSTEM}|display of the app as a whole",
        "expected": f"{SYSTEM}|display of Patient/p-1",
    }
    other = basic(id="s-1", code={"coding": [{"system": SYSTEM, "code": "other"}]})
    assert names(updated(other, known)) == ["app-state-moved"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "code must name one code with its system, as system|code."),
        ("code=display", "code must name one code with its system, as system|code."),
        ("code=|display", "code must name one code with its system, as system|code."),
        (f"code={SYSTEM}|", "code must name one code with its system, as system|code."),
        (f"code={SYSTEM}|a&code={SYSTEM}|b", "code must name one code with its system, as system|code."),
        (f"code={SYSTEM}|a&subject=Patient/p-1", f"subject must be one absolute address, as {BASE}/Patient/x."),
        (
            f"code={SYSTEM}|a&subject={BASE}/Patient/p-1&subject={BASE}/Patient/p-2",
            f"subject must be one absolute address, as {BASE}/Patient/x.",
        ),
        (f"code={SYSTEM}|a&subject:missing=false", "subject:missing may be true, in place of a subject."),
        (
            f"code={SYSTEM}|a&subject:missing=true&subject={BASE}/Patient/p-1",
            "subject:missing may be true, in place of a subject.",
        ),
        (f"code={SYSTEM}|a&_count=5", "_count is not answered here."),
    ],
)
def test_a_query_says_exactly_what_it_wants(query: str, said: str) -> None:
    [refusal] = searched(query)
    assert (refusal.name, refusal.status) == ("app-state-query-unclear", 400)
    assert refusal.facts == {"received": query or "no parameter", "said": said}


@pytest.mark.parametrize(
    ("told", "received"),
    [
        (str(app_state.LIMIT), None),
        (str(app_state.LIMIT + 1), app_state.LIMIT + 1),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("many", None),
        ("", None),
        ("-1", None),
    ],
)
def test_a_state_is_as_large_as_it_is_told_to_be(told: str, received: int | None) -> None:
    found = created(basic(), **{"content-length": told})
    facts = {"received": received, "expected": app_state.LIMIT}
    assert found == (() if received is None else (Refusal("app-state-too-large", "too-long", facts, 413),))


def test_a_condition_on_a_creation_is_told_by_the_name_of_its_header() -> None:
    (refusal,) = created(basic(), **{"if-none-exist": "code=x"})
    told = "A state is created without a condition: search for it first."
    facts = {"count": 1, "names": ["If-None-Exist"], "said": told}
    assert refusal == Refusal("app-state-not-in-profile", "invalid", facts, 422)


def test_a_state_about_somebody_else_is_forbidden() -> None:
    (refusal,) = created(basic(**about(f"{BASE}/Patient/p-2")))
    assert (refusal.name, refusal.error, refusal.status) == ("app-state-other-subject", "forbidden", 403)


@pytest.mark.parametrize("code", [None, {}, {"coding": []}, {"coding": [{}, {}]}, {"coding": ["x"]}, {"coding": "x"}, "x"])
def test_without_exactly_one_coding_there_is_no_code(code: object) -> None:
    assert app_state.coded({"code": code}) == ("", "")


def test_a_change_that_names_no_version_or_nothing_that_is_there_is_refused_as_a_precondition() -> None:
    unnamed = Refusal("fhir-if-match-missing", "required", {"received": None}, 412)
    gone = Refusal("app-state-not-there", "conflict", {"received": "Basic/s-1"}, 412)
    for change in (lambda **more: updated(basic(id="s-1"), **more), deleted):
        assert unnamed in change(match=None)
        assert gone in change(known=replace(KNOWN, state=None))


@pytest.mark.parametrize(
    ("subject", "received"),
    [
        (None, f"{SYSTEM}|display of the app as a whole"),
        ({"reference": f"{BASE}/Patient/p-2"}, f"{SYSTEM}|display of Patient/p-2"),
    ],
)
def test_a_state_that_would_move_is_told_from_where_to_where(subject: object, received: str) -> None:
    moved = [one for one in updated(basic(id="s-1", subject=subject)) if one.name == "app-state-moved"]
    facts = {"received": received, "expected": f"{SYSTEM}|display of Patient/p-1"}
    assert moved == [Refusal("app-state-moved", "conflict", facts, 412)]


def test_all_that_is_wrong_with_a_query_is_said_in_sentences() -> None:
    (refusal,) = (one for one in searched("_sort=x&code=display") if one.name == "app-state-query-unclear")
    said = "_sort is not answered here. code must name one code with its system, as system|code."
    assert refusal == Refusal("app-state-query-unclear", "invalid", {"received": "_sort=x&code=display", "said": said})


def test_the_code_of_a_query_is_what_follows_the_first_bar() -> None:
    assert not [one for one in searched(f"code={SYSTEM}%7C%7C") if one.name == "app-state-query-unclear"]
    assert [one for one in searched(f"code=%7C{SYSTEM}") if one.name == "app-state-query-unclear"]
