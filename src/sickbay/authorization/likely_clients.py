"""Which app a wrong or missing client_id most likely meant, among those of the hospital: for the explanation alone."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.models import Client

NAMED = 8
"""Apps that are named where none can be told."""


def meant(sent: str | None, redirect_uri: str | None, neighbours: Sequence[Client]) -> dict[str, object]:
    """Facts: nearest, the one whose app_id or name was sent, else the only one with this redirect_uri; others_named."""
    named = [one.client_id for one in neighbours if sent and sent in (one.app_id, one.name)]
    if len(named) == 1:
        return {"nearest": named[0]}
    found = [] if named else [one.client_id for one in neighbours if redirect_uri in one.redirect_uris]
    if len(found) == 1:
        return {"nearest": found[0], "by": "redirect_uri"}
    said = [f"{one.name} ({one.client_id})" for one in neighbours[:NAMED]]
    return {"others_named": said} if said else {}
