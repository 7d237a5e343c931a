"""The administration API (/admin), only for the administrator and never for a page of another origin."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sickbay.authorization.launch import context as launch_context
from sickbay.authorization.launch import task as launch_task
from sickbay.authorization.models import Client
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.protocol import urls
from sickbay.sandbox.resetting import count_losses, reset
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import app_removal, enabling, id_token, patients, registration, secret_rotation, users
from sickbay.services import launch as launches
from sickbay.services import token as tokens
from sickbay.services.context import Tenant
from sickbay.services.journal import bodies, exchange_json
from sickbay.services.journal import read as journal_reader
from sickbay.storage.interface import Conflict, ResourceSpace
from sickbay.web import error_responses
from sickbay.web.admin import app_schemas, clock, faults, launch_state, openapi, policies, ready_line, resources
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import find_app, find_tenant, json_response, parse_body
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.admin.wrong import Wrong
from sickbay.web.router import HandlersOf

if TYPE_CHECKING:
    from sickbay.web.admin import hospitals, resend, snapshots
else:
    hospitals = HandlersOf("sickbay.web.admin.hospitals")
    resend = HandlersOf("sickbay.web.admin.resend")
    snapshots = HandlersOf("sickbay.web.admin.snapshots")

Handler = Callable[[Request, Sandbox], Awaitable[Response]]


async def add_app(request: Request, sandbox: Sandbox) -> Response:
    body: app_schemas.NewApp = await parse_body(request, app_schemas.NewApp)
    tenant = find_tenant(sandbox, body.tenant)
    fields = msgspec.to_builtins(body)
    fields["pkce"] = body.pkce or ("required" if body.smart_version == 2 else "if-sent")
    fields["grant_types"] = ("authorization_code", "refresh_token") if body.type != "system" else ("client_credentials",)
    if body.client_id and await registration.find_by_id(sandbox.runtime, body.client_id):
        raise _make_conflict(body.client_id)
    people = await users.list_users(sandbox.runtime, tenant)
    if body.client_id in {name for user in people for name in (user.username, user.sub)}:
        raise Wrong(409, f"{body.client_id} is the name of a user. An app can't have it (RFC 9700, 4.15)")
    await _check_approval(sandbox, tenant, body.auto_approve)
    return await _describe_registration(sandbox, fields, None, 201)


async def change_app(request: Request, sandbox: Sandbox) -> Response:
    old = await _find_requested_app(request, sandbox)
    body: app_schemas.ChangedApp = await parse_body(request, app_schemas.ChangedApp)
    auto = body.auto_approve if isinstance(body.auto_approve, app_schemas.AutoApprove) else None
    await _check_approval(sandbox, find_tenant(sandbox, old.tenant), auto)
    return await _describe_registration(sandbox, msgspec.to_builtins(body), old, 200)


async def _describe_registration(sandbox: Sandbox, fields: dict[str, Any], old: Client | None, status: int) -> Response:
    lacking = registration.settings_problem(sandbox.runtime, fields, old)
    if lacking:
        raise Wrong(422, lacking)
    try:
        result = await registration.register_app(sandbox.runtime, fields, old)
    except Conflict:
        raise _make_conflict(fields["client_id"]) from None
    findings = [finding.to_json() for finding in result.decision.explain().findings]
    if result.client is None:
        raise Wrong(422, "Registration failed", findings)
    return json_response(describe_app(result.client, secret=result.secret if old is None else None, findings=findings), status)


def _make_conflict(client_id: str) -> Wrong:
    return Wrong(409, f"An app with the client_id {client_id} already exists")


async def _check_approval(sandbox: Sandbox, tenant: Tenant, auto: app_schemas.AutoApprove | None) -> None:
    if auto is not None and auto.user not in {user.username for user in await users.list_users(sandbox.runtime, tenant)}:
        raise Wrong(422, f"auto_approve.user: {tenant.name} has no user {auto.user}")
    if wrong := requested_scopes.list_misspelt((auto.scopes if auto else None) or ""):
        raise Wrong(422, f"auto_approve.scopes contains invalid scopes: {' '.join(wrong)}")


async def new_secret(request: Request, sandbox: Sandbox) -> Response:
    client = await _find_requested_app(request, sandbox)
    if client.client != "symmetric":
        raise Wrong(409, f"{client.name} has no secret: it is {client.client}")
    new, secret = await secret_rotation.rotate_secret(sandbox.runtime, client)
    return json_response(describe_app(new, secret=secret))


async def enable_app(request: Request, sandbox: Sandbox) -> Response:
    """Register an app at another hospital: 201 with the new app, or 200 if it is already registered there."""
    client = await _find_requested_app(request, sandbox)
    body: app_schemas.EnabledApp = await parse_body(request, app_schemas.EnabledApp)
    tenant = find_tenant(sandbox, body.tenant)
    if tenant.name == client.tenant:
        return json_response(describe_app(client))
    if reason := enabling.find_obstacle(sandbox.runtime, client, tenant):
        raise Wrong(422, reason)
    result = await enabling.enable_app(sandbox.runtime, client, tenant)
    if isinstance(result, Client):
        return json_response(describe_app(result))
    findings = [finding.to_json() for finding in result.decision.explain().findings]
    if result.client is None:
        raise Wrong(422, f"The app can't be registered at {tenant.name}", findings)
    return json_response(describe_app(result.client, secret=result.secret, findings=findings), 201)


async def list_apps(request: Request, sandbox: Sandbox) -> Response:
    chosen = request.query_params.get("tenant")
    clients = await registration.list_clients(sandbox.runtime, find_tenant(sandbox, chosen).name if chosen else None)
    return json_response([describe_app(client) for client in clients])


async def get_app(request: Request, sandbox: Sandbox) -> Response:
    return json_response(describe_app(await _find_requested_app(request, sandbox)))


async def remove_app(request: Request, sandbox: Sandbox) -> Response:
    await app_removal.remove_app(sandbox.runtime, await _find_requested_app(request, sandbox))
    return Response(status_code=204)


async def add_user(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewUser = await parse_body(request, admin_schemas.NewUser)
    tenant = find_tenant(sandbox, body.tenant)
    if not users.PERSON.search(body.fhir_user):
        raise Wrong(422, f"fhirUser must be a person's resource such as Practitioner/pr-0001, not {body.fhir_user}")
    user = await users.save_user(
        sandbox.runtime, tenant, body.username, body.password, body.fhir_user, body.patients, body.name
    )
    return json_response(_person_resource(user), 201)


async def list_users(request: Request, sandbox: Sandbox) -> Response:
    chosen = request.query_params.get("tenant")
    tenants = [find_tenant(sandbox, chosen)] if chosen else list(sandbox.runtime.tenants.values())
    return json_response(
        [_person_resource(user) for tenant in tenants for user in await users.list_users(sandbox.runtime, tenant)]
    )


def _person_resource(user: Any) -> dict[str, Any]:
    return {
        "tenant": user.tenant,
        "username": user.username,
        "fhirUser": user.fhir_user,
        "name": user.name,
        "patients": user.patients,
    }


async def add_launch(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewLaunch = await parse_body(request, admin_schemas.NewLaunch)
    if sum(reference is not None for reference in (body.app, body.task, body.link)) != 1:
        raise Wrong(422, "Send exactly one of app, task and link")
    if body.app is None:
        client, body = await _app_of_launch(sandbox, body)
    else:
        client = await find_app(sandbox, body.app, body.tenant)
    tenant = find_tenant(sandbox, body.tenant or client.tenant)
    if body.smart_style_url and not urls.is_web_address(body.smart_style_url):
        raise Wrong(422, "smart_style_url must be an http or https address")
    if faults := launch_context.find_problems(body.fhir_context or []):
        raise Wrong(422, f"fhir_context doesn't follow SMART App Launch: {'; '.join(faults)}")
    await sandbox.filling.ensure(ResourceSpace(tenant.name, client.fhir))
    if absent := await launches.missing_reference(
        sandbox.runtime, tenant, client.fhir, body.user, body.patient, body.encounter
    ):
        raise Wrong(422, absent)
    auto = client.auto_approve
    created = await launches.create_launch(
        sandbox.runtime,
        tenant,
        client,
        user=body.user or (auto.user if auto else None),
        patient=body.patient or (auto.patient if auto else None),
        encounter=body.encounter or (auto.encounter if auto else None),
        context=launches.context_of(msgspec.to_builtins(body)),
    )
    return json_response(admin_schemas.Launched(*created), 201)


async def _app_of_launch(sandbox: Sandbox, body: admin_schemas.NewLaunch) -> tuple[Client, admin_schemas.NewLaunch]:
    """The app of a launch by Task or card, and the body with the members that the Task or card provides."""
    tenant = find_tenant(sandbox, body.tenant or "general")
    wanted = launch_task.request_of_link(body.link) if body.link is not None else await _request_of_task(sandbox, tenant, body)
    if isinstance(wanted, str):
        raise Wrong(422, f"The Task or card doesn't ask for a launch: {wanted}")
    if wanted.standalone:
        raise Wrong(409, f"This app opens standalone, without a launch: {wanted.url}")
    client = await launches.find_opening_app(sandbox.runtime, tenant, wanted, body.fhir)
    if client is None:
        raise Wrong(404, f"No app at {tenant.name} has the launch URI {wanted.url}")
    filled = msgspec.structs.replace(
        body,
        patient=body.patient or wanted.patient,
        encounter=body.encounter or wanted.encounter,
        app_context=body.app_context or wanted.app_context,
        intent=body.intent or wanted.intent,
        fhir_context=list(wanted.about) or None if body.fhir_context is None else body.fhir_context,
    )
    return client, filled


async def _request_of_task(
    sandbox: Sandbox, tenant: Tenant, body: admin_schemas.NewLaunch
) -> launch_task.LaunchTaskRequest | str:
    if body.fhir not in tenant.dialect.fhir:
        raise Wrong(422, f"{tenant.name} doesn't serve {body.fhir}")
    await sandbox.filling.ensure(ResourceSpace(tenant.name, body.fhir))
    task = await patients.read_resource(sandbox.runtime, tenant, body.fhir, "Task", body.task or "", None)
    if task is None:
        raise Wrong(404, f"There is no Task/{body.task} at {tenant.name}")
    return launch_task.request_of_task(task)


async def add_token(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewToken = await parse_body(request, admin_schemas.NewToken)
    client = await find_app(sandbox, body.app, body.tenant)
    tenant = find_tenant(sandbox, body.tenant or client.tenant)
    # a patient may be loaded later, but the user must exist
    if absent := await launches.missing_reference(sandbox.runtime, tenant, client.fhir, body.user, None, None):
        raise Wrong(422, absent)
    decision = tokens.examine_for_script(tenant, client, body.scope)
    if decision.refusal is not None:
        findings = [finding.to_json() for finding in decision.explain().findings]
        raise Wrong(422, f"No token has this scope: {findings[0]['title']}", findings)
    user = body.user or (client.auto_approve.user if client.auto_approve else None)
    token = await tokens.issue_token_for_script(sandbox.runtime, tenant, client, body.scope, patient=body.patient, user=user)
    if absent := await launches.missing_reference(sandbox.runtime, tenant, client.fhir, None, body.patient, None):
        token.setdefault("warnings", []).append(f"{absent}. Until it is loaded, the token shows no data of this patient.")
    return error_responses.respond_json(token, 201)


async def list_exchanges(request: Request, sandbox: Sandbox) -> Response:
    filters = {name: value for name, value in request.query_params.items() if value}
    runtime, journal = sandbox.runtime, sandbox.journal
    if "tenant" in filters:
        find_tenant(sandbox, filters["tenant"])
    if id := filters.get("correlation_id"):
        exchange = await journal_reader.read_exchange(runtime, journal, id, full=True)
        exchanges = [exchange] if exchange else []
    else:
        client = await find_app(sandbox, filters["app"], filters.get("tenant")) if "app" in filters else None
        limit = min(int(filters["limit"]), 1000) if re.fullmatch("[0-9]{1,9}", filters.get("limit", "")) else 100
        exchanges = await journal_reader.list_exchanges(
            runtime,
            journal,
            tenant=filters.get("tenant"),
            app=client.client_id if client else None,
            launch=filters.get("launch"),
            stage=filters.get("stage"),
            limit=limit,
        )
    return error_responses.respond_json([exchange_json.select_members(exchange) for exchange in exchanges])


async def show_exchange(request: Request, sandbox: Sandbox) -> Response:
    """One exchange, with its bodies if they are kept."""
    found = await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, request.path_params["id"], full=True)
    if found is None:
        raise Wrong(404, "No exchange has this id, or it was deleted")
    return error_responses.respond_json(exchange_json.select_members(await bodies.add_bodies(sandbox.runtime, found)))


async def rotate_keys(request: Request, sandbox: Sandbox) -> Response:
    return json_response(await id_token.rotate(sandbox.runtime))


async def show_keys(request: Request, sandbox: Sandbox) -> Response:
    return json_response(await id_token.list_keys(sandbox.runtime))


async def make_reset(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.Reset = await parse_body(request, admin_schemas.Reset)
    if body.tenant is not None:
        find_tenant(sandbox, body.tenant)
    await reset(sandbox, body.tenant, body.everything)
    return Response(status_code=204)


async def show_losses(request: Request, sandbox: Sandbox) -> Response:
    sent = msgspec.convert(dict(request.query_params), admin_schemas.Reset, strict=False)
    if sent.tenant is not None:
        find_tenant(sandbox, sent.tenant)
    return json_response(admin_schemas.Losses(*await count_losses(sandbox, sent.tenant, sent.everything)))


async def show_server(request: Request, sandbox: Sandbox) -> Response:
    return json_response(await ready_line.make_line(sandbox))


async def describe(request: Request, sandbox: Sandbox) -> Response:
    return error_responses.respond_json(openapi.make_document())


HANDLERS: dict[tuple[str, str], Handler] = {
    ("get", "/admin"): show_server,
    ("post", "/admin/apps"): add_app,
    ("get", "/admin/apps"): list_apps,
    ("get", "/admin/apps/{app}"): get_app,
    ("patch", "/admin/apps/{app}"): change_app,
    ("delete", "/admin/apps/{app}"): remove_app,
    ("post", "/admin/apps/{app}/enable"): enable_app,
    ("post", "/admin/apps/{app}/secret"): new_secret,
    ("post", "/admin/users"): add_user,
    ("get", "/admin/users"): list_users,
    ("post", "/admin/launches"): add_launch,
    ("get", "/admin/launches"): launch_state.list_launches,
    ("get", "/admin/launches/{launch}"): launch_state.get_launch,
    ("post", "/admin/tokens"): add_token,
    ("get", "/admin/exchanges"): list_exchanges,
    ("get", "/admin/exchanges/{id}"): show_exchange,
    ("post", "/admin/exchanges/{id}/resend"): resend.resend,
    ("post", "/admin/clock"): clock.move_clock,
    ("get", "/admin/clock"): clock.get_clock,
    ("get", "/admin/policies"): policies.list_policies,
    ("get", "/admin/policies/{tenant}"): policies.get_policy,
    ("patch", "/admin/policies/{tenant}"): policies.change_policy,
    ("post", "/admin/faults"): faults.add_faults,
    ("get", "/admin/faults"): faults.list_faults,
    ("delete", "/admin/faults"): faults.remove_faults,
    ("get", "/admin/faults/kinds"): faults.describe_faults,
    ("delete", "/admin/faults/{id}"): faults.remove_fault,
    ("post", "/admin/hospitals"): hospitals.add_hospital,
    ("get", "/admin/hospitals"): hospitals.list_hospitals,
    ("delete", "/admin/hospitals/{hospital}"): hospitals.remove_hospital,
    ("post", "/admin/resources"): resources.add_resource,
    ("get", "/admin/resources"): resources.list_resources,
    ("delete", "/admin/resources/{id}"): resources.remove_resource,
    ("post", "/admin/snapshots"): snapshots.save_snapshot,
    ("get", "/admin/snapshots"): snapshots.list_snapshots,
    ("post", "/admin/snapshots/{name}/restore"): snapshots.restore_snapshot,
    ("get", "/admin/snapshots/{name}/export"): snapshots.export_snapshot,
    ("post", "/admin/snapshots/import"): snapshots.import_snapshot,
    ("delete", "/admin/snapshots/{name}"): snapshots.remove_snapshot,
    ("get", "/admin/keys"): show_keys,
    ("post", "/admin/keys/rotate"): rotate_keys,
    ("post", "/admin/reset"): make_reset,
    ("get", "/admin/reset"): show_losses,
    ("get", "/admin/openapi.json"): describe,
}


def list_routes(sandbox: Sandbox) -> list[Route]:
    return [
        Route(path, _guard_handler(sandbox, handler), methods=[method.upper()]) for (method, path), handler in HANDLERS.items()
    ]


def _guard_handler(sandbox: Sandbox, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def call(request: Request) -> Response:
        if rejection := refuse_stranger(request, sandbox, acts=True, pages=False):
            return rejection
        try:
            return await handler(request, sandbox)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise Wrong(422, f"The body doesn't match /admin/openapi.json: {error}") from None

    return call


async def _find_requested_app(request: Request, sandbox: Sandbox) -> Client:
    return await find_app(sandbox, request.path_params["app"], request.query_params.get("tenant"))


def describe_app(client: Client, secret: str | None = None, findings: list[dict[str, Any]] | None = None) -> app_schemas.App:
    """An app as in the OpenAPI document: never with the hash of its secret."""
    known = msgspec.to_builtins(client)
    members = {name: known[name] for name in app_schemas.App.__struct_fields__ if name in known}
    shown_once = {"client_secret": secret, "findings": findings}
    members |= {name: value for name, value in shown_once.items() if value is not None}
    return msgspec.convert(members, app_schemas.App)
