"""Sign-in, patient picker and consent: one address that shows the next form of an authorization."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.launch.url import launch_uri
from sickbay.authorization.models import Client, User
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import failed_attempts, login, patients, pending_authorization, records, sessions, shown_pages, users
from sickbay.services import lost_session as held_back
from sickbay.services.context import Tenant
from sickbay.services.lost_session import Ending, LostSession
from sickbay.services.pending_authorization import PendingAuthorization
from sickbay.services.sessions import Session
from sickbay.services.throttle import Throttled, ThrottleKey
from sickbay.storage.interface import ResourceSpace
from sickbay.web import cookies, html_response, http_request
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.ehr import chart
from sickbay.web.http_request import get_peer, headers_of
from sickbay.web.oauth import consent, context_picker, visit_picker
from sickbay.web.oauth.authorize import deliver_failure, redirect_with_result
from sickbay.web.oauth.sign_in import Account, ConsentView, PickerView, SignInView, consent_groups
from sickbay.web.pages import notice
from sickbay.web.pages.parts import Chip, Link
from sickbay.web.population_pending import PopulationPending, wait_until_filled
from sickbay.web.redirects import redirect_to

ENDINGS: dict[Ending, str] = {
    "unknown": "It was answered, it timed out, or Sickbay was reset. Launch the app again.",
    "expired": f"It timed out after {pending_authorization.WAITS_FOR // 60} minutes. Launch the app again.",
    "app-removed": "The app was removed. Register it again, then launch it.",
    "other-browser": "It was started in another browser, or this browser didn’t send Sickbay’s cookie. Launch it here.",
    "redirect-uri-removed": "Its redirect URI was removed from the app’s registration. Launch the app again.",
}
"""What the page says about a request that is no longer valid."""


async def show_next_page(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """GET shows the next page. POST handles the user's answer."""
    sent = parse(await http_request.read_body(request)) if request.method == "POST" else http_request.query_of(request.scope)
    session = await cookies.find_session(request, sandbox)
    waiting = await pending_authorization.load_pending(
        sandbox.runtime, tenant, sent.get("request") or "", session, automatic=allows_one_click(request)
    )
    if waiting is None:
        return await _show_ended_request(request, sandbox, tenant, session, sent)
    if request.method == "POST" and not cookies.is_own_form(request, session, sent.get("csrf")):
        return _redirect_to_next_page(tenant, waiting)
    step = _handle_answer if request.method == "POST" else _show_next_page
    try:
        await wait_until_filled(request, sandbox, ResourceSpace(tenant.name, waiting.version))
        return await step(request, sandbox, tenant, waiting, session, sent)
    except (Throttled, PopulationPending):
        raise
    except Exception as error:
        return await deliver_failure(request, sandbox, tenant, waiting, "login", error)


async def _show_ended_request(
    request: Request, sandbox: Sandbox, tenant: Tenant, session: Session | None, sent: Parameters
) -> Response:
    """Show that the request has ended. If it is in a frame without our cookie, the browser blocks cookies: offer a new tab."""
    options = html_response.PageOptions(tenant, session, bare=True, framed=True)
    framed = session is None and request.headers.get("sec-fetch-dest", "iframe") != "document"
    lost = await held_back.load_lost_session(sandbox.runtime, tenant, sent.get("request") or "") if framed else None
    if lost is None:
        ending = await held_back.find_ending(sandbox.runtime, tenant, sent.get("request") or "", session)
        home = Link("Go to the start page", "/")
        view = notice.NoticeView(title="This request is no longer valid", text=ENDINGS[ending], primary=home)
        return html_response.render_page(request, sandbox, "notice", view, options, 400)
    exchange = f"/exchanges/{http_request.exchange_id(request)}"
    view = notice.continue_in_tab(_restart_url(tenant, lost), lost.client.name, exchange)
    response = html_response.render_page(request, sandbox, "notice", view, options, 400)
    return await http_request.record_exchange(
        request,
        response,
        stage="login",
        tenant=tenant.name,
        client_id=lost.client.client_id,
        timeline=lost.timeline,
        decision=lost.decision,
        explanation=lost.decision.explain(),
        shown=False,
    )


def _restart_url(tenant: Tenant, lost: LostSession) -> str:
    """Returns the URL that starts again in a tab, which lacks the app's data in the frame, so it needs a new launch."""
    if lost.launch is None or not launch_uri(lost.client):
        return lost.again
    about = {"app": lost.client.app_id, "patient": lost.launch.patient, "encounter": lost.launch.encounter}
    return f"/{tenant.name}/ehr/open?{urlencode({name: value for name, value in about.items() if value})}"


async def _show_next_page(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, session: Session | None, sent: Parameters
) -> Response:
    step = await login.next_step(sandbox.runtime, tenant, waiting)
    if step == "nothing":
        return await _finish_login(request, sandbox, tenant, waiting, None)
    await shown_pages.note_page(sandbox.runtime, waiting, step)
    framed = tenant.override_for_app(waiting.client).policy.may_frame(signed_in=step != "sign-in")
    options = html_response.PageOptions(
        tenant, session, user=waiting.user, bare=True, leads_to=(waiting.redirect_uri,), framed=framed
    )
    if step == "sign-in":
        view = await sign_in_view(
            request,
            sandbox,
            tenant,
            make_action(tenant),
            waiting.id,
            waiting.client.name,
            username=waiting.sign_in_parameters.hint,
        )
        return html_response.render_page(request, sandbox, "sign_in", view, options)
    if step == "patient":
        return html_response.render_page(
            request, sandbox, "picker", await _picker_view(sandbox, tenant, waiting, (sent.get("q") or "").strip()), options
        )
    if step == "encounter":
        return html_response.render_page(request, sandbox, "visits", await _visits_view(sandbox, tenant, waiting), options)
    if step == "context":
        return html_response.render_page(request, sandbox, "contexts", await _contexts_view(sandbox, tenant, waiting), options)
    return html_response.render_page(request, sandbox, "consent", await _consent_view(sandbox, tenant, waiting), options)


def make_action(tenant: Tenant) -> str:
    return f"/{tenant.name}/oauth/continue"


async def sign_in_view(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    to: str,
    waits: str = "",
    app: str = "",
    fault: str = "",
    username: str = "",
) -> SignInView:
    accounts_here = await users.list_users(sandbox.runtime, tenant)
    accounts = tuple(
        Account(account.username, account.name or account.username, account.title, account.acts_for_patients)
        for account in accounts_here
        if account.seeded
    )
    opens = allows_one_click(request)
    return SignInView(
        action=to,
        hospital=tenant.title,
        accounts=accounts if opens else (),
        request=waits,
        app=app,
        fault=fault,
        username=username,
        allow_accounts=opens,
    )


def allows_one_click(request: Request) -> bool:
    """Whether this request may sign in to a built-in account with one click, and be approved automatically."""
    guard: AdminGuard = request.app.state.guard
    return guard.opens_sign_in(request.scope, headers_of(request.scope))


async def signing_in_user(request: Request, sandbox: Sandbox, tenant: Tenant, sent: Parameters) -> User | None:
    """The user who signs in: with one click as a built-in account, or with username and password."""
    account = sent.get("account")
    if account and allows_one_click(request):
        user = await records.load_user(sandbox.runtime, tenant, account)
        return user if user and user.seeded else None
    runtime, username = sandbox.runtime, sent.get("username") or ""
    key = ThrottleKey("person", tenant.name, username, get_peer(request.scope))
    await failed_attempts.check_throttle(runtime, key)
    signed_in = await sessions.check_password(runtime, tenant, username, sent.get("password") or "")
    if signed_in is None:
        await failed_attempts.count_failure(runtime, key)
    return signed_in


async def _handle_answer(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, session: Session | None, sent: Parameters
) -> Response:
    step = await login.next_step(sandbox.runtime, tenant, waiting)
    if step == "sign-in":
        has_input = sent.get("account") or sent.get("username") or sent.get("password")
        return (
            await _sign_in(request, sandbox, tenant, waiting, session, sent)
            if has_input
            else _redirect_to_next_page(tenant, waiting)
        )
    if sent.get("decision") in ("refuse", "nobody"):
        return await _finish_login(request, sandbox, tenant, waiting, None, denied=True)
    if step == "patient" and session is not None and sent.get("patient"):
        chosen = structs.replace(waiting, patient=sent.get("patient"))
        await pending_authorization.store_pending(sandbox.runtime, tenant, chosen, session)
        return _redirect_to_next_page(tenant, waiting)
    if step == "encounter" and session is not None and sent.get("decision") in ("open", "without"):
        encounter = sent.get("encounter") if sent.get("decision") == "open" else None
        await pending_authorization.store_pending(
            sandbox.runtime, tenant, structs.replace(waiting, encounter=encounter or ""), session
        )
        return _redirect_to_next_page(tenant, waiting)
    if step == "context" and session is not None and sent.get("decision") in ("open", "without"):
        await _store_choice(sandbox, tenant, waiting, session, sent)
        return _redirect_to_next_page(tenant, waiting)
    if step == "consent" and sent.get("decision") == "allow":
        ticked = consent.list_ticked_scopes(sent.all("scope"), sent.all("narrow"), sent.all("only"))
        return await _finish_login(request, sandbox, tenant, waiting, ticked)
    return _redirect_to_next_page(tenant, waiting)


def _redirect_to_next_page(tenant: Tenant, waiting: PendingAuthorization) -> Response:
    return redirect_to(f"{make_action(tenant)}?request={waiting.id}")


async def _sign_in(
    request: Request, sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, session: Session | None, sent: Parameters
) -> Response:
    user = await signing_in_user(request, sandbox, tenant, sent)
    if user is None:
        fault = "Wrong username or password."
        view = await sign_in_view(
            request, sandbox, tenant, make_action(tenant), waiting.id, waiting.client.name, fault, sent.get("username") or ""
        )
        framed = tenant.override_for_app(waiting.client).policy.may_frame(signed_in=False)
        options = html_response.PageOptions(tenant, session, bare=True, leads_to=(waiting.redirect_uri,), framed=framed)
        return html_response.render_page(request, sandbox, "sign_in", view, options, 401)
    new, cookie = await sessions.sign_in(sandbox.runtime, tenant, session, user)
    await pending_authorization.store_pending(sandbox.runtime, tenant, waiting, new)
    response = _redirect_to_next_page(tenant, waiting)
    cookies.put(request, response, sandbox, cookie)
    return response


async def _finish_login(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    waiting: PendingAuthorization,
    ticked: tuple[str, ...] | None,
    denied: bool = False,
) -> Response:
    finished = await login.finish_login(sandbox.runtime, tenant, waiting, ticked=ticked, denied=denied)
    response, _, explanation = await redirect_with_result(request, sandbox, tenant, waiting, finished)
    return await http_request.record_exchange(
        request,
        response,
        stage=finished.decision.stage.name,
        tenant=tenant.name,
        client_id=waiting.client.client_id,
        timeline=waiting.timeline,
        decision=finished.decision,
        explanation=explanation,
        shown=False,
        pages=waiting.pages,
    )


async def _picker_view(sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, query: str) -> PickerView:
    parameters = [*patients.search_parameters(query), ("_sort", "family"), ("_count", "50")]
    matches = await patients.list_patients(sandbox.runtime, tenant, waiting.version, parameters, waiting.user)
    candidates = tuple(
        sorted((chart.make_candidate(patient) for patient in matches.rows), key=lambda patient: (patient.family, patient.given))
    )
    return PickerView(
        action=make_action(tenant),
        app=waiting.client.name,
        candidates=candidates,
        request=waiting.id,
        query=query,
        total=matches.total,
    )


async def _store_choice(
    sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization, session: Session, sent: Parameters
) -> None:
    """Store the user's choice, which must be one of the offered resources."""
    choice = login.open_context(tenant, waiting)
    if choice is None:
        return
    scope, type = choice
    offered = {f"{type}/{candidate['id']}" for candidate in await login.list_candidates(sandbox.runtime, tenant, waiting, type)}
    wanted = sent.get("reference") or "" if sent.get("decision") == "open" else ""
    chosen = {**waiting.chosen, scope.text: wanted if wanted in offered else ""}
    await pending_authorization.store_pending(sandbox.runtime, tenant, structs.replace(waiting, chosen=chosen), session)


async def _contexts_view(sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization) -> context_picker.ContextsView:
    choice = login.open_context(tenant, waiting)
    assert choice is not None
    scope, type = choice
    patient = waiting.patient or login.find_own_patient(waiting) or ""
    record = await patients.read_resource(sandbox.runtime, tenant, waiting.version, "Patient", patient, waiting.user)
    candidates = await login.list_candidates(sandbox.runtime, tenant, waiting, type)
    return context_picker.ContextsView(
        action=make_action(tenant),
        app=waiting.client.name,
        scope=scope.text,
        type=type,
        role=scope.role or "",
        patient=_name_of_patient(record) if patient else "",
        choices=context_picker.list_choices(type, candidates),
        request=waiting.id,
    )


async def _visits_view(sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization) -> visit_picker.VisitsView:
    patient = waiting.patient or login.find_own_patient(waiting) or ""
    record = await patients.read_resource(sandbox.runtime, tenant, waiting.version, "Patient", patient, waiting.user)
    encounters = (
        await patients.list_encounters(sandbox.runtime, tenant, waiting.version, patient, waiting.user) if record else []
    )
    return visit_picker.VisitsView(
        action=make_action(tenant),
        app=waiting.client.name,
        patient=_name_of_patient(record),
        choices=visit_picker.list_choices(encounters),
        request=waiting.id,
    )


def _name_of_patient(record: patients.Json | None) -> str:
    return " ".join(reversed(chart.name_of(record))).strip() if record else ""


async def _consent_view(sandbox: Sandbox, tenant: Tenant, waiting: PendingAuthorization) -> ConsentView:
    patient = waiting.patient or login.find_own_patient(waiting)
    record = None
    if patient:
        record = await patients.read_resource(sandbox.runtime, tenant, waiting.version, "Patient", patient, waiting.user)
    name = _name_of_patient(record)
    user = waiting.user.name or waiting.user.username if waiting.user else ""
    before = await login.load_consent(sandbox.runtime, tenant, waiting)
    groups = consent_groups((decision.scope for decision in waiting.offered if decision.granted), name, user)
    return ConsentView(
        action=make_action(tenant),
        app=waiting.client.name,
        groups=consent.preset_checkboxes(groups, waiting.version, before),
        goes_to=waiting.redirect_uri,
        request=waiting.id,
        patient=name,
        user=user,
        dropped=tuple(Chip(decision.scope, "dropped", decision.reason) for decision in waiting.offered if not decision.granted),
        request_href=f"/exchanges/{waiting.exchange}",
        manage_href=f"/{tenant.name}{tenant.dialect.path('manage')}",
        **_describe_document(waiting.client, waiting.redirect_uri),
        resource=_name_resource(tenant, waiting.base),
    )


def _name_resource(tenant: Tenant, url: str) -> str:
    return next((resource.name or resource.url for resource in tenant.server.resources if resource.url == url), "")


def _describe_document(client: Client, redirect_uri: str) -> dict[str, Any]:
    """Returns facts about an unregistered client for the user to check: the URLs of its document and redirect."""
    if client.document is None:
        return {}
    return {
        "client_host": urls.split(client.client_id).netloc,
        "redirect_host": urls.split(redirect_uri).netloc or f"{urls.scheme_of(redirect_uri)}:",
        "on_this_machine": all(map(urls.is_loopback, client.redirect_uris)),
    }
