"""Redirects within Sickbay after a form was sent or a link was followed."""

from __future__ import annotations

from starlette.responses import RedirectResponse

from sickbay.web.error_responses import NO_STORE


def redirect_to(address: str) -> RedirectResponse:
    """Returns a 303, which the browser follows with a GET and doesn't store."""
    return RedirectResponse(address, 303, NO_STORE)
