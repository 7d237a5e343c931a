"""What is left of a secret in a masked exchange, and what a corrected request names instead of it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.diagnosis import case
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import masking
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.redaction import RecordedRequest, Redaction

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


@given(TEXT, TEXT)
def test_a_masked_exchange_does_not_contain_the_secret(secret: str, around: str) -> None:
    exchange = {"url": f"http://x/?code={quote(secret, safe='')}", "body": [{"facts": around + secret}]}
    shown = json.dumps(masking.mask_secrets(exchange, [secret]))
    assert json.dumps(secret)[1:-1] not in shown
    assert quote(secret, safe="") not in shown


def test_basic_credentials_are_secret_with_and_without_their_encoding() -> None:
    header = "Basic " + base64.b64encode(b"app:top-secret-value").decode()
    secrets = masking.collect_secrets({"authorization": header})
    assert "top-secret-value" in secrets
    assert header.partition(" ")[2] in secrets


def test_a_value_that_is_not_secret_is_not_collected() -> None:
    secrets = masking.collect_secrets({}, parse("state=Zk3vQ0m8yT1uWc7R&client_id=my-app&code=abcdefghijklmnop"))
    assert secrets == {"abcdefghijklmnop"}


def test_the_code_of_a_fhir_search_is_not_secret() -> None:
    parameters = parse("code=http://loinc.org|85354-9&access_token=kept-as-a-secret")
    assert masking.collect_secrets({}, parameters, fhir=True) == {"kept-as-a-secret"}


def test_a_long_text_keeps_none_of_very_many_secrets() -> None:
    """Searching for thousands of secrets individually would delay all other requests."""
    secrets = [f"secret-number-{number}" for number in range(5_000)]
    masked = masking.mask_secrets({"body": " ".join(secrets), "one": secrets[7], "plain": "stays"}, secrets)
    assert masked == {"body": masking.mask_secret(" ".join(secrets)), "one": masking.mask_secret(secrets[7]), "plain": "stays"}


CASES = [loaded for path in case.list_paths().values() if (loaded := case.load(path)).corrected]
STAGES_OF_FHIR = ("fhir_request", "app_state_request")


def redact(evidence: dict[str, Any], corrected: dict[str, Any]) -> dict[str, Any]:
    """The corrected request as it is stored."""
    headers = {name.lower(): str(value) for name, value in (evidence.get("headers") or {}).items()}
    body = evidence.get("body") or json.dumps(evidence.get("app") or "")
    recorded = RecordedRequest(str(evidence.get("method", "GET")), str(evidence.get("url", "")), headers, str(body))
    redaction = Redaction(recorded, LiveSecrets(set()), (), fhir=evidence["kind"] in STAGES_OF_FHIR)
    redaction.redact_request(recorded)
    app = {"body": json.dumps(corrected["app"])} if "app" in corrected else {}
    members = {name: corrected[name] for name in ("method", "url", "headers", "body") if name in corrected}
    return redaction.redact_correction(members | app)


@for_each("example", CASES)
def test_no_corrected_request_of_a_case_contains_a_mask(example: case.Case) -> None:
    assert example.corrected is not None
    shown = masking.insert_placeholders(redact(example.refused, example.corrected))
    assert not masking.is_masked(unquote(json.dumps(shown, ensure_ascii=False)))


def test_the_cases_contain_masks_before() -> None:
    texts = [unquote(json.dumps(redact(example.refused, example.corrected or {}), ensure_ascii=False)) for example in CASES]
    assert sum(map(masking.is_masked, texts)) > 20


@pytest.mark.parametrize(
    ("corrected", "expected"),
    [
        (
            {"url": "http://a/token", "body": "grant_type=authorization_code&code=QrO8%E2%80%A6%2843%29&client_secret=…"},
            {
                "url": "http://a/token",
                "body": "grant_type=authorization_code&code=CODE-FROM-YOUR-REDIRECT&client_secret=YOUR-CLIENT-SECRET",
            },
        ),
        (
            {
                "url": "http://a/r4/Patient/‹9%20characters›?name=‹1%20character›&_count=5",
                "headers": {"Authorization": "Bearer abcd…(43)"},
            },
            {
                "url": "http://a/r4/Patient/YOUR-ID?name=YOUR-NAME&_count=5",
                "headers": {"Authorization": "Bearer ACCESS-TOKEN-OF-YOUR-APP"},
            },
        ),
        (
            {"headers": {"Authorization": "Basic abcd…(43)", "Accept": "text/‹3 characters›"}},
            {"headers": {"Authorization": "Basic BASE64-OF-YOUR-ID-AND-SECRET", "Accept": "text/YOUR-ACCEPT"}},
        ),
        ({"headers": {"authorization": "…"}}, {"headers": {"authorization": "YOUR-TOKEN"}}),
        (
            {"body": '{"client_name": "‹4 characters›", "redirect_uris": ["http://‹1 character›/cb"], "n": 1}'},
            {"body": '{"client_name": "YOUR-CLIENT-NAME", "redirect_uris": ["http://YOUR-REDIRECT-URIS/cb"], "n": 1}'},
        ),
        ({"body": "‹not kept: 214 bytes of JSON›"}, {"body": "YOUR-BODY"}),
        ({"body": '{"a": "b"}', "url": "http://a?b=c%20d"}, {"body": '{"a": "b"}', "url": "http://a?b=c%20d"}),
        (
            {"body": "{not json", "url": "http://a?‹4%20characters›=x"},
            {"body": "{not json", "url": "http://a?YOUR-PARAMETER=x"},
        ),
        ({"url": "http://a?‹4%20characters›=‹4%20characters›"}, {"url": "http://a?YOUR-PARAMETER=YOUR-VALUE"}),
        ({"body": '{"‹9 characters›": "‹4 characters›"}'}, {"body": '{"YOUR-PARAMETER": "YOUR-VALUE"}'}),
    ],
)
def test_a_mask_is_replaced_by_the_name_of_what_belongs_there(corrected: dict[str, Any], expected: dict[str, Any]) -> None:
    assert masking.insert_placeholders(corrected) == expected
