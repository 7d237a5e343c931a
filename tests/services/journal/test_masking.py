"""What is left of a secret in a masked exchange."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from sickbay.protocol.parameters import parse
from sickbay.services.journal import masking

TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


@given(TEXT, TEXT)
def test_a_masked_exchange_does_not_contain_the_secret(secret: str, around: str) -> None:
    exchange = {"url": f"http://x/?code={quote(secret, safe='')}", "body": [{"facts": around + secret}]}
    shown = json.dumps(masking.mask(exchange, [secret]))
    assert json.dumps(secret)[1:-1] not in shown
    assert quote(secret, safe="") not in shown


def test_basic_credentials_are_secret_with_and_without_their_encoding() -> None:
    header = "Basic " + base64.b64encode(b"app:top-secret-value").decode()
    secrets = masking.secrets({"authorization": header})
    assert "top-secret-value" in secrets
    assert header.partition(" ")[2] in secrets


def test_a_value_that_is_not_secret_is_not_collected() -> None:
    secrets = masking.secrets({}, parse("state=Zk3vQ0m8yT1uWc7R&client_id=my-app&code=abcdefghijklmnop"))
    assert secrets == {"abcdefghijklmnop"}


def test_the_code_of_a_fhir_search_is_not_secret() -> None:
    parameters = parse("code=http://loinc.org|85354-9&access_token=kept-for-nobody-to-see")
    assert masking.secrets({}, parameters, fhir=True) == {"kept-for-nobody-to-see"}


def test_a_long_text_keeps_none_of_very_many_secrets() -> None:
    """Searching for thousands of secrets individually would delay all other requests."""
    secrets = [f"secret-number-{number}" for number in range(5_000)]
    masked = masking.mask({"body": " ".join(secrets), "one": secrets[7], "plain": "stays"}, secrets)
    assert masked == {"body": masking.masked(" ".join(secrets)), "one": masking.masked(secrets[7]), "plain": "stays"}
