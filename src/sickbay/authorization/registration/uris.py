"""Checks of registered URLs that a browser is sent to: redirect, logout and launch URIs (RFC 6749 3.1.2, RFC 8252 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sickbay.authorization.checks import check
from sickbay.authorization.refusals import registration as refusals
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.checks import Refusal, RefusalType
from sickbay.protocol import urls
from sickbay.protocol.host_syntax import host_problem
from sickbay.protocol.urls import STRANGE

PARAMETER = "redirect_uris"
_SECOND = re.compile(r"[,;|](?=https?://)", re.I)
"""Matches the separator before a second URL in a text that should be a single URL."""


def _refuse_uris(
    kind: RefusalType, request: RegistrationRequest, wrong: list[str], expected: list[str] | None = None
) -> Refusal | None:
    """parameter: the member that contains them, or the first one if both do."""
    parameter = PARAMETER if set(wrong) & set(request.redirect_uris) else "post_logout_redirect_uris"
    facts = {"received": [*map(urls.remove_credentials, wrong)], "expected": expected, "parameter": parameter}
    return kind.with_facts(facts) if wrong else None


@check()
def redirect_uris_have_no_wildcard(request: RegistrationRequest, context: Any) -> Refusal | None:
    return _refuse_uris(refusals.REG_REDIRECT_URI_WILDCARD, request, [uri for uri in request.addresses if "*" in uri])


@check()
def redirect_uris_are_absolute(request: RegistrationRequest, context: Any) -> Refusal | None:
    relative = [
        uri
        for uri in request.addresses
        if not ("*" in uri or is_absolute(uri) or find_host_problem(uri) or STRANGE.search(uri))
    ]
    return _refuse_uris(refusals.REG_REDIRECT_URI_NOT_ABSOLUTE, request, relative)


def is_absolute(uri: str) -> bool:
    """http and https need a host; an app's own scheme needs a slash after it or a dot in it. localhost:8100/path
    has neither.
    """
    parts = urls.split(uri)
    if parts.scheme in ("http", "https"):
        return bool(parts.hostname)
    return bool(parts.scheme) and (urls.is_public_scheme(parts.scheme) or urls.is_private_use(uri))


@check(after=(redirect_uris_have_no_wildcard,))
def redirect_uris_have_a_valid_host(request: RegistrationRequest, context: Any) -> Refusal | None:
    return _refuse_invalid_host(refusals.REG_HOST_INVALID, PARAMETER, request.redirect_uris)


def _list_other_urls(request: RegistrationRequest) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The URLs that a browser is sent to after logout or at a launch, and the one that keys are fetched from."""
    return (
        ("post_logout_redirect_uris", request.post_logout_redirect_uris),
        ("launch_uri", (request.launch_uri or "",)),
        ("jwks_uri", (request.jwks_uri or "",)),
    )


@check()
def other_urls_have_a_valid_host(request: RegistrationRequest, context: Any) -> Refusal | None:
    for parameter, uris in _list_other_urls(request):
        if refusal := _refuse_invalid_host(refusals.REG_HOST_INVALID_ELSEWHERE, parameter, uris):
            return refusal
    return None


def _refuse_invalid_host(kind: RefusalType, parameter: str, uris: Iterable[str]) -> Refusal | None:
    reasons = {uri: reason for uri in uris if (reason := find_host_problem(uri))}
    if not reasons:
        return None
    return kind(received=[*map(urls.remove_credentials, reasons)], reason=next(iter(reasons.values())), parameter=parameter)


def find_host_problem(uri: str) -> str:
    """Returns "" even if another check explains the URL: it has a character that no URL has, or it is several URLs."""
    return "" if "*" in uri or STRANGE.search(uri) or _SECOND.search(uri) else host_problem(uri)


@check(after=(redirect_uris_are_absolute,))
def redirect_uris_have_a_scheme_for_apps(request: RegistrationRequest, context: Any) -> Refusal | None:
    """Allows only https, http or the app's own scheme: no javascript, data, file or other scheme that a browser or the
    system handles.
    """
    return _refuse_uris(
        refusals.REG_REDIRECT_URI_SCHEME_FORBIDDEN, request, [uri for uri in request.addresses if _is_forbidden(uri)]
    )


@check()
def launch_uri_has_a_scheme_for_apps_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    uri = request.launch_uri or ""
    if not _is_forbidden(uri):
        return None
    return refusals.REG_LAUNCH_URI_SCHEME_FORBIDDEN(received=urls.remove_credentials(uri))


def _is_forbidden(uri: str) -> bool:
    return "*" not in uri and is_absolute(uri) and urls.find_problem(uri) == "scheme"


@check()
def urls_have_no_credentials(request: RegistrationRequest, context: Any) -> Refusal | None:
    """A user name before the host is deprecated and misleads readers (RFC 3986 3.2.1, RFC 9110 4.2.4)."""
    members = ((PARAMETER, request.redirect_uris), *_list_other_urls(request))
    wrong = next(((name, uri) for name, uris in members for uri in uris if urls.has_credentials(uri)), None)
    if wrong is None:
        return None
    parameter, uri = wrong
    kind = refusals.REG_URL_HAS_CREDENTIALS if parameter == PARAMETER else refusals.REG_URL_HAS_CREDENTIALS_ELSEWHERE
    return kind(parameter=parameter, received=urls.remove_credentials(uri))


@check(after=(redirect_uris_are_absolute,))
def each_redirect_uri_is_a_single_uri(request: RegistrationRequest, context: Any) -> Refusal | None:
    malformed = [uri for uri in request.addresses if "*" not in uri and _is_malformed(uri)]
    return _refuse_uris(refusals.REG_REDIRECT_URI_MALFORMED, request, malformed)


def _is_malformed(uri: str) -> bool:
    return bool(STRANGE.search(uri) or _SECOND.search(uri))


@check(after=(each_redirect_uri_is_a_single_uri,))
def redirect_uris_have_no_response_parameter(request: RegistrationRequest, context: Any) -> Refusal | None:
    by_uri = {uri: names for uri in request.addresses if (names := urls.response_parameters(uri))}
    facts = {
        "received": [*map(urls.remove_credentials, by_uri)],
        "names": sorted({name for names in by_uri.values() for name in names}),
    }
    return refusals.REG_REDIRECT_URI_RESPONSE_PARAMETER.with_facts(facts) if by_uri else None


@check()
def launch_uri_is_absolute_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    uri = request.launch_uri
    if not uri or find_host_problem(uri) or (is_absolute(uri) and not STRANGE.search(uri)):
        return None
    return refusals.REG_LAUNCH_URI_NOT_ABSOLUTE(received=urls.remove_credentials(uri))


@check()
def redirect_uris_have_no_fragment(request: RegistrationRequest, context: Any) -> Refusal | None:
    with_fragment = [uri for uri in request.addresses if "#" in uri and _has_correction(uri)]
    return _refuse_uris(refusals.REG_REDIRECT_URI_HAS_FRAGMENT, request, with_fragment, list(map(_correct_uri, with_fragment)))


@check()
def redirect_uris_are_https_or_loopback(request: RegistrationRequest, context: Any) -> Refusal | None:
    insecure = [uri for uri in request.addresses if is_insecure(uri) and _has_correction(uri)]
    return _refuse_uris(refusals.REG_REDIRECT_URI_INSECURE_HTTP, request, insecure, list(map(_correct_uri, insecure)))


def _correct_uri(uri: str) -> str:
    """Without a fragment, and with https: one URI, though two checks may refuse it."""
    bare = uri.partition("#")[0]
    return f"https{bare[4:]}" if is_insecure(bare) else bare


def _has_correction(uri: str) -> bool:
    """Whether no other check refuses the corrected URI. If one does, only that one explains the URI."""
    uri = _correct_uri(uri)
    is_single = "*" not in uri and not _is_malformed(uri) and not find_host_problem(uri)
    refused_elsewhere = _is_forbidden(uri) or urls.has_credentials(uri) or urls.response_parameters(uri)
    return is_single and is_absolute(uri) and not refused_elsewhere


@check(after=(launch_uri_is_absolute_if_sent,))
def launch_uri_is_https_or_loopback_if_sent(request: RegistrationRequest, context: Any) -> Refusal | None:
    """The launch code in the URL opens a patient's record."""
    uri = request.launch_uri
    if not uri or not is_insecure(uri) or urls.has_credentials(uri):
        return None
    facts = {"received": uri, "expected": f"https{uri[4:]}"}
    return refusals.REG_LAUNCH_URI_INSECURE_HTTP.with_facts(facts)


def is_insecure(uri: str) -> bool:
    return urls.split(uri).scheme == "http" and bool(urls.host_of(uri)) and not urls.is_loopback(uri)


CHECKS = (
    redirect_uris_have_no_wildcard,
    redirect_uris_are_absolute,
    redirect_uris_have_a_valid_host,
    other_urls_have_a_valid_host,
    redirect_uris_have_a_scheme_for_apps,
    urls_have_no_credentials,
    each_redirect_uri_is_a_single_uri,
    launch_uri_is_absolute_if_sent,
    launch_uri_has_a_scheme_for_apps_if_sent,
    redirect_uris_have_no_fragment,
    redirect_uris_have_no_response_parameter,
    redirect_uris_are_https_or_loopback,
    launch_uri_is_https_or_loopback_if_sent,
)
