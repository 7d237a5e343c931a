"""`sickbay reset`: restores the initial data and deletes sessions, tokens, launches and exchanges."""

from __future__ import annotations

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import note


def reset(*, tenant: str | None = None, everything: bool = False, data: Data = None) -> None:
    """Reset to the initial data.

    Parameters
    ----------
    tenant
        Reset only this hospital, such as general.
    everything
        Also remove the apps and users that you added.
    """
    body = ({"tenant": tenant} if tenant else {}) | ({"everything": True} if everything else {})
    admin_client.ask(data, "POST", "/admin/reset", body)
    note(f"Reset {tenant or 'all hospitals'} to the initial data.")
