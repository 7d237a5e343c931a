"""Rules about the discovery document (SMART 2.2, Conformance)."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts

CONFORMANCE = Spec(
    "SMART App Launch 2.2, Conformance",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known",
)
PATH = "/.well-known/smart-configuration"
REQUIRED = ("token_endpoint", "capabilities", "grant_types_supported", "code_challenge_methods_supported")
COMPARED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint")
"""Members that must be the same in both discovery documents of a server."""
REQUIRED_BY_OPENID = (
    "issuer",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _elsewhere(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    bases = context.server.fhir_bases if isinstance(context.server, Server) else ()
    base = exchange.url.partition("?")[0].removesuffix(PATH)
    if not bases or base == exchange.url or base.rstrip("/") in [other.rstrip("/") for other in bases]:
        return None
    return {"received": exchange.url, "expected": bases[0] + PATH}


def _not_found(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    return {"received": exchange.url} if exchange.status == 404 and _elsewhere(exchange, context) is None else None


def _not_json(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    type = exchange.answer_headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if exchange.status == 404 or (isinstance(exchange.document, dict) and type == "application/json"):
        return None
    return {"received": type}


def _members(exchange: HttpExchange) -> Mapping[str, Any]:
    return exchange.document if isinstance(exchange.document, dict) else {}


def _in_clear(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    urls = {name: str(url) for name, url in _members(exchange).items() if name.endswith(("_endpoint", "jwks_uri", "issuer"))}
    parts = {name: urlsplit(url) for name, url in urls.items()}
    clear = [name for name, url in parts.items() if url.scheme == "http" and url.hostname not in LOOPBACK]
    return {"names": clear, "received": [urls[name] for name in clear]} if clear else None


def _find_missing_members(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members(exchange)
    if not document or _open(exchange, context):
        return None
    if _is_of_openid(exchange):
        missing = [name for name in REQUIRED_BY_OPENID if name not in document]
        return {"missing": missing, "standard": "OpenID Connect"} if missing else None
    launches = any(str(capability).startswith("launch-") for capability in document.get("capabilities") or ())
    needed = (*REQUIRED, "authorization_endpoint") if launches else REQUIRED
    missing = [name for name in needed if name not in document]
    return {"missing": missing, "standard": "SMART 2"} if missing else None


def _is_of_openid(exchange: HttpExchange) -> bool:
    """Whether it is an OpenID provider's document (OpenID Connect Discovery 1.0, 3), which SMART doesn't define."""
    document = _members(exchange)
    named = exchange.url.partition("?")[0].endswith(("/openid-configuration", "/oauth-authorization-server"))
    return "capabilities" not in document and (named or "subject_types_supported" in document)


def _no_s256(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    methods = None if _is_of_openid(exchange) else _members(exchange).get("code_challenge_methods_supported")
    return {"received": methods} if methods is not None and ("S256" not in methods or "plain" in methods) else None


def _no_issuer(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members(exchange)
    missing = [name for name in ("issuer", "jwks_uri") if not document.get(name)]
    return {"missing": missing} if missing and "sso-openid-connect" in (document.get("capabilities") or ()) else None


def _no_cors(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    origin = exchange.headers.get("origin")
    return {"origin": origin} if origin and "access-control-allow-origin" not in exchange.answer_headers else None


def _open(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members(exchange)
    named = document.get("authorization_endpoint") or document.get("token_endpoint")
    return {"received": exchange.url} if document and not named else None


def _disagree(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    """The members that differ. The OpenID configuration of an identity provider may name more, but nothing else."""
    document, openid = _members(exchange), context.openid or {}
    names = [name for name in COMPARED if document.get(name) and openid.get(name) and document[name] != openid[name]]
    if not names:
        return None
    return {"names": names, "received": [document[name] for name in names], "expected": [openid[name] for name in names]}


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None]) -> Rule:
    return Rule(
        id=id,
        title=title,
        why=why,
        fix=fix,
        spec=CONFORMANCE,
        advises=advises,
    )


RULES = (
    _rule(
        "discovery-wrong-location",
        "The discovery document was requested at the wrong URL: `{received}`",
        "It is under the FHIR base URL, which is the `iss` of the launch, not under the host.",
        "Request `{expected}`.",
        _elsewhere,
    ),
    _rule(
        "discovery-404",
        "The discovery document doesn't exist",
        "The server doesn't support SMART, SMART is turned off, or the base URL is wrong. Apps can't learn where to "
        "send users to sign in.",
        "Turn on SMART at the server. If that's not possible, read the endpoints from `rest.security` in "
        "the CapabilityStatement.",
        _not_found,
    ),
    _rule(
        "discovery-not-json",
        "The discovery document isn't a JSON object: the response is `{received}`",
        "Some servers return HTML or XML unless the request asks for JSON.",
        "Send `Accept: application/json`. If it's your server, always return JSON.",
        _not_json,
    ),
    _rule(
        "discovery-http-endpoints",
        "The discovery document contains `http` URLs: {names:code}",
        "Requests to them aren't encrypted. Behind a proxy, servers often build URLs from the internal scheme: {received}.",
        "Set the public base URL of the server. If it has no such setting, make it trust `X-Forwarded-Proto` from its proxy.",
        _in_clear,
    ),
    _rule(
        "discovery-open-server",
        "The discovery document has no authorization endpoint and no token endpoint",
        "The server is probably open: it returns data without a token, so there is nothing to authorize.",
        "Use the protected FHIR base URL, which is the `iss` of the launch.",
        _open,
    ),
    _rule(
        "discovery-missing-field",
        "The discovery document doesn't contain {missing:code}",
        "{standard} requires {missing:code}. Apps that validate the document stop here.",
        "Add {missing:code} to the document.",
        _find_missing_members,
    ),
    _rule(
        "discovery-no-s256",
        "`code_challenge_methods_supported` is `{received}`",
        "SMART 2 requires `S256` in this list and forbids `plain`.",
        "List only `S256`.",
        _no_s256,
    ),
    _rule(
        "discovery-sso-without-issuer",
        "`sso-openid-connect` is listed without {missing:code}",
        "Apps need `issuer` and `jwks_uri` to verify an ID token.",
        "Add {missing:code}. If the server issues no ID tokens, remove the capability.",
        _no_issuer,
    ),
    _rule(
        "discovery-documents-disagree",
        "The SMART configuration and the OpenID configuration differ in {names:code}",
        "Libraries read one or the other, so they send requests to different endpoints: `{received}` and `{expected}`.",
        "Use the values of `/.well-known/smart-configuration`. If it's your server, return the same ones in both.",
        _disagree,
    ),
    _rule(
        "discovery-cors",
        "Pages on `{origin}` can't read the discovery document",
        "The response has no `Access-Control-Allow-Origin` header, so browsers don't let the app read it.",
        "Send `Access-Control-Allow-Origin: *` with the discovery document and with `/metadata`. Both are public.",
        _no_cors,
    ),
)
