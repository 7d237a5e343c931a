"""Guesses which app a wrong or missing client_id meant, among the tenant's apps. Used only for explanations."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.models import Client
from sickbay.protocol import urls

NEIGHBOURS, NEIGHBOUR_BYTES = 32, 4096
"""Number of newest apps that are compared with the request, and the maximum size of their registrations in bytes."""
LISTED_APPS = 8
"""Maximum number of apps to list if none is the likely one."""


def guess_client(sent: str | None, redirect_uri: str | None, newest_clients: Sequence[Client]) -> dict[str, object]:
    """Returns facts: `nearest`, the app whose app_id or name was sent, or the only one with this redirect_uri; or
    `others_named`.
    """
    named = [client.client_id for client in newest_clients if sent and sent in (client.app_id, client.name)]
    if len(named) == 1:
        return {"nearest": named[0]}
    matching = [] if named else [client.client_id for client in newest_clients if redirect_uri in client.redirect_uris]
    if len(matching) == 1:
        return {"nearest": matching[0], "by": "redirect_uri"}
    labels = [f"{client.name} ({client.client_id})" for client in newest_clients[:LISTED_APPS]]
    return {"others_named": labels} if labels else {}


def count_twins(client: Client, newest_clients: Sequence[Client]) -> int:
    """Returns how many other apps registered themselves with the same name and redirect URIs, except for loopback ports."""
    shape = describe_shape(client)
    return sum(other.registration_hash is not None and describe_shape(other) == shape for other in newest_clients)


def describe_shape(client: Client) -> tuple[str, frozenset[str]]:
    return client.name, frozenset(map(_drop_loopback_port, client.redirect_uris))


def _drop_loopback_port(uri: str) -> str:
    return urls.split(uri)._replace(netloc="localhost").geturl() if urls.is_loopback(uri) else uri
