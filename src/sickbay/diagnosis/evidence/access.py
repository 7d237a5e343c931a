"""A FHIR request, pasted or from a case, as request and knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sickbay.authorization import search as stage
from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.fhir import body as bodies
from sickbay.fhir.body import Body
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.preconditions import handling
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import SEVERAL, search_of, strictly
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol.parameters import Parameters, parse


def request(given: Json) -> AccessRequest:
    """`url` is raw. The base is the registered one that the address begins with; "" where it begins with none."""
    address, _, query = str(given["url"]).partition("?")
    headers = {name.lower(): str(value) for name, value in given.get("headers", {}).items()}
    bases = given.get("context", {}).get("server", {}).get("fhir_bases", ())
    base = next((one.rstrip("/") for one in bases if _below(address, one)), "")
    path = address[len(base) :] if base else "/" + address.partition("://")[2].partition("/")[2]
    method, body = str(given.get("method", "GET")).upper(), str(given.get("body") or "")
    parameters = _parameters(query, headers, body)
    version = segment(read.server(given.get("context", {}))) or "r4"
    found = _route(version, method, path)
    involved = search_parser.named(version, found.type, parameters.pairs) if found.type or found.interaction in SEVERAL else ()
    if found.interaction == "operation":
        involved = (*involved, *operation_parameters.involved(version, found, parameters.pairs, body))
    return AccessRequest(
        method=method,
        base=base,
        path=path,
        parameters=parameters,
        headers=headers,
        type=found.type,
        id=found.id,
        interaction=found.interaction,
        letters=found.letters,
        involved=involved,
        url=address,
        body=body,
    )


def again(
    known: AccessContext, request: AccessRequest, mended: AccessRequest, meant: AccessContext | None = None
) -> tuple[AccessRequest, AccessContext]:
    """A mended request, read anew: what follows from its address and headers changes with them.

    meant: what is known of the token that was likely meant, where none could be read.
    """
    number = VERSIONS[known.version].number if known.version in VERSIONS else ""
    server = {"fhir_bases": [mended.base or request.base], "fhir_version": number}
    asked = replace(request_of(mended, server), body=mended.body)
    held = known if bearer(asked) == bearer(request) else meant
    token: dict[str, Any] = {name: getattr(held, name) if held else UNKNOWN for name in ("token", "client", "user")}
    strict = known.server.policy.strict_search if isinstance(known.server, Server) else False
    found, ignored = _searched(asked, known.version, strict=strict)
    in_address = stage.faults(asked, known.version) if known.version and asked.base else ()
    body = UNKNOWN if known.body is UNKNOWN else _body(asked, known.version)
    return asked, replace(known, **token, faults=(*in_address, *found), ignored=ignored, body=body)


def request_of(asked: AccessRequest, server: Json) -> AccessRequest:
    return request(to_evidence(asked) | {"body": asked.body, "context": {"server": server}})


def _below(address: str, base: str) -> bool:
    return f"{address.rstrip('/')}/".startswith(base.rstrip("/") + "/")


def _route(version: str, method: str, path: str) -> Route:
    """An address that leads nowhere asks for nothing; what is wrong with it is said by the checks of search."""
    found = route(version, method, path)
    return Route("") if isinstance(found, Misrouted) else found


def _parameters(query: str, headers: Mapping[str, str], body: str) -> Parameters:
    form = headers.get("content-type", "").partition(";")[0].strip().lower() == stage.FORM
    sent = parse(query)
    return Parameters((*sent.pairs, *parse(body).pairs), sent.raw) if form else sent


def known(given: Json, asked: AccessRequest) -> AccessContext:
    """Where the version is not known, nothing can be said of types and parameters."""
    context = given.get("context", {})
    server = read.server(context)
    version = segment(server)
    found, ignored = _searched(asked, version)
    in_address = stage.faults(asked, version) if version and asked.base else ()
    client = read.client(context)
    return AccessContext(
        now=read.now(context),
        server=server,
        client=client if isinstance(client, Client) else UNKNOWN,
        token=read.token(context, bearer(asked)),
        version=version,
        faults=(*in_address, *found),
        ignored=ignored,
        body=_body(asked, version),
        current=_current(asked, context),
        matches=context.get("matches", UNKNOWN),
    )


def _body(asked: AccessRequest, version: str) -> Body | Unknown:
    """Read where it was pasted too."""
    if asked.interaction not in ("create", "update") or not asked.body or not version or not asked.type:
        return UNKNOWN
    return bodies.read(
        version, asked.type, asked.id or "new", asked.body.encode(), asked.base, asked.headers.get("content-type")
    )


def _current(asked: AccessRequest, context: Json) -> int | Unknown | None:
    """`resources`: what is stored, as Type/id -> version."""
    if "resources" not in context:
        return UNKNOWN
    found: int | None = context["resources"].get(f"{asked.type}/{asked.id}")
    return found


def segment(server: Server | Unknown) -> str:
    """The version that the server speaks, as in an address of ours: r4, dstu2; "" where it is not known."""
    numbers = tuple(server.fhir_versions.values()) if isinstance(server, Server) else ()
    return next((name for name, one in VERSIONS.items() if one.number in numbers), "")


def _searched(
    asked: AccessRequest, version: str, *, strict: bool = False
) -> tuple[tuple[RequestError, ...], tuple[tuple[str, str | None], ...]]:
    if asked.interaction == "operation":
        return _operation(asked, version), ()
    found = _route(version, asked.method, asked.path) if version else Route("")
    pairs = [pair for pair in asked.parameters if pair[0] != "access_token"]
    strict = strictly(strict, asked.headers.get("prefer", ""))
    query = search_of(version, found, pairs, base=asked.base, strict=strict)
    if query is None:
        return (), ()
    return ((), query.ignored) if isinstance(query, Query) else (query, ())


def _operation(asked: AccessRequest, version: str) -> tuple[RequestError, ...]:
    found = route(version, asked.method, asked.path)
    lenient = handling(asked.headers.get("prefer")) == "lenient"
    if isinstance(found, Misrouted):
        return ()
    return operation_parameters.faults(version, found, asked.parameters.pairs, asked.body, lenient)


def to_evidence(asked: AccessRequest) -> dict[str, Any]:
    """The inverse of `request`: the corrected request in the form of the input."""
    headers = {name.title(): value for name, value in asked.headers.items()}
    query = f"?{asked.parameters.raw}" if asked.parameters.raw else ""
    return {
        "kind": "fhir_request",
        "method": asked.method,
        "url": asked.url.partition("?")[0] + query,
        "headers": headers,
        **({"body": asked.body} if asked.body and asked.headers.get("content-type", "").startswith(stage.FORM) else {}),
    }
