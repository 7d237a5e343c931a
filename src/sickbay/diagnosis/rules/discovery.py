"""Rules of the discovery document, as somebody fetched it (SMART 2.2, Conformance)."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization.known import AnswerKnown
from sickbay.authorization.requests import HttpExchange
from sickbay.authorization.values import Server
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts

CONFORMANCE = Spec(
    "SMART App Launch 2.2, Conformance",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known",
)
PATH = "/.well-known/smart-configuration"
REQUIRED = ("token_endpoint", "capabilities", "grant_types_supported", "code_challenge_methods_supported")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _elsewhere(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    bases = known.server.fhir_bases if isinstance(known.server, Server) else ()
    base = asked.url.partition("?")[0].removesuffix(PATH)
    if not bases or base == asked.url or base.rstrip("/") in [one.rstrip("/") for one in bases]:
        return None
    return {"received": asked.url, "expected": bases[0] + PATH}


def _not_found(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    return {"received": asked.url} if asked.status == 404 and _elsewhere(asked, known) is None else None


def _not_json(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    type = asked.answer_headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if asked.status == 404 or (isinstance(asked.document, dict) and type == "application/json"):
        return None
    return {"received": type}


def _members(asked: HttpExchange) -> Mapping[str, Any]:
    return asked.document if isinstance(asked.document, dict) else {}


def _in_clear(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    urls = {name: str(url) for name, url in _members(asked).items() if name.endswith(("_endpoint", "jwks_uri", "issuer"))}
    parts = {name: urlsplit(url) for name, url in urls.items()}
    clear = [name for name, one in parts.items() if one.scheme == "http" and one.hostname not in LOOPBACK]
    return {"names": clear, "received": [urls[name] for name in clear]} if clear else None


def _missing(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    document = _members(asked)
    if not document or _open(asked, known):
        return None
    launches = any(str(one).startswith("launch-") for one in document.get("capabilities") or ())
    needed = (*REQUIRED, "authorization_endpoint") if launches else REQUIRED
    missing = [name for name in needed if name not in document]
    return {"missing": missing} if missing else None


def _no_s256(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    methods = _members(asked).get("code_challenge_methods_supported")
    return {"received": methods} if methods is not None and ("S256" not in methods or "plain" in methods) else None


def _no_issuer(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    document = _members(asked)
    missing = [name for name in ("issuer", "jwks_uri") if not document.get(name)]
    return {"missing": missing} if missing and "sso-openid-connect" in (document.get("capabilities") or ()) else None


def _no_cors(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    origin = asked.headers.get("origin")
    return {"origin": origin} if origin and "access-control-allow-origin" not in asked.answer_headers else None


def _open(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    document = _members(asked)
    named = document.get("authorization_endpoint") or document.get("token_endpoint")
    return {"received": asked.url} if document and not named else None


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None]) -> Rule:
    return Rule(
        id=id,
        stage="discovery",
        severity="error",
        outcome="advice",
        title=title,
        why=why,
        fix=fix,
        spec=CONFORMANCE,
        advises=advises,
    )


RULES = (
    _rule(
        "discovery-wrong-location",
        "The discovery document was looked for at {received}",
        "It stands below the FHIR base, the iss of the launch, and nowhere else.",
        "Get {expected}.",
        _elsewhere,
    ),
    _rule(
        "discovery-404",
        "There is no discovery document",
        "The server has no SMART, or has it switched off: at this base nobody can learn where to authorize.",
        "Switch SMART on at the server; an app may fall back to rest.security of the CapabilityStatement.",
        _not_found,
    ),
    _rule(
        "discovery-not-json",
        "The discovery document came as {received}, and is no JSON object",
        "Some servers answer in HTML or XML to who does not ask for JSON.",
        "Send Accept: application/json. The server has to answer in JSON whatever is asked.",
        _not_json,
    ),
    _rule(
        "discovery-http-endpoints",
        "{names} begin with http://",
        "What goes there goes in clear. Behind a proxy a server often makes its addresses from the inner scheme: {received}.",
        "Set the public base URL of the server, or let it heed X-Forwarded-Proto of its own proxy.",
        _in_clear,
    ),
    _rule(
        "discovery-open-server",
        "The document names neither an authorize nor a token endpoint",
        "This is an open server: it gives data without asking who wants them, and has nothing to authorize.",
        "Use the protected FHIR base, the iss of the launch.",
        _open,
    ),
    _rule(
        "discovery-missing-field",
        "The discovery document lacks {missing}",
        "SMART 2 requires it, and clients that check will not go on without it.",
        "Add {missing} to the document.",
        _missing,
    ),
    _rule(
        "discovery-no-s256",
        "code_challenge_methods_supported is {received}",
        "SMART 2 wants S256 in it, and plain not.",
        "List S256 alone.",
        _no_s256,
    ),
    _rule(
        "discovery-sso-without-issuer",
        "sso-openid-connect is claimed, but {missing} did not come with it",
        "Without issuer and jwks_uri nobody can verify an id_token.",
        "Add {missing}, or leave the capability out.",
        _no_issuer,
    ),
    _rule(
        "discovery-cors",
        "A page of {origin} may not read the discovery document",
        "The answer has no Access-Control-Allow-Origin, so browsers keep it from the app.",
        "Send Access-Control-Allow-Origin: * with discovery and metadata; both are public.",
        _no_cors,
    ),
)
