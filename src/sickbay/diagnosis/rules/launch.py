"""Rules about the launch URL with which the EHR opens the app."""

from msgspec import structs

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.launch.url import iss_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import Parameters


def _replace_parameters(request: UrlRequest, parameters: Parameters) -> UrlRequest:
    return structs.replace(
        request, url=request.url.partition("#")[0].partition("?")[0], parameters=parameters, fragment=Parameters()
    )


def _set_iss(request: UrlRequest, facts: Facts) -> UrlRequest:
    expected = facts.get("expected")
    return _replace_parameters(request, request.parameters.replace([("iss", expected)])) if expected else request


def _move_fragment_to_query(request: UrlRequest, facts: Facts) -> UrlRequest:
    """Moves the parameters to the query string; those already in it keep their values."""
    moved = [(name, value) for name, value in request.fragment if name not in request.parameters]
    return _replace_parameters(request, request.parameters.replace(moved))


def _is_legacy_launch(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    old = [name for name in ("fhirServiceUrl", "patientId") if name in sent]
    return {"names": " and ".join(old)} if old and not (sent.get("iss") and sent.get("launch")) else None


def _has_no_launch(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    return {"received": None} if sent.get("iss") and not sent.get("launch") else None


def _is_loopback_launch(request: UrlRequest, context: UrlContext) -> Facts | None:
    iss = iss_of(request)
    apart = iss is not None and urls.is_loopback(iss) and urls.host_of(request.url) and not urls.is_loopback(request.url)
    return {"received": iss, "host": urls.host_of(request.url)} if apart else None


def _uses_plain_http(request: UrlRequest, context: UrlContext) -> Facts | None:
    iss = iss_of(request) or ""
    open_ = urls.split(iss).scheme == "http" and urls.host_of(iss) and not urls.is_loopback(iss)
    return {"received": iss, "expected": f"https{iss[4:]}"} if open_ else None


FUNCTIONS: RuleFunctions = {
    "launch-url-params-in-fragment": {"repair": _move_fragment_to_query},
    "launch-url-legacy-params": {"advises": _is_legacy_launch},
    "launch-url-missing-launch": {"advises": _has_no_launch},
    "launch-url-iss-double-encoded": {"repair": _set_iss},
    "launch-url-iss-not-base": {"repair": _set_iss},
    "launch-url-iss-loopback": {"advises": _is_loopback_launch},
    "launch-url-iss-http": {"advises": _uses_plain_http},
}
