"""`sickbay token`: an access token for a script."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from sickbay.cli import admin_client
from sickbay.cli.admin_client import Data
from sickbay.cli.output import CommandError, as_json, note, say, wrong
from sickbay.protocol import scopes


def token(
    app: Annotated[str, Parameter(name="APP")],
    /,
    *,
    scope: str,
    patient: str | None = None,
    user: str | None = None,
    json: bool = False,
    data: Data = None,
) -> None:
    """Print an access token, as the app would have got it.

    Parameters
    ----------
    app
        An app_id, a client_id or a unique name.
    scope
        The scopes, separated by blanks.
    patient
        The id of the patient in context.
    user
        The username of who signed in.
    json
        Print the whole token response.
    """
    if odd := [each for each in scope.split() if not scopes.parse(each)]:
        wrong(f"There is no scope {' '.join(odd)}; scopes look like user/Patient.rs or user/Patient.read.")
    if not scope.split():
        wrong("--scope is empty: name what the token may do, such as user/Patient.rs.")
    one = admin_client.app(data, app)
    if user and user not in (
        names := [each["username"] for each in admin_client.ask(data, "GET", f"/admin/users?tenant={one['tenant']}")]
    ):
        raise CommandError(f"There is no user {user} at {one['tenant']}; there are {', '.join(names)}.")
    given: dict[str, Any] = {"patient": patient, "user": user}
    body = {"tenant": one["tenant"], "app": one["app_id"], "scope": scope} | {
        name: value for name, value in given.items() if value
    }
    made = admin_client.ask(data, "POST", "/admin/tokens", body)
    _warn(one, scope, patient)
    say(as_json(made) if json else made["access_token"])


def _warn(one: dict[str, Any], scope: str, patient: str | None) -> None:
    """A script may be given what its app would be refused; it must not learn that only when it meets a real server."""
    if beyond := [each for each in scope.split() if each not in one["scope"].split()]:
        note(f"warning: {one['name']} is not registered for {' '.join(beyond)}, which a real launch would be refused.")
    if patient is None and "patient/" in scope:
        note("warning: patient/ scopes show nothing without a patient; name one with --patient.")
