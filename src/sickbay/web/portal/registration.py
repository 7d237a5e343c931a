"""The developer portal over HTTP: the form that registers an app."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.diagnosis.rule import Finding
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel import english
from sickbay.protocol import unicode
from sickbay.protocol.names import clean_name
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration, secret_rotation
from sickbay.services.app_limits import AppTooLarge
from sickbay.storage.interface import Conflict
from sickbay.web import cookies, html_response, http_request, students
from sickbay.web.pages.parts import Choice, make_finding_views
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.apps import TOO_LATE, show_secret
from sickbay.web.portal.views import RegisterView
from sickbay.web.redirects import redirect_to

APP_ID = re.compile(r"[A-Za-z0-9_]{8,12}")
"""The app_id in our form."""
FIELDS = ("name", "launch_uri", "jwks_uri", "jwks", "redirect_uris", "post_logout_redirect_uris", "more_scopes")
FAULTS = {
    "reg-redirect-uri": "redirect_uris",
    "reg-missing-launch-uri": "launch_uri",
    "reg-launch-uri": "launch_uri",
    "reg-jwks-uri": "jwks_uri",
    "reg-jwks-given": "jwks",
    "reg-jwks": "jwks",
    "reg-scope": "scope",
    "scope-": "scope",
    "reg-no-resource-scopes": "scope",
}
"""The field of each finding, by the beginning of the rule's id. The first that fits counts."""


async def register(request: Request, sandbox: Sandbox) -> Response:
    """GET shows the form. POST registers the app and shows its page with its secret, or the form again with its errors.

    The form contains the app_id of the new app, so sending it twice registers only one app and shows its secret again.
    """
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        id = registration.make_identifier(sandbox.runtime.effects, 9)
        view = replace(make_form(sandbox, http_request.query_of(request.scope), ()), id=id)
        return html_response.render_page(request, sandbox, "register", view, options)
    sent = parse(await http_request.read_body(request))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return html_response.render_page(request, sandbox, "register", make_form(sandbox, sent, (), EXPIRED), options, 403)
    id, form = sent.get("id") or "", sent.get("csrf") or ""
    before = await registration.find_unambiguous_app(sandbox.runtime, id) if id else None
    if before is not None and (before.app_id, before.name) == (id, clean_name(sent.get("name") or "")):
        return await show_secret(request, sandbox, before, options, form)
    if faults := find_missing_fields(sandbox, sent):
        again = make_form(sandbox, sent, find_other_problems(sandbox, sent, faults), faults)
        return html_response.render_page(request, sandbox, "register", again, options, 422)
    known = before is None and APP_ID.fullmatch(id)
    app_id = id if known else registration.make_identifier(sandbox.runtime.effects, 9)
    fields = registration_fields(sent) | {"student": students.owner_of(request)}
    fields |= _ids_and_secret(sandbox, app_id, form, fields["client"])
    try:
        result = await registration.register_app(sandbox.runtime, fields)
    except Conflict:  # the same form was sent twice at once
        there = await registration.find_by_id(sandbox.runtime, fields["client_id"])
        return await show_secret(request, sandbox, there, options, form) if there else redirect_to("/developer")
    except AppTooLarge as error:
        return html_response.render_page(
            request, sandbox, "register", make_form(sandbox, sent, (), {"name": str(error)}), options, 422
        )
    if result.client is None:
        all_findings = result.decision.explain().findings
        return html_response.render_page(request, sandbox, "register", make_form(sandbox, sent, all_findings), options, 422)
    return await show_secret(request, sandbox, result.client, options, form)


def _ids_and_secret(sandbox: Sandbox, app_id: str, form: str, client: str) -> dict[str, str | None]:
    """What is the same however often this form is sent. client: the kind of client."""
    secret = secret_rotation.secret_of_form(sandbox.runtime, app_id, form) if client == "symmetric" else None
    return {"app_id": app_id, "client_id": registration.client_id_of(sandbox.runtime, app_id), "client_secret": secret}


EXPIRED = {"name": TOO_LATE}


def find_missing_fields(sandbox: Sandbox, sent: Parameters, keys: bool = False) -> dict[str, str]:
    """An error for each missing field. keys: whether its public keys are registered without a URL."""
    faults: dict[str, str] = {}
    if not clean_name(sent.get("name") or ""):
        faults["name"] = "Enter a name."
    if not _sent_addresses(sent) and sent.get("type") != "system":
        faults["redirect_uris"] = "Enter at least one redirect URI. Only system apps work without one."
    if sent.get("type") == "system" and sent.get("client") not in ("symmetric", "asymmetric"):
        faults["client"] = "Choose how the service authenticates: with a secret or with a private key."
    if sent.get("client") == "asymmetric" and not (keys or sent.get("jwks_uri") or sent.get("jwks")):
        faults["jwks_uri"] = "Enter the URL of the app’s public keys, or paste them."
    if sent.get("client") == "asymmetric" and isinstance(keys_sent := read_keys(sent), str):
        faults["jwks"] = keys_sent
    if not _ticked_scopes(sent):
        faults["scope"] = "Choose at least one scope. Without one, the app can’t get a token."
    tenant = sandbox.runtime.tenants.get(sent.get("tenant") or "general")
    if tenant is None:
        faults["fhir"] = "This hospital doesn’t exist any more."
    elif (sent.get("fhir") or "r4") not in tenant.dialect.fhir:
        faults["fhir"] = f"{tenant.title} supports only {english.join([version.upper() for version in tenant.dialect.fhir])}."
    return faults


def find_other_problems(
    sandbox: Sandbox, sent: Parameters, faults: Mapping[str, str], old: Client | None = None
) -> tuple[Finding, ...]:
    """What the checks refuse besides the fields with these errors, so that all is said at once."""
    if {"fhir", "jwks", "client"} & set(faults):  # such an app can't be built
        return ()
    findings = registration.examine_form(sandbox.runtime, registration_fields(sent), old).explain().findings
    return tuple(finding for finding in findings if finding.refused and _field_of(finding) not in faults)


def _sent_addresses(sent: Parameters, name: str = "redirect_uris") -> tuple[str, ...]:
    """The URIs of a field. A comma or semicolon after one separates it from the next."""
    return tuple(filter(None, (uri.rstrip(",;") for uri in (sent.get(name) or "").split())))


def read_keys(sent: Parameters) -> dict[str, Any] | str | None:
    """The pasted JWKS; a sentence if it can't be read; None if there is none."""
    text = (sent.get("jwks") or "").strip()
    if not text:
        return None
    if text.startswith("-----BEGIN"):
        return 'This is a key in PEM format. Paste the public key as a JWKS, which is JSON: `{"keys": [{"kid": …, "kty": …}]}`.'
    try:
        keys = unicode.loads(text, unique=True)
    except ValueError as error:
        return f"This isn’t valid JSON: {error}."
    return keys if isinstance(keys, dict) and keys else "A JWKS is an object with the member `keys`."


def _ticked_scopes(sent: Parameters) -> str:
    """Returns ticked scopes that fit the kind of app, in the syntax of its SMART version, and typed scopes."""
    is_service, is_old = sent.get("type") == "system", sent.get("smart_version") == "1"
    fitting = [scope for scope in sent.all("scope") if scope.startswith("system/") == is_service]
    ticked = [scope.replace(".rs", ".read") if is_old and scope in BOXES else scope for scope in fitting]
    return " ".join(dict.fromkeys([*ticked, *(sent.get("more_scopes") or "").split()]))


BOXES = frozenset(box.value for _, boxes in portal_views.scope_boxes() for box in boxes)
"""The scopes that have a box."""


def registration_fields(sent: Parameters) -> dict[str, Any]:
    version = 1 if sent.get("smart_version") == "1" else 2
    type, client = sent.get("type"), sent.get("client")
    return {
        "tenant": sent.get("tenant") or "general",
        "name": clean_name(sent.get("name") or ""),
        "type": type if type in ("patient", "system") else "provider",
        "client": client if client in ("symmetric", "asymmetric") else "public",
        "launch_uri": sent.get("launch_uri"),
        "redirect_uris": _sent_addresses(sent),
        "post_logout_redirect_uris": _sent_addresses(sent, "post_logout_redirect_uris"),
        "scope": _ticked_scopes(sent),
        "fhir": sent.get("fhir") or "r4",
        "smart_version": version,
        "pkce": "required" if version == 2 else "if-sent",
        **_sent_keys(sent),
    }


def _sent_keys(sent: Parameters) -> dict[str, Any]:
    """The pasted keys, or else the URL. Only an app that signs with a private key has any."""
    pasted = read_keys(sent) if sent.get("client") == "asymmetric" else None
    if isinstance(pasted, dict):
        return {"jwks": pasted, "jwks_uri": None}
    return {"jwks_uri": sent.get("jwks_uri") if sent.get("client") == "asymmetric" else None}


def _field_of(finding: Finding) -> str | None:
    field = next((field for prefix, field in FAULTS.items() if finding.id.startswith(prefix)), None)
    is_of_logout = field == "redirect_uris" and "`post_logout_redirect_uris`" in finding.title
    return "post_logout_redirect_uris" if is_of_logout else field


def make_form(
    sandbox: Sandbox, sent: Parameters, all_findings: tuple[Finding, ...], faults: dict[str, str] | None = None
) -> RegisterView:
    chosen = sent.get("tenant") or "general"
    boxes = portal_views.scope_boxes(sent.all("scope")) if sent.all("scope") else portal_views.scope_boxes()
    messages = dict(faults or {})
    for finding in all_findings:
        if (field := _field_of(finding)) and finding.refused:
            messages.setdefault(field, finding.title)
    values = {name: "\n".join(sent.all(name)) for name in FIELDS if sent.get(name)}
    versions = tuple(Choice(version, version.upper(), version == (sent.get("fhir") or "r4")) for version in VERSIONS)
    return RegisterView(
        action="/developer/register",
        tenants=tuple(Choice(name, tenant.title, name == chosen) for name, tenant in sandbox.runtime.tenants.items()),
        versions=versions,
        types=portal_views.type_choices(sent.get("type") or "provider"),
        clients=portal_views.client_choices(sent.get("client") or "public"),
        smart=portal_views.smart_choices(sent.get("smart_version") or "2"),
        boxes=boxes,
        values=values,
        findings=make_finding_views([finding.to_json() for finding in all_findings]),
        faults=messages,
        id=sent.get("id") or "",
    )
