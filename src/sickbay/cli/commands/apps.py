"""`sickbay apps`: register, list, show, change and remove apps, as /admin/apps does."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from cyclopts import App, Parameter

from sickbay.cli import admin_client
from sickbay.cli.admin_client import Data
from sickbay.cli.argument_types import SomeOrNone
from sickbay.cli.output import as_json, note, say, table, wrong
from sickbay.cli.paths import PlaceOrNone
from sickbay.cli.streams import shown

apps = App(name="apps", help="Register, list, show, change, enable and remove apps.")
Name = Annotated[str, Parameter(name="APP", help="An app_id, a client_id or a unique name.")]
Json = Annotated[bool, Parameter(help="Print JSON.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Fields:
    """What an app is registered with; what is not given keeps its default.

    Parameters
    ----------
    type
        Who uses it: a clinician, a patient, or nobody.
    client
        How it proves itself at the token endpoint.
    launch_uri
        Where the chart opens it.
    redirect_uri
        Where it takes its answer; may be repeated.
    post_logout_redirect_uri
        Where people may be led after signing out; may be repeated.
    scope
        All scopes that it may ask for, separated by blanks.
    fhir
        The version it speaks.
    smart_version
        1 or 2.
    pkce
        off ignores it, as an old server does.
    native
        An app with a custom scheme or a loopback port of its own.
    scope_mode
        lenient drops what it may not have, strict refuses.
    jwks_uri
        Where its public keys are.
    jwks
        A file with its public keys.
    client_id
        Instead of one that is made.
    client_secret
        Instead of one that is made.
    token_lifetime
        Seconds that an access token lives.
    app_policy
        What is decided for it otherwise than for its hospital, such as code_lifetime=5; may be repeated.
    cards
        A file with cards of CDS Hooks, which every chart shows.
    auto_approve
        A username: sign-in, pickers and consent pass without a person.
    """

    type: Literal["provider", "patient", "system"] | None = None
    client: Literal["public", "symmetric", "asymmetric"] | None = None
    launch_uri: str | None = None
    redirect_uri: tuple[str, ...] | None = None
    post_logout_redirect_uri: tuple[str, ...] | None = None
    scope: str | None = None
    fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] | None = None
    smart_version: Literal[1, 2] | None = None
    pkce: Literal["required", "if-sent", "off"] | None = None
    native: bool | None = None
    scope_mode: Literal["strict", "lenient"] | None = None
    jwks_uri: str | None = None
    jwks: PlaceOrNone = None
    client_id: str | None = None
    client_secret: str | None = None
    token_lifetime: SomeOrNone = None
    app_policy: tuple[str, ...] | None = None
    cards: PlaceOrNone = None
    auto_approve: str | None = None

    def body(self) -> dict[str, Any]:
        """As /admin takes it; without what was not given."""
        given = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        for name in ("redirect_uri", "post_logout_redirect_uri"):
            if name in given:
                given[f"{name}s"] = list(given.pop(name))
        if self.app_policy is not None:
            given["policy"] = dict(_choice(one) for one in given.pop("app_policy"))
        if self.auto_approve is not None:
            given["auto_approve"] = {"user": self.auto_approve}
        if self.jwks is not None:
            given["jwks"] = _read(self.jwks, "keys")
        if self.cards is not None:
            read = _read(self.cards, "cards")
            given["cards"] = read.get("cards", [read]) if isinstance(read, dict) else read
        return given


_DEFAULT = Fields()


@apps.command
def add(
    name: Annotated[str, Parameter(name=("NAME", "--name"), help="What people read on consent.")],
    *,
    fields: Fields = _DEFAULT,
    tenant: str = "general",
    json: Json = False,
    data: Data = None,
) -> None:
    """Register an app, and print its app_id, client_id and, this once, its client_secret."""
    missing = [f"--{one}" for one in ("type", "client", "scope") if getattr(fields, one) is None]
    if missing:
        wrong(f"To register {name}, {' and '.join(missing)} must be given too; `sickbay apps add --help` says what they are.")
    made = admin_client.ask(data, "POST", "/admin/apps", {"tenant": tenant, "name": name} | fields.body())
    _show(made, json)


@apps.command(name="list")
def list_(*, tenant: str | None = None, json: Json = False, data: Data = None) -> None:
    """List all apps, the newest last: next to where one types."""
    found = list(reversed(admin_client.apps(data, tenant)))
    if json:
        say(as_json(found))
        return
    columns = ("tenant", "app_id", "client_id", "name", "type", "client")
    say(table([tuple(str(one.get(column, "")) for column in columns) for one in found], tuple(map(str.upper, columns))))


@apps.command
def show(app: Name, /, *, json: Json = False, data: Data = None) -> None:
    """Show one app."""
    _show(admin_client.app(data, app), json)


@apps.command
def edit(app: Name, /, *, fields: Fields = _DEFAULT, name: str | None = None, json: Json = False, data: Data = None) -> None:
    """Change what is given, and leave the rest."""
    body = fields.body() | ({} if name is None else {"name": name})
    if not body:
        wrong("Nothing to change was given, such as --scope or --redirect-uri.")
    _show(admin_client.ask(data, "PATCH", admin_client.at(admin_client.app(data, app)), body), json)


@apps.command
def enable(app: Name, /, *, tenant: str, json: Json = False, data: Data = None) -> None:
    """Register an app at another hospital with the same settings. It gets another client_id there.

    Parameters
    ----------
    tenant
        The other hospital.
    """
    _show(admin_client.ask(data, "POST", f"{admin_client.at(admin_client.app(data, app))}/enable", {"tenant": tenant}), json)


@apps.command
def secret(app: Name, /, *, json: Json = False, data: Data = None) -> None:
    """Make a new client_secret and print it, this once; the old one is good for nothing from then on."""
    one = admin_client.app(data, app)
    _show(admin_client.ask(data, "POST", f"{admin_client.at(one)}/secret"), json)


@apps.command
def remove(app: Name, /, *, data: Data = None) -> None:
    """Remove an app; its tokens end with it."""
    one = admin_client.app(data, app)
    admin_client.ask(data, "DELETE", admin_client.at(one))
    note(f"Removed {one['name']} ({one['client_id']}).")


def _show(one: dict[str, Any], json: bool) -> None:
    """The app, field by field; findings go to standard error."""
    for finding in one.get("findings", ()):
        note(f"{finding['severity']}: {finding['title']}  [{finding['id']}]\n  → {finding['fix']}")
    if json:
        say(as_json(one))
        return
    fields = {key: value for key, value in one.items() if value not in (None, [], "", {}) and key != "findings"}
    width = max(map(len, fields))
    say("\n".join(f"{key.ljust(width)}  {shown(_plain(value), '')}" for key, value in fields.items()))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "  ".join(map(str, value))
    return as_json(value, pretty=False) if isinstance(value, dict) else str(value)


def _choice(text: str) -> tuple[str, Any]:
    """name=value, the value as in sickbay.toml; a word need not be quoted."""
    name, equals, value = text.partition("=")
    if not equals:
        wrong(f"--app-policy {text} must be name=value, such as code_lifetime=5.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def _read(path: Path, what: str) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        wrong(f"The {what} in {path} cannot be read: {getattr(error, 'strerror', None) or error}.")
