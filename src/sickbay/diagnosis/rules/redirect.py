"""Rules about the authorization response at the app's redirect URI."""

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Server
from sickbay.authorization.redirect import urn_of
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.answers.meanings import describe_meaning
from sickbay.diagnosis.answers.values import oauth_error
from sickbay.diagnosis.rule import RuleFunctions, severity_by
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def _has_no_description(request: UrlRequest, context: UrlContext) -> Facts | None:
    sent = request.parameters
    if not sent.get("error") or sent.get("error_description") or sent.get("error_uri"):
        return None
    error = str(sent.get("error"))
    return {"received": error, "means": describe_meaning(oauth_error(error, redirected=True))[0]}


def _has_error_uri(request: UrlRequest, context: UrlContext) -> Facts | None:
    address = request.parameters.get("error_uri")
    if not address:
        return None
    urn = urn_of(address)
    return {"received": address, "urn": urn, "says": f" Its error code is `{urn}`." if urn else ""}


def _find_mixed_content(request: UrlRequest, context: UrlContext) -> Facts | None:
    plain = urls.split(request.url).scheme == "http" and urls.host_of(request.url) and not urls.is_loopback(request.url)
    server = context.server if isinstance(context.server, Server) else Server()
    openers = (request.headers.get("referer", ""), request.headers.get("origin", ""), server.authorization_endpoint)
    secure = any(opener.lower().startswith("https:") for opener in openers)
    return {"received": request.url.partition("?")[0]} if plain and secure else None


FUNCTIONS: RuleFunctions = {
    # An app that requested the fragment, as keycloak-js and MSAL do, reads it in the browser.
    "redirect-params-in-fragment": {"severity": severity_by("asked_for", "info", "error")},
    "redirect-error-opaque": {"advises": _has_no_description},
    "redirect-error-uri-unread": {"advises": _has_error_uri},
    "redirect-mixed-content": {"advises": _find_mixed_content},
}
