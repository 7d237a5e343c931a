"""Wrong parameter names, separators and stray characters are reported; correct ones are not."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

GOOD = case.load(case.list_paths()["prompt-unknown"]).corrected
RULES = {
    "parameter-name-wrong",
    "parameters-misjoined",
    "authorize-body-not-form",
    "value-has-stray-characters",
    "code-verifier-in-url",
    "prompt-unknown",
}


def reported_facts(old: str, new: str) -> dict[str, Any]:
    """Replaces `old` with `new` in the valid request. Returns the facts of these rules, by id."""
    assert GOOD
    assert old in GOOD["url"]
    findings = diagnose({**GOOD, "url": GOOD["url"].replace(old, new, 1)}).explanation.findings
    return {finding.id: finding.facts for finding in findings if finding.id in RULES}


def test_a_valid_request_has_no_findings() -> None:
    assert reported_facts("state=", "state=") == {}


@pytest.mark.parametrize("name", ["CLIENT_ID", "clientId", "client-id", "Client_Id", "client_id[]", "%20client_id"])
def test_a_name_is_recognised_by_its_letters(name: str) -> None:
    assert reported_facts("client_id=", f"{name}=")["parameter-name-wrong"]["expected"] == ["client_id"]


@pytest.mark.parametrize("name", ["redirectUri", "redirect_url", "redirectURL", "callback_url"])
def test_common_other_names_of_redirect_uri_are_recognised(name: str) -> None:
    assert reported_facts("redirect_uri=", f"{name}=")["parameter-name-wrong"]["expected"] == ["redirect_uri"]


@pytest.mark.parametrize("name", ["clientId", "foo", "ui_locales"])
def test_an_extra_or_unknown_parameter_is_ignored(name: str) -> None:
    assert reported_facts("client_id=", f"{name}=x&client_id=") == {}


@pytest.mark.parametrize("joint", [";", "?"])
def test_a_separator_other_than_an_ampersand_is_reported(joint: str) -> None:
    facts = reported_facts("&client_id=", f"{joint}client_id=")
    assert facts == {
        "parameters-misjoined": {"received": joint, "name": "response_type", "brings": ["response_type", "client_id"]}
    }


@pytest.mark.parametrize(("old", "new"), [("callback", "callback%3Fstate%3Dx"), ("Zk3v", "Zk3v%3Fscope%3Dx")])
def test_a_question_mark_in_a_url_or_a_state_is_not_a_separator(old: str, new: str) -> None:
    assert "parameters-misjoined" not in reported_facts(old, new)


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
    facts = reported_facts("aud=http", f"aud={new}")["value-has-stray-characters"]
    assert (facts["names"], facts["what"]) == (["aud"], what)
    assert facts["expected"] == ["http://localhost:7425/general/r4"]


@pytest.mark.parametrize("name", ["state", "scope", "client_id"])
def test_parameters_with_their_own_rule_for_spaces_are_not_reported_here(name: str) -> None:
    assert reported_facts(f"{name}=", f"{name}=%20") == {}


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
def test_a_body_that_is_not_a_form_is_reported_with_its_kind(body: str, kind: str | None) -> None:
    url = "http://localhost:7425/general/oauth/authorize"
    findings = diagnose({"kind": "authorize_url", "url": url, "method": "POST", "body": body}).explanation.findings
    assert [finding.facts["received"] for finding in findings if finding.id == "authorize-body-not-form"] == (
        [kind] if kind else []
    )


def test_a_known_prompt_next_to_an_unknown_one_is_kept() -> None:
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
def test_token_requests_are_checked_too(body: str, id: str) -> None:
    url, headers = "http://localhost:7425/general/oauth/token", {"Content-Type": "application/x-www-form-urlencoded"}
    evidence = {"kind": "token_request", "method": "POST", "url": url, "headers": headers, "body": body}
    diagnosis = diagnose(evidence)
    assert id in {finding.id for finding in diagnosis.explanation.findings}
    assert diagnosis.corrected
    assert {"grant_type=authorization_code", "code=x", "client_id=a"} <= set(diagnosis.corrected["body"].split("&"))


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
def test_each_difference_of_a_redirect_uri_has_its_own_rule(sent: str, id: str) -> None:
    assert GOOD
    diagnosis = diagnose({**GOOD, "url": GOOD["url"].replace("http%3A%2F%2Flocalhost%3A8100%2Fcallback", sent)})
    assert [finding.id for finding in diagnosis.explanation.findings if finding.id.startswith("redirect-uri")] == [id]
    assert diagnosis.corrected
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback&" in diagnosis.corrected["url"]
