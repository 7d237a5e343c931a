"""Rules of the launch URL: what the app is opened with, and why it then does not know where it is."""

from dataclasses import replace

from sickbay.authorization.known import UrlKnown
from sickbay.authorization.launch import iss_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters


def _with(request: UrlRequest, parameters: Parameters) -> UrlRequest:
    return replace(request, url=request.url.partition("#")[0].partition("?")[0], parameters=parameters, fragment=Parameters())


def _mend_iss(request: UrlRequest, facts: Facts) -> UrlRequest:
    expected = facts.get("expected")
    return _with(request, request.parameters.replaced([("iss", expected)])) if expected else request


def _out_of_the_fragment(request: UrlRequest, facts: Facts) -> UrlRequest:
    """A parameter that stands at both sides keeps its value in the query."""
    moved = [(name, value) for name, value in request.fragment if name not in request.parameters]
    return _with(request, request.parameters.replaced(moved))


PARAMS_IN_FRAGMENT = Rule(
    id="launch-url-params-in-fragment",
    stage="launch",
    explains="launch-url-params-in-fragment",
    severity="error",
    outcome="the app cannot start",
    title="{names} stand behind the # of the launch URL",
    why="What follows # is not part of the query: a server never sees it, and location.search is empty.",
    fix="Put iss and launch into the query, and register a launch URI without #.",
    spec=specs.SMART_LAUNCH,
    repair=_out_of_the_fragment,
)

VENDOR_SUBSTITUTION = Rule(
    id="launch-url-vendor-substitution",
    stage="launch",
    explains="launch-url-vendor-substitution",
    severity="error",
    outcome="the app cannot start",
    title="The EHR opened your app as a plain link, not as a SMART app",
    why="{names} are variables of the EHR's menu. A SMART launch brings iss and launch instead.",
    fix="Have the entry configured as a SMART app, so that the EHR sends iss and launch.",
    spec=specs.SMART_LAUNCH,
)


def _legacy(request: UrlRequest, known: UrlKnown) -> Facts | None:
    sent = request.parameters
    old = [name for name in ("fhirServiceUrl", "patientId") if name in sent]
    return {"names": " and ".join(old)} if old and not (sent.get("iss") and sent.get("launch")) else None


LEGACY_PARAMS = Rule(
    id="launch-url-legacy-params",
    stage="launch",
    severity="warning",
    outcome="advice",
    advises=_legacy,
    title="The launch URL has {names}, as before SMART had a launch",
    why="They name an open server and a patient; nobody signs in, and no token is asked for.",
    fix="Launch from the EHR with iss and launch, or let the app start on its own with an iss from its configuration.",
    spec=specs.SMART_LAUNCH,
)

MISSING_ISS = Rule(
    id="launch-url-missing-iss",
    stage="launch",
    explains="launch-url-missing-iss",
    severity="error",
    outcome="the app cannot start",
    parameter="iss",
    title="The launch URL has no iss",
    why="iss tells your app which FHIR server opened it. Opened by hand, or from a bookmark, a launch page has none.",
    fix="Launch from the EHR: {example}.",
    spec=specs.SMART_LAUNCH,
)


def _no_launch(request: UrlRequest, known: UrlKnown) -> Facts | None:
    sent = request.parameters
    return {"received": None} if sent.get("iss") and not sent.get("launch") else None


MISSING_LAUNCH = Rule(
    id="launch-url-missing-launch",
    stage="launch",
    severity="warning",
    outcome="advice",
    advises=_no_launch,
    parameter="launch",
    title="The launch URL has iss, but no launch",
    why="Without the code there is no context: scope launch would be refused. A start on one's own may look like this.",
    fix="The EHR must add launch=<code>. To start without one, ask scope launch/patient instead of launch.",
    spec=specs.SMART_LAUNCH,
)

ISS_DOUBLE_ENCODED = Rule(
    id="launch-url-iss-double-encoded",
    stage="launch",
    explains="launch-url-iss-double-encoded",
    severity="error",
    outcome="the app cannot start",
    parameter="iss",
    title="iss is encoded twice",
    why="After one decoding it is still {received}, and discovery is sought under that name.",
    fix="Encode it once, so that it decodes to {expected}.",
    spec=specs.SMART_LAUNCH,
    repair=_mend_iss,
)

ISS_NOT_ABSOLUTE = Rule(
    id="launch-url-iss-not-absolute",
    stage="launch",
    explains="launch-url-iss-not-absolute",
    severity="error",
    outcome="the app cannot start",
    parameter="iss",
    title="iss is {received}, which is no absolute URL",
    why="Your app would look for the FHIR server on its own host.",
    fix="Send the whole FHIR base, with https:// and the host.",
    spec=specs.SMART_LAUNCH,
)

ISS_NOT_BASE = Rule(
    id="launch-url-iss-not-base",
    stage="launch",
    explains="launch-url-iss-not-base",
    severity="error",
    outcome="the app cannot start",
    parameter="iss",
    title="iss is {received}, which goes on behind the FHIR base",
    why="Discovery stands directly below the base: .well-known/smart-configuration is sought there and not found.",
    fix="Cut iss back to the base: {expected}.",
    spec=specs.SMART_LAUNCH,
    repair=_mend_iss,
)

ISS_NOT_ALLOWLISTED = Rule(
    id="launch-url-iss-not-allowlisted",
    stage="launch",
    explains="launch-url-iss-not-allowlisted",
    severity="error",
    outcome="the app refuses",
    parameter="iss",
    title="Your app does not trust {received}",
    why="Anybody can open your app with an iss of their own and collect what it sends there. Trusted: {allowed}.",
    fix="Refuse this launch, or add the hospital to the servers your app trusts.",
    spec=specs.SMART_LAUNCH,
)


def _loopback(request: UrlRequest, known: UrlKnown) -> Facts | None:
    iss = iss_of(request)
    apart = iss is not None and urls.is_loopback(iss) and urls.host(request.url) and not urls.is_loopback(request.url)
    return {"received": iss, "host": urls.host(request.url)} if apart else None


ISS_LOOPBACK = Rule(
    id="launch-url-iss-loopback",
    stage="launch",
    severity="warning",
    outcome="advice",
    advises=_loopback,
    parameter="iss",
    title="iss is {received}, while your app runs at {host}",
    why="localhost is another machine for your app than for the EHR, often because a container names itself so.",
    fix="Configure the EHR's outside address, so that iss can be reached from {host}.",
    spec=specs.SMART_LAUNCH,
)


def _plain_http(request: UrlRequest, known: UrlKnown) -> Facts | None:
    iss = iss_of(request) or ""
    open_ = urls.split(iss).scheme == "http" and urls.host(iss) and not urls.is_loopback(iss)
    return {"received": iss, "expected": f"https{iss[4:]}"} if open_ else None


ISS_HTTP = Rule(
    id="launch-url-iss-http",
    stage="launch",
    severity="warning",
    outcome="advice",
    advises=_plain_http,
    parameter="iss",
    title="iss is plain http: {received}",
    why="Tokens and records would cross the network in clear, and a page served by https may not call it.",
    fix="Use the https address: {expected}.",
    spec=specs.SMART_LAUNCH,
)

RULES = (
    PARAMS_IN_FRAGMENT,
    VENDOR_SUBSTITUTION,
    LEGACY_PARAMS,
    MISSING_ISS,
    MISSING_LAUNCH,
    ISS_DOUBLE_ENCODED,
    ISS_NOT_ABSOLUTE,
    ISS_NOT_BASE,
    ISS_NOT_ALLOWLISTED,
    ISS_LOOPBACK,
    ISS_HTTP,
)
