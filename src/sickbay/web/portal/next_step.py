"""Chooses a developer's next step with an app, by its kind and by the result of its last launch."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.models import Client
from sickbay.services.context import Tenant
from sickbay.web.pages.parts import Link
from sickbay.web.portal.views import LaunchRow, NextStep


def choose_next_step(client: Client, tenant: Tenant, launches: Sequence[LaunchRow], chart: str) -> NextStep:
    """launches: newest first. chart: the path of a chart from which the app can be launched."""
    last = launches[0] if launches else None
    if last is not None and last.kind != "passed":
        return _fix_last_launch(client, last)
    if last is not None:
        text = (
            "The last launch worked. To see what the app does if something fails, inject a fault on this page and launch again."
        )
        return NextStep("Break it", text, Link("What each fault does", "/docs/faults.html"))
    return _suggest_first_launch(client, tenant, chart)


def _fix_last_launch(client: Client, last: LaunchRow) -> NextStep:
    what = "token request" if client.type == "system" else "launch"
    if last.kind == "refused":
        text = f"The last {what} was refused: {last.outcome}. Its page has the corrected request."
        return NextStep(f"Fix the last {what}", text, Link(f"View the {what}", last.href))
    text = f"The last {what} isn’t finished. Its page says what it waits for, and what usually causes that."
    return NextStep(f"Finish the last {what}", text, Link(f"View the {what}", last.href))


def _suggest_first_launch(client: Client, tenant: Tenant, chart: str) -> NextStep:
    if client.type == "system":
        text = (
            f"A backend service isn’t launched: it requests a token itself, with the grant `client_credentials`, at "
            f"`{tenant.server.token_endpoint}`. To try FHIR requests before it can, get a token for a script."
        )
        command = f'sickbay token {client.app_id} --scope "{client.scope}"'
        return NextStep("Request a token", text, Link("Write a backend service", "/docs/how-to/backend-service.html"), command)
    if not client.launch_uri:
        text = (
            "It has no launch URI, so it launches standalone: open the app itself. It reads "
            f"`{tenant.fhir_base(client.fhir)}/.well-known/smart-configuration` and sends the browser to "
            f"`{tenant.server.authorization_endpoint}`."
        )
        return NextStep("Open your app", text, Link("Launch standalone", "/docs/how-to/standalone.html"))
    whom = "the patient’s own record" if client.type == "patient" else "a chart"
    text = f"Start your app, then launch it from {whom}, or with the button on this page."
    return NextStep("Launch it", text, Link(f"Open {whom}", chart))
