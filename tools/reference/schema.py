"""The JSON Schema of sickbay.toml, for editors and for validation in CI."""

from __future__ import annotations

import json
from typing import Any

from tools.reference import options

from sickbay import dialects
from sickbay.authorization.policy import MAXIMUM_SECONDS, SETTINGS, PolicySetting
from sickbay.cli.config_file import OPTIONS


def text() -> str:
    return json.dumps(document(), indent=2) + "\n"


def document() -> dict[str, Any]:
    known = {name: entries for name, entries in options.options().items() if name in OPTIONS}
    policy = {"$ref": "#/$defs/policy"}
    tenant = {"type": "object", "additionalProperties": False, "properties": {"policy": policy}}
    tables = {
        "policy": policy,
        "tenants": {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(dialects.names(), tenant)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sickbay.toml",
        "description": "Settings of Sickbay. Written by `make docs` from the code.",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(entries) for name, entries in known.items()} | tables,
        "$defs": {"policy": _policy()},
    }


def _property(entries: list[options.Option]) -> dict[str, Any]:
    first = entries[0]
    default = {} if first.default in (None, ()) else {"default": first.default}
    return {"description": first.help, **first.schema, **default}


def _policy() -> dict[str, Any]:
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
