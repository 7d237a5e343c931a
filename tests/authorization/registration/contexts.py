"""What the checks of a registration know besides the request."""

from __future__ import annotations

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Server

CONTEXT = UrlContext(server=Server())
"""A hospital that supports all scopes."""
