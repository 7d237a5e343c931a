"""The doctor never raises, and a request that it corrected is not refused again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

CONTEXT = case.load(case.list_paths()["state-missing"]).refused["context"]
GOOD = case.load(case.list_paths()["state-missing"]).corrected or {}
FAULTS = (
    ("state=", "stat="),
    ("aud=", "audience="),
    ("aud=", "nothing="),
    ("launch=k", "launch=x"),
    ("%20", "%2C"),
    ("%20", "%2520"),
    ("8100%2Fcallback", "8100%2Fcallback%2F"),
    ("localhost%3A8100", "127.0.0.1%3A8100"),
    ("http%3A%2F%2F", "http%253A%252F%252F"),
    ("Patient.rs", "Patient.sr"),
    ("Patient.rs", "patient.rs"),
    ("Patient.rs", "*.search"),
    ("launch%20", ""),
    ("&launch=", "&lunch="),
    ("=code&", "=token&"),
    ("S256", "plain"),
    ("code_challenge=", "challenge="),
    ("&", "&amp;"),
    ("&", "\n&"),
    ("client_id=5f", "client_id=%205f"),
    ("general%2Fr4", "general%2Fr4%2F"),
    ("general%2Fr4", "general"),
    ("patient%2FPatient.rs", "system%2FPatient.rs"),
    ("patient%2FPatient.rs", "patient%2FMedicationOrder.rs"),
    ("scope=", "scop="),
    ("redirect_uri=", "redirect="),
)
"""Replacements. Each breaks the valid request in one way."""


def spoilt(faults: list[tuple[str, str]]) -> dict[str, object]:
    url = str(GOOD["url"])
    for old, new in faults:
        url = url.replace(old, new)
    return {"kind": "authorize_url", "url": url, "context": CONTEXT}


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.sampled_from(FAULTS), max_size=6), st.booleans())
def test_a_corrected_request_is_accepted_in_the_same_context(faults: list[tuple[str, str]], offline: bool) -> None:
    evidence = spoilt(faults) | ({"context": {}} if offline else {})
    diagnosis = diagnose(evidence)
    if diagnosis.corrected is not None:
        assert not diagnose(diagnosis.corrected).examination.refusals


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "->".join(fault))
def test_a_single_fault_is_always_corrected(fault: tuple[str, str]) -> None:
    diagnosis = diagnose(spoilt([fault]))
    assert diagnosis.explanation.findings
    assert diagnosis.corrected is not None


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from(["authorize_url", "launch_url", "redirect_url", "error_page_url"]),
    st.one_of(st.text(max_size=120), st.builds(lambda text: str(GOOD["url"])[:200] + text, st.text(max_size=30))),
)
def test_no_url_makes_the_doctor_raise(kind: str, url: str) -> None:
    diagnose({"kind": kind, "url": url})
    diagnose({"kind": kind, "url": url, "context": CONTEXT})


TOKEN = case.load(case.list_paths()["token-scope-ignored"]).corrected or {}
FHIR = case.load(case.list_paths()["fhir-path-trailing-slash"]).corrected or {}
OF_TOKENS = (
    ("grant_type=authorization_code&", ""),
    ("authorization_code", "code"),
    ("grant_type", "grantType"),
    ("&", "&amp;"),
    ("code=Rw4ZtQ9mK2xV7cLp", "code=%22Rw4ZtQ9mK2xV7cLp%22"),
    ("code=Rw4ZtQ9mK2xV7cLp", "code=nobody"),
    ("&", ";"),
    ("&client_id=5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d", ""),
    ("client_id=5f0c", "client_id=%205f0c"),
    ("POST", "GET"),
    ("code_verifier", "verifier"),
    ("x-www-form-urlencoded", "json"),
    ("/token", "/token?x=1"),
    ("callback", "callback%2F"),
)
OF_FHIR = (
    ("Bearer ", "Bearer: "),
    ("Bearer ", ""),
    ("Bearer ", "Bearer bearer "),
    ("/Patient/", "/patient/"),
    ("p-0017", "p-0017/"),
    ("/r4/Patient", "/r4/r4/Patient"),
    ("p-0017", "undefined"),
    ("fhir+json", "pdf"),
    ("/general/r4/", "/"),
    ("/Patient/", "//Patient/"),
    ("p-0017", "Patient%2Fp-0017"),
)
UNKNOWN_CODE = ("q3ZtR9wK2mV7", "nobody-s")


@settings(max_examples=examples(200), deadline=None)
@given(
    st.sampled_from([(TOKEN, OF_TOKENS), (FHIR, (*OF_FHIR, UNKNOWN_CODE))]).flatmap(
        lambda of: st.tuples(st.just(of[0]), st.lists(st.sampled_from(of[1]), max_size=4))
    )
)
def test_corrected_token_and_fhir_requests_are_accepted(
    spoilt: tuple[dict[str, object], list[tuple[str, str]]],
) -> None:
    good, faults = spoilt
    text = json.dumps({name: value for name, value in good.items() if name != "context"})
    for old, new in faults:
        text = text.replace(old, new)
    diagnosis = diagnose(json.loads(text) | {"context": good["context"]})
    if diagnosis.corrected is not None:
        assert not diagnose(diagnosis.corrected).examination.refusals


@pytest.mark.parametrize("fault", OF_FHIR, ids=lambda fault: "->".join(fault))
def test_a_single_fault_of_a_fhir_request_is_always_reported(fault: tuple[str, str]) -> None:
    text = json.dumps({name: value for name, value in FHIR.items() if name != "context"}).replace(*fault)
    diagnosis = diagnose(json.loads(text) | {"context": FHIR["context"]})
    assert diagnosis.explanation.findings
    assert diagnosis.corrected is not None
