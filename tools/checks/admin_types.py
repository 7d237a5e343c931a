"""Checks that the TypeScript types of /admin match its OpenAPI document, and generates them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sickbay.web.admin import openapi

FILE = Path("clients") / "js" / "src" / "admin-api.ts"
HEAD = "// The types of /admin. Generated from /admin/openapi.json by `make docs`; don't edit.\n"
METHODS = ("get", "post", "patch", "delete")
Schema = dict[str, Any]


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    path = root / FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != write_types(openapi.make_document()):
        yield f"{FILE}: differs from /admin/openapi.json; run make docs"


def write(root: Path) -> None:
    (root / FILE).write_text(write_types(openapi.make_document()), encoding="utf-8")


def write_types(document: Schema) -> str:
    """The schemas as interfaces, and one interface for each method that maps paths to bodies and responses."""
    interfaces = [_interface_declaration(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "\n".join([HEAD, *interfaces, *(_path_types(method, document["paths"]) for method in METHODS)])


def _interface_declaration(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    members = [
        f"  {member}{'' if member in required else '?'}: {_typescript_type(kind)};\n"
        for member, kind in schema["properties"].items()
    ]
    return f"{_doc_comment(schema.get('description'))}export interface {name} {{\n{''.join(members)}}}\n"


def _doc_comment(text: str | None) -> str:
    return "/** " + text.replace("\n", "\n * ").replace(" * \n", " *\n") + " */\n" if text else ""


def _path_types(method: str, paths: Schema) -> str:
    lines = [_path_type(path, paths[path][method]) for path in paths if method in paths[path] and _is_json(paths[path][method])]
    return f"export interface {method.title()}Paths {{\n{''.join(lines)}}}\n"


def _path_type(path: str, operation: Schema) -> str:
    """A path with variables becomes the pattern of a template literal."""
    pattern = re.sub(r"\{\w+\}", "${string}", path)
    key = f"[path: `{pattern}`]" if pattern != path else json.dumps(path)
    body = operation.get("requestBody")
    sent = _typescript_type(_json_schema(body)) if body else "undefined"
    (status, response) = next(iter(operation["responses"].items()))
    received = "null" if status == "204" else _typescript_type(_json_schema(response))
    return f"  /** {operation['summary']} */\n  {key}: {{ body: {sent}; response: {received} }};\n"


def _is_json(operation: Schema) -> bool:
    """Whether the client can send and receive it: not a file."""
    return "application/zip" not in json.dumps(operation)


def _json_schema(content: Schema) -> Schema:
    return dict(content["content"]["application/json"]["schema"])


def _typescript_type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(map(_typescript_type, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    return _object_type(schema)


def _object_type(schema: Schema) -> str:
    match schema.get("type"):
        case "array":
            item = _typescript_type(schema.get("items", {}))
            return f"({item})[]" if "|" in item else f"{item}[]"
        case "object":
            return f"Record<string, {_typescript_type(schema.get('additionalProperties') or {})}>"
        case "integer" | "number":
            return "number"
        case "string" | "boolean" | "null" as name:
            return str(name)
        case _:
            return "any"
