"""Registering an app (RFC 7591 2; RFC 9700 2.1): what would be refused, or could never work, is refused at once."""

from __future__ import annotations

from urllib.parse import urlsplit

from sickbay.authorization.known import UrlKnown
from sickbay.authorization.requests import RegistrationRequest
from sickbay.kernel.refusal import Check, Refusal, check


@check()
def redirect_uris_are_absolute(request: RegistrationRequest, known: UrlKnown) -> Refusal | None:
    relative = [one for one in request.redirect_uris if not urlsplit(one).scheme]
    if not relative:
        return None
    return Refusal("reg-redirect-uri-not-absolute", "invalid_redirect_uri", {"received": relative[0]})


@check()
def redirect_uris_have_no_fragment(request: RegistrationRequest, known: UrlKnown) -> Refusal | None:
    marked = [one for one in request.redirect_uris if "#" in one]
    if not marked:
        return None
    return Refusal("reg-redirect-uri-has-fragment", "invalid_redirect_uri", {"received": marked[0]})


CHECKS: tuple[Check[RegistrationRequest, UrlKnown], ...] = (redirect_uris_are_absolute, redirect_uris_have_no_fragment)
