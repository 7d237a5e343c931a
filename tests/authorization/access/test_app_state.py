"""App state: what may be stored, about whom, and who may change it (SMART 2.2, Persisting App State)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from msgspec import structs

from sickbay.authorization.access import app_state
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
    resource = {
        "resourceType": "Basic",
        "code": {"coding": [{"system": SYSTEM, "code": "display"}]},
        "subject": {"reference": f"{BASE}/Patient/p-1"},
        "extension": [{"url": f"{SYSTEM}/d", "valueString": "{}"}],
    } | more
    return {name: value for name, value in resource.items() if value is not None}


def about(reference: str) -> dict[str, Any]:
    return {"subject": {"reference": reference}}


def refusals(request: AccessRequest, context: AccessContext) -> tuple[Refusal, ...]:
    return examine(app_state.checks_for(request), request, context).refusals


def create(
    resource: Any, context: AccessContext = KNOWN, headers: Mapping[str, str] = MappingProxyType({})
) -> tuple[Refusal, ...]:
    text = json.dumps(resource)
    body = bodies.read("r4", "Basic", "new", text.encode(), BASE, "application/fhir+json")
    request = AccessRequest(
        "POST", BASE, "/Basic", headers={**HEADERS, **headers}, type="Basic", interaction="create", letters="c", body=text
    )
    return refusals(request, structs.replace(context, body=body))


def update(resource: Any, context: AccessContext = KNOWN, match: str | None = 'W/"3"') -> tuple[Refusal, ...]:
    text, headers = json.dumps(resource), HEADERS | ({"if-match": match} if match else {})
    body = bodies.read("r4", "Basic", "s-1", text.encode(), BASE, "application/fhir+json")
    request = AccessRequest(
        "PUT", BASE, "/Basic/s-1", headers=headers, type="Basic", id="s-1", interaction="update", letters="u", body=text
    )
    return refusals(request, structs.replace(context, body=body))


def delete(context: AccessContext = KNOWN, match: str | None = 'W/"3"') -> tuple[Refusal, ...]:
    headers = HEADERS | ({"if-match": match} if match else {})
    request = AccessRequest(
        "DELETE", BASE, "/Basic/s-1", headers=headers, type="Basic", id="s-1", interaction="delete", letters="d"
    )
    return refusals(request, context)


def search(query: str) -> tuple[Refusal, ...]:
    request = AccessRequest("GET", BASE, "/Basic", parse(query), HEADERS, "Basic", interaction="search-type", letters="s")
    return refusals(request, KNOWN)


def names(refused: tuple[Refusal, ...]) -> list[str]:
    return [refusal.name for refusal in refused]


def test_a_state_of_the_launched_patient_can_be_created_updated_searched_and_deleted() -> None:
    assert create(basic()) == ()
    assert update(basic(id="s-1")) == ()
    assert delete() == ()
    assert search(f"code={SYSTEM}|display&subject={BASE}/Patient/p-1") == ()
    assert search(f"code={SYSTEM}|display&subject:missing=true&_format=json") == ()
    assert search(f"code={SYSTEM}|display") == ()


def test_an_unsupported_interaction_checks_only_the_token() -> None:
    request = AccessRequest("GET", BASE, "/Basic/s-1", headers=HEADERS, type="Basic", id="s-1")
    assert refusals(request, KNOWN) == ()
    assert names(refusals(structs.replace(request, headers={}), structs.replace(KNOWN, token=UNKNOWN))) == [
        "fhir-token-missing"
    ]


def test_the_size_is_that_of_the_body_or_the_content_length() -> None:
    large = basic(extension=[{"url": "u", "valueString": "x" * app_state.LIMIT}])
    [refusal] = create(large)
    assert (refusal.name, refusal.status, refusal.error) == ("app-state-too-large", 413, "too-long")
    assert refusal.facts == {"received": len(json.dumps(large)), "expected": 262_144}
    assert names(create(basic(), headers={"content-length": "300000"})) == ["app-state-too-large"]
    assert create(basic(), headers={"content-length": "x"}) == ()
    assert create(basic(), headers={"content-length": "9" * 30}) == ()


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
def test_every_violation_of_the_profile_is_named(resource: dict[str, Any], places: list[str]) -> None:
    refused = [refusal for refusal in create(resource) if refusal.name == "app-state-not-in-profile"]
    assert [place for refusal in refused for place in refusal.facts["names"]] == places
    assert all((refusal.status, refusal.facts["count"]) == (422, len(places)) for refusal in refused)


def test_the_refusal_has_one_message_per_fault() -> None:
    resource = basic(id="mine", meta={"versionId": "1"}, code={"text": "x"}, extension=[{"url": "u"}], **about("Patient/p-1"))
    message = next(
        refusal for refusal in create(resource, headers={"if-none-exist": "code=x"}) if refusal.name.startswith("app-")
    ).facts["said"]
    assert message == (
        "Send it without an id: the server assigns one. "
        "Send it without meta.versionId: the server assigns versions. "
        "Conditional create isn't supported for app state: search for it first. "
        "It needs exactly one code.coding with a system and a code, so that the app can find it again. "
        "Its subject must be the absolute URL of a Patient, Practitioner, PractitionerRole, RelatedPerson or Person "
        f"below {BASE}. Its extensions may only have a valueString."
    )


def test_an_update_may_contain_the_version_it_changes() -> None:
    assert update(basic(id="s-1", meta={"versionId": "3"})) == ()


USER_TOKEN = structs.replace(TOKEN, scope="user/Basic.cuds", patient=None)


@pytest.mark.parametrize(
    ("token", "subject", "may"),
    [
        (TOKEN, "Patient/p-1", True),
        (TOKEN, "Patient/p-2", False),
        (TOKEN, None, False),
        (TOKEN, "Practitioner/pr-1", False),
        (USER_TOKEN, "Patient/p-1", True),
        (USER_TOKEN, "Patient/p-3", False),
        (USER_TOKEN, None, True),
        (USER_TOKEN, "Practitioner/pr-1", True),
        (USER_TOKEN, "Practitioner/pr-2", False),
        (structs.replace(TOKEN, scope="system/Basic.cuds", patient=None, user=None), "Patient/p-9", True),
        (structs.replace(TOKEN, scope="patient/*.cuds"), "Patient/p-1", True),
        (structs.replace(TOKEN, scope=f"patient/Basic.cuds?code={SYSTEM}|display"), "Patient/p-1", True),
        (structs.replace(TOKEN, scope="patient/Basic.cuds?code=display"), "Patient/p-1", True),
        (structs.replace(TOKEN, scope=f"patient/Basic.cuds?code={SYSTEM}|other"), "Patient/p-1", False),
        (structs.replace(TOKEN, scope="patient/Basic.cuds?code=https://other.example|display"), "Patient/p-1", False),
        (structs.replace(TOKEN, scope="patient/Basic.cuds?_tag=x"), "Patient/p-1", False),
    ],
)
def test_a_scope_covers_its_patient_its_user_or_everything(token: AccessToken, subject: str | None, may: bool) -> None:
    known = structs.replace(KNOWN, token=token, user=ANNA if token.user else None)
    resource = basic(subject={"reference": f"{BASE}/{subject}"} if subject else None)
    assert ("app-state-other-subject" not in names(create(resource, known))) is may


def test_a_scope_that_is_not_understood_covers_nothing() -> None:
    for scope in ("patient/Basic.cuds?code:in=x", "patient/Basic.rs patient/Observation.cuds"):
        assert not app_state.permits_app_state(structs.replace(TOKEN, scope=scope), ANNA, "u", STATE)
    assert not app_state.permits_app_state(USER_TOKEN, None, "u", STATE)
    assert not app_state.permits_app_state(structs.replace(TOKEN, patient=None), ANNA, "u", STATE)
    assert app_state.permits_app_state(USER_TOKEN, structs.replace(ANNA, patients="*"), "u", STATE)


def test_the_refusal_lists_the_subjects_that_the_token_covers() -> None:
    [refusal] = create(basic(subject=None))
    assert (refusal.name, refusal.status) == ("app-state-other-subject", 403)
    assert refusal.facts == {
        "received": "the app as a whole",
        "code": f"{SYSTEM}|display",
        "expected": "Patient/p-1 or Practitioner/pr-1",
        "held": ("patient/Basic.cuds",),
    }
    of_a_service = structs.replace(TOKEN, scope="system/Basic.c?code=x", patient=None, user=None)
    [refusal] = create(basic(), structs.replace(KNOWN, token=of_a_service, user=None))
    assert (refusal.facts["expected"], refusal.facts["received"]) == (
        "the patient or user of a token that has one",
        "Patient/p-1",
    )


def test_a_change_must_name_the_stored_version() -> None:
    assert names(update(basic(id="s-1"), match=None)) == ["fhir-if-match-missing"]
    assert names(delete(match=None)) == ["fhir-if-match-missing"]
    assert [(refusal.name, refusal.status) for refusal in delete(match='W/"2"')] == [("fhir-version-conflict", 412)]
    absent = structs.replace(KNOWN, state=None, current=UNKNOWN)
    for refused in (delete(absent), update(basic(id="s-1"), absent)):
        assert [(refusal.name, refusal.status, refusal.facts) for refusal in refused] == [
            ("app-state-not-there", 412, {"received": "Basic/s-1"})
        ]


def test_subject_and_code_cannot_be_changed() -> None:
    known = structs.replace(KNOWN, token=USER_TOKEN)
    [refusal] = update(basic(id="s-1", subject=None), known)
    assert (refusal.name, refusal.status) == ("app-state-moved", 412)
    assert refusal.facts == {
        "received": f"{SYSTEM}|display of the app as a whole",
        "expected": f"{SYSTEM}|display of Patient/p-1",
    }
    other = basic(id="s-1", code={"coding": [{"system": SYSTEM, "code": "other"}]})
    assert names(update(other, known)) == ["app-state-moved"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "code must be one code with its system, as system|code."),
        ("code=display", "code must be one code with its system, as system|code."),
        ("code=|display", "code must be one code with its system, as system|code."),
        (f"code={SYSTEM}|", "code must be one code with its system, as system|code."),
        (f"code={SYSTEM}|a&code={SYSTEM}|b", "code must be one code with its system, as system|code."),
        (f"code={SYSTEM}|a&subject=Patient/p-1", f"subject must be one absolute URL, such as {BASE}/Patient/x."),
        (
            f"code={SYSTEM}|a&subject={BASE}/Patient/p-1&subject={BASE}/Patient/p-2",
            f"subject must be one absolute URL, such as {BASE}/Patient/x.",
        ),
        (f"code={SYSTEM}|a&subject:missing=false", "subject:missing must be true and can't be combined with subject."),
        (
            f"code={SYSTEM}|a&subject:missing=true&subject={BASE}/Patient/p-1",
            "subject:missing must be true and can't be combined with subject.",
        ),
        (f"code={SYSTEM}|a&_count=5", "_count isn't supported here."),
    ],
)
def test_an_unclear_query_is_refused_with_a_message(query: str, message: str) -> None:
    [refusal] = search(query)
    assert (refusal.name, refusal.status) == ("app-state-query-unclear", 400)
    assert refusal.facts == {"received": query or "no parameter", "said": message}


@pytest.mark.parametrize(
    ("content_length", "received"),
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
def test_the_content_length_counts_as_the_size(content_length: str, received: int | None) -> None:
    refused = create(basic(), headers={"content-length": content_length})
    facts = {"received": received, "expected": app_state.LIMIT}
    assert refused == (() if received is None else (Refusal("app-state-too-large", "too-long", facts, 413),))


def test_a_conditional_create_is_refused_with_the_name_of_its_header() -> None:
    (refusal,) = create(basic(), headers={"if-none-exist": "code=x"})
    message = "Conditional create isn't supported for app state: search for it first."
    facts = {"count": 1, "names": ["If-None-Exist"], "said": message}
    assert refusal == Refusal("app-state-not-in-profile", "invalid", facts, 422)


def test_a_state_about_another_patient_is_forbidden() -> None:
    (refusal,) = create(basic(**about(f"{BASE}/Patient/p-2")))
    assert (refusal.name, refusal.error, refusal.status) == ("app-state-other-subject", "forbidden", 403)


@pytest.mark.parametrize("code", [None, {}, {"coding": []}, {"coding": [{}, {}]}, {"coding": ["x"]}, {"coding": "x"}, "x"])
def test_without_exactly_one_coding_the_code_is_empty(code: object) -> None:
    assert app_state.read_code({"code": code}) == ("", "")


def test_a_change_without_a_version_or_a_stored_state_fails_its_precondition() -> None:
    unnamed = Refusal("fhir-if-match-missing", "required", {"received": None}, 412)
    gone = Refusal("app-state-not-there", "conflict", {"received": "Basic/s-1"}, 412)
    for change in (lambda **more: update(basic(id="s-1"), **more), delete):
        assert unnamed in change(match=None)
        assert gone in change(context=structs.replace(KNOWN, state=None))


@pytest.mark.parametrize(
    ("subject", "received"),
    [
        (None, f"{SYSTEM}|display of the app as a whole"),
        ({"reference": f"{BASE}/Patient/p-2"}, f"{SYSTEM}|display of Patient/p-2"),
    ],
)
def test_the_refusal_of_a_moved_state_names_both_places(subject: object, received: str) -> None:
    moved = [refusal for refusal in update(basic(id="s-1", subject=subject)) if refusal.name == "app-state-moved"]
    facts = {"received": received, "expected": f"{SYSTEM}|display of Patient/p-1"}
    assert moved == [Refusal("app-state-moved", "conflict", facts, 412)]


def test_every_fault_of_a_query_gets_a_sentence() -> None:
    (refusal,) = (refusal for refusal in search("_sort=x&code=display") if refusal.name == "app-state-query-unclear")
    message = "_sort isn't supported here. code must be one code with its system, as system|code."
    assert refusal == Refusal("app-state-query-unclear", "invalid", {"received": "_sort=x&code=display", "said": message})


def test_the_code_of_a_query_follows_the_first_bar() -> None:
    assert not [refusal for refusal in search(f"code={SYSTEM}%7C%7C") if refusal.name == "app-state-query-unclear"]
    assert [refusal for refusal in search(f"code=%7C{SYSTEM}") if refusal.name == "app-state-query-unclear"]
