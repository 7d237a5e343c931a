"""The launch URL (SMART 2.2, Launch App: EHR Launch): how Sickbay builds it, and checks of what an app received."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import TypeAlias
from urllib.parse import quote

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Client
from sickbay.authorization.refusals import launch as refusals
from sickbay.authorization.requests import UrlRequest
from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import urls

UrlCheck: TypeAlias = Check[UrlRequest, UrlContext]
SUBSTITUTIONS = ("PAT_PersonId", "VIS_EncntrId", "USR_PersonId", "PAT_PPRCode", "USR_PositionCd", "DEV_Location")


def code_of(key: bytes, timeline: str) -> str:
    """Returns the launch code of a timeline: 256 bits that only this key produces. Only its hash is stored, but the app's
    owner can be shown the code again.
    """
    return urlsafe_b64encode(hmac.digest(key, f"launch\0{timeline}".encode(), "sha256")).rstrip(b"=").decode()


def launch_uri(client: Client) -> str:
    """Returns the URL where the EHR opens the app; "" if it has none, or an unsafe one from an older registration."""
    return client.launch_uri if client.launch_uri and urls.is_safe(client.launch_uri) else ""


def launch_url(client: Client, code: str, iss: str) -> str:
    """Returns the launch URI with iss and launch added; its own query is kept. "" if the app has no launch URI."""
    uri = launch_uri(client)
    if not uri:
        return ""
    return f"{uri}{'&' if '?' in uri else '?'}iss={quote(iss, safe='')}&launch={quote(code, safe='')}"


def iss_of(request: UrlRequest) -> str | None:
    """Returns iss, decoded as often as it was encoded."""
    iss = request.parameters.get("iss")
    return urls.decode_again(iss) if iss else None


def is_substitution(request: UrlRequest) -> bool:
    named = any(name in SUBSTITUTIONS for name in request.parameters.names())
    return named or any(len(value) > 2 and value[0] == value[-1] == "$" for _, value in request.parameters)


@check()
def launch_parameters_are_in_the_query(request: UrlRequest, context: UrlContext) -> Refusal | None:
    in_fragment = [name for name in ("iss", "launch") if name in request.fragment and name not in request.parameters]
    if not in_fragment:
        return None
    return refusals.LAUNCH_URL_PARAMS_IN_FRAGMENT(names=" and ".join(in_fragment), received=request.url)


@check()
def launch_url_is_not_a_plain_link(request: UrlRequest, context: UrlContext) -> Refusal | None:
    if request.parameters.get("iss") or not is_substitution(request):
        return None
    return refusals.LAUNCH_URL_VENDOR_SUBSTITUTION(names=", ".join(request.parameters.names()))


@check()
def iss_is_sent(request: UrlRequest, context: UrlContext) -> Refusal | None:
    if request.parameters.get("iss"):
        return None
    facts = {"received": None, "example": f"{request.url.partition('?')[0].partition('#')[0]}?iss=<FHIR base>&launch=<code>"}
    return refusals.LAUNCH_URL_MISSING_ISS.with_facts(facts)


@check(after=(iss_is_sent,))
def iss_is_encoded_once(request: UrlRequest, context: UrlContext) -> Refusal | None:
    iss = request.parameters.get("iss") or ""
    if not urls.is_encoded_twice(iss):
        return None
    facts = {"received": iss, "expected": urls.decode_again(iss)}
    return refusals.LAUNCH_URL_ISS_DOUBLE_ENCODED.with_facts(facts)


@check(after=(iss_is_sent,))
def iss_is_an_absolute_url(request: UrlRequest, context: UrlContext) -> Refusal | None:
    iss = iss_of(request) or ""
    if urls.split(iss).scheme in ("http", "https") and urls.host_of(iss):
        return None
    return refusals.LAUNCH_URL_ISS_NOT_ABSOLUTE(received=iss)


@check(after=(iss_is_sent,))
def iss_is_a_fhir_base(request: UrlRequest, context: UrlContext) -> Refusal | None:
    iss = iss_of(request) or ""
    base = _base_of_iss(iss)
    if base == iss:
        return None
    return refusals.LAUNCH_URL_ISS_NOT_BASE(received=iss, expected=base)


def _base_of_iss(iss: str) -> str:
    """Returns iss without a trailing .well-known path, metadata or resource type."""
    head, separator, _ = iss.partition("/.well-known")
    if separator:
        return head
    before, _, last = iss.rstrip("/").rpartition("/")
    return before if last == "metadata" or last in ALL_TYPES else iss


@check(requires=("allowed_iss",), after=(iss_is_sent,))
def iss_is_a_server_that_the_app_trusts(request: UrlRequest, context: UrlContext) -> Refusal | None:
    iss = iss_of(request) or ""
    allowed = context.allowed_iss if isinstance(context.allowed_iss, tuple) else ()
    if urls.normalise(iss) in {urls.normalise(url) for url in allowed}:
        return None
    return refusals.LAUNCH_URL_ISS_NOT_ALLOWLISTED(received=iss, allowed=list(allowed))
