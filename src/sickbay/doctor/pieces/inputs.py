"""Puts pieces of evidence together into inputs of diagnose(), each with what the other pieces say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.values import is_masked
from sickbay.doctor.pieces import addresses, structured
from sickbay.doctor.pieces.piece import Piece
from sickbay.doctor.pieces.variables import DESCRIBED, metadata_without_variables, remove_variables
from sickbay.doctor.request_kind import Request, client_metadata, kind_of
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse

EXAMINED = ("authorize_url", "launch_url", "redirect_url", "fhir_request", "error_page_url")
"""The kinds of URL that can be examined on their own."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Input(NamedTuple):
    """An input of diagnose(). is_whole: nothing was left out, so what isn't in it wasn't sent. piece: its place in the text.

    unknown: parameters whose values aren't in the text.
    looked_at: the checks that what was pasted decides; None if it is all of them.
    """

    evidence: dict[str, Any]
    is_whole: bool
    piece: Piece
    unknown: frozenset[str] = frozenset()
    looked_at: frozenset[str] | None = None


OF_A_HEADER = frozenset(("algorithm_is_one_of_smart", "nothing_unknown_is_critical", "key_is_named"))
AUDIENCE = "audience_is_the_token_endpoint"


def _checks_of_a_token() -> frozenset[str]:
    """The checks of a client assertion that was pasted without its request."""
    from sickbay.authorization.token import client_assertion  # only a token needs it

    return frozenset(check.name for check in client_assertion.ASSERTION) - {"assertion_type_is_named"}


def _checks_of_parameters() -> frozenset[str]:
    """The checks of the parameters of a token request whose method, URL and headers weren't pasted."""
    from sickbay.authorization import token  # only the parameters of a token request need it

    names = {check.name for checks in token.CHECKS.values() for check in checks}
    return _checks_of_a_token() | {"assertion_type_is_named"} | names.difference(LISTS["checks_outside_of_parameters"])


def list_inputs(pieces: Sequence[Piece]) -> list[Input]:
    """The inputs in the order of a launch, as far as the text has it: requests and URLs first, then responses."""
    return [
        mark_shortened_values(put_together)
        for piece in (*pieces, *structured.find_decoded_tokens(pieces))
        for put_together in _inputs_of_piece(piece, pieces)
    ]


def _inputs_of_piece(piece: Piece, pieces: Sequence[Piece]) -> Iterator[Input]:
    if piece.kind == "request":
        yield from _inputs_of_request(piece)
    elif piece.kind == "code":
        yield from map(_drop_variables, _inputs_of_request(piece))
    elif piece.kind == "url":
        yield from _inputs_of_url(piece)
    elif piece.kind == "form" or piece.kind == "parameters" or piece.subkind == "parameters":
        yield from _inputs_of_parameters(piece, pieces)
    elif piece.kind == "response" and piece.values["status"] == "200" and piece.values["body"].startswith("{"):
        members = structured.parse_loosely(piece.values["body"])
        yield from (_read_received(piece, structured.kind_of_object(members), members) if isinstance(members, Mapping) else ())
    elif piece.subkind == "collection":
        from sickbay.doctor.pieces import postman  # few texts are an export

        for request in postman.read_requests(piece.values):
            yield from map(
                _drop_variables, _inputs_of_request(structs.replace(piece, kind="request", values=request, is_whole=True))
            )
    elif piece.subkind == "client_assertion":
        yield _input_of_assertion(piece, pieces)
    elif piece.kind == "object":
        yield from _read_received(piece, piece.subkind, piece.values)


def _read_received(piece: Piece, kind: str, members: Mapping[str, Any]) -> Iterator[Input]:
    """What an app received or registered, as JSON alone or as the body of a response."""
    if kind == "token_response":
        yield Input({"kind": kind, "json": dict(members)}, False, piece)
    elif kind == "registration":
        yield Input({"kind": kind, "app": dict(members)}, False, piece)
    elif kind == "discovery" and "capabilities" in members:
        yield Input({"kind": "smart_configuration", "json": dict(members), "status": 200}, True, piece)


def _inputs_of_url(piece: Piece) -> Iterator[Input]:
    """The authorization URLs that are nested in it; otherwise the URL itself, if it can be examined on its own."""
    inner = list(addresses.find_nested_urls(str(piece.values["url"])))
    for url in inner:
        yield Input({"kind": "authorize_url", "url": url}, False, piece)
    if "grant_type=" in str(piece.values["url"]) and piece.subkind == "token_endpoint":
        yield Input({"kind": "token_request", "method": "POST", "url": piece.values["url"]}, False, piece)
    if not inner and piece.subkind in EXAMINED:
        yield Input({"kind": piece.subkind, "url": piece.values["url"]}, _is_whole(piece, piece.subkind), piece)


def _is_whole(piece: Piece, kind: str) -> bool:
    """People shorten authorization URLs, or give only their path."""
    names = parse(urls.split(str(piece.values["url"])).query).names()
    return kind != "authorize_url" or len(ESSENTIAL & set(names)) > 2


ESSENTIAL = frozenset(("response_type", "client_id", "redirect_uri", "scope", "state"))


def _inputs_of_request(piece: Piece) -> Iterator[Input]:
    values = piece.values
    headers = _pasted_headers(piece)
    host = next((value for name, value in headers.items() if name.lower() == "host"), "")
    url = str(values["url"])
    url = f"{_likely_scheme(host)}://{host}{url}" if host and url.startswith("/") else url
    is_fhir = any("fhir+" in value for value in headers.values()) or "resourceType" in values["body"][:2000]
    kind = kind_of(Request(url, values["method"], headers, values["body"], is_fhir), "paste")
    evidence = {"kind": kind, "method": values["method"], "url": url, "headers": headers}
    if kind.endswith("_url"):
        if kind == "authorize_url" and _FORM_BODY.match(values["body"]):  # OpenID Connect Core, 3.1.2.1: GET or POST
            url += f"{'&' if '?' in url else '?'}{values['body'].strip()}"
        is_whole = piece.is_whole or _is_whole(piece, kind)
        if is_whole or "?" in url:  # otherwise the line only names the endpoint
            yield Input({"kind": kind, "url": url}, is_whole, piece)
    elif kind == "registration":
        yield Input({"kind": kind, "app": client_metadata(values["body"])}, piece.is_whole, piece)
    elif kind:
        yield Input(evidence | ({"body": values["body"]} if values["body"] else {}), piece.is_whole, piece)


def _pasted_headers(piece: Piece) -> dict[str, str]:
    """The headers that were pasted. A form below a mere request line was most likely sent as one."""
    headers = {str(name): str(value) for name, value in piece.values["headers"].items()}
    is_form = piece.kind == "request" and not piece.is_whole and _FORM_BODY.match(piece.values["body"])
    return FORM if not headers and is_form else headers


_FORM_BODY = compile_late(r"[\w.-]{1,60}=[^{<]*&|grant_type=")


def _likely_scheme(host: str) -> str:
    """A raw request doesn't say it. Only servers on the same machine are commonly reached by http."""
    return "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"


def mark_shortened_values(found: Input) -> Input:
    """A value such as `eyJ…` or credentials with dots in them were shortened for the paste, and `xxxx` was masked.

    They say nothing about what was sent.
    """
    if any(_is_hidden("", it.split(" ", 1)[-1].strip()) or DESCRIBED.match(it) for it in _authorization_headers(found)):
        found = _drop_variables(found)
        found = found._replace(unknown=found.unknown | {"Authorization"})
    query, body = str(found.evidence.get("url") or "").partition("?")[2], str(found.evidence.get("body") or "")
    pairs = (*parse(query).pairs, *parse(body).pairs)
    hidden = {name for name, value in pairs if _is_hidden(name, value)}
    if _PASSWORD_GRANT.search(body) or "client_assertion" in hidden:
        hidden.add("client_id")  # a public client may leave it out (RFC 6749, 4.3.2), and an assertion has it as `sub`
    return found._replace(unknown=found.unknown | hidden)


def _is_hidden(name: str, value: str) -> bool:
    """Whether a part of the value was masked or cut. A URL without its scheme and with an asterisk isn't a pattern."""
    is_cut = value.endswith(("...", "…")) or ("*" in value and "uri" in name and "://" not in value)
    is_random = not name or name.endswith(LISTS["random_values"])
    is_cut = is_cut or (is_random and any(mark in value for mark in LISTS["marks_in_random_values"]))
    is_cut = is_cut or _IN_BRACKETS.fullmatch(value) is not None
    return is_cut or (is_masked(value) and name != "client_secret")


_IN_BRACKETS = compile_late(r"\[(?!object )[A-Za-z][\w .-]{1,40}\]")
_PASSWORD_GRANT = compile_late(r"\bgrant_type\W{1,9}password\b")


def _authorization_headers(found: Input) -> Iterator[str]:
    return (value for name, value in (found.evidence.get("headers") or {}).items() if name.lower() == "authorization")


def _drop_variables(found: Input) -> Input:
    evidence, unknown = (metadata_without_variables if "app" in found.evidence else remove_variables)(found.evidence)
    return found._replace(evidence=evidence, unknown=unknown)


def _inputs_of_parameters(piece: Piece, pieces: Sequence[Piece]) -> Iterator[Input]:
    values = {name: str(value) for name, value in piece.values.items()}
    body = values["body"] if piece.kind == "form" else structured.encode_form(values)
    sent = dict(parse(body).pairs)
    unknown = frozenset(name for name, value in sent.items() if _VARIABLE_OF_PHP.match(value) and piece.kind != "form")
    if "response_type" in sent and sent.get("grant_type", "authorization_code") == "authorization_code":
        url = _find_endpoint(pieces, "authorization")
        yield Input({"kind": "authorize_url", "url": f"{url}?{body}"}, False, piece, unknown)
    elif "grant_type" in sent and {"nonce", "response_types"}.isdisjoint(sent):  # of an authorization request's settings
        url = _find_endpoint(pieces, "token")
        evidence = {"kind": "token_request", "method": "POST", "url": url, "headers": FORM, "body": body}
        looked_at = _checks_of_parameters() - {AUDIENCE if url == _find_endpoint((), "token") else ""}
        yield Input(evidence, False, piece, unknown, looked_at=looked_at)


_VARIABLE_OF_PHP = compile_late(r"\$[A-Za-z_]\w*(?:\[|->|\Z)")


def _find_endpoint(pieces: Sequence[Piece], name: str) -> str:
    """The endpoint that the text names, from a discovery document or as a URL; else an example."""
    for piece in pieces:
        if piece.subkind == "discovery" and isinstance(piece.values.get(f"{name}_endpoint"), str):
            return str(piece.values[f"{name}_endpoint"])
        if piece.kind == "url" and piece.subkind == f"{name}_endpoint":
            return str(piece.values["url"])
    return f"https://ehr.example.org/{'authorize' if name == 'authorization' else name}"


def _input_of_assertion(piece: Piece, pieces: Sequence[Piece]) -> Input:
    """A token request around a client assertion, which is all that the text has of it."""
    body = structured.encode_form(
        {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": str(piece.values["token"]),
        }
    )
    audience = piece.values["claims"].get("aud")
    named = (str(other.values["url"]) for other in pieces if other.subkind == "token_endpoint" or other.kind == "request")
    endpoint = next((address for address in named if urls.split(address).path.endswith("/token")), "")
    assumed = audience if isinstance(audience, str) and audience.startswith("http") else "https://ehr.example.org/token"
    evidence = {"kind": "token_request", "method": "POST", "url": endpoint or assumed, "headers": FORM, "body": body}
    looked_at = (
        _checks_of_a_token() - (frozenset() if piece.is_whole else OF_A_HEADER) - (frozenset() if endpoint else {AUDIENCE})
    )
    return Input(evidence | {"context": {"smart": _may_be_smart(endpoint or assumed)}}, False, piece, looked_at=looked_at)


def _may_be_smart(url: str) -> bool:
    """Whether the address may belong to a SMART server: it isn't known as one of another service."""
    from sickbay.diagnosis.evidence.address import vendor_of  # few texts need its many patterns

    vendor = vendor_of(url)
    return vendor is None or vendor.fhir
