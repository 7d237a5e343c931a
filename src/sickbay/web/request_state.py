"""The state of one request: the value of scope["state"]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sickbay.protocol.headers import read
from sickbay.services.request_metrics import Kind


@dataclass(slots=True)
class RequestState:
    """exchange: the correlation id. headers: names in lower case, as `protocol.headers.read` has them."""

    exchange: str
    headers: dict[str, str]
    withheld: bool = False
    """Pages of other origins may not read the response, because the hospital's policy forbids it."""
    is_administrator: bool = False
    """The browser has a session of the administrator."""
    admin_wait: int | None = None
    """Seconds until another admin token is looked at; None if this request had no wrong one."""
    kind: Kind = "page"
    """What the request is counted as in the metrics. Handlers of other kinds set it."""


def state_of(scope: Mapping[str, Any]) -> RequestState:
    """A new one if the request didn't come through the application."""
    state = scope.get("state")
    return state if isinstance(state, RequestState) else RequestState("", read(scope.get("headers", ())))


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    return state_of(scope).headers
