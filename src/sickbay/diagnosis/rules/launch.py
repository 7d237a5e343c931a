"""Rules about the launch URL with which the EHR opens the app."""

from msgspec import structs

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.launch.url import iss_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters


def _with(request: UrlRequest, parameters: Parameters) -> UrlRequest:
    return structs.replace(
        request, url=request.url.partition("#")[0].partition("?")[0], parameters=parameters, fragment=Parameters()
    )


def _set_iss(request: UrlRequest, facts: Facts) -> UrlRequest:
    expected = facts.get("expected")
    return _with(request, request.parameters.replace([("iss", expected)])) if expected else request


def _from_fragment(request: UrlRequest, facts: Facts) -> UrlRequest:
    """Moves the parameters to the query string; those already in it keep their values."""
    moved = [(name, value) for name, value in request.fragment if name not in request.parameters]
    return _with(request, request.parameters.replace(moved))


PARAMS_IN_FRAGMENT = Rule(
    id="launch-url-params-in-fragment",
    title="The launch URL has parameters after the `#`: {names}",
    why="Browsers don't send the fragment to a server, and it isn't part of `location.search`.",
    fix="Put `iss` and `launch` into the query string, and register a launch URL without a `#`.",
    spec=specs.SMART_LAUNCH,
    repair=_from_fragment,
)

VENDOR_SUBSTITUTION = Rule(
    id="launch-url-vendor-substitution",
    title="The EHR opened your app as a plain link instead of a SMART launch",
    why="The URL contains variables of the EHR's menu: {names}. A SMART launch sends `iss` and `launch` instead.",
    fix="Ask the EHR's administrator to configure the menu entry as a SMART app.",
    spec=specs.SMART_LAUNCH,
)


def _legacy(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    old = [name for name in ("fhirServiceUrl", "patientId") if name in sent]
    return {"names": " and ".join(old)} if old and not (sent.get("iss") and sent.get("launch")) else None


LEGACY_PARAMS = Rule(
    id="launch-url-legacy-params",
    severity="warning",
    advises=_legacy,
    title="The launch URL uses parameters from before SMART: {names}",
    why="They name an open FHIR server and a patient, so there is no sign-in and no token.",
    fix="Launch your app from the EHR with `iss` and `launch`. For a standalone launch, take `iss` from "
    "the app's configuration.",
    spec=specs.SMART_LAUNCH,
)

MISSING_ISS = Rule(
    id="launch-url-missing-iss",
    parameter="iss",
    title="`iss` is missing from the launch URL",
    why="`iss` tells your app which FHIR server launched it. It's missing if the URL was opened by hand or from a bookmark.",
    fix="Launch your app from the EHR: `{example}`.",
    spec=specs.SMART_LAUNCH,
)


def _no_launch(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    return {"received": None} if sent.get("iss") and not sent.get("launch") else None


MISSING_LAUNCH = Rule(
    id="launch-url-missing-launch",
    severity="warning",
    advises=_no_launch,
    parameter="launch",
    title="`launch` is missing from the launch URL",
    why="Without a launch code there is no launch context, and the server would refuse the scope "
    "`launch`. A standalone launch may look like this.",
    fix="For an EHR launch, have the EHR add `launch=<code>`. For a standalone launch, request "
    "`launch/patient` instead of `launch`.",
    spec=specs.SMART_LAUNCH,
)

ISS_DOUBLE_ENCODED = Rule(
    id="launch-url-iss-double-encoded",
    parameter="iss",
    title="`iss` is percent-encoded twice",
    why="After decoding it once, it's still `{received}`, so your app can't find the discovery document.",
    fix="Encode it only once, so that it decodes to `{expected}`.",
    spec=specs.SMART_LAUNCH,
    repair=_set_iss,
)

ISS_NOT_ABSOLUTE = Rule(
    id="launch-url-iss-not-absolute",
    parameter="iss",
    title="`iss` isn't an absolute URL: `{received}`",
    why="Your app would look for the FHIR server on its own host.",
    fix="Send the full FHIR base URL, with `https://` and the host.",
    spec=specs.SMART_LAUNCH,
)

ISS_NOT_BASE = Rule(
    id="launch-url-iss-not-base",
    parameter="iss",
    title="`iss` isn't the FHIR base URL: `{received}`",
    why="Your app looks for `.well-known/smart-configuration` directly under `iss` and doesn't find it there.",
    fix="Send `iss={expected}`.",
    spec=specs.SMART_LAUNCH,
    repair=_set_iss,
)

ISS_NOT_ALLOWLISTED = Rule(
    id="launch-url-iss-not-allowlisted",
    outcome="the app refuses",
    differs="The app can start, but it doesn't trust this server.",
    parameter="iss",
    title="`iss` isn't a server that your app trusts: `{received}`",
    why="Anyone can open your app with their own `iss` and collect what it sends there. Trusted: {allowed}.",
    fix="Refuse this launch. If you know the hospital, add its server to the ones that your app trusts.",
    spec=specs.SMART_LAUNCH,
)


def _loopback(request: UrlRequest, context: UrlContext) -> Facts | None:
    iss = iss_of(request)
    apart = iss is not None and urls.is_loopback(iss) and urls.host(request.url) and not urls.is_loopback(request.url)
    return {"received": iss, "host": urls.host(request.url)} if apart else None


ISS_LOOPBACK = Rule(
    id="launch-url-iss-loopback",
    severity="warning",
    advises=_loopback,
    parameter="iss",
    title="`iss` is `{received}`, but your app runs on `{host}`",
    why="For your app, `localhost` is a different machine than for the EHR. A common cause is an EHR in a container.",
    fix="Configure the EHR's public base URL, so that `{host}` can reach `iss`.",
    spec=specs.SMART_LAUNCH,
)


def _plain_http(request: UrlRequest, context: UrlContext) -> Facts | None:
    iss = iss_of(request) or ""
    open_ = urls.split(iss).scheme == "http" and urls.host(iss) and not urls.is_loopback(iss)
    return {"received": iss, "expected": f"https{iss[4:]}"} if open_ else None


ISS_HTTP = Rule(
    id="launch-url-iss-http",
    severity="warning",
    advises=_plain_http,
    parameter="iss",
    title="`iss` uses `http`: `{received}`",
    why="Tokens and records would be sent unencrypted, and browsers don't let an `https` page call an `http` server.",
    fix="Send `iss={expected}`.",
    spec=specs.SMART_LAUNCH,
)
