"""The rule about addresses that no longer work."""

from typing import Any

from sickbay.authorization.authorize.parameters import read_audience
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, HttpExchange, TokenRequest, UrlRequest
from sickbay.diagnosis.evidence import address
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _server_urls(request: Any) -> tuple[str, ...]:
    """The URLs of servers in a request. The URL of a launch or a redirect is the app's own."""
    if isinstance(request, AuthorizeRequest):
        return (request.url, read_audience(request) or "")
    if isinstance(request, UrlRequest):
        return (request.parameters.get("iss") or "",)
    return (request.url,) if isinstance(request, AccessRequest | HttpExchange | TokenRequest) else ()


def _find_retired_address(request: Any, context: Any) -> Facts | None:
    """A known server works. An old exchange may have been right in its time, so this is info."""
    for sent in _server_urls(request):
        if entry := address.find_retired_address(sent):
            return {"received": sent, "reason": entry.reason, "instead": entry.instead, "source": entry.source}
    return None


FUNCTIONS: RuleFunctions = {"address-retired": {"advises": _find_retired_address}}
