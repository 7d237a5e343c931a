"""What every authorization request must contain, once, and what it must not contain."""

from __future__ import annotations

import pytest
from tests.authorization.samples import examination, refusals, sample_context, sample_request

from sickbay.authorization.requests import authorize_request
from sickbay.kernel.checks import Refusal


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"response_type": None}, "response-type-missing"),
        ({"response_type": "token"}, "response-type-invalid"),
        ({"response_type": "code id_token"}, "response-type-invalid"),
        ({"response_mode": "form_post"}, "response-mode-unsupported"),
        ({"state": None}, "state-missing"),
        ({"state": ""}, "state-missing"),
        ({"client_id": None}, "client-id-missing"),
        ({"client_secret": "x"}, "client-secret-in-url"),
        ({"request": "a.b.c"}, "request-object-unsupported"),
        ({"registration": "{}"}, "request-object-unsupported"),
        *(({"max_age": age}, "max-age-invalid") for age in ("-1", "60s", "x", "1.5", "1e3", "+1", " 1", "\u0663")),
        ({"prompt": "none"}, "prompt-none-without-session"),
        ({"prompt": "none login"}, "prompt-none-with-others"),
        ({"prompt": "consent none"}, "prompt-none-with-others"),
        ({"code_challenge": None}, "pkce-method-without-challenge"),
        ({"code_challenge_method": None}, "pkce-method-missing"),
        ({"code_challenge_method": "plain"}, "pkce-plain"),
        ({"code_challenge_method": "s256"}, "pkce-method-invalid"),
        ({"code_challenge": "short"}, "pkce-challenge-malformed"),
    ],
)
def test_each_fault_has_its_own_refusal(changes: dict[str, str | None], name: str) -> None:
    assert refusals(sample_request(**changes))[0] == name


@pytest.mark.parametrize(
    "changes",
    [
        {"max_age": "0"},
        {"max_age": ""},
        {"max_age": "9" * 5000},
        {"response_mode": "query"},
        {"prompt": "login"},
        {"unheard_of": "1"},
        {"nonce": "n"},
    ],
)
def test_harmless_parameters_are_accepted(changes: dict[str, str]) -> None:
    assert examination(sample_request(**changes)).granted


def test_a_silent_request_needs_a_known_session() -> None:
    silent = sample_request(prompt="none")
    for request in (silent, sample_request(prompt="none none")):
        assert examination(request, sample_context(session_user="amelia.wright")).granted
    assert refusals(silent, sample_context(session_user=None)) == ["prompt-none-without-session"]
    assert refusals(sample_request(prompt="none", id_token_hint="a.b.c"), sample_context(session_user=None)) == []


def test_only_repeated_oauth_parameters_are_refused() -> None:
    assert refusals(authorize_request(sample_request().raw + "&state=again")) == ["duplicate-parameter"]
    assert not refusals(authorize_request(sample_request().raw + "&foo=1&foo=2"))


def test_prompt_none_cannot_be_combined_with_other_prompts() -> None:
    (refusal,) = examination(sample_request(prompt="login  none"), sample_context(session_user="amelia.wright")).refusals
    facts = {"received": "login none", "expected": "none"}
    assert refusal == Refusal("prompt-none-with-others", "invalid_request", facts)


@pytest.mark.parametrize("name", ["request", "request_uri", "registration"])
def test_each_request_object_parameter_has_its_own_error(name: str) -> None:
    (refusal,) = examination(sample_request(**{name: "x"})).refusals
    facts = {"received": name, "name": name, "expected": "plain parameters"}
    assert refusal == Refusal("request-object-unsupported", f"{name}_not_supported", facts)


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_a_request_object_is_the_cause_if_the_parameters_are_only_in_it(name: str) -> None:
    """RFC 9101 5 requires only `client_id` next to the request object; the other parameters are in it."""
    only_object = sample_request(**{name: "x", "redirect_uri": None, "response_type": None, "state": None, "scope": None})
    first, second, *_ = examination(only_object).refusals
    assert (first.name, first.error) == ("request-object-unsupported", f"{name}_not_supported")
    assert second.name == "redirect-uri-missing"


def test_error_codes_are_those_of_the_specifications() -> None:
    errors = {
        refusal.name: refusal.error
        for refusal in examination(sample_request(response_type="token", request_uri="https://a", prompt="none")).refusals
    }
    assert errors == {
        "response-type-invalid": "unsupported_response_type",
        "request-object-unsupported": "request_uri_not_supported",
        "prompt-none-without-session": "login_required",
    }


@pytest.mark.parametrize(
    ("response_type", "names"),
    [
        ("token", ["response-type-invalid"]),
        (None, ["response-type-missing", "pkce-missing"]),
        ("code", ["pkce-missing"]),
        ("code id_token", ["response-type-invalid", "pkce-missing"]),
    ],
)
def test_a_request_for_no_code_needs_no_challenge(response_type: str | None, names: list[str]) -> None:
    assert refusals(sample_request(response_type=response_type, code_challenge=None, code_challenge_method=None)) == names


@pytest.mark.parametrize("broken", ["%0A", "%0a", "%0D", "%0d", "\n", " "])
def test_the_refusal_shows_where_a_url_is_broken(broken: str) -> None:
    request = authorize_request(sample_request().url + "?state=abc" + broken + "def&x=" + broken)
    (refusal,) = (candidate for candidate in examination(request).refusals if candidate.name == "url-has-whitespace")
    assert refusal.facts["places"] == 2
    assert f"abc{broken}def" in refusal.facts["received"]
    assert len(refusal.facts["received"]) < 40
