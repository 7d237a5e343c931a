"""Requests of Angular, and of HTTP clients that aren't recognised by their name."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.support import VERBS, configure, is_address, new_draft, owner
from sickbay.doctor.code.values import CodeBody, CodeText, Invocation, fields_of


def read_http(call: Invocation) -> RequestDraft | None:
    """`this.http.post(url, body, {headers})` of Angular's HttpClient."""
    where, name = owner(call), call.name
    if where not in ("http", "httpclient", "$http") or name not in VERBS or not _is_plain(call):
        return None
    has_body = name in ("post", "put", "patch")
    options = fields_of(call.value(2 if has_body else 1))
    result = configure(new_draft(call, "Angular", name, call.text(0), default="json"), options)
    result.body = call.value(1) if has_body else None
    return result


def other_client(call: Invocation) -> RequestDraft | None:
    """`client.post(url, body, options)` of a client that the paste doesn't show being made, nor how it sends fields."""
    if call.name not in ("post", "put", "patch") or not 2 <= len(call.arguments) <= 3 or not _is_plain(call):
        return None
    body = call.value(1)
    fields = fields_of(body)
    if not isinstance(body, CodeBody | CodeText) and fields is None:
        return None
    options = fields_of(call.value(2))
    has_options = fields is not None and options is None and fields.get("headers", "body", "form", "data") is not None
    result = configure(new_draft(call, "client", call.name, call.text(0), default="form"), fields if has_options else options)
    result.body = fields.get("body", "form", "data") if has_options and fields else body
    return result


def _is_plain(call: Invocation) -> bool:
    """Whether it may be JavaScript: libraries of PHP, Ruby and Dart name arguments or begin with a capital letter."""
    return not call.path[:1].isupper() and not any(item.key for item in call.arguments) and is_address(call.text(0))


CALLS = {"get": (read_http,), "delete": (read_http,), **dict.fromkeys(("post", "put", "patch"), (read_http, other_client))}
