"""`sickbay launch`: open an app as the chart would, from a terminal."""

from __future__ import annotations

import webbrowser
from typing import Annotated, Any

from cyclopts import Parameter

from sickbay.cli import admin_client
from sickbay.cli.admin_client import Data
from sickbay.cli.output import say


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
    """Make a launch and print the URL that starts the app with it.

    Parameters
    ----------
    app
        An app_id, a client_id or a unique name.
    patient
        The id of the patient whose chart is open.
    user
        The username of who launches.
    encounter
        The id of the encounter that is open.
    open
        Open the URL in your browser too.
    """
    one = admin_client.app(data, app)
    given: dict[str, Any] = {"patient": patient, "user": user, "encounter": encounter}
    body = {"tenant": one["tenant"], "app": one["app_id"]} | {name: value for name, value in given.items() if value}
    made = admin_client.ask(data, "POST", "/admin/launches", body)
    say(made["url"])
    if not admin_client.running(data):
        admin_client.absent()
    elif open:
        webbrowser.open(made["url"])
