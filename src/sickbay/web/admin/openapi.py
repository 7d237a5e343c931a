"""Builds /admin/openapi.json from the types that validate the requests."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import msgspec

from sickbay import __version__
from sickbay.web.admin import app_schemas
from sickbay.web.admin import schemas as admin_schemas


class AdminEndpoint(NamedTuple):
    """One endpoint of the API. query: names of query parameters. body, answer: bytes for a zip."""

    method: str
    path: str
    summary: str
    body: type | None
    status: int
    answer: Any
    query: tuple[str, ...] = ()


OPERATIONS = (
    AdminEndpoint(
        "get", "/admin", "Addresses, users and apps, as serve --json prints them", None, 200, admin_schemas.ReadyLine
    ),
    AdminEndpoint("post", "/admin/apps", "Register an app", app_schemas.NewApp, 201, app_schemas.App),
    AdminEndpoint("get", "/admin/apps", "All apps", None, 200, list[app_schemas.App], ("tenant",)),
    AdminEndpoint("get", "/admin/apps/{app}", "One app", None, 200, app_schemas.App),
    AdminEndpoint("patch", "/admin/apps/{app}", "Change an app", app_schemas.ChangedApp, 200, app_schemas.App),
    AdminEndpoint("delete", "/admin/apps/{app}", "Remove an app", None, 204, None),
    AdminEndpoint(
        "post", "/admin/apps/{app}/enable", "Register an app at another hospital", app_schemas.EnabledApp, 201, app_schemas.App
    ),
    AdminEndpoint(
        "post", "/admin/apps/{app}/secret", "Create a new client_secret; it is shown only once", None, 200, app_schemas.App
    ),
    AdminEndpoint("post", "/admin/users", "Add or change a user", admin_schemas.NewUser, 201, dict[str, Any]),
    AdminEndpoint("get", "/admin/users", "All users", None, 200, list[dict[str, Any]], ("tenant",)),
    AdminEndpoint("post", "/admin/launches", "Launch an app", admin_schemas.NewLaunch, 201, admin_schemas.Launched),
    AdminEndpoint(
        "get",
        "/admin/launches",
        "The newest launches, each as one launch",
        None,
        200,
        list[admin_schemas.LaunchState],
        ("app", "tenant"),
    ),
    AdminEndpoint(
        "get",
        "/admin/launches/{launch}",
        "Where a launch is, what it waits for, and the likely causes if it stalled",
        None,
        200,
        admin_schemas.LaunchState,
    ),
    AdminEndpoint("post", "/admin/tokens", "An access token for a script", admin_schemas.NewToken, 201, dict[str, Any]),
    AdminEndpoint(
        "get",
        "/admin/exchanges",
        "The journal",
        None,
        200,
        list[dict[str, Any]],
        ("launch", "app", "stage", "correlation_id", "tenant", "limit"),
    ),
    AdminEndpoint(
        *("get", "/admin/exchanges/{id}", "One exchange, with its bodies if --keep-bodies is set", None, 200, dict[str, Any])
    ),
    AdminEndpoint(
        "post",
        "/admin/exchanges/{id}/resend",
        "Send the request of an exchange again, corrected or changed",
        admin_schemas.Resend,
        200,
        admin_schemas.ResentExchange,
    ),
    AdminEndpoint(
        "post", "/admin/clock", "Move, freeze or restore the clock", admin_schemas.ClockMove, 200, admin_schemas.ClockTimes
    ),
    AdminEndpoint("get", "/admin/clock", "Sickbay's time and real time", None, 200, admin_schemas.ClockTimes),
    AdminEndpoint(
        "get", "/admin/policies", "The policies of all hospitals", None, 200, list[admin_schemas.TenantPolicy], ("tenant",)
    ),
    AdminEndpoint("get", "/admin/policies/{tenant}", "The policy of one hospital", None, 200, admin_schemas.TenantPolicy),
    AdminEndpoint(
        "patch",
        "/admin/policies/{tenant}",
        "Override settings; null restores the default",
        dict[str, Any],
        200,
        admin_schemas.TenantPolicy,
    ),
    AdminEndpoint("post", "/admin/faults", "Inject a fault, or those of a preset", dict[str, Any], 201, dict[str, Any]),
    AdminEndpoint("get", "/admin/faults", "The active faults", None, 200, list[dict[str, Any]]),
    AdminEndpoint("delete", "/admin/faults", "End all faults", None, 204, None),
    AdminEndpoint("get", "/admin/faults/kinds", "All kinds and presets of faults", None, 200, dict[str, Any]),
    AdminEndpoint("delete", "/admin/faults/{id}", "End a fault", None, 204, None),
    AdminEndpoint(
        "post",
        "/admin/hospitals",
        "Add a hospital, as JSON or as TOML (application/toml)",
        dict[str, Any],
        201,
        admin_schemas.HospitalAddresses,
    ),
    AdminEndpoint("get", "/admin/hospitals", "The hospitals", None, 200, list[admin_schemas.HospitalAddresses]),
    AdminEndpoint("delete", "/admin/hospitals/{hospital}", "Remove a hospital that was added", None, 204, None),
    AdminEndpoint(
        "post", "/admin/resources", "Add a protected resource", admin_schemas.NewResource, 201, admin_schemas.Resource
    ),
    AdminEndpoint("get", "/admin/resources", "All protected resources", None, 200, list[admin_schemas.Resource], ("tenant",)),
    AdminEndpoint("delete", "/admin/resources/{id}", "Remove a protected resource", None, 204, None),
    AdminEndpoint("post", "/admin/snapshots", "Save a snapshot", admin_schemas.NewSnapshot, 201, admin_schemas.SavedSnapshot),
    AdminEndpoint("get", "/admin/snapshots", "All snapshots, the newest first", None, 200, list[admin_schemas.SavedSnapshot]),
    AdminEndpoint("post", "/admin/snapshots/{name}/restore", "Restore a snapshot", None, 204, None),
    AdminEndpoint("get", "/admin/snapshots/{name}/export", "A snapshot as a zip, without secrets", None, 200, bytes),
    AdminEndpoint(
        *("post", "/admin/snapshots/import", "Import a snapshot's zip (application/zip)", bytes, 201),
        *(admin_schemas.ImportedSnapshot, ("name",)),
    ),
    AdminEndpoint("delete", "/admin/snapshots/{name}", "Remove a snapshot", None, 204, None),
    AdminEndpoint("get", "/admin/keys", "The keys of id_tokens, by kid", None, 200, dict[str, Any]),
    AdminEndpoint(
        "post", "/admin/keys/rotate", "Rotate: the next key signs, the current one retires", None, 200, dict[str, Any]
    ),
    AdminEndpoint("post", "/admin/reset", "Data as seeded", admin_schemas.Reset, 204, None),
    AdminEndpoint(
        "get", "/admin/reset", "What a reset would delete", None, 200, admin_schemas.Losses, ("tenant", "everything")
    ),
)


@cache
def make_document() -> dict[str, Any]:
    types = [type for operation in OPERATIONS for type in (operation.body, operation.answer) if type is not None]
    schemas, components = msgspec.json.schema_components(
        [*types, admin_schemas.Problem], ref_template="#/components/schemas/{name}"
    )
    of = dict(zip(map(repr, types), schemas, strict=False))
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe_operation(operation, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sickbay administration", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }


def _describe_operation(endpoint: AdminEndpoint, of: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.answer is not None:
        answer["content"] = _describe_content(endpoint.answer, of)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "responses": {str(endpoint.status): answer, "4XX": {"description": "Problem details", "content": problem}},
    }
    names = [(name, "path") for name in ("app", "tenant", "id", "hospital", "name") if f"{{{name}}}" in endpoint.path]
    places = [*names, *((name, "query") for name in endpoint.query)]
    if places:
        operation["parameters"] = [
            {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}} for name, place in places
        ]
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _describe_content(endpoint.body, of)}
    return operation


def _describe_content(kind: Any, of: dict[str, Any]) -> dict[str, Any]:
    if kind is bytes:
        return {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    return {"application/json": {"schema": of[repr(kind)]}}
