"""Launching an app: from a chart, or with a script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.launch import card as launch_card
from sickbay.authorization.launch import context as launch_context
from sickbay.authorization.launch import task as launch_task
from sickbay.authorization.launch.task import LaunchTaskRequest
from sickbay.authorization.launch.url import launch_uri
from sickbay.authorization.models import Client
from sickbay.protocol.urls import encode_for_header
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import frame_check, patients, registration
from sickbay.services import launch as launches
from sickbay.services.context import Tenant
from sickbay.services.launch import CreatedLaunch
from sickbay.storage.interface import ResourceSpace
from sickbay.web import html_response, http_request, students
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.ehr.frame_notice import explain_obstacle
from sickbay.web.ehr.handlers import VERSION, EhrPages
from sickbay.web.exchanges.handlers import may_read_all
from sickbay.web.http_request import headers_of
from sickbay.web.pages import notice
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.population_pending import wait_until_filled
from sickbay.web.redirects import redirect_to


async def open_app(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """Launch as the signed-in user. Only our own pages may link here."""
    ehr = EhrPages(request, sandbox, tenant)
    guard: AdminGuard = request.app.state.guard
    if guard.is_foreign(request.scope, headers_of(request.scope), acts=True):
        return ehr.page("notice", FOREIGN, status=403)
    if redirect := await ehr.require_user():
        return redirect
    assert ehr.user is not None
    query = request.query_params
    client = await registration.find_unambiguous_app(sandbox.runtime, query.get("app", ""), tenant.name)
    patient, framed = query.get("patient"), "framed" in query
    visible = patient and await patients.read_resource(sandbox.runtime, tenant, VERSION, "Patient", patient, ehr.user)
    hidden = client is not None and not students.may_open(request, sandbox, client)
    if client is None or hidden or not launch_uri(client) or (patient and not visible):
        return ehr.page("notice", notice.make_no_app(ehr.home), status=404, framed=framed)
    if framed and (view := await _explain_frame(ehr, client)):
        return ehr.page("notice", view, status=502, framed=True)
    await wait_until_filled(request, sandbox, ResourceSpace(tenant.name, client.fhir))
    wanted = await _request_of_card(ehr, client, patient, query.get("card")) or await _request_of_task(
        ehr, client, patient, query.get("task")
    )
    visit = query.get("encounter") or (wanted.encounter if wanted else None)
    encounter = await _choose_visit(ehr, client.fhir, patient, visit) if patient else None
    context: dict[str, object] = {"need_patient_banner": False} if patient and framed else {}
    context |= wanted.context() if wanted else {}
    created = await launches.create_launch(
        sandbox.runtime,
        tenant,
        client,
        user=ehr.user.username,
        patient=patient or None,
        encounter=encounter,
        seed=query.get("seed"),
        student=http_request.state_of(request.scope).student,
        context=context,
    )
    return await _redirect_to_app(request, tenant, client, created)


async def _explain_frame(ehr: EhrPages, client: Client) -> NoticeView | None:
    """The page to show in the frame instead of the app; None if nothing is known to prevent the app from being shown there."""
    query = ehr.request.query_params
    if "anyway" in query or not ehr.tenant.override_for_app(client).policy.frame_check:
        return None
    uri, page = launch_uri(client), ehr.origin
    administers = may_read_all(ehr.request)
    obstacle = await frame_check.find_obstacle(ehr.sandbox.runtime, uri, page, may_ask_app=administers)
    if obstacle is None:
        return None
    shown = {name: value for name, value in query.items() if name not in ("framed", "seed")}
    here = f"{ehr.home}/open?"
    edit = f"/developer/apps/{client.app_id}/edit" if administers else ""
    addresses = (here + urlencode(query.multi_items()), here + urlencode(shown), edit)
    return explain_obstacle(obstacle, client.name, uri, page, *addresses)


async def _request_of_task(ehr: EhrPages, client: Client, patient: str | None, id: str | None) -> LaunchTaskRequest | None:
    """The launch that a Task requests; None if it isn't a Task of this patient, or isn't for this app."""
    task = await patients.read_resource(ehr.sandbox.runtime, ehr.tenant, VERSION, "Task", id, ehr.user) if id else None
    wanted = launch_task.request_of_task(task) if task else None
    if not isinstance(wanted, LaunchTaskRequest) or wanted.patient != patient:
        return None
    return wanted if launch_task.app_of(wanted, [client]) else None


async def _request_of_card(ehr: EhrPages, client: Client, patient: str | None, key: str | None) -> LaunchTaskRequest | None:
    """The launch that a card's link requests; None if no app at this hospital has the card, or it opens another app."""
    context = ehr.context(patient) if patient and key else {}
    if not context:
        return None
    apps = await registration.list_clients(ehr.sandbox.runtime, ehr.tenant.name)
    link = launch_card.find_by_key([app for app in apps if students.may_open(ehr.request, ehr.sandbox, app)], key or "")
    wanted = launch_task.request_of_link(launch_card.fill_placeholders(link, context)) if link else None
    return wanted if isinstance(wanted, LaunchTaskRequest) and launch_task.app_of(wanted, [client]) else None


async def _choose_visit(ehr: EhrPages, version: str, patient: str, wanted: str | None) -> str | None:
    """The requested visit, no visit for "none", else the patient's latest one."""
    if wanted == "none":
        return None
    runtime, tenant, user = ehr.sandbox.runtime, ehr.tenant, ehr.user
    if wanted:
        fits = await patients.encounter_fits(runtime, tenant, version, user, patient, wanted)
        return wanted if fits else None
    encounters = await patients.list_encounters(runtime, tenant, version, patient, user)
    return str(encounters[0]["id"]) if encounters else None


async def _redirect_to_app(request: Request, tenant: Tenant, client: Client, created: CreatedLaunch) -> Response:
    """Redirect to the app's launch URI. This is the first step of the timeline."""
    response = redirect_to("/")
    response.headers["location"] = encode_for_header(created.url)
    return await http_request.record_exchange(
        request, response, stage="launch", tenant=tenant.name, client_id=client.client_id, timeline=created.timeline
    )


FOREIGN = NoticeView(
    title="Not allowed from another origin",
    text="A page of another origin tried to launch an app. Open the chart and launch the app there.",
    primary=Link("Go to the start page", "/"),
)


async def launch_app(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """/{tenant}/ehr/launch?app=&patient=&user=&encounter=: for scripts, and for the button in the portal.

    Only for the administrator. Optional: intent, app_context and, as JSON, fhir_context. A browser gets errors as a page.
    """
    fault = partial(_show_not_launched, request, sandbox)
    if rejection := refuse_stranger(request, sandbox, acts=True):
        return rejection
    query = request.query_params
    try:
        client = await registration.find_app(sandbox.runtime, query.get("app", ""), tenant.name)
    except registration.Ambiguous as error:
        return fault(409, str(error))
    if client is None or not launch_uri(client) or not students.may_launch(request, client):
        return fault(404, f"{tenant.name} has no app {query.get('app', '')} with a launch URI")
    await wait_until_filled(request, sandbox, ResourceSpace(tenant.name, client.fhir))
    context = _launch_context(query)
    if isinstance(context, str):
        return fault(422, context)
    identities = [query.get(name) for name in ("user", "patient", "encounter")]
    if absent := await launches.missing_reference(sandbox.runtime, tenant, client.fhir, *identities):
        return fault(422, absent)
    auto = client.auto_approve
    created = await launches.create_launch(
        sandbox.runtime,
        tenant,
        client,
        user=query.get("user") or (auto.user if auto else None),
        patient=query.get("patient") or (auto.patient if auto else None),
        encounter=query.get("encounter") or (auto.encounter if auto else None),
        student=students.owner_of(request),
        context=context,
    )
    return await _redirect_to_app(request, tenant, client, created)


def _show_not_launched(request: Request, sandbox: Sandbox, status: int, message: str) -> Response:
    link = Link("Go to the developer portal", "/developer")
    view = NoticeView(title="The app wasn’t launched", text=f"{message}.", primary=link)
    return html_response.error_response(request, sandbox, status, message, "", view)


def _launch_context(query: Mapping[str, str]) -> dict[str, object] | str:
    """Returns the other context of the launch, or a sentence that says what is wrong with it."""
    values: dict[str, object] = {name: query[name] for name in ("intent", "app_context") if query.get(name)}
    if query.get("fhir_context"):
        try:
            items = orjson.loads(query["fhir_context"])
        except orjson.JSONDecodeError:
            return "fhir_context must be valid JSON"
        if not isinstance(items, list):
            return "fhir_context must be a list"
        if faults := launch_context.find_problems(items):
            return f"fhir_context doesn't follow SMART App Launch: {'; '.join(faults)}"
        values["fhir_context"] = items
    return launches.context_of(values)
