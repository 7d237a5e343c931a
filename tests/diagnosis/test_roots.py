"""What brings other faults with it is said first, they say that they follow from it, and what was sent is kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sickbay.diagnosis import case
from sickbay.diagnosis.doctor import diagnose

GOOD: dict[str, Any] = case.load(case.paths()["state-missing"]).corrected or {}
STATE = "qR8vN2xT6kW0yB4mH9cJ3fL7dZ1sG5pA"


def broken(old: str, new: str, count: int = -1) -> dict[str, Any]:
    """With a state and scopes that are nobody's example: what is put in their place would show."""
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
def test_the_root_is_said_first_and_the_rest_follows_from_it(old: str, new: str, root: str) -> None:
    found = diagnose(broken(old, new))
    first, *rest = found.explanation.findings
    assert (first.id, first.refused, first.because) == (root, True, None)
    assert {one.because for one in rest if one.refused} == {root}


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
def test_what_was_sent_is_kept_where_its_place_alone_was_wrong(old: str, new: str) -> None:
    corrected = diagnose(broken(old, new)).corrected
    assert corrected
    right = parse_qs(urlsplit(broken("state", "state")["url"]).query)
    assert parse_qs(urlsplit(corrected["url"]).query) == right


def test_a_list_that_was_sent_as_several_parameters_is_one_again() -> None:
    for name in ("scope[]", "scope[0]", "scope"):
        url = broken("scope=launch%20openid%20", f"{name}=launch&{name.replace('0', '1')}=openid&{name.replace('0', '2')}=")
        corrected = diagnose(url).corrected
        assert corrected
        assert set(parse_qs(urlsplit(corrected["url"]).query)["scope"][0].split()) >= {"launch", "openid", "fhirUser"}


def test_a_value_that_may_pass_is_advice_and_follows_from_nothing() -> None:
    (one,) = (one for one in diagnose(broken(STATE, "undefined")).explanation.findings if one.id == "value-is-placeholder")
    assert (one.refused, one.because, one.facts["names"]) == (False, None, ["state"])


def test_what_follows_names_the_root_in_json_and_in_no_other_finding() -> None:
    told = [one.to_json() for one in diagnose(broken("client_id=", "CLIENT_ID=")).explanation.findings]
    assert {one["id"]: one.get("because") for one in told}["client-id-missing"] == "parameter-name-wrong"
    assert "because" not in told[0]
