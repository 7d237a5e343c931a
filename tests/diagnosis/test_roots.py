"""A problem that causes others is listed first, the others refer to it, and correcting it keeps the values that were sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

GOOD: dict[str, Any] = case.load(case.list_paths()["state-missing"]).corrected or {}
STATE = "qR8vN2xT6kW0yB4mH9cJ3fL7dZ1sG5pA"


def fail(old: str, new: str, count: int = -1) -> dict[str, Any]:
    """The request with an unusual state, so that a replacement by an example value would be noticed."""
    url = GOOD["url"].replace(parse_qs(urlsplit(GOOD["url"]).query)["state"][0], STATE)
    assert old in url
    return {**GOOD, "url": url.replace(old, new, count)}


@pytest.mark.parametrize(
    ("old", "new", "root"),
    [
        ("&", ";", "parameters-misjoined"),
        ("client_id=", "CLIENT_ID=", "parameter-name-wrong"),
        ("client_id=", "client_id:", "parameter-name-wrong"),
        ("client_id=", "client_id%3D", "parameter-name-wrong"),
        ("S256", "S256%20", "value-has-stray-characters"),
        ("authorize?", "authorize#", "parameters-in-fragment"),
        ("aud=http%3A%2F%2Flocalhost%3A7425", "aud=undefined", "value-is-placeholder"),
        ("launch=kX7mQ2vTn9RbW4cJ8sLzHd", "launch=null", "value-is-placeholder"),
    ],
)
def test_the_cause_is_listed_first_and_the_other_refusals_refer_to_it(old: str, new: str, root: str) -> None:
    diagnosis = diagnose(fail(old, new))
    first, *rest = diagnosis.explanation.findings
    assert (first.id, first.refused, first.because) == (root, True, None)
    assert {finding.because for finding in rest if finding.refused} == {root}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("&", ";"),
        ("client_id=", "CLIENT_ID="),
        ("authorize?", "authorize#"),
        ("state=", "State="),
        ("=", "%20=%20"),
        ("aud=http%3A%2F%2Flocalhost%3A7425", "aud=undefined"),
    ],
)
def test_a_value_is_kept_if_only_its_name_or_place_was_wrong(old: str, new: str) -> None:
    corrected = diagnose(fail(old, new)).corrected
    assert corrected
    right = parse_qs(urlsplit(fail("state", "state")["url"]).query)
    assert parse_qs(urlsplit(corrected["url"]).query) == right


def test_a_list_that_was_sent_as_several_parameters_is_joined() -> None:
    for name in ("scope[]", "scope[0]", "scope"):
        url = fail("scope=launch%20openid%20", f"{name}=launch&{name.replace('0', '1')}=openid&{name.replace('0', '2')}=")
        corrected = diagnose(url).corrected
        assert corrected
        assert set(parse_qs(urlsplit(corrected["url"]).query)["scope"][0].split()) >= {"launch", "openid", "fhirUser"}


def test_a_placeholder_that_is_accepted_is_advice_without_a_cause() -> None:
    (finding,) = (
        finding for finding in diagnose(fail(STATE, "undefined")).explanation.findings if finding.id == "value-is-placeholder"
    )
    assert (finding.refused, finding.because, finding.facts["names"]) == (False, None, ["state"])


def test_only_a_caused_finding_names_its_cause_in_json() -> None:
    findings = [finding.to_json() for finding in diagnose(fail("client_id=", "CLIENT_ID=")).explanation.findings]
    assert {finding["id"]: finding.get("because") for finding in findings}["client-id-missing"] == "parameter-name-wrong"
    assert "because" not in findings[0]
