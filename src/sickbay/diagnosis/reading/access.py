"""A FHIR request, pasted or from a case, as request and knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from sickbay.authorization.access import bearer
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.token import FORM
from sickbay.authorization.values import Server
from sickbay.diagnosis.reading import context as read
from sickbay.diagnosis.reading.context import Json
from sickbay.fhir import search
from sickbay.fhir.fault import Fault
from sickbay.fhir.search_parameters import known_types
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.refusal import Unknown
from sickbay.protocol.parameters import Parameters, parse

LETTERS = {
    "read": "r", "vread": "r", "history-instance": "r", "search": "s", "history-type": "s", "history-system": "s",
    "search-system": "s", "create": "c", "update": "u", "patch": "u", "delete": "d", "operation": "s",
}  # fmt: skip
WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def request(given: Json) -> AccessRequest:
    """`url` is raw. The base is the registered one that the address begins with; "" where it begins with none."""
    address, _, query = str(given["url"]).partition("?")
    headers = {name.lower(): str(value) for name, value in given.get("headers", {}).items()}
    bases = given.get("context", {}).get("server", {}).get("fhir_bases", ())
    base = next((one for one in bases if f"{address.rstrip('/')}/".startswith(one.rstrip("/") + "/")), "")
    path = address[len(base) :] if base else "/" + address.partition("://")[2].partition("/")[2]
    method, body = str(given.get("method", "GET")).upper(), str(given.get("body") or "")
    segments = tuple(unquote(one) for one in path.split("/") if one)
    parameters = _parameters(query, headers, body)
    interaction = _interaction(method, segments)
    return AccessRequest(
        method=method, base=base, path=path, parameters=parameters, headers=headers, type=_type(segments),
        id=_id(segments, path), interaction=interaction, letters=LETTERS.get(interaction, ""),
        involved=involved(parameters), url=address, body=body,
    )  # fmt: skip


def _parameters(query: str, headers: Mapping[str, str], body: str) -> Parameters:
    form = headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    return parse("&".join(one for one in (query, body if form else "") if one))


def _type(segments: tuple[str, ...]) -> str | None:
    first = segments[0] if segments else ""
    return first if first and first[0] not in "_$." and first != "metadata" else None


def _id(segments: tuple[str, ...], path: str) -> str | None:
    second = segments[1] if len(segments) > 1 else ""
    return second if second and second[0] not in "_$" else None


def _interaction(method: str, segments: tuple[str, ...]) -> str:
    """By method and path (http.html, Summary)."""
    first, last = (segments[0], segments[-1]) if segments else ("", "")
    if method == "OPTIONS":
        return "preflight"
    if first in ("metadata", ".well-known"):
        return "capabilities" if first == "metadata" else "discovery"
    if last.startswith("$"):
        return "operation"
    if method in ("GET", "HEAD") or last == "_search":
        return _reading(segments)
    return WRITES.get(method, "") if segments else "batch"


def _reading(segments: tuple[str, ...]) -> str:
    if "_history" in segments:
        return {1: "history-system", 2: "history-type", 3: "history-instance"}.get(len(segments), "vread")
    if segments[-1:] == ("_search",):
        return "search" if len(segments) == 2 else "search-system"
    return "read" if len(segments) == 2 else "search" if segments else "search-system"


def involved(parameters: Parameters) -> tuple[str, ...]:
    """Types named outright by chains, _has and includes; what only a search parameter implies is not looked up here."""
    found: list[str] = []
    for name, value in parameters:
        if name.startswith("_has:"):
            found.append(name.split(":")[1])
        elif name.partition(":")[0] in ("_include", "_revinclude"):
            parts = value.split(":")
            found += [parts[0], *parts[2:3]]
        elif "." in name and ":" in name.partition(".")[0]:
            found.append(name.partition(".")[0].partition(":")[2])
    return tuple(dict.fromkeys(one for one in found if one))


def known(given: Json, asked: AccessRequest) -> AccessKnown:
    context = given.get("context", {})
    server = read.server(context)
    version = segment(server)
    return AccessKnown(
        now=read.now(context),
        server=server,
        client=read.client(context),
        token=read.token(context, bearer(asked)),
        version=version,
        faults=faults(asked, version),
    )


def segment(server: Server | Unknown) -> str:
    """The version that the server speaks, as in an address of ours: r4, dstu2; "" where it is not known."""
    numbers = tuple(server.fhir_versions.values()) if isinstance(server, Server) else ()
    return next((name for name, one in VERSIONS.items() if one.number in numbers), "")


def faults(asked: AccessRequest, version: str) -> tuple[Fault, ...]:
    """What cannot be read of a search; nothing where version or type are not known."""
    if asked.interaction != "search" or not version or asked.type not in known_types(version):
        return ()
    pairs = [pair for pair in asked.parameters if pair[0] != "access_token"]
    found = search.parse(version, str(asked.type), pairs, base=asked.base, strict=True)
    return found if isinstance(found, tuple) else ()


def unread(asked: AccessRequest) -> dict[str, Any]:
    """The inverse of `request`: the corrected request in the form of the input."""
    headers = {name.title(): value for name, value in asked.headers.items()}
    query = f"?{asked.parameters.raw}" if asked.parameters.raw else ""
    return {"kind": "fhir_request", "method": asked.method, "url": f"{asked.url}{query}", "headers": headers}
