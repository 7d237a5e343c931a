"""The route table of everything except FHIR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.context import Tenant
from sickbay.web import health, html_response, population_pending
from sickbay.web.address_hints import EVERY_PATH
from sickbay.web.admin import handlers as admin_handlers
from sickbay.web.admin import session as admin_session
from sickbay.web.oauth import brands, discovery
from sickbay.web.oauth.discovery import Documents
from sickbay.web.oauth.token import handle_token
from sickbay.web.router import (
    Handler,
    HandlersOf,
    bind_admin,
    bind_admin_id,
    bind_cross_origin,
    bind_id,
    bind_oauth,
    bind_sandbox,
    bind_tenant,
)

if TYPE_CHECKING:
    from sickbay.web import mcp
    from sickbay.web.docs import handlers as docs_handlers
    from sickbay.web.ehr import app_launch, app_tiles
    from sickbay.web.ehr import handlers as ehr_handlers
    from sickbay.web.exchanges import compare_launches, listing, resend, timelines
    from sickbay.web.exchanges import handlers as exchange_handlers
    from sickbay.web.explorer import handlers as explorer
    from sickbay.web.oauth import (
        authorize,
        authorized_apps,
        dynamic_registration,
        introspection,
        login,
        logout,
        revocation,
        userinfo,
    )
    from sickbay.web.portal import (
        app_edit,
        app_faults,
        app_policy,
        apps,
        class_join,
        class_link,
        class_overview,
        developer,
        doctor,
        hospitals,
        lookup,
        resources,
        rules,
        time,
    )
    from sickbay.web.portal import registration as portal_registration
else:
    docs_handlers = HandlersOf("sickbay.web.docs.handlers")
    app_launch = HandlersOf("sickbay.web.ehr.app_launch")
    app_tiles = HandlersOf("sickbay.web.ehr.app_tiles")
    mcp = HandlersOf("sickbay.web.mcp")
    ehr_handlers = HandlersOf("sickbay.web.ehr.handlers")
    exchange_handlers = HandlersOf("sickbay.web.exchanges.handlers")
    compare_launches = HandlersOf("sickbay.web.exchanges.compare_launches")
    listing = HandlersOf("sickbay.web.exchanges.listing")
    resend = HandlersOf("sickbay.web.exchanges.resend")
    timelines = HandlersOf("sickbay.web.exchanges.timelines")
    explorer = HandlersOf("sickbay.web.explorer.handlers")
    authorize = HandlersOf("sickbay.web.oauth.authorize")
    authorized_apps = HandlersOf("sickbay.web.oauth.authorized_apps")
    dynamic_registration = HandlersOf("sickbay.web.oauth.dynamic_registration")
    introspection = HandlersOf("sickbay.web.oauth.introspection")
    login = HandlersOf("sickbay.web.oauth.login")
    logout = HandlersOf("sickbay.web.oauth.logout")
    revocation = HandlersOf("sickbay.web.oauth.revocation")
    userinfo = HandlersOf("sickbay.web.oauth.userinfo")
    app_edit = HandlersOf("sickbay.web.portal.app_edit")
    app_faults = HandlersOf("sickbay.web.portal.app_faults")
    app_policy = HandlersOf("sickbay.web.portal.app_policy")
    apps = HandlersOf("sickbay.web.portal.apps")
    class_join = HandlersOf("sickbay.web.portal.class_join")
    class_link = HandlersOf("sickbay.web.portal.class_link")
    class_overview = HandlersOf("sickbay.web.portal.class_overview")
    developer = HandlersOf("sickbay.web.portal.developer")
    doctor = HandlersOf("sickbay.web.portal.doctor")
    hospitals = HandlersOf("sickbay.web.portal.hospitals")
    lookup = HandlersOf("sickbay.web.portal.lookup")
    resources = HandlersOf("sickbay.web.portal.resources")
    rules = HandlersOf("sickbay.web.portal.rules")
    time = HandlersOf("sickbay.web.portal.time")
    portal_registration = HandlersOf("sickbay.web.portal.registration")


def list_routes(sandbox: Sandbox, documents: Documents) -> list[BaseRoute]:
    table: list[BaseRoute] = [route for tenant in sandbox.runtime.tenants.values() for route in _tenant_routes(sandbox, tenant)]
    table += [
        Route("/healthz", health.show_health),
        Route("/readyz", health.show_readiness),
        Route("/metrics", health.show_metrics),
        Mount("/static", StaticFiles(directory=html_response.STATIC)),
        Route("/", bind_sandbox(sandbox, developer.show_home)),
        Route("/doctor", bind_sandbox(sandbox, doctor.show_doctor), methods=["GET", "POST"]),
        Route("/docs", bind_sandbox(sandbox, docs_handlers.show_home)),
        Route("/docs/{path:path}", bind_sandbox(sandbox, docs_handlers.show_docs)),
        Route("/llms.txt", bind_sandbox(sandbox, docs_handlers.show_llms)),
        Route("/rules", bind_sandbox(sandbox, rules.show_rules)),
        Route("/rules.md", bind_sandbox(sandbox, rules.show_rules)),
        Route("/rules/{id}", bind_id(sandbox, rules.show_rule)),
        Route("/theme", bind_sandbox(sandbox, developer.change_theme), methods=["POST"]),
        Route("/developer", bind_admin(sandbox, apps.show_apps)),
        Route(admin_session.SIGN_IN, bind_sandbox(sandbox, admin_session.sign_in), methods=["GET", "POST"]),
        Route("/developer/sign-out", bind_sandbox(sandbox, admin_session.sign_out), methods=["POST"]),
        Route("/developer/search", bind_sandbox(sandbox, lookup.look_up), methods=["GET", "POST"]),
        Route("/developer/time", bind_admin(sandbox, time.show_time), methods=["GET", "POST"]),
        Route("/developer/explorer", bind_admin(sandbox, explorer.show_home)),
        Route("/developer/explorer/{path:path}", bind_admin(sandbox, explorer.explore)),
        Route("/developer/register", bind_admin(sandbox, portal_registration.register), methods=["GET", "POST"]),
        Route("/developer/apps/{id}", bind_admin_id(sandbox, apps.show_app)),
        Route("/developer/apps/{id}/edit", bind_admin_id(sandbox, app_edit.edit), methods=["GET", "POST"]),
        Route("/developer/apps/{id}/secret", bind_admin_id(sandbox, apps.rotate_secret), methods=["POST"]),
        Route("/developer/apps/{id}/settings", bind_admin_id(sandbox, app_policy.show_settings), methods=["GET", "POST"]),
        Route("/developer/apps/{id}/policy", bind_admin_id(sandbox, apps.change_policy), methods=["POST"]),
        Route("/developer/apps/{id}/cards", bind_admin_id(sandbox, apps.change_cards), methods=["POST"]),
        Route("/developer/apps/{id}/faults", bind_admin_id(sandbox, app_faults.change), methods=["POST"]),
        Route("/developer/apps/{id}/enable", bind_admin_id(sandbox, apps.enable), methods=["POST"]),
        Route("/developer/apps/{id}/remove", bind_admin_id(sandbox, apps.remove), methods=["POST"]),
        Route("/developer/hospitals", bind_admin(sandbox, hospitals.show_hospitals), methods=["GET", "POST"]),
        Route("/developer/hospitals/{id}/resources", bind_admin_id(sandbox, resources.show_resources), methods=["GET", "POST"]),
        Route("/developer/hospitals/{id}", bind_admin_id(sandbox, hospitals.show_hospital), methods=["GET", "POST"]),
        Route("/exchanges", bind_sandbox(sandbox, listing.show_list)),
        Route("/exchanges/clear", bind_sandbox(sandbox, listing.clear), methods=["GET", "POST"]),
        Route("/exchanges/{id}", bind_id(sandbox, exchange_handlers.show_by_id)),
        Route("/timelines", bind_admin(sandbox, listing.show_launches)),
        Route("/exchanges/{id}/resend", bind_admin_id(sandbox, resend.resend), methods=["GET", "POST"]),
        Route("/timelines/{id}/compare", bind_admin_id(sandbox, compare_launches.show_comparison)),
        Route("/timelines/{id}", bind_id(sandbox, timelines.show_timeline), methods=["GET", "POST"]),
        *([Route("/mcp", bind_sandbox(sandbox, mcp.handle_mcp), methods=["POST"])] if sandbox.settings.mcp != "off" else []),
        Route("/developer/certificate", bind_sandbox(sandbox, class_link.send_certificate)),
        *(_class_routes(sandbox) if sandbox.settings.class_mode else ()),
        *discovery.list_routes(sandbox, documents),
        *brands.list_routes(sandbox),
        *admin_handlers.list_routes(sandbox),
    ]
    for tenant in sandbox.runtime.tenants.values():
        table += _ehr_routes(sandbox, tenant)
    return [*table, _any_method(EVERY_PATH, bind_sandbox(sandbox, developer.respond_not_found))]


def _any_method(path: str, handler: Handler) -> Route:
    """Returns a route whose handler answers every method, because it explains unsupported ones."""
    route = Route(path, handler)
    route.methods = None
    return route


def _class_routes(sandbox: Sandbox) -> list[BaseRoute]:
    return [
        Route("/developer/class", bind_admin(sandbox, class_overview.show_overview), methods=["GET", "POST"]),
        Route("/developer/class/{id}", bind_admin_id(sandbox, class_overview.show_student), methods=["GET", "POST"]),
        Route("/developer/join", bind_sandbox(sandbox, class_join.join), methods=["GET", "POST"]),
        Route("/developer/join/{id}", bind_id(sandbox, class_join.join_with_link), methods=["GET", "POST"]),
    ]


def _ehr_routes(sandbox: Sandbox, tenant: Tenant) -> list[BaseRoute]:
    home = f"/{tenant.name}/ehr"
    return [
        Route(f"/{tenant.name}", bind_tenant(sandbox, tenant, ehr_handlers.redirect_to_ehr)),
        Route(home, bind_tenant(sandbox, tenant, ehr_handlers.show_today)),
        Route(f"{home}/sign-in", bind_tenant(sandbox, tenant, ehr_handlers.sign_in), methods=["GET", "POST"]),
        Route(f"{home}/sign-out", bind_tenant(sandbox, tenant, ehr_handlers.sign_out), methods=["POST"]),
        Route(f"{home}/patients", bind_tenant(sandbox, tenant, ehr_handlers.show_people)),
        Route(f"{home}/patients/{{patient}}", bind_tenant(sandbox, tenant, ehr_handlers.show_chart)),
        Route(f"{home}/patients/{{patient}}/requests", bind_tenant(sandbox, tenant, ehr_handlers.show_requests)),
        Route(f"{home}/filling/{{version}}", bind_tenant(sandbox, tenant, population_pending.show_progress)),
        Route(f"{home}/favourites", bind_tenant(sandbox, tenant, app_tiles.change_favourite), methods=["POST"]),
        Route(f"{home}/open", bind_tenant(sandbox, tenant, app_launch.open_app)),
        Route(f"{home}/launch", bind_tenant(sandbox, tenant, app_launch.launch_app)),
    ]


def _tenant_routes(sandbox: Sandbox, tenant: Tenant) -> list[BaseRoute]:
    """The routes of a hospital, at the dialect's paths."""
    home, dialect = f"/{tenant.name}", tenant.dialect
    authorized = {dialect.path("authorize", persona): persona for persona in ("patient", "provider")}
    table: list[BaseRoute] = [
        Route(home + path, bind_oauth(sandbox, tenant, authorize.authorize, persona), methods=["GET", "POST"])
        for path, persona in authorized.items()
    ]
    table += [
        _any_method(home + dialect.path("token"), bind_cross_origin(sandbox, tenant, handle_token, credentials=True)),
        _any_method(home + dialect.path("introspect"), bind_cross_origin(sandbox, tenant, introspection.handle_introspection)),
        _any_method(home + dialect.path("revoke"), bind_cross_origin(sandbox, tenant, revocation.handle_revocation)),
        Route(f"{home}/oauth/register", bind_oauth(sandbox, tenant, dynamic_registration.register), methods=["POST"]),
        Route(
            f"{home}/oauth/register/{{client_id}}",
            bind_oauth(sandbox, tenant, dynamic_registration.manage),
            methods=["GET", "PUT", "DELETE"],
        ),
        Route(
            f"{home}/oauth/userinfo",
            bind_cross_origin(sandbox, tenant, userinfo.handle_userinfo),
            methods=["GET", "POST", "OPTIONS"],
        ),
        Route(f"{home}/oauth/logout", bind_oauth(sandbox, tenant, logout.handle_logout), methods=["GET", "POST"]),
        Route(f"{home}/oauth/continue", bind_oauth(sandbox, tenant, login.show_next_page), methods=["GET", "POST"]),
    ]
    table += [
        Route(home + path, bind_oauth(sandbox, tenant, authorized_apps.show_authorized_apps), methods=["GET", "POST"])
        for path in sorted({dialect.path("manage", persona) for persona in ("patient", "provider")})
    ]
    if dialect.tenant_id:
        table += _routes_near_tenant(sandbox, tenant)
    if "errors" in dialect.paths:
        table.append(Route(home + "/errors/{urn}/instances/{id}", bind_id(sandbox, exchange_handlers.show_by_id)))
    return table


def _routes_near_tenant(sandbox: Sandbox, tenant: Tenant) -> list[BaseRoute]:
    """List the routes that name another tenant in the path. The hospital that a request reached handles it."""
    home, paths = f"/{tenant.name}", tenant.dialect.paths
    authorize_paths = {persona: paths["authorize"].replace("{persona}", persona) for persona in ("patient", "provider")}
    return [
        *(
            Route(home + path, bind_oauth(sandbox, tenant, authorize.authorize, persona), methods=["GET", "POST"])
            for persona, path in authorize_paths.items()
        ),
        _any_method(home + paths["token"], bind_cross_origin(sandbox, tenant, handle_token, credentials=True)),
    ]


def sample_routes(sandbox: Sandbox) -> list[BaseRoute]:
    async def config(request: Request) -> Response:
        return discovery.sample_config(sandbox)

    return [Route("/config.json", config), Mount("/", StaticFiles(directory=html_response.SAMPLE, html=True, check_dir=False))]
