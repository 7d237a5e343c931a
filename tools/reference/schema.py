"""The JSON Schema of sickbay.toml, for editors and for validation in CI."""

from __future__ import annotations

import json
from typing import Any

from tools.reference import options

from sickbay import dialects
from sickbay.authorization.policy import MAXIMUM_SECONDS, SETTINGS, PolicySetting
from sickbay.authorization.protected_resource import MAXIMUM_RESOURCES
from sickbay.cli.config_file import OPTIONS

RESOURCE: dict[str, Any] = {
    "description": "A server besides the FHIR bases that tokens can be for, such as an MCP server.",
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "format": "uri"},
        "name": {"type": "string"},
        "scopes": {"type": "array", "items": {"type": "string"}},
        "client_id": {"description": "The app that introspects its tokens", "type": "string"},
    },
}


def write_schema() -> str:
    return json.dumps(make_document(), indent=2) + "\n"


def make_document() -> dict[str, Any]:
    known = {name: entries for name, entries in options.list_options().items() if name in OPTIONS}
    policy = {"$ref": "#/$defs/policy"}
    resources = {"type": "array", "items": {"$ref": "#/$defs/resource"}, "maxItems": MAXIMUM_RESOURCES}
    tenant = {"type": "object", "additionalProperties": False, "properties": {"policy": policy, "resources": resources}}
    tables = {
        "policy": policy,
        "tenants": {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(dialects.list_names(), tenant),
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sickbay.toml",
        "description": "Settings of Sickbay. Written by `make docs` from the code.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _table_schema(entries) for name, entries in known.items()} | tables,
        "$defs": {"policy": _policy_schema(), "resource": RESOURCE},
    }


def _table_schema(entries: list[options.Option]) -> dict[str, Any]:
    first = entries[0]
    default = {} if first.default in (None, ()) else {"default": first.default}
    return {"description": first.help, **first.schema, **default}


def _policy_schema() -> dict[str, Any]:
    properties = {name: {"description": setting.description, **setting_schema(setting)} for name, setting in SETTINGS.items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def setting_schema(setting: PolicySetting) -> dict[str, Any]:
    """The JSON Schema of a policy's value."""
    match setting.kind:
        case "seconds":
            return {"type": "integer", "minimum": setting.least, "maximum": MAXIMUM_SECONDS}
        case "flag":
            return {"type": "boolean"}
        case "choice":
            return {"enum": list(setting.choices)}
        case "list":
            return {"type": "array", "minItems": 1, "items": {"enum": list(setting.choices)}}
        case _:
            return {"type": "string"}
