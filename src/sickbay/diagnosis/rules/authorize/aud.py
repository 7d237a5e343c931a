"""Rules about aud: which FHIR server the token is for."""

import re

from sickbay.authorization.authorize.reading import audience, base_of
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Server
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol import urls


def _set_aud(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """The base goes where the request has it: aud, or RFC 8707's resource."""
    name = "resource" if "resource" in request.parameters and "aud" not in request.parameters else "aud"
    base = facts.get("expected") or next(iter(facts.get("bases") or ()), None)
    return repairs.with_parameters(request, (name, base)) if base else request


def _other_name(facts: Facts) -> Facts | None:
    return {**facts, "expected": facts["audience"]} if facts.get("audience") else None


def _rename(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.with_parameters(request, ("audience", None), ("aud", facts["audience"]))


AUD_WRONG_PARAM_NAME = Rule(
    id="aud-wrong-param-name",
    stage="authorize",
    explains="aud-missing",
    recognises=_other_name,
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app sent audience; SMART calls it aud",
    why="Under another name the server does not see it, and takes the FHIR server as not said.",
    fix="Rename the parameter: aud={audience}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_rename,
)

AUD_MISSING = Rule(
    id="aud-missing",
    stage="authorize",
    explains="aud-missing",
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app asked for access without saying to which server",
    why="aud names the FHIR server that the token is for, so that no counterfeit one can collect it.",
    fix="Add aud with the iss of the launch: {base}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)


def _with_tail(facts: Facts) -> Facts | None:
    """A base, and behind it a fragment or a query, if an empty one."""
    received = str(facts["received"] or "")
    found = re.search(r"[?#]", received)
    base = base_of(received[: found.start()], facts["bases"]) if found else None
    if found is None or base is None:
        return None
    return {**facts, "tail": received[found.start() :], "expected": base, "note": "the iss of the launch"}


AUD_HAS_FRAGMENT_OR_QUERY = Rule(
    id="aud-has-fragment-or-query",
    stage="authorize",
    explains="aud-mismatch",
    recognises=_with_tail,
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app sent {received} as aud, with {tail} behind the FHIR base",
    why="What names a server has no fragment, and a FHIR base has no query: the address is another one, though it leads there.",
    fix="Send the FHIR base alone, the iss of the launch: {expected}.",
    spec=specs.rfc(8707, "2", "Resource Parameter"),
    repair=_set_aud,
)


def _not_base(facts: Facts) -> Facts | None:
    """The same host, but above the base, below it, or an OAuth address."""
    aud = urls.one_loopback(urls.normalised(urls.decoded_again(str(facts["received"] or ""))))
    for base in facts["bases"]:
        plain = urls.one_loopback(urls.normalised(base))
        if urls.split(plain).netloc != urls.split(aud).netloc or plain == aud:
            continue
        if f"{plain}/".startswith(f"{aud}/") or aud.startswith((f"{plain}/", f"{plain}?")) or _is_oauth(aud, facts):
            return {**facts, "expected": base, "note": "the iss of the launch"}
    return None


def _is_oauth(aud: str, facts: Facts) -> bool:
    endpoints = {urls.one_loopback(urls.normalised(one)) for one in facts.get("endpoints", ()) if one}
    last = urls.split(aud).path.rstrip("/").rpartition("/")[2].lower()
    return any(f"{one}/".startswith(f"{aud}/") for one in endpoints) or last in (
        "authorize",
        "token",
        "oauth",
        "oauth2",
        "auth",
        "connect",
        "introspect",
        "revoke",
    )


AUD_NOT_FHIR_BASE = Rule(
    id="aud-not-fhir-base",
    stage="authorize",
    explains="aud-mismatch",
    recognises=_not_base,
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app sent {received} as aud, which is on this server but not its FHIR base",
    why="aud is the address that FHIR requests begin with: not the host, not the token endpoint, not a resource.",
    fix="Send the FHIR base, the iss of the launch: {expected}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)


def _nearest(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("closest"), "note": "the iss of the launch"}


AUD_MISMATCH = Rule(
    id="aud-mismatch",
    stage="authorize",
    explains="aud-mismatch",
    recognises=_nearest,
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app asked for access to {received}, for which this server gives no tokens",
    why="A token of this server is for its own FHIR bases alone: {bases}.",
    fix="Send aud equal to the iss of the launch, character by character: {expected}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)

AUD_NOT_ISS_OF_LAUNCH = Rule(
    id="aud-not-iss-of-launch",
    stage="authorize",
    explains="aud-not-iss-of-launch",
    severity="error",
    outcome="invalid_request",
    parameter="aud",
    title="Your app was opened by {expected}, and asked for access to {received}",
    why="The launch is of one FHIR server: its patient and its visit have their ids there. Another version is another server.",
    fix="Send aud equal to the iss of the launch, character by character: {expected}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)


def _near(request: AuthorizeRequest, known: AuthorizeKnown) -> tuple[str, tuple[str, ...]]:
    bases = known.server.fhir_bases if isinstance(known.server, Server) else ()
    aud = audience(request) or ""
    return aud, () if aud in bases or "#" in aud or "?" in aud else bases


def _slash(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    aud, bases = _near(request, known)
    plain = urls.one_loopback(urls.normalised(aud))
    for base in bases:
        if urls.one_loopback(urls.normalised(base)) == plain and aud.endswith("/") != base.endswith("/"):
            return {"received": aud, "expected": base, "note": "the iss of the launch"}
    return None


AUD_TRAILING_SLASH = Rule(
    id="aud-trailing-slash",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_slash,
    parameter="aud",
    title="aud and the FHIR base differ by the slash at the end",
    why="This server lets it pass. Others compare character by character and refuse.",
    fix="Send the iss as it came: {expected}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)


def _alias(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    aud, bases = _near(request, known)
    for base in bases:
        named = urls.normalised(aud) != urls.normalised(base)
        if named and urls.one_loopback(urls.normalised(aud)) == urls.one_loopback(urls.normalised(base)):
            return {"received": aud, "expected": base, "note": "the iss of the launch"}
    return None


AUD_LOOPBACK_ALIAS = Rule(
    id="aud-loopback-alias",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_alias,
    parameter="aud",
    title="aud has another name of this machine than the FHIR base",
    why="localhost and 127.0.0.1 are one machine but two names. The token is for {expected}.",
    fix="Send the iss as it came: {expected}.",
    spec=specs.SMART_AUTHORIZE,
    repair=_set_aud,
)


def _disagreeing(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    aud, resource = request.parameters.get("aud"), request.parameters.get("resource")
    if not aud or not resource or base_of(resource, (aud,)):
        return None
    return {"received": resource, "expected": aud}


def _one_name(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.with_parameters(request, ("resource", None))


AUD_RESOURCE_DISAGREE = Rule(
    id="aud-resource-disagree",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_disagreeing,
    parameter="resource",
    title="Your app names two servers: aud {expected}, resource {received}",
    why="Both say whom the token is for: aud by SMART, resource by RFC 8707. Here aud counts; a server that looks at resource "
    "first gives a token for the other, or none.",
    fix="Leave resource out, or send the same address in both.",
    spec=specs.rfc(8707, "2.1", "Authorization Request"),
    repair=_one_name,
)

RULES = (
    AUD_WRONG_PARAM_NAME,
    AUD_MISSING,
    AUD_HAS_FRAGMENT_OR_QUERY,
    AUD_NOT_FHIR_BASE,
    AUD_MISMATCH,
    AUD_NOT_ISS_OF_LAUNCH,
    AUD_TRAILING_SLASH,
    AUD_LOOPBACK_ALIAS,
    AUD_RESOURCE_DISAGREE,
)
