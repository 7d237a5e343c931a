"""Tests of the app against Sickbay. Each test starts with a clean Sickbay."""

from __future__ import annotations

import httpx
import pytest
from joserfc.jwk import ECKey
from lab_report import SCOPE, LabReport, flag

KEY = ECKey.generate_key("P-384", {"kid": "report-1", "alg": "ES384", "use": "sig"})


@pytest.fixture
def report(sickbay):
    """The app, registered with its public key. Its tokens are valid for a minute."""
    keys = {"keys": [KEY.as_dict(private=False)]}
    app = sickbay.app(type="system", client="asymmetric", scope=SCOPE, jwks=keys, token_lifetime=60)
    return LabReport(sickbay.fhir(), app.client_id, KEY)


@pytest.fixture
def patient(sickbay):
    """The id of a patient who has a high result. Sickbay's patients are the same in each run, unless you change their seed."""
    token = sickbay.token(sickbay.app(type="system", client="symmetric", scope=SCOPE), SCOPE)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    query = {"category": "laboratory", "_count": "1000"}
    bundle = httpx.get(f"{sickbay.fhir()}/Observation", params=query, headers=headers, timeout=60).raise_for_status().json()
    results = [entry["resource"] for entry in bundle["entry"]]
    return next(result["subject"]["reference"].split("/")[1] for result in results if flag(result) == "H")


def test_abnormal_results_are_listed_with_their_flag(sickbay, report, patient):
    lines = report.abnormal(patient)
    assert any(line.endswith("(H)") for line in lines)
    assert not any(line.endswith("(N)") for line in lines)
    sickbay.assert_no_refusals()


def test_every_page_of_the_results_is_read(report, patient):
    large = [result["id"] for result in report.search("Observation", {"patient": patient, "_count": "1000"})]
    small = [result["id"] for result in report.search("Observation", {"patient": patient, "_count": "20"})]
    assert len(large) > 20
    assert small == large


def test_an_expired_token_is_replaced(sickbay, report, patient):
    report.abnormal(patient)
    first = report.access_token
    sickbay.clock.advance(61)
    report.abnormal(patient)
    assert report.access_token != first
    assert [refusal["stage"] for refusal in sickbay.refusals()] == ["access"]


def test_a_key_that_is_not_registered_gets_no_token(sickbay, report, patient):
    report.key = ECKey.generate_key("P-384", {"kid": "report-1", "alg": "ES384", "use": "sig"})
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        report.abnormal(patient)
    (refusal,) = sickbay.refusals()
    assert refusal["findings"][0]["id"] == "assertion-signature-invalid"
