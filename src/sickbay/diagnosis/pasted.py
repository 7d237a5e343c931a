"""What somebody pastes: a URL, or an exchange as JSON. Told apart by what it holds, and given the form of a case's input."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit


def read(text: str) -> dict[str, Any]:
    """The `input` for diagnose(). Raises ValueError, with a sentence, where it is neither."""
    text = text.strip()
    if text.startswith("{"):
        return _exchange(text)
    if urlsplit(text).scheme and not any(map(str.isspace, text)):
        return {"kind": kind_of(text), "url": text}
    raise ValueError("This is neither a URL nor an exchange as JSON.")


def kind_of(url: str) -> str:
    """Which stage's URL this is, by its parameters first: paths differ from vendor to vendor."""
    parts = urlsplit(url)
    names = parse_qs(parts.query, keep_blank_values=True).keys()
    if "/errors/" in parts.path or "urn" in "".join(names):
        return "error_page_url"
    if {"response_type", "redirect_uri", "client_id"} & names or parts.path.endswith("/authorize"):
        return "authorize_url"
    if "iss" in names and "launch" in names:
        return "launch_url"
    if {"code", "error"} & names:
        return "redirect_url"
    return "launch_url" if {"iss", "launch"} & names else "fhir_request"


def _exchange(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"This JSON cannot be read: {error}.") from error
    given = given.get("input", given)
    if not isinstance(given, dict) or "kind" not in given:
        raise ValueError('An exchange as JSON needs a "kind", such as "authorize_url".')
    return dict(given)
