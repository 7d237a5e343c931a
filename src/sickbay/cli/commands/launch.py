"""`sickbay launch`: launches an app from a terminal, as the chart does."""

from __future__ import annotations

import webbrowser
from typing import Annotated, Any

from cyclopts import Parameter

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import print_result


def launch(
    app: Annotated[str, Parameter(name="APP")],
    /,
    *,
    patient: str | None = None,
    user: str | None = None,
    encounter: str | None = None,
    open: bool = False,
    data: Data = None,
) -> None:
    """Create a launch and print the URL that opens the app.

    Parameters
    ----------
    app
        The app's app_id, client_id or name. A name must be unique.
    patient
        ID of the patient whose chart is open.
    user
        Username of the clinician or patient who launches the app.
    encounter
        ID of the encounter that is open.
    open
        Also open the URL in your browser.
    """
    target = admin_client.find_app(data, app)
    options: dict[str, Any] = {"patient": patient, "user": user, "encounter": encounter}
    body = {"tenant": target["tenant"], "app": target["app_id"]} | {name: value for name, value in options.items() if value}
    created = admin_client.ask(data, "POST", "/admin/launches", body)
    print_result(created["url"])
    if not admin_client.is_running(data):
        admin_client.note_not_running()
    elif open:
        webbrowser.open(created["url"])
