"""The view of an app's active faults, and of the available ones."""

from __future__ import annotations

from sickbay.authorization.models import Client
from sickbay.faults.fault import Fault
from sickbay.faults.kinds import FaultKind, list_kinds, list_presets
from sickbay.services.context import Runtime
from sickbay.web.portal.views import FaultChoice, FaultForm, FaultLine, FaultsView


def faults_view(runtime: Runtime, client: Client, typed: FaultForm) -> FaultsView:
    """Returns the active faults of this app, and the available ones."""
    meant = [
        fault for fault in runtime.faults if fault.app in (None, client.client_id) and fault.tenant in (None, client.tenant)
    ]
    return FaultsView(
        tuple(_fault_line(fault, client) for fault in meant),
        f"/developer/apps/{client.app_id}/faults",
        tuple(FaultChoice(name, preset.title) for name, preset in list_presets().items()),
        tuple(FaultChoice(name, kind.title, members_text(kind)) for name, kind in list_kinds().items()),
        typed,
    )


def _fault_line(fault: Fault, client: Client) -> FaultLine:
    described = fault.to_json()
    more = " ".join(f"{name}={value}" for name, value in described.items() if name not in ("id", "kind", "app", "tenant"))
    return FaultLine(fault.id, fault.kind, list_kinds()[fault.kind].title, more, is_for_all=fault.app is None)


def members_text(kind: FaultKind) -> str:
    """The members of a kind, as one writes them into the form."""
    return ", ".join(f"{name}{'' if member.required else ' (optional)'}" for name, member in kind.members.items())
