"""`sickbay token`: prints an access token for a script."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import CommandError, format_json, print_note, print_result, reject_argument
from sickbay.kernel import english
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
    """Print an access token for a script.

    Parameters
    ----------
    app
        The app's app_id, client_id or name. A name must be unique.
    scope
        The scopes, separated by spaces.
    patient
        ID of the patient in context.
    user
        Username of the user who signed in.
    json
        Print the whole token response.
    """
    if invalid := [text for text in scope.split() if not scopes.parse(text)]:
        reject_argument(f"Invalid scope: {' '.join(invalid)}. Scopes look like user/Patient.rs or user/Patient.read.")
    if not scope.split():
        reject_argument("--scope is empty. Name at least one scope, such as user/Patient.rs.")
    target = admin_client.find_app(data, app)
    _check_user(data, target["tenant"], user)
    body = {"tenant": target["tenant"], "app": target["app_id"], "scope": scope}
    body |= {name: value for name, value in (("patient", patient), ("user", user)) if value}
    response = admin_client.ask(data, "POST", "/admin/tokens", body)
    for warning in response.get("warnings", ()):
        option = next((name for name in ("patient", "user") if f"without a {name}" in warning), "")
        print_note(f"warning: {warning}{f' Name one with --{option}.' if option else ''}")
    print_result(format_json(response) if json else response["access_token"])


def _check_user(data: str | None, tenant: str, user: str | None) -> None:
    if not user:
        return
    names = [known["username"] for known in admin_client.ask(data, "GET", f"/admin/users?tenant={tenant}")]
    if user not in names:
        raise CommandError(f"There is no user {user} at {tenant}. The users are {english.join(names)}.")
