"""Requests of Ruby: Net::HTTP, HTTParty, RestClient and Faraday."""

from __future__ import annotations

from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.invocation import Invocation
from sickbay.doctor.code.libraries.support import VERBS, configured, draft, maker, owner
from sickbay.doctor.code.values import CodeBody, CodeFields, CodeValue, as_fields, as_text, known

_CLASSES = {f"net.http.{verb}": verb for verb in VERBS}


def net_http_request(call: Invocation) -> CodeValue | None:
    """`Net::HTTP::Post.new(uri, headers)`."""
    method = _CLASSES.get(call.path.lower().removesuffix(".new"))
    if method is None:
        return None
    result = draft(call, "Net::HTTP", method, call.text(0))
    result.add_headers(call.value(1))
    result.string_type = "application/x-www-form-urlencoded"
    return result


def net_http(call: Invocation) -> RequestDraft | None:
    """`Net::HTTP.post_form(uri, fields)`, `Net::HTTP.post(uri, body, headers)` and `http.post(path, body, headers)`."""
    path = call.path.lower()
    if path not in ("net.http.post_form", "net.http.post") and not (maker(call).startswith("net.http") and call.name == "post"):
        return None
    if isinstance(call.base, RequestDraft):
        return None
    result = draft(call, "Net::HTTP", "POST", call.text(0))
    named = CodeFields([(item.key, item.value) for item in call.arguments if item.key])
    fields = as_fields(call.value(1)) or (named if named.pairs else None)
    result.body = CodeBody("form", fields) if fields and call.name == "post_form" else call.value(1)
    result.add_headers(call.value(2))
    result.string_type = "application/x-www-form-urlencoded"
    return result


def httparty(call: Invocation) -> RequestDraft | None:
    if owner(call) != "httparty" or call.name not in VERBS:
        return None
    named = CodeFields([(item.key, item.value) for item in call.arguments if item.key])
    options = as_fields(call.value(1)) or named
    result = configured(draft(call, "HTTParty", call.name, call.text(0)), options)
    result.body = options.get("body")
    return result


def http_rb(call: Invocation) -> RequestDraft | None:
    """`HTTP.post(url, form: fields)` of the gem http."""
    form, json = call.value(-1, "form"), call.value(-1, "json")
    if not call.path.startswith("HTTP.") or call.name not in VERBS or (form is None and json is None):
        return None
    result = draft(call, "http.rb", call.name, call.text(0))
    result.body = CodeBody("json", json) if json is not None else form
    return result


def rest_client(call: Invocation) -> RequestDraft | None:
    """`RestClient.post(url, body, headers)` and `Faraday.post(url, body, headers)`."""
    where = owner(call)
    if where not in ("restclient", "faraday") or call.name not in VERBS:
        return None
    has_body = call.name in ("post", "put", "patch")
    result = draft(call, "RestClient" if where == "restclient" else "Faraday", call.name, call.text(0))
    named = CodeFields([(item.key, item.value) for item in call.arguments if item.key])
    result.body = (call.value(1) or (named if named.pairs else None)) if has_body else None
    headers = as_fields(call.value(2 if has_body else 1))
    for name, value in headers.pairs if headers else ():
        kind = {"json": "application/json"}.get(str(as_text(value)).strip("{}:"), "")
        result.headers.append((name.replace("_", "-").title(), known(kind) if kind else as_text(value)))
    return result


CALLS = {
    "new": (net_http_request,),
    "post_form": (net_http,),
    **dict.fromkeys(("get", "put", "patch", "delete"), (httparty, rest_client)),
    "post": (httparty, http_rb, rest_client, net_http),
}
