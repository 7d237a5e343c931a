"""`sickbay apps`: registers, lists, shows, changes and removes apps through /admin/apps."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from sickbay.cli import admin_client, byte_order_mark
from sickbay.cli.argument_types import Data, SomeOrNone
from sickbay.cli.output import format_json, format_table, help_epilogue, print_note, print_result, reject_argument
from sickbay.cli.paths import PlaceOrNone
from sickbay.cli.streams import escape_text
from sickbay.kernel import english
from sickbay.protocol import unicode

apps = App(
    name="apps", help="Register, list, show, change, enable and remove apps.", help_epilogue=help_epilogue("sickbay apps list")
)
KEY_SET = 'a key set, such as {"keys": [{"kid": "…", "kty": "EC", "crv": "P-384", "x": "…", "y": "…"}]}'
CARDS = 'CDS Hooks cards, such as [{"summary": "…", "indicator": "info", "source": {"label": "…"}}]'
Name = Annotated[str, Parameter(name="APP", help="The app's app_id, client_id or name. A name must be unique.")]
Json = Annotated[bool, Parameter(help="Print JSON.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Fields:
    """The registration of an app; omitted fields keep their defaults.

    Parameters
    ----------
    type
        Who uses the app: a clinician (provider), a patient, or no user (system).
    client
        How the app authenticates at the token endpoint: public (not at all), symmetric (a secret) or asymmetric (a key).
    launch_uri
        Launch URL: the chart opens the app there.
    redirect_uri
        Redirect URI. Repeat the option for each one.
    post_logout_redirect_uri
        Where the browser may go after sign-out. Repeat the option for each one.
    scope
        All scopes that the app may request, separated by spaces.
    fhir
        The FHIR version that the app uses.
    smart_version
        The SMART App Launch version, which decides how scopes are written: user/Patient.read (1) or user/Patient.rs (2).
    pkce
        required; if-sent: checked only if the app sends it; off: ignored.
    native
        A native app: its redirect URI has a private scheme or a loopback port.
    scope_mode
        If the app requests a scope that it may not have: strict refuses the request, lenient drops the scope.
    jwks_uri
        URL of the app's public keys (JWKS).
    jwks
        A file with the app's public keys (JWKS).
    client_id
        Use this client_id instead of a generated one.
    client_secret
        Use this client_secret instead of a generated one.
    token_lifetime
        Lifetime of access tokens, in seconds.
    app_policy
        A policy that differs from the hospital's, such as code_lifetime=5. Repeat the option for each one.
    cards
        A JSON file with CDS Hooks cards, which every chart shows.
    auto_approve
        A username. Sign-in, pickers and consent are answered automatically for this user.
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
        """The JSON for /admin; omitted fields are left out."""
        body = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        for name in ("redirect_uri", "post_logout_redirect_uri"):
            if name in body:
                body[f"{name}s"] = list(body.pop(name))
        if self.app_policy is not None:
            body["policy"] = dict(_parse_policy(text) for text in body.pop("app_policy"))
        if self.auto_approve is not None:
            body["auto_approve"] = {"user": self.auto_approve}
        if self.jwks is not None:
            body["jwks"] = _read_json(self.jwks, KEY_SET, (dict,))
        if self.cards is not None:
            cards = _read_json(self.cards, CARDS, (dict, list))
            body["cards"] = cards.get("cards", [cards]) if isinstance(cards, dict) else cards
        return body


_DEFAULT = Fields()


@apps.command(
    help_epilogue=help_epilogue(
        "sickbay apps add Vitals --type provider --client symmetric "
        "--redirect-uri http://localhost:8100/callback --scope user/Patient.rs"
    )
)
def add(
    name: Annotated[str, Parameter(name=("NAME", "--name"), help="The name that users see on the consent page.")],
    *,
    fields: Fields = _DEFAULT,
    tenant: str = "general",
    json: Json = False,
    data: Data = None,
) -> None:
    """Register an app and print its app_id, client_id and client_secret. The secret is shown only once.

    Parameters
    ----------
    tenant
        The hospital, such as general.
    """
    missing = [f"--{field}" for field in ("type", "client", "scope") if getattr(fields, field) is None]
    if missing:
        reject_argument(f"Missing options: {english.join(missing)}. See `sickbay apps add --help`.")
    app = admin_client.ask(data, "POST", "/admin/apps", {"tenant": tenant, "name": name} | fields.body())
    _print_app(app, json)


@apps.command(name="list", help_epilogue=help_epilogue("sickbay apps list --tenant general"))
def list_(*, tenant: str | None = None, json: Json = False, data: Data = None) -> None:
    """List all apps, newest last.

    Parameters
    ----------
    tenant
        Only the apps of this hospital.
    """
    registered = list(reversed(admin_client.list_apps(data, tenant)))
    if json:
        print_result(format_json(registered))
        return
    columns = ("tenant", "app_id", "client_id", "name", "type", "client")
    rows = [tuple(str(app.get(column, "")) for column in columns) for app in registered]
    print_result(format_table(rows, tuple(map(str.upper, columns))))


@apps.command(help_epilogue=help_epilogue("sickbay apps show sample-general"))
def show(app: Name, /, *, json: Json = False, data: Data = None) -> None:
    """Show an app."""
    _print_app(admin_client.find_app(data, app), json)


@apps.command(help_epilogue=help_epilogue("sickbay apps edit sample-general --token-lifetime 60"))
def edit(app: Name, /, *, fields: Fields = _DEFAULT, name: str | None = None, json: Json = False, data: Data = None) -> None:
    """Change some fields of an app and keep the others.

    Parameters
    ----------
    name
        A new name.
    """
    body = fields.body() | ({} if name is None else {"name": name})
    if not body:
        reject_argument("Nothing to change. Name at least one field, such as --scope or --redirect-uri.")
    _print_app(admin_client.ask(data, "PATCH", admin_client.app_path(admin_client.find_app(data, app)), body), json)


@apps.command(help_epilogue=help_epilogue("sickbay apps enable sample-general --tenant epic"))
def enable(app: Name, /, *, tenant: str, json: Json = False, data: Data = None) -> None:
    """Register an app at another hospital with the same settings. It gets another client_id there.

    Parameters
    ----------
    tenant
        The other hospital.
    """
    _print_app(
        admin_client.ask(data, "POST", f"{admin_client.app_path(admin_client.find_app(data, app))}/enable", {"tenant": tenant}),
        json,
    )


@apps.command(help_epilogue=help_epilogue("sickbay apps secret Vitals"))
def secret(app: Name, /, *, json: Json = False, data: Data = None) -> None:
    """Create a new client_secret and print it once. The old one stops working immediately."""
    _print_app(admin_client.ask(data, "POST", f"{admin_client.app_path(admin_client.find_app(data, app))}/secret"), json)


@apps.command(help_epilogue=help_epilogue("sickbay apps remove Vitals"))
def remove(app: Name, /, *, data: Data = None) -> None:
    """Remove an app. Its tokens stop working immediately."""
    removed = admin_client.find_app(data, app)
    admin_client.ask(data, "DELETE", admin_client.app_path(removed))
    print_note(f"Removed {removed['name']} ({removed['client_id']}).")


def _print_app(app: dict[str, Any], json: bool) -> None:
    """Prints the app, one field per line; findings go to standard error."""
    for finding in app.get("findings", ()):
        print_note(f"{finding['severity']}: {finding['title']}  [{finding['id']}]\n  → {finding['fix']}")
    if json:
        print_result(format_json(app))
        return
    fields = {key: value for key, value in app.items() if value not in (None, [], "", {}) and key != "findings"}
    width = max(map(len, fields))
    print_result("\n".join(f"{key.ljust(width)}  {escape_text(_format_value(value), '')}" for key, value in fields.items()))


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "  ".join(map(_format_value, value))
    return format_json(value, pretty=False) if isinstance(value, dict) else str(value)


def _parse_policy(text: str) -> tuple[str, Any]:
    """Parses name=value, with the value as in sickbay.toml; a word needs no quotes."""
    name, equals, value = text.partition("=")
    if not equals:
        reject_argument(f"--app-policy must be name=value, such as code_lifetime=5, not {text}.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def _read_json(path: Path, what: str, kinds: tuple[type, ...]) -> Any:
    """The document in the file, which is not empty. what: what it must contain. kinds: the types that it may have."""
    text = byte_order_mark.read_file(path)
    try:
        document = unicode.loads(text, unique=True)
    except ValueError as error:
        reject_argument(f"{path} isn't valid JSON: {error}. It must contain {what}.")
    if not document or not isinstance(document, kinds):
        reject_argument(f"{path} must contain {what}.")
    return document
