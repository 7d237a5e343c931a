"""Checks of redirect_uri (RFC 6749 3.1.2, RFC 9700 2.1): compared character by character before any response is sent to it."""

from __future__ import annotations

import re

from sickbay.authorization.authorize.client import client_is_registered, url_belongs_to_a_hospital
from sickbay.authorization.authorize.parameters import split_scope
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import UNKNOWN_SERVER, Client, Policy
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import Refusal
from sickbay.protocol import urls


def _registered_uris(context: AuthorizeContext) -> tuple[str, ...]:
    return context.client.redirect_uris if isinstance(context.client, Client) else ()


@check()
def client_id_and_redirect_uri_are_sent_once(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    repeated = [name for name in request.parameters.list_repeated_names() if name in ("client_id", "redirect_uri")]
    return refusals.DUPLICATE_CLIENT_ID_OR_REDIRECT_URI.with_facts(describe_repetition(request, repeated)) if repeated else None


def describe_repetition(request: AuthorizeRequest, names: list[str]) -> dict[str, object]:
    received = [f"{name}={value}" for name in names for value in request.parameters.all(name)]
    return {"names": names, "received": received, "expected": "each parameter once"}


@check()
def redirect_uri_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if request.parameters.get("redirect_uri"):
        return None
    if (context.server or UNKNOWN_SERVER).policy.redirect_uri_optional and len(_registered_uris(context)) == 1:
        return None
    if not context.smart and "openid" not in split_scope(request):
        return None  # OAuth requires it only if several are registered (RFC 6749 3.1.2.3)
    facts = {
        "received": None,
        "registered": list(_registered_uris(context)),
        "nearest": next(iter(_registered_uris(context)), None),
    }
    return refusals.REDIRECT_URI_MISSING.with_facts(facts)


@check(after=(redirect_uri_is_sent,))
def redirect_uri_is_encoded_once(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    wire = request.as_sent("redirect_uri") or ""
    if not urls.is_encoded_twice(wire):
        return None
    facts = {"received": wire, "expected": urls.decode_again(wire), "registered": list(_registered_uris(context))}
    return refusals.REDIRECT_URI_DOUBLE_ENCODED.with_facts(facts)


@check(after=(redirect_uri_is_sent,))
def redirect_uri_has_no_fragment(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    uri = request.parameters.get("redirect_uri") or ""
    if "#" not in uri:
        return None
    facts = {"received": uri, "expected": uri.partition("#")[0], "registered": list(_registered_uris(context))}
    return refusals.REDIRECT_URI_HAS_FRAGMENT.with_facts(facts)


@check(
    requires=("client",),
    after=(
        url_belongs_to_a_hospital,
        client_is_registered,
        client_id_and_redirect_uri_are_sent_once,
        redirect_uri_is_sent,
        redirect_uri_has_no_fragment,
    ),
)
def redirect_uri_is_registered(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """The gate of the endpoint: until this check has passed, no response may be sent to the redirect URI."""
    client = context.client
    uri = request.parameters.get("redirect_uri")
    assert isinstance(client, Client)
    if uri is None:  # a dialect allows leaving it out if only one is registered
        return next(filter(None, map(_refuse_unsafe_uri, client.redirect_uris)), None)
    if not is_registered(client, (context.server or UNKNOWN_SERVER).policy, uri):
        facts = {"received": uri, "registered": list(client.redirect_uris), "launch_uri": client.launch_uri}
        return refusals.REDIRECT_URI_MISMATCH.with_facts(facts | _document_age(client, context))
    return _refuse_unsafe_uri(uri) or _refuse_corrected_uri(request, uri)


def _document_age(client: Client, context: AuthorizeContext) -> dict[str, object]:
    """How old the copy of the client's metadata document is, if it wasn't fetched for this request."""
    if client.document is None or not isinstance(context.now, int) or context.now <= client.document.at:
        return {}
    return {"document": client.client_id, "age": context.now - client.document.at, "wait": client.document.until - context.now}


def _refuse_unsafe_uri(uri: str) -> Refusal | None:
    """Refuses a registered URI that is unsafe: older registrations were checked less, and a dialect may allow a query."""
    if not urls.is_safe(uri):
        return refusals.REDIRECT_URI_SCHEME_FORBIDDEN(received=uri)
    names = urls.response_parameters(uri)
    facts = {"received": uri, "names": list(names)}
    return refusals.REDIRECT_URI_RESPONSE_PARAMETER.with_facts(facts) if names else None


def _refuse_corrected_uri(request: AuthorizeRequest, uri: str) -> Refusal | None:
    """A URI that matches the registered one only after a correction isn't proven."""
    wire = request.as_sent("redirect_uri")
    if wire == uri:
        return None
    if wire is None:
        kind = refusals.URL_HTML_ESCAPED_IN_REDIRECT_URI
    else:
        encoded_twice = urls.is_encoded_twice(wire)
        kind = refusals.REDIRECT_URI_DOUBLE_ENCODED if encoded_twice else refusals.URL_HAS_WHITESPACE_IN_REDIRECT_URI
    return kind(received=wire, expected=uri, places=wire)


def is_registered(client: Client, policy: Policy, uri: str) -> bool:
    """Whether the redirect URI matches a registered one."""
    return any(_is_same(client, policy, registered, uri) for registered in client.redirect_uris)


def _is_same(client: Client, policy: Policy, registered: str, sent: str) -> bool:
    """Compares exactly, except a native app's loopback port (RFC 8252 7.3) and a query if the policy allows it."""
    if registered == sent:
        return True
    if client.native and _LOOPBACK.match(registered):
        return _drop_port(registered) == _drop_port(sent)
    return policy.redirect_extra_query and "?" in sent and registered == sent.partition("?")[0]


_LOOPBACK = re.compile(r"(https?://(?:localhost|127\.0\.0\.1|\[::1\]))(?::([1-9]\d{0,4}))?(?=[/?]|$)", re.A)


def _drop_port(url: str) -> str:
    """Returns a loopback URL without its port. Any other URL, and one with an impossible port, is returned unchanged.

    Everything but the port is compared character by character, so `localhost` isn't 127.0.0.1, and no other spelling counts.
    """
    match = _LOOPBACK.match(url)
    return match[1] + url[match.end() :] if match and int(match[2] or 80) <= 65_535 else url
