"""Exchanges in outline: what Sickbay knows of a request, and what the request says, which is a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.kernel import english
from sickbay.protocol.parameters import parse


def when(entry: Mapping[str, Any]) -> str:
    """The time of an exchange by Sickbay's clock."""
    return english.iso(entry.get("at") or 0)


def is_refused(entry: Mapping[str, Any]) -> bool:
    """Whether a finding of an exchange refused it."""
    return any(found["severity"] == "error" for found in entry.get("findings") or ())


def describe_request(request: Mapping[str, Any], *, headers: bool = False) -> dict[str, Any]:
    """The method, the address without its query, and the parameters; only for `untrusted`."""
    url = str(request.get("url") or "")
    try:
        parts = urlsplit(url)
        address, query = f"{parts.scheme}://{parts.netloc}{parts.path}", parts.query
    except ValueError:
        address, query = url, ""
    body = request.get("body")
    form = body if isinstance(body, str) and "=" in body and not body.lstrip().startswith(("{", "<")) else ""
    described: dict[str, Any] = {"method": request.get("method"), "address": address}
    described |= {"parameters": dict(parse(query))} if query else {}
    described |= {"form": dict(parse(form))} if form else {}
    return described | ({"headers": dict(request.get("headers") or {})} if headers else {})
