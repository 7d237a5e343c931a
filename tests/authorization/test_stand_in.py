"""A stand-in takes the place of the credentials of one app, and of no others."""

from __future__ import annotations

import pytest
from msgspec import structs

from sickbay.authorization.models import Client
from sickbay.authorization.stand_in import StandIn

STAND_IN = StandIn("app", "hash-of-the-stand-in", {"keys": [{"kid": "stand-in"}]})
REGISTERED_APP = Client("app", secret_hash="own-hash", jwks={"keys": []}, jwks_uri="https://app.example.org/jwks")


def test_the_secret_of_a_symmetric_app_is_replaced_and_nothing_else() -> None:
    client = structs.replace(REGISTERED_APP, client="symmetric")
    assert STAND_IN.replace_credentials(client) == structs.replace(client, secret_hash="hash-of-the-stand-in")


def test_the_keys_of_an_asymmetric_app_are_replaced_and_its_key_set_is_not_fetched() -> None:
    client = structs.replace(REGISTERED_APP, client="asymmetric")
    replaced = structs.replace(client, jwks={"keys": [{"kid": "stand-in"}]}, jwks_uri=None)
    assert STAND_IN.replace_credentials(client) == replaced


@pytest.mark.parametrize(
    "client",
    [
        None,
        structs.replace(REGISTERED_APP, client="public"),
        structs.replace(REGISTERED_APP, client_id="other", client="symmetric"),
    ],
)
def test_no_other_app_and_no_public_app_gets_credentials(client: Client | None) -> None:
    assert STAND_IN.replace_credentials(client) is client
