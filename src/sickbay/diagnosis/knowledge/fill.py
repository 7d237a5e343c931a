"""Fills the texts of a known error with values from the pasted text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

VALUES: dict[str, str] = {
    "redirect_uri": "the redirect_uri",
    "client_id": "the client_id",
    "scope": "the scope",
    "scopes": "the scopes",
    "audience": "the audience",
    "issuer": "the issuer",
    "resource": "the resource type",
    "parameter": "the parameter",
    "value": "the value",
    "expected": "what the server expects",
    "role": "the permission",
    "project": "the project",
    "claim": "the claim",
}
"""Words for a value that the text doesn't contain. At the end of a title, after a colon, such a value is left out."""
MOST = 120
"""The maximum number of characters of a value that is repeated."""


def filled(entry: KnownError, paste: str, sent: Mapping[str, str]) -> KnownError:
    """The entry with {name} in its texts replaced by the values in the message, or else by those that the app sent."""
    known = _quoted(sent) | _captured(entry, paste)
    values = VALUES | known
    causes = tuple(Cause(*(_fill(text, values) for text in cause)) for cause in entry.causes)
    title = _UNKNOWN.sub(lambda match: match[0] if match[1] in known else "", entry.title)
    return replace(entry, title=_fill(title, values), why=_fill(entry.why, values), causes=causes)


_UNKNOWN = re.compile(r": `?\{(\w+)\}`?$")


def _quoted(values: Mapping[str, str]) -> dict[str, str]:
    return {name: f"`{_decoded(value)[:MOST]}`" for name, value in values.items() if value}


_LINEAR: dict[tuple[str, int], str] = {
    ("connection-refused", 0): r"(?:connect|connect to|host=')\s*+(?P<value>[\w.:-]{1,200}:\d+)",
    ("fhir-scope-not-granted", 1): r"scopes?:? \[++(?P<scopes>[^\[\]]+)\]",
    ("fhir-search-unknown-parameter", 4): r"with parameters? \[\[(?P<parameter>[^\[\]]+)\]\]",
    ("fhir-profile-unknown", 0): r"['\"](?=[^'\"]{1,150}StructureDefinition/)(?P<value>https?://[^'\"]+)['\"]",
    (
        "smart-sandbox-retired",
        0,
    ): r"(?<![\w.-])(?P<value>[\w.-]{1,200}\.(?:smarthealthit\.org|epic\.com|hspconsortium\.org|uhn\.ca"
    r"|furore\.com))",
    ("redirect-scheme-character", 0): r"(?<![\w.+-])(?P<redirect_uri>(?=[\w.+-]{0,100}_)[A-Za-z][\w.+-]*+://?[^\s\"']*)",
    (
        "oauthlib-scope-changed",
        0,
    ): r"scope has changed from [\"'`](?P<scopes>[^\"'`]{1,200})[\"'`] to [\"'`](?P<scope>[^\"'`]{1,200})",
}
"""What is searched instead of an entry's own expression, by its place, if the time of that grows faster than the text."""
_UNLIMITED = (("\\w+", "\\w{1,60}"), ("\\w*", "\\w{0,60}"))


def captures(entry: KnownError) -> tuple[str, ...]:
    """The expressions that are searched for the values in a message."""
    return tuple(_LINEAR.get((entry.id, place)) or _limited(pattern) for place, pattern in enumerate(entry.captures))


def _limited(pattern: str) -> str:
    for repeated, limited in _UNLIMITED:
        pattern = pattern.replace(repeated, limited)
    return pattern


def _captured(entry: KnownError, paste: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern in captures(entry):
        match = re.search(pattern, paste, re.I)
        for name, value in _quoted(match.groupdict("") if match else {}).items():
            found.setdefault(name, value)
    return found


def _decoded(value: str) -> str:
    """A URL that was copied from a query, as it is registered."""
    return unquote(value) if "%3a%2f%2f" in value.lower() else value


_NAME = re.compile(r"`[^`]*`|(?<![\w./:@-])[a-z0-9]+(?:_[a-z0-9]+)+(?![\w/])(?:=[\w*/.-]*\w)?")
"""A text in backticks, or the name of a parameter or an error code."""


def _fill(text: str, values: dict[str, str]) -> str:
    """Replaces only names of values; other braces, as in JSON, stay. Names with underscores are put in backticks."""
    quoted = _NAME.sub(lambda match: match[0] if match[0][0] == "`" else f"`{match[0]}`", text)
    return re.sub(r"`?\{`?(\w+)`?\}`?", lambda match: values.get(match[1], match[0]), quoted)
