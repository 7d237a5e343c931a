"""The reference of /admin, from its OpenAPI document."""

from __future__ import annotations

from typing import Any

from tools.reference.tables import WRITTEN, quote_code, write_table

from sickbay.web.admin import openapi

INTRODUCTION = f"""# The /admin API

{WRITTEN} A running Sickbay serves the OpenAPI document at `/admin/openapi.json`.

Requests of the user who runs Sickbay, from the same machine, need no token while Sickbay is reachable only from this machine.
Otherwise send the admin token in the header `Authorization: Bearer TOKEN`; see
[who administers](../security.md#who-administers). Bodies are JSON. Errors are problem details (RFC 9457).

"""


def make_page() -> str:
    document = openapi.make_document()
    paths = "\n".join(
        _operation_section(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = document["components"]["schemas"]
    return f"{INTRODUCTION}{paths}\n## Types\n\n" + "\n".join(_type_section(name, schemas[name]) for name in sorted(schemas))


def _operation_section(method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"## {method.upper()} {path}", "", f"{operation['summary']}.", ""]
    if query := [quote_code(parameter["name"]) for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]:
        lines += [f"- Query: {', '.join(query)}"]
    if "requestBody" in operation:
        lines += [f"- Body: {describe_content(operation['requestBody']['content'])}"]
    status, answer = next(iter(operation["responses"].items()))
    content = answer.get("content")
    lines += [f"- Response: {status}" + (f", {describe_content(content)}" if content else ""), ""]
    return "\n".join(lines)


def describe_content(content: dict[str, Any]) -> str:
    """The type of JSON in words, or the media type of anything else."""
    media_type, described = next(iter(content.items()))
    return describe_shape(described["schema"]) if media_type == "application/json" else quote_code(media_type)


def _type_section(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (quote_code(member), describe_shape(kind), "yes" if member in required else "", quote_code(kind.get("default")))
        for member, kind in schema.get("properties", {}).items()
    ]
    described = f"{schema['description']}\n\n" if "description" in schema else ""
    return f"### {name}\n\n{described}{write_table(('member', 'type', 'required', 'default'), rows)}\n"


def describe_shape(schema: dict[str, Any]) -> str:
    """A type in words, with links to the types below."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(describe_shape(option) for option in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(quote_code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {describe_shape(schema.get('items', {}))}"
    return str(schema.get("type", "any value"))
