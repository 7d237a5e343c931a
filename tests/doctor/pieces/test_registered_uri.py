"""Registered redirect URIs that a pasted text names in words."""

from __future__ import annotations

from itertools import product

from tests.laws import for_each

from sickbay.doctor.text import diagnose_text

URL = (
    "https://ehr.example.org/authorize?response_type=code&client_id=x1&state=zE3rT9pQ2mN8vX4kR7tY1w&scope=openid&redirect_uri="
)
MESSAGE = "The redirect_uri MUST match the registered callback URL."


def ids(text: str) -> list[str]:
    return [finding.id for finding in diagnose_text(text)[1].explanation.findings]


DIFFERENCES = (
    ("https://myapp.example/callback", "https://myapp.example/callback/", "redirect-uri-trailing-slash"),
    ("https://myapp.example/callback", "http://myapp.example/callback", "redirect-uri-scheme-mismatch"),
    ("http://localhost:3000/cb", "http://127.0.0.1:3000/cb", "redirect-uri-loopback-alias"),
    ("http://localhost:3000/cb", "http://localhost:3001/cb", "redirect-uri-port-mismatch"),
    ("https://myapp.example/Callback", "https://myapp.example/callback", "redirect-uri-case-mismatch"),
)
"""What is registered, what is sent, and the rule that says how they differ."""
WORDS = (
    "I registered {registered} and I send {sent}",
    "The app is registered with the redirect URI `{registered}`, but the request has redirect_uri={sent}.",
    "Registered redirect URI: {registered}\n\n{url}",
    "In the console the callback URL is {registered}. My code uses {sent}",
)


@for_each("difference, words", product(DIFFERENCES, WORDS))
def test_the_difference_from_the_registered_uri_comes_first(difference: tuple[str, str, str], words: str) -> None:
    registered, sent, id = difference
    encoded = sent.replace(":", "%3A").replace("/", "%2F")
    text = f"{MESSAGE} " + words.format(registered=registered, sent=sent, url=URL + encoded)
    diagnosis = diagnose_text(text)[1]
    assert diagnosis.explanation.findings[0].id == id
    assert diagnosis.explanation.findings[0].facts["received"] == sent
    assert diagnosis.explanation.findings[0].facts["expected"] == registered


@for_each(
    "text",
    [
        "I registered https://myapp.example/callback and I send https://myapp.example/callback",
        "I registered my app at https://fhir.epic.com and I send https://myapp.example/callback",
        "I registered https://myapp.example/callback. The EHR is https://ehr.example.org/callback/",
        "I send https://myapp.example/callback/ to https://myapp.example/callback",
    ],
)
def test_other_addresses_are_not_compared(text: str) -> None:
    assert [id for id in ids(f"{MESSAGE} {text}") if id.startswith("redirect-uri-") and id != "redirect-uri-mismatch"] == []
