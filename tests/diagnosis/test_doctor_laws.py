"""The doctor never raises, and what it offers as corrected is not refused again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sickbay.diagnosis import case
from sickbay.diagnosis.doctor import diagnose

CONTEXT = case.load(case.paths()["state-missing"]).refused["context"]
GOOD = case.load(case.paths()["state-missing"]).corrected or {}
FAULTS = (
    ("state=", "stat="), ("aud=", "audience="), ("aud=", "nothing="), ("launch=k", "launch=x"), ("%20", "%2C"),
    ("%20", "%2520"), ("8100%2Fcallback", "8100%2Fcallback%2F"), ("localhost%3A8100", "127.0.0.1%3A8100"),
    ("http%3A%2F%2F", "http%253A%252F%252F"), ("Patient.rs", "Patient.sr"), ("Patient.rs", "patient.rs"),
    ("Patient.rs", "*.search"), ("launch%20", ""), ("&launch=", "&lunch="), ("=code&", "=token&"), ("S256", "plain"),
    ("code_challenge=", "challenge="), ("&", "&amp;"), ("&", "\n&"), ("client_id=5f", "client_id=%205f"),
    ("general%2Fr4", "general%2Fr4%2F"), ("general%2Fr4", "general"), ("patient%2FPatient.rs", "system%2FPatient.rs"),
    ("patient%2FPatient.rs", "patient%2FMedicationOrder.rs"), ("scope=", "scop="), ("redirect_uri=", "redirect="),
)  # fmt: skip
"""What to replace by what, to spoil the good request in one way each."""


def spoilt(faults: list[tuple[str, str]]) -> dict[str, object]:
    url = str(GOOD["url"])
    for old, new in faults:
        url = url.replace(old, new)
    return {"kind": "authorize_url", "url": url, "context": CONTEXT}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FAULTS), max_size=6), st.booleans())
def test_what_is_corrected_is_accepted_by_the_same_knowledge(faults: list[tuple[str, str]], offline: bool) -> None:
    given_ = spoilt(faults) | ({"context": {}} if offline else {})
    found = diagnose(given_)
    if found.corrected is not None:
        assert not diagnose(found.corrected).examination.refusals


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "->".join(fault))
def test_one_fault_is_always_corrected(fault: tuple[str, str]) -> None:
    found = diagnose(spoilt([fault]))
    assert found.explanation.findings
    assert found.corrected is not None


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["authorize_url", "launch_url", "redirect_url", "error_page_url"]),
    st.one_of(st.text(max_size=120), st.builds(lambda text: str(GOOD["url"])[:200] + text, st.text(max_size=30))),
)
def test_no_url_makes_the_doctor_raise(kind: str, url: str) -> None:
    diagnose({"kind": kind, "url": url})
    diagnose({"kind": kind, "url": url, "context": CONTEXT})
