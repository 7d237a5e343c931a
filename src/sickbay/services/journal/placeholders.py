"""Replaces the masks in a corrected request by named placeholders, because a mask that is copied and sent is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from sickbay.diagnosis.corrections import placeholder_for
from sickbay.protocol import unicode

_SECRET = re.compile(r".{0,4}…(?:\(\d+\))?", re.S)
_LENGTH = re.compile(r"‹[^›]*›")


def is_masked(text: str) -> bool:
    """Whether any of the text was replaced by a mask."""
    return "…" in text or "‹" in text


def named(corrected: Mapping[str, Any]) -> dict[str, Any]:
    """A corrected request in which every masked value says what belongs there, such as CODE-FROM-YOUR-REDIRECT."""
    shown = dict(corrected)
    if "url" in shown:
        shown["url"] = in_url(str(shown["url"]))
    if isinstance(shown.get("headers"), Mapping):
        shown["headers"] = {name: _header(str(name), str(value)) for name, value in shown["headers"].items()}
    if isinstance(shown.get("body"), str):
        shown["body"] = _body(shown["body"])
    return shown


def _value(name: str, value: str) -> str:
    if not is_masked(value):
        return value
    placeholder = placeholder_for(name if not is_masked(name) else "value")
    return placeholder if _SECRET.fullmatch(value) else _LENGTH.sub(placeholder, value).replace("…", placeholder)


def in_url(url: str) -> str:
    address, mark, query = url.partition("?")
    path = "/".join(_value("id", unquote(part)) if is_masked(unquote(part)) else part for part in address.split("/"))
    return f"{path}{mark}{_pairs(query)}"


def _pairs(raw: str) -> str:
    return "&".join(map(_pair, raw.split("&")))


def _pair(piece: str) -> str:
    name, equals, value = piece.partition("=")
    if not is_masked(unquote(piece)):
        return piece
    shown = "YOUR-PARAMETER" if is_masked(unquote(name)) else name
    return f"{shown}{equals}{_value(unquote(name), unquote(value))}"


def _header(name: str, value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    if name.lower() == "authorization" and is_masked(value):
        basic = scheme.lower() == "basic"
        return f"{scheme} {placeholder_for('basic' if basic else 'access_token')}" if credentials else placeholder_for("token")
    return _value(name, value)


def _body(body: str) -> str:
    if body.startswith("‹"):
        return "YOUR-BODY"
    try:
        document = unicode.loads(body) if body[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        document = None
    if document is not None:
        return body if not is_masked(body) else json.dumps(_member("value", document), ensure_ascii=False)
    return _pairs(body)


def _member(name: str, member: Any) -> Any:
    if isinstance(member, str):
        return _value(name, member)
    if isinstance(member, dict):
        return {key: _member(key, value) for key, value in member.items()}
    return [_member(name, item) for item in member] if isinstance(member, list) else member
