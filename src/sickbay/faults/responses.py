"""Applies a fault to a whole response, and builds the responses of faults that replace the server's."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeAlias

from sickbay.faults import bundles, documents
from sickbay.faults.fault import Fault

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
HTML = "<!doctype html><title>Error</title><h1>An error has occurred</h1><p>Please contact your administrator.</p>"
"""An error page as proxies send it."""
FAILED_EXPORT = "The export failed."


class SentResponse(NamedTuple):
    """A response: its headers with names in lower case, and without content-length."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for sent, value in self.headers if sent == name), "")

    def with_header(self, name: bytes, value: str) -> SentResponse:
        others = tuple(pair for pair in self.headers if pair[0] != name)
        return self._replace(headers=(*others, (name, value.encode("latin-1", "replace"))))


def make_response(fault: Fault, stage: str, description: str) -> SentResponse:
    """Returns the response of a fault whose kind replaces it. description: says that it was injected."""
    members = fault.members
    match fault.kind:
        case "status":
            response = _error_response(stage, members["status"], "server_error", "transient", description)
            seconds = members.get("retry_after")
            return response if seconds is None else response.with_header(b"retry-after", str(seconds))
        case "body":
            type = members.get("content_type", "application/json")
            return SentResponse(members.get("status", 200), (), members["body"].encode()).with_header(b"content-type", type)
        case "html":
            return SentResponse(200, ((b"content-type", b"text/html; charset=utf-8"),), HTML.encode())
        case "gone":
            return _error_response(stage, 410, "", "deleted", description)
        case "conflict":
            return _error_response(stage, 409, "", "conflict", description)
        case "unauthorized":
            challenge = f'Bearer error="invalid_token", error_description="{description}"'
            return _error_response(stage, 401, "", "login", description).with_header(b"www-authenticate", challenge)
        case _:
            raise ValueError(f"{fault.kind} doesn't answer")


def refuse_refresh(description: str) -> SentResponse:
    """Returns an error response with invalid_grant (RFC 6749 5.2)."""
    return _json_response(400, {"error": "invalid_grant", "error_description": description})


def apply_to_response(fault: Fault, response: SentResponse, base: str, now: float) -> SentResponse:
    """Returns the response with this fault; the same one if the fault doesn't apply. base: of Sickbay. now: epoch seconds."""
    members = fault.members
    match fault.kind:
        case "content-type":
            return response.with_header(b"content-type", members["content_type"])
        case "encoding":
            return response.with_header(b"content-encoding", "gzip")
        case "truncate":
            return response._replace(body=response.body[: members["bytes"]])
        case "export":
            return _apply_to_export(fault, response, now)
        case "discovery" if members["value"] == "unreachable":
            return _error_response("discovery", 503, "", "transient", "The document can't be read.")
    parsed = _parse_body(response)
    if parsed is None:
        return response
    match fault.kind:
        case "member":
            changed = documents.set_and_remove_members(parsed, members.get("set") or {}, members.get("remove") or ())
        case "discovery":
            changed = documents.break_endpoints(parsed, members["value"], base, fault.id)
        case _:
            changed = bundles.apply_to_resource(fault, parsed)
    if changed == parsed:
        return response
    return response._replace(body=json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode())


def _apply_to_export(fault: Fault, response: SentResponse, now: float) -> SentResponse:
    """Returns a manifest, status or file of a bulk export with the fault (Bulk Data Access 2.0)."""
    value, is_file = fault.members["value"], "ndjson" in response.header(b"content-type")
    if is_file:
        if value == "file-fails":
            return _error_response("access", 500, "", "exception", "The file can't be read.")
        return response._replace(body=_cut_lines_in_half(response.body)) if value == "file-short" else response
    if value == "poll-429":
        return _error_response("access", 429, "", "throttled", "The status was requested too often.").with_header(
            b"retry-after", "10"
        )
    if response.status != 200:
        return response
    manifest = _parse_body(response)
    if value == "fails":
        return _error_response("access", 500, "", "exception", FAILED_EXPORT)
    if value == "slow" and documents.measure_age(manifest, now) < fault.members.get("seconds", 30):
        return SentResponse(202, ((b"x-progress", b"in progress"), (b"retry-after", b"5")), b"")
    if value == "error-files" and manifest is not None:
        return response._replace(body=json.dumps(documents.add_error_file(manifest, fault.id)).encode())
    return response


def _cut_lines_in_half(body: bytes) -> bytes:
    """Returns the first half of a file's lines, ending in the middle of a line."""
    return body[: len(body) // 2]


def _error_response(stage: str, status: int, error: str, code: str, text: str) -> SentResponse:
    """Returns an OperationOutcome at FHIR addresses, otherwise the JSON of RFC 6749 5.2."""
    if stage in ("access", "search"):
        issue = {"severity": "error", "code": code, "diagnostics": text}
        return _json_response(status, {"resourceType": "OperationOutcome", "issue": [issue]}, "application/fhir+json")
    return _json_response(status, {"error": error or "temporarily_unavailable", "error_description": text})


def _json_response(status: int, value: Any, type: str = "application/json") -> SentResponse:
    headers = ((b"content-type", type.encode()), (b"cache-control", b"no-store"))
    return SentResponse(status, headers, json.dumps(value).encode())


def _parse_body(response: SentResponse) -> dict[str, Any] | None:
    if "json" not in response.header(b"content-type"):
        return None
    try:
        value = json.loads(response.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
