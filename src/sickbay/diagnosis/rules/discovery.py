"""Rules about the discovery document (SMART 2.2, Conformance)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization.contexts import AnswerContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol.urls import LOOPBACK

PATH = "/.well-known/smart-configuration"
REQUIRED = ("token_endpoint", "capabilities", "grant_types_supported", "code_challenge_methods_supported")
COMPARED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint")
"""Members that must be the same in both discovery documents of a server."""


def _is_not_below_a_base(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    bases = context.server.fhir_bases if isinstance(context.server, Server) else ()
    base = exchange.url.partition("?")[0].removesuffix(PATH)
    if not bases or base == exchange.url or base.rstrip("/") in [other.rstrip("/") for other in bases]:
        return None
    return {"received": exchange.url, "expected": bases[0] + PATH}


def _document_is_not_found(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    return {"received": exchange.url} if exchange.status == 404 and _is_not_below_a_base(exchange, context) is None else None


def _document_is_not_json(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    type = exchange.answer_headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if exchange.status == 404 or (isinstance(exchange.document, dict) and type == "application/json"):
        return None
    return {"received": type}


def _members_of_document(exchange: HttpExchange) -> Mapping[str, Any]:
    return exchange.document if isinstance(exchange.document, dict) else {}


def _endpoints_use_http(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    urls = {
        name: str(url)
        for name, url in _members_of_document(exchange).items()
        if name.endswith(("_endpoint", "jwks_uri", "issuer"))
    }
    parts = {name: urlsplit(url) for name, url in urls.items()}
    clear = [name for name, url in parts.items() if url.scheme == "http" and url.hostname not in LOOPBACK]
    return {"names": clear, "received": [urls[name] for name in clear]} if clear else None


def _find_missing_members(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members_of_document(exchange)
    if not document or _document_is_readable(exchange, context):
        return None
    if _is_of_openid(exchange):
        missing = [name for name in LISTS["required_by_openid"] if name not in document]
        return {"missing": missing, "standard": "OpenID Connect"} if missing else None
    launches = any(str(capability).startswith("launch-") for capability in document.get("capabilities") or ())
    needed = (*REQUIRED, "authorization_endpoint") if launches else REQUIRED
    missing = [name for name in needed if name not in document]
    return {"missing": missing, "standard": "SMART 2"} if missing else None


def _is_of_openid(exchange: HttpExchange) -> bool:
    """Whether it is an OpenID provider's document (OpenID Connect Discovery 1.0, 3), which SMART doesn't define."""
    document = _members_of_document(exchange)
    named = exchange.url.partition("?")[0].endswith(("/openid-configuration", "/oauth-authorization-server"))
    return "capabilities" not in document and (named or "subject_types_supported" in document)


def _has_no_s256(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    methods = None if _is_of_openid(exchange) else _members_of_document(exchange).get("code_challenge_methods_supported")
    return {"received": methods} if methods is not None and ("S256" not in methods or "plain" in methods) else None


def _has_no_issuer(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members_of_document(exchange)
    missing = [name for name in ("issuer", "jwks_uri") if not document.get(name)]
    return {"missing": missing} if missing and "sso-openid-connect" in (document.get("capabilities") or ()) else None


def _has_no_cors(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    origin = exchange.headers.get("origin")
    return {"origin": origin} if origin and "access-control-allow-origin" not in exchange.answer_headers else None


def _document_is_readable(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    document = _members_of_document(exchange)
    named = document.get("authorization_endpoint") or document.get("token_endpoint")
    return {"received": exchange.url} if document and not named else None


def _documents_disagree(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    """The members that differ. The OpenID configuration of an identity provider may name more, but nothing else."""
    document, openid = _members_of_document(exchange), context.openid or {}
    names = [name for name in COMPARED if document.get(name) and openid.get(name) and document[name] != openid[name]]
    if not names:
        return None
    return {"names": names, "received": [document[name] for name in names], "expected": [openid[name] for name in names]}


FUNCTIONS: RuleFunctions = {
    "discovery-wrong-location": {"advises": _is_not_below_a_base},
    "discovery-404": {"advises": _document_is_not_found},
    "discovery-not-json": {"advises": _document_is_not_json},
    "discovery-http-endpoints": {"advises": _endpoints_use_http},
    "discovery-open-server": {"advises": _document_is_readable},
    "discovery-missing-field": {"advises": _find_missing_members},
    "discovery-no-s256": {"advises": _has_no_s256},
    "discovery-sso-without-issuer": {"advises": _has_no_issuer},
    "discovery-documents-disagree": {"advises": _documents_disagree},
    "discovery-cors": {"advises": _has_no_cors},
}
