"""The interface of the tools to Sickbay: its HTTP addresses, with the caller's rights. Access is decided by `/admin`,
`/exchanges` and the FHIR bases, as for pages and commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol, TypeVar
from urllib.parse import quote, urlencode

import orjson

T = TypeVar("T")
NO_RESPONSE: Final = 504
"""The status of a request that got no response in time, or none at all."""


class ApiAnswer(NamedTuple):
    """A response of Sickbay. headers: names in lower case. is_whole: whether the body was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    def read_json(self) -> Any:
        """Returns the body as JSON; None if it isn't JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class KeptToken(NamedTuple):
    """A stored access token. handle: its name for the tool fhir. file: its path; "" if it wasn't written to a file."""

    handle: str
    file: str = ""


class SickbayApi(Protocol):
    """is_local: the tools run on stdio, as a process of the user. read_only: no tool may change anything."""

    @property
    def is_local(self) -> bool: ...
    @property
    def read_only(self) -> bool: ...

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> ApiAnswer:
        """Send a request. token: a FHIR access token instead of the caller's own rights. Raises NotRunning."""

    async def keep_token(self, token: str) -> KeptToken:
        """Keep an access token where the agent doesn't read it."""

    async def find_token(self, handle: str) -> str | None:
        """Return the token with this handle; None if there is none."""

    async def keep_secret(self, secret: str) -> str:
        """Write a client secret to a private file and return its path; "" if the tools don't run on stdio."""

    async def compute(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a slow function without blocking other work."""
        ...

    async def start(self) -> None:
        """Start a Sickbay. Raises CannotStart."""


class NotRunning(Exception):
    """Raised if no Sickbay is running."""


class CannotStart(Exception):
    """Raised if Sickbay can't be started. The text says why."""


class RequestRefused(Exception):
    """Raised if Sickbay refused a tool's request. problem: the body of the response."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.problem = status, problem


async def ask(api: SickbayApi, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Returns the JSON of a response. Raises RequestRefused and NotRunning."""
    answer = await api.send(method, path, body)
    parsed = answer.read_json() if answer.body else None
    if answer.status >= 400:
        raise RequestRefused(answer.status, parsed if isinstance(parsed, dict) else {})
    return parsed


def make_path(path: str, **query: str | int | None) -> str:
    """Returns the path with a query of the members that have a value."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def accept_header(token: str | None) -> str:
    """Returns the Accept header. token: the token of a FHIR request; None for other requests."""
    return "application/json" if token is None else "application/fhir+json"


def quote_segment(text: str) -> str:
    """Returns the text percent-encoded as one segment of a path."""
    return quote(text, safe="") if text not in (".", "..") else ""
