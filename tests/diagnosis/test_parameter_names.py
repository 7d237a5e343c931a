"""How parameters are written: what is told of odd names, joints and characters, and what is left in peace."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.diagnosis import case
from sickbay.diagnosis.doctor import diagnose

GOOD = case.load(case.paths()["prompt-unknown"]).corrected
RULES = {
    "parameter-name-wrong",
    "parameters-misjoined",
    "authorize-body-not-form",
    "value-has-stray-characters",
    "code-verifier-in-url",
    "prompt-unknown",
}


def told(old: str, new: str) -> dict[str, Any]:
    """Facts by id, of these rules alone, of the good request with `new` for `old`."""
    assert GOOD
    assert old in GOOD["url"]
    found = diagnose({**GOOD, "url": GOOD["url"].replace(old, new, 1)}).explanation.findings
    return {one.id: one.facts for one in found if one.id in RULES}


def test_of_a_good_request_nothing_is_told() -> None:
    assert told("state=", "state=") == {}


@pytest.mark.parametrize("name", ["CLIENT_ID", "clientId", "client-id", "Client_Id", "client_id[]", "%20client_id"])
def test_a_name_is_known_by_its_letters(name: str) -> None:
    assert told("client_id=", f"{name}=")["parameter-name-wrong"]["expected"] == ["client_id"]


@pytest.mark.parametrize("name", ["redirectUri", "redirect_url", "redirectURL", "callback_url"])
def test_the_redirect_address_is_known_by_what_others_call_it(name: str) -> None:
    assert told("redirect_uri=", f"{name}=")["parameter-name-wrong"]["expected"] == ["redirect_uri"]


@pytest.mark.parametrize("name", ["clientId", "foo", "ui_locales"])
def test_what_is_sent_beside_the_right_name_or_resembles_none_is_overlooked(name: str) -> None:
    assert told("client_id=", f"{name}=x&client_id=") == {}


@pytest.mark.parametrize("joint", [";", "?"])
def test_another_joint_than_an_ampersand_is_told(joint: str) -> None:
    found = told("&client_id=", f"{joint}client_id=")
    assert found == {
        "parameters-misjoined": {"received": joint, "name": "response_type", "brings": ["response_type", "client_id"]}
    }


@pytest.mark.parametrize(("old", "new"), [("callback", "callback%3Fstate%3Dx"), ("Zk3v", "Zk3v%3Fscope%3Dx")])
def test_a_question_mark_in_an_address_or_a_state_joins_nothing(old: str, new: str) -> None:
    assert "parameters-misjoined" not in told(old, new)


@pytest.mark.parametrize(
    ("new", "what"),
    [
        ("%20http", "a space"),
        ("%22http", "a quotation mark"),
        ("%C2%A0http", "a non-breaking space"),
        ("%E2%80%8Bhttp", "the invisible character U+200B"),
        ("h%00ttp", "the invisible character U+0000"),
    ],
)
def test_stray_characters_around_a_value_are_named(new: str, what: str) -> None:
    facts = told("aud=http", f"aud={new}")["value-has-stray-characters"]
    assert (facts["names"], facts["what"]) == (["aud"], what)
    assert facts["expected"] == ["http://localhost:7425/general/r4"]


@pytest.mark.parametrize("name", ["state", "scope", "client_id"])
def test_where_another_rule_speaks_or_nothing_is_wrong_with_it_this_one_is_silent(name: str) -> None:
    assert told(f"{name}=", f"{name}=%20") == {}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"client_id": "x"}', "JSON"),
        ("{", "JSON"),
        ("--x\r\n", "a multipart form"),
        ("a=b", None),
        ("[]", None),
    ],
)
def test_a_body_that_is_no_form_is_told_by_its_kind(body: str, kind: str | None) -> None:
    url = "http://localhost:7425/general/oauth/authorize"
    found = diagnose({"kind": "authorize_url", "url": url, "method": "POST", "body": body}).explanation.findings
    assert [one.facts["received"] for one in found if one.id == "authorize-body-not-form"] == ([kind] if kind else [])


def test_a_prompt_that_is_known_beside_one_that_is_not_stays() -> None:
    assert GOOD
    corrected = diagnose({**GOOD, "url": GOOD["url"] + "&prompt=login%20create"}).corrected
    assert corrected
    assert corrected["url"].endswith("&prompt=login")


@pytest.mark.parametrize(
    ("body", "id"),
    [
        ("grantType=authorization_code&code=x&client_id=a", "parameter-name-wrong"),
        ("grant_type=authorization_code&amp;code=x&amp;client_id=a", "parameter-name-wrong"),
        ("grant_type=authorization_code;code=x;client_id=a", "parameters-misjoined"),
    ],
)
def test_a_token_request_is_told_so_too(body: str, id: str) -> None:
    url, headers = "http://localhost:7425/general/oauth/token", {"Content-Type": "application/x-www-form-urlencoded"}
    given = {"kind": "token_request", "method": "POST", "url": url, "headers": headers, "body": body}
    found = diagnose(given)
    assert id in {one.id for one in found.explanation.findings}
    assert found.corrected
    assert {"grant_type=authorization_code", "code=x", "client_id=a"} <= set(found.corrected["body"].split("&"))


@pytest.mark.parametrize(
    ("sent", "id"),
    [
        ("%20http://localhost:8100/callback", "redirect-uri-mismatch"),
        ('"http://localhost:8100/callback"', "redirect-uri-mismatch"),
        ("http://localhost:8100/callback?", "redirect-uri-extra-query"),
        ("http://LOCALHOST:8100/callback", "redirect-uri-case-mismatch"),
        ("http://[::1]:8100/callback", "redirect-uri-loopback-alias"),
        ("http://x@localhost:8100/callback", "redirect-uri-mismatch"),
        ("undefined", "redirect-uri-not-absolute"),
    ],
)
def test_what_a_redirect_address_differs_by_is_said_by_its_own_rule(sent: str, id: str) -> None:
    assert GOOD
    found = diagnose({**GOOD, "url": GOOD["url"].replace("http%3A%2F%2Flocalhost%3A8100%2Fcallback", sent)})
    assert [one.id for one in found.explanation.findings if one.id.startswith("redirect-uri")] == [id]
    assert found.corrected
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback&" in found.corrected["url"]
