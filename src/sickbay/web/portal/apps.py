"""The developer portal over HTTP: the list of apps, and the page of one app."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.launch.url import launch_uri
from sickbay.authorization.models import Client
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.protocol import scopes
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import app_removal, enabling, launch_progress, patients, records, registration, secret_rotation, users
from sickbay.services.app_limits import AppTooLarge
from sickbay.services.context import Tenant
from sickbay.services.journal import read as journal_reader
from sickbay.services.launch_progress import LaunchProgress
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, html_response, http_request, other_hospitals, students
from sickbay.web.ehr import chart
from sickbay.web.exchanges.timeline_steps import describe_evidence
from sickbay.web.exchanges.timeline_views import timeline_view
from sickbay.web.exchanges.timelines import Persons, load_persons
from sickbay.web.pages.parts import Choice, Link, make_finding_views
from sickbay.web.population_pending import wait_until_filled
from sickbay.web.portal import views as portal_views
from sickbay.web.portal.developer_views import exchange_line
from sickbay.web.portal.fault_views import faults_view
from sickbay.web.portal.next_step import choose_next_step
from sickbay.web.portal.views import AppRow, AppsView, AppView, FaultForm, LaunchRow
from sickbay.web.redirects import redirect_to

COMPARED_EXCHANGES = 100
"""Number of newest exchanges of an app that are compared with exchanges that name no app."""
PROBABLE_LINES = 6
"""The newest requests that an app's page shows although they don't name the app."""
LISTED_APPS = 100
"""Apps on a page of the list."""
SHOWN_LAUNCHES = 8
REPLACED = "The secret was replaced after this form was shown. If you don’t have the new one, create another."
TOO_LATE = "This page was probably open for too long. Try again."


async def show_apps(request: Request, sandbox: Sandbox) -> Response:
    start = http_request.read_start(request)
    clients = await registration.list_some_clients(sandbox.runtime, start, LISTED_APPS + 1, students.owner_of(request))
    more = f"/developer?from={start + LISTED_APPS}" if len(clients) > LISTED_APPS else ""
    hospitals = tuple(Link(tenant.title, f"/developer/hospitals/{name}") for name, tenant in sandbox.runtime.tenants.items())
    rows = tuple([await _app_row(sandbox, client) for client in clients[:LISTED_APPS]])
    view = AppsView(rows, "/developer/register", hospitals, more)
    return html_response.render_page(
        request, sandbox, "apps", view, await html_response.page_options(request, sandbox, here="Developer portal")
    )


async def _app_row(sandbox: Sandbox, client: Client) -> AppRow:
    exchanges = await journal_reader.list_exchanges(sandbox.runtime, sandbox.journal, app=client.client_id, limit=1)
    last = exchanges[0] if exchanges else None
    refused = bool(last and last.get("decided"))
    title = last["findings"][0]["title"] if last and refused and last["findings"] else ""
    hospital = sandbox.runtime.tenants[client.tenant].title
    return AppRow(
        client.name,
        f"/developer/apps/{client.app_id}",
        portal_views.kind_of_app(client.type, client.client, client.smart_version),
        hospital,
        client.client_id,
        title or (english.format_time(last["at"]) if last else ""),
        "refused" if refused else "passed" if last else "",
    )


async def show_app(request: Request, sandbox: Sandbox, id: str) -> Response:
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None:
        return html_response.respond_not_found(request, sandbox)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    return await app_page(request, sandbox, client, options, saved=request.query_params.get("saved", ""))


async def app_page(
    request: Request,
    sandbox: Sandbox,
    client: Client,
    options: html_response.PageOptions,
    secret: str = "",
    status: int = 200,
    fault: str = "",
    saved: str = "",
    typed: FaultForm | None = None,
) -> Response:
    view = replace(await _app_view(request, sandbox, client, secret, typed), fault=fault, saved=saved)
    leads_to = (client.launch_uri or "", *client.redirect_uris)
    return html_response.render_page(request, sandbox, "app", view, structs.replace(options, leads_to=leads_to), status)


async def show_secret(
    request: Request, sandbox: Sandbox, client: Client, options: html_response.PageOptions, *form: str, status: int = 201
) -> Response:
    """The app's page with the secret that a form gave it, also if the form is sent again; without it if it has another one."""
    secret = secret_rotation.secret_of_form(sandbox.runtime, client.app_id, *form)
    if secret_rotation.has_secret(client, secret):
        return await app_page(request, sandbox, client, options, secret, status)
    return redirect_to(f"/developer/apps/{client.app_id}")


async def _app_view(request: Request, sandbox: Sandbox, client: Client, secret: str, typed: FaultForm | None = None) -> AppView:
    tenant = sandbox.runtime.tenants[client.tenant]
    await wait_until_filled(request, sandbox, ResourceSpace(tenant.name, "r4"))
    probable = await journal_reader.probably_of_app(sandbox.runtime, sandbox.journal, client, COMPARED_EXCHANGES)
    advice = registration.advise_on_registration(sandbox.runtime, client).explain().findings
    auto, live = client.auto_approve, (await records.load_live_client(sandbox.runtime, client.client_id)).at
    choices = await _patient_choices(sandbox, tenant)
    command = _launch_command(client, choices) if launch_uri(client) and not students.owner_of(request) else ""
    launches = await _launch_rows(sandbox, client)
    return AppView(
        name=client.name,
        summary=portal_views.kind_of_app(client.type, client.client, client.smart_version, tenant.title),
        client_id=client.client_id,
        app_id=client.app_id,
        secret=secret,
        secret_text=_secret_text(client),
        launch_uri=client.launch_uri or "",
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        fhir_base=tenant.fhir_base(client.fhir),
        fhir=client.fhir.upper(),
        scopes=portal_views.scope_kinds(scopes.split(client.scope)),
        is_service=client.type == "system",
        launches=launches,
        next_step=choose_next_step(client, tenant, launches, _chart_url(tenant, client, choices)),
        probable=tuple(exchange_line(exchange, probably=describe_evidence(exchange)) for exchange in probable[:PROBABLE_LINES]),
        all_launches=f"/exchanges?q=app%3A{client.app_id}",
        findings=make_finding_views([finding.to_json() for finding in advice]),
        auto=_auto_text(sandbox, auto.user) if auto else "",
        live_at=f"{english.format_time(live)} UTC" if live else "",
        launch_action=f"/{tenant.name}/ehr/launch" if launch_uri(client) else "",
        patients=choices,
        users=await _user_choices(sandbox, tenant),
        policy=portal_views.policy_text(client.policy),
        policy_action=f"/developer/apps/{client.app_id}/policy",
        edit=f"/developer/apps/{client.app_id}/edit",
        policy_form=f"/developer/apps/{client.app_id}/settings",
        hospital_policy=f"/developer/hospitals/{tenant.name}",
        cards=portal_views.cards_text(client.cards),
        cards_action=f"/developer/apps/{client.app_id}/cards" if client.launch_uri else "",
        other_hospitals=await other_hospitals.hospitals_for_app(sandbox, client),
        enable_action=f"/developer/apps/{client.app_id}/enable",
        faults=faults_view(sandbox.runtime, client, typed or FaultForm()),
        rotate=f"/developer/apps/{client.app_id}/secret" if client.client == "symmetric" else "",
        secret_stamp=secret_rotation.secret_stamp(sandbox.runtime, client),
        command=command,
        remove="" if client.sample else f"/developer/apps/{client.app_id}/remove",
    )


def _auto_text(sandbox: Sandbox, user: str) -> str:
    text = f"Authorization requests of this app are approved as {user}, without sign-in, patient picker or consent."
    if sandbox.settings.open_sign_in == "everyone":
        return text
    return (
        f"{text} This works only on this machine. To allow it from other machines, start Sickbay with --open-sign-in everyone."
    )


def _chart_url(tenant: Tenant, client: Client, patients: Sequence[Choice]) -> str:
    """The chart of the chosen patient, else of the first one, with the app open."""
    patient = next((choice for choice in patients if choice.chosen), patients[-1]).value
    return f"/{tenant.name}/ehr/patients/{patient}?app={client.app_id}" if patient else f"/{tenant.name}/ehr/patients"


def _launch_command(client: Client, patients: Sequence[Choice]) -> str:
    """The command that launches the app for the chosen patient, else for the first one."""
    chosen = next((choice for choice in patients if choice.chosen), patients[-1])
    patient = f" --patient {chosen.value}" if chosen.value else ""
    return f"sickbay launch {client.app_id}{patient} --open"


def _secret_text(client: Client) -> str:
    if client.client == "symmetric":
        return "Shown when it was created. Sickbay stores only a hash."
    if client.client == "asymmetric":
        place = f"are at {client.jwks_uri}" if client.jwks_uri else "were pasted"
        return f"None: the app signs with its private key. Its public keys {place}."
    return "Public apps have no secret."


async def _user_choices(sandbox: Sandbox, tenant: Tenant) -> tuple[Choice, ...]:
    people = await users.list_users(sandbox.runtime, tenant)
    return tuple(Choice(user.username, user.name or user.username) for user in people)


async def _patient_choices(sandbox: Sandbox, tenant: Tenant) -> tuple[Choice, ...]:
    parameters = [("_count", "100"), ("_sort", "family")]
    all_patients = await patients.find_resources(sandbox.runtime, tenant, "r4", "Patient", parameters, None)
    choices = tuple(
        Choice(patient["id"], "{}, {}".format(*chart.name_of(patient)), patient["id"] == "p-0017") for patient in all_patients
    )
    return (Choice("", "No patient"), *choices)


async def _launch_rows(sandbox: Sandbox, client: Client) -> tuple[LaunchRow, ...]:
    """Returns the newest launches of this app, one row each, including launches that a script created and no browser opened."""
    found = await launch_progress.find_newest(sandbox.runtime, sandbox.journal, client.client_id, limit=SHOWN_LAUNCHES)
    tenant = sandbox.runtime.tenants[client.tenant]
    return tuple([_launch_row(launch, await load_persons(sandbox, tenant, launch.id)) for launch in found])


def _launch_row(launch: LaunchProgress, people: Persons) -> LaunchRow:
    recorded = launch.timeline
    timeline = timeline_view(
        launch.id, recorded.exchanges, app=launch.trail.app.name, hospital="", probable=recorded.probable, trail=launch.trail
    )
    refusals = [arrow.detail for arrow in timeline.arrows if arrow.kind == "refused"]
    stalled = f"Stalled: {timeline.title}" if timeline.verdict == "Stalled" else timeline.verdict
    return LaunchRow(
        english.format_time(launch.trail.events[-1].clock),
        people.patient or _explain_missing_patient(recorded.exchanges, people),
        people.user,
        timeline.kind,
        f"{'Probably: ' if timeline.is_probable else ''}{refusals[-1]}" if timeline.kind == "refused" else stalled,
        count(len(recorded.exchanges) + recorded.left_out, "request"),
        f"/timelines/{launch.id}",
    )


def _explain_missing_patient(exchanges: Sequence[Mapping[str, Any]], people: Persons) -> str:
    """The text in the row of a launch without a known patient."""
    stages = {exchange["stage"] for exchange in exchanges}
    if people.user or "launch" in stages:
        return "no patient"
    return "standalone" if stages & {"authorize", "login"} else "no launch"


async def change_policy(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Save the app's policy: all of its overrides, as text in the syntax of sickbay.toml."""
    return await _save_text(request, sandbox, id, "policy", portal_views.read_policy)


async def change_cards(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Save the app's CDS Hooks cards: all of them, as JSON."""
    return await _save_text(request, sandbox, id, "cards", portal_views.read_cards)


async def _save_text(
    request: Request, sandbox: Sandbox, id: str, name: str, read: Callable[[str], tuple[Any, str]]
) -> Response:
    """Save one text from an app's page, or show it again with an error."""
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None:
        return redirect_to("/developer")
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    sent = parse(await http_request.read_body(request))
    text, ours = sent.get(name) or "", cookies.is_own_form(request, options.session, sent.get("csrf"))
    chosen, fault = read(text) if ours else ((), TOO_LATE)
    change: dict[str, Any] = {name: chosen}
    fault = fault or registration.settings_problem(sandbox.runtime, change, client)
    if fault:
        again: dict[str, Any] = {name: text, f"{name}_fault": fault}
        view = replace(await _app_view(request, sandbox, client, ""), **again)
        return html_response.render_page(request, sandbox, "app", view, options, 422 if ours else 403)
    await registration.save_app(sandbox.runtime, structs.replace(client, **change), client)
    return redirect_to(f"/developer/apps/{client.app_id}?saved={name}#h-{name}")


async def rotate_secret(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Create a new secret and show it. The old one stops working. Sending the form again, as a reload does, changes nothing."""
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    sent = parse(await http_request.read_body(request))
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is None or client.client != "symmetric":
        return redirect_to(f"/developer/apps/{id}" if client else "/developer")
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return await app_page(request, sandbox, client, options, status=403, fault=TOO_LATE)
    rotated = await secret_rotation.rotate_once(sandbox.runtime, client, sent.get("stamp") or "", sent.get("csrf") or "")
    if rotated is None:
        return await app_page(request, sandbox, client, options, status=409, fault=REPLACED)
    return await app_page(request, sandbox, rotated[0], options, rotated[1])


async def enable(request: Request, sandbox: Sandbox, id: str) -> Response:
    """Register the app at another hospital and show its page there. POST: csrf, tenant."""
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    sent = parse(await http_request.read_body(request))
    client, tenant = (
        await registration.find_unambiguous_app(sandbox.runtime, id),
        sandbox.runtime.tenants.get(sent.get("tenant") or ""),
    )
    if client is None or tenant is None or tenant.name == client.tenant:
        return redirect_to(f"/developer/apps/{id}" if client else "/developer")
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return await app_page(request, sandbox, client, options, status=403, fault=TOO_LATE)
    if reason := enabling.find_obstacle(sandbox.runtime, client, tenant):
        return await app_page(request, sandbox, client, options, status=422, fault=f"{reason}.")
    try:
        result = await enabling.enable_app(sandbox.runtime, client, tenant, sent.get("csrf") or "")
    except AppTooLarge as error:
        return await app_page(request, sandbox, client, options, status=422, fault=str(error))
    if isinstance(result, Client):
        return await show_secret(request, sandbox, result, options, sent.get("csrf") or "")
    if result.client is None:
        problems = [finding.title for finding in result.decision.explain().findings if finding.refused]
        return await app_page(request, sandbox, client, options, status=422, fault=f"{'. '.join(problems)}.")
    return await show_secret(request, sandbox, result.client, options, sent.get("csrf") or "")


async def remove(request: Request, sandbox: Sandbox, id: str) -> Response:
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    sent = parse(await http_request.read_body(request))
    client = await registration.find_unambiguous_app(sandbox.runtime, id)
    if client is not None and not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return await app_page(request, sandbox, client, options, status=403, fault=TOO_LATE)
    if client is not None and not client.sample:
        await app_removal.remove_app(sandbox.runtime, client)
    return redirect_to("/developer")
