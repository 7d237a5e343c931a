"""A replacement for the secret or the key of an app, in a request that Sickbay itself sends again.

Sickbay stores only the hash of a secret, and only public keys, so it can't authenticate as an app. For one request it makes its
own secret and key. They are passed with the request inside the process, so no client can send them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from sickbay.authorization.models import Client


class StandIn(Struct, frozen=True):
    """secret_hash: SHA-256 of the secret. jwks: the public key as a key set. Both are accepted only for this app."""

    client_id: str
    secret_hash: str
    jwks: Mapping[str, Any]

    def replace_credentials(self, client: Client | None) -> Client | None:
        """The app with these credentials instead of its own. Any other app stays as it is."""
        if client is None or client.client_id != self.client_id or client.client == "public":
            return client
        if client.client == "symmetric":
            return structs.replace(client, secret_hash=self.secret_hash)
        return structs.replace(client, jwks=dict(self.jwks), jwks_uri=None)
