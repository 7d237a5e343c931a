"""What pasted code says: the requests that it sends, and the settings of its OAuth library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

READ_CHARACTERS = 65_536
"""The maximum number of characters of a text that are read."""
BodyFormat = Literal["form", "json", "multipart", ""]


class CodeRequest(NamedTuple):
    """A request that pasted code sends. Values that the paste doesn't show are written as {name}.

    language: the library or command, such as "fetch", "requests" or "curl". method, url: "" if unknown.
    headers: those that the code sets and the Content-Type that the library adds.
    body: as it is sent; "" if there is none. first_line, last_line: those of the paste, the first is 1.
    variables: the names of the values that aren't known.
    """

    language: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    body_format: BodyFormat
    first_line: int
    last_line: int
    variables: frozenset[str]

    @property
    def shows_body(self) -> bool:
        """False if all of the body is one unknown value."""
        return self.body[1:-1] not in self.variables

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


class AppSettings(NamedTuple):
    """The settings of an OAuth library. `values` has the names of OAuth parameters, such as redirect_uri."""

    library: str
    values: dict[str, str]
    first_line: int
    last_line: int


class Mistake(NamedTuple):
    """A mistake, whose texts are in knowledge/code.toml. lines: the first and the last line of the paste that show it.

    facts: what fills its slots.
    """

    id: str
    lines: tuple[int, int]
    facts: Mapping[str, str]
