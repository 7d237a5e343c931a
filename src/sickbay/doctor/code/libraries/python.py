"""Requests of Python: requests, httpx, aiohttp and urllib."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.libraries.support import VERBS, configure, is_address, maker, new_draft, owner
from sickbay.doctor.code.values import CodeBody, CodeFields, CodeItems, CodeText, CodeValue, Invocation, fields_of

_CLIENTS = {
    "requests.session": "requests",
    "httpx.client": "httpx",
    "httpx.asyncclient": "httpx",
    "aiohttp.clientsession": "aiohttp",
    "asyncclient": "httpx",
    "clientsession": "aiohttp",
}
_KEYWORDS = frozenset({"data", "json", "auth", "params", "files", "verify", "timeout", "cert"})


def read_requests(call: Invocation) -> RequestDraft | None:
    """`requests.post(url, data=…)` and the same of sessions and clients."""
    name, where = call.name.lower(), owner(call)
    language = where if where in ("requests", "httpx", "aiohttp") else _CLIENTS.get(maker(call), "")
    if not language and _has_keywords(call) and is_address(_url_of_call(call, name)):
        language = "requests"
    if not language or not call.arguments or name not in VERBS | {"request"} or call.name == "Request":
        return None
    if len(call.arguments) == 1 and not is_address(_url_of_call(call, name)):
        return None
    options = CodeFields([(item.key, item.value) for item in call.arguments if item.key])
    method = str(call.text(0, "method")) if name == "request" else name
    result = configure(new_draft(call, language, method, _url_of_call(call, name)), options)
    if result.method.upper() == "GET" and name != "request":
        result.method = name
    return _add_body(result, call, options, name)


def _url_of_call(call: Invocation, name: str) -> CodeText:
    return call.text(1 if name == "request" and call.value(-1, "method") is None else 0, "url")


def _has_keywords(call: Invocation) -> bool:
    return "dio" not in owner(call) and any(item.key in _KEYWORDS for item in call.arguments)


def _add_body(result: RequestDraft, call: Invocation, options: CodeFields, name: str) -> RequestDraft:
    json, data, files = options.get("json"), options.get("data"), options.get("files")
    if data is None and name in ("post", "put", "patch") and result.language == "requests":
        data = call.value(1)
    if files is not None:
        fields = CodeFields([pair for value in (data, files) if (item := fields_of(value)) for pair in item.pairs])
        fields.pairs = [(name, _file_content(value)) for name, value in fields.pairs]
        result.body = CodeBody("multipart", fields)
    elif data is not None:
        result.body = data
    elif json is not None:
        result.body = CodeBody("json", json)
    else:
        result.body = options.get("content")
    return result


def _file_content(value: CodeValue) -> CodeValue:
    """The content of a tuple (file name, content)."""
    return value.values[1] if isinstance(value, CodeItems) and len(value.values) > 1 else value


def urllib_request(call: Invocation) -> RequestDraft | None:
    """`urllib.request.Request(url, data, headers)` and `urlopen(url, data)`."""
    if call.name == "urlopen" and isinstance(call.value(0), RequestDraft):
        return None
    if call.name not in ("Request", "urlopen") or owner(call) not in ("", "urllib", "urllib2", "request", "urllib.request"):
        return None
    if not is_address(call.text(0, "url")):
        return None
    body = call.value(1, "data")
    result = new_draft(call, "urllib", str(call.text(-1, "method")) or ("GET" if body is None else "POST"), call.text(0, "url"))
    result.add_headers(call.value(2, "headers"))
    result.body = body
    result.string_type = "application/x-www-form-urlencoded"
    return result


CALLS = {
    "request": (read_requests, urllib_request),
    "urlopen": (urllib_request,),
    **dict.fromkeys(("get", "post", "put", "patch", "delete"), (read_requests,)),
}
