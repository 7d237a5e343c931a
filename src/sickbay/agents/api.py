"""What a tool may use of Sickbay: its HTTP addresses, with the rights of the caller.

So a tool decides nothing on its own: `/admin`, `/exchanges` and the FHIR bases do, as they do for pages and commands.
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
    """headers: names in lower case. is_whole: the body was short enough to be read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True

    def read_json(self) -> Any:
        """The body as JSON; None if it isn't JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class KeptToken(NamedTuple):
    """handle: what the tool fhir takes. file: where the token was written; "" if it wasn't."""

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
        """The token with this handle; None if there is none."""

    async def keep_secret(self, secret: str) -> str:
        """Write a client secret to a private file and return its path; "" if the tools don't run on stdio."""

    async def compute(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function that takes a while, where it holds up nothing else."""
        ...

    async def start(self) -> None:
        """Start a Sickbay. Raises CannotStart."""


class NotRunning(Exception):
    """No Sickbay runs that the tools could ask."""


class CannotStart(Exception):
    """Sickbay can't be started. The text says why."""


class RequestRefused(Exception):
    """Sickbay refused a request of a tool. problem: the body of the response."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.problem = status, problem


async def ask(api: SickbayApi, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The JSON of a response. Raises RequestRefused and NotRunning."""
    answer = await api.send(method, path, body)
    parsed = answer.read_json() if answer.body else None
    if answer.status >= 400:
        raise RequestRefused(answer.status, parsed if isinstance(parsed, dict) else {})
    return parsed


def make_path(path: str, **query: str | int | None) -> str:
    """A path with a query of the members that have a value."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def accept_header(token: str | None) -> str:
    """The Accept header. token: of a FHIR request; None for all others."""
    return "application/json" if token is None else "application/fhir+json"


def quote_segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="") if text not in (".", "..") else ""
