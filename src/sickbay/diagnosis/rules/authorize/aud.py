"""Rules about `aud`, the FHIR server that the token is for."""

import re

from sickbay.authorization.authorize.parameters import read_audience
from sickbay.authorization.bases import base_of
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, guesses, placeholders
from sickbay.diagnosis.evidence import address
from sickbay.diagnosis.rule import GUESS, RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls
from sickbay.protocol.nearby_hosts import find_nearby_host


def _set_aud(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Sets the base URL in the parameter that the request uses: `aud`, or `resource` (RFC 8707)."""
    name = "resource" if "resource" in request.parameters and "aud" not in request.parameters else "aud"
    base = facts.get("expected") or next(iter(facts.get("bases") or ()), None)
    return corrections.set_parameters(request, (name, base)) if base else request


def _host_name_differs(facts: Facts) -> Facts | None:
    return {**facts, "expected": facts["audience"]} if facts.get("audience") else None


def _rename_to_aud(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.set_parameters(request, ("audience", None), ("aud", facts["audience"]))


def _find_tail(facts: Facts) -> Facts | None:
    """A FHIR base URL followed by a fragment or a query string, even an empty one."""
    received = str(facts["received"] or "")
    tail = re.search(r"[?#]", received)
    base = base_of(received[: tail.start()], facts["bases"]) if tail else None
    if tail is None or base is None:
        return None
    return {**facts, "tail": received[tail.start() :], "expected": base, "note": "the iss of the launch"}


_OAUTH = ("authorize", "token", "oauth", "oauth2", "auth", "connect", "introspect", "revoke")


def _find_other_address(facts: Facts) -> Facts | None:
    """A URL on the same host: above the base URL, below it, or an OAuth endpoint."""
    aud = urls.use_localhost(urls.normalise(urls.decode_again(str(facts["received"] or ""))))
    for base in facts["bases"]:
        plain = urls.use_localhost(urls.normalise(base))
        if urls.split(plain).netloc != urls.split(aud).netloc or plain == aud:
            continue
        if f"{plain}/".startswith(f"{aud}/") or aud.startswith((f"{plain}/", f"{plain}?")) or _is_oauth_endpoint(aud, facts):
            return {**facts, "expected": base, "note": "the iss of the launch"}
    return None


def _is_oauth_endpoint(aud: str, facts: Facts) -> bool:
    endpoints = {urls.use_localhost(urls.normalise(endpoint)) for endpoint in facts.get("endpoints", ()) if endpoint}
    last = urls.split(aud).path.rstrip("/").rpartition("/")[2].lower()
    return any(f"{endpoint}/".startswith(f"{aud}/") for endpoint in endpoints) or last in _OAUTH


def _find_other_url(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """Whether it can't be a FHIR base on any server: a host without a path, or an OAuth endpoint."""
    aud = read_audience(request)
    if not context.smart or aud is None or not urls.is_absolute(aud):
        return None
    path = urls.split(aud).path.strip("/")
    if (not path and not address.may_be_a_base(aud)) or path.rpartition("/")[2].lower() in _OAUTH:
        return {"received": aud, "expected": placeholders.PLACEHOLDER_AUD, "note": "the iss of the launch"} | _PATH
    return None


_PATH = {GUESS: "Sickbay infers this only from the path of the URL, because it doesn't know the server."}


def _find_alias(facts: Facts) -> Facts | None:
    """A FHIR base of this server under a name that an emulator, a container or the local network has for its machine."""
    aud = urls.split(urls.normalise(urls.decode_again(str(facts["received"] or ""))))
    host = find_nearby_host(aud.hostname or "")
    for base in facts["bases"]:
        own = urls.split(base)
        if host and aud.scheme in ("http", "https") and (own.path, own.port) == (aud.path.rstrip("/"), aud.port):
            root, port = f"{aud.scheme}://{aud.netloc}", own.port or (443 if own.scheme == "https" else 80)
            forward = f" and forward its port (`adb reverse tcp:{port} tcp:{port}`)" if host.forwards else ""
            names = {"host": aud.hostname, "root": root, "meaning": host.meaning[:1].upper() + host.meaning[1:]}
            return {**facts, **names, "forward": forward, "expected": base, "note": "the iss of the launch"}
    return None


def _expect_closest(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("closest"), "note": "the iss of the launch"}


def _list_similar_bases(request: AuthorizeRequest, context: AuthorizeContext) -> tuple[str, tuple[str, ...]]:
    bases = context.server.fhir_bases if isinstance(context.server, Server) else ()
    aud = request.parameters.get("aud") or ""
    return aud, () if aud in bases or "#" in aud or "?" in aud else bases


def _aud_differs_by_slash(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    aud, bases = _list_similar_bases(request, context)
    if not isinstance(context.server, Server) and context.smart and _has_extra_slash(aud):
        return {"received": aud, "expected": aud.rstrip("/"), "note": "the iss of the launch"} | guesses.POLICY
    plain = urls.use_localhost(urls.normalise(aud))
    for base in bases:
        if urls.use_localhost(urls.normalise(base)) == plain and aud.endswith("/") != base.endswith("/"):
            return {"received": aud, "expected": base, "note": "the iss of the launch"}
    return None


def _has_extra_slash(aud: str) -> bool:
    return aud.endswith("/") and urls.is_absolute(aud) and urls.split(aud).path != "/"


def _find_other_loopback_name(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    aud, bases = _list_similar_bases(request, context)
    for base in bases:
        named = urls.normalise(aud) != urls.normalise(base)
        if named and urls.use_localhost(urls.normalise(aud)) == urls.use_localhost(urls.normalise(base)):
            return {"received": aud, "expected": base, "note": "the iss of the launch"}
    return None


FUNCTIONS: RuleFunctions = {
    "aud-wrong-param-name": {"recognises": _host_name_differs, "repair": _rename_to_aud},
    "aud-missing": {"repair": _set_aud, "insert_placeholder": corrections.set_placeholder("aud")},
    "aud-has-fragment-or-query": {"recognises": _find_tail, "repair": _set_aud},
    "aud-not-fhir-base": {"recognises": _find_other_address, "advises": _find_other_url, "repair": _set_aud},
    "aud-nearby-host": {"recognises": _find_alias, "repair": _set_aud},
    "aud-mismatch": {"recognises": _expect_closest, "repair": _set_aud},
    "aud-not-iss-of-launch": {"repair": _set_aud},
    "aud-trailing-slash": {"advises": _aud_differs_by_slash, "repair": _set_aud},
    "aud-loopback-alias": {"advises": _find_other_loopback_name, "repair": _set_aud},
    "aud-resource-disagree": {"repair": corrections.set_value("resource", None)},
}
