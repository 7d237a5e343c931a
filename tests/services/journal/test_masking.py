"""What is left of a secret in an exchange."""

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
def test_a_secret_stands_nowhere_in_what_was_masked(secret: str, around: str) -> None:
    kept = {"url": f"http://x/?code={quote(secret, safe='')}", "body": [{"facts": around + secret}]}
    shown = json.dumps(masking.mask(kept, [secret]))
    assert json.dumps(secret)[1:-1] not in shown
    assert quote(secret, safe="") not in shown


def test_basic_credentials_are_secret_with_and_without_their_encoding() -> None:
    header = "Basic " + base64.b64encode(b"app:top-secret-value").decode()
    found = masking.secrets({"authorization": header})
    assert "top-secret-value" in found
    assert header.partition(" ")[2] in found


def test_what_is_no_secret_stays_as_it_was() -> None:
    found = masking.secrets({}, parse("state=Zk3vQ0m8yT1uWc7R&client_id=my-app&code=abcdefghijklmnop"))
    assert found == {"abcdefghijklmnop"}


def test_the_code_of_a_fhir_search_is_no_secret() -> None:
    asked = parse("code=http://loinc.org|85354-9&access_token=kept-for-nobody-to-see")
    assert masking.secrets({}, asked, fhir=True) == {"kept-for-nobody-to-see"}


def test_of_very_many_secrets_none_is_left_in_a_long_text_either() -> None:
    """Looked for one by one, thousands of them would keep everybody else waiting."""
    secrets = [f"secret-number-{number}" for number in range(5_000)]
    told = masking.mask({"body": " ".join(secrets), "one": secrets[7], "plain": "stays"}, secrets)
    assert told == {"body": masking.masked(" ".join(secrets)), "one": masking.masked(secrets[7]), "plain": "stays"}
