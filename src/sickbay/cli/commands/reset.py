"""`sickbay reset`: data as seeded, sessions, tokens, launches and exchanges gone."""

from __future__ import annotations

from sickbay.cli import admin_client
from sickbay.cli.admin_client import Data
from sickbay.cli.output import note


def reset(*, tenant: str | None = None, everything: bool = False, data: Data = None) -> None:
    """Make the data what they were at first. Apps and users that were added stay.

    Parameters
    ----------
    tenant
        Only this hospital.
    everything
        Remove added apps and users too.
    """
    body = ({"tenant": tenant} if tenant else {}) | ({"everything": True} if everything else {})
    admin_client.ask(data, "POST", "/admin/reset", body)
    note(f"Reset: {tenant or 'every hospital'} is as it was seeded.")
