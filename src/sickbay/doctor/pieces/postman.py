"""Reads the requests in an export of Postman (collection format 2.1) or Insomnia (format 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

READ_REQUESTS = 20
"""The maximum number of requests in one export that are read."""


def read_requests(members: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each request as method, url, headers and body. Variables such as {{host}} are written as {host}."""
    waiting: list[Any] = [members]
    number = 0
    while waiting and number < READ_REQUESTS:
        item = waiting.pop(0)
        if not isinstance(item, Mapping):
            continue
        waiting += [*_list_or_empty(item.get("item")), *_list_or_empty(item.get("resources"))]
        request = item.get("request") if isinstance(item.get("request"), Mapping) else item
        if request is not None and request.get("method") and request.get("url"):
            number += 1
            yield _convert_request(request)


def _convert_request(request: Mapping[str, Any]) -> dict[str, Any]:
    url = request["url"]
    text = str(url.get("raw", "")) if isinstance(url, Mapping) else str(url)
    headers = {
        str(_first_member(header, "key", "name")): _replace_variable_braces(header.get("value"))
        for header in _list_or_empty(request.get("header")) + _list_or_empty(request.get("headers"))
        if isinstance(header, Mapping) and not header.get("disabled")
    }
    body, format = _body_and_type(request.get("body"))
    if format and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = format
    return {"method": str(request["method"]), "url": _replace_variable_braces(text), "headers": headers, "body": body}


def _body_and_type(body: Any) -> tuple[str, str]:
    """The body as it is sent, and its Content-Type."""
    if not isinstance(body, Mapping):
        return "", ""
    pairs = _list_or_empty(body.get("urlencoded")) or _list_or_empty(body.get("params"))
    if pairs:
        sent = [pair for pair in pairs if isinstance(pair, Mapping) and not pair.get("disabled")]
        return "&".join(f"{_first_member(pair, 'key', 'name')}={_encode_value(pair.get('value'))}" for pair in sent), FORM
    text = _replace_variable_braces(body.get("raw") or body.get("text") or "")
    return text, "application/json" if text.lstrip().startswith("{") else ""


FORM = "application/x-www-form-urlencoded"


def _encode_value(value: Any) -> str:
    """A variable keeps its braces, so that it is recognised as one."""
    return quote_plus(_replace_variable_braces(value), safe="{}")


def _replace_variable_braces(value: Any) -> str:
    return str(value or "").replace("{{", "{").replace("}}", "}")


def _first_member(pair: Mapping[str, Any], *names: str) -> Any:
    return next((pair[name] for name in names if name in pair), "")


def _list_or_empty(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
