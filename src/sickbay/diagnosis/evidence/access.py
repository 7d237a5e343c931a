"""Reads a FHIR request and its context from a pasted exchange or a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from sickbay.authorization.access import search as stage
from sickbay.authorization.access.bearer import read_bearer
from sickbay.authorization.access.content_types import FORM
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.address import fhir_version_of, needs_no_token
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.evidence.inference import Place, place_of
from sickbay.diagnosis.lists import LISTS
from sickbay.fhir import body as bodies
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.preconditions import read_handling
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.search.query import Query
from sickbay.fhir.search.routes import SEVERAL, find_types, is_strict, search_of
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol.parameters import Parameters, parse


def read_request(evidence: Json) -> AccessRequest:
    """`url` is raw. The base is the FHIR base URL with which the URL begins; "" if there is none.

    A `$` may be encoded, as some clients do with the name of an operation.
    """
    address, _, query = str(evidence["url"]).partition("?")
    address = address.replace("/%24", "/$")
    headers = {name.lower(): str(value) for name, value in evidence.get("headers", {}).items()}
    bases = evidence.get("context", {}).get("server", {}).get("fhir_bases", ())
    base = next((known for each in bases if f"{address.rstrip('/')}/".startswith(f"{(known := each.rstrip('/'))}/")), "")
    place = place_of(address) if "server" not in evidence.get("context", {}) else Place("", "")
    base = base or place.base
    path = address[len(base) :] if base else _extract_path(address)
    method, body = str(evidence.get("method", "GET")).upper(), str(evidence.get("body") or "")
    parameters = _parse_parameters(query, headers, body)
    version = version_segment(read.read_server(evidence.get("context", {}))) or place.version or "r4"
    target = _find_route(version, method, path)
    involved = find_types(version, target.type, parameters.pairs) if target.type or target.interaction in SEVERAL else ()
    if target.interaction == "operation":
        involved = (*involved, *operation_parameters.list_types(version, target, parameters.pairs, body))
    return AccessRequest(
        method=method,
        base=base,
        path=path,
        parameters=parameters,
        headers=headers,
        type=target.type,
        id=target.id,
        interaction=target.interaction,
        letters=target.letters,
        involved=involved,
        url=address,
        body=body,
    )


def _extract_path(address: str) -> str:
    """The path of an address without a FHIR base URL; the address itself may be the path."""
    return address if address.startswith("/") else f"/{address.partition('://')[2].partition('/')[2]}"


def reread_request(
    context: AccessContext, request: AccessRequest, corrected: AccessRequest, meant: AccessContext | None = None
) -> tuple[AccessRequest, AccessContext]:
    """Reads a corrected request again, because its URL and headers determine part of its context.

    meant: the context of the token that was probably meant, if none could be read.
    """
    parsed = structs.replace(request_of(corrected, _describe_server(context, request, corrected)), body=corrected.body)
    token = _select_token_facts(context, request, parsed, meant)
    strict = context.server.policy.strict_search if isinstance(context.server, Server) else False
    faults, ignored = _parse_search(parsed, context.version, strict=strict)
    in_address = stage.find_request_errors(parsed, context.version) if context.version and parsed.base else ()
    is_same = context.body is UNKNOWN or parsed.body_source == request.body_source
    body = context.body if is_same else _read_body(parsed, context.version)
    return parsed, structs.replace(context, **token, faults=(*in_address, *faults), ignored=ignored, body=body, empty=())


def reread_address(
    context: AccessContext, request: AccessRequest, corrected: AccessRequest, meant: AccessContext | None = None
) -> tuple[AccessRequest, AccessContext]:
    """Reads the URL and the headers of a corrected request again, but neither its search nor its body."""
    bare = structs.replace(corrected, parameters=Parameters(), body="")
    address = request_of(bare, _describe_server(context, request, corrected))
    parsed = structs.replace(address, parameters=corrected.parameters, body=corrected.body)
    faults = stage.find_request_errors(parsed, context.version) if context.version and parsed.base else ()
    return parsed, structs.replace(context, **_select_token_facts(context, request, parsed, meant), faults=faults)


def _describe_server(context: AccessContext, request: AccessRequest, corrected: AccessRequest) -> Json:
    number = VERSIONS[context.version].number if context.version in VERSIONS else ""
    return {"fhir_bases": [corrected.base or request.base], "fhir_version": number}


def _select_token_facts(
    context: AccessContext, request: AccessRequest, parsed: AccessRequest, meant: AccessContext | None
) -> dict[str, Any]:
    """What is known of the token of a corrected request."""
    source = context if read_bearer(parsed) == read_bearer(request) else meant
    return {name: getattr(source, name) if source else UNKNOWN for name in ("token", "client", "user")}


def request_of(access_request: AccessRequest, server: Json) -> AccessRequest:
    return read_request(to_evidence(access_request) | {"body": access_request.body, "context": {"server": server}})


def _find_route(version: str, method: str, path: str) -> Route:
    """A URL without a route requests nothing. The checks of search report what is wrong with it."""
    target = route(version, method, path)
    return Route("") if isinstance(target, Misrouted) else target


def _parse_parameters(query: str, headers: Mapping[str, str], body: str) -> Parameters:
    form = headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    sent = parse(query)
    return Parameters((*sent.pairs, *parse(body).pairs), sent.raw) if form else sent


def context_of(evidence: Json, request: AccessRequest) -> AccessContext:
    """If the FHIR version is unknown, resource types and parameters aren't checked."""
    context = evidence.get("context", {})
    server = read.read_server(context)
    place = place_of(request.url) if server is UNKNOWN else Place("", "")
    version = version_segment(server) or place.version
    faults, ignored = _parse_search(request, version)
    in_address = stage.find_request_errors(request, version) if version and request.base else ()
    faults = (*in_address, *faults)
    client, sent = read.read_client(context), read_bearer(request)
    public = server is UNKNOWN and needs_no_token(request.url)
    needs_one = "headers" in evidence and not public
    body = _read_body_in_each_version(request) if server is UNKNOWN else _read_body(request, version)
    return AccessContext(
        now=read.read_now(context),
        server=server,
        client=client if isinstance(client, Client) else UNKNOWN,
        token=read.find_token(context, sent) if sent or needs_one else UNKNOWN,
        version=version,
        faults=tuple(fault for fault in faults if fault.rule in EVERYWHERE) if place.guesses else faults,
        ignored=ignored,
        empty=tuple((id, facts) for id, facts in context.get("empty", ())),
        body=body,
        headers_known="headers" in evidence and (bool(request.base) or server is not UNKNOWN),
        public=public,
        guesses=place.guesses if body is UNKNOWN or server is not UNKNOWN else (*place.guesses, ("body", _VALIDATED)),
        current=_find_stored_version(request, context),
        matches=context.get("matches", UNKNOWN),
        earlier=read.read_refused_tokens(context),
    )


EVERYWHERE = frozenset(LISTS["faults_at_every_server"])
"""Faults that are wrong at every FHIR server. What else a server supports isn't known."""


def _read_body(request: AccessRequest, version: str) -> bodies.Body | Unknown:
    """The body of a create or update, if it was pasted too."""
    if request.interaction not in ("create", "update") or not request.body or not version or not request.type:
        return UNKNOWN
    return bodies.read(
        version, request.type, request.id or "new", request.body.encode(), request.base, request.headers.get("content-type")
    )


_VALIDATED = "Sickbay validated it against the specification; some servers accept more."
_SHORTENED = re.compile(r"\.\.\.|…|\"[^\"\n]{0,40}\{\w[\w.]{0,60}\}")
"""What a body has that was shortened for the paste, or has variables."""
_VERSIONS_IN_USE = ("r4", "stu3", "r5")
_PROVEN = ("required", "structure", "code-invalid")
"""Kinds of problems that official examples don't have. Their references and narratives differ from the specification."""


def _read_body_in_each_version(request: AccessRequest) -> bodies.Body | Unknown:
    """The body, with the problems that it has at every server. If the URL names no version, those that it has in each version.

    A body that can't be read may have been shortened for the paste.
    """
    named = fhir_version_of(request.base)
    tried_bodies = [_read_body(request, tried) for tried in ((named,) if named else _VERSIONS_IN_USE)]
    if _SHORTENED.search(request.body) or any(body is UNKNOWN or body.malformed for body in tried_bodies):
        return UNKNOWN
    first, *others = (body for body in tried_bodies if isinstance(body, bodies.Body))
    found = [{(problem.expression, problem.code) for problem in body.problems} for body in others]
    problems = (problem for problem in first.problems if all((problem.expression, problem.code) in each for each in found))
    return first._replace(problems=tuple(problem for problem in problems if problem.code in _PROVEN))


def _find_stored_version(request: AccessRequest, context: Json) -> int | Unknown | None:
    """The stored version of the requested resource. `context.resources` maps Type/id to versions."""
    if "resources" not in context:
        return UNKNOWN
    version: int | None = context["resources"].get(f"{request.type}/{request.id}")
    return version


def version_segment(server: Server | Unknown) -> str:
    """The server's FHIR version as in our URLs, such as r4 or dstu2; "" if it is unknown."""
    numbers = tuple(server.fhir_versions.values()) if isinstance(server, Server) else ()
    return next((name for name, release in VERSIONS.items() if release.number in numbers), "")


def _parse_search(
    request: AccessRequest, version: str, *, strict: bool = False
) -> tuple[tuple[RequestError, ...], tuple[tuple[str, str | None], ...]]:
    if request.interaction == "operation":
        return _check_operation(request, version) if version else (), ()
    target = _find_route(version, request.method, request.path) if version else Route("")
    pairs = [pair for pair in request.parameters if pair[0] != "access_token"]
    strict = is_strict(strict, request.headers.get("prefer", ""))
    query = search_of(version, target, pairs, base=request.base, strict=strict)
    if query is None:
        return (), ()
    return ((), query.ignored) if isinstance(query, Query) else (query, ())


def _check_operation(request: AccessRequest, version: str) -> tuple[RequestError, ...]:
    target = route(version, request.method, request.path)
    lenient = read_handling(request.headers.get("prefer")) == "lenient"
    if isinstance(target, Misrouted):
        return ()
    return operation_parameters.find_errors(version, target, request.parameters.pairs, request.body, lenient)


def to_evidence(request: AccessRequest) -> dict[str, Any]:
    """The inverse of `request`: the corrected request in the form of the input."""
    headers = {name.title(): value for name, value in request.headers.items()}
    query = f"?{request.parameters.raw}" if request.parameters.raw else ""
    return {
        "kind": "fhir_request",
        "method": request.method,
        "url": request.url.partition("?")[0] + query,
        "headers": headers,
        **({"body": request.body} if request.body and request.headers.get("content-type", "").startswith(FORM) else {}),
    }
